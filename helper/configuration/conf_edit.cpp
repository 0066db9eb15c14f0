#include "configuration/conf_edit.hpp"

#include <algorithm>
#include <array>
#include <cctype>

#include "configuration/conf_includes.hpp"

namespace pgaf {

namespace {

struct Renamed {
    std::string_view before;
    std::string_view after;
    int since;
};

constexpr std::array<Renamed, 1> kRenamed{{{"force_parallel_mode", "debug_parallel_query", 16}}};

std::size_t length_of_line(std::string_view text) {
    return std::min(text.find('\n'), text.size());
}

}  // namespace

std::string quoted_setting(std::string_view value) {
    std::string text = "'";
    for (const char character : value) {
        if (character == '\'' || character == '\\') {
            text += character;
        }
        text += character;
    }
    return text + "'";
}

std::vector<LineChange> changes_of_lines(std::string_view text, const ParameterChanges &changes) {
    std::vector<LineChange> found;
    for (std::size_t number = 1; !text.empty(); ++number) {
        const auto line = text.substr(0, length_of_line(text));
        const auto name = parameter_of(line);
        if (const auto removed = changes.removed.find(name); removed != changes.removed.end()) {
            found.push_back(
                {number, std::string(line), "#" + std::string(line) + "  # pgaf_upgrade: " + removed->second});
        } else if (const auto renamed = changes.renamed.find(name); renamed != changes.renamed.end()) {
            // The name may be written in capitals: its place counts, not its letters.
            const auto at = line.find_first_not_of(" \t");
            found.push_back({number, std::string(line),
                             std::string(line.substr(0, at)) + renamed->second +
                                 std::string(line.substr(at + renamed->first.size()))});
        }
        text.remove_prefix(std::min(line.size() + 1, text.size()));
    }
    return found;
}

std::vector<LineChange> added_lines(const ParameterChanges &changes) {
    std::vector<LineChange> added;
    for (const auto &[name, value] : changes.set) {
        added.push_back({0, "", name + " = " + quoted_setting(value)});
    }
    return added;
}

std::string apply_changes(std::string_view text, const std::vector<LineChange> &changes) {
    std::string result;
    for (std::size_t number = 1; !text.empty(); ++number) {
        const auto line = text.substr(0, length_of_line(text));
        const auto change = std::ranges::find(changes, number, &LineChange::line);
        result += change == changes.end() ? line : std::string_view(change->after);
        if (line.size() < text.size()) {
            result += '\n';
        }
        text.remove_prefix(std::min(line.size() + 1, text.size()));
    }
    for (const auto &change : changes) {
        if (change.line == 0) {
            if (!result.empty() && result.back() != '\n') {
                result += '\n';
            }
            result += change.after + '\n';
        }
    }
    return result;
}

std::string_view new_name_of(std::string_view parameter, int major) {
    const auto *const found = std::ranges::find(kRenamed, parameter, &Renamed::before);
    return found != kRenamed.end() && major >= found->since ? found->after : std::string_view{};
}

}  // namespace pgaf
