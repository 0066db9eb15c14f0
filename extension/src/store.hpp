#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "core/steps.hpp"
#include "src/functions.hpp"

// Every query of the extension, by name. Nothing here decides anything: what may follow what is
// told by core and by run.cpp.
namespace pgaf::store {

// How long a helper may be silent before another one may take its node.
inline constexpr int kLeaseSeconds = 30;

struct RunRow {
    std::int64_t runid = 0;
    RunState state = RunState::Preparing;
    bool include_monitor = false;
    bool time_has_come = true;  // not_before is null or past
    std::optional<int> source_version;
    int target_version = 0;
    Text not_before;
    std::string method;
    Text give_back_reason;
};

// A node as pg_auto_failover knows it now.
struct ClusterNode {
    std::int64_t nodeid = 0;
    std::string name;
    std::string host;
    int port = 0;
    std::string formation;
    std::string kind;
    int group = 0;
    std::string reported_state;
    std::string goal_state;
    bool replication_quorum = true;
    int candidate_priority = 0;
    std::optional<std::int64_t> sysidentifier;
    int number_sync_standbys = 0;
};

struct NodeLease {
    bool held_by_other = false;  // by a token that is not the given one and has called lately
    bool was_held = false;       // ever, by whatever token
    // Of the helper that has it, or had it last.
    std::string host;
    std::string user;
    std::string address;
    int silent_seconds = 0;
};

// What a node's helper looks like to people.
struct HelperSign {
    std::int64_t nodeid = 0;
    bool attached = false;
    bool alive = false;
    std::string heard_at;
};

struct JournalEntry {
    std::string step;
    bool has_failed = false;
    Text started_at;
    std::string finished_at;
    Text result;
    Text error;
    Text hint;
};

struct StepWarnings {
    std::int64_t nodeid = 0;
    std::string step;
    int number = 0;
};

struct CheckResult {
    bool passed = false;
    bool data_loss = false;
    Text remedy;
};

struct FailedCheck {
    std::string node;
    std::string check_name;
    std::string remedy;
};

// The server and the session
int server_major();
std::int64_t server_sysidentifier();
int server_port();
bool session_is_owner();  // superuser, or member of the role that owns the extension
bool session_is_node();   // the role of pg_autoctl's nodes, which is anyone whom pg_hba.conf lets in as it

// pg_auto_failover
std::vector<ClusterNode> cluster_nodes();
std::vector<ClusterNode> group_nodes(const std::string &formation, int group);
std::vector<std::string> formations();
bool is_known_node(std::int64_t nodeid);

// Runs
void lock_for_start();
std::vector<std::int64_t> active_runs();
std::optional<std::int64_t> active_run_of_node(std::int64_t nodeid);
std::optional<std::int64_t> active_run_of_group(const std::string &formation, int group);
std::int64_t insert_run(const Text &formation, const Text &groups, bool include_monitor,
                        std::optional<int> source_version, int target_version, const std::string &method,
                        const std::string &standby_method, const Text &note, const std::string &on_failure);
std::optional<RunRow> run(std::int64_t runid, bool for_update);
void set_run_state(std::int64_t runid, RunState state);
void set_approved(std::int64_t runid, const Text &not_before);
void set_not_approved(std::int64_t runid);
void set_ended(std::int64_t runid, const Text &reason);
// Why the old cluster is given back by a rollback after which the run is prepared again; null: by one that ends it.
void set_give_back_reason(std::int64_t runid, const Text &reason);
// Every step of every node is pending, as if it had never been begun, and every helper has to attach again.
void begin_again(std::int64_t runid);
// Its rollback gives up what was written to the new cluster; a run that has ended goes on.
void set_discards_new_data(std::int64_t runid);
// One that was not aborted.
[[nodiscard]] bool has_later_run(std::int64_t runid);
void set_source_version(std::int64_t runid, int version);
bool same_time(const Text &one, const Text &other);
std::int64_t started_s(std::int64_t runid);  // seconds since 1970

struct NodeName {
    std::int64_t nodeid;
    std::string name;
};

// Nodes and leases. Of a lease's token only the digest is kept: who reads the tables cannot speak for a node.
void insert_node(std::int64_t runid, const NodePlan &node, const std::string &host, int port, const ClusterNode *known,
                 std::optional<std::int64_t> sysidentifier);
void insert_step(std::int64_t runid, std::int64_t nodeid, int ordinal, const StepDefinition &step);
// The nodes in the order of a plan; the names of each node's steps beside their states.
std::vector<NodePlan> plan_nodes(std::int64_t runid, std::vector<std::vector<std::string>> &step_names);
std::optional<std::pair<std::int64_t, std::int64_t>> lease_of(const std::string &token);  // runid, nodeid
bool holds_lease(std::int64_t runid, std::int64_t nodeid, const std::string &token);
NodeLease lease(std::int64_t runid, std::int64_t nodeid, const std::string &token);
// Whether the lease went to a token that did not have it.
bool take_lease(std::int64_t runid, std::int64_t nodeid, const std::string &token, const std::string &host,
                const std::string &helper_version);
[[nodiscard]] std::optional<NodeName> kept_node(std::int64_t runid);  // released or not
bool release_node(std::int64_t runid, std::int64_t nodeid);           // false: it was already
void set_software(std::int64_t runid, std::int64_t nodeid, const std::string &json);
void touch_lease(std::int64_t runid, std::int64_t nodeid);
std::vector<HelperSign> helper_signs(std::int64_t runid);
std::string assignment(std::int64_t runid, std::int64_t nodeid);  // what attach answers, as JSON
void set_sysidentifiers(std::int64_t runid, std::int64_t nodeid, std::optional<std::int64_t> old_sysidentifier,
                        std::optional<std::int64_t> new_sysidentifier);

// Steps. A time that is null is now.
Text finished_at(std::int64_t runid, std::int64_t nodeid, std::string_view step);
int attempts(std::int64_t runid, std::int64_t nodeid, std::string_view step);
int set_running(std::int64_t runid, std::int64_t nodeid, std::string_view step, const std::string &token,
                const Text &at);
int keep_running(std::int64_t runid, std::int64_t nodeid, std::string_view step, const std::string &token);
void set_done(std::int64_t runid, std::int64_t nodeid, std::string_view step, const Text &at, const Text &result);
void set_failed(std::int64_t runid, std::int64_t nodeid, std::string_view step, const Text &at, const Text &error,
                const Text &hint, const Text &detail);
void set_pending(std::int64_t runid, std::int64_t nodeid, std::string_view step);
void set_never_begun(std::int64_t runid);  // every step of every node
void set_progress(std::int64_t runid, std::int64_t nodeid, std::string_view step, const Text &progress);
bool has_finished_at(std::int64_t runid, std::int64_t nodeid, std::string_view step, const Text &at);
Text result_value(const Text &result, const char *key);
Text warnings_in_words(const Text &result);  // null where it has none
// Of all its steps; those that were not acknowledged until now.
std::vector<StepWarnings> acknowledge_warnings(std::int64_t runid, const std::string &note);
// Of what claims::require_journal has let in.
std::vector<JournalEntry> journal_entries(const std::string &json);

// Rollbacks
void insert_rollback(std::int64_t runid, std::int64_t nodeid);
bool set_rolled_back(std::int64_t runid, std::int64_t nodeid, const Text &result);  // false: it was already
[[nodiscard]] std::vector<NodeName> nodes_to_roll_back(std::int64_t runid);         // those that have not yet

// Records
void record_event(std::optional<std::int64_t> runid, std::optional<std::int64_t> nodeid, std::string_view step,
                  const char *kind, std::string_view state, const Text &message);
[[nodiscard]] bool was_recorded(std::int64_t runid, std::int64_t nodeid, const char *kind, std::string_view state);
// Whether it found anything else than the last time.
bool record_check(std::int64_t runid, std::int64_t nodeid, const std::string &check_name, const std::string &severity,
                  bool passed, const Text &found, const Text &meaning, const Text &remedy, bool data_loss,
                  const Text &detail);
std::vector<FailedCheck> checks_in_the_way(std::int64_t runid);
std::optional<CheckResult> check_result(std::int64_t runid, std::int64_t nodeid, const std::string &check_name);
void waive_check(std::int64_t runid, std::int64_t nodeid, const std::string &check_name, const std::string &reason);

}  // namespace pgaf::store
