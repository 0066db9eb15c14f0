#include "run/limits.hpp"

#include <gtest/gtest.h>

#include <functional>

using namespace pgaf;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

namespace {

constexpr std::uint64_t kGigabyte = 1ULL << 30U;

struct Limit {
    const char *name;
    std::function<seconds(const DataSize &)> of;
    bool by_bytes;
    bool by_objects;
    bool by_buffers;
};

const Limit kLimits[] = {
    {"pg_upgrade by link", [](const auto &size) { return pg_upgrade_limit(size, false); }, false, true, false},
    {"pg_upgrade by copy", [](const auto &size) { return pg_upgrade_limit(size, true); }, true, true, false},
    {"dry run", dry_run_limit, false, true, false},
    {"shutdown", shutdown_limit, false, false, true},
    {"start", start_limit, false, false, true},
    {"base backup", [](const auto &size) { return base_backup_limit(size, 0); }, true, false, false},
    {"catching up", catch_up_limit, true, false, false},
    {"statistics", statistics_limit, true, true, false},
};

}  // namespace

TEST(Limits, GrowWithWhatTheStepWorksOnAndWithNothingElse) {
    for (const auto &limit : kLimits) {
        const auto least = limit.of({});
        EXPECT_GE(least, minutes(10)) << limit.name;
        EXPECT_EQ(limit.of({.bytes = 100 * kGigabyte}) > least, limit.by_bytes) << limit.name;
        EXPECT_EQ(limit.of({.objects = 100'000}) > least, limit.by_objects) << limit.name;
        EXPECT_EQ(limit.of({.shared_buffers = 100 * kGigabyte}) > least, limit.by_buffers) << limit.name;
    }
}

// A terabyte at 100 MB/s is copied in three hours.
TEST(Limits, LeaveRoomForLargeClustersOnOrdinaryDisks) {
    const DataSize large{.bytes = 1024 * kGigabyte, .objects = 600'000, .shared_buffers = 128 * kGigabyte};
    EXPECT_GE(base_backup_limit(large, 0), hours(24));
    EXPECT_GE(pg_upgrade_limit(large, true), hours(24));
    EXPECT_GE(pg_upgrade_limit(large, false), hours(5));
    EXPECT_GE(shutdown_limit(large), hours(12));
}

TEST(Limits, FollowABoundOfTheBackupsRate) {
    const DataSize size{.bytes = 100 * kGigabyte};
    EXPECT_GT(base_backup_limit(size, 1), base_backup_limit(size, 0));
    EXPECT_EQ(base_backup_limit(size, 1000), base_backup_limit(size, 0));
}
