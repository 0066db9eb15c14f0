#include "checks/diff.hpp"

#include <fmt/format.h>

#include "checks/as_shown.hpp"
#include "checks/trial.hpp"
#include "system/process.hpp"

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

std::string diff_since_shown(Subject &subject) {
    const auto shown = shown_before_switch(subject);
    if (!shown) {
        return {};
    }
    std::string text;
    for (const auto &difference : differences(*shown, places_of(subject.node))) {
        const std::filesystem::path file = difference.file;
        if (file.is_absolute() || file.extension() != ".conf") {
            text += fmt::format("{}\n", describe(difference));
            continue;
        }
        const auto before = kept_copies(places_of(subject.node)) / file;
        const auto after = subject.node.pgdata / file;
        text += run({.argv = {"diff", "-u", "-N", "--label", after.string() + " as shown", "--label",
                              after.string() + " now", before.string(), after.string()}})
                    .output;
    }
    return text;
}

}  // namespace pgaf
