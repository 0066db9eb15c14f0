#include "steps/steps.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "postgres/controldata.hpp"
#include "system/fault.hpp"
#include "system/files.hpp"

namespace pgaf {

Found Swap::probe(const Context &context) const {
    if (!context.is_swapped()) {
        return {};
    }
    return major_of(context.old_dir()) == context.source()
               ? Found::done({{"old_data_directory", context.old_dir().string()}})
               : Found{Progress::Partial};
}

// The new cluster takes the old one's name at one instant; the old one keeps its files and gets a name of its own.
nlohmann::json Swap::perform(const Context &context) const {
    const auto &data_dir = context.node.data_dir;
    settle_exchange(data_dir);
    if (major_of(data_dir) == context.source()) {
        exchange_durably(data_dir, context.new_dir());
    }
    fault_point(steps::kSwap, "middle");
    if (major_of(context.new_dir()) == context.source()) {
        rename_durably(context.new_dir(), context.old_dir());
    }
    if (major_of(data_dir) != context.target() || major_of(context.old_dir()) != context.source()) {
        throw HelperError(ExitCode::StepFailed, fmt::format("\"{}\" and \"{}\" are not the new and the old cluster",
                                                            data_dir.string(), context.old_dir().string()));
    }
    return {{"old_data_directory", context.old_dir().string()}};
}

// The way back, from wherever perform() or an interrupted undo() has left it.
void Swap::undo(const Context &context) const {
    const auto &data_dir = context.node.data_dir;
    settle_exchange(data_dir);
    if (context.is_swapped() && major_of(context.old_dir()) == context.source()) {
        rename_durably(context.old_dir(), context.new_dir());
    }
    fault_point(steps::kSwap, "undo");
    if (context.is_swapped()) {
        exchange_durably(data_dir, context.new_dir());
    }
    if (major_of(data_dir) != context.source()) {
        throw HelperError(ExitCode::Refused,
                          fmt::format("the old cluster is not found beside \"{}\"", data_dir.string()),
                          fmt::format("Look for it: it was named \"{}\".", context.old_dir().string()));
    }
}

}  // namespace pgaf
