#include "migrate/statements.hpp"

#include <algorithm>
#include <cctype>

namespace pgaf::migrate {

namespace {

bool is_word(char character) {
    return std::isalnum(static_cast<unsigned char>(character)) != 0 || character == '_' ||
           static_cast<unsigned char>(character) >= 0x80;
}

// Where what begins at `at` ends: after the closing quote, or at the end of the text.
std::size_t end_of_quoted(std::string_view text, std::size_t at, bool has_escapes) {
    const char quote = text[at];
    for (++at; at < text.size(); ++at) {
        if (has_escapes && text[at] == '\\') {
            ++at;
        } else if (text[at] == quote) {
            if (at + 1 < text.size() && text[at + 1] == quote) {
                ++at;
            } else {
                return at + 1;
            }
        }
    }
    return text.size();
}

std::size_t end_of_dollar_quoted(std::string_view text, std::size_t at) {
    auto end_of_tag = at + 1;
    while (end_of_tag < text.size() && is_word(text[end_of_tag])) {
        ++end_of_tag;
    }
    const bool is_parameter = at + 1 < text.size() && std::isdigit(static_cast<unsigned char>(text[at + 1])) != 0;
    if (end_of_tag >= text.size() || text[end_of_tag] != '$' || is_parameter || (at > 0 && is_word(text[at - 1]))) {
        return at + 1;
    }
    const auto tag = text.substr(at, end_of_tag + 1 - at);
    const auto end = text.find(tag, end_of_tag + 1);
    return end == std::string_view::npos ? text.size() : end + tag.size();
}

// The name that a statement goes on with, without its quotes.
std::string name_at(std::string_view text, std::size_t at) {
    while (at < text.size() && text[at] == ' ') {
        ++at;
    }
    if (at < text.size() && text[at] == '"') {
        const auto quoted = text.substr(at, end_of_quoted(text, at, false) - at);
        std::string name;
        for (std::size_t inside = 1; inside + 1 < quoted.size(); ++inside) {
            name += quoted[inside];
            inside += quoted[inside] == '"' ? 1 : 0;
        }
        return name;
    }
    const auto begin = at;
    while (at < text.size() && (is_word(text[at]) || text[at] == '$')) {
        ++at;
    }
    return std::string(text.substr(begin, at - begin));
}

bool is_of_pg_auto_failover(const std::string &role) {
    return role == "pgautofailover_monitor" || role == "pgautofailover_replicator";
}

}  // namespace

std::vector<std::string> statements_of(std::string_view script) {
    std::vector<std::string> found;
    std::size_t at = 0;
    while (at < script.size()) {
        if (std::isspace(static_cast<unsigned char>(script[at])) != 0) {
            ++at;
            continue;
        }
        // between two statements
        if (script[at] == '\\' || script.substr(at).starts_with("--")) {
            at = std::min(script.find('\n', at), script.size());
            continue;
        }
        const auto begin = at;
        while (at < script.size() && script[at] != ';') {
            if (script[at] == '\'') {
                const bool has_escapes = at > begin && (script[at - 1] == 'E' || script[at - 1] == 'e') &&
                                         (at - 1 == begin || !is_word(script[at - 2]));
                at = end_of_quoted(script, at, has_escapes);
            } else if (script[at] == '"') {
                at = end_of_quoted(script, at, false);
            } else if (script[at] == '$') {
                at = end_of_dollar_quoted(script, at);
            } else if (script.substr(at).starts_with("--")) {
                at = std::min(script.find('\n', at), script.size());
            } else {
                ++at;
            }
        }
        if (at > begin) {
            found.emplace_back(script.substr(begin, at - begin));
        }
        ++at;
    }
    return found;
}

std::vector<std::string> globals_to_apply(const std::vector<std::string> &statements,
                                          const std::set<std::string> &roles,
                                          const std::set<std::string> &tablespaces) {
    constexpr std::string_view kCreateRole = "CREATE ROLE ";
    constexpr std::string_view kAlterRole = "ALTER ROLE ";
    constexpr std::string_view kCreateTablespace = "CREATE TABLESPACE ";
    std::vector<std::string> wanted;
    std::ranges::copy_if(statements, std::back_inserter(wanted), [&](const std::string &statement) {
        if (statement.starts_with(kCreateRole)) {
            const auto name = name_at(statement, kCreateRole.size());
            return !roles.contains(name) && !is_of_pg_auto_failover(name);
        }
        if (statement.starts_with(kAlterRole)) {
            return !is_of_pg_auto_failover(name_at(statement, kAlterRole.size()));
        }
        if (statement.starts_with(kCreateTablespace)) {
            return !tablespaces.contains(name_at(statement, kCreateTablespace.size()));
        }
        return true;
    });
    return wanted;
}

std::vector<std::string> about_the_database(const std::vector<std::string> &statements) {
    std::vector<std::string> wanted;
    std::ranges::copy_if(statements, std::back_inserter(wanted), [](const std::string &statement) {
        const auto first_line = statement.substr(0, statement.find('\n'));
        return statement.starts_with("ALTER DATABASE ") || statement.starts_with("COMMENT ON DATABASE ") ||
               (statement.starts_with("ALTER ROLE ") && first_line.find(" IN DATABASE ") != std::string::npos) ||
               ((statement.starts_with("GRANT ") || statement.starts_with("REVOKE ")) &&
                first_line.find(" ON DATABASE ") != std::string::npos);
    });
    return wanted;
}

std::string quote_identifier(std::string_view name) {
    std::string quoted = "\"";
    for (const char character : name) {
        quoted += character == '"' ? std::string("\"\"") : std::string(1, character);
    }
    return quoted + "\"";
}

}  // namespace pgaf::migrate
