#include "steps/steps.hpp"

#include <algorithm>
#include <thread>

#include <spdlog/spdlog.h>
#include <nlohmann/json.hpp>

#include "run/data_size.hpp"
#include "run/parts.hpp"
#include "system/fault.hpp"
#include "system/process.hpp"

namespace pgaf {

namespace {

// Applications work meanwhile: half of the processors are left to them.
std::string jobs() {
    return std::to_string(std::max(1U, std::thread::hardware_concurrency() / 2));
}

Command vacuumdb(const Context &context, const std::vector<std::string> &options) {
    std::vector<std::string> argv{(Installation::from(context.journal).new_bindir / "vacuumdb").string(),
                                  "--jobs=" + jobs()};
    argv.insert(argv.end(), options.begin(), options.end());
    const auto server = context.server_arguments();
    argv.insert(argv.end(), server.begin(), server.end());
    return {.argv = std::move(argv),
            .time_limit = context.limit(statistics_limit(data_size(context))),
            .directory = context.node.work_dir(),
            .log = context.node.log("statistics")};
}

// Whole, at once. One that was dropped since ends the program for its database: all tables come after it anyway.
void analyze_busiest(const Context &context) {
    const auto busiest = context.journal.result(steps::kDryRun).value("busiest", nlohmann::json::object());
    for (const auto &[database, tables] : busiest.items()) {
        std::vector<std::string> options{"--analyze-only", "--dbname=dbname=" + quote_conninfo(database)};
        for (const auto &table : tables) {
            options.push_back("--table=" + table.get<std::string>());
        }
        if (run(vacuumdb(context, options)).exit_code != 0) {
            spdlog::info("not all of the busiest tables of \"{}\" are analyzed first", database);
        }
    }
}

}  // namespace

// pg_upgrade carries over no statistics. The tables that were used most come first; then all, in stages: rough ones
// soon, so that no plan is made without any.
nlohmann::json Statistics::perform(const Context &context) const {
    const FaultWatch watch(steps::kStatistics, "middle", std::chrono::milliseconds(200));
    Parts parts;
    analyze_busiest(context);
    parts.lap("the busiest tables");
    run_checked(vacuumdb(context, {"--all", "--analyze-in-stages"}));
    parts.lap("all tables, in stages");
    return {{"parts", parts.json()}};
}

}  // namespace pgaf
