#include "configuration/configured_files.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <string_view>

#include <fmt/format.h>

#include "configuration/cluster_entries.hpp"
#include "configuration/conf_includes.hpp"
#include "configuration/named_paths.hpp"
#include "postgres/conninfo.hpp"
#include "system/files.hpp"

namespace fs = std::filesystem;

namespace pgaf {

namespace {

constexpr const char *kParametersThatNameFiles =
    "SELECT name, setting FROM pg_catalog.pg_settings WHERE setting <> '' AND name IN"
    " ('config_file', 'hba_file', 'ident_file', 'ssl_cert_file', 'ssl_key_file', 'ssl_ca_file', 'ssl_crl_file',"
    " 'ssl_crl_dir', 'ssl_dh_params_file', 'krb_server_keyfile')";

// And what programs that archive, or connect, may read there.
constexpr std::array kDefaultNames{
    "postgresql.auto.conf", "server.crt",      "server.key",       "root.crt",        "root.crl",  ".pgpass",
    ".pg_service.conf",     "pg_service.conf", ".pgbackrest.conf", "pgbackrest.conf", ".walg.json"};

bool is_below(const fs::path &path, const fs::path &directory) {
    const auto name = path.lexically_relative(directory);
    return !name.empty() && *name.begin() != "..";
}

// Of the parameters, those that name a part of the configuration itself.
bool is_of_configuration(std::string_view parameter) {
    return std::string_view(kParametersThatNameFiles).find(fmt::format("'{}'", parameter)) != std::string_view::npos;
}

class Collector {
  public:
    Collector(fs::path pgdata, fs::path data_dir) : pgdata_(std::move(pgdata)), data_dir_(std::move(data_dir)) {}

    // Relative where it is inside the data directory, absolute where it lies elsewhere.
    [[nodiscard]] fs::path name_of(const fs::path &path) const {
        for (const auto &root : {pgdata_, data_dir_}) {
            auto relative = (path.is_absolute() ? path : root / path).lexically_normal().lexically_relative(root);
            if (!relative.empty() && *relative.begin() != "..") {
                return relative;
            }
        }
        return (data_dir_ / path).lexically_normal();
    }

    void add(const fs::path &path) {
        const auto name = name_of(path);
        const auto real = data_dir_ / name;  // an absolute one stays what it is
        if (fs::is_directory(real)) {
            for (const auto &entry : fs::directory_iterator(real)) {
                add(name / entry.path().filename());
            }
        } else if (fs::exists(fs::symlink_status(real))) {
            (name.is_absolute() ? outside_ : inside_).insert(name);
        }
    }

    // A configuration file with all that it includes, as PostgreSQL reads them.
    void add_with_includes(const fs::path &path, std::vector<std::string> (*includes)(std::string_view)) {
        const auto name = name_of(path);
        const auto real = data_dir_ / name;
        if (!seen_.insert(real).second || !fs::exists(real)) {
            return;
        }
        if (fs::is_directory(real)) {
            if (name != "." && name.is_relative()) {
                inside_.insert(name);  // with nothing in it, it has to be there as well
            }
            for (const auto &entry : fs::directory_iterator(real)) {
                if (entry.path().extension() == ".conf" && !entry.path().filename().string().starts_with('.')) {
                    add_with_includes(name / entry.path().filename(), includes);
                }
            }
            return;
        }
        add(name);
        for (const auto &included : includes(read_file(real))) {
            add_with_includes(name.parent_path() / included, includes);
        }
    }

    // What a command or another text names: a directory without what is in it.
    void add_named(const fs::path &path) {
        const auto name = name_of(path);
        if (name.is_relative() && name != "." && fs::is_directory(data_dir_ / name)) {
            inside_.insert(name);
        } else {
            add(path);
        }
    }

    // Links at its top that lead out of it.
    void add_links() {
        for (const auto &entry : fs::directory_iterator(data_dir_)) {
            std::error_code none;
            const auto name = entry.path().filename();
            if (entry.is_symlink(none) && !is_cluster_directory(name.string()) &&
                !is_below(fs::weakly_canonical(entry.path(), none), data_dir_)) {
                inside_.insert(name);
            }
        }
    }

    [[nodiscard]] ConfiguredFiles files() const {
        return {{inside_.begin(), inside_.end()}, {outside_.begin(), outside_.end()}};
    }

  private:
    fs::path pgdata_;
    fs::path data_dir_;
    std::set<fs::path> inside_;
    std::set<fs::path> outside_;
    std::set<fs::path> seen_;
};

}  // namespace

FileParameters file_parameters(Connection &server) {
    FileParameters parameters;
    const auto settings = server.query(kParametersThatNameFiles);
    for (int row = 0; row < settings.size(); ++row) {
        parameters.emplace_back(settings.text(row, "name"), settings.text(row, "setting"));
    }
    return parameters;
}

FileParameters file_parameters(const Node &node, Connection &server) {
    auto parameters = file_parameters(server);
    const auto add = [&parameters](const std::string &whose, const std::map<std::string, fs::path> &files) {
        for (const auto &[name, file] : files) {
            parameters.emplace_back(fmt::format("{} of {}", name, whose), file.string());
        }
    };
    const auto standby = read_if_there(node.data_dir / "postgresql-auto-failover-standby.conf");
    add("the monitor's URI", files_in(node.config.monitor_uri));
    add("primary_conninfo", files_in(last_value_of(standby, "primary_conninfo")));
    add("pg_autoctl.cfg", node.config.ssl_files);
    for (const auto &[setting, name] : paths_named_by_settings(node, server)) {
        if (!is_in_cluster(name)) {
            parameters.emplace_back(setting, name.string());
        }
    }
    return parameters;
}

ConfiguredFiles configured_files(const FileParameters &parameters, const fs::path &pgdata, const fs::path &data_dir) {
    Collector collector(pgdata, data_dir);
    for (const auto &[name, file] : parameters) {
        if (name == "config_file") {
            collector.add_with_includes(file, included_files);
        } else if (name == "hba_file" || name == "ident_file") {
            collector.add_with_includes(file, files_named_with_at);
        } else if (is_of_configuration(name)) {
            collector.add(file);
        } else {
            collector.add_named(file);
        }
    }
    collector.add_links();
    for (const auto *name : kDefaultNames) {
        collector.add(name);
    }
    return collector.files();
}

bool is_kept_as_link(const std::vector<fs::path> &files, const fs::path &file, const fs::path &directory) {
    const auto is_in_it = [&file](const fs::path &other) { return other != file && is_below(other, file); };
    return fs::is_symlink(directory / file) && std::ranges::none_of(files, is_in_it);
}

std::vector<fs::path> configuration_files(const fs::path &data_dir) {
    Collector collector(data_dir, data_dir);
    collector.add_with_includes("postgresql.conf", included_files);
    collector.add("postgresql.auto.conf");
    auto files = collector.files().inside;
    std::erase_if(files, [&](const fs::path &file) { return fs::is_directory(data_dir / file); });
    return files;
}

}  // namespace pgaf
