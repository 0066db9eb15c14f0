#include "commands/exit_codes.hpp"

namespace pgaf {

const std::vector<ExitCodeRow> &all_exit_codes() {
    static const std::vector<ExitCodeRow> codes{
        {ExitCode::Done, "done, or nothing is due", ""},
        {ExitCode::Internal, "internal error",
         "Keep `PGDATA_pgaf_upgrade` and report the error. It is safe to run the same command again."},
        {ExitCode::Usage, "an option, a setting or a path is wrong or missing",
         "Follow the hint. `pgaf-upgrade help` lists the options."},
        {ExitCode::CheckFailed, "a check failed; with migrate, the clusters differ",
         "Fix what is listed. Waive a check only if you can answer for it."},
        {ExitCode::StepFailed,
         "a step of this node failed, or you stopped the helper; with status --watch, the run was aborted",
         "Read the error, which has the last lines of what failed; its log has the rest. Fix the cause, then run the "
         "same command again."},
        {ExitCode::TimedOut, "timed out while waiting for a state, a server or a program",
         "The error names what was waited for. If it only needed more time, use `--limit-factor 2`."},
        {ExitCode::Refused, "refused by the monitor or by the state of this node",
         "Follow the hint; the table of SQLSTATEs in docs/trouble.md has more."},
        {ExitCode::NoMonitor, "the monitor cannot be reached; with migrate, the old cluster",
         "Start its service, and check the network and its pg_hba.conf. If the monitor's host is lost for good: "
         "`pgaf-upgrade run --without-monitor`."},
        {ExitCode::Warnings, "done with warnings that nobody has acknowledged; of run and status",
         "`pgaf-upgrade status` shows each with what to type. Then, on the monitor: `SELECT "
         "pgaf_upgrade_acknowledge(run, 'note')`."},
    };
    return codes;
}

}  // namespace pgaf
