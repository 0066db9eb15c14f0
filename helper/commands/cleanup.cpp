#include <algorithm>
#include <cstdio>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "cleanup/remains.hpp"
#include "cleanup/removal.hpp"
#include "commands/commands.hpp"
#include "monitor/monitor.hpp"
#include "node/service.hpp"
#include "system/fault.hpp"
#include "system/lock.hpp"
#include "system/output.hpp"
#include "system/process.hpp"
#include "system/units.hpp"

namespace fs = std::filesystem;

namespace pgaf {

namespace {

constexpr const char *kDryRun = "Nothing was removed. pgaf-upgrade cleanup --dry-run shows what it is about.";

std::string in_words(std::uint64_t bytes) {
    constexpr std::uint64_t kKilobyte = 1024;
    constexpr double kGigabyte = 1024.0 * kMegabyte;
    if (bytes >= 10ULL * 1024 * kMegabyte) {
        return fmt::format("{:.1f} GB", static_cast<double>(bytes) / kGigabyte);
    }
    return bytes >= kMegabyte ? fmt::format("{} MB", bytes / kMegabyte)
                              : fmt::format("{} kB", (bytes + kKilobyte - 1) / kKilobyte);
}

// What root says of the service's drop-ins.
struct DropIns {
    std::vector<std::string> removed;  // or would be
    std::vector<std::string> kept;     // each with the reason
};

class Cleanup {
  public:
    explicit Cleanup(const Options &options)
        : node_(options), lock_(lock_path(node_)), monitor_(node_), journal_(node_.work_dir() / "journal") {
        if (!lock_.taken()) {
            throw HelperError(ExitCode::Refused, "another pgaf-upgrade runs for this node",
                              "Let it go on, then run pgaf-upgrade cleanup again.");
        }
        hold_signals();
        set_fault_folder(node_.work_dir());
    }

    ExitCode perform() {
        const auto cluster = monitor_.old_cluster(node_.options.older_than_days);
        if (!cluster) {
            throw HelperError(ExitCode::Refused, "no finished run has upgraded this node",
                              "On the monitor: SELECT * FROM pgaf_upgrade_history().");
        }
        cluster_ = *cluster;
        remains_ = find_remains(node_, journal_, cluster_, node_.options.logs);
        if (node_.options.logs) {
            logs_ = find_logs(node_);
        }
        reasons_ = remains_.refusals;
        if (!cluster_.why_not.empty()) {
            reasons_.insert(reasons_.begin(), cluster_.why_not);
        }
        if (node_.options.dry_run) {
            return show();
        }
        if (!reasons_.empty()) {
            throw HelperError(ExitCode::Refused,
                              fmt::format("the old cluster of {} stays: {}", cluster_.node, fmt::join(reasons_, "; ")),
                              kDryRun);
        }
        return remove();
    }

  private:
    // Nothing is made on a node that never took part in a run.
    static fs::path lock_path(const Node &node) {
        if (!fs::exists(node.work_dir() / "journal")) {
            throw HelperError(ExitCode::Refused,
                              fmt::format("\"{}\" has no journal of an upgrade", node.work_dir().string()),
                              "Run pgaf-upgrade cleanup on a node that a run has upgraded, with its --pgdata.");
        }
        return node.work_dir() / "lock";
    }

    DropIns ask_for_drop_ins(bool removes) {
        if (node_.options.service == Service::kNone) {
            return {};
        }
        DropIns drop_ins;
        try {
            const auto answer =
                node_.options.privileges->ask(privileged::Verb::CleanUp, cluster_.target_version, removes ? 1 : 0);
            for (std::size_t at = 0; at < answer.size();) {
                const auto end = std::min(answer.find('\n', at), answer.size());
                const auto line = answer.substr(at, end - at);
                auto &list = line.starts_with('+') ? drop_ins.kept : drop_ins.removed;
                list.push_back(line.substr(1));
                at = end + 1;
            }
        } catch (const HelperError &error) {
            drop_ins.kept.push_back(fmt::format("the drop-ins of the service: {}", error.what()));
        }
        return drop_ins;
    }

