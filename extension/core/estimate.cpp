#include "core/estimate.hpp"

#include <algorithm>

namespace pgaf {

namespace {

constexpr double kMegabyte = 1024.0 * 1024.0;

// By upgrades that were measured on two cores (make bench-estimate): 611 MB in 18 relations, and 20,002 relations of
// which most are empty.
constexpr double kStopAndStart = 0.7;      // the old server after two checkpoints, the seed, and the new server
constexpr double kService = 0.8;           // systemd and pg_autoctl around the monitor's server
constexpr double kLinkedStandby = 3.6;     // a standby by links, until it streams
constexpr double kLinkedObject = 0.00005;  // of it, for the file of one
constexpr double kRejoin = 2.5;            // pg_autoctl on primary and standbys, until maintenance has ended

// Chosen by what steps mostly take, not measured one by one.
constexpr double kStandbyStart = 2.0;  // pg_basebackup's checkpoint, and a standby until it streams
constexpr double kCopied = 150.0;      // MB a second, where nothing bounds it

double copy_s(std::uint64_t bytes, double rate_mb) {
    return static_cast<double>(bytes) / kMegabyte / rate_mb;
}

}  // namespace

double pg_upgrade_estimate(const Trialled &trialled, std::string_view method) {
    return trialled.pg_upgrade_s + (method == "copy" ? copy_s(trialled.bytes, kCopied) : 0);
}

double writes_refused_estimate(const Trialled &trialled, std::string_view method) {
    return kStopAndStart + pg_upgrade_estimate(trialled, method);
}

double monitor_away_estimate(const Trialled &trialled) {
    return kService + pg_upgrade_estimate(trialled, "copy");
}

double rebuild_estimate(std::uint64_t bytes, double rate_mb) {
    return kStandbyStart + copy_s(bytes, rate_mb > 0 ? std::min(kCopied, static_cast<double>(rate_mb)) : kCopied);
}

double link_rebuild_estimate(std::uint64_t objects) {
    return kLinkedStandby + kLinkedObject * static_cast<double>(objects);
}

double redundancy_estimate(double writes_refused_s, double rebuild_s, double monitor_away_s) {
    return writes_refused_s + std::max(rebuild_s, monitor_away_s) + kRejoin;
}

}  // namespace pgaf
