#include <fmt/format.h>

#include "commands/commands.hpp"
#include "plan/by_hand.hpp"

namespace pgaf {

namespace {

std::string heading(const StepDefinition &step) {
    return fmt::format("# {}: {}{}", step.name, step.title,
                       step.guide.empty() ? "" : fmt::format(" (the guide's step {})", step.guide));
}

std::string order(const StepDefinition &step) {
    std::string text;
    for (const auto &requirement : step.requirements) {
        if (requirement.scope != Scope::Nobody) {
            text += fmt::format("# not before {}\n", describe(requirement));
        }
    }
    return text;
}

}  // namespace

// Made whole before a line is printed: half of it would be worse than none.
ExitCode command_plan(const Options &options) {
    const Node node(options);
    Subject subject(node, options.target, options.method, options.standby_method);
    try {
        const ByHand by_hand(subject);
        auto text = fmt::format("# {} of PostgreSQL {}, the {}, to {}: its steps in order", node.pgdata.string(),
                                subject.installation.source, to_string(by_hand.role()), subject.target);
        text += options.show_commands ? ", for a root shell\n# each ends well before the next begins; set -e\n" : "\n";
        for (const auto *step : steps_of(by_hand.role())) {
            text += fmt::format("\n{}\n{}", heading(*step), order(*step));
            if (options.show_commands) {
                for (const auto &line : by_hand.commands(step->name)) {
                    text += line + "\n";
                }
            }
        }
        fmt::print("{}", text);
    } catch (const NotExamined &why) {
        throw HelperError(ExitCode::Refused, why.what());
    }
    return ExitCode::Done;
}

}  // namespace pgaf
