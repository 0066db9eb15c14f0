#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

// PostgreSQL's system identifier is an unsigned 64-bit number; pg_auto_failover stores its bits in a
// bigint. From January 2038 on, identifiers made by initdb are above 2^63 and the bigint is negative.
namespace pgaf {

// From decimal text, as pg_controldata prints it. Nothing but digits, and within 64 bits.
[[nodiscard]] std::optional<std::uint64_t> parse_sysidentifier(std::string_view text);

[[nodiscard]] std::string format_sysidentifier(std::uint64_t sysidentifier);

[[nodiscard]] constexpr std::int64_t to_bigint(std::uint64_t sysidentifier) {
    return static_cast<std::int64_t>(sysidentifier);
}

[[nodiscard]] constexpr std::uint64_t from_bigint(std::int64_t stored) {
    return static_cast<std::uint64_t>(stored);
}

// When initdb made the identifier, in seconds since 1970: its upper 32 bits.
[[nodiscard]] constexpr std::int64_t created_at(std::uint64_t sysidentifier) {
    return static_cast<std::int64_t>(sysidentifier >> 32U);
}

// The microseconds of that time, 20 bits, and the lower 12 bits of initdb's process id.
[[nodiscard]] constexpr int created_at_microseconds(std::uint64_t sysidentifier) {
    return static_cast<int>((sysidentifier >> 12U) & 0xFFFFFU);
}
[[nodiscard]] constexpr int created_by_process(std::uint64_t sysidentifier) {
    return static_cast<int>(sysidentifier & 0xFFFU);
}

// "2026-03-01 12:00:00.000042 UTC, process 77": what the identifier tells of itself.
[[nodiscard]] std::string describe_sysidentifier(std::uint64_t sysidentifier);

}  // namespace pgaf
