#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <vector>

// Queries, seen from C++: parameters and results are text, null is nullopt, and the query casts
// ($1::bigint). A query runs in the transaction of the calling function, with a snapshot of its own.
namespace pgaf::pg {

using Text = std::optional<std::string>;

class Row {
  public:
    explicit Row(std::vector<Text> values) : values_(std::move(values)) {}

    [[nodiscard]] const Text &text(std::size_t column) const { return values_.at(column); }
    [[nodiscard]] bool is_null(std::size_t column) const { return !values_.at(column).has_value(); }
    // These throw std::bad_optional_access for a null.
    [[nodiscard]] const std::string &string(std::size_t column) const { return values_.at(column).value(); }
    [[nodiscard]] std::int64_t integer(std::size_t column) const { return std::stoll(string(column)); }
    [[nodiscard]] bool boolean(std::size_t column) const { return string(column) == "t"; }

  private:
    std::vector<Text> values_;
};

using Rows = std::vector<Row>;

// A parameter as text, made from what the store has at hand.
class Param {
  public:
    Param(std::nullopt_t /*none*/) {}
    Param(Text text) : text_(std::move(text)) {}
    Param(std::string text) : text_(std::move(text)) {}
    Param(std::string_view text) : text_(text) {}
    Param(const char *text) : text_(text) {}
    Param(bool value) : text_(value ? "t" : "f") {}
    Param(std::int64_t value) : text_(std::to_string(value)) {}
    Param(int value) : text_(std::to_string(value)) {}
    Param(std::optional<std::int64_t> value) {
        if (value) {
            text_ = std::to_string(*value);
        }
    }

    [[nodiscard]] const Text &text() const { return text_; }

  private:
    Text text_;
};

// Throws PgError. Only inside of a function called through an entry point, which has SPI connected.
Rows query(const char *sql, std::initializer_list<Param> params = {});

}  // namespace pgaf::pg
