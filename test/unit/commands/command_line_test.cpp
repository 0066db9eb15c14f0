#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "commands/command_line.hpp"
#include "contains.hpp"
#include "with_folder.hpp"

namespace pgaf {
namespace {

class CommandLine : public WithFolder {
  protected:
    void SetUp() override {
        WithFolder::SetUp();
        write("");
    }

    void TearDown() override {
        for (const auto *name : {"PGDATA", "PGAF_UPGRADE_SERVICE"}) {
            ::unsetenv(name);
        }
        WithFolder::TearDown();
    }

    void write(const std::string &text) const { std::ofstream(file()) << text; }

    [[nodiscard]] std::string file() const { return folder_ / "settings.conf"; }

    // With a configuration file that is the test's own.
    [[nodiscard]] Request request(std::vector<std::string> arguments) const {
        arguments.insert(arguments.begin(), {"--config", file()});
        return request_of(arguments);
    }

    // "error / hint"
    [[nodiscard]] std::string refused(const std::vector<std::string> &arguments) const {
        try {
            static_cast<void>(request(arguments));
        } catch (const HelperError &error) {
            EXPECT_EQ(error.code(), ExitCode::Usage);
            return std::string(error.what()) + " / " + error.hint();
        }
        return "";
    }
};

TEST_F(CommandLine, OptionsStandBeforeOrAfterTheCommand) {
    for (const auto &arguments : std::initializer_list<std::vector<std::string>>{
             {"--limit-factor", "2", "run", "--once"}, {"run", "--once", "--limit-factor=2"}}) {
        const auto made = request(arguments);
        EXPECT_EQ(made.command->name, "run");
        EXPECT_TRUE(made.given.options.once);
        EXPECT_EQ(made.given.options.limit_factor, 2);
    }
}

TEST_F(CommandLine, ListsAreSeparatedByCommas) {
    EXPECT_EQ(request({"check", "--only", "memory,backup"}).given.options.only,
              (std::vector<std::string>{"memory", "backup"}));
    EXPECT_EQ(request({"check", "--only", "memory", "--only", "backup"}).given.options.only,
              (std::vector<std::string>{"memory", "backup"}));
    EXPECT_EQ(request({"check"}).given.options.users, std::vector<std::string>{"postgres"});
    EXPECT_EQ(request({"--users", "billing", "check"}).given.options.users, std::vector<std::string>{"billing"});
    write("users = [\"postgres\", \"billing\"]");
    EXPECT_EQ(request({"check"}).given.options.users, (std::vector<std::string>{"postgres", "billing"}));
}

TEST_F(CommandLine, GoesBeforeTheFileAndTheFileBeforeTheEnvironment) {
    ::setenv("PGDATA", "/environment", 1);
    ::setenv("PGAF_UPGRADE_SERVICE", "environment.service", 1);
    write("pgdata = /file\namcheck = on\nwait-limit = 5\n");
    auto options = request({"run"}).given.options;
    EXPECT_EQ(options.pgdata, "/file");
    EXPECT_EQ(options.service, "environment.service");
    EXPECT_EQ(options.wait_limit_s, 5);
    EXPECT_TRUE(options.amcheck);
    options = request({"run", "--pgdata", "/line", "--no-amcheck"}).given.options;
    EXPECT_EQ(options.pgdata, "/line");
    EXPECT_FALSE(options.amcheck);
}

TEST_F(CommandLine, CommandOfTextIsOneSetting) {
    write("archive = \"pgbackrest --stanza=a,b archive-push %p\"\n# a comment\n");
    EXPECT_EQ(request({"check"}).given.options.archive, "pgbackrest --stanza=a,b archive-push %p");
}

TEST_F(CommandLine, RunAndItsNumberAreApart) {
    EXPECT_EQ(request({"status"}).given.options.run, std::nullopt);
    EXPECT_EQ(request({"status", "--run", "12"}).given.options.run, 12);
}

TEST_F(CommandLine, TellsWhatNeedsANode) {
    EXPECT_TRUE(request({"check"}).is_of_node());
    EXPECT_TRUE(request({"status", "--json"}).is_of_node());
    EXPECT_FALSE(request({"check", "--list", "--json"}).is_of_node());
    EXPECT_FALSE(request({"version"}).is_of_node());
}

TEST_F(CommandLine, HelpIsACommand) {
    for (const auto &arguments : std::initializer_list<std::vector<std::string>>{
             {"run", "--help"}, {"--help", "run"}, {"run", "-h"}, {"help", "run"}}) {
        const auto made = request(arguments);
        EXPECT_EQ(made.command->name, "help");
        EXPECT_EQ(made.given.help_for, "run");
    }
    EXPECT_EQ(request({"report", "--help"}).given.help_for, "report");  // though it needs --html
    EXPECT_EQ(request({"--help"}).given.help_for, "");
}

TEST_F(CommandLine, WhatIsWrongIsToldWithWhatMayBeMeant) {
    for (const auto &[arguments, said] : std::initializer_list<std::pair<std::vector<std::string>, std::string>>{
             {{}, "a command is missing / \"pgaf-upgrade help\" lists the commands"},
             {{"chekc"}, "there is no command \"chekc\" / Did you mean \"check\"? \"pgaf-upgrade help\""},
             {{"run", "--onec"}, "run has no option \"--onec\" / Did you mean \"--once\"? \"pgaf-upgrade help run\""},
             {{"--pgdta=/x", "run"}, "run has no option \"--pgdta\" / Did you mean \"--pgdata\"?"},
             {{"run", "--nonsense"}, "run has no option \"--nonsense\" / \"pgaf-upgrade help run\" lists"},
             {{"run", "--target", "17"}, "/ It is an option of check, rehearse and plan."},
             {{"--nonsense"}, "there is no option \"--nonsense\" / \"pgaf-upgrade help\""},
             {{"--users", "billing", "chekc"}, "there is no command \"chekc\""},
             {{"run", "check"}, "unexpected argument \"check\""},
             {{"report"}, "report needs --html FILE / \"pgaf-upgrade help report\""},
             {{"check", "--json"}, "--json needs --list"},
             {{"check", "--list", "--only", "memory"}, "--list and --only cannot be used together"},
             {{"status", "--watch", "--json"}, "--watch and --json cannot be used together"},
             {{"status", "--prometheus", "--json"}, "--json and --prometheus cannot be used together"},
             {{"migrate", "--from", "x", "--jobs", "65"},
              "invalid value \"65\" for --jobs: it must be a whole number from 1 to 64 / \"pgaf-upgrade help "
              "migrate\""},
             {{"check", "--target", "seventeen"}, "invalid value \"seventeen\" for --target: it must be a whole"},
             {{"check", "--method", "kopy"}, "it must be link, swap, clone or copy / Did you mean \"copy\"?"},
             {{"run", "--limit-factor", "-1"}, "invalid value \"-1\" for --limit-factor: it must be a number above 0"},
             {{"run", "--pgdata"}, "--pgdata needs a value / \"pgaf-upgrade help run\""},
             {{"run", "--pgdata", "/a", "--pgdata", "/b"}, "--pgdata takes one value, not 2"},
             {{"run", "--once=perhaps"}, "--once takes no value"},
         }) {
        EXPECT_TRUE(contains(refused(arguments), said)) << refused(arguments);
    }
}

TEST_F(CommandLine, WhatIsWrongInTheFileIsToldWithItsName) {
    for (const auto &[text, said] : std::initializer_list<std::pair<std::string, std::string>>{
             {"pgdate = /srv", "there is no setting \"pgdate\" / Did you mean \"pgdata\"? \"man pgaf-upgrade.conf\""},
             {"limit-factor = fast", "invalid value \"fast\" for limit-factor: it must be a number above 0"},
             {"amcheck = perhaps", "invalid value \"perhaps\" for amcheck: it must be true or false"},
             {"target = 17", "there is no setting \"target\""},
             {"[run]\nonce = yes", "there is no setting \"run.once\""},
             {"archive = cp %p /srv/%f", "archive takes one value, not 3"},
             {"wait-limit = 1\namcheck = on\nwait-limit = 2", "the setting \"wait-limit\" is there twice"},
         }) {
        write(text);
        const auto found = refused({"version"});
        EXPECT_TRUE(contains(found, said)) << found;
        EXPECT_TRUE(found.starts_with("in \"" + file() + "\": ")) << found;
    }
}

TEST_F(CommandLine, FileThatIsNamedHasToExist) {
    std::filesystem::remove(file());
    EXPECT_TRUE(contains(refused({"version"}), "could not read \"" + file() + "\""));
}

}  // namespace
}  // namespace pgaf
