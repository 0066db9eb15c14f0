#include "commands/watch.hpp"

#include <csignal>

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>

#include <fmt/format.h>

#include "monitor/monitor.hpp"
#include "system/process.hpp"
#include "view/change_log.hpp"
#include "view/clock.hpp"
#include "view/terminal.hpp"
#include "view/text.hpp"

namespace pgaf {

namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds kAsk{1000};   // at least so often; a notification comes with everything that happens
constexpr milliseconds kDraw{250};   // the seconds count on between two answers
constexpr milliseconds kAgain{500};  // a monitor that is away

// What was last heard from the monitor.
struct Heard {
    std::optional<RunRecord> run;
    std::optional<Clock::time_point> at;          // of the last answer
    std::optional<Clock::time_point> away_since;  // no answer came since
    std::optional<HelperError> refusal;           // which no waiting will mend
    bool is_new = false;

    [[nodiscard]] double now() const { return run->at + seconds_since(*at); }
};

// Asks in a thread of its own, so that a monitor that does not answer keeps nobody from drawing.
class Listener {
  public:
    explicit Listener(const Node &node) : node_(node) {
        thread_ = std::jthread(
            [this](const std::stop_token &stop) { with_errors_logged("pgaf-upgrade status", [&] { listen(stop); }); });
    }

    // What is known, after the time or as soon as there is something new.
    Heard wait(milliseconds limit) {
        std::unique_lock lock(mutex_);
        changed_.wait_for(lock, limit, [this] { return heard_.is_new; });
        auto heard = heard_;
        heard_.is_new = false;
        return heard;
    }

  private:
    void listen(const std::stop_token &stop) {
        Monitor monitor(node_);
        std::optional<std::int64_t> run = node_.options.run;
        while (!stop.stop_requested()) {
            try {
                auto report = monitor.report(run, false);
                std::optional<RunRecord> record;
                if (report) {
                    record = std::move(report->run);
                    run = record->run;  // this one until its end, whatever is started after it
                }
                tell([&](Heard &heard) {
                    heard.run = std::move(record);
                    heard.at = Clock::now();
                    heard.away_since.reset();
                });
                monitor.wait_for_notification(kAsk);
                std::this_thread::sleep_for(milliseconds(50));  // several come together
            } catch (const PgError &error) {
                if (!error.is_transient()) {
                    refuse(error);
                    return;
                }
                monitor.disconnect();
                tell([](Heard &heard) { heard.away_since = heard.away_since.value_or(Clock::now()); });
                std::this_thread::sleep_for(kAgain);
            } catch (...) {
                refuse(from_current_exception("pgaf-upgrade status"));
                return;
            }
        }
    }

    void refuse(const HelperError &error) {
        tell([&](Heard &heard) { heard.refusal = error; });
    }

    void tell(const std::function<void(Heard &)> &change) {
        {
            const std::lock_guard lock(mutex_);
            change(heard_);
            heard_.is_new = true;
        }
        changed_.notify_one();
    }

    const Node &node_;
    std::mutex mutex_;
    std::condition_variable changed_;
    Heard heard_;
    std::jthread thread_;  // last: it ends before the rest goes
};

std::vector<Line> screen_before_a_run(const Heard &heard) {
    if (heard.away_since) {
        return {{{fmt::format("the monitor has not answered for {}", duration(seconds_since(*heard.away_since))),
                  Style::Bad}}};
    }
    return {{{"no upgrade was ever started; on the monitor: SELECT pgaf_upgrade_start(17)"}}};
}

std::vector<Line> screen_of(const Heard &heard, ScreenSize size) {
    if (!heard.run) {
        return screen_before_a_run(heard);
    }
    const auto away = heard.away_since ? std::optional(seconds_since(*heard.away_since)) : std::nullopt;
    if (size.rows > 2) {
        size.rows -= 2;  // for what ends it
    }
    auto lines = draw_screen(*heard.run, heard.now(), away, size);
    lines.emplace_back();
    lines.push_back({{cut("ctrl-C ends this view, and not the upgrade", size.columns), Style::Faint}});
    return lines;
}

// For a log.
void print_changes(ChangeLog &log, const Heard &heard, bool &said_that_none) {
    if (heard.away_since) {
        if (const auto line =
                log.away(std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count())) {
            fmt::print("{}\n", *line);
        }
    } else if (heard.run) {
        for (const auto &line : log.changes(*heard.run)) {
            fmt::print("{}\n", line);
        }
    } else if (heard.at && !said_that_none) {
        said_that_none = true;
        fmt::print("no upgrade was ever started\n");
    }
    std::fflush(stdout);
}

}  // namespace

ExitCode watch(const Node &node) {
    hold_signals();
    Terminal terminal;
    ChangeLog log;
    bool said_that_none = false;
    Listener listener(node);
    while (true) {
        const auto heard = listener.wait(kDraw);
        if (heard.refusal) {
            terminal.close();
            throw HelperError(*heard.refusal);
        }
        if (heard.away_since && seconds_since(*heard.away_since) > node.options.wait_limit_s) {
            terminal.close();
            throw HelperError(ExitCode::NoMonitor, "the monitor does not answer",
                              "Look whether the monitor's service runs: pg_autoctl show state.");
        }
        const bool has_ended = heard.run && heard.run->has_ended() && !heard.away_since;
        if (!terminal.is_terminal()) {
            print_changes(log, heard, said_that_none);
        } else if (!has_ended && !stop_was_asked()) {
            terminal.show(screen_of(heard, terminal.size()));
        }
        if (!has_ended && !stop_was_asked()) {
            continue;
        }
        terminal.close();
        if (terminal.is_terminal() && heard.run) {
            terminal.print(draw_screen(*heard.run, heard.now(), std::nullopt, {terminal.size().columns, 0}));
        }
        if (has_ended) {
            if (heard.run->state != RunState::Finished) {
                return ExitCode::StepFailed;
            }
            return open_warnings(*heard.run) > 0 ? ExitCode::Warnings : ExitCode::Done;
        }
        // a second one need not wait for a connection that is being made
        std::signal(SIGINT, SIG_DFL);
        return ExitCode::Done;
    }
}

}  // namespace pgaf
