#include "configuration/conf_includes.hpp"

#include <cctype>
#include <optional>
#include <utility>

namespace pgaf {

namespace {

bool is_space(char character) {
    return std::isspace(static_cast<unsigned char>(character)) != 0;
}

void skip_spaces(std::string_view &line) {
    while (!line.empty() && is_space(line.front())) {
        line.remove_prefix(1);
    }
}

// A quoted value: '' and \' stand for a quote, as in PostgreSQL's own scanner.
std::string take_value(std::string_view &line) {
    std::string value;
    if (line.starts_with('\'')) {
        line.remove_prefix(1);
        while (!line.empty()) {
            const char character = line.front();
            line.remove_prefix(1);
            if ((character == '\'' || character == '\\') && !line.empty() && line.front() == '\'') {
                value += '\'';
                line.remove_prefix(1);
            } else if (character == '\'') {
                break;
            } else {
                value += character;
            }
        }
        return value;
    }
    while (!line.empty() && !is_space(line.front()) && line.front() != '#') {
        value += line.front();
        line.remove_prefix(1);
    }
    return value;
}

// name = value, the sign may be absent.
std::optional<std::pair<std::string, std::string>> parse_assignment(std::string_view line) {
    skip_spaces(line);
    std::string name;
    while (!line.empty() && !is_space(line.front()) && line.front() != '=' && line.front() != '#') {
        name += static_cast<char>(std::tolower(static_cast<unsigned char>(line.front())));
        line.remove_prefix(1);
    }
    if (name.empty()) {
        return std::nullopt;
    }
    skip_spaces(line);
    if (line.starts_with('=')) {
        line.remove_prefix(1);
        skip_spaces(line);
    }
    return std::pair{name, take_value(line)};
}

template <typename Visitor>
void each_line(std::string_view text, Visitor visit) {
    while (!text.empty()) {
        const auto end = text.find('\n');
        visit(text.substr(0, end));
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    }
}

}  // namespace

std::vector<std::string> included_files(std::string_view postgresql_conf) {
    std::vector<std::string> files;
    each_line(postgresql_conf, [&files](std::string_view line) {
        auto assignment = parse_assignment(line);
        if (assignment && !assignment->second.empty() &&
            (assignment->first == "include" || assignment->first == "include_if_exists" ||
             assignment->first == "include_dir")) {
            files.push_back(std::move(assignment->second));
        }
    });
    return files;
}

std::vector<std::string> files_named_with_at(std::string_view access_file) {
    std::vector<std::string> files;
    each_line(access_file, [&files](std::string_view line) {
        bool begins_token = true;
        while (!line.empty() && line.front() != '#') {
            const char character = line.front();
            line.remove_prefix(1);
            if (begins_token && character == '@') {
                std::string file;
                const bool quoted = line.starts_with('"');
                if (quoted) {
                    line.remove_prefix(1);
                }
                while (!line.empty() &&
                       (quoted ? line.front() != '"' : !is_space(line.front()) && line.front() != ',')) {
                    file += line.front();
                    line.remove_prefix(1);
                }
                if (!file.empty()) {
                    files.push_back(std::move(file));
                }
            }
            begins_token = is_space(character) || character == ',';
        }
    });
    return files;
}

std::string last_value_of(std::string_view postgresql_conf, std::string_view parameter) {
    std::string value;
    each_line(postgresql_conf, [&](std::string_view line) {
        auto assignment = parse_assignment(line);
        if (assignment && assignment->first == parameter) {
            value = std::move(assignment->second);
        }
    });
    return value;
}

std::map<std::string, std::string> settings_of(std::string_view postgresql_conf) {
    std::map<std::string, std::string> settings;
    each_line(postgresql_conf, [&settings](std::string_view line) {
        if (auto assignment = parse_assignment(line)) {
            settings[assignment->first] = std::move(assignment->second);
        }
    });
    return settings;
}

std::string parameter_of(std::string_view line) {
    auto assignment = parse_assignment(line);
    return assignment ? std::move(assignment->first) : std::string();
}

}  // namespace pgaf
