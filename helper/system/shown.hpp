#pragma once

#include <cstddef>
#include <string>
#include <string_view>

// What others have named or written, as people are shown it: what a terminal or a reader would obey is seen instead: a
// control character, also one of C1 (\x1b), marks that turn the direction of writing or part lines (\u202e), bytes that
// are no UTF-8 (\xff).
namespace pgaf {

// The character of UTF-8 that a text begins with. Of no bytes where the text begins with none, or ends within it.
struct Character {
    char32_t number = 0;
    std::size_t bytes = 0;
    bool is_unfinished = false;
};
[[nodiscard]] Character character_of(std::string_view text);

// Whether it is obeyed rather than shown.
[[nodiscard]] bool is_control(char32_t character);
[[nodiscard]] std::string seen(char32_t character);
[[nodiscard]] std::string seen_byte(char byte);

// In one line: a line's end and a tab are seen, too.
[[nodiscard]] std::string shown(std::string_view text);

// What this program's own escape sequences begin with. After mark_escapes() that is a word which nobody else knows, and
// which OutputFilter takes out again: a name that has an escape sequence in it cannot be taken for one of ours.
[[nodiscard]] const std::string &escape();
void mark_escapes();

// The same for a stream, of which line ends and tabs pass; and on a terminal our own escape sequences.
class OutputFilter {
  public:
    explicit OutputFilter(bool is_terminal) : is_terminal_(is_terminal) {}

    // What is not whole yet is kept for the next call.
    [[nodiscard]] std::string pass(std::string_view bytes);
    [[nodiscard]] std::string end();  // what was never whole

  private:
    bool is_terminal_;
    std::string kept_;
};

}  // namespace pgaf
