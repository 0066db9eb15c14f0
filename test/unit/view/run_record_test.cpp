#include <gtest/gtest.h>

#include "contains.hpp"
#include "run_document.hpp"
#include "view/run_records.hpp"

namespace pgaf {
namespace {

using Kind = Activity::Kind;

Activity activity_of(const RunRecord &run, std::int64_t id) {
    const auto activities = activities_of(run);
    return activities.at(static_cast<std::size_t>(run.node(id) - run.nodes.data()));
}

TEST(Refused, LastsFromStopUntilTheNewServerAccepts) {
    RunDocument document;
    EXPECT_TRUE(refused_spans(parse_run(document.json())).empty());
    document.run_step(1, "stop", 1010);
    auto spans = refused_spans(parse_run(document.json()));
    ASSERT_EQ(spans.size(), 1U);
    EXPECT_TRUE(lasts(spans));
    EXPECT_EQ(longest(spans, 1014), 4);
    document.do_step(1, "start", 1015, 1016);
    spans = refused_spans(parse_run(document.json()));
    EXPECT_FALSE(lasts(spans));
    EXPECT_EQ(longest(spans, 2000), 6);
}

TEST(Refused, LastsOnWhereTheStartFailed) {
    RunDocument document;
    document.do_step(1, "stop", 1010, 1011);
    document.fail_step(1, "start", 1015, 1016, "no");
    EXPECT_TRUE(lasts(refused_spans(parse_run(document.json()))));
}

TEST(Refused, CountsFromTheFirstAttempt) {
    RunDocument document;
    document.do_step(1, "stop", 1010, 1011);
    document.step(1, "stop")["first_started_at"] = 1005.0;
    document.do_step(1, "start", 1015, 1016);
    EXPECT_EQ(longest(refused_spans(parse_run(document.json())), 0), 11);
}

TEST(Refused, EndsWhereTheOldClusterServesAgain) {
    RunDocument document;
    document.do_step(1, "stop", 1010, 1011);
    document.node(1)["rollback_asked_at"] = 1020.0;
    EXPECT_TRUE(lasts(refused_spans(parse_run(document.json()))));
    document.node(1)["rollback_done_at"] = 1025.0;
    EXPECT_EQ(longest(refused_spans(parse_run(document.json())), 0), 15);
    // and is twice where the new one had accepted writes in between
    document.do_step(1, "start", 1012, 1013);
    const auto spans = refused_spans(parse_run(document.json()));
    ASSERT_EQ(spans.size(), 2U);
    EXPECT_EQ(spans[1].from, 1020);
    EXPECT_EQ(spans[1].to, 1025);
}

TEST(Unprotected, IsAGroupAllOfWhoseSecondariesAreInMaintenance) {
    RunDocument document(2);
    EXPECT_TRUE(unprotected_spans(parse_run(document.json())).empty());
    document.maintain(2, 1010, 1030);
    EXPECT_TRUE(unprotected_spans(parse_run(document.json())).empty());
    document.maintain(3, 1012, nullptr);
    const auto spans = unprotected_spans(parse_run(document.json()));
    ASSERT_EQ(spans.size(), 1U);
    EXPECT_EQ(spans[0].from, 1012);
    EXPECT_EQ(spans[0].to, 1030);
}

TEST(Unprotected, LastsUntilTheFirstIsBack) {
    RunDocument document(2);
    document.maintain(2, 1010, nullptr);
    document.maintain(3, 1012, nullptr);
    const auto spans = unprotected_spans(parse_run(document.json()));
    ASSERT_EQ(spans.size(), 1U);
    EXPECT_TRUE(lasts(spans));
    EXPECT_EQ(longest(spans, 1020), 8);
}

TEST(Unprotected, MayComeTwice) {
    RunDocument document(1);
    document.maintain(2, 1010, 1020);
    document.maintain(2, 1020, 1040);
    const auto spans = unprotected_spans(parse_run(document.json()));
    ASSERT_EQ(spans.size(), 2U);
    EXPECT_EQ(longest(spans, 0), 20);
    EXPECT_FALSE(lasts(spans));
}

TEST(Activity, IsWhatRunsOrIsWaitedFor) {
    RunDocument document;
    EXPECT_EQ(activity_of(parse_run(document.json()), 1).what, "about to begin: find the installation");
    document.run_step(1, "discover", 1050);
    const auto works = activity_of(parse_run(document.json()), 1);
    EXPECT_EQ(works.kind, Kind::Works);
    EXPECT_EQ(works.what, "find the installation");
    EXPECT_EQ(works.since, 1050);
    document.do_step(2, "discover", 1000, 1001);
    document.do_step(2, "check", 1001, 1002);
    EXPECT_EQ(activity_of(parse_run(document.json()), 2).what, "waits for every node to prepare");
    document["state"] = "switching";
    EXPECT_EQ(activity_of(parse_run(document.json()), 2).what, "waits for relax_sync on node_1");
}

TEST(Activity, OfANodeThatIsKeptIsToWaitForItsRelease) {
    RunDocument document;
    document["state"] = "restoring";
    document["nodes"][1]["kept"] = true;
    for (const auto *step : {"discover", "check", "enter_maintenance", "stop"}) {
        document.do_step(2, step, 1000, 1001);
    }
    ASSERT_EQ(parse_run(document.json()).nodes[1].id, 2);
    EXPECT_EQ(activity_of(parse_run(document.json()), 2).what,
              "waits for this node's release: SELECT pgaf_upgrade_release()");
}

TEST(Activity, NamesTheStepThatFailedAndWhatToDo) {
    RunDocument document;
    document.fail_step(2, "discover", 1000, 1001, "no disk");
    const auto failed = activity_of(parse_run(document.json()), 2);
    EXPECT_EQ(failed.kind, Kind::Failed);
    EXPECT_EQ(failed.what, "discover failed");
    EXPECT_EQ(failed.more, "no disk\nMend it.");
}

TEST(Activity, TellsThatNoHelperIsThere) {
    RunDocument document;
    document.node(2)["helper_heard_at"] = nullptr;
    EXPECT_EQ(activity_of(parse_run(document.json()), 2).what, "no helper yet: pgaf-upgrade run there");
    document.run_step(1, "discover", 1000);
    document.node(1)["helper_heard_at"] = 1000.0;
    const auto silent = activity_of(parse_run(document.json()), 1);
    EXPECT_EQ(silent.kind, Kind::Failed);
    EXPECT_EQ(silent.more, "helper silent for 100 s: pgaf-upgrade run there");
}

TEST(Activity, OfARunThatIsRolledBack) {
    RunDocument document;
    document["state"] = "rolling_back";
    document.node(1)["rollback_asked_at"] = 1020.0;
    auto run = parse_run(document.json());
    EXPECT_EQ(activity_of(run, 1).kind, Kind::Works);
    EXPECT_EQ(activity_of(run, 2).what, "nothing that serves was changed");
    document.node(1)["rollback_done_at"] = 1030.0;
    EXPECT_EQ(activity_of(parse_run(document.json()), 1).what, "as before the upgrade");
}

TEST(Label, TellsNodesOfOneNameApart) {
    RunDocument document;
    document.node(2)["name"] = "node_1";
    document.node(2)["formation"] = "other";
    const auto run = parse_run(document.json());
    EXPECT_EQ(label_of(run, *run.node(1)), "default/node_1");
    EXPECT_EQ(label_of(run, *run.node(2)), "other/node_1");
    EXPECT_EQ(label_of(run, *run.node(0)), "monitor");
}

// What parsing the document is refused with; empty when it is not.
std::string refusal_of(const nlohmann::json &document) {
    try {
        const auto run = parse_run(document);
        static_cast<void>(parse_records(Document(document, "the monitor's answer"), run));
    } catch (const HelperError &error) {
        EXPECT_EQ(error.code(), ExitCode::Internal);
        EXPECT_FALSE(error.hint().empty());
        return error.what();
    }
    return {};
}

TEST(Record, OfAnotherVersionIsRefused) {
    RunDocument document;
    EXPECT_EQ(refusal_of(document.json()), "");
    document["state"] = "dancing";
    EXPECT_EQ(refusal_of(document.json()), "the monitor's answer has an unknown \"state\": \"dancing\"");
}

// Whatever is taken away from a document, or has another type in it, is named; nothing ends the program.
TEST(Record, NamesWhatIsNotAsItShouldBe) {
    RunDocument document;
    document.maintain(2, 1048, nullptr);
    document["checks"].push_back({{"node", 1},
                                  {"check", "disk"},
                                  {"severity", "error"},
                                  {"passed", true},
                                  {"found", nullptr},
                                  {"meaning", nullptr},
                                  {"remedy", nullptr},
                                  {"waived_at", nullptr},
                                  {"waived_by", nullptr},
                                  {"waive_reason", nullptr}});
    document["carried"].push_back({{"node", 1}, {"files", {"a"}}, {"changes", nlohmann::json::array()}});
    document["events"].push_back({{"at", 1.0},
                                  {"node", nullptr},
                                  {"step", nullptr},
                                  {"kind", "run"},
                                  {"state", nullptr},
                                  {"message", nullptr},
                                  {"by", "dba"}});
    ASSERT_EQ(refusal_of(document.json()), "");
    std::size_t tried = 0;
    const auto flat = document.json().flatten();
    for (const auto &item : flat.items()) {
        const nlohmann::json::json_pointer place(item.key());
        const bool is_of_list = place.back().find_first_not_of("0123456789") == std::string::npos;
        if (is_of_list || document.json().at(place).is_array() || place.back() == "phase") {
            continue;  // core knows a step's phase
        }
        ++tried;
        auto without = document.json();
        without.at(place.parent_pointer()).erase(place.back());
        EXPECT_TRUE(contains(refusal_of(without), " has no \"")) << item.key() << ": " << refusal_of(without);
        auto other = document.json();
        other[place] = nlohmann::json::array({1});
        EXPECT_TRUE(contains(refusal_of(other), "array, not as")) << item.key() << ": " << refusal_of(other);
    }
    EXPECT_GT(tried, 300U);
}

TEST(Record, NamesANodeThatItDoesNotDescribe) {
    for (const auto *list : {"steps", "checks", "carried"}) {
        RunDocument document;
        document[list].push_back(list == std::string("steps") ? document["steps"][0] : nlohmann::json{{"node", 9}});
        document[list].back()["node"] = 9;
        EXPECT_TRUE(contains(refusal_of(document.json()), "unknown \"" + std::string(list) + "[")) << list;
    }
    RunDocument document;
    document["nodes"][0] = "node_1";
    EXPECT_EQ(refusal_of(document.json()), "the monitor's answer has \"nodes[0]\", which is no object but string");
}

}  // namespace
}  // namespace pgaf
