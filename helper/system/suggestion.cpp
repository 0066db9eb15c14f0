#include "system/suggestion.hpp"

#include <algorithm>

#include <fmt/format.h>

namespace pgaf {

namespace {

// Letters to be replaced, added, removed or exchanged with their neighbour, to make one word of the other.
std::size_t typing_errors(std::string_view from, std::string_view to) {
    std::vector<std::vector<std::size_t>> errors(from.size() + 1, std::vector<std::size_t>(to.size() + 1));
    for (std::size_t row = 0; row <= from.size(); ++row) {
        for (std::size_t column = 0; column <= to.size(); ++column) {
            if (row == 0 || column == 0) {
                errors[row][column] = row + column;
                continue;
            }
            const bool is_same = from[row - 1] == to[column - 1];
            auto least = std::min({errors[row - 1][column] + 1, errors[row][column - 1] + 1,
                                   errors[row - 1][column - 1] + (is_same ? 0 : 1)});
            if (row > 1 && column > 1 && from[row - 1] == to[column - 2] && from[row - 2] == to[column - 1]) {
                least = std::min(least, errors[row - 2][column - 2] + 1);
            }
            errors[row][column] = least;
        }
    }
    return errors[from.size()][to.size()];
}

}  // namespace

std::string nearest(std::string_view word, const std::vector<std::string> &candidates) {
    std::string found;
    auto most = word.size() / 3 + 1;  // up to a third of its letters may be wrong
    if (word.size() < 2) {
        return found;
    }
    for (const auto &candidate : candidates) {
        // every letter wrong is another word
        if (const auto errors = typing_errors(word, candidate); errors < std::min(most, candidate.size())) {
            most = errors;
            found = candidate;
        }
    }
    if (found.empty() &&
        std::ranges::count_if(candidates, [&](const auto &candidate) { return candidate.starts_with(word); }) == 1) {
        found = *std::ranges::find_if(candidates, [&](const auto &candidate) { return candidate.starts_with(word); });
    }
    return found;
}

std::string did_you_mean(std::string_view word, const std::vector<std::string> &candidates) {
    const auto found = nearest(word, candidates);
    return found.empty() ? "" : fmt::format("Did you mean \"{}\"? ", found);
}

}  // namespace pgaf
