#pragma once

#include <filesystem>
#include <vector>

#include "steps/step.hpp"

// The steps, each performed in a file of its own; names and order are core's.
namespace pgaf {

class Discover final : public Step {
  public:
    [[nodiscard]] std::string_view name() const override { return "discover"; }
    [[nodiscard]] nlohmann::json perform(const Context &context) const override;
};

class CheckStep final : public Step {
  public:
    [[nodiscard]] std::string_view name() const override { return "check"; }
    [[nodiscard]] nlohmann::json perform(const Context &context) const override;
};

class Initdb final : public Step {
  public:
    [[nodiscard]] std::string_view name() const override { return "initdb"; }
    [[nodiscard]] Found probe(const Context &context) const override;
    [[nodiscard]] nlohmann::json perform(const Context &context) const override;
};

class Configure final : public Step {
  public:
    [[nodiscard]] std::string_view name() const override { return "configure"; }
    [[nodiscard]] Found probe(const Context &context) const override;
    [[nodiscard]] nlohmann::json perform(const Context &context) const override;
};

class DryRun final : public Step {
  public:
    [[nodiscard]] std::string_view name() const override { return "dry_run"; }
    [[nodiscard]] nlohmann::json perform(const Context &context) const override;
};

class RelaxSync final : public Step {
  public:
    [[nodiscard]] std::string_view name() const override { return "relax_sync"; }
    [[nodiscard]] Found probe(const Context &context) const override;
    [[nodiscard]] nlohmann::json perform(const Context &context) const override;
    void undo(const Context &context) const override;
};

class Checkpoint final : public Step {
  public:
    [[nodiscard]] std::string_view name() const override { return "checkpoint"; }
    [[nodiscard]] nlohmann::json perform(const Context &context) const override;
    void undo(const Context &context) const override;
};

class Stop final : public Step {
  public:
    [[nodiscard]] std::string_view name() const override { return "stop"; }
    [[nodiscard]] Found probe(const Context &context) const override;
    [[nodiscard]] nlohmann::json perform(const Context &context) const override;
    void undo(const Context &context) const override;
};

class Upgrade final : public Step {
  public:
    [[nodiscard]] std::string_view name() const override { return "pg_upgrade"; }
    [[nodiscard]] Found probe(const Context &context) const override;
    [[nodiscard]] nlohmann::json perform(const Context &context) const override;
    void undo(const Context &context) const override;
};

class Carry final : public Step {
  public:
    [[nodiscard]] std::string_view name() const override { return "carry"; }
    [[nodiscard]] Found probe(const Context &context) const override;
    [[nodiscard]] nlohmann::json perform(const Context &context) const override;
};

class Swap final : public Step {
  public:
    [[nodiscard]] std::string_view name() const override { return "swap"; }
    [[nodiscard]] Found probe(const Context &context) const override;
    [[nodiscard]] nlohmann::json perform(const Context &context) const override;
    void undo(const Context &context) const override;
};

class Start final : public Step {
  public:
    [[nodiscard]] std::string_view name() const override { return "start"; }
    [[nodiscard]] Found probe(const Context &context) const override;
    [[nodiscard]] nlohmann::json perform(const Context &context) const override;
    void undo(const Context &context) const override;
};

class Identity final : public Step {
  public:
    [[nodiscard]] std::string_view name() const override { return "identity"; }
    [[nodiscard]] Found probe(const Context &context) const override;
    [[nodiscard]] nlohmann::json perform(const Context &context) const override;
    void undo(const Context &context) const override;
};

class Reconfigure final : public Step {
  public:
    [[nodiscard]] std::string_view name() const override { return "reconfigure"; }
    [[nodiscard]] Found probe(const Context &context) const override;
    [[nodiscard]] nlohmann::json perform(const Context &context) const override;
    void undo(const Context &context) const override;
};

class UpdateExtensions final : public Step {
  public:
    [[nodiscard]] std::string_view name() const override { return "update_extensions"; }
    [[nodiscard]] nlohmann::json perform(const Context &context) const override;
};

class Statistics final : public Step {
  public:
    [[nodiscard]] std::string_view name() const override { return "statistics"; }
    [[nodiscard]] nlohmann::json perform(const Context &context) const override;
};

class EnterMaintenance final : public Step {
  public:
    [[nodiscard]] std::string_view name() const override { return "enter_maintenance"; }
    [[nodiscard]] Found probe(const Context &context) const override;
    [[nodiscard]] nlohmann::json perform(const Context &context) const override;
    void undo(const Context &context) const override;
};

class Rebuild final : public Step {
  public:
    [[nodiscard]] std::string_view name() const override { return "rebuild"; }
    [[nodiscard]] Found probe(const Context &context) const override;
    [[nodiscard]] nlohmann::json perform(const Context &context) const override;
    void undo(const Context &context) const override;
};

class Rejoin final : public Step {
  public:
    [[nodiscard]] std::string_view name() const override { return "rejoin"; }
    [[nodiscard]] Found probe(const Context &context) const override;
    [[nodiscard]] nlohmann::json perform(const Context &context) const override;
};

class RestoreSettings final : public Step {
  public:
    [[nodiscard]] std::string_view name() const override { return "restore_settings"; }
    [[nodiscard]] Found probe(const Context &context) const override;
    [[nodiscard]] nlohmann::json perform(const Context &context) const override;
};

class Verify final : public Step {
  public:
    [[nodiscard]] std::string_view name() const override { return "verify"; }
    [[nodiscard]] nlohmann::json perform(const Context &context) const override;
};

// Until the group's primary has reported, from now on, and the health check reaches it.
void wait_for_healthy_primary(const Context &context, std::chrono::seconds limit);

// Asks pg_auto_failover to end this node's maintenance, and waits until it is a secondary again.
void leave_maintenance(const Context &context);

// In a formation whose standbys are back; waits until the primary, this node, has applied it.
void apply_number_sync_standbys(const Context &context, int number);

// The files to carry as a result keeps them, and back.
[[nodiscard]] nlohmann::json list_files_to_carry(const Context &context);
[[nodiscard]] std::vector<std::filesystem::path> listed_files(const nlohmann::json &result);

}  // namespace pgaf
