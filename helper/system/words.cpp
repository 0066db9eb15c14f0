#include "system/words.hpp"

#include <algorithm>

namespace pgaf {

std::vector<std::string> words_of(const std::vector<std::string> &texts) {
    std::vector<std::string> words;
    for (const auto &text : texts) {
        for (std::size_t begin = 0, end = 0; begin <= text.size(); begin = end + 1) {
            end = std::min(text.find(',', begin), text.size());
            if (end > begin) {
                words.push_back(text.substr(begin, end - begin));
            }
        }
    }
    return words;
}

}  // namespace pgaf
