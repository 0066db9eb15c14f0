#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

namespace pgaf {

// The systemd unit that runs pg_autoctl for this node.
class Service {
  public:
    explicit Service(std::string unit) : unit_(std::move(unit)) {}

    // The unit in whose control group the process of the pid file is; empty when there is none.
    [[nodiscard]] static std::string unit_of(const std::filesystem::path &pid_file);

    [[nodiscard]] const std::string &unit() const { return unit_; }
    [[nodiscard]] bool is_known() const;
    [[nodiscard]] bool is_active() const;
    // All of its processes have ended; while they are told to, it is neither active nor this.
    [[nodiscard]] bool has_ended() const;
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
    [[nodiscard]] std::filesystem::path guard_file() const;

    std::string unit_;
};

}  // namespace pgaf
