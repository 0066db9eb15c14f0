#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

// The text of pg_hba.conf as PostgreSQL cuts it into lines, fields and tokens.
//
// pg_hba_file_rules is what decides whether a line is valid and what it includes; but it shows a name
// without the quotes that it had in the file, and "all" in quotes is a database of that name while all
// is every database. So the text is read beside the view, for the quotes alone.
namespace pgaf::hba {

struct Token {
    std::string text;
    bool quoted = false;  // from its first character on, which is what takes a keyword's meaning away

    [[nodiscard]] bool is_keyword(std::string_view keyword) const { return !quoted && text == keyword; }
    friend bool operator==(const Token &, const Token &) = default;
};

using Field = std::vector<Token>;  // what commas separate

// The contents of a file; nothing when it cannot be read.
using ReadFile = std::function<std::optional<std::string>(const std::string &path)>;

// The lines by their first line's number, with what a backslash at the end continues.
[[nodiscard]] std::map<int, std::string> logical_lines(std::string_view text);

// The fields of a line without its comment. A token @file is replaced by the tokens of that file,
// relative to the directory of `path`; nothing when one of them cannot be read.
[[nodiscard]] std::optional<std::vector<Field>> fields_of(std::string_view line, const std::string &path,
                                                          const ReadFile &read_file);

// A name as one token that means nothing but itself.
[[nodiscard]] std::string quote_token(std::string_view name);

}  // namespace pgaf::hba
