#include "monitor/assignment.hpp"

#include <set>

#include <gtest/gtest.h>

#include "assignment_document.hpp"
#include "contains.hpp"
#include "system/error.hpp"

namespace pgaf {
namespace {

std::string refusal_of(const nlohmann::json &document) {
    try {
        static_cast<void>(parse_assignment(document.dump(), "the monitor's answer"));
    } catch (const HelperError &error) {
        EXPECT_EQ(error.code(), ExitCode::Internal);
        EXPECT_FALSE(error.hint().empty());
        return error.what();
    }
    return "";
}

TEST(Assignments, HoldWhatTheMonitorSays) {
    auto document = assignment_document(Role::Secondary, 2);
    document["group"][2]["kept"] = true;
    document["steps"][1]["state"] = "done";
    document["number_sync_standbys"] = 2;
    document["seed_sha256"] = "";
    const auto plan = parse_assignment(document.dump(), "the monitor's answer");
    EXPECT_EQ(plan.run, 1);
    EXPECT_EQ(plan.state, RunState::Preparing);
    EXPECT_EQ(plan.source_version, 15);
    EXPECT_EQ(plan.target_version, 17);
    EXPECT_EQ(plan.method, "link");
    EXPECT_EQ(plan.standby_method, "auto");
    EXPECT_EQ(plan.number_sync_standbys, 2);
    EXPECT_EQ(plan.seed_sha256, "");  // reported, and none
    EXPECT_EQ(plan.node.id, 2);
    EXPECT_EQ(plan.node.role, Role::Secondary);
    ASSERT_EQ(plan.group.size(), 3U);
    EXPECT_TRUE(plan.group[2].is_kept);
    EXPECT_EQ(plan.group_primary().name, "node_1");
    EXPECT_EQ(plan.state_of("check"), StepState::Done);
    EXPECT_EQ(plan.state_of("discover"), StepState::Pending);
    EXPECT_THROW(static_cast<void>(plan.state_of("swap")), HelperError);
}

TEST(Assignments, OfAMonitorAndOfAnUnknownMajor) {
    auto document = assignment_document(Role::Monitor);
    document["source_version"] = nullptr;
    const auto plan = parse_assignment(document.dump(), "the monitor's answer");
    EXPECT_EQ(plan.source_version, std::nullopt);
    EXPECT_EQ(plan.number_sync_standbys, 0);
    EXPECT_EQ(plan.seed_sha256, std::nullopt);
    EXPECT_THROW(static_cast<void>(plan.group_primary()), HelperError);
}

// A helper never ends by itself because of what it was answered.
TEST(Assignments, NameWhatIsNotAsItShouldBe) {
    const auto whole = assignment_document();
    ASSERT_EQ(refusal_of(whole), "");
    const std::set<std::string> unused{"rank",
                                       "host",
                                       "port",
                                       "replication_quorum",
                                       "candidate_priority",
                                       "old_sysidentifier",
                                       "new_sysidentifier",
                                       "include_monitor"};
    const auto flat = whole.flatten();
    for (const auto &item : flat.items()) {
        const nlohmann::json::json_pointer place(item.key());
        if (unused.contains(place.back())) {
            continue;
        }
        auto without = whole;
        without.at(place.parent_pointer()).erase(place.back());
        EXPECT_TRUE(contains(refusal_of(without), "the monitor's answer has no \"")) << item.key();
        for (const auto &strange : {nlohmann::json::array(), nlohmann::json(-1e300)}) {
            auto other = whole;
            other[place] = strange;
            EXPECT_TRUE(contains(refusal_of(other), ", not as ")) << item.key() << ": " << refusal_of(other);
        }
    }
    for (const auto *place :
         {"/state", "/method", "/standby_method", "/node/role", "/steps/0/state", "/steps/0/name"}) {
        auto other = whole;
        other[nlohmann::json::json_pointer(place)] = "dancing";
        EXPECT_TRUE(contains(refusal_of(other), "has an unknown \"")) << place << ": " << refusal_of(other);
    }
    EXPECT_EQ(refusal_of(nlohmann::json::array()), "the monitor's answer is no object but array");
    EXPECT_THROW(static_cast<void>(parse_assignment("no JSON", "the monitor's answer")), HelperError);
}

}  // namespace
}  // namespace pgaf
