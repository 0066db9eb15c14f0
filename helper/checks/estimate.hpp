#pragma once

#include <optional>
#include <string>

#include "checks/subject.hpp"

namespace pgaf {

// How long this node's part will take: of a primary how long writes are refused, of the monitor how long it
// is away, of a secondary how long its rebuild takes.
struct NodeEstimate {
    std::string values;  // a JSON object: "seconds", and what they were made from
    std::string text;    // the same for people, in one line
};

// Of the upgrade itself, whatever the node's role is now. Nothing where no rehearsal has come to its end.
[[nodiscard]] std::optional<NodeEstimate> upgrade_estimate_of(Subject &subject);

// Nothing where the checks that try it were not made, or have failed.
[[nodiscard]] std::optional<NodeEstimate> estimate_of(Subject &subject);

}  // namespace pgaf
