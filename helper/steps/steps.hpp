#pragma once

#include <filesystem>
#include <vector>

#include "configuration/shown_files.hpp"
#include "run/context.hpp"

// The steps, each performed in a file of its own; names and order are core's.
namespace pgaf {

class Discover final : public Step {
  public:
    [[nodiscard]] std::string_view name() const override { return steps::kDiscover; }
    [[nodiscard]] nlohmann::json perform(const Context &context) const override;
};

class CheckStep final : public Step {
  public:
    [[nodiscard]] std::string_view name() const override { return steps::kCheck; }
    [[nodiscard]] nlohmann::json perform(const Context &context) const override;
};

class Initdb final : public Step {
  public:
    [[nodiscard]] std::string_view name() const override { return steps::kInitdb; }
    [[nodiscard]] Found probe(const Context &context) const override;
    [[nodiscard]] nlohmann::json perform(const Context &context) const override;
};

class Configure final : public Step {
  public:
    [[nodiscard]] std::string_view name() const override { return steps::kConfigure; }
    [[nodiscard]] Found probe(const Context &context) const override;
    [[nodiscard]] nlohmann::json perform(const Context &context) const override;
};

class DryRun final : public Step {
  public:
    [[nodiscard]] std::string_view name() const override { return steps::kDryRun; }
    [[nodiscard]] nlohmann::json perform(const Context &context) const override;
};

class Rehearse final : public Step {
  public:
    [[nodiscard]] std::string_view name() const override { return steps::kRehearse; }
    [[nodiscard]] nlohmann::json perform(const Context &context) const override;
};

class RelaxSync final : public Step {
  public:
    [[nodiscard]] std::string_view name() const override { return steps::kRelaxSync; }
    [[nodiscard]] Found probe(const Context &context) const override;
    [[nodiscard]] nlohmann::json perform(const Context &context) const override;
    void undo(const Context &context) const override;
};

class Checkpoint final : public Step {
  public:
    [[nodiscard]] std::string_view name() const override { return steps::kCheckpoint; }
    [[nodiscard]] nlohmann::json perform(const Context &context) const override;
    void undo(const Context &context) const override;
};

class Stop final : public Step {
  public:
    [[nodiscard]] std::string_view name() const override { return steps::kStop; }
    [[nodiscard]] Found probe(const Context &context) const override;
    [[nodiscard]] nlohmann::json perform(const Context &context) const override;
    void undo(const Context &context) const override;
};

class Upgrade final : public Step {
  public:
    [[nodiscard]] std::string_view name() const override { return steps::kPgUpgrade; }
    [[nodiscard]] Found probe(const Context &context) const override;
    [[nodiscard]] nlohmann::json perform(const Context &context) const override;
    void undo(const Context &context) const override;
};

class Carry final : public Step {
  public:
    [[nodiscard]] std::string_view name() const override { return steps::kCarry; }
    [[nodiscard]] Found probe(const Context &context) const override;
    [[nodiscard]] nlohmann::json perform(const Context &context) const override;
};

class Swap final : public Step {
  public:
    [[nodiscard]] std::string_view name() const override { return steps::kSwap; }
    [[nodiscard]] Found probe(const Context &context) const override;
    [[nodiscard]] nlohmann::json perform(const Context &context) const override;
    void undo(const Context &context) const override;
};

class Start final : public Step {
  public:
    [[nodiscard]] std::string_view name() const override { return steps::kStart; }
    [[nodiscard]] Found probe(const Context &context) const override;
    [[nodiscard]] nlohmann::json perform(const Context &context) const override;
    void undo(const Context &context) const override;
};

class Identity final : public Step {
  public:
    [[nodiscard]] std::string_view name() const override { return steps::kIdentity; }
    [[nodiscard]] Found probe(const Context &context) const override;
    [[nodiscard]] nlohmann::json perform(const Context &context) const override;
    void undo(const Context &context) const override;
};

class Reconfigure final : public Step {
  public:
    [[nodiscard]] std::string_view name() const override { return steps::kReconfigure; }
    [[nodiscard]] Found probe(const Context &context) const override;
    [[nodiscard]] nlohmann::json perform(const Context &context) const override;
    void undo(const Context &context) const override;
};

class UpdateExtensions final : public Step {
  public:
    [[nodiscard]] std::string_view name() const override { return steps::kUpdateExtensions; }
    [[nodiscard]] nlohmann::json perform(const Context &context) const override;
};

class Statistics final : public Step {
  public:
    [[nodiscard]] std::string_view name() const override { return steps::kStatistics; }
    [[nodiscard]] nlohmann::json perform(const Context &context) const override;
};

class EnterMaintenance final : public Step {
  public:
    [[nodiscard]] std::string_view name() const override { return steps::kEnterMaintenance; }
    [[nodiscard]] Found probe(const Context &context) const override;
    [[nodiscard]] nlohmann::json perform(const Context &context) const override;
    void undo(const Context &context) const override;
};

class Rebuild final : public Step {
  public:
    [[nodiscard]] std::string_view name() const override { return steps::kRebuild; }
    [[nodiscard]] Found probe(const Context &context) const override;
    [[nodiscard]] nlohmann::json perform(const Context &context) const override;
    void undo(const Context &context) const override;
};

class Rejoin final : public Step {
  public:
    [[nodiscard]] std::string_view name() const override { return steps::kRejoin; }
    [[nodiscard]] Found probe(const Context &context) const override;
    [[nodiscard]] nlohmann::json perform(const Context &context) const override;
};

class RestoreSettings final : public Step {
  public:
    [[nodiscard]] std::string_view name() const override { return steps::kRestoreSettings; }
    [[nodiscard]] Found probe(const Context &context) const override;
    [[nodiscard]] nlohmann::json perform(const Context &context) const override;
};

class Verify final : public Step {
  public:
    [[nodiscard]] std::string_view name() const override { return steps::kVerify; }
    [[nodiscard]] nlohmann::json perform(const Context &context) const override;
};

// pg_upgrade --check on the running old server and the new cluster that the step initdb has made. Throws HelperError.
void try_pg_upgrade(const Context &context);

// The checks once more, but for what has to be tried on a new cluster, and told to the monitor: the applications go on
// between a node's step `check` and its first behind the gate. What is of the moment is waited for. What stands in the
// way, in a line; empty when nothing does. Throws HelperError(Refused) when the run's primary was replaced.
[[nodiscard]] std::string look_at_gate(const Context &context);

// Until the group's primary has reported, from now on, and the health check reaches it.
void wait_for_healthy_primary(const Context &context, std::chrono::seconds limit);

// Asks pg_auto_failover to end this node's maintenance, and waits until it is a secondary again.
void leave_maintenance(const Context &context);

// In a formation whose standbys are back; waits until the primary, this node, has applied it.
void apply_number_sync_standbys(const Context &context, int number);

// The configuration as it was shown, in as_shown.cpp. Kept by the step `check`; returns the digests, by file.
[[nodiscard]] nlohmann::json keep_files_to_show(const Context &context);

// What is otherwise than it was shown, a line a file, and has been told to the monitor; empty where nothing is, or the
// operator has taken the responsibility for it.
[[nodiscard]] std::string not_as_shown(const Context &context);

// Throws HelperError(CheckFailed) where something is.
void require_as_shown(const Context &context);

// The names of the copies that are carried. In the copies, pg_autoctl's lines are as they are now. The last time before
// this node's service is stopped.
[[nodiscard]] nlohmann::json files_to_carry_now(const Context &context);

// Names of files for a step's result, and back.
[[nodiscard]] nlohmann::json names_of(const std::vector<std::filesystem::path> &files);
[[nodiscard]] std::vector<std::filesystem::path> listed_files(const nlohmann::json &result);

// Tells the monitor of files that somebody has edited in the switch.
void report_edited_since(const Context &context);

}  // namespace pgaf
