#include "run/software.hpp"

#include <unistd.h>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/version.hpp"
#include "system/process.hpp"

namespace fs = std::filesystem;

namespace pgaf {

namespace {

// What follows the words, up to the next blank.
std::string word_after(const std::string &text, const std::string &words) {
    const auto at = text.find(words);
    if (at == std::string::npos) {
        return {};
    }
    const auto begin = at + words.size();
    return text.substr(begin, text.find_first_of(" \n", begin) - begin);
}

std::string output_of(const fs::path &program, const char *argument) {
    if (::access(program.c_str(), X_OK) != 0) {
        return {};
    }
    return run({.argv = {program.string(), argument}}).output;
}

}  // namespace

std::string extension_version_in(const std::string &text) {
    return word_after(text, "pg_autoctl extension version ");
}

std::string postgres_version_in(const std::string &text) {
    return word_after(text, "(PostgreSQL) ");
}

std::string name_of_postgres(int major) {
    return fmt::format("PostgreSQL {}", major);
}

std::string name_of_autoctl(int major) {
    return fmt::format("pg_autoctl of {}", major);
}

Software software_of(const Installation &installation, int target) {
    Software software{{"pgaf-upgrade", kVersion}};
    const auto add = [&software](const std::string &name, const std::string &version) {
        if (!version.empty()) {
            software.emplace(name, version);
        }
    };
    add(name_of_postgres(installation.source),
        postgres_version_in(output_of(installation.old_bindir / "postgres", "--version")));
    // one /usr/bin/pg_autoctl for all majors may be the new one already: what runs is not told by it
    add(name_of_autoctl(installation.source),
        extension_version_in(output_of(installation.old_bindir / "pg_autoctl", "version")));
    add(name_of_postgres(target), postgres_version_in(output_of(installation.new_bindir / "postgres", "--version")));
    add(name_of_autoctl(target), extension_version_in(output_of(installation.new_autoctl, "version")));
    return software;
}

nlohmann::json to_json(const Software &software) {
    return software;
}

}  // namespace pgaf
