#include "steps/step.hpp"

#include <thread>

#include <fmt/format.h>

namespace fs = std::filesystem;

namespace pgaf {

Installation Installation::from(const Journal &journal) {
    const auto found = journal.result("discover");
    if (!found.contains("old_bindir")) {
        throw HelperError(ExitCode::StepFailed, "the journal of this node does not tell its installation",
                          "Set the step back: SELECT pgaf_upgrade_retry(run, 'discover').");
    }
    return {.old_bindir = found["old_bindir"].get<std::string>(),
            .new_bindir = found["new_bindir"].get<std::string>(),
            .new_autoctl = found["new_autoctl"].get<std::string>(),
            .unit = found["unit"].get<std::string>()};
}

Role Context::role() const {
    return parse_role(plan.at("node").at("role").get<std::string>()).value();
}

fs::path Context::old_dir() const {
    return node.beside(fmt::format("_pg{}", source()));
}

fs::path Context::new_dir() const {
    return node.beside(fmt::format("_pg{}", target()));
}

nlohmann::json Context::group_primary() const {
    for (const auto &other : plan.at("group")) {
        if (other.at("role") == "primary") {
            return other;
        }
    }
    throw HelperError(ExitCode::Internal, "the plan names no primary");
}

void Context::wait_until(const std::string &what, std::chrono::seconds limit,
                         const std::function<bool()> &condition) const {
    const auto deadline = std::chrono::steady_clock::now() + limit;
    std::string last = what;
    while (true) {
        try {
            if (condition()) {
                return;
            }
            last = what;
        } catch (const PgError &error) {
            if (!error.is_transient()) {
                throw;
            }
            last = fmt::format("{} ({})", what, error.what());
        }
        if (std::chrono::steady_clock::now() > deadline) {
            throw HelperError(ExitCode::TimedOut, fmt::format("waited {} s for {}", limit.count(), last),
                              "See pg_autoctl show state and the node's log, and run pgaf-upgrade again.");
        }
        if (say) {
            say("waiting for " + last);
        }
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
}

}  // namespace pgaf
