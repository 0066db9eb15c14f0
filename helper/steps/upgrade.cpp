#include "steps/steps.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cluster/new_cluster.hpp"
#include "cluster/old_files.hpp"
#include "cluster/pg_upgrade.hpp"
#include "cluster/private_server.hpp"
#include "postgres/controldata.hpp"
#include "run/notes.hpp"
#include "run/refused_limit.hpp"
#include "seed/seed.hpp"
#include "system/files.hpp"

namespace pgaf {

namespace {

// Said of a new cluster, by its system identifier: pg_upgrade itself leaves no sign of having ended.
constexpr const char *kWhole = "pg_upgrade done on";

std::optional<ControlData> new_control(const Context &context) {
    try {
        return read_controldata(Installation::from(context.journal).new_bindir, context.new_dir());
    } catch (const HelperError &) {
        return std::nullopt;  // not there, or torn by a power cut
    }
}

std::vector<SwapPlace> places_of_swap(const Context &context) {
    return swap_places(context.node.data_dir, context.source(), context.new_dir(), context.target());
}

// The old cluster whole again, as far as pg_upgrade has come.
void give_back_old_files(const Context &context) {
    if (context.method() != "swap") {
        return;
    }
    const auto places = places_of_swap(context);
    if (has_moved_files(places)) {
        carry_out(moves_back(places, OldFiles(read_file(old_files_record(context.node)))));
    }
}

nlohmann::json result_of(const Context &context, const ControlData &control) {
    return {{"log", context.node.log("pg_upgrade").string()},
            {"new_sysidentifier", std::to_string(control.system_identifier)},
            {"new_checkpoint_location", control.checkpoint_location},
            {"new_next_transaction", control.next_transaction}};
}

}  // namespace

Found Upgrade::probe(const Context &context) const {
    const auto control = new_control(context);
    if (!control) {
        return {Progress::Partial};
    }
    const auto about = std::to_string(control->system_identifier);
    if (context.journal.has_note(kWhole, about)) {
        return Found::done(result_of(context, *control));
    }
    const bool is_begun =
        context.journal.has_note(notes::kPgUpgradeBegun, about) || old_control_is_disabled(context.node.data_dir);
    return {is_begun ? Progress::Partial : Progress::Absent};
}

// Until the new server is started, the old cluster is whole but for the name of its pg_control, and for what --swap has
// moved: an attempt that was interrupted is undone, and made again from a new initdb.
nlohmann::json Upgrade::perform(const Context &context) const {
    if (probe(context).progress == Progress::Partial) {
        context.say("undoing an interrupted attempt");
        give_back_old_files(context);
        renew_after_interruption(context);
    }
    if (Stop().probe(context).progress != Progress::Done) {  // started again since, or crashed
        stop_cleanly(context);
    }
    auto control = new_control(context);
    if (!control) {
        throw HelperError(ExitCode::StepFailed, fmt::format("\"{}\" is not a cluster", context.new_dir().string()));
    }
    const auto about = std::to_string(control->system_identifier);
    if (context.role() == Role::Primary) {
        note_end_of_old_cluster(context);
    }
    if (context.method() == "swap") {
        write_file(old_files_record(context.node), OldFiles(places_of_swap(context)).record());
    }
    RefusedLimit(context).require("what comes before it took too long");
    context.journal.note(notes::kPgUpgradeBegun, about);
    const auto parts = run_pg_upgrade(context, UpgradeMode::Real);
    flush_directory(context.node.data_dir / "global");
    context.journal.note(kWhole, about);
    auto result = result_of(context, new_control(context).value());
    result["parts"] = parts.json();
    return result;
}

void Upgrade::undo(const Context &context) const {
    give_back_old_files(context);
    enable_old_control(context.node.data_dir);
    set_aside_new_cluster(context);
}

}  // namespace pgaf
