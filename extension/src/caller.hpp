#pragma once

#include <cstdint>
#include <string>

#include "src/functions.hpp"
#include "src/run.hpp"

namespace pgaf {

// A helper's call: its token, and the run and node whose lease the token holds.
struct Caller {
    std::string token;
    Run run;
    std::int64_t nodeid;

    [[nodiscard]] NodePlan &node() { return run.node(nodeid); }
    [[nodiscard]] Outcome run_state() const { return {std::string(to_string(run.plan.state)), {}}; }
};

// From the first argument, a token. Locks the run, and lets the lease last. Throws Error when the token
// holds none.
[[nodiscard]] Caller caller_of(const Arguments &arguments);

}  // namespace pgaf
