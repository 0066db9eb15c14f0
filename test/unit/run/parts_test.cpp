#include <fstream>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "run/parts.hpp"
#include "with_folder.hpp"

namespace pgaf {
namespace {

using PgUpgradeLog = WithFolder;

TEST(Parts, AreWhatPgUpgradeSaysIsOk) {
    EXPECT_EQ(ended_part("", "Creating dump of global objects                               ok"),
              "Creating dump of global objects");
    EXPECT_EQ(ended_part("Restoring database schemas in the new cluster", "\r                     ok"),
              "Restoring database schemas in the new cluster");
    EXPECT_EQ(ended_part("", "-----------------------------"), "");
    EXPECT_EQ(ended_part("", "If pg_upgrade fails after this point, you must re-initdb the"), "");
    EXPECT_EQ(ended_part("", ""), "");
}

TEST_F(PgUpgradeLog, IsTimedAsItGrows) {
    const auto log = folder_ / "pg_upgrade.log";
    std::ofstream(log) << "of a run before   ok\n";
    PgUpgradeParts looking(log);
    std::this_thread::sleep_for(std::chrono::milliseconds(60));
    std::ofstream(log, std::ios::app) << "Checking cluster versions   ok\nPerforming";
    std::this_thread::sleep_for(std::chrono::milliseconds(120));
    std::ofstream(log, std::ios::app) << " Upgrade\n---\nLinking user relation files\n   ok\n";
    const auto parts = looking.take().json();
    ASSERT_GE(parts.size(), 2U) << parts;
    EXPECT_EQ(parts[0]["part"], "Checking cluster versions");
    EXPECT_EQ(parts[1]["part"], "Linking user relation files");
    EXPECT_GE(parts[0]["seconds"], 0.05);
    EXPECT_GE(parts[1]["seconds"], 0.1);
}

TEST(Parts, ThatTakeNoTimeAreLeftOut) {
    Parts parts;
    parts.lap("nothing");
    EXPECT_TRUE(parts.json().empty());
}

}  // namespace
}  // namespace pgaf
