#include "run/files_of_run.hpp"

#include <fmt/format.h>

#include "system/error.hpp"

namespace pgaf {

ShownFiles files_of_run(const Context &context) {
    auto shown = shown_files(places_of(context.node), context.plan.run);
    if (!shown) {
        throw HelperError(ExitCode::StepFailed,
                          fmt::format("\"{}\" does not hold the configuration as it was shown",
                                      kept_copies(places_of(context.node)).string()),
                          "Put that folder back.");
    }
    return std::move(*shown);
}

}  // namespace pgaf
