#include "system/shell.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <string_view>

namespace pgaf {

std::string shell_quoted(const std::string &word) {
    const auto is_plain = [](unsigned char character) {
        return std::isalnum(character) != 0 ||
               std::string_view("_-./,:=@%+").find(static_cast<char>(character)) != std::string_view::npos;
    };
    if (!word.empty() && std::ranges::all_of(word, is_plain)) {
        return word;
    }
    std::string quoted = "'";
    for (const char character : word) {
        quoted += character == '\'' ? std::string("'\\''") : std::string(1, character);
    }
    return quoted + "'";
}

namespace {

// What a shell keeps for itself cannot be set there.
bool can_be_exported(std::string_view name) {
    constexpr std::array<std::string_view, 6> kOfShells{"BASHOPTS", "BASH_VERSINFO", "EUID",
                                                        "PPID",     "SHELLOPTS",     "UID"};
    const auto is_of_names = [](unsigned char character) { return std::isalnum(character) != 0 || character == '_'; };
    return !name.empty() && std::isdigit(static_cast<unsigned char>(name.front())) == 0 &&
           std::ranges::all_of(name, is_of_names) && std::ranges::find(kOfShells, name) == kOfShells.end();
}

}  // namespace

std::string exports_in_shell(const std::vector<std::string> &variables) {
    std::string lines;
    for (const auto &variable : variables) {
        const auto name = variable.substr(0, variable.find('='));
        if (name.size() < variable.size() && can_be_exported(name)) {
            lines += "export " + name + "=" + shell_quoted(variable.substr(name.size() + 1)) + "\n";
        }
    }
    return lines;
}

std::string shell_line(const std::vector<std::string> &argv) {
    std::string line;
    for (const auto &word : argv) {
        line += (line.empty() ? "" : " ") + shell_quoted(word);
    }
    return line;
}

}  // namespace pgaf
