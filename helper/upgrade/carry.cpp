#include "upgrade/carry.hpp"

#include <algorithm>
#include <array>
#include <set>

#include <fmt/format.h>

#include "core/conf_includes.hpp"
#include "error.hpp"
#include "fault.hpp"
#include "files.hpp"

namespace fs = std::filesystem;

namespace pgaf {

namespace {

constexpr const char *kParametersThatNameFiles =
    "SELECT name, setting FROM pg_catalog.pg_settings WHERE setting <> '' AND name IN"
    " ('config_file', 'hba_file', 'ident_file', 'ssl_cert_file', 'ssl_key_file', 'ssl_ca_file', 'ssl_crl_file',"
    " 'ssl_crl_dir', 'ssl_dh_params_file', 'krb_server_keyfile')";

constexpr std::array kDefaultNames{"postgresql.auto.conf", "server.crt", "server.key", "root.crt", "root.crl"};

class Collector {
  public:
    Collector(fs::path pgdata, fs::path data_dir) : pgdata_(std::move(pgdata)), data_dir_(std::move(data_dir)) {}

    // Where it is inside the data directory; nothing when it lies elsewhere.
    [[nodiscard]] std::optional<fs::path> inside(const fs::path &path) const {
        for (const auto &root : {pgdata_, data_dir_}) {
            const auto relative = (path.is_absolute() ? path : root / path).lexically_normal().lexically_relative(root);
            if (!relative.empty() && *relative.begin() != "..") {
                return relative;
            }
        }
        return std::nullopt;
    }

    void add(const fs::path &path) {
        const auto relative = inside(path);
        if (!relative) {
            return;
        }
        const auto real = data_dir_ / *relative;
        if (fs::is_directory(real)) {
            for (const auto &entry : fs::directory_iterator(real)) {
                add(*relative / entry.path().filename());
            }
        } else if (fs::exists(fs::symlink_status(real))) {
            files_.insert(*relative);
        }
    }

    // A configuration file with all that it includes, as PostgreSQL reads them.
    void add_with_includes(const fs::path &path, std::vector<std::string> (*includes)(std::string_view)) {
        const auto relative = inside(path);
        const auto real = relative ? data_dir_ / *relative : path;
        if (!seen_.insert(real).second || !fs::exists(real)) {
            return;
        }
        if (fs::is_directory(real)) {
            for (const auto &entry : fs::directory_iterator(real)) {
                if (entry.path().extension() == ".conf" && !entry.path().filename().string().starts_with('.')) {
                    add_with_includes((relative ? *relative : path) / entry.path().filename(), includes);
                }
            }
            return;
        }
        add(path);
        const auto base = (relative ? *relative : path).parent_path();
        for (const auto &included : includes(read_file(real))) {
            add_with_includes(base / included, includes);
        }
    }

    [[nodiscard]] std::vector<fs::path> files() const { return {files_.begin(), files_.end()}; }

  private:
    fs::path pgdata_;
    fs::path data_dir_;
    std::set<fs::path> files_;
    std::set<fs::path> seen_;
};

}  // namespace

std::vector<fs::path> files_to_carry(Connection &server, const fs::path &pgdata, const fs::path &data_dir) {
    Collector collector(pgdata, data_dir);
    const auto settings = server.query(kParametersThatNameFiles);
    for (int row = 0; row < settings.size(); ++row) {
        const auto name = settings.text(row, "name");
        const fs::path file = settings.text(row, "setting");
        if (name == "config_file") {
            collector.add_with_includes(file, included_files);
        } else if (name == "hba_file" || name == "ident_file") {
            collector.add_with_includes(file, files_named_with_at);
        } else {
            collector.add(file);
        }
    }
    for (const auto *name : kDefaultNames) {
        collector.add(name);
    }
    return collector.files();
}

std::vector<fs::path> configuration_files(const fs::path &data_dir) {
    Collector collector(data_dir, data_dir);
    collector.add_with_includes("postgresql.conf", included_files);
    collector.add("postgresql.auto.conf");
    return collector.files();
}

bool is_access_rule(const fs::path &file) {
    return file == "pg_hba.conf" || file == "pg_ident.conf";
}

std::map<fs::path, std::vector<LineChange>> changed_lines(const fs::path &data_dir, const ParameterChanges &changes) {
    std::map<fs::path, std::vector<LineChange>> changed;
    if (changes.empty()) {
        return changed;
    }
    for (const auto &file : configuration_files(data_dir)) {
        // A link leads to a file that the old server reads too, and that stays as it is.
        if (fs::is_symlink(data_dir / file)) {
            continue;
        }
        auto lines = changes_of_lines(read_file(data_dir / file), changes);
        if (file == "postgresql.auto.conf") {
            const auto added = added_lines(changes);
            lines.insert(lines.end(), added.begin(), added.end());
        }
        if (!lines.empty()) {
            changed.emplace(file, std::move(lines));
        }
    }
    return changed;
}

namespace {

using ChangedLines = std::map<fs::path, std::vector<LineChange>>;

bool is_carried_file(const fs::path &file, const fs::path &from, const fs::path &to, const ChangedLines &changed) {
    if (!fs::exists(fs::symlink_status(to / file))) {
        return false;
    }
    const auto lines = changed.find(file);
    if (lines == changed.end()) {
        return same_content_owner_and_mode(from / file, to / file);
    }
    return same_owner_and_mode(from / file, to / file) &&
           read_file(to / file) == apply_changes(read_file(from / file), lines->second);
}

}  // namespace

bool is_carried(const std::vector<fs::path> &files, const fs::path &from, const fs::path &to,
                const ParameterChanges &changes) {
    const auto changed = changed_lines(from, changes);
    return std::ranges::all_of(files, [&](const fs::path &file) {
        return !fs::exists(fs::symlink_status(from / file)) || is_carried_file(file, from, to, changed);
    });
}

void carry(const std::vector<fs::path> &files, const fs::path &from, const fs::path &to, std::string_view step,
           const ParameterChanges &changes) {
    const auto changed = changed_lines(from, changes);
    for (const auto &file : files) {
        if (!fs::exists(fs::symlink_status(from / file))) {
            continue;  // taken away since it was listed
        }
        copy_with_owner_and_mode(from / file, to / file);
        if (const auto lines = changed.find(file); lines != changed.end()) {
            // over the copy, whose owner and mode it keeps
            write_file(to / file, apply_changes(read_file(from / file), lines->second), Owner{});
        }
        if (!is_carried_file(file, from, to, changed)) {
            throw HelperError(ExitCode::StepFailed,
                              fmt::format("\"{}\" is not the same in \"{}\"", (from / file).string(), to.string()),
                              "Look whether something else writes the file, and run pgaf-upgrade again.");
        }
        fault_point(step, "middle");
    }
}

}  // namespace pgaf
