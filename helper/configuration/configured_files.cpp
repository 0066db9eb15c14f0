#include "configuration/configured_files.hpp"

#include <array>
#include <set>
#include <string_view>

#include "configuration/conf_includes.hpp"
#include "system/files.hpp"

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

ConfiguredFiles configured_files(const FileParameters &parameters, const fs::path &pgdata, const fs::path &data_dir) {
    Collector collector(pgdata, data_dir);
    for (const auto &[name, file] : parameters) {
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
    auto files = collector.files().inside;
    std::erase_if(files, [&](const fs::path &file) { return fs::is_directory(data_dir / file); });
    return files;
}

}  // namespace pgaf
