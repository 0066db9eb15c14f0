#pragma once

#include <nlohmann/json_fwd.hpp>

#include "run/context.hpp"
#include "run/limits.hpp"

namespace pgaf {

// Of the running server, for the result of `discover`: no other step needs it to run for its limit.
[[nodiscard]] nlohmann::json measure_data(const Node &node);

// What measure_data() has returned.
[[nodiscard]] DataSize data_size(const nlohmann::json &measured);

// As `discover` found it; nothing where no server ran then.
[[nodiscard]] DataSize data_size(const Context &context);

}  // namespace pgaf
