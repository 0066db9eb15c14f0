#include "view/text.hpp"

#include <algorithm>
#include <clocale>
#include <cmath>
#include <cwchar>
#include <functional>
#include <memory>
#include <type_traits>

#include <fmt/format.h>

#include "system/shown.hpp"

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

struct Glyph {
    std::string_view bytes;
    std::size_t columns;
};

// Until it returns false.
void each_glyph(std::string_view text, const std::function<bool(const Glyph &)> &take) {
    while (!text.empty()) {
        const auto character = character_of(text);
        const auto length = std::max<std::size_t>(character.bytes, 1);
        const int width = character.bytes == 0 || is_control(character.number) ? -1 : width_of(character.number);
        const auto instead = width >= 0 ? "" : character.bytes == 0 ? seen_byte(text.front()) : seen(character.number);
        if (!take(width < 0 ? Glyph{instead, instead.size()}
                            : Glyph{text.substr(0, length), static_cast<std::size_t>(width)})) {
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
    return character_of(text).bytes;
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
