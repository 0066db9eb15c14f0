#include "checks/diff.hpp"

#include <fmt/format.h>

#include "checks/trial.hpp"

namespace pgaf {

std::string diff_of_configuration(Subject &subject) {
    std::string text;
    for (const auto &[file, changes] : subject.trial().changes()) {
        const auto path = (subject.node.pgdata / file).string();
        text +=
            fmt::format("{}--- {}\n+++ {} of PostgreSQL {}\n", text.empty() ? "" : "\n", path, path, subject.target);
        for (const auto &change : changes) {
            if (change.line == 0) {
                text += fmt::format("@@ at the end @@\n+{}\n", change.after);
            } else {
                text += fmt::format("@@ -{} +{} @@\n-{}\n+{}\n", change.line, change.line, change.before, change.after);
            }
        }
    }
    return text;
}

}  // namespace pgaf
