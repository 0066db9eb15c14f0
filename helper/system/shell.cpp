#include "system/shell.hpp"

#include <algorithm>
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

std::string shell_line(const std::vector<std::string> &argv) {
    std::string line;
    for (const auto &word : argv) {
        line += (line.empty() ? "" : " ") + shell_quoted(word);
    }
    return line;
}

}  // namespace pgaf
