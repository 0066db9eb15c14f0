#include "system/shown.hpp"

#include <array>
#include <random>

#include <fmt/format.h>

namespace pgaf {

namespace {

constexpr std::string_view kEscape = "\x1b";

std::string &current_escape() {
    static std::string value(kEscape);
    return value;
}

unsigned byte_at(std::string_view text, std::size_t at) {
    return static_cast<unsigned char>(text[at]);
}

std::size_t length_by_first(unsigned first) {
    return first < 0x80U                     ? 1
           : first >= 0xC2U && first < 0xE0U ? 2
           : first >= 0xE0U && first < 0xF0U ? 3
           : first >= 0xF0U && first < 0xF5U ? 4
                                             : 0;
}

// Of a sequence that has begun: "[", digits and ";", "?", a letter. 0 while it is not whole; 1 past the end of what it
// can be is not ours, and does not occur.
std::size_t end_of_sequence(std::string_view text) {
    const auto end = text.find_first_not_of("[?;0123456789");
    return end == std::string_view::npos ? 0 : end + 1;
}

}  // namespace

Character character_of(std::string_view text) {
    if (text.empty()) {
        return {};
    }
    const auto first = byte_at(text, 0);
    const auto length = length_by_first(first);
    if (length < 2) {
        return {first, length};
    }
    constexpr std::array<unsigned, 5> kBitsOfFirst{0, 0, 0x1F, 0x0F, 0x07};
    constexpr std::array<char32_t, 5> kLeast{0, 0, 0x80, 0x800, 0x10000};
    char32_t number = first & kBitsOfFirst.at(length);
    for (std::size_t at = 1; at < length; ++at) {
        if (at == text.size()) {
            return {.is_unfinished = true};
        }
        if ((byte_at(text, at) & 0xC0U) != 0x80U) {
            return {};
        }
        number = (number << 6U) | (byte_at(text, at) & 0x3FU);
    }
    const bool is_surrogate = number >= 0xD800U && number < 0xE000U;
    return number < kLeast.at(length) || is_surrogate || number > 0x10FFFFU ? Character{} : Character{number, length};
}

bool is_control(char32_t character) {
    const bool is_of_ascii = character < 0x20U || (character >= 0x7FU && character < 0xA0U);
    const bool turns_direction = character == 0x061CU || character == 0x200EU || character == 0x200FU ||
                                 (character >= 0x202AU && character <= 0x202EU) ||
                                 (character >= 0x2066U && character <= 0x2069U);
    const bool parts_lines = character == 0x2028U || character == 0x2029U;
    return is_of_ascii || turns_direction || parts_lines;
}

std::string seen(char32_t character) {
    const auto number = static_cast<std::uint32_t>(character);
    return number < 0x100U ? fmt::format("\\x{:02x}", number) : fmt::format("\\u{:04x}", number);
}

std::string seen_byte(char byte) {
    return seen(static_cast<unsigned char>(byte));
}

std::string shown(std::string_view text) {
    std::string result;
    while (!text.empty()) {
        const auto character = character_of(text);
        if (character.bytes == 0) {
            result += seen_byte(text.front());
            text.remove_prefix(1);
            continue;
        }
        result += is_control(character.number) ? seen(character.number) : text.substr(0, character.bytes);
        text.remove_prefix(character.bytes);
    }
    return result;
}

const std::string &escape() {
    return current_escape();
}

void mark_escapes() {
    std::random_device random;
    current_escape() = fmt::format("{}<{:08x}{:08x}>", kEscape, random(), random());
}

std::string OutputFilter::pass(std::string_view bytes) {
    const auto whole = kept_ + std::string(bytes);
    std::string_view text = whole;
    std::string result;
    while (!text.empty()) {
        const bool may_be_ours = text.starts_with(escape()) || escape().starts_with(text);
        if (may_be_ours) {
            const auto sequence = text.size() > escape().size() ? text.substr(escape().size()) : std::string_view();
            const auto end = end_of_sequence(sequence);
            if (end == 0) {
                break;
            }
            if (is_terminal_) {
                result += kEscape;
                result += sequence.substr(0, end);
            }
            text.remove_prefix(escape().size() + end);
            continue;
        }
        const auto character = character_of(text);
        if (character.is_unfinished) {
            break;
        }
        const bool passes = text[0] == '\n' || text[0] == '\t' || (text[0] == '\r' && is_terminal_);
        if (character.bytes == 0) {
            result += seen_byte(text.front());
        } else if (passes || !is_control(character.number)) {
            result += text.substr(0, character.bytes);
        } else {
            result += seen(character.number);
        }
        text.remove_prefix(std::max<std::size_t>(character.bytes, 1));
    }
    kept_ = text;
    return result;
}

std::string OutputFilter::end() {
    return shown(std::exchange(kept_, {}));
}

}  // namespace pgaf
