#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/steps.hpp"

// A run as pgaf_upgrade_report() tells it: what status, its watch and the report are made of. Times are
// seconds since 1970, by the monitor's clock.
namespace pgaf {

class Document;

using Instant = std::optional<double>;

// What a step could not do, and no data depends on.
struct WarningRecord {
    std::string object;
    std::string error;
    std::string remedy;
};

struct StepRecord {
    std::int64_t nodeid = 0;
    std::string name;
    std::string title;
    std::string guide;  // the step of article 440339 that it replaces
    Phase phase = Phase::Prepare;
    StepState state = StepState::Pending;
    bool background = false;
    int attempts = 0;
    Instant first_started_at;
    Instant started_at;
    Instant finished_at;
    std::string progress;
    std::string error;
    std::string hint;
    std::vector<WarningRecord> warnings;
    Instant acknowledged_at;  // by the operator: they are no longer open
    std::string acknowledged_by;
    std::string acknowledge_note;

    [[nodiscard]] std::size_t open_warnings() const { return acknowledged_at ? 0 : warnings.size(); }
};

struct NodeRecord {
    std::int64_t id = 0;
    std::string name;
    std::string host;
    std::string formation;
    int port = 0;
    int group = 0;
    int rank = 0;
    bool is_kept = false;  // at the old version, and not released yet
    Role role = Role::Secondary;
    std::string old_system_identifier;
    std::string new_system_identifier;
    std::string old_server_version;
    std::string new_server_version;
    std::string old_pgautofailover;
    std::string new_pgautofailover;
    std::string data_directory;
    Instant helper_heard_at;
    int checks_passed = 0;  // of severity error
    int checks_failed = 0;
    int checks_waived = 0;
    Instant rollback_asked_at;  // only where there is something to undo
    Instant rollback_done_at;
    std::string discarded;  // what was given up
    std::vector<StepRecord> steps;
};

struct Span {
    std::string formation;
    int group = 0;
    double from = 0;
    Instant to;  // none: it lasts
};

struct RunRecord {
    double at = 0;  // when all of this was so
    std::int64_t run = 0;
    RunState state = RunState::Preparing;
    std::optional<int> source_version;
    int target_version = 0;
    std::string method;
    std::string note;
    std::string started_by;
    std::string approved_by;
    std::string ended_by;
    std::string end_reason;
    std::string waiting_for;
    double started_at = 0;
    Instant approved_at;
    Instant not_before;
    Instant ended_at;
    std::optional<double> expected_refused_s;  // as estimated before the switch
    // From the first refused write until every standby was back, in the group that had to wait longest.
    std::optional<double> redundancy_after_s;
    std::optional<double> expected_redundancy_after_s;
    std::vector<NodeRecord> nodes;
    std::vector<std::pair<std::int64_t, Span>> maintenance;  // by node

    [[nodiscard]] bool has_ended() const { return ended_at.has_value(); }
    [[nodiscard]] const NodeRecord *node(std::int64_t id) const;
};

// Throws HelperError(Internal), which says what is missing or not as it should be.
[[nodiscard]] RunRecord parse_run(const Document &document);

// The node of the run that a row names. Throws HelperError(Internal) where the run has none such.
[[nodiscard]] std::int64_t require_node(const RunRecord &run, const Document &row);

// A name that tells the node from every other of the run.
[[nodiscard]] std::string label_of(const RunRecord &run, const NodeRecord &node);

// Writes refused, by group: from the primary's stop until it, or the old cluster again, accepts them.
[[nodiscard]] std::vector<Span> refused_spans(const RunRecord &run);

// No standby could take over, by group: all of its secondaries were in maintenance. A group without a secondary
// has none such.
[[nodiscard]] std::vector<Span> unprotected_spans(const RunRecord &run);

// The longest; one that lasts is counted until now.
[[nodiscard]] std::optional<double> longest(const std::vector<Span> &spans, double now);
[[nodiscard]] bool lasts(const std::vector<Span> &spans);

[[nodiscard]] std::size_t count_of(const RunRecord &run, StepState state);
[[nodiscard]] std::size_t count_of(const NodeRecord &node, StepState state);

// Those that nobody has acknowledged.
[[nodiscard]] std::size_t open_warnings(const RunRecord &run);
[[nodiscard]] std::size_t open_warnings(const NodeRecord &node);
// In which state a step is, for people: "done with warnings" while some are open.
[[nodiscard]] std::string state_in_words(const StepRecord &step);

// What the node does or waits for, in words.
struct Activity {
    enum class Kind : std::uint8_t { Done, Waits, Works, Failed };
    Kind kind = Kind::Waits;
    std::string what;
    Instant since;
    std::string more;  // progress, or the error and what to do about it
};
// In the order of the run's nodes.
[[nodiscard]] std::vector<Activity> activities_of(const RunRecord &run);

}  // namespace pgaf
