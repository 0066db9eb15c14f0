#include "node/service.hpp"

#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <fstream>
#include <functional>
#include <thread>

#include <spdlog/spdlog.h>

#include "contains.hpp"
#include "system/error.hpp"
#include "system/process.hpp"
#include "with_node.hpp"

namespace fs = std::filesystem;

namespace pgaf {
namespace {

using namespace std::chrono_literals;
using privileged::Verb;

template <typename Call>
HelperError error_of(const Call &call) {
    try {
        call();
    } catch (const HelperError &error) {
        return error;
    }
    ADD_FAILURE() << "nothing is refused";
    return {ExitCode::Internal, "none"};
}

// Root, as it is asked.
class FakeRoot final : public Privileges {
  public:
    std::string ask(Verb verb, int first, int second) override {
        asked.push_back({verb, first, second});
        when_asked(verb);
        return "pgautofailover.service";
    }
    void start_scope(int /*in*/, int /*out*/, int /*err*/) override {}  // there is none

    struct Asked {
        Verb verb;
        int first;
        int second;
        [[nodiscard]] bool operator==(const Asked &) const = default;
    };
    std::vector<Asked> asked;
    std::function<void(Verb)> when_asked = [](Verb) {};
};

class ServiceTest : public WithNode {
  protected:
    void SetUp() override {
        WithNode::SetUp();
        spdlog::set_level(spdlog::level::off);
        options_.privileges = root_;
        make_node();
    }

    const std::shared_ptr<FakeRoot> root_ = std::make_shared<FakeRoot>();
};

// ---- by a unit of systemd, of which a program called systemctl tells

class ServiceByUnit : public ServiceTest {
  protected:
    void SetUp() override {
        if (::geteuid() != 0 || ::unshare(CLONE_NEWNS) != 0) {
            GTEST_SKIP() << "only root can put another systemctl in the place of the system's";
        }
        ServiceTest::SetUp();
        // where programs are looked for first, of this process alone
        fs::create_directory(folder_ / "sbin");
        ASSERT_EQ(::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr), 0);
        ASSERT_EQ(::mount((folder_ / "sbin").c_str(), "/usr/local/sbin", nullptr, MS_BIND, nullptr), 0);
        is_mounted_ = true;
        put_systemctl();
        put("unit", "");
        put("state", "active\n");
    }
    void TearDown() override {
        if (is_mounted_) {
            EXPECT_EQ(::umount2("/usr/local/sbin", MNT_DETACH), 0);
        }
        if (node_) {
            ServiceTest::TearDown();
        }
    }

    // Of "state", a state a line: `show` tells each once, and the last one from then on.
    void put(const std::string &name, const std::string &text) const { std::ofstream(folder_ / name) << text; }

    [[nodiscard]] Service service() const { return {*node_, "pgautofailover.service"}; }
    [[nodiscard]] std::string calls() const { return text_of(folder_ / "calls"); }

  private:
    void put_systemctl() const {
        const auto program = folder_ / "sbin" / "systemctl";
        std::ofstream(program) << "#!/bin/sh\ncd '" << folder_.string() << R"sh('
echo "$*" >>calls
[ ! -e broken ] || { echo "Failed to connect to bus: No such file or directory" >&2; exit 1; }
case "$*" in
"cat -- pgautofailover.service") [ -e unit ] ;;
"is-active --quiet -- pgautofailover.service") [ "$(sed -n 1p state)" = active ] ;;
"show --value -p ActiveState -- pgautofailover.service")
    sed -n 1p state
    [ "$(wc -l <state)" = 1 ] || sed -i 1d state ;;
"show --value -p FragmentPath -p DropInPaths -- pgautofailover.service") cat files ;;
*) echo "unexpected: $*" >&2; exit 99 ;;
esac
)sh";
        fs::permissions(program, fs::perms::owner_all);
    }

    bool is_mounted_ = false;
};
TEST_F(ServiceByUnit, IsKnownToSystemdOrNot) {
    EXPECT_FALSE(service().is_by_hand());
    EXPECT_TRUE(service().is_known());
    fs::remove(folder_ / "unit");
    EXPECT_FALSE(service().is_known());
    fs::remove(folder_ / "calls");
    EXPECT_FALSE(Service(*node_, "").is_known());
    EXPECT_TRUE(Service(*node_, "none").is_known());
    EXPECT_EQ(calls(), "");  // systemd is not asked
}

