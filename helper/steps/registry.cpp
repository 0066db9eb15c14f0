#include <array>

#include <fmt/format.h>

#include "steps/steps.hpp"

namespace pgaf {

const Step &step_by_name(std::string_view name) {
    static const Discover discover;
    static const CheckStep checkStep;
    static const Initdb initdb;
    static const Configure configure;
    static const DryRun dryRun;
    static const Rehearse rehearse;
    static const RelaxSync relaxSync;
    static const Checkpoint checkpoint;
    static const Stop stop;
    static const Upgrade upgrade;
    static const Carry carry;
    static const Swap swap;
    static const Start start;
    static const Identity identity;
    static const Reconfigure reconfigure;
    static const UpdateExtensions updateExtensions;
    static const Statistics statistics;
    static const EnterMaintenance enterMaintenance;
    static const Rebuild rebuild;
    static const Rejoin rejoin;
    static const RestoreSettings restoreSettings;
    static const Verify verify;
    static const std::array<const Step *, 22> steps{&discover,
                                                    &checkStep,
                                                    &initdb,
                                                    &configure,
                                                    &dryRun,
                                                    &rehearse,
                                                    &relaxSync,
                                                    &checkpoint,
                                                    &stop,
                                                    &upgrade,
                                                    &carry,
                                                    &swap,
                                                    &start,
                                                    &identity,
                                                    &reconfigure,
                                                    &updateExtensions,
                                                    &statistics,
                                                    &enterMaintenance,
                                                    &rebuild,
                                                    &rejoin,
                                                    &restoreSettings,
                                                    &verify};
    for (const auto *step : steps) {
        if (step->name() == name) {
            return *step;
        }
    }
    throw HelperError(ExitCode::Internal, fmt::format("no step is named \"{}\"", name));
}

}  // namespace pgaf
