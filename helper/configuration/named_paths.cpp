#include "configuration/named_paths.hpp"

#include <algorithm>
#include <set>

#include "configuration/cluster_entries.hpp"
#include "node/server_environment.hpp"

namespace fs = std::filesystem;

namespace pgaf {

namespace {

// Only texts can name a path. What names a part of the configuration is looked at by configured_files().
constexpr const char *kTexts =
    "SELECT name, setting, name ~ '_command$' OR name = 'log_directory' AS is_relative FROM pg_catalog.pg_settings"
    " WHERE vartype = 'string' AND setting <> '' AND name NOT IN"
    " ('config_file', 'data_directory', 'external_pid_file', 'hba_file', 'ident_file', 'krb_server_keyfile',"
    "  'ssl_ca_file', 'ssl_cert_file', 'ssl_crl_dir', 'ssl_crl_file', 'ssl_dh_params_file',"
    "  'ssl_key_file') ORDER BY name";

constexpr std::string_view kBetweenWords = " \t\r\n'\"`;|&<>()=:,";

void add_words(std::string_view text, std::set<std::string> &words) {
    for (std::size_t begin = 0; begin < text.size();) {
        const auto end = std::min(text.find_first_of(kBetweenWords, begin), text.size());
        words.emplace(text.substr(begin, end - begin));
        begin = end + 1;
    }
}

// The words of a text, as "$PGDATA"/x is one for a shell, and what is in quotes as a whole: a name may have blanks in
// it.
std::set<std::string> words_of(std::string_view text) {
    std::set<std::string> words;
    add_words(text, words);
    std::string unquoted(text);
    std::erase_if(unquoted, [](char character) { return character == '"' || character == '\''; });
    add_words(unquoted, words);
    for (const char quote : {'\'', '"'}) {
        for (auto begin = text.find(quote); begin != std::string_view::npos;) {
            const auto end = text.find(quote, begin + 1);
            if (end == std::string_view::npos) {
                break;
            }
            words.emplace(text.substr(begin + 1, end - begin - 1));
            begin = text.find(quote, end + 1);
        }
    }
    words.erase("");
    return words;
}

std::string without_variable(std::string word, const fs::path &root) {
    for (const std::string_view variable : {"${PGDATA}", "$PGDATA"}) {
        if (word.starts_with(variable)) {
            return root.string() + word.substr(variable.size());
        }
    }
    return word;
}

// Up to a part that is filled in when the command is run.
fs::path known_part(const fs::path &path) {
    fs::path known;
    for (const auto &part : path) {
        if (part.string().find('%') != std::string::npos) {
            return known;
        }
        known /= part;
    }
    return known;
}

}  // namespace

std::vector<fs::path> paths_named_in(std::string_view text, const std::vector<fs::path> &roots, bool is_command) {
    std::set<fs::path> names;
    for (const auto &word : words_of(text)) {
        for (const auto &root : roots) {
            const auto path = known_part(without_variable(word, root));
            if (path.empty() || (path.is_relative() && (!is_command || word.starts_with('-')))) {
                continue;
            }
            auto name = (root / path).lexically_normal().lexically_relative(root);
            if (!name.has_filename()) {
                name = name.parent_path();
            }
            if (!name.empty() && name != "." && *name.begin() != "..") {
                names.insert(std::move(name));
            }
        }
    }
    return {names.begin(), names.end()};
}

std::vector<NamedPath> paths_named_by_settings(const Node &node, Connection &server) {
    std::vector<NamedPath> found;
    std::set<fs::path> seen;
    const auto add = [&](const std::string &setting, std::string_view text, bool is_relative) {
        for (const auto &name : paths_named_in(text, {node.pgdata, node.data_dir}, is_relative)) {
            std::error_code none;
            if (fs::exists(fs::symlink_status(node.data_dir / name, none)) && seen.insert(name).second) {
                found.push_back({setting, name});
            }
        }
    };
    const auto rows = server.query(kTexts);
    for (int row = 0; row < rows.size(); ++row) {
        add(rows.text(row, "name"), rows.text(row, "setting"), rows.text(row, "is_relative") == "t");
    }
    for (const auto &variable : server_environment(node)) {
        const auto equals = std::min(variable.find('='), variable.size() - 1);
        add(variable.substr(0, equals), std::string_view(variable).substr(equals + 1), false);
    }
    return found;
}

bool is_in_cluster(const fs::path &name) {
    const auto top = name.begin()->string();
    return is_cluster_directory(top) || is_cluster_file(top);
}

}  // namespace pgaf
