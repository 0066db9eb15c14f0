#include <unistd.h>

#include <filesystem>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "migrate/content.hpp"
#include "migrate/endpoint.hpp"
#include "migrate/state.hpp"
#include "migrate/statements.hpp"
#include "system/error.hpp"
#include "system/files.hpp"
#include "with_folder.hpp"

namespace pgaf::migrate {
namespace {

namespace fs = std::filesystem;
using Texts = std::vector<std::string>;

TEST(Statements, EndAtSemicolonsOutsideOfQuotes) {
    EXPECT_EQ(statements_of("CREATE ROLE a;\nALTER ROLE a SET x TO 'b;c';"),
              (Texts{"CREATE ROLE a", "ALTER ROLE a SET x TO 'b;c'"}));
    EXPECT_EQ(statements_of("CREATE ROLE \"a;\"\"b\";CREATE ROLE c"),
              (Texts{"CREATE ROLE \"a;\"\"b\"", "CREATE ROLE c"}));
    EXPECT_EQ(statements_of("COMMENT ON ROLE a IS 'it''s; odd';x;"), (Texts{"COMMENT ON ROLE a IS 'it''s; odd'", "x"}));
    EXPECT_EQ(statements_of("COMMENT ON ROLE a IS E'it\\'s; \\\\';x;"),
              (Texts{"COMMENT ON ROLE a IS E'it\\'s; \\\\'", "x"}));
    // a backslash is no escape where the string has no E
    EXPECT_EQ(statements_of("SELECT 'a\\';x;"), (Texts{"SELECT 'a\\'", "x"}));
    EXPECT_EQ(statements_of("SELECT name'a\\';x;"), (Texts{"SELECT name'a\\'", "x"}));
    EXPECT_EQ(statements_of("DO $a$ x; $$ y; $a$;z;"), (Texts{"DO $a$ x; $$ y; $a$", "z"}));
    EXPECT_EQ(statements_of("SELECT $1; SELECT a$b; SELECT $$;"), (Texts{"SELECT $1", "SELECT a$b", "SELECT $$;"}));
}

TEST(Statements, HaveNeitherCommentsNorCommandsOfPsqlBetweenThem) {
    EXPECT_EQ(statements_of("-- it's\n\\restrict a'b\n\n;SELECT 1;\n\\unrestrict a'b\n"), (Texts{"SELECT 1"}));
    EXPECT_EQ(statements_of("SELECT -- it's; one\n 1;x;"), (Texts{"SELECT -- it's; one\n 1", "x"}));
    EXPECT_TRUE(statements_of("").empty());
}

TEST(Globals, AreNotCreatedTwice) {
    const Texts statements{"CREATE ROLE app", "ALTER ROLE app WITH LOGIN", "CREATE ROLE \"odd \"\"role\"\"\"",
                           "CREATE TABLESPACE fast OWNER app LOCATION '/fast'", "GRANT a TO b"};
    EXPECT_EQ(globals_to_apply(statements, {}, {}), statements);
    EXPECT_EQ(globals_to_apply(statements, {"app", "odd \"role\""}, {"fast"}),
              (Texts{"ALTER ROLE app WITH LOGIN", "GRANT a TO b"}));
    EXPECT_EQ(globals_to_apply(statements, {"ap", "application"}, {"fas"}), statements);
}

TEST(Globals, LeaveTheRolesOfPgAutoFailoverAsTheyAre) {
    EXPECT_EQ(globals_to_apply(
                  {"CREATE ROLE pgautofailover_monitor", "ALTER ROLE pgautofailover_replicator WITH PASSWORD 'x'",
                   "ALTER ROLE pgautofailover_of_ours WITH LOGIN"},
                  {}, {}),
              (Texts{"ALTER ROLE pgautofailover_of_ours WITH LOGIN"}));
}

TEST(AboutTheDatabase, IsWhatIsSaidOfItself) {
    const Texts about{"ALTER DATABASE d SET x TO 'y'", "ALTER ROLE r IN DATABASE d SET x TO 'y'",
                      "COMMENT ON DATABASE d IS 'c'", "GRANT ALL ON DATABASE d TO r",
                      "REVOKE ALL ON DATABASE d FROM r"};
    auto all = about;
    all.insert(all.end(), {"CREATE DATABASE d", "ALTER ROLE r SET x TO 'y'", "GRANT ALL ON TABLE t TO r",
                           "COMMENT ON TABLE t IS '\nGRANT x ON DATABASE d TO r'", "CREATE TABLE t ()"});
    EXPECT_EQ(about_the_database(all), about);
}

TEST(Quoting, IsOfSql) {
    EXPECT_EQ(quote_identifier("a\"b"), "\"a\"\"b\"");
    EXPECT_EQ(quote_literal("it's"), "'it''s'");
    EXPECT_EQ(quote_literal("a\\'b"), " E'a\\\\''b'");
}

TEST(From, IsAStringOrAnAddress) {
    const auto parts = parts_of_option("host=a,b user='x y' target_session_attrs=read-write");
    EXPECT_EQ(parts.at("host"), "a,b");
    EXPECT_EQ(parts.at("user"), "x y");
    EXPECT_EQ(parts_of_option("postgres://u@h:1/d").at("dbname"), "d");
}

TEST(From, IsRefusedWithAPasswordOrWithoutSense) {
    EXPECT_THROW(static_cast<void>(parts_of_option("host=a password=x")), HelperError);
    EXPECT_THROW(static_cast<void>(parts_of_option("postgres://u:secret@h/d")), HelperError);
    EXPECT_THROW(static_cast<void>(parts_of_option("hots=a")), HelperError);
}

Content content() {
    Content content;
    content.tables = {{"public.a", {.rows = 2, .hash = "1/2"}}, {"large objects", {.rows = 0, .hash = "0/0"}}};
    content.sequences = {{"public.s", {.last_value = 7, .is_called = true, .increment = 1, .cycles = false}}};
    return content;
}

TEST(Differences, AreNoneBetweenTheSame) {
    EXPECT_TRUE(differences(content(), content().sequences, content()).empty());
    EXPECT_EQ(content().rows(), 2U);
}

TEST(Differences, NameTheTable) {
    const auto difference = [](auto change) {
        auto changed = content();
        change(changed);
        const auto found = differences(content(), content().sequences, changed);
        return found.size() == 1 ? found.front() : "not one difference";
    };
    EXPECT_EQ(difference([](Content &c) { c.tables.erase("public.a"); }),
              "table public.a is missing in the new cluster");
    EXPECT_EQ(difference([](Content &c) { c.tables["public.a"].rows = 3; }),
              "table public.a: 2 rows in the old cluster, 3 in the new");
    EXPECT_EQ(difference([](Content &c) { c.tables["public.a"].hash = "1/3"; }),
              "table public.a: 2 rows in both clusters, but not the same ones");
    EXPECT_EQ(difference([](Content &c) { c.tables["public.b"].rows = 1; }),
              "table public.b is in the new cluster alone, with 1 rows");
    EXPECT_EQ(difference([](Content &c) { c.tables["large objects"].rows = 1; }),
              "large objects: 0 rows in the old cluster, 1 in the new");
    EXPECT_EQ(difference([](Content &c) { c.sequences.clear(); }), "sequence public.s is missing in the new cluster");
    EXPECT_EQ(difference([](Content &c) { c.sequences["public.s"].is_called = false; }),
              "sequence public.s is at 7 in the old cluster, at 7 (not yet used) in the new");
    EXPECT_EQ(difference([](Content &c) { c.sequences["public.t"] = {}; }),
              "sequence public.t is in the new cluster alone");
}

TEST(Differences, AllowWhatASequenceDidWhileItWasDumped) {
    auto before = content().sequences;
    before["public.s"].last_value = 3;
    const auto is_same = [&](std::int64_t value, bool is_called = true) {
        auto changed = content();
        changed.sequences["public.s"].last_value = value;
        changed.sequences["public.s"].is_called = is_called;
        return differences(content(), before, changed).empty();
    };
    EXPECT_TRUE(is_same(3));
    EXPECT_TRUE(is_same(5));
    EXPECT_TRUE(is_same(7));
    EXPECT_FALSE(is_same(2));
    EXPECT_FALSE(is_same(8));
    EXPECT_FALSE(is_same(3, false));  // its next value would be one that was used before
}

TEST(Differences, AllowItOfSequencesThatGoDown) {
    auto old_content = content();
    old_content.sequences["public.s"] = {.last_value = -9, .is_called = true, .increment = -1, .cycles = false};
    auto before = old_content.sequences;
    before["public.s"].last_value = -2;
    auto changed = old_content;
    changed.sequences["public.s"].last_value = -5;
    EXPECT_TRUE(differences(old_content, before, changed).empty());
    changed.sequences["public.s"].last_value = -10;
    EXPECT_EQ(differences(old_content, before, changed).size(), 1U);
}

TEST(Content, IsKeptAsJson) {
    const auto kept = content_from(nlohmann::json::parse(to_json(content()).dump()));
    EXPECT_EQ(kept.tables, content().tables);
    EXPECT_EQ(kept.sequences, content().sequences);
}

TEST(QueryOfRows, TakesTheRowsThatPgDumpTakes) {
    const auto query = query_of_rows("a.\"b\"", "c, \"D\"", "WHERE c > 1");
    EXPECT_NE(query.find("SELECT ROW(c, \"D\")::text AS text FROM ONLY a.\"b\" WHERE c > 1) AS r"), std::string::npos);
}

class MigrationState : public WithFolder {};

TEST_F(MigrationState, IsThereAfterABreak) {
    State state(folder_ / "state");
    EXPECT_FALSE(state.exists());
    EXPECT_EQ(state.of("d"), Stage::None);
    state.change([](State::Content &content) {
        content.old_identifier = "17179869184000000000";
        content.refuse_writes = true;
        content.read_only_before = {{"d", std::nullopt}, {"odd \"name\"", "on"}};
        content.in_place = {"postgres"};
        content.databases = {{"d", Stage::Restoring}, {"e", Stage::Same}};
    });
    const State again(folder_ / "state");
    EXPECT_TRUE(again.exists());
    EXPECT_EQ(again.of("d"), Stage::Restoring);
    EXPECT_EQ(again.of("e"), Stage::Same);
    EXPECT_EQ(to_json(again.get()), to_json(state.get()));
    EXPECT_EQ(again.get().read_only_before.at("odd \"name\""), "on");
    EXPECT_EQ(again.get().read_only_before.at("d"), std::nullopt);
}

TEST_F(MigrationState, IsRefusedWhereItIsNotAsItWasWritten) {
    for (const auto *text : {"", "{", "{}", R"({"format": 2})"}) {
        write_file(folder_ / "state", text);
        EXPECT_THROW(State(folder_ / "state"), HelperError) << text;
    }
}

}  // namespace
}  // namespace pgaf::migrate
