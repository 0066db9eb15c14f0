#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

// The SQL functions as C++ sees them: arguments and results in PostgreSQL's text form. The entry
// point of the same name in src/pg/entry_points.cpp converts both and reports what is thrown.
namespace pgaf {

using Text = std::optional<std::string>;

class Arguments {
  public:
    explicit Arguments(std::vector<Text> values) : values_(std::move(values)) {}

    [[nodiscard]] const Text &text(std::size_t index) const { return values_.at(index); }
    // These throw Error, naming the argument, when it is null.
    [[nodiscard]] const std::string &required(std::size_t index, const char *name) const;
    // Neither null nor blank; the hint tells what is expected.
    [[nodiscard]] const std::string &required_words(std::size_t index, const char *name, const char *hint) const;
    [[nodiscard]] std::int64_t required_integer(std::size_t index, const char *name) const;
    [[nodiscard]] bool required_boolean(std::size_t index, const char *name) const;
    [[nodiscard]] std::optional<std::int64_t> integer(std::size_t index) const;

  private:
    std::vector<Text> values_;
};

// The hint where a reason is missing.
inline constexpr const char *kSayWhy = "Say why: the record is for whoever comes next.";

// What a function returns: a value, or rows when it returns a set.
struct Outcome {
    Text value;
    std::vector<std::vector<Text>> rows;
};

namespace functions {

// operator_functions.cpp
Outcome pgaf_upgrade_plan(const Arguments &arguments);
Outcome pgaf_upgrade_start(const Arguments &arguments);
Outcome pgaf_upgrade_approve(const Arguments &arguments);
Outcome pgaf_upgrade_release(const Arguments &arguments);
Outcome pgaf_upgrade_abort(const Arguments &arguments);
Outcome pgaf_upgrade_retry(const Arguments &arguments);
Outcome pgaf_upgrade_waive_check(const Arguments &arguments);
Outcome pgaf_upgrade_acknowledge(const Arguments &arguments);

// protocol_functions.cpp
Outcome pgaf_upgrade_attach(const Arguments &arguments);
Outcome pgaf_upgrade_next_step(const Arguments &arguments);
Outcome pgaf_upgrade_begin_step(const Arguments &arguments);
Outcome pgaf_upgrade_heartbeat(const Arguments &arguments);
Outcome pgaf_upgrade_finish_step(const Arguments &arguments);
Outcome pgaf_upgrade_fail_step(const Arguments &arguments);
Outcome pgaf_upgrade_report_check(const Arguments &arguments);
Outcome pgaf_upgrade_report_software(const Arguments &arguments);
Outcome pgaf_upgrade_sync_journal(const Arguments &arguments);
Outcome pgaf_upgrade_report_hba(const Arguments &arguments);

// rollback_functions.cpp
Outcome pgaf_upgrade_rollback(const Arguments &arguments);
Outcome pgaf_upgrade_request_rollback(const Arguments &arguments);
Outcome pgaf_upgrade_finish_rollback(const Arguments &arguments);

// backup_functions.cpp
Outcome pgaf_upgrade_record_backup(const Arguments &arguments);

// cleanup_functions.cpp
Outcome pgaf_upgrade_cleanup(const Arguments &arguments);
Outcome pgaf_upgrade_begin_cleanup(const Arguments &arguments);
Outcome pgaf_upgrade_finish_cleanup(const Arguments &arguments);

// maintenance_functions.cpp
Outcome pgaf_upgrade_record_maintenance(const Arguments &arguments);

// sysidentifier_functions.cpp
Outcome pgaf_upgrade_validate_sysidentifier(const Arguments &arguments);
Outcome pgaf_upgrade_rewrite_sysidentifier(const Arguments &arguments);

// hba_functions.cpp
Outcome pgaf_upgrade_verify_hba(const Arguments &arguments);
Outcome pgaf_upgrade_required_hba(const Arguments &arguments);
Outcome pgaf_upgrade_match_hba(const Arguments &arguments);

// shown_functions.cpp
Outcome pgaf_upgrade_steps(const Arguments &arguments);
Outcome pgaf_upgrade_transitions(const Arguments &arguments);
Outcome pgaf_upgrade_waiting_for(const Arguments &arguments);
Outcome pgaf_upgrade_redundancy_estimate(const Arguments &arguments);

}  // namespace functions

}  // namespace pgaf
