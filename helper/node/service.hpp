#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "node/node.hpp"
#include "system/unit_override.hpp"

namespace pgaf {

// What runs pg_autoctl for this node: a unit of systemd, or nobody ("none"), where it is started by hand. That one has
// no files, and nothing but its starter's patience keeps it from being started.
class Service {
  public:
    static constexpr std::string_view kNone = "none";

    Service(const Node &node, std::string unit) : node_(node), unit_(std::move(unit)) {}

    // pg_autoctl's process by its pid file; nothing where that is of a process before a crash.
    [[nodiscard]] static std::optional<pid_t> running(const std::filesystem::path &pid_file);

    // The unit in whose control group the process of the pid file is; empty when there is none.
    [[nodiscard]] static std::string unit_of(const std::filesystem::path &pid_file);

    [[nodiscard]] bool is_by_hand() const { return unit_ == kNone; }
    [[nodiscard]] bool is_known() const;
    [[nodiscard]] bool is_active() const;
    // All of its processes have ended; while they are told to, it is neither active nor this.
    [[nodiscard]] bool has_ended() const;
    void start() const;
    // Return when its processes have been told to end, and when they have ended.
    void begin_stop(std::chrono::seconds limit) const;
    void stop(std::chrono::seconds limit) const;

    // A drop-in by which the unit does not start while the guard is set: not at a boot after a power cut,
    // not by its Restart=, and not by hand, which is told so. Nor does systemd signal anything but pg_autoctl: by
    // SIGTERM a standby loses its startup process and may then wait for ever for its others, which no fast
    // shutdown ends any more, and a primary loses its WAL senders before they have sent its last checkpoint; by
    // SIGKILL, a shutdown checkpoint that takes long. Durable; nothing when it is there already.
    void prepare_guard() const;
    void set_guard() const;
    void end_guard() const;

    // A copy of the pg_autoctl that runs, for when a package has replaced it; and whether, from its next start on, the
    // unit runs that. `by` is the owner's own copy, which is run where no unit is.
    void keep_program() const;
    void use_kept_program(const std::optional<std::filesystem::path> &by);

    // A drop-in by which the unit runs the programs of that major from its next start on; forward, to the target's.
    void use_programs(int major, bool forward) const;

    // Whether its next start is by the programs of that major: by our drop-in, or since it names no others.
    [[nodiscard]] bool has_programs_of(int major) const;

    // The drop-in that has it run other programs, by a reader who is not root. Throws HelperError.
    [[nodiscard]] UnitOverride override_by(OtherPrograms &programs,
                                           const std::filesystem::path &environment_file) const;

    // The unit's file and its drop-ins.
    [[nodiscard]] std::vector<std::filesystem::path> files() const;

  private:
    std::string ask(privileged::Verb verb, int first = 0, int second = 0) const;
    void start_by_hand() const;
    void wait_while_active(std::chrono::seconds limit) const;

    const Node &node_;
    std::string unit_;
    std::optional<std::filesystem::path> program_;  // by hand: see use_kept_program
};

// pg_autoctl, where no unit of systemd runs it: a process of its own, whose output goes to the log.
[[nodiscard]] std::vector<std::string> autoctl_arguments(const Node &node, const std::filesystem::path &program,
                                                         const std::filesystem::path &log);

}  // namespace pgaf
