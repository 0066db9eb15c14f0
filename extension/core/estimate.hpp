#pragma once

#include <cstdint>
#include <string_view>

// How long an upgrade will take, told before it: from what was tried on the node itself while it served, and
// from constants (docs/evidence.md says what they are made from). All times are seconds.
namespace pgaf {

// What the checks of a node have tried and counted.
struct Trialled {
    double pg_upgrade_s = 0;  // of a copy without the users' rows
    std::uint64_t bytes = 0;  // of all tablespaces
};

// pg_upgrade of a stopped cluster; by "link", "swap", "clone" or "copy".
[[nodiscard]] double pg_upgrade_estimate(const Trialled &trialled, std::string_view method);

// A primary, from its stop until it accepts writes again.
[[nodiscard]] double writes_refused_estimate(const Trialled &trialled, std::string_view method);

// The monitor, from its stop until it answers again. It is always copied.
[[nodiscard]] double monitor_away_estimate(const Trialled &trialled);

// A standby, until it streams; by a base backup of at most `rate_mb` megabytes a second, 0 for no such bound.
[[nodiscard]] double rebuild_estimate(std::uint64_t bytes, double rate_mb);

// The same by links to its own old files: what is sent does not grow with the data.
[[nodiscard]] double link_rebuild_estimate(std::uint64_t objects);

// From the moment at which writes are refused until every standby is back. The monitor is upgraded beside
// the standbys; 0 for one that is left out of the run.
[[nodiscard]] double redundancy_estimate(double writes_refused_s, double rebuild_s, double monitor_away_s);

}  // namespace pgaf
