#include <gtest/gtest.h>

#include <cstdlib>
#include <ctime>

#include "contains.hpp"
#include "run_document.hpp"
#include "system/shown.hpp"
#include "view/change_log.hpp"
#include "view/clock.hpp"
#include "view/screen.hpp"
#include "view/text.hpp"

namespace pgaf {
namespace {

constexpr Look kPlain{.color = false, .utf8 = true};

std::vector<std::string> texts(const std::vector<Line> &lines) {
    std::vector<std::string> found;
    for (const auto &line : lines) {
        found.push_back(render(line, kPlain));
    }
    return found;
}

std::string joined(const std::vector<Line> &lines) {
    std::string all;
    for (const auto &text : texts(lines)) {
        all += text + "\n";
    }
    return all;
}

RunDocument in_the_switch(int secondaries = 1) {
    RunDocument document(secondaries);
    document["state"] = "switching";
    document["waiting_for"] = "pg_upgrade on node_1";
    for (const auto *step :
         {"discover", "check", "initdb", "configure", "dry_run", "rehearse", "relax_sync", "checkpoint"}) {
        document.do_step(1, step, 1001, 1002);
    }
    document.do_step(1, "stop", 1090, 1091);
    document.run_step(1, "pg_upgrade", 1091);
    document.do_step(2, "enter_maintenance", 1080, 1088);
    document.maintain(2, 1088, nullptr);
    return document;
}

TEST(Screen, TellsWhatRunsAndWhatIsRefused) {
    const auto run = parse_run(in_the_switch().json());
    const auto text = joined(draw_screen(run, 1103.5, std::nullopt, {}));
    EXPECT_TRUE(contains(text, "run 7: PostgreSQL 15 to 17 by link")) << text;
    EXPECT_TRUE(contains(text, "writes      REFUSED for 14 s\n")) << text;
    EXPECT_TRUE(contains(text, "redundancy  NONE for 16 s: no standby could take over\n")) << text;
    EXPECT_TRUE(contains(text, ">> node_1        primary   ███░░░░░  9/20 run pg_upgrade")) << text;
    EXPECT_TRUE(contains(text, "waiting for pg_upgrade on node_1")) << text;
}

TEST(Screen, ShowsWarningsUntilTheyAreAcknowledged) {
    auto document = in_the_switch();
    document.do_step(1, "statistics", 1095, 1096);
    document.warn(1, "statistics", "table t");
    const auto run = parse_run(document.json());
    const auto text = joined(draw_screen(run, 1103.5, std::nullopt, {}));
    EXPECT_TRUE(contains(text, "warnings    1 open: SELECT pgaf_upgrade_acknowledge(7, 'note')\n")) << text;
    const auto steps = joined(draw_steps(run, 1103.5, 100));
    EXPECT_TRUE(contains(steps, "warnings")) << steps;
    EXPECT_TRUE(contains(steps, "    table t: it is broken\n")) << steps;
    EXPECT_TRUE(contains(steps, "    Mend it.\n")) << steps;
    document.acknowledge(1, "statistics", 1100);
    const auto later = parse_run(document.json());
    EXPECT_FALSE(contains(joined(draw_screen(later, 1103.5, std::nullopt, {})), "open"));
    EXPECT_TRUE(contains(joined(draw_steps(later, 1103.5, 100)), "acknowledged by dba: table t"));
}

TEST(Screen, TellsTheEstimate) {
    auto document = in_the_switch();
    document["expected_refused_s"] = 5;
    EXPECT_TRUE(contains(joined(draw_screen(parse_run(document.json()), 1092, std::nullopt, {})),
                         "writes      REFUSED for 2.0 s, about 5.0 s expected"));
    RunDocument before;
    before["expected_redundancy_after_s"] = 27;
    EXPECT_TRUE(contains(joined(draw_screen(parse_run(before.json()), 1092, std::nullopt, {})),
                         "redundancy  there; back about 27 s after the first refused write\n"));
}

TEST(Screen, SaysThatTheMonitorIsAway) {
    const auto run = parse_run(in_the_switch().json());
    EXPECT_TRUE(contains(joined(draw_screen(run, 1092, 4.2, {})), "has not answered for 4.2 s: the run goes on"));
    auto document = in_the_switch();
    document.run_step(0, "stop", 1095);
    EXPECT_TRUE(
        contains(joined(draw_screen(parse_run(document.json()), 1100, 4.2, {})), "it is being upgraded itself"));
}

TEST(Screen, FitsWhateverItsSize) {
    auto document = in_the_switch(40);
    document.node(3)["name"] = "日本語の長い名前のノード\x1b[2J";
    document.fail_step(4, "discover", 1000, 1001, std::string(2000, 'x') + "\n\x1b[31m é");
    document["waiting_for"] = std::string(900, 'w');
    const auto run = parse_run(document.json());
    for (const std::size_t columns : {1, 20, 59, 60, 80, 81, 200}) {
        for (const std::size_t rows : {0, 1, 5, 10, 24, 60}) {
            const auto lines = draw_screen(run, 1100, 3.0, {columns, rows});
            if (rows > 0) {
                EXPECT_LE(lines.size(), rows) << columns << "x" << rows;
            }
            for (const auto &line : texts(lines)) {
                EXPECT_LE(display_width(line), columns) << line;
                EXPECT_EQ(line.find('\x1b'), std::string::npos);
            }
        }
        for (const auto &line : texts(draw_steps(run, 1100, columns))) {
            EXPECT_LE(display_width(line), columns) << line;
        }
    }
}

TEST(Screen, ShowsWhatFailedWhereNotAllNodesHaveRoom) {
    auto document = in_the_switch(40);
    document.fail_step(37, "discover", 1000, 1001, "no disk");
    const auto text = joined(draw_screen(parse_run(document.json()), 1100, std::nullopt, {80, 24}));
    EXPECT_TRUE(contains(text, "!! node_37")) << text;
    EXPECT_TRUE(contains(text, ">> node_1 ")) << text;
    EXPECT_TRUE(contains(text, "more nodes: ")) << text;
}

TEST(Screen, NamesTheLastThings) {
    auto document = in_the_switch();
    const auto text = joined(draw_screen(parse_run(document.json()), 1100, std::nullopt, {80, 24}));
    EXPECT_LT(text.find("stop: writes refused from here"), text.rfind("run pg_upgrade"));
}

TEST(Color, IsForTerminalsThatWantIt) {
    EXPECT_TRUE(wants_color(true, nullptr, "xterm"));
    EXPECT_TRUE(wants_color(true, "", "xterm"));
    EXPECT_FALSE(wants_color(true, "1", "xterm"));
    EXPECT_FALSE(wants_color(false, nullptr, "xterm"));
    EXPECT_FALSE(wants_color(true, nullptr, "dumb"));
    EXPECT_FALSE(wants_color(true, nullptr, nullptr));
    const Line line{{"a", Style::Bad}, {"b"}};
    EXPECT_EQ(render(line, {.color = true, .utf8 = true}), escape() + "[1;31ma" + escape() + "[0mb");
    EXPECT_EQ(render(line, kPlain), "ab");
}

TEST(Characters, AreThoseOfTheLocale) {
    EXPECT_TRUE(is_utf8(nullptr, nullptr, "en_US.UTF-8"));
    EXPECT_TRUE(is_utf8("", "C.utf8", "C"));
    EXPECT_FALSE(is_utf8("C", nullptr, "en_US.UTF-8"));
    EXPECT_FALSE(is_utf8(nullptr, nullptr, nullptr));
    EXPECT_EQ(render({{"█░…"}}, {.color = false, .utf8 = false}), "#.~");
}

TEST(Clock, IsReadable) {
    ::setenv("TZ", "UTC", 1);
    ::tzset();
    EXPECT_EQ(clock_time(1764021847.9), "22:04:07");
    EXPECT_EQ(date_and_time(1764021847.9), "2025-11-24 22:04:07 UTC");
    EXPECT_EQ(iso_8601(1764021847.1234), "2025-11-24T22:04:07.123Z");
    EXPECT_EQ(iso_8601(1764021847.9996), "2025-11-24T22:04:08.000Z");
}

TEST(Log, HasALineForEachChangeAndNoneForNone) {
    auto document = in_the_switch();
    ChangeLog log;
    EXPECT_FALSE(log.changes(parse_run(document.json())).empty());
    EXPECT_TRUE(log.changes(parse_run(document.json())).empty());
    document.do_step(1, "pg_upgrade", 1091, 1096);
    document.do_step(1, "start", 1097, 1098);
    document["waiting_for"] = "rejoin on node_2";
    std::string all;
    for (const auto &line : log.changes(parse_run(document.json()))) {
        all += line + "\n";
    }
    EXPECT_TRUE(contains(all, "node_1 pg_upgrade: done after 5.0 s\n")) << all;
    EXPECT_TRUE(contains(all, "writes are accepted again, refused for 8.0 s\n")) << all;
    EXPECT_TRUE(contains(all, "waiting for rejoin on node_2\n")) << all;
}

TEST(Log, SaysOnceThatTheMonitorIsAway) {
    auto document = in_the_switch();
    ChangeLog log;
    static_cast<void>(log.changes(parse_run(document.json())));
    EXPECT_TRUE(log.away(1100));
    EXPECT_FALSE(log.away(1101));
    const auto lines = log.changes(parse_run(document.json()));
    ASSERT_EQ(lines.size(), 1U);
    EXPECT_TRUE(contains(lines[0], "the monitor answers again"));
    EXPECT_TRUE(log.away(1102));
}

}  // namespace
}  // namespace pgaf
