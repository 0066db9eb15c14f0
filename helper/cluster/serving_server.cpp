#include "cluster/serving_server.hpp"

#include <fmt/format.h>

#include "cluster/port.hpp"
#include "cluster/private_server.hpp"
#include "cluster/program_arguments.hpp"
#include "node/outliving.hpp"
#include "node/server_environment.hpp"
#include "run/data_size.hpp"
#include "run/sessions.hpp"
#include "system/fault.hpp"
#include "system/files.hpp"
#include "system/process.hpp"

namespace fs = std::filesystem;

namespace pgaf {

namespace {

// Where a server with a logging collector has gone on: the newest file in the directory that it named.
std::string collected(const Node &node, const std::string &said) {
    constexpr std::string_view kBefore = "will appear in directory \"";
    const auto at = said.rfind(kBefore);
    if (at == std::string::npos) {
        return {};
    }
    const auto begin = at + kBefore.size();
    const fs::path directory = node.data_dir / said.substr(begin, said.find('"', begin) - begin);
    std::optional<fs::directory_entry> newest;
    std::error_code missing;
    for (const auto &entry : fs::directory_iterator(directory, missing)) {
        if (!newest || entry.last_write_time() > newest->last_write_time()) {
            newest = entry;
        }
    }
    return newest ? "\n" + read_file(newest->path()) : "";
}

}  // namespace

void start_server(const Context &context) {
    const auto &node = context.node;
    if (node.running_server()) {
        return;
    }
    require_free_port(node.config.listen_addresses, node.config.port);
    const auto installation = Installation::from(context.journal);
    const auto &bindir = context.is_swapped() ? installation.new_bindir : installation.old_bindir;
    const auto limit = context.limit(start_limit(data_size(context)));
    const auto log = node.log("postgres");
    const auto size_before = fs::exists(log) ? fs::file_size(log) : 0;
    const auto said = [&] { return fs::exists(log) ? read_file(log).substr(size_before) : ""; };
    const auto hint = fmt::format("Its log is {}. Mend the cause, and run pgaf-upgrade run again.", log.string());
    try {
        run_outliving(node, {.argv = start_arguments(node, bindir, limit, node.log("postgres")),
                             .whole_environment = kept_environment(node, installation.old_bindir, bindir),
                             .time_limit = limit + std::chrono::seconds(10),
                             .directory = node.work_dir(),
                             .log = node.log("pg_ctl"),
                             .on_progress = context.say});
    } catch (const HelperError &error) {
        // pg_ctl says only that it failed
        throw ServerDoesNotStart(
            error.code(), fmt::format("the server does not start: {}", last_lines(said() + collected(node, said()), 8)),
            hint);
    }
}

void checkpoint(const Context &context, Connection &server) {
    const auto limit = context.limit(shutdown_limit(data_size(context)));
    server.query(fmt::format("SET statement_timeout = '{} s'", limit.count()));
    server.query("CHECKPOINT");
}

void update_pgautofailover(const Context &context) {
    PrivateServer server(context, Side::New, std::chrono::minutes(5));
    fault_point(steps::kStart, "middle");
    auto session = context.node.connect_locally("pg_auto_failover");
    leave_out_event_triggers(session);
    session.query("ALTER EXTENSION pgautofailover UPDATE");
    server.stop();
}

}  // namespace pgaf
