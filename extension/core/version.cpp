#include "core/version.hpp"

#include <charconv>
#include <vector>

namespace pgaf {

namespace {

std::vector<int> numbers_of(std::string_view version) {
    std::vector<int> numbers;
    const char *position = version.data();
    const char *const end = version.data() + version.size();
    while (position != end) {
        int number = 0;
        const auto [rest, error] = std::from_chars(position, end, number);
        if (error != std::errc{}) {
            break;
        }
        numbers.push_back(number);
        position = rest != end && *rest == '.' ? rest + 1 : end;
    }
    return numbers;
}

}  // namespace

bool is_older(std::string_view one, std::string_view other) {
    return numbers_of(one) < numbers_of(other);
}

}  // namespace pgaf
