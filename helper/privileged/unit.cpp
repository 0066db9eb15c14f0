#include "privileged/unit.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <fstream>
#include <map>
#include <regex>
#include <sstream>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "system/error.hpp"
#include "system/files.hpp"
#include "system/process.hpp"
#include "system/unit_override.hpp"

namespace fs = std::filesystem;

namespace pgaf::privileged {

namespace {

constexpr const char *kState = "/var/lib/pgaf-upgrade";
constexpr const char *kName = "name";  // of the unit, in its folder
constexpr int kMostLinks = 40;         // on the way to a file, as for the kernel

using Properties = std::map<std::string, std::string>;

// One that is written into paths and drop-ins must be nothing but a name.
bool is_name_of_unit(const std::string &name) {
    static const std::regex kPlain(R"([A-Za-z0-9_.@:\\-]{1,240}\.service)");
    return std::regex_match(name, kPlain) && name.find("..") == std::string::npos;
}

// Units are parted by an empty line.
std::vector<Properties> units_shown(const std::vector<std::string> &patterns) {
    std::vector<std::string> arguments{"show",
                                       "--property=Id,LoadState,User,ExecStart,MainPID,FragmentPath,DropInPaths",
                                       "--property=Environment", "--"};
    arguments.insert(arguments.end(), patterns.begin(), patterns.end());
    std::istringstream lines(systemctl(arguments));
    std::vector<Properties> units(1);
    for (std::string line; std::getline(lines, line);) {
        if (line.empty()) {
            units.emplace_back();
        } else if (const auto equals = line.find('='); equals != std::string::npos) {
            units.back()[line.substr(0, equals)] = line.substr(equals + 1);
        }
    }
    std::erase_if(units, [](Properties &unit) { return unit["LoadState"] != "loaded"; });
    return units;
}

bool is_user(const std::string &user, const Owner &owner) {
    return user == owner.name || user == std::to_string(owner.uid);
}

// As a word of its settings.
bool names_pgdata(const Properties &unit, const fs::path &pgdata) {
    auto text = unit.at("ExecStart") + " " + unit.at("Environment");
    std::ranges::replace_if(
        text, [](char c) { return std::string_view("=\"';").find(c) != std::string_view::npos; }, ' ');
    std::istringstream words(text);
    for (std::string word; words >> word;) {
        if (fs::path(word).lexically_normal() == pgdata.lexically_normal()) {
            return true;
        }
    }
    return false;
}

Unit unit_of(Properties properties, const Owner &owner) {
    Unit unit{.name = properties["Id"], .autoctl = autoctl_in(properties["ExecStart"]), .main_pid = 0, .files = {}};
    const auto refuse = [&unit](const std::string &why) {
        throw HelperError(
            ExitCode::Refused, fmt::format("unit {} {}", unit.name, why),
            "Name the unit that runs pg_autoctl for this node: service = NAME in /etc/pgaf-upgrade.conf.");
    };
    if (!is_name_of_unit(unit.name)) {
        refuse("has a name that is not supported");
    }
    if (!is_user(properties["User"], owner)) {
        refuse(fmt::format("does not run as {}", owner.name));
    }
    if (unit.autoctl.empty()) {
        refuse("does not start pg_autoctl");
    }
    std::istringstream paths(properties["FragmentPath"] + " " + properties["DropInPaths"]);
    for (std::string path; paths >> path;) {
        if (!is_of_root_alone(path)) {
            refuse(fmt::format("has the file \"{}\", which others than root can write", path));
        }
        unit.files.emplace_back(path);
    }
    unit.main_pid = std::atoi(properties["MainPID"].c_str());
    struct stat process{};
    if (unit.main_pid != 0 && ::stat(fmt::format("/proc/{}", unit.main_pid).c_str(), &process) == 0 &&
        process.st_uid != owner.uid) {
        refuse(fmt::format("runs process {}, which is not {}'s", unit.main_pid, owner.name));
    }
    return unit;
}

std::vector<std::string> remembered() {
    std::vector<std::string> names;
    std::error_code none;
    for (const auto &entry : fs::directory_iterator(kState, none)) {
        if (fs::exists(entry.path() / kName)) {
            names.push_back(read_file(entry.path() / kName));
        }
    }
    return names;
}

void remember(const Unit &unit) {
    if (!fs::exists(unit.folder() / kName)) {
        make_directory(kState);
        make_directory(unit.folder());
        write_file(unit.folder() / kName, unit.name);
    }
}

Properties choose(const Settings &settings) {
    if (!settings.service.empty()) {
        const auto name = settings.service.ends_with(".service") ? settings.service : settings.service + ".service";
        const auto units = is_name_of_unit(name) ? units_shown({name}) : std::vector<Properties>{};
        if (units.empty()) {
            throw HelperError(ExitCode::Refused, fmt::format("there is no unit \"{}\"", settings.service),
                              "See systemctl list-units; --service none where no unit runs pg_autoctl.");
        }
        return units.front();
    }
    auto patterns = remembered();
    patterns.emplace_back("*.service");
    std::map<std::string, Properties> found;  // by their names: a remembered one is shown twice
    for (auto &unit : units_shown(patterns)) {
        if (is_user(unit["User"], settings.owner) && !autoctl_in(unit["ExecStart"]).empty()) {
            found[unit["Id"]] = unit;
        }
    }
    if (found.size() > 1 && !settings.pgdata.empty()) {
        std::erase_if(found, [&](const auto &unit) { return !names_pgdata(unit.second, settings.pgdata); });
    }
    if (found.size() == 1) {
        return found.begin()->second;
    }
    if (found.empty()) {
        throw HelperError(
            ExitCode::Refused, fmt::format("no unit runs pg_autoctl as {}", settings.owner.name),
            "Start it, or name it: service = NAME in /etc/pgaf-upgrade.conf; service = none where no unit "
            "runs it.");
    }
    std::vector<std::string> names;
    std::ranges::transform(found, std::back_inserter(names), [](const auto &unit) { return unit.first; });
    throw HelperError(
        ExitCode::Refused,
        fmt::format("several units run pg_autoctl as {}: {}", settings.owner.name, fmt::join(names, ", ")),
        "Name the node's: --pgdata DIRECTORY, or --service NAME.");
}

}  // namespace

bool is_of_root_alone(fs::path path) {
    for (int links = 0; links < kMostLinks; ++links) {
        fs::path way;
        auto part = path.begin();
        struct stat status{};
        for (; part != path.end() && !S_ISLNK(status.st_mode); ++part) {
            way /= *part;
            if (::lstat(way.c_str(), &status) != 0 || status.st_uid != 0 ||
                (!S_ISLNK(status.st_mode) && (status.st_mode & (S_IWGRP | S_IWOTH)) != 0)) {
                return false;
            }
        }
        if (!S_ISLNK(status.st_mode)) {
            return true;
        }
        auto target = way.parent_path() / fs::read_symlink(way);
        for (; part != path.end(); ++part) {
            target /= *part;
        }
        path = target;
    }
    return false;
}

// systemd's own escapes would be read as such where the path is written into a drop-in
fs::path Unit::folder() const {
    auto plain = name;
    std::ranges::replace(plain, '\\', '_');
    return fs::path(kState) / plain;
}

Unit find_unit(const Settings &settings) {
    auto unit = unit_of(choose(settings), settings.owner);
    remember(unit);
    return unit;
}

std::string systemctl(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), "/usr/bin/systemctl");
    return run_checked({.argv = std::move(arguments), .time_limit = std::chrono::seconds(100)});
}

}  // namespace pgaf::privileged
