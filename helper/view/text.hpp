#pragma once

#include <string>
#include <string_view>
#include <vector>

// Text on a terminal: UTF-8 in, UTF-8 out, measured in columns and not in bytes. What is no printable
// character (a control character, a broken sequence) is seen as system/shown.hpp has it, so that no name and no error
// text can move the cursor.
namespace pgaf {

// Columns that the text takes: 2 for a wide character, 0 for one that combines with the one before it.
[[nodiscard]] std::size_t display_width(std::string_view text);

// Bytes of the character that the text begins with; 0 where they are none.
[[nodiscard]] std::size_t sequence_length(std::string_view text);

[[nodiscard]] std::string printable(std::string_view text);

// At most so many columns; what was cut ends with "…".
[[nodiscard]] std::string cut(std::string_view text, std::size_t columns);

// Exactly so many columns, cut or filled with spaces on its right (on its left, for numbers).
[[nodiscard]] std::string left(std::string_view text, std::size_t columns);
[[nodiscard]] std::string right(std::string_view text, std::size_t columns);

// In lines of at most so many columns, parted at spaces; a longer word is parted where the line ends.
[[nodiscard]] std::vector<std::string> wrap(std::string_view text, std::size_t columns);

// "0.4 s", "12 s", "2 min 05 s", "3 h 07 min".
[[nodiscard]] std::string duration(double seconds);

}  // namespace pgaf
