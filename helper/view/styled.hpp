#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

// Lines for a terminal, whose colours are put in last: widths are reckoned without them.
namespace pgaf {

enum class Style : std::uint8_t { Plain, Strong, Faint, Good, Bad, Busy };

struct Piece {
    std::string text;
    Style style = Style::Plain;
};

using Line = std::vector<Piece>;

// Cut after so many columns.
[[nodiscard]] Line fit(Line line, std::size_t columns);

struct Look {
    bool color = false;
    bool utf8 = true;
};

[[nodiscard]] std::string render(const Line &line, const Look &look);

// Colours on a terminal that has them, unless NO_COLOR is set to anything (no-color.org).
[[nodiscard]] bool wants_color(bool is_terminal, const char *no_color, const char *term);

// By the variables that decide about the locale's characters, the first that is set.
[[nodiscard]] bool is_utf8(const char *lc_all, const char *lc_ctype, const char *lang);

}  // namespace pgaf
