#include "system/secrets.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <optional>

#include "system/digest.hpp"

namespace pgaf {

namespace {

constexpr std::array<std::string_view, 5> kCommands{"archive_command", "restore_command", "recovery_end_command",
                                                    "archive_cleanup_command", "ssl_passphrase_command"};
constexpr std::array<std::string_view, 4> kPasswords{"password", "passwd", "secret", "secrets"};
constexpr std::string_view kFailedCommand = "archive command was: ";

enum class Kind { Plain, Command, Password };

bool is_of_word(char character) {
    return std::isalnum(static_cast<unsigned char>(character)) != 0 || character == '_';
}

Kind kind_of(std::string_view word) {
    std::string name(word);
    std::ranges::transform(name, name.begin(), [](unsigned char letter) { return std::tolower(letter); });
    const auto ends_name = [&](std::string_view end) { return name.ends_with(end); };
    if (name.ends_with("conninfo") || std::ranges::find(kCommands, name) != kCommands.end()) {
        return Kind::Command;
    }
    return std::ranges::any_of(kPasswords, ends_name) ? Kind::Password : Kind::Plain;
}

// What stands in the place of a value. An empty one tells nothing, and one that is hidden already is left.
std::string hidden(std::string_view value, std::string_view as_written) {
    constexpr std::size_t kDigits = 12;
    if (value.empty() || value.starts_with("(hidden)") || value.starts_with("(SHA-256 ")) {
        return std::string(as_written);
    }
    return "(SHA-256 " + sha256_of(value).substr(0, kDigits) + "…)";
}

class Line {
  public:
    explicit Line(std::string_view text) : text_(text) {}

    std::string shown() {
        while (at_ < text_.size()) {
            if (take_failed_command() || take_address()) {
                continue;
            }
            if (!is_of_word(text_[at_])) {
                shown_ += text_[at_++];
                continue;
            }
            const auto begin = at_;
            while (at_ < text_.size() && is_of_word(text_[at_])) {
                ++at_;
            }
            const auto word = text_.substr(begin, at_ - begin);
            shown_ += word;
            if (const auto kind = kind_of(word); kind != Kind::Plain) {
                take_value(kind);
            }
        }
        return std::move(shown_);
    }

  private:
    [[nodiscard]] std::size_t behind_blanks(std::size_t at) const {
        return std::min(text_.find_first_not_of(" \t", at), text_.size());
    }

    [[nodiscard]] bool is_at(std::size_t at, std::string_view what) const { return text_.substr(at).starts_with(what); }

    // Where the value begins behind the name: NAME = V, NAME 'V', NAME TO 'V', NAME is V; and as a server's log has it,
    // parameter "NAME": "V" and parameter "NAME" changed to "V".
    [[nodiscard]] std::optional<std::size_t> begin_of_value(Kind kind) const {
        const auto next = behind_blanks(at_);
        if (is_at(next, "=")) {
            return behind_blanks(next + 1);
        }
        if (is_at(at_, "\": \"") || is_at(at_, "\": '")) {
            return at_ + 3;
        }
        if (constexpr std::string_view kChanged = "\" changed to \""; is_at(at_, kChanged)) {
            return at_ + kChanged.size() - 1;
        }
        if (next == at_) {
            return std::nullopt;
        }
        if (is_at(next, "'") || is_at(next, "\"")) {
            return next;
        }
        for (const std::string_view word : {"TO ", "to "}) {
            if (is_at(next, word) && is_at(behind_blanks(next + word.size()), "'")) {
                return behind_blanks(next + word.size());
            }
        }
        if (kind == Kind::Command && is_at(next, "is ")) {
            return behind_blanks(next + 3);
        }
        return std::nullopt;
    }

    void take_value(Kind kind) {
        const auto begin = begin_of_value(kind);
        if (!begin) {
            return;
        }
        shown_ += text_.substr(at_, *begin - at_);
        at_ = *begin;
        std::string value;
        if (is_at(at_, "'")) {
            value = quoted();
            // a comment behind it may hold an older one
            if (kind == Kind::Command && is_at(behind_blanks(at_), "#")) {
                at_ = text_.size();
            }
        } else if (const auto last = text_.rfind('"'); is_at(at_, "\"") && last > at_) {
            value = text_.substr(at_ + 1, last - at_ - 1);
            at_ = last + 1;
        } else {
            at_ = kind == Kind::Command ? text_.size() : std::min(text_.find_first_of(" \t", at_), text_.size());
            value = text_.substr(*begin, at_ - *begin);
        }
        shown_ += hidden(value, text_.substr(*begin, at_ - *begin));
    }

    // As in postgresql.conf: '' and \' are quotes. What is not closed goes to the end of the line.
    std::string quoted() {
        std::string value;
        for (++at_; at_ < text_.size(); ++at_) {
            const bool is_pair = is_at(at_, "''") || (text_[at_] == '\\' && at_ + 1 < text_.size());
            if (is_pair) {
                ++at_;
            } else if (text_[at_] == '\'') {
                ++at_;
                break;
            }
            value += text_[at_];
        }
        return value;
    }

    bool take_failed_command() {
        if (!is_at(at_, kFailedCommand)) {
            return false;
        }
        const auto value = text_.substr(at_ + kFailedCommand.size());
        shown_ += kFailedCommand;
        shown_ += hidden(value, value);
        at_ = text_.size();
        return true;
    }

    // postgres://user:password@host
    bool take_address() {
        if (!is_at(at_, "://")) {
            return false;
        }
        shown_ += "://";
        at_ += 3;
        const auto part = text_.substr(at_, text_.find_first_of("/ \t'\"?", at_) - at_);
        const auto colon = part.find(':');
        const auto host = part.rfind('@');
        if (host != std::string_view::npos && colon < host) {
            const auto password = part.substr(colon + 1, host - colon - 1);
            shown_ += part.substr(0, colon + 1);
            shown_ += hidden(password, password);
            at_ += host;
        }
        return true;
    }

    std::string_view text_;
    std::size_t at_ = 0;
    std::string shown_;
};

}  // namespace

std::string without_secrets(std::string_view text) {
    std::string shown;
    for (std::size_t at = 0; at <= text.size();) {
        const auto end = std::min(text.find('\n', at), text.size());
        shown += Line(text.substr(at, end - at)).shown();
        if (end < text.size()) {
            shown += '\n';
        }
        at = end + 1;
    }
    return shown;
}

}  // namespace pgaf
