#include "system/leftovers.hpp"

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <fstream>
#include <thread>
#include <vector>

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "contains.hpp"
#include "system/files.hpp"
#include "system/process.hpp"
#include "with_folder.hpp"

// Real processes, of a name of the test's choice: a shell script that is called so.
namespace fs = std::filesystem;

namespace pgaf {
namespace {

class LeftoversTest : public WithFolder {
  protected:
    void SetUp() override {
        WithFolder::SetUp();
        spdlog::set_level(spdlog::level::off);
        mark_children_of(folder_);
        ASSERT_EQ(::mkfifo((folder_ / "never").c_str(), 0600), 0);
    }
    void TearDown() override {
        for (const auto pid : started_) {
            ::kill(-pid, SIGKILL);
            ::waitpid(pid, nullptr, 0);
        }
        mark_children_of(fs::path("/nowhere") / folder_.filename());
        WithFolder::TearDown();
    }

    // Words of a script that waits without a process of its own; a trapped signal that comes just before a `read` is
    // acted upon after it.
    [[nodiscard]] std::string wait() const {
        return "exec 3<>'" + (folder_ / "never").string() + "'; while :; do read -r -t 0.02 line <&3; done";
    }

    // Runs a script under that name, with what children of the helper have in their environment; returns when it has
    // written its file "NAME.ready".
    pid_t start(const std::string &name, const std::string &script, const std::vector<std::string> &environment) {
        const auto program = folder_ / name;
        const auto ready = folder_ / (name + ".ready");
        std::ofstream(program) << "#!/bin/bash\n" << script << "\necho >'" << ready.string() << "'\n" << wait() << '\n';
        fs::permissions(program, fs::perms::owner_all);
        auto words = environment;
        std::vector<char *> envp;
        for (auto &word : words) {
            envp.push_back(word.data());
        }
        envp.push_back(nullptr);
        auto path = program.string();
        std::vector<char *> argv{path.data(), nullptr};
        const pid_t pid = ::fork();
        if (pid == 0) {
            ::setpgid(0, 0);
            ::execve(argv[0], argv.data(), envp.data());
            ::_exit(127);
        }
        started_.push_back(pid);
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(30);
        while (!fs::exists(ready) && std::chrono::steady_clock::now() < deadline) {
            std::this_thread::sleep_for(std::chrono::milliseconds(2));
        }
        EXPECT_TRUE(fs::exists(ready)) << name;
        return pid;
    }
    pid_t start(const std::string &name, const std::string &script = "") {
        return start(name, script, child_environment(false));
    }

    // The signal that ended it; 0 where it ended by itself, -1 where it still runs.
    int end_of(pid_t pid) {
        int status = 0;
        if (::waitpid(pid, &status, WNOHANG) != pid) {
            return -1;
        }
        std::erase(started_, pid);
        return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    }

    std::vector<pid_t> started_;
};

TEST_F(LeftoversTest, AreNone) {
    EXPECT_EQ(end_leftovers(), 0);
}

// Whoever works in a directory that is to go, and nobody else.
TEST_F(LeftoversTest, InADirectoryAreEnded) {
    fs::create_directories(folder_ / "trial/old");
    fs::create_directories(folder_ / "trial_of_another");
    const auto inside =
        start("inside", fmt::format("trap 'echo asked >{0}/asked; exit 0' QUIT; cd '{0}/trial/old'", folder_.string()));
    const auto deaf = start("deaf", "trap '' QUIT; cd '" + (folder_ / "trial").string() + "'");
    const auto beside = start("beside", "cd '" + (folder_ / "trial_of_another").string() + "'");
    end_processes_in(folder_ / "trial");
    EXPECT_EQ(end_of(inside), 0);
    EXPECT_EQ(text_of(folder_ / "asked"), "asked\n");
    EXPECT_EQ(end_of(deaf), SIGKILL);
    EXPECT_EQ(end_of(beside), -1);
    end_processes_in(folder_ / "there_is_none");
}

TEST_F(LeftoversTest, BearTheMarkOfTheirNode) {
    EXPECT_EQ(child_mark(), "PGAF_UPGRADE_CHILD_OF=" + folder_.string());
    const auto environment = child_environment(false);
    EXPECT_EQ(std::ranges::count(environment, child_mark()), 1);
    const auto of_those_that_stay = child_environment(true);
    EXPECT_EQ(std::ranges::count(of_those_that_stay, child_mark()), 0);
}

// A pg_upgrade that would go on beside the next one is not asked.
TEST_F(LeftoversTest, AreEndedAtOnce) {
    const auto program = start("pg_upgrade", "trap '' TERM INT QUIT");
    EXPECT_EQ(end_leftovers(), 1);
    EXPECT_EQ(end_of(program), SIGKILL);
    EXPECT_EQ(end_leftovers(), 0);
}

// By a fast shutdown, in which it writes what is dirty; and its processes are its own to end.
TEST_F(LeftoversTest, AreServersThatShutDown) {
    // its child, which bears its name, ends with it
    const auto begin = fmt::format(
        "set -m\n"  // else the shell has the child ignore the signal
        "(trap 'echo ended >{0}/child.end; exit 0' INT; {1}) &\n"
        "trap 'echo shut down >{0}/server.end; kill -9 $!; exit 0' INT",
        folder_.string(), wait());
    const auto server = start("postgres", begin);
    EXPECT_EQ(end_leftovers(), 2);
    EXPECT_EQ(end_of(server), 0);
    EXPECT_EQ(text_of(folder_ / "server.end"), "shut down\n");
    EXPECT_FALSE(fs::exists(folder_ / "child.end"));
}

TEST_F(LeftoversTest, AreOnlyOurs) {
    const auto unmarked = start("unmarked", "", child_environment(true));
    auto of_another = child_environment(true);
    of_another.push_back(child_mark() + "_other");
    const auto other = start("other", "", of_another);
    auto with_the_text = child_environment(true);
    with_the_text.push_back("TEXT=" + child_mark());
    const auto text = start("text", "", with_the_text);
    EXPECT_EQ(end_leftovers(), 0);
    EXPECT_EQ(end_of(unmarked), -1);
    EXPECT_EQ(end_of(other), -1);
    EXPECT_EQ(end_of(text), -1);
}

TEST_F(LeftoversTest, AreFoundWhateverTheirName) {
    auto first_of_environment = child_environment(true);
    first_of_environment.insert(first_of_environment.begin(), child_mark());
    const std::vector<pid_t> programs{start("odd) Z (name"), start("with space", "", first_of_environment)};
    EXPECT_EQ(end_leftovers(), 2);
    for (const auto program : programs) {
        EXPECT_EQ(end_of(program), SIGKILL);
    }
}

// One that has ended already, and that nobody has waited for.
TEST_F(LeftoversTest, AreNotTheDead) {
    const auto program = start("dead");
    ::kill(-program, SIGKILL);
    siginfo_t info{};
    ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(program), &info, WEXITED | WNOWAIT), 0);
    EXPECT_EQ(end_leftovers(), 0);
}

}  // namespace
}  // namespace pgaf
