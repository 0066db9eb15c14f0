#include <algorithm>
#include <chrono>
#include <thread>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "cluster/private_settings.hpp"
#include "run/data_size.hpp"
#include "seed/standby.hpp"
#include "system/process.hpp"

namespace pgaf {

namespace {

constexpr int kAttempts = 5;
constexpr int kLooks = 10;

nlohmann::json databases_to_check(const Context &context) {
    auto server = context.local_server();
    const auto names = server.query("SELECT datname FROM pg_catalog.pg_database WHERE datallowconn ORDER BY 1");
    int with = 0;
    auto without = nlohmann::json::array();
    for (int row = 0; row < names.size(); ++row) {
        const auto name = names.text(row, "datname");
        auto database = context.local_server(name);
        if (database.single("SELECT count(*) FROM pg_catalog.pg_extension WHERE extname = 'amcheck'") == "1") {
            ++with;
        } else {
            without.push_back(name);
        }
    }
    return {{"databases", with}, {"without", without}};
}

// Half of the processors are left to the replay and to those who read here.
Command pg_amcheck(const Context &context) {
    std::vector<std::string> argv{(Installation::from(context.journal).new_bindir / "pg_amcheck").string(), "--all",
                                  "--heapallindexed",
                                  fmt::format("--jobs={}", std::max(1U, std::thread::hardware_concurrency() / 2))};
    const auto server = context.server_arguments();
    argv.insert(argv.end(), server.begin(), server.end());
    return {.argv = std::move(argv),
            .environment = {"PGOPTIONS=" + private_session_options(context.target())},
            .time_limit = context.limit(statistics_limit(data_size(context))),
            .directory = context.node.work_dir(),
            .log = context.node.log("pg_amcheck")};
}

}  // namespace

nlohmann::json amcheck_standby(const Context &context) {
    auto checked = databases_to_check(context);
    for (int look = 0; checked.at("databases") == 0 && look < kLooks; ++look) {  // one just made may be on its way
        std::this_thread::sleep_for(std::chrono::milliseconds(500));
        checked = databases_to_check(context);
    }
    if (checked.at("databases") == 0) {
        throw HelperError(ExitCode::StepFailed, "pg_amcheck was asked for, and no database has the extension amcheck",
                          "On the primary: CREATE EXTENSION amcheck; then pgaf-upgrade run again here. Or run it with "
                          "--no-amcheck.");
    }
    for (int attempt = 1;; ++attempt) {
        const auto outcome = run(pg_amcheck(context));
        if (outcome.exit_code == 0) {
            return checked;
        }
        // it exits as if it had found something, too
        const bool was_cancelled = outcome.output.find("conflict with recovery") != std::string::npos;
        if (!was_cancelled) {
            throw LinksRefused(fmt::format("pg_amcheck finds: {}", last_lines(outcome.output, 4)));
        }
        if (attempt == kAttempts) {
            throw HelperError(ExitCode::StepFailed, "the replay has cancelled pg_amcheck each time",
                              "Run pgaf-upgrade run again, with --no-amcheck where it shall do without.");
        }
        context.say("pg_amcheck once more: the replay has cancelled it");
    }
}

}  // namespace pgaf
