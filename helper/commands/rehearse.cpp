#include <unistd.h>

#include <cstdio>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "checks/estimate.hpp"
#include "checks/rehearse.hpp"
#include "checks/trial.hpp"
#include "commands/commands.hpp"
#include "commands/findings.hpp"
#include "system/document.hpp"
#include "system/process.hpp"
#include "system/units.hpp"

namespace pgaf {

namespace {

// One line that moves; elsewhere than on a terminal, a line for each new thing.
class SpokenProgress {
  public:
    void say(const std::string &text) {
        if (stop_was_asked()) {
            throw HelperError(ExitCode::TimedOut, "stopped by the operator", "Run pgaf-upgrade rehearse again.");
        }
        if (is_terminal_) {
            fmt::print(stderr, "\r\033[K{} …", text.substr(0, kColumns));
            std::fflush(stderr);
        }
    }
    void end() const {
        if (is_terminal_) {
            fmt::print(stderr, "\r\033[K");
        }
    }

  private:
    static constexpr std::size_t kColumns = 70;
    bool is_terminal_ = ::isatty(STDERR_FILENO) == 1;
};

nlohmann::json as_json(const Rehearsal &rehearsal, const Rehearsed *rehearsed,
                       const std::optional<NodeEstimate> &estimate) {
    nlohmann::json document{
        {"schema_version", 1}, {"checks", nlohmann::json::array()}, {"not_analyzed", nlohmann::json::array()}};
    for (const auto &result : rehearsal.results) {
        nlohmann::json findings = nlohmann::json::array();
        for (const auto &finding : result.findings) {
            findings.push_back({{"found", shown_here(finding.found)},
                                {"remedy", finding.remedy.empty() ? result.check->remedy : finding.remedy}});
        }
        document["checks"].push_back({{"name", result.check->name},
                                      {"severity", to_string(result.severity())},
                                      {"passed", result.passed()},
                                      {"findings", findings},
                                      {"not_examined", result.not_examined}});
    }
    for (const auto &[table, error] : rehearsal.not_analyzed) {
        document["not_analyzed"].push_back({{"table", table}, {"error", error}});
    }
    if (rehearsed != nullptr) {
        document["copied_bytes"] = rehearsed->copy.bytes;
        document["empty_files"] = rehearsed->copy.stand_ins;
        document["copy_seconds"] = rehearsed->copy_s;
        document["recovery_seconds"] = rehearsed->recovery_s;
        document["pg_upgrade_seconds"] = rehearsed->pg_upgrade_s;
        document["disturbed_seconds"] = rehearsed->disturbed_s;
        document["parts"] = rehearsed->parts.json();
    }
    document["estimate"] = estimate ? nlohmann::json::parse(estimate->values) : nlohmann::json();
    return document;
}

void print_text(const Rehearsal &rehearsal, const Rehearsed *rehearsed, const std::optional<NodeEstimate> &estimate) {
    for (const auto &result : rehearsal.results) {
        if (!result.findings.empty()) {
            print_findings(result);
        } else if (!result.not_examined.empty()) {
            print_wrapped("open", fmt::format("{}: {}", result.check->name, result.not_examined));
        }
    }
    for (const auto &[table, error] : rehearsal.not_analyzed) {
        print_wrapped("warning", fmt::format("{}: ANALYZE fails: {}", table, shown_here(error)));
    }
    if (rehearsed == nullptr) {
        return;
    }
    print_wrapped("copied", fmt::format("{} MB of catalogs and WAL, and {} empty files for the users' data: {:.1f} s, "
                                        "and {:.1f} s to recover",
                                        rehearsed->copy.bytes / kMegabyte + 1, rehearsed->copy.stand_ins,
                                        rehearsed->copy_s, rehearsed->recovery_s));
    print_wrapped("upgraded", fmt::format("by pg_upgrade in {:.1f} s, {:.1f} s of which it waited for a processor",
                                          rehearsed->pg_upgrade_s, rehearsed->disturbed_s));
    if (estimate) {
        print_wrapped("estimate", estimate->text);
    }
}

}  // namespace

ExitCode command_rehearse(const Options &options) {
    const Node node(options);
    Subject subject(node, options.target, options.method, options.standby_method);
    hold_signals();  // the copy goes in any case
    SpokenProgress progress;
    subject.say = [&progress](const std::string &text) { progress.say(text); };
    subject.say("creating a new cluster");
    const auto rehearsal = rehearse(subject);
    progress.end();
    const auto *trial = subject.made_trial();
    const auto *rehearsed = trial == nullptr ? nullptr : trial->whole_rehearsal();
    const auto estimate = rehearsed == nullptr ? std::nullopt : upgrade_estimate_of(subject);
    if (options.json) {
        fmt::print(
            "{}\n",
            as_json(rehearsal, rehearsed, estimate).dump(2, ' ', false, nlohmann::json::error_handler_t::replace));
    } else {
        fmt::print("{} from PostgreSQL {} to {}, rehearsed on a copy of its catalogs\n\n", node.pgdata.string(),
                   subject.installation.source, subject.target);
        print_text(rehearsal, rehearsed, estimate);
    }
    std::fflush(stdout);
    if (rehearsed == nullptr || !std::ranges::all_of(rehearsal.results, [](const CheckResult &result) {
            return result.passed() || (result.not_examined.empty() && !closes_gate(result.severity()));
        })) {
        throw HelperError(ExitCode::CheckFailed, "the rehearsal has found what would stop the upgrade",
                          "Fix what is listed above, then run pgaf-upgrade rehearse again.");
    }
    return ExitCode::Done;
}

}  // namespace pgaf
