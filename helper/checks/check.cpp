#include "checks/check.hpp"

#include <fmt/format.h>

#include "controldata.hpp"

namespace pgaf {

std::vector<Check> all_checks() {
    auto checks = installation_checks();
    for (auto part : {directory_checks(), server_checks(), access_checks()}) {
        checks.insert(checks.end(), part.begin(), part.end());
    }
    return checks;
}

CheckSubject subject_of(const Node &node, int target) {
    const auto source = major_of(node.data_dir);
    if (target <= source) {
        throw HelperError(
            ExitCode::Usage,
            fmt::format("the target {} is not above version {} of \"{}\"", target, source, node.pgdata.string()),
            "Choose a later major with --target.");
    }
    return {.node = node, .installation = Installation::find(node, target), .target = target};
}

const char *to_string(Severity severity) {
    switch (severity) {
        case Severity::Error:
            return "error";
        case Severity::Warning:
            return "warning";
        case Severity::Note:
            return "note";
    }
    return "";
}

}  // namespace pgaf