// While its processes are told to end it is neither.
TEST_F(ServiceByUnit, IsActiveOrHasEnded) {
    struct Case {
        const char *state;
        bool is_active;
        bool has_ended;
    };
    const std::vector<Case> cases{{"active\n", true, false},
                                  {"activating\n", false, false},
                                  {"deactivating\n", false, false},
                                  {"inactive\n", false, true},
                                  {"failed\n", false, true}};
    for (const auto &[state, is_active, has_ended] : cases) {
        put("state", state);
        EXPECT_EQ(service().is_active(), is_active) << state;
        EXPECT_EQ(service().has_ended(), has_ended) << state;
    }
}

TEST_F(ServiceByUnit, HasNotEndedWhereSystemdDoesNotAnswer) {
    put("broken", "");
    EXPECT_FALSE(service().is_active());
    for (const auto &error :
         {error_of([&] { static_cast<void>(service().has_ended()); }), error_of([&] { service().stop(1s); }),
          error_of([&] { static_cast<void>(service().files()); })}) {
        EXPECT_EQ(error.code(), ExitCode::StepFailed);
        EXPECT_TRUE(contains(error.what(), "Failed to connect to bus")) << error.what();
    }
}

TEST_F(ServiceByUnit, IsStartedByRoot) {
    service().start();
    EXPECT_EQ(root_->asked, (std::vector<FakeRoot::Asked>{{Verb::Start, 0, 0}}));
    EXPECT_EQ(calls(), "");
}

TEST_F(ServiceByUnit, IsNotStartedWhereItIsMasked) {
    root_->when_asked = [](Verb) {
        throw HelperError(ExitCode::StepFailed, "Unit pgautofailover.service is masked.", "A hint.");
    };
    for (const auto &error : {error_of([&] { service().start(); }), error_of([&] { service().stop(1s); }),
                              error_of([&] { service().prepare_guard(); })}) {
        EXPECT_STREQ(error.what(), "Unit pgautofailover.service is masked.");
        EXPECT_EQ(error.hint(), "A hint.");
    }
}

TEST_F(ServiceByUnit, StopsWhenItHasEnded) {
    root_->when_asked = [this](Verb) { put("state", "deactivating\ndeactivating\ninactive\n"); };
    service().stop(30s);
    EXPECT_EQ(root_->asked, (std::vector<FakeRoot::Asked>{{Verb::Stop, 0, 0}}));
    EXPECT_EQ(text_of(folder_ / "state"), "inactive\n");
}

TEST_F(ServiceByUnit, StopsWhereItFailsOrHadNotYetBegun) {
    put("state", "activating\n");
    root_->when_asked = [this](Verb) { put("state", "activating\ndeactivating\nfailed\n"); };
    service().stop(30s);
    EXPECT_EQ(text_of(folder_ / "state"), "failed\n");
}

TEST_F(ServiceByUnit, BeginsToStopWithoutWaitingForTheEnd) {
    root_->when_asked = [this](Verb) { put("state", "deactivating\n"); };
    service().begin_stop(30s);
    EXPECT_FALSE(service().is_active());
    EXPECT_FALSE(service().has_ended());
}

TEST_F(ServiceByUnit, ThatDoesNotStopInTimeIsAnError) {
    for (const auto *state : {"deactivating\n", "active\n"}) {
        put("state", state);
        const auto error = error_of([&] { service().stop(0s); });
        EXPECT_EQ(error.code(), ExitCode::TimedOut) << state;
        EXPECT_STREQ(error.what(), "pg_autoctl did not end within 0 s");
        EXPECT_TRUE(contains(error.hint(), "pgaf-upgrade run")) << error.hint();
        EXPECT_EQ(text_of(folder_ / "state"), state);
    }
}

