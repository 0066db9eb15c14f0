#include "core/claims.hpp"

#include <array>
#include <charconv>
#include <cstdint>
#include <utility>

#include "core/errors.hpp"

namespace pgaf::claims {

namespace {

constexpr const char *kNothingRecorded =
    "Nothing was recorded. The pgaf-upgrade of this version sends nothing like it.";

// As UTF-8 has them; other encodings have no character of these bytes.
constexpr std::array<std::string_view, 16> kMarks{"\u061c", "\u200e", "\u200f", "\u2028", "\u2029", "\u202a",
                                                  "\u202b", "\u202c", "\u202d", "\u202e", "\u2066", "\u2067",
                                                  "\u2068", "\u2069", "\ufeff", "\ufff9"};

constexpr std::string_view kDigits = "0123456789abcdef";

Seen seen(char kind, unsigned digits, unsigned number, std::size_t bytes) {
    Seen result{.text = {'\\', kind}, .bytes = bytes};
    for (unsigned digit = 0; digit < digits; ++digit) {
        result.text.at(2 + digit) = kDigits[(number >> (4 * (digits - 1 - digit))) & 0xfU];
    }
    return result;
}

void require_plain(std::string_view what, std::string_view text, std::size_t limit) {
    require_at_most(what, text.size(), limit);
    if (text.find_first_not_of(' ') == std::string_view::npos) {
        refuse(std::string(what) + " is empty");
    }
    if (!is_plain(text)) {
        refuse(std::string(what) + " has control characters");
    }
}

// Takes the parts of a time off the front of its text.
class TimeText {
  public:
    explicit TimeText(std::string_view text) : text_(text) {}

    [[nodiscard]] bool is_at_end() const { return text_.empty(); }

    bool take(std::string_view characters) {
        if (text_.empty() || characters.find(text_.front()) == std::string_view::npos) {
            return false;
        }
        text_.remove_prefix(1);
        return true;
    }

    // A number of so many digits.
    bool take(std::size_t digits, int lowest, int highest, int &number) {
        const auto part = text_.substr(0, digits);
        const auto *const end = part.data() + part.size();
        if (part.size() < digits || part.front() == '-' || std::from_chars(part.data(), end, number).ptr != end) {
            return false;
        }
        text_.remove_prefix(digits);
        return number >= lowest && number <= highest;
    }

    void take_fraction() {
        while (take("0123456789")) {
        }
    }

  private:
    std::string_view text_;
};

constexpr int days_in(int year, int month) {
    constexpr std::array<int, 12> kDays{31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    const bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return month == 2 && is_leap ? 29 : kDays.at(static_cast<std::size_t>(month) - 1);
}

bool is_date(TimeText &text) {
    int year = 0;
    int month = 0;
    int day = 0;
    return text.take(4, 2000, 9999, year) && text.take("-") && text.take(2, 1, 12, month) && text.take("-") &&
           text.take(2, 1, 31, day) && day <= days_in(year, month);
}

bool is_clock(TimeText &text) {
    int number = 0;
    if (!text.take(2, 0, 23, number) || !text.take(":") || !text.take(2, 0, 59, number) || !text.take(":") ||
        !text.take(2, 0, 59, number)) {
        return false;
    }
    if (text.take(".")) {
        text.take_fraction();
    }
    return true;
}

bool is_zone(TimeText &text) {
    int number = 0;
    return text.take("Z") ||
           (text.take("+-") && text.take(2, 0, 14, number) && (!text.take(":") || text.take(2, 0, 59, number)));
}

bool is_time(std::string_view given) {
    TimeText text(given);
    if (!is_date(text)) {
        return false;
    }
    if (text.is_at_end()) {
        return true;
    }
    return text.take(" T") && is_clock(text) && (text.is_at_end() || is_zone(text)) && text.is_at_end();
}

}  // namespace

void refuse(const std::string &message, std::string hint) {
    throw Error(code::kBadReport, message, hint.empty() ? kNothingRecorded : std::move(hint));
}

void require_at_most(std::string_view what, std::size_t bytes, std::size_t limit) {
    if (bytes > limit) {
        refuse(std::string(what) + " has " + std::to_string(bytes) + " bytes, which is more than " +
               std::to_string(limit));
    }
}

Seen seen_at(std::string_view text, std::size_t at) {
    const auto byte_at = [&](std::size_t place) {
        return place < text.size() ? static_cast<std::uint8_t>(text[place]) : std::uint8_t{0};
    };
    const auto byte = byte_at(at);
    if (byte < 0x20 || byte == 0x7f) {
        return seen('x', 2, byte, 1);
    }
    // U+0080 to U+009F
    if (byte == 0xc2 && byte_at(at + 1) >= 0x80 && byte_at(at + 1) < 0xa0) {
        return seen('x', 2, byte_at(at + 1), 2);
    }
    for (const auto mark : kMarks) {
        if (text.substr(at).starts_with(mark)) {
            const unsigned number = mark.size() == 2 ? ((byte & 0x1fU) << 6U) | (byte_at(at + 1) & 0x3fU)
                                                     : ((byte & 0xfU) << 12U) | ((byte_at(at + 1) & 0x3fU) << 6U) |
                                                           (byte_at(at + 2) & 0x3fU);
            return seen('u', 4, number, mark.size());
        }
    }
    return {};
}

bool is_plain(std::string_view text) {
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (seen_at(text, at).bytes != 0) {
            return false;
        }
    }
    return true;
}

std::string shown(std::string_view text) {
    std::string result;
    for (std::size_t at = 0; at < text.size();) {
        const auto seen = seen_at(text, at);
        if (seen.bytes == 0 || text[at] == '\n' || text[at] == '\t') {
            result += text[at++];
        } else {
            result += seen.text.data();
            at += seen.bytes;
        }
    }
    return result;
}

void require_name(std::string_view what, std::string_view text) {
    require_plain(what, text, kNameLimit);
}

void require_path(std::string_view what, std::string_view text) {
    require_plain(what, text, kPathLimit);
}

std::optional<std::string> require_text(std::string_view what, const std::optional<std::string> &text) {
    if (!text) {
        return std::nullopt;
    }
    require_at_most(what, text->size(), kTextLimit);
    return shown(*text);
}

void require_time(std::string_view what, std::string_view text) {
    require_at_most(what, text.size(), kNameLimit);
    if (!is_time(text)) {
        refuse(std::string(what) + " \"" + std::string(text) + "\" is not a time",
               "Give it as 2026-11-28 20:59:59.123456+00, from the year 2000 on.");
    }
}

}  // namespace pgaf::claims
