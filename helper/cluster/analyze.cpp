#include "cluster/analyze.hpp"

#include <algorithm>
#include <atomic>
#include <fstream>
#include <list>
#include <mutex>
#include <thread>

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include "run/sessions.hpp"
#include "system/document.hpp"
#include "system/process.hpp"

namespace pgaf {

namespace {

constexpr int kSessions = 3;  // of a table whose session is lost
constexpr std::chrono::milliseconds kLook{100};

// Applications work meanwhile: half of the processors are left to them.
std::size_t analyze_jobs() {
    return std::max(1U, std::thread::hardware_concurrency() / 2);
}

class Analysis {
  public:
    Analysis(const Context &context, const std::string &database, const std::vector<TableToAnalyze> &tables,
             const AnalyzeOptions &options)
        : context_(context), database_(database), tables_(tables), options_(options) {}

    std::vector<NotAnalyzed> carry_out() {
        log_line(fmt::format("{}, database \"{}\": {} tables", options_.stage, database_, tables_.size()));
        const auto number = std::min(analyze_jobs(), tables_.size());
        for (std::size_t at = 0; at < number; ++at) {
            auto &worker = workers_.emplace_back();
            worker.thread = std::jthread([this, &worker] {
                static_cast<void>(with_errors_logged("statistics", [&] { work(worker); }));
                worker.has_ended = true;
            });
        }
        wait();
        workers_.clear();
        if (stop_was_asked()) {
            throw HelperError(ExitCode::StepFailed, "stopped by the operator",
                              "Run pgaf-upgrade run again: it goes on where it stopped.");
        }
        if (const auto left = tables_.size() - handled_; left > 0) {
            failed_.push_back({"", fmt::format("{} tables are left: {}", left, why_), ""});
        }
        return std::move(failed_);
    }

  private:
    struct Worker {
        std::atomic<int> pid{0};  // of its server process; 0: none
        std::atomic<bool> has_ended{false};
        std::jthread thread{};
    };

    [[nodiscard]] bool is_over() const {
        return stop_was_asked() || std::chrono::steady_clock::now() > options_.deadline;
    }

    // What one statement takes can be long: it is cancelled where the time is over.
    void wait() {
        while (!std::ranges::all_of(workers_, [](const Worker &worker) { return worker.has_ended.load(); })) {
            if (is_over()) {
                say_why("the time for statistics is over");
                static_cast<void>(with_errors_logged("ANALYZE is not cancelled", [this] { cancel(); }, true));
            }
            std::this_thread::sleep_for(kLook);
        }
    }

    void cancel() {
        auto server = context_.node.connect_locally();
        for (const auto &worker : workers_) {
            if (worker.pid != 0) {
                server.query(
                    "SELECT pg_catalog.pg_cancel_backend(pid) FROM pg_catalog.pg_stat_activity"
                    " WHERE pid = $1::int AND query LIKE 'ANALYZE %'",
                    {std::to_string(worker.pid)});
            }
        }
    }

    void log_line(const std::string &line) {
        const std::lock_guard lock(mutex_);
        log_ << line << std::endl;
    }

    void say_why(const std::string &why) {
        const std::lock_guard lock(mutex_);
        why_ = why;
    }

    void work(Worker &worker) {
        try {
            auto server = open(worker);
            for (auto at = next_++; at < tables_.size(); at = next_++) {
                if (is_over()) {
                    break;
                }
                context_.say(fmt::format("{}, database \"{}\": {} of {} tables", options_.stage, as_utf8(database_),
                                         at + 1, tables_.size()));
                analyze_whole(worker, server, tables_[at]);
                ++handled_;
            }
        } catch (const HelperError &error) {
            spdlog::warn("statistics of database \"{}\": {}", database_, error.what());
            say_why(error.what());
        }
        worker.pid = 0;
    }

    Connection open(Worker &worker) {
        auto server = writing_session(context_, database_);
        for (const auto &setting : options_.settings) {
            server.query("SET " + setting);
        }
        worker.pid = std::stoi(server.single("SELECT pg_catalog.pg_backend_pid()"));
        return server;
    }

    void analyze_whole(Worker &worker, Connection &server, const TableToAnalyze &table) {
        if (analyze(worker, server, table)) {
            return;
        }
        for (const auto &part : table.parts) {
            static_cast<void>(analyze(worker, server, part));
        }
    }

    bool analyze(Worker &worker, Connection &server, const TableToAnalyze &table) {
        for (int attempt = 1;; ++attempt) {
            try {
                server.query(table.statement);
                log_line(table.statement);
                return true;
            } catch (const PgError &error) {
                if (is_gone(server, table, error)) {
                    return true;
                }
                if (!error.is_transient() || attempt == kSessions || is_over()) {
                    log_line(fmt::format("{}: {}", table.statement, error.what()));
                    const std::lock_guard lock(mutex_);
                    failed_.push_back({table.name, error.what(), error.sqlstate()});
                    return false;
                }
                if (error.connection_lost()) {
                    worker.pid = 0;
                    server = open(worker);
                }
            }
        }
    }

    // Dropped since it was listed.
    static bool is_gone(Connection &server, const TableToAnalyze &table, const PgError &error) {
        const bool may_be = error.sqlstate() == "42P01" || error.sqlstate() == "3F000";
        return may_be && server.single("SELECT pg_catalog.to_regclass($1) IS NULL", {table.name}) == "t";
    }

    const Context &context_;
    const std::string &database_;
    const std::vector<TableToAnalyze> &tables_;
    const AnalyzeOptions &options_;
    std::atomic<std::size_t> next_{0};
    std::atomic<std::size_t> handled_{0};
    std::mutex mutex_;  // guards the three below
    std::ofstream log_{context_.node.log("statistics"), std::ios::app};
    std::vector<NotAnalyzed> failed_;
    std::string why_;            // some are left
    std::list<Worker> workers_;  // last: they end before the rest goes
};

}  // namespace

std::vector<NotAnalyzed> analyze_tables(const Context &context, const std::string &database,
                                        const std::vector<TableToAnalyze> &tables, const AnalyzeOptions &options) {
    return Analysis(context, database, tables, options).carry_out();
}

}  // namespace pgaf