// The drop-in, which looks for the flag, is there before the flag and goes after it.
TEST_F(ServiceByUnit, HasItsGuardAsLongAsTheFlag) {
    std::vector<bool> flags;
    root_->when_asked = [&](Verb) { flags.push_back(fs::exists(node_->guard_flag())); };
    service().prepare_guard();
    service().set_guard();
    EXPECT_TRUE(fs::exists(node_->guard_flag()));
    service().set_guard();
    service().end_guard();
    EXPECT_FALSE(fs::exists(node_->guard_flag()));
    service().end_guard();
    EXPECT_EQ(root_->asked, (std::vector<FakeRoot::Asked>{{Verb::PrepareGuard, 0, 0},
                                                          {Verb::SetGuard, 0, 0},
                                                          {Verb::SetGuard, 0, 0},
                                                          {Verb::RemoveGuard, 0, 0},
                                                          {Verb::RemoveGuard, 0, 0}}));
    EXPECT_EQ(flags, (std::vector<bool>{false, false, true, false, false}));
}

TEST_F(ServiceByUnit, HasNoFlagWhereRootRefusesTheGuard) {
    root_->when_asked = [](Verb) { throw HelperError(ExitCode::Refused, "no"); };
    EXPECT_THROW(service().set_guard(), HelperError);
    EXPECT_FALSE(fs::exists(node_->guard_flag()));
}

TEST_F(ServiceByUnit, AsksForProgramsByNumbersAlone) {
    auto service = this->service();
    service.keep_program();
    service.use_kept_program("/a/copy/of/the/owner");
    service.use_kept_program(std::nullopt);
    service.use_programs(17, true);
    service.use_programs(15, false);
    EXPECT_EQ(root_->asked, (std::vector<FakeRoot::Asked>{{Verb::KeepProgram, 0, 0},
                                                          {Verb::UseKept, 1, 0},
                                                          {Verb::UseKept, 0, 0},
                                                          {Verb::Program, 17, 1},
                                                          {Verb::Program, 15, 0}}));
}

TEST_F(ServiceByUnit, HasAFileAndDropIns) {
    put("files", "/etc/one.service\n/etc/one.service.d/a.conf /run/one.service.d/b.conf\n");
    EXPECT_EQ(service().files(),
              (std::vector<fs::path>{"/etc/one.service", "/etc/one.service.d/a.conf", "/run/one.service.d/b.conf"}));
    put("files", "\n\n");
    EXPECT_TRUE(service().files().empty());
}

TEST_F(ServiceByUnit, HasTheProgramsThatItsFilesName) {
    for (const std::string major : {"15", "17"}) {
        fs::create_directories(folder_ / "postgresql" / major / "bin");
        put("postgresql/" + major + "/bin/pg_ctl", "");
    }
    const auto unit = folder_ / "one.service";
    put("files", unit.string() + "\n\n");
    put("one.service", "[Service]\nExecStart=" + (folder_ / "postgresql/15/bin/pg_autoctl").string() + " run\n");
    EXPECT_TRUE(service().has_programs_of(15));
    EXPECT_FALSE(service().has_programs_of(17));
    // by our drop-in, whatever it stands behind
    const auto ours = folder_ / privileged::kProgramsDropIn;
    put("files", unit.string() + "\n" + ours.string() + "\n");
    put(ours.filename(), "# the programs of PostgreSQL 17 by pgaf-upgrade\n");
    EXPECT_TRUE(service().has_programs_of(17));
    EXPECT_FALSE(service().has_programs_of(15));
}

// ---- by hand: a process that is called pg_autoctl

class ServiceByHand : public ServiceTest {
  protected:
    void SetUp() override {
        ServiceTest::SetUp();
        fs::create_directories(folder_ / "postgresql/15/bin");
    }
    void TearDown() override {
        if (const auto pid = Service::running(node_->paths.pid)) {
            ::kill(*pid, SIGKILL);
        }
        ServiceTest::TearDown();
    }

