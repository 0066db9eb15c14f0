#include <gtest/gtest.h>

#include "configuration/conf_edit.hpp"

namespace pgaf {
namespace {

std::string changed(std::string_view text, const ParameterChanges &changes) {
    return apply_changes(text, changes_of_lines(text, changes));
}

const ParameterChanges kChanges{.removed = {{"old_snapshot_threshold", "PostgreSQL 17 has no such parameter"}},
                                .renamed = {{"force_parallel_mode", "debug_parallel_query"}},
                                .set = {}};

TEST(ConfEdit, CommentsOutWhatIsGoneAndSaysWhy) {
    EXPECT_EQ(changed("work_mem = 4MB\n  Old_Snapshot_Threshold = 5  # why\nport = 1\n", kChanges),
              "work_mem = 4MB\n"
              "#  Old_Snapshot_Threshold = 5  # why  # pgaf_upgrade: PostgreSQL 17 has no such parameter\n"
              "port = 1\n");
}

TEST(ConfEdit, KeepsTheValueOfWhatIsRenamed) {
    EXPECT_EQ(changed("\tFORCE_PARALLEL_MODE='on' # a test\n", kChanges), "\tdebug_parallel_query='on' # a test\n");
}

TEST(ConfEdit, LeavesCommentsValuesAndLikeNamesAlone) {
    const std::string text =
        "#old_snapshot_threshold = 5\n"
        "my.old_snapshot_threshold = 5\n"
        "cluster_name = 'old_snapshot_threshold'\n"
        "\n"
        "port = 1";
    EXPECT_TRUE(changes_of_lines(text, kChanges).empty());
    EXPECT_EQ(changed(text, kChanges), text);
}

TEST(ConfEdit, ChangesEachOfSeveralLinesAndALastOneWithoutItsEnd) {
    const auto changes = changes_of_lines("force_parallel_mode on\n\nforce_parallel_mode off", kChanges);
    ASSERT_EQ(changes.size(), 2U);
    EXPECT_EQ(changes[0].line, 1U);
    EXPECT_EQ(changes[1].line, 3U);
    EXPECT_EQ(changes[1].before, "force_parallel_mode off");
    EXPECT_EQ(changes[1].after, "debug_parallel_query off");
}

TEST(ConfEdit, AddsAtTheEndWithQuotesDoubled) {
    const ParameterChanges changes{.removed = {}, .renamed = {}, .set = {{"archive_command", R"(cp '%p' "\x")"}}};
    EXPECT_EQ(apply_changes("port = 1", added_lines(changes)),
              "port = 1\n"
              R"(archive_command = 'cp ''%p'' "\\x"')"
              "\n");
}

TEST(ConfEdit, ANameChangesOnlyFromItsMajorOn) {
    EXPECT_EQ(new_name_of("force_parallel_mode", 15), "");
    EXPECT_EQ(new_name_of("force_parallel_mode", 16), "debug_parallel_query");
    EXPECT_EQ(new_name_of("work_mem", 17), "");
}

}  // namespace
}  // namespace pgaf
