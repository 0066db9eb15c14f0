#include "core/json.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>

namespace pgaf::json {

namespace {

constexpr bool is_digit(char character) {
    return character >= '0' && character <= '9';
}

void append_utf8(std::string &text, std::uint32_t code) {
    const auto byte = [&](std::uint32_t value) { text += static_cast<char>(value); };
    const auto rest = [&](unsigned shift) { byte(0x80U | ((code >> shift) & 0x3fU)); };
    if (code < 0x80) {
        byte(code);
    } else if (code < 0x800) {
        byte(0xc0U | (code >> 6U));
        rest(0);
    } else if (code < 0x10000) {
        byte(0xe0U | (code >> 12U));
        rest(6);
        rest(0);
    } else {
        byte(0xf0U | (code >> 18U));
        rest(12);
        rest(6);
        rest(0);
    }
}

class Parser {
  public:
    Parser(std::string_view text, std::size_t max_depth) : text_(text), max_depth_(max_depth) {}

    std::optional<Value> document() {
        Value value;
        if (!this->value(value, 0)) {
            return std::nullopt;
        }
        skip_blanks();
        return at_ == text_.size() ? std::optional(std::move(value)) : std::nullopt;
    }

  private:
    void skip_blanks() { at_ = std::min(text_.find_first_not_of(" \t\n\r", at_), text_.size()); }

    // The next character that is no blank, if it is this one.
    bool take(char character) {
        skip_blanks();
        if (at_ < text_.size() && text_[at_] == character) {
            ++at_;
            return true;
        }
        return false;
    }

    bool take(std::string_view word) {
        if (!text_.substr(at_).starts_with(word)) {
            return false;
        }
        at_ += word.size();
        return true;
    }

    bool value(Value &value, std::size_t depth) {
        if (take('{')) {
            value.kind = Kind::Object;
            return depth < max_depth_ && members(value, depth + 1);
        }
        if (take('[')) {
            value.kind = Kind::Array;
            return depth < max_depth_ && items(value, depth + 1);
        }
        if (take('"')) {
            value.kind = Kind::String;
            return string(value.text);
        }
        const auto begin = at_;
        if (take("null")) {
            return true;
        }
        if (take("true") || take("false")) {
            value.kind = Kind::Boolean;
        } else if (number()) {
            value.kind = Kind::Number;
        } else {
            return false;
        }
        value.text = text_.substr(begin, at_ - begin);
        return true;
    }

    bool members(Value &object, std::size_t depth) {
        if (take('}')) {
            return true;
        }
        do {
            auto &[key, value] = object.members.emplace_back();
            if (!take('"') || !string(key) || !take(':') || !this->value(value, depth)) {
                return false;
            }
        } while (take(','));
        return take('}');
    }

    bool items(Value &array, std::size_t depth) {
        if (take(']')) {
            return true;
        }
        do {
            if (!value(array.items.emplace_back(), depth)) {
                return false;
            }
        } while (take(','));
        return take(']');
    }

    // Behind its first quote.
    bool string(std::string &text) {
        while (at_ < text_.size()) {
            const char character = text_[at_++];
            if (character == '"') {
                return true;
            }
            if (static_cast<unsigned char>(character) < ' ') {
                return false;
            }
            if (character != '\\') {
                text += character;
            } else if (!escape(text)) {
                return false;
            }
        }
        return false;
    }

    bool escape(std::string &text) {
        constexpr std::string_view kNames = "\"\\/bfnrt";
        constexpr std::string_view kMeant = "\"\\/\b\f\n\r\t";
        if (at_ == text_.size()) {
            return false;
        }
        const char name = text_[at_++];
        if (const auto place = kNames.find(name); place != std::string_view::npos) {
            text += kMeant[place];
            return true;
        }
        auto code = name == 'u' ? unit() : std::nullopt;
        if (!code || (*code >= 0xdc00 && *code <= 0xdfff)) {
            return false;
        }
        if (*code >= 0xd800 && *code <= 0xdbff) {
            const auto low = take("\\u") ? unit() : std::nullopt;
            if (!low || *low < 0xdc00 || *low > 0xdfff) {
                return false;
            }
            code = 0x10000 + ((*code - 0xd800) << 10U) + (*low - 0xdc00);
        }
        append_utf8(text, *code);
        return true;
    }

    // Four hexadecimal digits.
    std::optional<std::uint32_t> unit() {
        constexpr std::size_t kDigits = 4;
        std::uint32_t code = 0;
        const auto digits = text_.substr(at_, kDigits);
        const auto *const end = digits.data() + digits.size();
        if (digits.size() < kDigits || std::from_chars(digits.data(), end, code, 16).ptr != end) {
            return std::nullopt;
        }
        at_ += kDigits;
        return code;
    }

    bool digits() {
        const auto begin = at_;
        while (at_ < text_.size() && is_digit(text_[at_])) {
            ++at_;
        }
        return at_ > begin;
    }

    bool number() {
        take("-");
        const bool has_leading_zero = take("0");
        if (!has_leading_zero && !digits()) {
            return false;
        }
        if (take(".") && !digits()) {
            return false;
        }
        if (take("e") || take("E")) {
            if (!take("+")) {
                take("-");
            }
            return digits();
        }
        return true;
    }

    std::string_view text_;
    std::size_t max_depth_;
    std::size_t at_ = 0;
};

}  // namespace

const Value *Value::find(std::string_view key) const {
    const auto found = std::ranges::find(members, key, &std::pair<std::string, Value>::first);
    return found == members.end() ? nullptr : &found->second;
}

std::optional<Value> parse(std::string_view text, std::size_t max_depth) {
    return Parser(text, max_depth).document();
}

}  // namespace pgaf::json
