#include "node/node_files.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>

#include <fmt/format.h>
#include <boost/property_tree/ini_parser.hpp>

#include "system/error.hpp"
#include "system/files.hpp"
#include "system/shown.hpp"

namespace fs = std::filesystem;

namespace pgaf::autoctl {

namespace {

constexpr std::size_t kStateSize = 1024;
constexpr std::int32_t kStateVersion = 1;
constexpr std::size_t kControlVersionAt = 8;
constexpr std::size_t kCatalogVersionAt = 12;
constexpr std::size_t kSystemIdentifierAt = 16;
constexpr std::size_t kNodeIdAt = 24;

fs::path directory_of(const char *variable, const fs::path &otherwise) {
    const char *value = std::getenv(variable);
    return value != nullptr && *value != '\0' ? fs::path(value) : otherwise;
}

template <typename T>
T load(const std::string &bytes, std::size_t at) {
    T value{};
    std::memcpy(&value, bytes.data() + at, sizeof(T));
    return value;
}

template <typename T>
void store(std::string &bytes, std::size_t at, T value) {
    std::memcpy(bytes.data() + at, &value, sizeof(T));
}

std::string read_state_bytes(const fs::path &path) {
    auto bytes = read_file(path);
    if (bytes.size() != kStateSize || load<std::int32_t>(bytes, 0) != kStateVersion) {
        throw HelperError(ExitCode::Refused, fmt::format("\"{}\" is not a state file of version 1", path.string()),
                          "pg_auto_failover 2.0 to 2.2 are supported.");
    }
    return bytes;
}

// As pg_basebackup reads --max-rate, to which pg_autoctl hands the text: kilobytes where it has no M.
double megabytes_of(const std::string &rate) {
    char *end = nullptr;
    const double number = std::strtod(rate.c_str(), &end);
    return *end == 'M' ? number : number / 1024;
}

}  // namespace

Paths paths_of(const fs::path &pgdata) {
    const auto relative = pgdata.relative_path();
    const auto home = directory_of("HOME", "/");
    const auto config = directory_of("XDG_CONFIG_HOME", home / ".config");
    const auto data = directory_of("XDG_DATA_HOME", home / ".local/share");
    // pg_autoctl takes one that is not there for none
    auto runtime = directory_of("XDG_RUNTIME_DIR", "/tmp");
    if (std::error_code none; !fs::is_directory(runtime, none)) {
        runtime = "/tmp";
    }
    return {.config = config / "pg_autoctl" / relative / "pg_autoctl.cfg",
            .state = data / "pg_autoctl" / relative / "pg_autoctl.state",
            .pid = runtime / "pg_autoctl" / relative / "pg_autoctl.pid"};
}

std::vector<fs::path> known_pgdatas() {
    const auto root = directory_of("XDG_CONFIG_HOME", directory_of("HOME", "/") / ".config") / "pg_autoctl";
    std::vector<fs::path> found;
    std::error_code error;
    for (auto it = fs::recursive_directory_iterator(root, fs::directory_options::skip_permission_denied, error);
         !error && it != fs::recursive_directory_iterator(); it.increment(error)) {
        struct stat status{};
        if (it->path().filename() != "pg_autoctl.cfg" || ::lstat(it->path().c_str(), &status) != 0) {
            continue;
        }
        if (status.st_uid != ::geteuid() || !S_ISREG(status.st_mode)) {
            fmt::print(stderr, "\"{}\" is passed over: it is no file of this user's\n", shown(it->path().string()));
            continue;
        }
        found.push_back("/" / it->path().parent_path().lexically_relative(root));
    }
    return found;
}

std::string replication_slot_of(std::int64_t nodeid) {
    return fmt::format("pgautofailover_standby_{}", nodeid);
}

Config read_config(const fs::path &path) {
    boost::property_tree::ptree tree;
    try {
        boost::property_tree::ini_parser::read_ini(path.string(), tree);
    } catch (const boost::property_tree::ini_parser_error &error) {
        throw HelperError(ExitCode::Usage, fmt::format("could not read \"{}\": {}", path.string(), error.message()),
                          "Name the data directory of a node that pg_autoctl manages with --pgdata, and run as root "
                          "or as its owner.");
    }
    Config config;
    const auto role = tree.get<std::string>("pg_autoctl.role", "");
    config.is_monitor = role == "monitor";
    if (!config.is_monitor && role != "keeper") {
        throw HelperError(ExitCode::Usage, fmt::format("\"{}\" names no role", path.string()),
                          "It must be a configuration file of pg_autoctl.");
    }
    config.monitor_uri = tree.get<std::string>("pg_autoctl.monitor", "");
    config.formation = tree.get<std::string>("pg_autoctl.formation", "default");
    config.username = tree.get<std::string>("postgresql.username", "");
    config.dbname = tree.get<std::string>("postgresql.dbname", "postgres");
    config.listen_addresses = tree.get<std::string>("postgresql.listen_addresses", "*");
    config.sslmode = tree.get<std::string>("ssl.sslmode", "");
    for (const auto *key : {"ca_file", "crl_file", "cert_file", "key_file"}) {
        if (const auto file = tree.get<std::string>(fmt::format("ssl.{}", key), ""); !file.empty()) {
            config.ssl_files.emplace(key, file);
        }
    }
    config.port = tree.get<int>("postgresql.port", 5432);
    config.pg_ctl = tree.get<std::string>("postgresql.pg_ctl", "");
    config.replication_password = tree.get<std::string>("replication.password", "");
    config.maximum_backup_rate_mb = megabytes_of(tree.get<std::string>("replication.maximum_backup_rate", "100M"));
    if (config.pg_ctl.empty()) {
        throw HelperError(ExitCode::Usage, fmt::format("\"{}\" names no postgresql.pg_ctl", path.string()),
                          "Set it: pg_autoctl config set postgresql.pg_ctl PATH.");
    }
    return config;
}

KeeperState read_state(const fs::path &path) {
    const auto bytes = read_state_bytes(path);
    return {.version = load<std::int32_t>(bytes, 0),
            .pg_control_version = load<std::uint32_t>(bytes, kControlVersionAt),
            .catalog_version = load<std::uint32_t>(bytes, kCatalogVersionAt),
            .system_identifier = load<std::uint64_t>(bytes, kSystemIdentifierAt),
            .node_id = load<std::int32_t>(bytes, kNodeIdAt)};
}

void rewrite_state(const fs::path &path, const KeeperState &state) {
    auto bytes = read_state_bytes(path);
    store(bytes, kControlVersionAt, state.pg_control_version);
    store(bytes, kCatalogVersionAt, state.catalog_version);
    store(bytes, kSystemIdentifierAt, state.system_identifier);
    write_file(path, bytes);
}

}  // namespace pgaf::autoctl
