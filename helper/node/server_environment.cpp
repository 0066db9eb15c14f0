#include "node/server_environment.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <map>
#include <optional>
#include <sstream>

#include <fmt/format.h>

#include "system/files.hpp"
#include "system/process.hpp"

namespace fs = std::filesystem;

namespace pgaf {

namespace {

// Of one process, and not of what is started in its place.
constexpr std::array<std::string_view, 15> kOfOneProcess{
    "FDSTORE",          "INVOCATION_ID",      "JOURNAL_STREAM", "LISTEN_FDNAMES",
    "LISTEN_FDS",       "LISTEN_PID",         "MAINPID",        "MEMORY_PRESSURE_WATCH",
    "NOTIFY_SOCKET",    "PG_GRANDPARENT_PID", "MANAGERPID",     "MEMORY_PRESSURE_WRITE",
    "SYSTEMD_EXEC_PID", "WATCHDOG_PID",       "WATCHDOG_USEC"};

// What every child has of its own; libpq's variables, and the languages that messages are in, come besides.
constexpr std::array<std::string_view, 12> kOfEachProgram{"HOME",   "LANG", "LANGUAGE", "LOGNAME", "OLDPWD", "PATH",
                                                          "PGDATA", "PWD",  "SHELL",    "SHLVL",   "TERM",   "USER"};

constexpr std::array kPlaces{"XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_RUNTIME_DIR"};

std::string name_of(std::string_view variable) {
    return std::string(variable.substr(0, variable.find('=')));
}

fs::path kept_file(const fs::path &work_dir) {
    return work_dir / "server_environment";
}

fs::path limits_file(const Node &node) {
    return node.work_dir() / "server_limits";
}

std::vector<std::string> variables_in(const std::string &text) {
    std::vector<std::string> variables;
    for (std::size_t begin = 0; begin < text.size();) {
        const std::string variable = text.c_str() + begin;
        begin += variable.size() + 1;
        const auto name = name_of(variable);
        // by these pg_autoctl tells its own children where to write, by a number that another has no more
        const bool is_of_one =
            name.starts_with("PG_AUTOCTL_") || std::ranges::find(kOfOneProcess, name) != kOfOneProcess.end();
        if (name.size() < variable.size() && !is_of_one) {
            variables.push_back(variable);
        }
    }
    return variables;
}

std::vector<std::string> environment_of_process(const std::string &pid) {
    return variables_in(text_of(fmt::format("/proc/{}/environ", pid)));
}

std::string pid_of_server(const Node &node) {
    return node.running_server() ? std::to_string(std::atoi(text_of(node.data_dir / "postmaster.pid").c_str())) : "";
}

std::string replaced(std::string text, const std::string &old, const std::string &by) {
    for (auto at = text.find(old); at != std::string::npos; at = text.find(old, at + by.size())) {
        text.replace(at, old.size(), by);
    }
    return text;
}

using Places = std::map<std::string, std::string>;

Places places_in(const std::vector<std::string> &environment) {
    Places places;
    for (const auto &variable : environment) {
        const auto name = name_of(variable);
        if (std::ranges::find(kPlaces, name) != kPlaces.end()) {
            places[name] = variable.substr(name.size() + 1);
        }
    }
    return places;
}

bool names(const std::string &cmdline, const std::vector<std::string> &environment, const fs::path &pgdata) {
    return pgdata.empty() || cmdline.find(pgdata.string()) != std::string::npos ||
           std::ranges::find(environment, "PGDATA=" + pgdata.string()) != environment.end();
}

// Nothing where none runs, and where several have different ones.
std::optional<Places> places_of_running(const fs::path &pgdata) {
    std::optional<Places> found;
    std::error_code none;
    for (const auto &entry : fs::directory_iterator("/proc", none)) {
        const auto pid = entry.path().filename().string();
        struct stat status{};
        if (pid.find_first_not_of("0123456789") != std::string::npos || ::stat(entry.path().c_str(), &status) != 0 ||
            status.st_uid != ::geteuid() || text_of(entry.path() / "comm") != "pg_autoctl\n") {
            continue;
        }
        const auto environment = environment_of_process(pid);
        if (environment.empty() || !names(text_of(entry.path() / "cmdline"), environment, pgdata)) {
            continue;
        }
        auto places = places_in(environment);
        if (found && *found != places) {
            return std::nullopt;
        }
        found = std::move(places);
    }
    return found;
}

// systemd forgets one that does not run, unless it is asked for by its name; those of a template have one where they
// are enabled.
std::vector<std::string> units_of_autoctl() {
    std::vector<fs::path> folders{"/etc/systemd/system", "/run/systemd/system", "/usr/lib/systemd/system"};
    std::error_code none;
    for (const auto &entry : fs::directory_iterator("/etc/systemd/system", none)) {
        if (entry.path().extension() == ".wants") {
            folders.push_back(entry.path());
        }
    }
    std::vector<std::string> names;
    for (const auto &folder : folders) {
        for (const auto &entry : fs::directory_iterator(folder, none)) {
            const auto name = entry.path().filename().string();
            auto text = name.ends_with(".service") ? text_of(entry.path()) : "";
            if (name.ends_with(".service.d")) {
                for (const auto &drop_in : fs::directory_iterator(entry.path(), none)) {
                    text += text_of(drop_in.path());
                }
            }
            const auto unit = name.substr(0, name.find(".service") + std::string_view(".service").size());
            if (text.find("pg_autoctl") != std::string::npos && unit.find("@.") == std::string::npos) {
                names.push_back(unit);
            }
        }
    }
    return names;
}

// By Environment= of the units that start pg_autoctl.
std::optional<Places> places_of_units(const fs::path &pgdata) {
    if (!fs::exists("/run/systemd/system")) {
        return std::nullopt;
    }
    std::vector<std::string> argv{"systemctl", "show", "--property=ExecStart,Environment", "--", "*.service"};
    const auto names = units_of_autoctl();
    argv.insert(argv.end(), names.begin(), names.end());
    const auto shown = run({.argv = argv}).output;
    std::optional<Places> found;
    std::istringstream units(replaced(shown, "\n\n", std::string("\n\0", 2)));
    for (std::string unit; std::getline(units, unit, '\0');) {
        if (unit.find("/pg_autoctl") == std::string::npos ||
            (!pgdata.empty() && unit.find(pgdata.string()) == std::string::npos)) {
            continue;
        }
        std::istringstream words(replaced(replaced(unit, "\"", " "), "Environment=", " "));
        std::vector<std::string> variables;
        for (std::string word; words >> word;) {
            variables.push_back(word);
        }
        auto places = places_in(variables);
        if (found && *found != places) {
            return std::nullopt;
        }
        found = std::move(places);
    }
    return found;
}

std::optional<Places> places_kept(const fs::path &pgdata) {
    std::error_code none;
    const auto kept = kept_file(fs::canonical(pgdata, none).string() + "_pgaf_upgrade");
    return pgdata.empty() || !fs::exists(kept, none) ? std::nullopt
                                                     : std::optional(places_in(variables_in(text_of(kept))));
}

}  // namespace

std::vector<std::string> server_environment(const Node &node) {
    const auto pid = pid_of_server(node);
    auto environment = pid.empty() ? std::vector<std::string>() : environment_of_process(pid);
    return environment.empty() ? variables_in(text_of(kept_file(node.work_dir()))) : environment;
}

void keep_server_environment(const Node &node) {
    const auto pid = pid_of_server(node);
    const auto environment = pid.empty() ? std::vector<std::string>() : environment_of_process(pid);
    if (environment.empty()) {
        return;
    }
    std::string text;
    for (const auto &variable : environment) {
        text += variable + '\0';
    }
    write_file(kept_file(node.work_dir()), text);
    write_file(limits_file(node), text_of(fmt::format("/proc/{}/limits", pid)));
}

std::vector<std::string> kept_environment(const Node &node, const fs::path &old_bindir, const fs::path &bindir) {
    auto environment = variables_in(read_if_there(kept_file(node.work_dir())));
    for (auto &variable : environment) {
        variable = with_directories_of(variable, old_bindir, bindir);
    }
    return environment;
}

std::string kept_limits(const Node &node) {
    return read_if_there(limits_file(node));
}

std::string limits_in_shell(std::string_view limits) {
    // the names in /proc, a shell's letter, and how many bytes its unit has
    struct Limit {
        std::string_view name;
        char letter;
        std::uint64_t unit;
    };
    constexpr std::array<Limit, 9> kLimits{{{"Max core file size", 'c', 512},
                                            {"Max data size", 'd', 1024},
                                            {"Max file size", 'f', 512},
                                            {"Max locked memory", 'l', 1024},
                                            {"Max open files", 'n', 1},
                                            {"Max processes", 'p', 1},
                                            {"Max resident set", 'm', 1024},
                                            {"Max stack size", 's', 1024},
                                            {"Max address space", 'v', 1024}}};
    std::string lines;
    std::istringstream all{std::string(limits)};
    for (std::string line; std::getline(all, line);) {
        const auto limit = std::ranges::find_if(kLimits, [&](const Limit &one) { return line.starts_with(one.name); });
        if (limit == kLimits.end()) {
            continue;
        }
        std::istringstream words(line.substr(limit->name.size()));
        std::string soft;
        words >> soft;
        const bool is_number = !soft.empty() && soft.find_first_not_of("0123456789") == std::string::npos;
        const auto value = is_number ? std::to_string(std::stoull(soft) / limit->unit) : std::string("unlimited");
        lines += fmt::format("ulimit -S -{} {} 2>/dev/null\n", limit->letter, value);
    }
    return lines;
}

std::vector<std::string> for_programs(std::vector<std::string> environment) {
    std::erase_if(environment, [](const std::string &variable) {
        const auto name = name_of(variable);
        return name.starts_with("PG") || name.starts_with("LC_") || name.starts_with("XDG_") ||
               name.find_first_of(" \t\n()") != std::string::npos ||
               std::ranges::find(kOfEachProgram, name) != kOfEachProgram.end();
    });
    return environment;
}

std::string with_directories_of(const std::string &text, const fs::path &old_bindir, const fs::path &bindir) {
    if (old_bindir.empty() || old_bindir == bindir) {
        return text;
    }
    auto with = replaced(text, old_bindir.string(), bindir.string());
    const auto old = old_bindir.parent_path().string();
    // of one prefix for all majors nothing is known
    return old_bindir.filename() == "bin" && old.find_first_of("0123456789") != std::string::npos
               ? replaced(with, old + "/", bindir.parent_path().string() + "/")
               : with;
}

void adopt_environment_of_autoctl(const fs::path &pgdata) {
    auto places = places_of_running(pgdata);
    if (!places) {
        places = places_kept(pgdata);
    }
    if (!places) {
        places = places_of_units(pgdata);
    }
    if (!places) {
        return;
    }
    for (const auto *name : kPlaces) {
        if (const auto place = places->find(name); place != places->end()) {
            ::setenv(name, place->second.c_str(), 1);
        } else {
            ::unsetenv(name);
        }
    }
}

}  // namespace pgaf
