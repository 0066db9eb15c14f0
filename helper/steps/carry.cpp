#include "steps/steps.hpp"

#include "upgrade/carry.hpp"
#include "upgrade/configuration.hpp"

namespace pgaf {

namespace {

std::vector<std::filesystem::path> files_of(const Context &context) {
    return listed_files(context.journal.result(context.role() == Role::Primary ? "checkpoint" : "stop"));
}

nlohmann::json result_of(const std::vector<std::filesystem::path> &files) {
    auto names = nlohmann::json::array();
    for (const auto &file : files) {
        names.push_back(file.string());
    }
    return {{"files", names}};
}

}  // namespace

Found Carry::probe(const Context &context) const {
    const auto files = files_of(context);
    const auto &old_dir = context.node.data_dir;
    return is_carried(files, old_dir, context.new_dir(), changes_for(context, old_dir)) ? Found::done(result_of(files))
                                                                                        : Found{};
}

// Again, and now all of it: what was changed since it was prepared counts, such as
// synchronous_standby_names, and the access rules take the place of initdb's.
nlohmann::json Carry::perform(const Context &context) const {
    const auto files = files_of(context);
    carry(files, context.node.data_dir, context.new_dir(), name(), changes_for(context, context.node.data_dir));
    return result_of(files);
}

}  // namespace pgaf
