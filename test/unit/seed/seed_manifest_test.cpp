#include "seed/seed_manifest.hpp"

#include <gtest/gtest.h>

namespace pgaf {
namespace {

const std::string kSha256(64, 'a');

SeedFile linked(std::uint64_t size, std::uint64_t filled) {
    return {
        .kind = SeedKind::Linked, .size = size, .filled = filled, .path = "base/5/16384", .old_path = "base/5/16384"};
}

TEST(SeedManifest, TellsTheOriginAsItWasWritten) {
    const SeedOrigin origin{.old_sysidentifier = 7400000000000000001,
                            .old_checkpoint_location = "0/5000028",
                            .old_timeline = "3",
                            .new_sysidentifier = 18446744073709551615U,
                            .new_checkpoint_location = "0/6000028"};
    EXPECT_EQ(parse_origin(format_origin(origin)), origin);
}

TEST(SeedManifest, RefusesAnOriginOfAnotherFormat) {
    for (const auto *line : {"", "pgaf_upgrade-seed-2 1 0/1 1 2 0/2", "pgaf_upgrade-seed-1 1 0/1 1 2",
                             "pgaf_upgrade-seed-1 x 0/1 1 2 0/2", "pgaf_upgrade-seed-1 1 0/1 1 2 0/2 more"}) {
        EXPECT_FALSE(parse_origin(line)) << line;
    }
}

TEST(SeedManifest, TellsEachKindOfFileAsItWasWritten) {
    const std::vector<SeedFile> files{{.kind = SeedKind::Directory, .path = "pg_tblspc/16401"},
                                      {.kind = SeedKind::Copied,
                                       .size = 16777216,
                                       .filled = 8192,
                                       .sha256 = kSha256,
                                       .path = "pg_wal/000000010000000000000006"},
                                      linked(1073741824, 8192),
                                      {.kind = SeedKind::LinkedMap,
                                       .size = 8192,
                                       .filled = 0,
                                       .path = "pg_tblspc/16401/PG_17_202406281/5/16384_vm",
                                       .old_path = "pg_tblspc/16401/PG_15_202209061/5/16384_vm"}};
    for (const auto &file : files) {
        EXPECT_EQ(parse_seed_file(format_seed_file(file)), file);
    }
}

TEST(SeedManifest, RefusesALineThatIsNotOne) {
    for (const auto &line : {std::string(), std::string("linked"), "linked 1 2 base/5/1 base/5/1" + std::string(),
                             std::string("linked 2 1 base/5/1"), std::string("linked -2 1 base/5/1 base/5/1"),
                             std::string("copied 2 1 abc PG_VERSION"), "copied 2 1 " + kSha256 + " ../PG_VERSION",
                             std::string("directory /etc"), std::string("other base")}) {
        EXPECT_FALSE(parse_seed_file(line)) << line;
    }
}

TEST(SeedManifest, KnowsItsEnd) {
    EXPECT_EQ(parse_seed_end(format_seed_end(kSha256)), kSha256);
    EXPECT_FALSE(parse_seed_end("end abc"));
    EXPECT_FALSE(parse_seed_end("directory base"));
}

TEST(SeedManifest, LetsNoPathLeaveTheDataDirectory) {
    EXPECT_TRUE(is_path_inside("base/5/16384_vm.1"));
    for (const auto *path : {"", "/etc/passwd", "..", "base/../../x", "base//5", "./base", "base/", "with blank"}) {
        EXPECT_FALSE(is_path_inside(path)) << path;
    }
}

// Pages that were added and never written are zeros on the primary and may be missing on a standby.
TEST(SeedManifest, TakesAFileThatLacksOnlyUnwrittenPages) {
    EXPECT_TRUE(has_content_of(linked(65536, 8192), 65536, 8192));
    EXPECT_TRUE(has_content_of(linked(65536, 8192), 8192, 8192));
    EXPECT_TRUE(has_content_of(linked(65536, 0), 0, 0));
    EXPECT_FALSE(has_content_of(linked(65536, 16384), 8192, 8192));
    EXPECT_FALSE(has_content_of(linked(65536, 8192), 65536, 16384));
    EXPECT_FALSE(has_content_of(linked(8192, 8192), 16384, 8192));
}

}  // namespace
}  // namespace pgaf
