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

std::string in_one_line(const std::vector<std::string> &words, const std::string &conjunction) {
    std::string line;
    for (std::size_t at = 0; at < words.size(); ++at) {
        const bool is_last = at + 1 == words.size();
        line += at == 0 ? words[at] : (is_last ? " " + conjunction + " " : ", ") + words[at];
    }
    return line;
}

}  // namespace pgaf
