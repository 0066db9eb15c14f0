#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// A JSON document, read without a library: the extension has none, and what it reads comes from whoever may log in as
// autoctl_node.
namespace pgaf::json {

enum class Kind { Null, Boolean, Number, String, Array, Object };

struct Value {
    Kind kind = Kind::Null;
    std::string text = {};  // of a string; of a number and a boolean as they are written
    std::vector<Value> items = {};
    std::vector<std::pair<std::string, Value>> members = {};

    // The member of an object; null where there is none, and where this is no object.
    [[nodiscard]] const Value *find(std::string_view key) const;
};

// Nothing where it is no document, or is nested deeper than that.
[[nodiscard]] std::optional<Value> parse(std::string_view text, std::size_t max_depth);

}  // namespace pgaf::json
