#include "core/sysidentifier.hpp"

#include <charconv>

namespace pgaf {

std::optional<std::uint64_t> parse_sysidentifier(std::string_view text) {
    std::uint64_t value = 0;
    const auto *end = text.data() + text.size();
    const auto [rest, error] = std::from_chars(text.data(), end, value);
    if (error != std::errc{} || rest != end || text.empty()) {
        return std::nullopt;
    }
    return value;
}

std::string format_sysidentifier(std::uint64_t sysidentifier) {
    return std::to_string(sysidentifier);
}

}  // namespace pgaf
