#include "runner/world.hpp"

#include <algorithm>
#include <cstdlib>

#include <spdlog/spdlog.h>

#include "runner/fake_workplace.hpp"
#include "system/files.hpp"

namespace pgaf {
namespace {

namespace fs = std::filesystem;

// In memory, where each of hundreds of journals is flushed at once.
fs::path new_folder() {
    const bool has_memory = fs::exists("/dev/shm");
    auto name = ((has_memory ? fs::path("/dev/shm") : fs::temp_directory_path()) / "pgaf-test-XXXXXX").string();
    if (::mkdtemp(name.data()) == nullptr) {
        throw std::runtime_error("no folder for a test");
    }
    return name;
}

}  // namespace

World::World(std::int64_t nodeid, int secondaries)
    : run(FakeRun::with(secondaries)), nodeid_(nodeid), folder_(new_folder()) {
    spdlog::set_level(spdlog::level::off);
    settings.nodeid = nodeid;
    settings.work_dir = folder_;
    settings.wait_limit = std::chrono::seconds(5);
    settings.reconnect = std::chrono::milliseconds(1);
    settings.poll = std::chrono::milliseconds(1);
}

World::World(std::int64_t nodeid, const Instant &from) : World(nodeid) {
    run = from.run;
    disk = from.disk;
    write_file(folder_ / "journal", from.journal);
}

World::~World() {
    journal_.reset();
    fs::remove_all(folder_);
}

bool World::is_server_of_monitor_down() const {
    return nodeid_ == 0 && disk.done.contains("stop") && !disk.done.contains("start");
}

std::string World::journal_now() const {
    return fs::exists(folder_ / "journal") ? read_file(folder_ / "journal") : std::string();
}

void World::record(std::function<bool(const World &)> is_of_interest) {
    is_of_interest_ = std::move(is_of_interest);
    recorded_.push_back({{"before the command", run, disk, journal_now()}, is_of_interest_(*this)});
}

void World::moment(const std::string &where) {
    const std::lock_guard lock(mutex);
    if (!is_of_interest_) {
        return;
    }
    const bool is_of_interest = is_of_interest_(*this);
    const auto journal = journal_now();
    // each line that was written since the last moment is one of its own
    const auto before = recorded_.back().instant;
    for (auto end = journal.find('\n', before.journal.size()); end != std::string::npos;
         end = journal.find('\n', end + 1)) {
        recorded_.push_back(
            {{where + ", line written", before.run, before.disk, journal.substr(0, end + 1)}, is_of_interest});
    }
    Instant now{where, run, disk, journal};
    if (!now.leaves_the_same(recorded_.back().instant)) {
        recorded_.push_back({std::move(now), is_of_interest});
    }
}

bool Instant::leaves_the_same(const Instant &other) const {
    return journal == other.journal && disk == other.disk && run.attempted == other.run.attempted &&
           run.leases == other.run.leases && run.approvals == other.run.approvals &&
           run.rollback == other.run.rollback && run.shown() == other.run.shown();
}

std::vector<Instant> World::instants() const {
    std::vector<Instant> found;
    for (const auto &recorded : recorded_) {
        if (recorded.is_of_interest) {
            found.push_back(recorded.instant);
        }
    }
    return found;
}

void World::let_others_work() {
    const std::lock_guard lock(mutex);
    run.approve();  // what has been ready since the last time
    for (bool any = true; any && !is_server_of_monitor_down();) {
        any = false;
        for (auto &node : run.plan.nodes) {
            if (node.nodeid == nodeid_ || run.has_ended()) {
                continue;
            }
            const auto token = "token of " + node.name;
            const auto has = [&node](StepState state) {
                return std::ranges::find(node.states, state) != node.states.end();
            };
            const bool is_held = std::ranges::any_of(held, [&](const auto &key) { return key.first == node.nodeid; });
            if (!run.leases.contains(node.nodeid) || has(StepState::Failed) || (has(StepState::Running) && !is_held)) {
                static_cast<void>(run.attach(node.nodeid, token, true, false));
            }
            const auto due = run.next_step(token);
            if (due.step == steps::kRollback) {
                run.finish_rollback(token, {{"undone", {"all"}}});
                any = true;
            } else if (!due.step.empty()) {
                run.begin_step(token, due.step);
                if (!held.contains({node.nodeid, due.step})) {
                    run.finish_step(token, due.step, {{"by", node.name}});
                }
                any = true;
            }
        }
    }
}

ExitCode World::with_runner(const std::function<ExitCode(Runner &)> &use) {
    struct Out {
        std::string &shown;
        char *text = nullptr;
        std::size_t size = 0;
        std::FILE *stream = ::open_memstream(&text, &size);
        ~Out() {
            std::fclose(stream);
            shown.append(text, size);
            std::free(text);
        }
    };
    Out out{shown_};
    journal_ = std::make_unique<Journal>(folder_ / "journal");
    ProgressView view(out.stream);
    Runner runner(settings, *journal_, view, [this] { return std::make_unique<FakeWorkplace>(*this); });
    return use(runner);
}

ExitCode World::start() {
    return with_runner([](Runner &runner) { return runner.run(); });
}

ExitCode World::roll_back(bool discard_new_data) {
    return with_runner([=](Runner &runner) { return runner.request_rollback("a test", discard_new_data); });
}

ExitCode World::start_without_monitor() {
    return with_runner([](Runner &runner) { return runner.run_without_monitor(); });
}

int World::until_ended(const std::function<void(World &)> &command) {
    std::string last;
    for (int times = 0; times < 10; ++times) {
        if (run.has_ended()) {
            return times;
        }
        try {
            command(*this);
        } catch (const HelperError &error) {
            last = error.what();
            moment("the helper has ended: " + last);
            if (error.code() == ExitCode::TimedOut) {
                violations.push_back("waits for what does not come: " + last);
            }
        }
    }
    violations.push_back("the run does not end: " + last);
    return 0;
}

int World::start_until_ended() {
    return until_ended([](World &world) { static_cast<void>(world.start()); });
}

nlohmann::json World::end() {
    Journal journal(folder_ / "journal");
    if (const auto plan = journal.last_plan()) {
        journal.begin_run(*plan);
    }
    nlohmann::json finished = nlohmann::json::object();
    for (const auto &step : journal.finished()) {
        finished[step.at("step").get<std::string>()] = step.at("result");
    }
    return {{"run", run.shown()},
            {"disk", disk.done},
            {"between clusters", disk.is_between_clusters},
            {"edited", disk.is_edited},
            {"journal", finished}};
}

std::string World::shown() {
    return shown_;
}

}  // namespace pgaf
