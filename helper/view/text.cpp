#include "view/text.hpp"

#include <clocale>
#include <cmath>
#include <cstdint>
#include <cwchar>
#include <functional>
#include <memory>
#include <optional>
#include <type_traits>

#include <fmt/format.h>

namespace pgaf {

namespace {

// Of the C library, in a locale of our own: widths do not depend on how the program was called.
int width_of(char32_t character) {
    using Locale = std::unique_ptr<std::remove_pointer_t<locale_t>, decltype(&::freelocale)>;
    static const Locale locale(::newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr), &::freelocale);
    if (!locale) {
        return character >= 0x20 && character != 0x7f ? 1 : -1;
    }
    const auto before = ::uselocale(locale.get());
    const int width = ::wcwidth(static_cast<wchar_t>(character));
    ::uselocale(before);
    return width;
}

// The length of the sequence at the beginning of the text and what it stands for; nothing when it is broken.
std::optional<std::pair<std::size_t, char32_t>> decode(std::string_view text) {
    const auto first = static_cast<unsigned char>(text.front());
    const std::size_t length = first < 0x80             ? 1
                               : (first & 0xe0) == 0xc0 ? 2
                               : (first & 0xf0) == 0xe0 ? 3
                               : (first & 0xf8) == 0xf0 ? 4
                                                        : 0;
    if (length == 0 || text.size() < length) {
        return std::nullopt;
    }
    char32_t character = length == 1 ? first : first & (0xffU >> (length + 1));
    for (std::size_t at = 1; at < length; ++at) {
        const auto next = static_cast<unsigned char>(text[at]);
        if ((next & 0xc0) != 0x80) {
            return std::nullopt;
        }
        character = (character << 6) | (next & 0x3fU);
    }
    constexpr std::uint32_t kSmallest[] = {0, 0, 0x80, 0x800, 0x10000};
    const bool is_surrogate = character >= 0xd800 && character <= 0xdfff;
    if (character < kSmallest[length] || is_surrogate || character > 0x10ffff) {
        return std::nullopt;
    }
    return std::pair{length, character};
}

// Changes the direction of what follows, on a terminal that knows of it.
bool turns_text(char32_t character) {
    return (character >= 0x202a && character <= 0x202e) || (character >= 0x2066 && character <= 0x2069) ||
           character == 0x200e || character == 0x200f;
}

struct Glyph {
    std::string_view bytes;
    std::size_t columns;
};

// Until it returns false.
void each_glyph(std::string_view text, const std::function<bool(const Glyph &)> &take) {
    while (!text.empty()) {
        const auto decoded = decode(text);
        const auto length = decoded ? decoded->first : 1;
        const int width = decoded && !turns_text(decoded->second) ? width_of(decoded->second) : -1;
        if (!take(width < 0 ? Glyph{"?", 1} : Glyph{text.substr(0, length), static_cast<std::size_t>(width)})) {
            return;
        }
        text.remove_prefix(length);
    }
}

}  // namespace

std::size_t display_width(std::string_view text) {
    std::size_t columns = 0;
    each_glyph(text, [&](const Glyph &glyph) {
        columns += glyph.columns;
        return true;
    });
    return columns;
}

std::size_t sequence_length(std::string_view text) {
    const auto decoded = text.empty() ? std::nullopt : decode(text);
    return decoded ? decoded->first : 0;
}

std::string printable(std::string_view text) {
    std::string shown;
    each_glyph(text, [&](const Glyph &glyph) {
        shown += glyph.bytes;
        return true;
    });
    return shown;
}

std::string cut(std::string_view text, std::size_t columns) {
    if (display_width(text) <= columns) {
        return printable(text);
    }
    if (columns == 0) {
        return {};
    }
    std::string shown;
    std::size_t used = 0;
    each_glyph(text, [&](const Glyph &glyph) {
        if (used + glyph.columns > columns - 1) {
            return false;
        }
        shown += glyph.bytes;
        used += glyph.columns;
        return true;
    });
    return shown + "…";
}

std::string left(std::string_view text, std::size_t columns) {
    auto shown = cut(text, columns);
    return shown + std::string(columns - display_width(shown), ' ');
}

std::string right(std::string_view text, std::size_t columns) {
    const auto shown = cut(text, columns);
    return std::string(columns - display_width(shown), ' ') + shown;
}

std::vector<std::string> wrap(std::string_view text, std::size_t columns) {
    std::vector<std::string> lines{""};
    std::size_t used = 0;
    const auto next_line = [&] {
        lines.emplace_back();
        used = 0;
    };
    while (!text.empty()) {
        if (text.front() == '\n') {
            next_line();
        }
        if (text.front() == ' ' || text.front() == '\n') {
            text.remove_prefix(1);
            continue;
        }
        const auto word = text.substr(0, text.find_first_of(" \n"));
        text.remove_prefix(word.size());
        const auto width = display_width(word);
        if (used > 0 && used + 1 + width > columns) {
            next_line();
        }
        if (used > 0) {
            lines.back() += ' ';
            ++used;
        }
        each_glyph(word, [&](const Glyph &glyph) {
            if (used > 0 && used + glyph.columns > columns) {
                next_line();
            }
            lines.back() += glyph.bytes;
            used += glyph.columns;
            return true;
        });
    }
    return lines;
}

std::string duration(double seconds) {
    seconds = std::max(seconds, 0.0);
    if (seconds < 9.95) {
        return fmt::format("{:.1f} s", seconds);
    }
    const auto whole = std::llround(seconds);
    if (whole < 60) {
        return fmt::format("{} s", whole);
    }
    if (whole < 3600) {
        return fmt::format("{} min {:02} s", whole / 60, whole % 60);
    }
    return fmt::format("{} h {:02} min", whole / 3600, whole / 60 % 60);
}

}  // namespace pgaf
