#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/steps.hpp"
#include "monitor/assignment.hpp"

// What the monitor answers, read once: whatever is missing or not as it should be is an error that says so.
namespace pgaf {

class Rows;

// How errors call what it answers.
inline constexpr const char *kMonitorsAnswer = "the monitor's answer";

// Of pgaf_upgrade_attach(): as the helper goes by it, and as the journal keeps it.
struct Attached {
    Assignment plan;
    std::string document;
};

// Of pgaf_upgrade_next_step().
struct Due {
    RunState run_state = RunState::Preparing;
    std::string step;  // of the table, or steps::kRollback; empty: nothing is due
    Wait wait;         // why
};

// A data node as the monitor last heard of it.
struct NodeReport {
    std::string reported_state;
    std::string goal_state;
    std::string sysidentifier;  // empty where the monitor has none
    int health = 0;
    double report_age_s = 0;
    bool pg_is_running = false;
    [[nodiscard]] bool is_stable_in(const std::string &state) const {
        return reported_state == state && goal_state == state;
    }
};

// Of pgaf_upgrade_cleanup(): what the newest finished run of a node has left.
struct OldCluster {
    std::int64_t run = 0;
    std::string node;
    int source_version = 0;
    int target_version = 0;
    std::string method;
    std::string finished_at;
    std::string why_not;  // nothing may be removed now; empty where it may
    std::string old_sysidentifier;
    std::string new_sysidentifier;
    std::string backup;  // of the new cluster, the newest verified one
    bool is_removed = false;
};

// A check that stands in the way of the approval.
struct OpenCheck {
    std::string name;
    std::string found;
    [[nodiscard]] std::string in_words() const { return name + ": " + found; }
};

// A time by the monitor's clock, as text for SQL and for the name of a file.
struct Moment {
    std::string text;
    std::string label;
};

// A row of an answer, read as Document reads JSON.
class AnswerRow {
  public:
    AnswerRow(const Rows &rows, int row) : rows_(rows), row_(row) {}
    [[nodiscard]] std::string text(const char *column) const;
    [[nodiscard]] std::optional<std::string> maybe_text(const char *column) const;
    [[nodiscard]] std::int64_t integer(const char *column) const;
    [[nodiscard]] int small_integer(const char *column) const;
    [[nodiscard]] double number(const char *column) const;
    [[nodiscard]] bool boolean(const char *column) const;

    // A name of a table of core's.
    template <typename Parse>
    [[nodiscard]] auto named(const char *column, const Parse &parse) const {
        const auto name = text(column);
        const auto value = parse(name);
        if (!value) {
            refuse(column, name);
        }
        return *value;
    }
    [[noreturn]] void refuse(const char *column, const std::string &value) const;

  private:
    const Rows &rows_;
    int row_;
};

// These throw HelperError(Internal).
[[nodiscard]] Due parse_due(const Rows &rows);
[[nodiscard]] OldCluster parse_old_cluster(const Rows &rows, int row);
[[nodiscard]] NodeReport parse_node_report(const Rows &rows);

}  // namespace pgaf
