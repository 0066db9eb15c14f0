#pragma once

#include <cstdio>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "fake_run.hpp"
#include "run/journal.hpp"
#include "runner/runner.hpp"

namespace pgaf {

// The disk of the node under test: what survives a helper that is killed.
struct FakeDisk {
    std::set<std::string> done;        // steps behind the gate whose work is there
    bool is_between_clusters = false;  // the flag
    bool is_edited = false;            // the configuration, since it was shown
    bool is_hindered = false;          // something has come up since the checks
    bool is_new_server_ended = false;  // for good, in a rollback that discards
    bool is_old_served = false;        // given back after a switch that failed
    [[nodiscard]] bool operator==(const FakeDisk &) const = default;
    std::vector<std::string> performed;  // in order, every attempt that came to its end
};

// What an instant leaves behind: on the monitor, on the node's disk, and in its journal.
struct Instant {
    std::string where;
    FakeRun run;
    FakeDisk disk;
    std::string journal;
    [[nodiscard]] bool leaves_the_same(const Instant &other) const;
};

// A cluster of a monitor, a primary and secondaries. One of the nodes has a real runner with a real journal, over a
// monitor and a disk that are fakes; the others do their steps when they come due, and the operator approves.
class World {
  public:
    explicit World(std::int64_t nodeid, int secondaries = 1);
    World(std::int64_t nodeid, const Instant &from);
    ~World();
    World(const World &) = delete;
    World &operator=(const World &) = delete;

    FakeRun run;
    FakeDisk disk;
    RunnerSettings settings;

    // What happens to the world, asked of it whenever the runner waits or begins something.
    std::function<void(World &)> when_waiting = [](World &) {};
    std::function<void(World &, const std::string &step)> when_performing = [](World &, const std::string &) {};
    std::function<void(World &, const std::string &step)> when_undoing = [](World &, const std::string &) {};
    std::function<void()> when_asked_for_start = [] {};  // whether the new server was started
    std::function<void(World &)> when_old_serves = [](World &) {};
    std::function<bool()> is_monitor_away = [] { return false; };
    std::function<bool()> is_answer_lost = [] { return false; };  // what was called has happened
    std::function<void()> when_heartbeat = [] {};
    std::set<FakeRun::Key> held;  // steps of others that are begun, and come to no end
    // Does the work of a step; to be replaced by what fails.
    std::function<void(const std::string &step)> work = [](const std::string &) {};

    // A new helper, as after a kill.
    ExitCode start();
    ExitCode roll_back(bool discard_new_data = false);
    ExitCode start_without_monitor();
    // Again and again, as an operator who has mended what was refused, until the run has ended. Returns how often.
    int until_ended(const std::function<void(World &)> &command);
    int start_until_ended();
    // The others' steps that are due; before them the approval, where the run was ready already.
    void let_others_work();

    // From now on, keeps what a kill would leave at each instant of interest.
    void record(std::function<bool(const World &)> is_of_interest = [](const World &) { return true; });
    // Before and after all that changes the world outside of the runner.
    void moment(const std::string &where);
    // In their order.
    [[nodiscard]] std::vector<Instant> instants() const;

    // What must never be: empty when all went well.
    std::vector<std::string> violations;

    [[nodiscard]] nlohmann::json end();  // what every way has to end at
    [[nodiscard]] std::string shown();   // to people, so far
    [[nodiscard]] Journal &journal() { return *journal_; }
    [[nodiscard]] std::filesystem::path journal_path() const { return folder_ / "journal"; }
    [[nodiscard]] std::string journal_now() const;  // its text
    [[nodiscard]] std::int64_t nodeid() const { return nodeid_; }
    [[nodiscard]] bool is_server_of_monitor_down() const;
    std::recursive_mutex mutex;  // a background step and the heartbeat are threads of their own

  private:
    ExitCode with_runner(const std::function<ExitCode(Runner &)> &use);

    std::int64_t nodeid_;
    std::filesystem::path folder_;
    struct Recorded {
        Instant instant;
        bool is_of_interest;
    };
    std::function<bool(const World &)> is_of_interest_;  // none: nothing is recorded
    std::vector<Recorded> recorded_;
    std::unique_ptr<Journal> journal_;
    std::string shown_;
};

}  // namespace pgaf