    ExitCode show() {
        const auto drop_ins = ask_for_drop_ins(false);
        if (node_.options.json) {
            write_output("-", as_json(drop_ins).dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n");
        } else {
            print(drop_ins);
        }
        return reasons_.empty() ? ExitCode::Done : ExitCode::Refused;
    }

    [[nodiscard]] std::uint64_t freed_bytes() const {
        auto bytes = remains_.freed_bytes();
        for (const auto &log : logs_) {
            bytes += log.freed_bytes;
        }
        return bytes;
    }

    [[nodiscard]] nlohmann::ordered_json as_json(const DropIns &drop_ins) const {
        nlohmann::ordered_json document{{"schema_version", 1},          {"run", cluster_.run},
                                        {"node", cluster_.node},        {"may_be_removed", reasons_.empty()},
                                        {"reasons", reasons_},          {"backup", cluster_.backup},
                                        {"freed_bytes", freed_bytes()}, {"items", nlohmann::json::array()},
                                        {"drop_ins", drop_ins.removed}, {"left", nlohmann::json::array()}};
        for (const auto &item : remains_.items) {
            document["items"].push_back({{"path", item.directory.path.string()},
                                         {"what", item.directory.what},
                                         {"proof", item.proof},
                                         {"bytes", item.size.bytes},
                                         {"files", item.size.files},
                                         {"shared_files", item.size.shared_files},
                                         {"freed_bytes", item.size.freed_bytes}});
        }
        for (const auto &log : logs_) {
            document["items"].push_back(
                {{"path", log.path.string()}, {"what", "a log of the upgrade"}, {"freed_bytes", log.freed_bytes}});
        }
        for (const auto &kept : remains_.kept) {
            document["left"].push_back({{"path", kept.path.string()}, {"why", kept.why}});
        }
        for (const auto &kept : drop_ins.kept) {
            document["left"].push_back({{"why", kept}});
        }
        return document;
    }

    void print(const DropIns &drop_ins) const {
        fmt::print("run {} upgraded {} from PostgreSQL {} to {}, until {}\n", cluster_.run, cluster_.node,
                   cluster_.source_version, cluster_.target_version, cluster_.finished_at);
        if (remains_.items.empty() && logs_.empty() && drop_ins.removed.empty()) {
            fmt::print("nothing is left to remove\n");
        }
        for (const auto &item : remains_.items) {
            fmt::print(
                "\n  {}\n      {}: {}, frees {}{}\n      safe: {}{}\n", item.directory.path.string(),
                item.directory.what, in_words(item.size.bytes), in_words(item.size.freed_bytes),
                item.size.shared_files == 0
                    ? ""
                    : fmt::format("; {} files have another name elsewhere and free nothing", item.size.shared_files),
                item.proof, reasons_.empty() ? "; nothing in it is open or mounted" : "");
        }
        for (const auto &log : logs_) {
            fmt::print("\n  {}\n      a log of the upgrade, frees {}\n", log.path.string(), in_words(log.freed_bytes));
        }
        for (const auto &drop_in : drop_ins.removed) {
            fmt::print("\n  {}\n      the unit does not need it any more\n", drop_in);
        }
        fmt::print("\nfrees {}{} in all\n", cluster_.method == "clone" ? "up to " : "", in_words(freed_bytes()));
        if (!cluster_.backup.empty()) {
            fmt::print("the new cluster has the verified backup {}\n", cluster_.backup);
        }
        print_left(drop_ins);
        for (const auto &reason : reasons_) {
            fmt::print("not now: {}\n", reason);
        }
    }

    void print_left(const DropIns &drop_ins) const {
        for (const auto &kept : remains_.kept) {
            fmt::print("left: {}: {}\n", kept.path.string(), kept.why);
        }
        for (const auto &kept : drop_ins.kept) {
            fmt::print("left: {}\n", kept);
        }
    }

    // The monitor is told before anything goes, and from then on refuses to roll the run back; the journal before the
    // monitor, since a disk without room refuses that.
    ExitCode remove() {
        note_ended_removals(journal_);
        const bool is_due = !remains_.items.empty() || !logs_.empty() || !untold_removals(journal_).empty();
        if (is_due || !cluster_.is_removed) {
            begin();
            remove_remains(journal_, remains_, [](const Remain &item) {
                fmt::print("removing {}\n", item.directory.path.string());
                std::fflush(stdout);
            });
            remove_logs(node_, logs_);
            tell();
        }
        const auto drop_ins = ask_for_drop_ins(true);
        for (const auto &drop_in : drop_ins.removed) {
            fmt::print("removed {}\n", drop_in);
        }
        print_left(drop_ins);
        if (!is_due && drop_ins.removed.empty()) {
            fmt::print("nothing is left to remove\n");
        }
        return ExitCode::Done;
    }

    void begin() {
        try {
            journal_.note("cleanup", std::to_string(cluster_.run));
        } catch (const HelperError &error) {
            throw HelperError(error.code(), error.what(),
                              "Nothing was removed. Make some room, then run pgaf-upgrade cleanup again.");
        }
        monitor_.begin_cleanup(cluster_.run, journal_.token(), node_.options.older_than_days);
        fault_point("cleanup", "begun");
    }

    void tell() {
        nlohmann::json result{{"by", node_.options.asked_by}, {"removed", nlohmann::json::array()}, {"freed_bytes", 0}};
        std::uint64_t freed = 0;
        auto removed = untold_removals(journal_);
        removed.insert(removed.end(), logs_.begin(), logs_.end());
        for (const auto &one : removed) {
            result["removed"].push_back({{"path", one.path.string()}, {"freed_bytes", one.freed_bytes}});
            freed += one.freed_bytes;
        }
        result["freed_bytes"] = freed;
        fault_point("cleanup", "untold");
        monitor_.finish_cleanup(cluster_.run, journal_.token(), result);
        note_told(journal_, cluster_.run);
        fmt::print("freed {}{}; the monitor has it on record\n", cluster_.method == "clone" ? "up to " : "",
                   in_words(freed));
    }

    Node node_;
    Lock lock_;
    Monitor monitor_;
    Journal journal_;
    OldCluster cluster_;
    Remains remains_;
    std::vector<Removed> logs_;
    std::vector<std::string> reasons_;
};

}  // namespace

ExitCode command_cleanup(const Options &options) {
    return Cleanup(options).perform();
}

}  // namespace pgaf
