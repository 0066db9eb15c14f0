#include "monitor/monitor.hpp"

#include <nlohmann/json.hpp>

#include "contains.hpp"
#include "core/errors.hpp"
#include "core/version.hpp"
#include "real_server.hpp"
#include "with_node.hpp"

// Against both extensions in a real server.
namespace pgaf {
namespace {

using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr const char *kDatabase = "dbname=pg_auto_failover";

// As test.reset() of sql/install.sql, with a primary and a secondary. Nodes are written into the table: a real one
// comes to its state by what keepers report.
constexpr const char *kReset = R"(DO $$ BEGIN
  TRUNCATE pgaf_upgrade.run, pgaf_upgrade.node, pgaf_upgrade.step, pgaf_upgrade.event, pgaf_upgrade.check_result,
           pgaf_upgrade.maintenance, pgaf_upgrade.sysidentifier_change, pgaf_upgrade.backup, pgaf_upgrade.rollback,
           pgaf_upgrade.cleanup
           RESTART IDENTITY;
  DELETE FROM pgautofailover.node;
  UPDATE pgautofailover.formation SET number_sync_standbys = 0;
  INSERT INTO pgautofailover.node (formationid, nodeid, groupid, nodename, nodehost, nodeport, sysidentifier, goalstate,
                                   reportedstate, health)
  VALUES ('default', 1, 0, 'node_1', 'host1', 5432, 7000000000000000001, 'primary', 'primary', 1),
         ('default', 2, 0, 'node_2', 'host2', 5432, 7000000000000000001, 'secondary', 'secondary', 0);
END $$)";

// As of a node's helper, which has no right but autoctl_node's, and of the operator.
class MonitorTest : public WithNode {
  protected:
    void SetUp() override {
        if (!RealServer::can_be_monitor()) {
            GTEST_SKIP() << "pg_auto_failover and pgaf_upgrade are not installed here";
        }
        WithNode::SetUp();
        server_ = &RealServer::get();
        [[maybe_unused]] static const bool is_made = make_database();
        operator_ = std::make_unique<Connection>(server_->conninfo(kDatabase));
        operator_->query("SET search_path = public, pg_catalog");
        operator_->query(kReset);
        be_node(1);
    }
    void TearDown() override {
        operator_.reset();
        if (node_) {
            WithNode::TearDown();
        }
    }

    void be_node(std::int64_t nodeid) {
        node_->nodeid = nodeid;
        node_->config.monitor_uri = server_->conninfo(
            std::string(kDatabase) + " user=" + (nodeid == 0 ? RealServer::kSuperuser : "autoctl_node"));
    }

    [[nodiscard]] static std::string token(std::int64_t nodeid) {
        return "00000000-0000-0000-0000-00000000000" + std::to_string(nodeid);
    }

    void start_run() const { operator_->query("SELECT pgaf_upgrade_start(18)"); }

    [[nodiscard]] std::string asked(const std::string &sql) const { return operator_->single(sql); }

    static void end_sessions_of_node() {
        Connection(RealServer::get().conninfo())
            .query("SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE usename = 'autoctl_node'");
    }

    template <typename Call>
    static PgError refusal_of(const Call &call) {
        try {
            call();
        } catch (const PgError &error) {
            return error;
        }
        ADD_FAILURE() << "nothing is refused";
        return {ExitCode::Internal, "none", "", "none"};
    }

    template <typename Call>
    static HelperError error_of(const Call &call) {
        try {
            call();
        } catch (const HelperError &error) {
            return error;
        }
        ADD_FAILURE() << "nothing is refused";
        return {ExitCode::Internal, "none", ""};
    }

    // What a program may say: with a password, and a byte that is no UTF-8.
    const std::string secret_ = "could not connect to \"host=a password=geheim user=b\" \xff";

    // It is there without both.
    static void expect_shown(const std::string &text) {
        EXPECT_TRUE(contains(text, "could not connect to")) << text;
        EXPECT_TRUE(contains(text, "\xef\xbf\xbd")) << text;
        EXPECT_FALSE(contains(text, "geheim")) << text;
    }

    // A database with both extensions, the functions of ours in that schema.
    void make_monitor(const std::string &database, const std::string &schema) const {
        Connection(server_->conninfo()).query("CREATE DATABASE " + database);
        Connection made(server_->conninfo("dbname=" + database));
        made.query("SET client_min_messages = warning");
        made.query("CREATE EXTENSION btree_gist SCHEMA public");
        made.query("CREATE EXTENSION pgautofailover SCHEMA public");
        made.query("CREATE SCHEMA IF NOT EXISTS " + schema);
        made.query("CREATE EXTENSION pgaf_upgrade SCHEMA " + schema);
    }

