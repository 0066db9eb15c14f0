#include "steps/steps.hpp"

#include <nlohmann/json.hpp>

#include "configuration/carry.hpp"
#include "run/files_of_run.hpp"

namespace pgaf {

namespace {

std::vector<std::filesystem::path> files_of(const Context &context) {
    return listed_files(context.journal.result(context.role() == Role::Primary ? steps::kCheckpoint : steps::kStop));
}

nlohmann::json result_of(const std::vector<std::filesystem::path> &files) {
    return {{"files", names_of(files)}};
}

}  // namespace

Found Carry::probe(const Context &context) const {
    const auto files = files_of(context);
    const auto changes = files_of_run(context).changes;
    return is_carried(files, kept_copies(places_of(context.node)), context.new_dir(), changes)
               ? Found::done(result_of(files))
               : Found{};
}

// Again, and now all of it: what pg_autoctl has written since it was prepared counts, such as
// synchronous_standby_names, and the access rules take the place of initdb's.
nlohmann::json Carry::perform(const Context &context) const {
    const auto files = files_of(context);
    carry(files, kept_copies(places_of(context.node)), context.new_dir(), name(), files_of_run(context).changes);
    return result_of(files);
}

}  // namespace pgaf
