#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

// What a node's helper tells the monitor is a claim of whoever may log in as autoctl_node. Here and in reports.hpp is
// what such a claim may look like, so that nothing of it can block what is shown: types, ranges, lengths, known names.
// All throw Error(kBadReport) for what does not, with `what` it is.
namespace pgaf::claims {

// In bytes.
inline constexpr std::size_t kNameLimit = 255;          // of a node, a host, a label, a version
inline constexpr std::size_t kPathLimit = 4096;         // of a file
inline constexpr std::size_t kTextLimit = 64UL * 1024;  // of a message to people

[[noreturn]] void refuse(const std::string &message, std::string hint = {});

void require_at_most(std::string_view what, std::size_t bytes, std::size_t limit);

// In one line that every terminal shows as it is: no control characters, and none that turns the direction of reading.
[[nodiscard]] bool is_plain(std::string_view text);

// Plain, not blank, and no longer than a name or a path.
void require_name(std::string_view what, std::string_view text);
void require_path(std::string_view what, std::string_view text);

// Of one line or several, no longer than a text; returned as it is shown.
[[nodiscard]] std::optional<std::string> require_text(std::string_view what, const std::optional<std::string> &text);

// A text as people are shown it: what a terminal would obey is seen instead, as \x1b or \u202e, but for ends of lines
// and tabs. PostgreSQL's messages reach a terminal as they are.
[[nodiscard]] std::string shown(std::string_view text);

// How the character that begins there is seen, ended by a zero, and how many bytes it has; none where it is shown as it
// is. Allocates nothing.
struct Seen {
    std::array<char, 8> text{};
    std::size_t bytes = 0;
};
[[nodiscard]] Seen seen_at(std::string_view text, std::size_t at);

// "2026-11-28 20:59:59.123456+00": from the year 2000 on, and as PostgreSQL reads it whatever its settings are.
void require_time(std::string_view what, std::string_view text);

}  // namespace pgaf::claims