    RealServer *server_ = nullptr;
    std::unique_ptr<Connection> operator_;

  private:
    bool make_database() const {
        make_monitor("pg_auto_failover", "public");
        return true;
    }
};

TEST_F(MonitorTest, ThatIsAwayIsToldFromOneThatRefuses) {
    node_->config.monitor_uri = "host=/nowhere dbname=pg_auto_failover";
    Monitor monitor(*node_);
    const auto error = refusal_of([&] { monitor.require(); });
    EXPECT_EQ(error.code(), ExitCode::NoMonitor);
    EXPECT_TRUE(error.connection_lost());
    EXPECT_TRUE(std::string(error.what()).starts_with("could not connect to the monitor: ")) << error.what();
    EXPECT_TRUE(contains(error.what(), "/nowhere")) << error.what();
    EXPECT_TRUE(contains(error.hint(), "pg_autoctl show state")) << error.hint();
}

TEST_F(MonitorTest, HasToHaveTheExtension) {
    node_->config.monitor_uri = server_->conninfo();
    Monitor monitor(*node_);
    const auto error = error_of([&] { monitor.require(); });
    EXPECT_EQ(error.code(), ExitCode::Refused);
    EXPECT_STREQ(error.what(), "the monitor's database has no extension pgaf_upgrade");
    EXPECT_TRUE(contains(error.hint(), "CREATE EXTENSION pgaf_upgrade")) << error.hint();
}

TEST_F(MonitorTest, HasToBeOfOurVersion) {
    Monitor monitor(*node_);
    operator_->query("UPDATE pg_extension SET extversion = '0.9' WHERE extname = 'pgaf_upgrade'");
    const auto error = error_of([&] { monitor.require(); });
    const auto again = error_of([&] { static_cast<void>(monitor.newest_run()); });
    operator_->query("UPDATE pg_extension SET extversion = $1 WHERE extname = 'pgaf_upgrade'", {kVersion});
    EXPECT_EQ(error.code(), ExitCode::Refused);
    EXPECT_EQ(error.what(), std::string("this helper is version ") + kVersion + ", the monitor's pgaf_upgrade is 0.9");
    EXPECT_TRUE(contains(error.hint(), "ALTER EXTENSION pgaf_upgrade UPDATE")) << error.hint();
    EXPECT_STREQ(again.what(), error.what());
    monitor.require();  // once it is
}

TEST_F(MonitorTest, FindsTheExtensionInWhateverSchema) {
    make_monitor("elsewhere", "\"An Odd one\"");
    node_->config.monitor_uri = server_->conninfo("dbname=elsewhere");
    Monitor monitor(*node_);
    EXPECT_EQ(monitor.newest_run(), std::nullopt);
}

TEST_F(MonitorTest, TakesAStepFromItsBeginningToItsEnd) {
    Monitor monitor(*node_);
    EXPECT_EQ(monitor.newest_run(), std::nullopt);
    EXPECT_FALSE(monitor.attach(token(1), true, false));
    start_run();
    EXPECT_EQ(monitor.newest_run(), 1);
    const auto attached = monitor.attach(token(1), true, false);
    ASSERT_TRUE(attached);
    EXPECT_EQ(attached->plan.run, 1);
    EXPECT_EQ(attached->plan.node.name, "node_1");
    EXPECT_EQ(attached->plan.node.role, Role::Primary);
    EXPECT_EQ(nlohmann::json::parse(attached->document).at("run"), 1);
    EXPECT_EQ(asked("SELECT lease_host FROM pgaf_upgrade.node WHERE nodeid = 1"), host_name());

    const auto due = monitor.next_step(token(1));
    EXPECT_EQ(due.run_state, RunState::Preparing);
    EXPECT_EQ(due.step, "discover");
    monitor.begin_step(token(1), "discover");
    monitor.heartbeat(token(1), "discover", secret_);
    expect_shown(asked("SELECT progress FROM pgaf_upgrade.step WHERE nodeid = 1 AND name = 'discover'"));
    monitor.heartbeat(token(1), "", "");
    monitor.finish_step(token(1), "discover", {{"found", "all"}, {"in", {{"it", {secret_}}}}});
    monitor.finish_step(token(1), "discover", {{"found", "again"}});  // its answer was lost
    EXPECT_EQ(asked("SELECT result ->> 'found' FROM pgaf_upgrade.step WHERE nodeid = 1 AND name = 'discover'"), "all");
    expect_shown(asked("SELECT result FROM pgaf_upgrade.step WHERE nodeid = 1 AND name = 'discover'"));
    EXPECT_EQ(monitor.next_step(token(1)).step, "check");
}

TEST_F(MonitorTest, ShowsWhyAStepFailed) {
    start_run();
    Monitor monitor(*node_);
    static_cast<void>(monitor.attach(token(1), true, false));
    monitor.begin_step(token(1), "discover");
    monitor.fail_step(token(1), "discover", HelperError(ExitCode::StepFailed, secret_, "Use password=geheim."));
    expect_shown(asked("SELECT concat_ws(' ', error, hint) FROM pgaf_upgrade_progress() WHERE state = 'failed'"));
    const auto due = monitor.next_step(token(1));
    EXPECT_EQ(due.step, "");
    EXPECT_EQ(due.wait.reason, WaitReason::FailedHere);
    // a helper that is started anew tries it again, unless it is told not to
    EXPECT_EQ(monitor.attach(token(1), false, false)->plan.state_of("discover"), StepState::Failed);
    EXPECT_EQ(monitor.attach(token(1), true, false)->plan.state_of("discover"), StepState::Pending);
}

TEST_F(MonitorTest, KeepsTheSqlstateOfARefusal) {
    Monitor monitor(*node_);
    const auto no_lease = refusal_of([&] { static_cast<void>(monitor.next_step(token(1))); });
    EXPECT_EQ(no_lease.sqlstate(), code::kLeaseLost);
    EXPECT_EQ(no_lease.code(), ExitCode::Refused);
    EXPECT_TRUE(contains(no_lease.hint(), "Attach again")) << no_lease.hint();
    EXPECT_FALSE(no_lease.is_transient());

    start_run();
    static_cast<void>(monitor.attach(token(1), true, false));
    EXPECT_EQ(refusal_of([&] { monitor.begin_step(token(1), "stop"); }).sqlstate(), code::kStepNotDue);
    EXPECT_EQ(refusal_of([&] { monitor.finish_step(token(1), "discover", nlohmann::json::object()); }).sqlstate(),
              code::kStepNotDue);
    // another helper of the same node, while this one lives
    Monitor other(*node_);
    EXPECT_EQ(refusal_of([&] { static_cast<void>(other.attach(token(9), true, false)); }).sqlstate(), code::kLeaseHeld);
    be_node(77);
    EXPECT_EQ(refusal_of([&] { static_cast<void>(other.attach(token(7), true, false)); }).sqlstate(),
              code::kUnknownObject);
    EXPECT_EQ(monitor.next_step(token(1)).step, "discover");  // on the same connection
}

TEST_F(MonitorTest, IsConnectedToAgainAfterTheConnectionWasLost) {
    start_run();
    Monitor monitor(*node_);
    static_cast<void>(monitor.attach(token(1), true, false));
    end_sessions_of_node();
    const auto error = refusal_of([&] { monitor.begin_step(token(1), "discover"); });
    EXPECT_TRUE(error.connection_lost());
    EXPECT_EQ(error.code(), ExitCode::NoMonitor);
    monitor.begin_step(token(1), "discover");
    monitor.disconnect();
    monitor.heartbeat(token(1), "discover", "half way");
    EXPECT_EQ(asked("SELECT progress FROM pgaf_upgrade.step WHERE nodeid = 1 AND name = 'discover'"), "half way");
}

TEST_F(MonitorTest, IsHeardWhenTheRunChanges) {
    start_run();
    Monitor monitor(*node_);
    monitor.require();
    auto began = Clock::now();
    monitor.wait_for_notification(30ms);
    EXPECT_GE(Clock::now() - began, 25ms);
    began = Clock::now();
    operator_->query("SELECT pgaf_upgrade_abort(1, 'enough')");
    monitor.wait_for_notification(60s);
    EXPECT_LT(Clock::now() - began, 30s);
}

TEST_F(MonitorTest, TakesWhatTheJournalKnows) {
    start_run();
    Monitor monitor(*node_);
    static_cast<void>(monitor.attach(token(1), true, false));
    monitor.sync_journal(token(1), {{{"step", "discover"},
                                     {"state", "done"},
                                     {"started_at", "2026-01-01 00:00:00+00"},
                                     {"finished_at", "2026-01-01 00:00:01+00"},
                                     {"result", {{"text", secret_}}}}});
    EXPECT_EQ(asked("SELECT state FROM pgaf_upgrade.step WHERE nodeid = 1 AND name = 'discover'"), "done");
    expect_shown(asked("SELECT result FROM pgaf_upgrade.step WHERE nodeid = 1 AND name = 'discover'"));
    const auto not_due = refusal_of([&] {
        monitor.sync_journal(token(1), {{{"step", "stop"},
                                         {"state", "done"},
                                         {"started_at", "2026-01-01 00:00:00+00"},
                                         {"finished_at", "2026-01-01 00:00:01+00"},
                                         {"result", nlohmann::json::object()}}});
    });
    EXPECT_EQ(not_due.sqlstate(), code::kStepNotDue);
}

TEST_F(MonitorTest, HasTheChecksOfANodeThatBlockTheApproval) {
    start_run();
    Monitor monitor(*node_);
    for (const std::int64_t nodeid : {1, 2}) {
        be_node(nodeid);
        static_cast<void>(monitor.attach(token(nodeid), true, false));
        monitor.begin_step(token(nodeid), "discover");
        monitor.finish_step(token(nodeid), "discover", nlohmann::json::object());
        monitor.begin_step(token(nodeid), "check");
    }
    const auto report = [&](std::int64_t nodeid, const char *name, const char *severity, bool passed) {
        monitor.report_check(token(nodeid), {.name = name,
                                             .severity = severity,
                                             .passed = passed,
                                             .found = secret_,
                                             .meaning = "why",
                                             .remedy = "Do it.",
                                             .data_loss = false,
                                             .detail = "more"});
    };
    EXPECT_TRUE(monitor.checks_in_the_way(1, "node_1").empty());
    report(1, "free_space", "error", false);
    report(1, "database_locales", "note", true);
    report(1, "defaults_changed", "warning", false);
    report(2, "server_runs", "error", false);
    report(1, "memory", "error", true);
    const auto open = monitor.checks_in_the_way(1, "node_1");
    ASSERT_EQ(open.size(), 1U);
    EXPECT_TRUE(open.front().in_words().starts_with("free_space: "));
    expect_shown(open.front().found);
    operator_->query("SELECT pgaf_upgrade_waive_check(1, 'node_1', 'free_space', 'more is on its way')");
    EXPECT_TRUE(monitor.checks_in_the_way(1, "node_1").empty());
    EXPECT_EQ(monitor.checks_in_the_way(1, "node_2").size(), 1U);
}

TEST_F(MonitorTest, IsToldTheSoftwareAndTheConnections) {
    start_run();
    Monitor monitor(*node_);
    static_cast<void>(monitor.attach(token(1), true, false));
    monitor.report_software(token(1), {{"PostgreSQL 17", "17.6"}});
    EXPECT_TRUE(contains(asked("SELECT software FROM pgaf_upgrade.node WHERE nodeid = 1"), "17.6"));
    EXPECT_EQ(refusal_of([&] { monitor.report_hba(token(1), "nonsense", nlohmann::json::array()); }).code(),
              ExitCode::Refused);
}

TEST_F(MonitorTest, KnowsANodeAsItReported) {
    Monitor monitor(*node_);
    const auto report = monitor.report_of(2);
    EXPECT_TRUE(report.is_stable_in("secondary"));
    EXPECT_FALSE(report.is_stable_in("primary"));
    EXPECT_EQ(report.sysidentifier, "7000000000000000001");
    EXPECT_EQ(report.health, 0);
    EXPECT_GE(report.report_age_s, 0);
    operator_->query(
        "UPDATE pgautofailover.node SET sysidentifier = NULL, reportedstate = 'catchingup' WHERE nodeid = 2");
    EXPECT_EQ(monitor.report_of(2).sysidentifier, "");
    EXPECT_FALSE(monitor.report_of(2).is_stable_in("secondary"));
    const auto unknown = error_of([&] { static_cast<void>(monitor.report_of(99)); });
    EXPECT_EQ(unknown.code(), ExitCode::Refused);
    EXPECT_STREQ(unknown.what(), "the monitor knows no node 99");
}

TEST_F(MonitorTest, PassesOnWhatPgAutoFailoverRefuses) {
    Monitor monitor(*node_);
    EXPECT_EQ(monitor.number_sync_standbys("default"), 0);
    EXPECT_EQ(monitor.number_sync_standbys("nowhere"), 0);
    EXPECT_EQ(refusal_of([&] { monitor.set_number_sync_standbys("default", -1); }).code(), ExitCode::Refused);
    EXPECT_EQ(refusal_of([&] { monitor.stop_maintenance(1); }).code(), ExitCode::Refused);
    monitor.start_maintenance(2);
    EXPECT_TRUE(monitor.report_of(2).goal_state.ends_with("maintenance")) << monitor.report_of(2).goal_state;
    EXPECT_EQ(monitor.extension_version(),
              asked("SELECT extversion FROM pg_extension WHERE extname = 'pgautofailover'"));
}

TEST_F(MonitorTest, RewritesNoIdentifierForOneThatIsNotThere) {
    Monitor monitor(*node_);
    const auto error =
        refusal_of([&] { monitor.rewrite_sysidentifier("default", 0, "7000000000000000003", "7000000000000000009"); });
    EXPECT_FALSE(error.sqlstate().empty());
    EXPECT_EQ(error.code(), ExitCode::Refused);
    EXPECT_EQ(monitor.report_of(1).sysidentifier, "7000000000000000001");
}

TEST_F(MonitorTest, WritesABackupDown) {
    Monitor monitor(*node_);
    const auto now = monitor.now();
    EXPECT_EQ(now.label.size(), std::string("20260101T000000Z").size());
    EXPECT_TRUE(now.label.ends_with("Z"));
    EXPECT_EQ(asked("SELECT to_char('" + now.text + "'::timestamptz AT TIME ZONE 'UTC', 'YYYYMMDD\"T\"HH24MISS\"Z\"')"),
              now.label);
    monitor.record_backup("one", now.text, "/backups/one");
    EXPECT_EQ(asked("SELECT concat_ws('|', node, label, tool, location, verified_at >= taken_at)"
                    "  FROM pgaf_upgrade_backups()"),
              "node_1|one|pg_basebackup|/backups/one|t");
    // the monitor's own is the owner's to write down
    node_->nodeid = 0;
    EXPECT_EQ(refusal_of([&] { monitor.record_backup("two", now.text, "/backups/two"); }).sqlstate(),
              code::kNotAllowed);
    be_node(0);
    Monitor own(*node_);
    own.record_backup("two", now.text, "/backups/two");
    EXPECT_EQ(asked("SELECT count(*) FROM pgaf_upgrade_backups()"), "2");
}

TEST_F(MonitorTest, ReportsARunOrNone) {
    Monitor monitor(*node_);
    EXPECT_FALSE(monitor.report(std::nullopt, true));
    const auto unknown = error_of([&] { static_cast<void>(monitor.report(7, false)); });
    EXPECT_EQ(unknown.code(), ExitCode::Usage);
    EXPECT_STREQ(unknown.what(), "there is no run 7");
    EXPECT_TRUE(contains(unknown.hint(), "pgaf_upgrade_history()")) << unknown.hint();
    start_run();
    const auto report = monitor.report(std::nullopt, true);
    ASSERT_TRUE(report);
    EXPECT_EQ(report->run.run, 1);
    EXPECT_FALSE(report->run.nodes.empty());
    EXPECT_TRUE(monitor.report(1, false));
}

TEST_F(MonitorTest, GoesBackWhenItIsAskedTo) {
    start_run();
    Monitor monitor(*node_);
    static_cast<void>(monitor.attach(token(1), true, false));
    // before the switch there is nothing to undo
    EXPECT_EQ(monitor.request_rollback(token(1), secret_, false, false, false), RunState::Aborted);
    expect_shown(asked("SELECT string_agg(message, ' ') FROM pgaf_upgrade_events()"));
    EXPECT_EQ(monitor.request_rollback(token(1), "again", false, false, false), RunState::Aborted);
    monitor.finish_rollback(token(1), nlohmann::json::object());
    EXPECT_EQ(monitor.next_step(token(1)).run_state, RunState::Aborted);
    EXPECT_EQ(refusal_of([&] { monitor.request_rollback(token(5), "no lease", false, false, false); }).sqlstate(),
              code::kLeaseLost);
}

}  // namespace
}  // namespace pgaf
