#include "system/unit_override.hpp"

#include <algorithm>
#include <regex>
#include <set>
#include <sstream>

#include <fmt/format.h>

#include "system/error.hpp"
#include "system/files.hpp"

namespace fs = std::filesystem;

namespace pgaf {

namespace {

// It is written into a unit: no space, quote or %.
const std::regex &plain() {
    static const std::regex kPlain(R"(/[A-Za-z0-9_./+~-]+)");
    return kPlain;
}

}  // namespace

void OtherPrograms::add(const fs::path &old, const fs::path &by) {
    if (!std::regex_match(by.string(), plain()) || !fs::exists(by / "pg_ctl")) {
        throw HelperError(
            ExitCode::Refused, fmt::format("\"{}\" has no programs of PostgreSQL {}", by.string(), major_),
            "Install them there, or name their directory: new-bindir = DIRECTORY in /etc/pgaf-upgrade.conf.");
    }
    known_[old.string()] = by.string();
}

std::string OtherPrograms::in(std::string text) {
    static const std::regex kDirectory(R"(((?:/[^\s"'=:;,]*)?[/-])([0-9]{2})(/bin|/lib|/lib64)(?![A-Za-z0-9_.-]))");
    for (std::sregex_iterator found(text.begin(), text.end(), kDirectory), end; found != end; ++found) {
        if ((*found)[2] != major_ && !known_.contains(found->str())) {
            const auto by = (*found)[1].str() + major_ + (*found)[3].str();
            if ((*found)[3] == "/bin") {
                add(found->str(), by);
            } else if (std::regex_match(by, plain()) && fs::is_directory(by)) {
                known_[found->str()] = by;  // of libraries there may be none
            }
        }
    }
    for (const auto &[old, by] : known_) {
        for (auto at = text.find(old); at != std::string::npos; at = text.find(old, at + by.size())) {
            text.replace(at, old.size(), by);
        }
    }
    return text;
}

fs::path autoctl_in(const std::string &exec_start) {
    static const std::regex kProgram(R"((^|[\s"'=])([^\s"';=]*)["']?/pg_autoctl(?=[\s;"']|$))");
    std::smatch found;
    if (!std::regex_search(exec_start, found, kProgram)) {
        return {};
    }
    const auto directory = found[2].str();
    return directory.starts_with('/') ? fs::path(directory) / "pg_autoctl" : fs::path("/usr/bin/pg_autoctl");
}

fs::path environment_file_of(const std::string &value) {
    return value.starts_with('-') ? value.substr(1) : value;
}

std::vector<ServiceLine> service_lines(const std::vector<fs::path> &files) {
    std::vector<ServiceLine> all;
    for (const auto &file : files) {
        static const std::regex kContinued(R"(\\\n)");
        std::istringstream lines(std::regex_replace(read_file(file), kContinued, " "));
        bool is_service = false;
        for (std::string line; std::getline(lines, line);) {
            const auto equals = line.find('=');
            if (line.starts_with('[')) {
                is_service = line.starts_with("[Service]");
            } else if (is_service && equals != std::string::npos && line.find_first_of("#;") != 0) {
                const auto key = line.substr(0, line.find_last_not_of(" \t", equals - 1) + 1);
                const auto begin = line.find_first_not_of(" \t", equals + 1);
                if (begin == std::string::npos) {
                    std::erase_if(all, [&key](const ServiceLine &one) { return one.key == key; });
                } else {
                    all.push_back({key, line.substr(begin)});
                }
            }
        }
    }
    return all;
}

UnitOverride override_of(const std::vector<ServiceLine> &unit, OtherPrograms &programs,
                         const fs::path &environment_file, const std::function<std::string(const fs::path &)> &read) {
    UnitOverride made;
    std::set<std::string> lists;
    for (const auto &[key, value] : unit) {
        if (key.starts_with("Exec") && programs.in(value) != value) {
            // the program's name may have prefixes, of which these give it root's rights
            if (value.substr(0, value.find('/')).find_first_of("+!") != std::string::npos) {
                throw HelperError(ExitCode::Refused,
                                  fmt::format("the unit runs a program of PostgreSQL as root: {}", value),
                                  "Have it run without + and ! before its name.");
            }
            lists.insert(key);
        }
    }
    for (const auto &key : lists) {
        made.drop_in += key + "=\n";
    }
    for (const auto &[key, value] : unit) {
        if (lists.contains(key) || (key == "Environment" && programs.in(value) != value)) {
            made.drop_in += fmt::format("{}={}\n", key, programs.in(value));
        } else if (key == "EnvironmentFile") {
            std::istringstream lines(read(environment_file_of(value)));
            for (std::string line; std::getline(lines, line);) {
                if (const auto by = programs.in(line); by != line && !line.starts_with('#')) {
                    made.environment += by + "\n";
                }
            }
        }
    }
    if (!made.environment.empty()) {
        made.drop_in += fmt::format("EnvironmentFile={}\n", environment_file.string());
    }
    return made;
}

}  // namespace pgaf
