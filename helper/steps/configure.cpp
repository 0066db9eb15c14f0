#include "steps/steps.hpp"

#include <nlohmann/json.hpp>

#include "cluster/new_cluster.hpp"
#include "configuration/carry.hpp"
#include "run/files_of_run.hpp"

namespace pgaf {

namespace {

// For people.
nlohmann::json describe_changes(const Context &context, const ShownFiles &shown) {
    auto described = nlohmann::json::array();
    for (const auto &[file, lines] : changed_lines(kept_copies(places_of(context.node)), shown.changes)) {
        for (const auto &[line, before, after] : lines) {
            described.push_back({{"file", file.string()}, {"line", line}, {"before", before}, {"after", after}});
        }
    }
    return described;
}

nlohmann::json what_to_configure(const Context &context, const ShownFiles &shown) {
    return {{"files", names_of(shown.to_carry())}, {"changes", describe_changes(context, shown)}};
}

}  // namespace

Found Configure::probe(const Context &context) const {
    const auto shown = files_of_run(context);
    auto files = shown.to_carry();
    std::erase_if(files, is_access_rule);
    return is_carried(files, kept_copies(places_of(context.node)), context.new_dir(), shown.changes)
               ? Found::done(what_to_configure(context, shown))
               : Found{};
}

// So that the new server's own parser judges it while the old one serves.
nlohmann::json Configure::perform(const Context &context) const {
    carry_for_new_cluster(context);
    return what_to_configure(context, files_of_run(context));
}

}  // namespace pgaf
