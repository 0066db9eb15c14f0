#include "run/journal.hpp"

#include <fstream>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "system/error.hpp"
#include "system/files.hpp"
#include "with_folder.hpp"

namespace pgaf {
namespace {

class JournalFile : public WithFolder {};

TEST_F(JournalFile, KeepsThePlanAsItWas) {
    const std::string plan = R"({"a key of another version":[1,null],"run":3,"source_version":null})";
    Journal(folder_ / "journal").begin_run(plan);
    EXPECT_EQ(Journal(folder_ / "journal").last_plan(), plan);
}

TEST_F(JournalFile, TellsAfterARestartWhatWasDone) {
    const auto path = folder_ / "journal";
    std::string token;
    {
        Journal journal(path);
        token = journal.token();
        journal.begin_run(R"({"run": 3})");
        journal.begun("stop");
        journal.done("stop", {{"files", {"a"}}});
        journal.begun("pg_upgrade");
    }
    Journal again(path);
    again.begin_run(again.last_plan().value());
    EXPECT_EQ(again.token(), token);
    EXPECT_TRUE(again.is_done("stop"));
    EXPECT_FALSE(again.is_done("pg_upgrade"));
    EXPECT_EQ(again.result("stop").at("files").at(0), "a");
    ASSERT_EQ(again.finished().size(), 1U);
    EXPECT_EQ(again.finished().at(0).at("step"), "stop");
}

TEST_F(JournalFile, StepsOfAnEarlierRunDoNotCount) {
    Journal journal(folder_ / "journal");
    journal.begin_run(R"({"run": 1})");
    journal.done("stop", nlohmann::json::object());
    journal.begin_run(R"({"run": 2})");
    EXPECT_FALSE(journal.is_done("stop"));
}

TEST_F(JournalFile, PassesOverATornLine) {
    const auto path = folder_ / "journal";
    Journal(path).begin_run(R"({"run": 1})");
    std::ofstream(path, std::ios::app) << R"({"step":"stop","sta)";
    {
        Journal journal(path);
        journal.begin_run(journal.last_plan().value());
        journal.done("swap", nlohmann::json::object());
    }
    Journal again(path);
    again.begin_run(again.last_plan().value());
    EXPECT_FALSE(again.is_done("stop"));
    EXPECT_TRUE(again.is_done("swap"));
}

TEST_F(JournalFile, CutsATornLineOff) {
    const auto path = folder_ / "journal";
    Journal(path).begin_run(R"({"run": 1})");
    const auto whole = read_file(path);
    for (const std::string &torn :
         {std::string("0"), std::string(300, '\0'), whole.substr(0, whole.size() - 1), std::string("00000000 {}\n")}) {
        std::ofstream(path, std::ios::app) << torn;
        EXPECT_TRUE(Journal(path).last_plan().has_value());
        EXPECT_EQ(read_file(path), whole);
    }
}

TEST_F(JournalFile, RefusesADamagedLine) {
    const auto path = folder_ / "journal";
    {
        Journal journal(path);
        journal.begin_run(R"({"run": 1})");
        journal.done("stop", {{"checkpoint_location", "0/3000028"}});
        journal.done("swap", nlohmann::json::object());
    }
    auto text = read_file(path);
    text[text.find("3000028")] = '7';
    write_file(path, text);
    try {
        const Journal journal(path);
        FAIL() << "a damaged journal was read";
    } catch (const HelperError &error) {
        EXPECT_EQ(error.code(), ExitCode::Refused);
        EXPECT_NE(std::string(error.what()).find("line 2 "), std::string::npos) << error.what();
    }
    EXPECT_EQ(read_file(path), text);
}

TEST_F(JournalFile, TellsRunsOfTheSameNumberApart) {
    Journal journal(folder_ / "journal");
    journal.begin_run(R"({"run": 1, "started_at": "2025-01-01"})");
    journal.done("stop", nlohmann::json::object());
    journal.begin_run(R"({"run": 1, "started_at": "2026-01-01"})");
    EXPECT_FALSE(journal.was_begun("stop"));
    EXPECT_TRUE(journal.finished().empty());
    journal.begin_run(R"({"run": 1, "started_at": "2026-01-01"})");
    journal.done("swap", nlohmann::json::object());
    EXPECT_EQ(journal.finished().size(), 1U);
}

TEST_F(JournalFile, ForgetsWhatWasUndone) {
    Journal journal(folder_ / "journal");
    journal.begin_run(R"({"run": 1})");
    journal.begun("swap");
    journal.done("swap", {{"attempt", 1}});
    journal.undone("swap");
    EXPECT_FALSE(journal.was_begun("swap"));
    EXPECT_FALSE(journal.is_done("swap"));
    EXPECT_TRUE(journal.result("swap").empty());
    EXPECT_TRUE(journal.finished().empty());
    journal.done("swap", {{"attempt", 2}});
    EXPECT_EQ(journal.result("swap").at("attempt"), 2);
    EXPECT_EQ(journal.finished().size(), 1U);
}

TEST_F(JournalFile, KeepsNotesByRun) {
    Journal journal(folder_ / "journal");
    journal.begin_run(R"({"run": 1})");
    journal.note("begun on", "7");
    EXPECT_TRUE(journal.has_note("begun on", "7"));
    EXPECT_FALSE(journal.has_note("begun on", "8"));
    EXPECT_FALSE(journal.has_note("done on", "7"));
    journal.begin_run(R"({"run": 2})");
    EXPECT_FALSE(journal.has_note("begun on", "7"));
}

}  // namespace
}  // namespace pgaf