    // What is started as pg_autoctl, and writes its number into the pid file.
    void put_autoctl(const std::string &script) const {
        const auto program = folder_ / "postgresql/15/bin/pg_autoctl";
        std::ofstream(program) << "#!/bin/sh\necho \"$0 $*\" >>'" << (folder_ / "started").string() << "'\n"
                               << script << "\necho $$ >'" << node_->paths.pid.string()
                               << "'\nwhile :; do sleep 0.01; done\n";
        fs::permissions(program, fs::perms::owner_all);
        std::ofstream(node_->paths.config)
            << "[pg_autoctl]\nrole = keeper\n[postgresql]\npg_ctl = " << (folder_ / "postgresql/15/bin/pg_ctl").string()
            << "\n";
    }

    [[nodiscard]] Service service() const { return {*node_, std::string(Service::kNone)}; }
    void put_pid(const std::string &text) const { std::ofstream(node_->paths.pid) << text; }
};

TEST_F(ServiceByHand, RunsWhereItsPidFileNamesOne) {
    EXPECT_TRUE(service().is_by_hand());
    EXPECT_TRUE(service().is_known());
    EXPECT_FALSE(service().is_active());
    EXPECT_TRUE(service().has_ended());
    // the last is of a process before a crash, and another's by now
    for (const auto &text : {std::string(), std::string("0\n"), std::string("-1\n"), std::string("no number\n"),
                             std::string("99999999\n"), std::to_string(::getpid()) + "\n"}) {
        put_pid(text);
        EXPECT_FALSE(service().is_active()) << text;
        EXPECT_EQ(Service::unit_of(node_->paths.pid), "") << text;
    }
    put_autoctl("");
    service().start();
    EXPECT_TRUE(service().is_active());
    EXPECT_FALSE(service().has_ended());
    EXPECT_EQ(Service::running(node_->paths.pid), std::atoi(text_of(node_->paths.pid).c_str()));
}

TEST_F(ServiceByHand, IsStartedFromItsPostgresqlAndStopped) {
    put_autoctl("trap 'exit 0' TERM");
    service().start();
    const auto pid = Service::running(node_->paths.pid);
    ASSERT_TRUE(pid);
    EXPECT_NE(::getsid(*pid), ::getsid(0));  // it does not end with this helper's terminal
    EXPECT_EQ(text_of(folder_ / "started"),
              (folder_ / "postgresql/15/bin/pg_autoctl").string() + " run --pgdata " + node_->pgdata.string() + "\n");
    service().stop(30s);
    EXPECT_FALSE(service().is_active());
    service().stop(0s);  // there is nothing to stop
    EXPECT_TRUE(root_->asked.empty());
}

TEST_F(ServiceByHand, ThatDoesNotStopInTimeIsAnError) {
    put_autoctl("trap '' TERM");
    service().start();
    EXPECT_EQ(error_of([&] { service().stop(0s); }).code(), ExitCode::TimedOut);
    EXPECT_TRUE(service().is_active());
}

TEST_F(ServiceByHand, IsStartedByTheOwnersOwnCopy) {
    put_autoctl("");
    fs::create_directory(folder_ / "kept");
    fs::copy(folder_ / "postgresql/15/bin/pg_autoctl", folder_ / "kept/pg_autoctl");
    auto service = this->service();
    service.use_kept_program(folder_ / "kept/pg_autoctl");
    service.start();
    EXPECT_TRUE(text_of(folder_ / "started").starts_with((folder_ / "kept/pg_autoctl").string()));
    EXPECT_TRUE(root_->asked.empty());
}

TEST_F(ServiceByHand, HasTheFlagAsItsOnlyGuard) {
    service().prepare_guard();
    service().set_guard();
    EXPECT_TRUE(fs::exists(node_->guard_flag()));
    service().end_guard();
    EXPECT_FALSE(fs::exists(node_->guard_flag()));
    service().end_guard();
    service().keep_program();
    service().use_programs(17, true);
    EXPECT_TRUE(service().files().empty());
    EXPECT_TRUE(service().has_programs_of(17));
    EXPECT_TRUE(root_->asked.empty());
}

TEST_F(ServiceByHand, HasToHaveAConfiguration) {
    const auto error = error_of([&] { service().start(); });
    EXPECT_EQ(error.code(), ExitCode::Usage);
    EXPECT_TRUE(contains(error.what(), "pg_autoctl.cfg")) << error.what();
}

}  // namespace
}  // namespace pgaf
