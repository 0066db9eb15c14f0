#include <gtest/gtest.h>

#include "contains.hpp"
#include "report/html.hpp"
#include "report/page.hpp"
#include "report/timeline.hpp"
#include "run_document.hpp"
#include "view/run_records.hpp"

namespace pgaf {
namespace {

std::string report_page(const nlohmann::json &document) {
    const auto run = parse_run(document);
    return report_page(run, parse_records(Document(document, "the monitor's answer"), run));
}

std::size_t count(const std::string &text, const std::string &part) {
    std::size_t found = 0;
    for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
        ++found;
    }
    return found;
}

TEST(Html, EscapesWhatHasAMeaning) {
    EXPECT_EQ(escape_html("<a href=\"x\">'&'</a>"), "&lt;a href=&quot;x&quot;&gt;&#39;&amp;&#39;&lt;/a&gt;");
    EXPECT_EQ(escape_html("é日🙂"), "é日🙂");
    EXPECT_EQ(escape_html("a\nb\tc"), "a\nb\tc");
}

TEST(Html, HoldsNothingThatXmlForbids) {
    EXPECT_EQ(escape_html(std::string("a\0b\x1b\x7f", 5)), "a\ufffdb\ufffd\ufffd");
    EXPECT_EQ(escape_html("\xff\xc3"), "\ufffd\ufffd");
    EXPECT_EQ(escape_html("\xc2\x9b"), "\ufffd");
    EXPECT_EQ(escape_html("\xef\xbf\xbe"), "\ufffd");
}

TEST(Scale, IsTheSameForEverythingThatHappened) {
    const TimeScale scale({{100, 110}, {105, 120}}, 10, 200);
    ASSERT_EQ(scale.stretches().size(), 1U);
    EXPECT_EQ(scale.x_of(100), 10);
    EXPECT_EQ(scale.x_of(110), 110);
    EXPECT_EQ(scale.x_of(120), 210);
    EXPECT_EQ(scale.x_of(99), 10);
    EXPECT_EQ(scale.x_of(121), 210);
}

TEST(Scale, ShortensTheNightBeforeTheApproval) {
    const TimeScale scale({{0, 20}, {40000, 40020}}, 0, 454);
    ASSERT_EQ(scale.stretches().size(), 3U);
    EXPECT_TRUE(scale.stretches()[1].is_gap);
    EXPECT_DOUBLE_EQ(scale.x_of(20), 200);
    EXPECT_DOUBLE_EQ(scale.x_of(40000), 254);
    EXPECT_DOUBLE_EQ(scale.x_of(40020), 454);
}

TEST(Scale, KeepsShortPauses) {
    EXPECT_EQ(TimeScale({{0, 20}, {21, 40}}, 0, 400).stretches().size(), 1U);
}

TEST(Scale, OfAnInstant) {
    const TimeScale scale({{5, 5}}, 0, 100);
    EXPECT_EQ(scale.x_of(5), 0);
}

RunDocument with_a_switch() {
    RunDocument document;
    document["state"] = "restoring";
    document["approved_at"] = 1040.0;
    document["approved_by"] = "dba";
    document.do_step(1, "discover", 1001, 1002);
    document.do_step(1, "stop", 1050, 1051);
    document.do_step(1, "pg_upgrade", 1051, 1056);
    document.do_step(1, "start", 1057, 1058);
    document.run_step(1, "statistics", 1060);
    document.do_step(1, "rejoin", 1061, 1065);
    document.do_step(2, "enter_maintenance", 1045, 1048);
    document.maintain(2, 1048, 1070);
    return document;
}

TEST(Timeline, MarksTheSpans) {
    const auto picture = timeline(parse_run(with_a_switch().json()), "t");
    EXPECT_TRUE(contains(picture, "refused 8.0 s")) << picture;
    EXPECT_TRUE(contains(picture, "none for 22 s")) << picture;
    EXPECT_EQ(count(picture, "<rect class=\"shade refused\""), 1U);
    EXPECT_EQ(count(picture, "<rect class=\"shade unprotected\""), 1U);
    EXPECT_TRUE(contains(picture, ">node_1<"));
    EXPECT_TRUE(contains(picture, ">node_2<"));
    EXPECT_TRUE(contains(picture, ">monitor<"));
}

TEST(Timeline, OfARunThatHasJustBegun) {
    EXPECT_TRUE(contains(timeline(parse_run(RunDocument().json()), "t"), "</svg>"));
}

TEST(Timeline, EnlargesASwitchThatWouldNotBeSeen) {
    auto document = with_a_switch();
    EXPECT_EQ(switch_to_enlarge(parse_run(RunDocument().json())), (std::pair{0.0, 0.0}));
    document["at"] = 9000.0;  // statistics run for hours
    const auto [from, to] = switch_to_enlarge(parse_run(document.json()));
    EXPECT_LT(from, 1050);
    EXPECT_GT(to, 1058);
    const auto picture = timeline(parse_run(document.json()), "t", from, to);
    EXPECT_TRUE(contains(picture, "pg_upgrade"));
    EXPECT_FALSE(contains(picture, "discover"));
}

TEST(Timeline, BeginsAtNought) {
    const auto run = parse_run(with_a_switch().json());
    EXPECT_TRUE(contains(timeline(run, "t", 1050, 1053), ">0.0 s<"));
    EXPECT_FALSE(contains(timeline(run, "t", 1050, 1053), ">-0.0 s<"));
}

TEST(Page, EscapesEveryText) {
    const std::string bad = "<b>&\"'\x1b";
    RunDocument document;
    for (const auto *key : {"note", "started_by", "waiting_for", "end_reason", "approved_by"}) {
        document[key] = bad + key;
    }
    document["approved_at"] = 1010.0;
    for (const auto *key :
         {"name", "host", "formation", "old_system_identifier", "old_server_version", "data_directory", "discarded"}) {
        document.node(1)[key] = bad + key;
    }
    document.fail_step(1, "discover", 1000, 1001, bad + "error");
    document.step(1, "discover")["hint"] = bad + "hint";
    document.do_step(1, "statistics", 1001, 1002);
    document.warn(1, "statistics", bad + "object");
    document.acknowledge(1, "statistics", 1003);
    document.step(1, "statistics")["acknowledge_note"] = bad;
    document["checks"].push_back({{"node", 1},
                                  {"check", bad},
                                  {"severity", "error"},
                                  {"passed", false},
                                  {"found", bad},
                                  {"meaning", bad},
                                  {"remedy", bad},
                                  {"data_loss", false},
                                  {"reported_at", 1001.0},
                                  {"waived_at", 1002.0},
                                  {"waived_by", bad},
                                  {"waive_reason", bad}});
    document["checks"].push_back({{"node", 1},
                                  {"check", bad},
                                  {"severity", "note"},
                                  {"passed", true},
                                  {"found", nullptr},
                                  {"meaning", bad},
                                  {"remedy", bad},
                                  {"data_loss", false},
                                  {"reported_at", 1001.0},
                                  {"waived_at", nullptr},
                                  {"waived_by", nullptr},
                                  {"waive_reason", nullptr}});
    document["carried"].push_back(
        {{"node", 1}, {"files", {bad}}, {"changes", {{{"file", bad}, {"line", 3}, {"before", bad}, {"after", bad}}}}});
    document["identifiers"].push_back({{"node", bad},
                                       {"formation", bad},
                                       {"group", 0},
                                       {"before", bad},
                                       {"after", bad},
                                       {"changed_at", 1001.0},
                                       {"changed_by", bad}});
    document["backups"].push_back({{"label", bad},
                                   {"tool", bad},
                                   {"formation", bad},
                                   {"node", nullptr},
                                   {"location", bad},
                                   {"taken_at", 900.0},
                                   {"verified_at", nullptr},
                                   {"note", bad},
                                   {"recorded_by", bad}});
    document["events"].push_back({{"id", 1},
                                  {"at", 1001.0},
                                  {"node", 1},
                                  {"step", bad},
                                  {"kind", bad},
                                  {"state", bad},
                                  {"message", bad},
                                  {"by", bad}});
    const auto page = report_page(document.json());
    EXPECT_FALSE(contains(page, "<b>&"));
    EXPECT_FALSE(contains(page, "\x1b"));
    EXPECT_GE(count(page, "&lt;b&gt;&amp;&quot;&#39;\ufffd"), 40U);
}

TEST(Page, NeedsNothingBesideIt) {
    const auto page = report_page(with_a_switch().json());
    for (const auto *part : {"<script", "<link", "<img", "@import", "url(", "src="}) {
        EXPECT_FALSE(contains(page, part)) << part;
    }
    EXPECT_EQ(count(page, "://"), count(page, "http://www.w3.org/"));  // names of namespaces
}

TEST(Page, SaysTheVerdictFirst) {
    auto document = with_a_switch();
    EXPECT_TRUE(contains(report_page(document.json()), "<h1>PostgreSQL 15 to 17: under way (restoring)</h1>"));
    document.fail_step(2, "stop", 1050, 1051, "no");
    EXPECT_TRUE(contains(report_page(document.json()), "<h1>PostgreSQL 15 to 17: stopped, a step failed</h1>"));
    document["state"] = "finished";
    document["ended_at"] = 1090.0;
    EXPECT_TRUE(contains(report_page(document.json()), "<h1>PostgreSQL 15 to 17: upgraded</h1>"));
    document["state"] = "aborted";
    EXPECT_TRUE(contains(report_page(document.json()), "aborted before anything that serves was changed</h1>"));
    document.node(1)["rollback_asked_at"] = 1060.0;
    document.node(1)["rollback_done_at"] = 1065.0;
    EXPECT_TRUE(contains(report_page(document.json()), "rolled back, the old cluster serves</h1>"));
}

}  // namespace
}  // namespace pgaf
