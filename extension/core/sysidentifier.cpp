#include "core/sysidentifier.hpp"

#include <array>
#include <charconv>
#include <chrono>
#include <cstdio>

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

std::string describe_sysidentifier(std::uint64_t sysidentifier) {
    const std::chrono::sys_seconds time{std::chrono::seconds{created_at(sysidentifier)}};
    const auto day = std::chrono::floor<std::chrono::days>(time);
    const std::chrono::year_month_day date{day};
    const std::chrono::hh_mm_ss clock{time - day};
    std::array<char, 64> text{};
    (void) std::snprintf(text.data(), text.size(), "%04d-%02u-%02u %02d:%02d:%02d.%06d UTC, process %d",
                         static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                         static_cast<unsigned>(date.day()), static_cast<int>(clock.hours().count()),
                         static_cast<int>(clock.minutes().count()), static_cast<int>(clock.seconds().count()),
                         created_at_microseconds(sysidentifier), created_by_process(sysidentifier));
    return text.data();
}

}  // namespace pgaf
