#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace pgaf {

// The candidate that somebody may have meant who typed `word`: the one with the fewest letters wrong, missing, added or
// exchanged; or the only one that begins with it. Empty when none is near.
[[nodiscard]] std::string nearest(std::string_view word, const std::vector<std::string> &candidates);

// The same as the beginning of a hint, `Did you mean "check"? `; empty when none is near.
[[nodiscard]] std::string did_you_mean(std::string_view word, const std::vector<std::string> &candidates);

}  // namespace pgaf
