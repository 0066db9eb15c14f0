#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "contains.hpp"
#include "run_document.hpp"
#include "view/prometheus.hpp"
#include "view/status_json.hpp"

namespace pgaf {
namespace {

TEST(Metrics, EscapeWhatTheFormatGivesAMeaning) {
    EXPECT_EQ(escape_label("a\\b\"c\nd"), "a\\\\b\\\"c\\nd");
    EXPECT_EQ(escape_help("a\\b\"c\nd"), "a\\\\b\"c\\nd");
    Exposition exposition;
    exposition.metric("m", "gauge", "What\nit is.");
    exposition.sample(1.5);
    exposition.sample(2, {{"node", "a\"b"}, {"role", "primary"}});
    EXPECT_EQ(exposition.text(),
              "# HELP m What\\nit is.\n# TYPE m gauge\nm 1.5\nm{node=\"a\\\"b\",role=\"primary\"} 2\n");
}

TEST(Metrics, TellOfTheRun) {
    RunDocument document;
    document["state"] = "switching";
    document.run_step(1, "stop", 1090);
    document.node(2)["name"] = "q\"uote";
    const auto text = status_metrics(parse_run(document.json()));
    EXPECT_TRUE(contains(text, "pgaf_upgrade_monitor_up 1\n"));
    EXPECT_TRUE(contains(text, "pgaf_upgrade_run_state{run=\"7\",state=\"switching\"} 1\n"));
    EXPECT_TRUE(contains(text, "pgaf_upgrade_run_state{run=\"7\",state=\"finished\"} 0\n"));
    EXPECT_TRUE(contains(text, "pgaf_upgrade_writes_refused{run=\"7\"} 1\n"));
    EXPECT_TRUE(contains(text, "pgaf_upgrade_writes_refused_seconds{run=\"7\"} 10\n"));
    EXPECT_TRUE(contains(text, "node=\"q\\\"uote\""));
    EXPECT_TRUE(contains(text, "step=\"stop\"} 10\n"));
}

// A timestamp in seconds loses nothing by the way in which numbers are written.
TEST(Metrics, KeepTimes) {
    RunDocument document;
    document["started_at"] = 1764021847.123;
    EXPECT_TRUE(contains(status_metrics(parse_run(document.json())), "{run=\"7\"} 1764021847.123\n"));
}

TEST(Warnings, AreOpenUntilTheyAreAcknowledged) {
    RunDocument document;
    document.do_step(1, "statistics", 1010, 1020);
    document.warn(1, "statistics", "table t");
    document.warn(1, "statistics", "table u");
    auto run = parse_run(document.json());
    EXPECT_EQ(open_warnings(run), 2U);
    EXPECT_TRUE(contains(status_metrics(run), "node=\"node_1\",role=\"primary\",state=\"open\"} 2\n"));
    auto shown = status_json(run)["run"];
    EXPECT_EQ(shown["open_warnings"], 2);
    document.acknowledge(1, "statistics", 1030);
    run = parse_run(document.json());
    EXPECT_EQ(open_warnings(run), 0U);
    EXPECT_TRUE(contains(status_metrics(run), "node=\"node_1\",role=\"primary\",state=\"open\"} 0\n"));
    EXPECT_TRUE(contains(status_metrics(run), "node=\"node_1\",role=\"primary\",state=\"acknowledged\"} 2\n"));
    shown = status_json(run)["run"];
    EXPECT_EQ(shown["open_warnings"], 0);
    for (const auto &step : shown["nodes"][0]["steps"]) {
        if (step["name"] == "statistics") {
            EXPECT_EQ(step["warnings"].size(), 2U);
            EXPECT_EQ(step["warnings"][0]["remedy"], "Mend it.");
            EXPECT_EQ(step["acknowledged_by"], "dba");
        }
    }
}

TEST(Metrics, OfNoRunAndOfNoMonitor) {
    EXPECT_TRUE(contains(status_metrics(std::nullopt), "pgaf_upgrade_monitor_up 1\n"));
    EXPECT_FALSE(contains(status_metrics(std::nullopt), "run"));
    EXPECT_TRUE(contains(metrics_without_monitor(), "pgaf_upgrade_monitor_up 0\n"));
}

TEST(Json, TellsOfTheRun) {
    RunDocument document;
    document.run_step(1, "stop", 1090);
    document["expected_redundancy_after_s"] = 27;
    const auto status = status_json(parse_run(document.json()));
    EXPECT_EQ(status["schema_version"], 1);
    const auto &run = status["run"];
    EXPECT_EQ(run["number"], 7);
    EXPECT_EQ(run["started_at"], "1970-01-01T00:16:40.000Z");
    EXPECT_EQ(run["elapsed_seconds"], 100);
    EXPECT_EQ(run["writes"]["refused_now"], true);
    EXPECT_EQ(run["writes"]["refused_seconds"], 10);
    EXPECT_EQ(run["redundancy"]["expected_back_after_seconds"], 27);
    EXPECT_TRUE(run["redundancy"]["back_after_seconds"].is_null());
    EXPECT_EQ(run["nodes"][0]["activity"], "working");
    EXPECT_EQ(run["nodes"].size(), 3U);
}

TEST(Json, OfNoRun) {
    EXPECT_TRUE(status_json(std::nullopt)["run"].is_null());
}

}  // namespace
}  // namespace pgaf
