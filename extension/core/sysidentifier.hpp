#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

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

// What initdb made the identifier of: its time, and the lower bits of its process id.
struct SysidentifierOrigin {
    std::int64_t seconds = 0;       // since 1970: the upper 32 bits
    std::int32_t microseconds = 0;  // the next 20 bits, below a million where initdb made them
    std::int32_t process_id = 0;    // the last 12 bits
};
[[nodiscard]] constexpr SysidentifierOrigin origin_of(std::uint64_t sysidentifier) {
    return {static_cast<std::int64_t>(sysidentifier >> 32U),
            static_cast<std::int32_t>((sysidentifier >> 12U) & 0xFFFFFU),
            static_cast<std::int32_t>(sysidentifier & 0xFFFU)};
}

// Whether the monitor may be told another identifier for a node in that state of pg_auto_failover's:
// primaries, which adopt the running Postgres, and nodes in maintenance, of which it asks nothing.
[[nodiscard]] bool may_have_sysidentifier_rewritten(std::string_view state);

// Of a node of the group, as pg_auto_failover has it.
struct NodeSysidentifier {
    std::string node;
    std::optional<std::uint64_t> value;
};

// What an identifier that a group is to have, or has, is judged by.
struct SysidentifierContext {
    std::int64_t now_s = 0;                     // since 1970
    std::optional<std::int64_t> run_started_s;  // of the active run of the group
    std::optional<std::uint64_t> old;           // of the cluster before the upgrade
    std::optional<std::string> other_group;     // that has the identifier already, in words
    std::vector<NodeSysidentifier> nodes;       // of the group
};

struct SysidentifierCheck {
    std::string_view name;
    std::optional<bool> passed;  // nothing: there was nothing to judge it by
    std::string found;
    std::string_view meaning;
};

// Every check, in one order. `text` is the identifier as it was given, nothing for null.
[[nodiscard]] std::vector<SysidentifierCheck> check_sysidentifier(const std::optional<std::string> &text,
                                                                  const SysidentifierContext &context);

}  // namespace pgaf
