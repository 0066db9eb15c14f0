#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "system/error.hpp"

namespace pgaf {

// A JSON object that another program has made, or one inside it. What is missing or of another type than it is read as
// is an error that names it: `the monitor's answer has no "node.role"`.
class Document {
  public:
    // `whose` is what errors call it, "the monitor's answer". The value is not copied. Throws HelperError(Internal)
    // where it is no object.
    Document(const nlohmann::json &value, std::string whose);

    [[nodiscard]] Document object(const char *key) const;
    [[nodiscard]] std::vector<Document> objects(const char *key) const;  // of a list
    [[nodiscard]] std::vector<std::string> texts(const char *key) const;

    [[nodiscard]] std::string text(const char *key) const;
    [[nodiscard]] std::int64_t integer(const char *key) const;
    [[nodiscard]] int small_integer(const char *key) const;  // one that fits
    [[nodiscard]] double number(const char *key) const;
    [[nodiscard]] bool boolean(const char *key) const;

    // Nothing where it is null. It may be missing only where that is said.
    [[nodiscard]] std::optional<std::string> maybe_text(const char *key) const;
    [[nodiscard]] std::optional<std::int64_t> maybe_integer(const char *key) const;
    [[nodiscard]] std::optional<int> maybe_small_integer(const char *key) const;
    [[nodiscard]] std::optional<double> maybe_number(const char *key) const;
    [[nodiscard]] bool has(const char *key) const;  // and it is not null

    // A name of a table of core's, by that table's parse function.
    template <typename Parse>
    [[nodiscard]] auto named(const char *key, const Parse &parse) const {
        const auto name = text(key);
        const auto value = parse(name);
        if (!value) {
            refuse_name(key, name);
        }
        return *value;
    }
    [[noreturn]] void refuse_name(const char *key, const std::string &name) const;

  private:
    Document(const nlohmann::json &value, std::string whose, std::string path);

    [[nodiscard]] const nlohmann::json &at(const char *key) const;
    [[nodiscard]] std::string path_of(const char *key) const;
    [[noreturn]] void refuse_type(const char *key, const nlohmann::json &value, const char *wanted) const;

    const nlohmann::json *value_;
    std::string whose_;
    std::string path_;  // of this object, with a dot behind it; empty for the whole
};

// Parses the text, and gives it to `read` as a Document. Throws HelperError(Internal) where it is no JSON.
void read_document(std::string_view text, const std::string &whose, const std::function<void(const Document &)> &read);

// The text, with what in it is no UTF-8 replaced: a server's own words may be of another encoding, and neither JSON nor
// a monitor's database takes those.
[[nodiscard]] std::string as_utf8(const std::string &text);

// JSON as as_utf8() would have each of its texts.
[[nodiscard]] std::string dumped(const nlohmann::json &value, int indent = -1);

// What is said of an answer that this program cannot read.
inline constexpr const char *kOtherVersion =
    "Install the same version of pgaf-upgrade on every node, and of the extension on the monitor.";

}  // namespace pgaf
