#include "core/estimate.hpp"

#include <algorithm>

namespace pgaf {

namespace {

constexpr double kMegabyte = 1024.0 * 1024.0;

// By these two runs of pg_upgrade come out that were measured on two cores: 1.5 GB in few relations, 3.2 s, and
// 10,000 small tables with a key each, 46 s, of which 32 s were the dump and the restoration.
constexpr double kPrograms = 2.0;      // its own starts, stops and vacuums of an empty cluster
constexpr double kPerObject = 0.0003;  // to link or clone the file of one

// Chosen by what steps mostly take, not measured one by one.
constexpr double kStopAndStart = 1.0;  // the old server after two checkpoints, and the new
constexpr double kService = 1.5;       // systemd and pg_autoctl around the monitor's server
constexpr double kStandbyStart = 2.0;  // pg_basebackup's checkpoint, and a standby until it streams
constexpr double kRejoin = 4.0;        // pg_autoctl on primary and standbys, until maintenance has ended
constexpr double kCopied = 150.0;      // MB a second, where nothing bounds it

double copy_s(std::uint64_t bytes, double rate_mb) {
    return static_cast<double>(bytes) / kMegabyte / rate_mb;
}

}  // namespace

double pg_upgrade_estimate(const Trialled &trialled, std::string_view method) {
    const double data = method == "copy" ? copy_s(trialled.bytes, kCopied) : 0;
    return kPrograms + trialled.check_s + trialled.rehearsal_s + kPerObject * static_cast<double>(trialled.objects) +
           data;
}

double writes_refused_estimate(const Trialled &trialled, std::string_view method) {
    return kStopAndStart + pg_upgrade_estimate(trialled, method);
}

double monitor_away_estimate(const Trialled &trialled) {
    return kService + pg_upgrade_estimate(trialled, "copy");
}

double rebuild_estimate(std::uint64_t bytes, int rate_mb) {
    return kStandbyStart + copy_s(bytes, rate_mb > 0 ? std::min(kCopied, static_cast<double>(rate_mb)) : kCopied);
}

double link_rebuild_estimate(std::uint64_t objects) {
    return kStandbyStart + kPerObject * static_cast<double>(objects);
}

double redundancy_estimate(double writes_refused_s, double rebuild_s, double monitor_away_s) {
    return writes_refused_s + std::max(rebuild_s, monitor_away_s) + kRejoin;
}

}  // namespace pgaf
