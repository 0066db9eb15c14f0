#include "cluster/private_files.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "configuration/conf_includes.hpp"
#include "system/error.hpp"
#include "system/files.hpp"
#include "system/shell.hpp"

namespace fs = std::filesystem;

namespace pgaf {

namespace {

constexpr const char *kOld = "old_server.conf";
constexpr const char *kNew = "new_server.conf";

}  // namespace

fs::path PrivateFiles::configuration(Side side) const {
    return folder_ / (side == Side::Old ? kOld : kNew);
}

std::vector<std::pair<std::string, std::string>> PrivateFiles::texts(const PrivateNeeds &needs, int source,
                                                                     int target) const {
    return {{kOld, configuration_text(private_settings(needs, Side::Old, source, folder_))},
            {kNew, configuration_text(private_settings(needs, Side::New, target, folder_))},
            {"pg_hba.conf", private_access_rules()},
            {"pg_ident.conf", ""}};
}

void PrivateFiles::write(const PrivateNeeds &needs, int source, int target) const {
    for (const auto &[name, text] : texts(needs, source, target)) {
        write_file(folder_ / name, text);
    }
}

std::vector<std::string> PrivateFiles::options(Side side, const fs::path &data_dir) const {
    const auto file = configuration(side);
    if (!fs::exists(file)) {
        throw HelperError(ExitCode::StepFailed, fmt::format("there is no \"{}\"", file.string()),
                          "It is written while the old server runs: SELECT pgaf_upgrade_retry(run, 'dry_run').");
    }
    return options(side, settings_of(read_file(file)), read_if_there(data_dir / "postgresql.auto.conf"));
}

std::vector<std::string> PrivateFiles::options(Side side, const Settings &settings,
                                               const std::string &auto_conf) const {
    std::vector<std::string> options{"-c", "config_file=" + configuration(side).string()};
    const auto more = as_options(overridden_by(auto_conf, settings));
    options.insert(options.end(), more.begin(), more.end());
    return options;
}

long PrivateFiles::max_connections() const {
    return std::stol(last_value_of(read_file(configuration(Side::Old)), "max_connections"));
}

std::vector<std::string> PrivateFiles::standby_options() const {
    write_file(folder_ / "pg_hba.conf", private_access_rules());
    write_file(folder_ / "pg_ident.conf", "");
    return as_options(private_standby_settings(folder_));
}

std::vector<std::string> as_options(const Settings &settings) {
    std::vector<std::string> options;
    for (const auto &[name, value] : settings) {
        options.insert(options.end(), {"-c", name + "=" + value});
    }
    return options;
}

std::string for_pg_upgrade(const std::vector<std::string> &options) {
    std::string text;
    for (const char character : shell_line(options)) {
        if (std::string_view("\\\"$`").find(character) != std::string_view::npos) {
            text += '\\';
        }
        text += character;
    }
    return text;
}

unsigned jobs_for(unsigned processors, long max_connections) {
    return static_cast<unsigned>(std::clamp<long>(processors, 1, std::max(1L, max_connections - 2)));
}

}  // namespace pgaf
