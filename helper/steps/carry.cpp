#include "steps/steps.hpp"

#include "upgrade/carry.hpp"

namespace pgaf {

// Again, and now all of it: what was changed since it was prepared counts, such as
// synchronous_standby_names, and the access rules take the place of initdb's.
nlohmann::json Carry::perform(const Context &context) const {
    const auto listed = context.journal.result(context.role() == Role::Primary ? "checkpoint" : "stop");
    carry(listed_files(listed), context.node.data_dir, context.new_dir());
    return {{"files", listed.at("files")}};
}

}  // namespace pgaf
