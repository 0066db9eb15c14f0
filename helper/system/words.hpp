#pragma once

#include <string>
#include <vector>

namespace pgaf {

// The words of texts that are separated by commas, none of them empty: of {"a,b", "c"} a, b and c.
[[nodiscard]] std::vector<std::string> words_of(const std::vector<std::string> &texts);

// For people: "a, b and c" by the conjunction "and".
[[nodiscard]] std::string in_one_line(const std::vector<std::string> &words, const std::string &conjunction);

}  // namespace pgaf
