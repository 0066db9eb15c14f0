#include "view/styled.hpp"

#include <algorithm>
#include <array>
#include <cctype>

#include "system/shown.hpp"
#include "view/text.hpp"

namespace pgaf {

namespace {

const char *code_of(Style style) {
    switch (style) {
        case Style::Plain:
            return "";
        case Style::Strong:
            return "[1m";
        case Style::Faint:
            return "[2m";
        case Style::Good:
            return "[32m";
        case Style::Bad:
            return "[1;31m";
        case Style::Busy:
            return "[36m";
    }
    return "";
}

// What the screens are drawn with, of the same width.
std::string in_ascii(std::string text) {
    using Pair = std::pair<std::string_view, std::string_view>;
    constexpr std::array<Pair, 4> kSubstitutes{Pair{"█", "#"}, Pair{"░", "."}, Pair{"…", "~"}, Pair{"·", "-"}};
    for (const auto &[from, to] : kSubstitutes) {
        for (auto at = text.find(from); at != std::string::npos; at = text.find(from, at)) {
            text.replace(at, from.size(), to);
        }
    }
    return text;
}

}  // namespace

Line fit(Line line, std::size_t columns) {
    for (auto &piece : line) {
        piece.text = cut(piece.text, columns);
        columns -= display_width(piece.text);
    }
    return line;
}

std::string render(const Line &line, const Look &look) {
    std::string text;
    for (const auto &piece : line) {
        const auto shown = look.utf8 ? piece.text : in_ascii(piece.text);
        if (look.color && piece.style != Style::Plain && !shown.empty()) {
            text += escape() + code_of(piece.style) + shown + escape() + "[0m";
        } else {
            text += shown;
        }
    }
    if (!look.color) {
        text.erase(text.find_last_not_of(' ') + 1);
    }
    return text;
}

bool wants_color(bool is_terminal, const char *no_color, const char *term) {
    const bool is_refused = no_color != nullptr && *no_color != '\0';
    return is_terminal && !is_refused && term != nullptr && *term != '\0' && std::string_view(term) != "dumb";
}

bool is_utf8(const char *lc_all, const char *lc_ctype, const char *lang) {
    for (const auto *value : {lc_all, lc_ctype, lang}) {
        if (value != nullptr && *value != '\0') {
            std::string name(value);
            std::ranges::transform(name, name.begin(), [](unsigned char c) { return std::tolower(c); });
            return name.find("utf-8") != std::string::npos || name.find("utf8") != std::string::npos;
        }
    }
    return false;
}

}  // namespace pgaf
