#pragma once

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "node/node.hpp"

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
    // From its next start on it runs this program in the place of the one of that name; nothing: that one again.
    void replace_program(const std::filesystem::path &name, const std::optional<std::filesystem::path> &by);
    void start() const;
    // Return when its processes have been told to end, and when they have ended.
    void begin_stop(std::chrono::seconds limit) const;
    void stop(std::chrono::seconds limit) const;

    // A drop-in by which the unit does not start while the flag exists: not at a boot after a power cut,
    // not by its Restart=, and not by hand, which is told so. Nor does systemd signal anything but pg_autoctl: by
    // SIGTERM a standby loses its startup process and may then wait for ever for its others, which no fast
    // shutdown ends any more, and a primary loses its WAL senders before they have sent its last checkpoint; by
    // SIGKILL, a shutdown checkpoint that takes long. Durable; nothing when it is there already.
    void guard_by(const std::filesystem::path &flag) const;
    void end_guard() const;

    // The unit's file, its drop-ins and its files of environment variables.
    [[nodiscard]] std::vector<std::filesystem::path> files() const;
    [[nodiscard]] bool needs_reload() const;  // they have changed since systemd read them
    static void reload();

  private:
    [[nodiscard]] std::filesystem::path drop_in(const std::string &name) const;
    void write_drop_in(const std::string &name, const std::string &text) const;
    void remove_drop_in(const std::string &name) const;
    void start_by_hand() const;
    void wait_while_active(std::chrono::seconds limit) const;

    const Node &node_;
    std::string unit_;
    std::optional<std::filesystem::path> program_;  // by hand: see replace_program
};

// pg_autoctl, where no unit of systemd runs it: a process of its own, whose output goes to the log.
[[nodiscard]] std::vector<std::string> autoctl_arguments(const Node &node, const std::filesystem::path &program,
                                                         const std::filesystem::path &log);

}  // namespace pgaf
