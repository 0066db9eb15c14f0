#pragma once

#include <algorithm>
#include <array>
#include <optional>
#include <string_view>
#include <utility>

// The text of each value of an enumeration, as it is stored and shown.
namespace pgaf {

template <typename Enum, std::size_t N>
using Names = std::array<std::pair<Enum, std::string_view>, N>;

template <typename Enum, std::size_t N>
[[nodiscard]] constexpr std::string_view name_of(const Names<Enum, N> &names, Enum value) {
    const auto found = std::ranges::find(names, value, &std::pair<Enum, std::string_view>::first);
    return found == names.end() ? std::string_view{} : found->second;
}

template <typename Enum, std::size_t N>
[[nodiscard]] constexpr std::optional<Enum> value_of(const Names<Enum, N> &names, std::string_view text) {
    const auto found = std::ranges::find(names, text, &std::pair<Enum, std::string_view>::second);
    return found == names.end() ? std::nullopt : std::optional{found->first};
}

}  // namespace pgaf
