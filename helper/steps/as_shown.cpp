#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "checks/check.hpp"
#include "configuration/configuration.hpp"
#include "postgres/connection.hpp"
#include "run/files_of_run.hpp"
#include "steps/steps.hpp"
#include "system/error.hpp"

namespace pgaf {

namespace {

constexpr std::string_view kCheck = "files_as_shown";

std::int64_t run_of(const Context &context) {
    return context.plan.run;
}

std::string name_of(const Context &context) {
    return context.plan.node.name;
}

// Where the server has ended, they begin where they began.
FileParameters parameters_now(const Context &context, const ShownFiles &shown) {
    try {
        auto server = context.node.connect_locally();
        return file_parameters(context.node, server);
    } catch (const HelperError &) {
        return shown.parameters;
    }
}

// What the operator has taken the responsibility for is from now on what was shown.
void accept(const Context &context, const ShownFiles &shown) {
    auto changes =
        changes_for(Installation::from(context.journal).new_bindir, context.node.data_dir, context.target(), "");
    changes.set = shown.changes.set;
    keep_as_shown(places_of(context.node), shown.run, shown.node, parameters_now(context, shown), changes);
}

void report(const Context &context, const std::string &found, Severity severity, const std::string &meaning,
            const std::string &remedy) {
    context.monitor.report_check(context.token, {.name = std::string(kCheck),
                                                 .severity = to_string(severity),
                                                 .passed = false,
                                                 .found = found,
                                                 .meaning = meaning,
                                                 .remedy = remedy,
                                                 .data_loss = false,
                                                 .detail = {}});
}

std::string lines_of(const std::vector<FileDifference> &found) {
    std::string lines;
    for (const auto &difference : found) {
        lines += (lines.empty() ? "" : "\n") + describe(difference);
    }
    return lines;
}

}  // namespace

nlohmann::json keep_files_to_show(const Context &context) {
    auto server = context.node.connect_locally();
    const auto shown =
        keep_as_shown(places_of(context.node), run_of(context), name_of(context), file_parameters(context.node, server),
                      changes_for(Installation::from(context.journal).new_bindir, context.node.data_dir,
                                  context.target(), context.node.options.archive));
    return shown.digests;
}

std::string not_as_shown(const Context &context) {
    const auto shown = shown_files(places_of(context.node), run_of(context));
    if (!shown) {
        return "what was shown of the configuration is no longer known";
    }
    const auto found = differences(*shown, places_of(context.node));
    if (found.empty()) {
        return {};
    }
    const auto lines = lines_of(found);
    const auto &checks = all_checks();
    const auto check = std::ranges::find(checks, kCheck, &Check::name);
    report(context, lines, check->severity, check->meaning, check->remedy);
    const auto in_the_way = context.monitor.checks_in_the_way(run_of(context), name_of(context));
    const bool is_waived = std::ranges::none_of(in_the_way, [](const OpenCheck &open) { return open.name == kCheck; });
    if (is_waived) {
        accept(context, *shown);
        return {};
    }
    return lines;
}

void require_as_shown(const Context &context) {
    if (auto found = not_as_shown(context); !found.empty()) {
        std::ranges::replace(found, '\n', ' ');
        throw HelperError(ExitCode::CheckFailed, fmt::format("{}: {}", kCheck, found),
                          fmt::format("Put back what was shown (pgaf-upgrade check --diff), or on the monitor: SELECT "
                                      "pgaf_upgrade_waive_check({}, {}, '{}', 'reason'). Then pgaf-upgrade run.",
                                      run_of(context), quote_literal(name_of(context)), kCheck));
    }
}

nlohmann::json files_to_carry_now(const Context &context) {
    return names_of(follow_keeper(files_of_run(context), places_of(context.node)));
}

nlohmann::json names_of(const std::vector<std::filesystem::path> &files) {
    auto names = nlohmann::json::array();
    for (const auto &file : files) {
        names.push_back(file.string());
    }
    return names;
}

void report_edited_since(const Context &context) {
    const auto shown = shown_files(places_of(context.node), run_of(context));
    if (!shown || !std::filesystem::exists(context.old_dir())) {
        return;
    }
    const auto found = differences_of_copies(*shown, context.old_dir());
    if (!found.empty()) {
        report(context, lines_of(found), Severity::Warning,
               "it was carried over as it was shown, and what was edited in the switch was not",
               fmt::format("Edit it again: as it was left it is in \"{}\".", context.old_dir().string()));
    }
}

std::vector<std::filesystem::path> listed_files(const nlohmann::json &result) {
    std::vector<std::filesystem::path> files;
    for (const auto &name : result.at("files")) {
        files.emplace_back(name.get<std::string>());
    }
    return files;
}

}  // namespace pgaf
