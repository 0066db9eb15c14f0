#pragma once

#include <string>
#include <vector>

namespace pgaf {

// The words of texts that are separated by commas, none of them empty: of {"a,b", "c"} a, b and c.
[[nodiscard]] std::vector<std::string> words_of(const std::vector<std::string> &texts);

}  // namespace pgaf
