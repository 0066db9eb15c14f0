#include "run/limits.hpp"
#include "system/units.hpp"

#include <algorithm>

namespace pgaf {

namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

// The slowest that is still taken for work: MB a second read or written in order, pages in any order,
// objects made in a second.
constexpr std::uint64_t kInOrder = 10;
constexpr std::uint64_t kInAnyOrder = 2;
constexpr std::uint64_t kObjects = 20;

seconds time_for(std::uint64_t bytes, std::uint64_t megabytes_a_second) {
    return seconds(static_cast<seconds::rep>(bytes / kMegabyte / megabytes_a_second));
}

seconds time_for_objects(const DataSize &size) {
    return seconds(static_cast<seconds::rep>(size.objects / kObjects));
}

}  // namespace

seconds pg_upgrade_limit(const DataSize &size, bool copies) {
    return hours(1) + time_for_objects(size) + (copies ? time_for(size.bytes, kInOrder) : seconds(0));
}

seconds dry_run_limit(const DataSize &size) {
    return minutes(15) + time_for_objects(size);
}

seconds shutdown_limit(const DataSize &size) {
    return minutes(10) + time_for(size.shared_buffers, kInAnyOrder);
}

seconds start_limit(const DataSize &size) {
    return hours(1) + time_for(size.shared_buffers, kInAnyOrder);
}

seconds base_backup_limit(const DataSize &size, double rate_mb) {
    const auto rate = rate_mb > 0 ? std::min<std::uint64_t>(kInOrder, static_cast<std::uint64_t>(rate_mb)) : kInOrder;
    return hours(1) + 2 * time_for(size.bytes, rate);
}

seconds catch_up_limit(const DataSize &size) {
    return hours(1) + time_for(size.bytes, kInOrder);
}

seconds statistics_limit(const DataSize &size) {
    // three stages, each reading a sample of every table
    return hours(6) + 3 * time_for_objects(size) + time_for(size.bytes, kInOrder);
}

}  // namespace pgaf
