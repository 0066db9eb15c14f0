#include "core/hba_text.hpp"

#include <cstddef>

namespace pgaf::hba {

namespace {

// As deep as PostgreSQL goes.
constexpr int kDeepestInclusion = 10;

bool is_blank(char character) {
    return character == ' ' || character == '\t' || character == '\r';
}

struct Scanned {
    Token token;
    bool comma_follows = false;
};

// The next token, which the line is advanced past; nothing at the end or before a comment. A quote
// may open and close within a token, and two of them inside of quotes are one.
std::optional<Scanned> take_token(std::string_view &line) {
    while (!line.empty() && (is_blank(line.front()) || line.front() == ',')) {
        line.remove_prefix(1);
    }
    Scanned scanned;
    bool in_quotes = false;
    bool just_closed = false;
    bool any_quote = false;
    while (!line.empty() && (in_quotes || !is_blank(line.front()))) {
        const char character = line.front();
        if (!in_quotes && character == '#') {
            line = {};
            break;
        }
        if (!in_quotes && character == ',') {
            scanned.comma_follows = true;
            break;
        }
        line.remove_prefix(1);
        if (character != '"') {
            scanned.token.text += character;
            just_closed = false;
            continue;
        }
        if (!in_quotes && just_closed) {
            scanned.token.text += '"';
        }
        just_closed = in_quotes;
        in_quotes = !in_quotes;
        any_quote = true;
        if (scanned.token.text.empty()) {
            scanned.token.quoted = true;
        }
    }
    if (!any_quote && scanned.token.text.empty()) {
        return std::nullopt;
    }
    return scanned;
}

std::string beside(const std::string &path, const std::string &name) {
    if (name.starts_with('/')) {
        return name;
    }
    const auto slash = path.rfind('/');
    return slash == std::string::npos ? name : path.substr(0, slash + 1) + name;
}

std::optional<std::vector<Field>> fields_at_depth(std::string_view line, const std::string &path,
                                                  const ReadFile &read_file, int depth);

// Appends every token of a file that a field names with @.
bool append_file(Field &field, const std::string &path, const ReadFile &read_file, int depth) {
    const auto text = depth > kDeepestInclusion ? std::nullopt : read_file(path);
    if (!text) {
        return false;
    }
    for (const auto &[number, line] : logical_lines(*text)) {
        const auto fields = fields_at_depth(line, path, read_file, depth);
        if (!fields) {
            return false;
        }
        for (const auto &included : *fields) {
            field.insert(field.end(), included.begin(), included.end());
        }
    }
    return true;
}

std::optional<std::vector<Field>> fields_at_depth(std::string_view line, const std::string &path,
                                                  const ReadFile &read_file, int depth) {
    std::vector<Field> fields;
    while (!line.empty()) {
        Field field;
        bool more = true;
        while (more) {
            const auto scanned = take_token(line);
            if (!scanned) {
                break;
            }
            const auto &token = scanned->token;
            if (!token.quoted && token.text.size() > 1 && token.text.starts_with('@')) {
                if (!append_file(field, beside(path, token.text.substr(1)), read_file, depth + 1)) {
                    return std::nullopt;
                }
            } else {
                field.push_back(token);
            }
            more = scanned->comma_follows;
        }
        if (!field.empty()) {
            fields.push_back(std::move(field));
        }
    }
    return fields;
}

}  // namespace

std::map<int, std::string> logical_lines(std::string_view text) {
    std::map<int, std::string> lines;
    int number = 1;
    while (!text.empty()) {
        std::string line;
        int physical = 0;
        bool continued = true;
        while (continued && !text.empty()) {
            const auto end = text.find('\n');
            const auto joined = line.size();
            line += text.substr(0, end);
            text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
            ++physical;
            while (!line.empty() && line.back() == '\r') {
                line.pop_back();
            }
            // Only a backslash of this line's own continues it, not one that was joined before.
            continued = line.size() > joined && line.back() == '\\';
            if (continued) {
                line.pop_back();
            }
        }
        lines.emplace(number, std::move(line));
        number += physical;
    }
    return lines;
}

std::optional<std::vector<Field>> fields_of(std::string_view line, const std::string &path, const ReadFile &read_file) {
    return fields_at_depth(line, path, read_file, 0);
}

std::string quote_token(std::string_view name) {
    std::string quoted = "\"";
    for (const char character : name) {
        if (character == '"') {
            quoted += '"';
        }
        quoted += character;
    }
    return quoted + '"';
}

}  // namespace pgaf::hba
