#include "monitor/monitor.hpp"

#include <unistd.h>

#include <array>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/version.hpp"
#include "system/document.hpp"
#include "system/secrets.hpp"

namespace pgaf {

namespace {

// What leaves the node, as the monitor's database can take it.
std::string text_told(const std::string &text) {
    return as_utf8(without_secrets(text));
}

// Every text of a document that leaves the node.
std::string told(nlohmann::json document) {
    const auto hide = [](const auto &self, nlohmann::json &value) -> void {
        if (value.is_string()) {
            value = text_told(value.get_ref<const std::string &>());
        } else if (value.is_structured()) {
            for (auto &part : value) {
                self(self, part);
            }
        }
    };
    hide(hide, document);
    return document.dump();
}

Value told(const std::string &text) {
    return text.empty() ? Value{} : Value{text_told(text)};
}

// For a database whose encoding has no sign for some of them.
std::vector<Value> in_ascii(std::vector<Value> values) {
    for (auto &value : values) {
        std::string text;
        for (const char byte : value.value_or("")) {
            const auto number = static_cast<unsigned char>(byte);
            const bool goes_on = number >= 0x80 && number < 0xc0;  // a character that has begun before
            text += goes_on ? "" : std::string(1, number < 0x80 ? byte : '?');
        }
        value = value ? Value(text) : Value();
    }
    return values;
}

}  // namespace

std::string host_name() {
    std::array<char, 256> name{};
    ::gethostname(name.data(), name.size() - 1);
    return name.data();
}

Connection &Monitor::connection() {
    if (!connection_) {
        try {
            connection_ = std::make_unique<Connection>(node_.monitor_conninfo(), limit_);
        } catch (const PgError &error) {
            throw PgError(ExitCode::NoMonitor, fmt::format("could not connect to the monitor: {}", error.what()),
                          "Look whether the monitor's service runs: pg_autoctl show state.", "");
        }
        const auto rows = connection_->query(
            "SELECT pg_catalog.quote_ident(n.nspname), e.extversion, pg_catalog.current_setting('server_encoding')"
            "  FROM pg_catalog.pg_extension e"
            " JOIN pg_catalog.pg_namespace n ON n.oid = e.extnamespace WHERE e.extname = 'pgaf_upgrade'");
        if (rows.size() == 0) {
            connection_.reset();
            throw HelperError(ExitCode::Refused, "the monitor's database has no extension pgaf_upgrade",
                              "On the monitor, in database pg_auto_failover: CREATE EXTENSION pgaf_upgrade.");
        }
        if (const auto version = rows.value(0, 1).value_or(""); version != kVersion) {
            connection_.reset();
            throw HelperError(
                ExitCode::Refused,
                fmt::format("this helper is version {}, the monitor's pgaf_upgrade is {}", kVersion, version),
                "Install the same version on every node; on the monitor: ALTER EXTENSION pgaf_upgrade UPDATE.");
        }
        schema_ = rows.value(0, 0).value_or("public");
        const auto encoding = rows.value(0, 2).value_or("");
        takes_all_characters_ = encoding == "UTF8" || encoding == "SQL_ASCII";
        connection_->query("LISTEN pgaf_upgrade");
    }
    return *connection_;
}

Rows Monitor::query(const std::string &sql, const std::vector<Value> &values) {
    auto &server = connection();
    try {
        return server.query(sql, values);
    } catch (const PgError &error) {
        if (error.connection_lost()) {
            connection_.reset();
        }
        throw;
    }
}

Rows Monitor::call(const std::string &function, const std::string &arguments, const std::vector<Value> &values) {
    connection();  // which finds the schema
    const auto name = function.find('.') == std::string::npos ? schema_ + "." + function : function;
    const auto sql = fmt::format("SELECT * FROM {}({})", name, arguments);
    return takes_all_characters_ ? query(sql, values) : query(sql, in_ascii(values));
}

void Monitor::set_limit(std::chrono::milliseconds limit) {
    limit_ = limit;
    if (connection_) {
        connection_->set_limit(limit);
    }
}

void Monitor::require() {
    connection();
}

std::optional<Attached> Monitor::attach(const std::string &token, bool retry_failed, bool resumed) {
    const auto rows = call(
        "pgaf_upgrade_attach", "$1, $2, $3, $4, $5, $6",
        {std::to_string(node_.nodeid), token, kVersion, host_name(), retry_failed ? "t" : "f", resumed ? "t" : "f"});
    const auto document = rows.value(0, 0);
    return document ? std::optional(Attached{parse_assignment(*document, kMonitorsAnswer), *document}) : std::nullopt;
}

Due Monitor::next_step(const std::string &token) {
    return parse_due(call("pgaf_upgrade_next_step", "$1", {token}));
}

void Monitor::begin_step(const std::string &token, std::string_view step) {
    call("pgaf_upgrade_begin_step", "$1, $2", {token, std::string(step)});
}

void Monitor::heartbeat(const std::string &token, std::string_view step, const std::string &progress) {
    call("pgaf_upgrade_heartbeat", "$1, $2, $3", {token, step.empty() ? Value{} : Value{step}, told(progress)});
}

void Monitor::finish_step(const std::string &token, std::string_view step, const nlohmann::json &result) {
    call("pgaf_upgrade_finish_step", "$1, $2, $3", {token, std::string(step), told(result)});
}

void Monitor::fail_step(const std::string &token, std::string_view step, const HelperError &error) {
    call("pgaf_upgrade_fail_step", "$1, $2, $3, $4",
         {token, std::string(step), text_told(error.what()), text_told(error.hint())});
}

void Monitor::report_check(const std::string &token, const CheckReport &report) {
    call("pgaf_upgrade_report_check", "$1, $2, $3, $4, $5, $6, $7, $8, $9",
         {token, report.name, report.severity, report.passed ? "t" : "f", text_told(report.found), report.meaning,
          text_told(report.remedy), report.data_loss ? "t" : "f", told(report.detail)});
}

void Monitor::report_software(const std::string &token, const nlohmann::json &software) {
    call("pgaf_upgrade_report_software", "$1, $2", {token, software.dump()});
}

void Monitor::report_hba(const std::string &token, const std::string &moment, const nlohmann::json &connections) {
    call("pgaf_upgrade_report_hba", "$1, $2, $3", {token, moment, told(connections)});
}

std::vector<OpenCheck> Monitor::checks_in_the_way(std::int64_t run, const std::string &node) {
    const auto rows = call("pgaf_upgrade_checks", "$1", {std::to_string(run)});
    std::vector<OpenCheck> checks;
    for (int number = 0; number < rows.size(); ++number) {
        const AnswerRow row(rows, number);
        if (row.text("node") == node && row.text("severity") == "error" && !row.boolean("passed") &&
            !row.maybe_text("waive_reason")) {
            checks.push_back({row.text("check_name"), row.maybe_text("found").value_or("")});
        }
    }
    return checks;
}

void Monitor::sync_journal(const std::string &token, const nlohmann::json &entries) {
    call("pgaf_upgrade_sync_journal", "$1, $2", {token, told(entries)});
}

RunState Monitor::request_rollback(const std::string &token, const std::string &reason, bool discard_new_data,
                                   bool not_started, bool gives_back) {
    const auto truth = [](bool value) { return std::string(value ? "t" : "f"); };
    const auto rows = call("pgaf_upgrade_request_rollback", "$1, $2, $3, $4, $5",
                           {token, text_told(reason), truth(discard_new_data), truth(not_started), truth(gives_back)});
    return AnswerRow(rows, 0).named("pgaf_upgrade_request_rollback", parse_run_state);
}

void Monitor::finish_rollback(const std::string &token, const nlohmann::json &result) {
    call("pgaf_upgrade_finish_rollback", "$1, $2", {token, told(result)});
}

void Monitor::rewrite_sysidentifier(const std::string &formation, int group, const std::string &from,
                                    const std::string &to) {
    call("pgaf_upgrade_rewrite_sysidentifier", "$1, $2, $3, $4", {formation, std::to_string(group), from, to});
}

void Monitor::record_backup(const std::string &label, const std::string &taken_at, const std::string &location) {
    call("pgaf_upgrade_record_backup",
         "label => $1, tool => 'pg_basebackup', taken_at => $2, node => $3, location => $4,"
         " verified_at => pg_catalog.clock_timestamp(), note => 'by pgaf-upgrade backup'",
         {label, taken_at, node_.nodeid == 0 ? "monitor" : std::to_string(node_.nodeid), text_told(location)});
}

std::optional<OldCluster> Monitor::old_cluster(int older_than_days) {
    const auto rows = call("pgaf_upgrade_cleanup", "$1", {std::to_string(older_than_days)});
    for (int row = 0; row < rows.size(); ++row) {
        if (AnswerRow(rows, row).integer("nodeid") == node_.nodeid) {
            return parse_old_cluster(rows, row);
        }
    }
    return std::nullopt;
}

void Monitor::begin_cleanup(std::int64_t run, const std::string &token, int older_than_days) {
    call("pgaf_upgrade_begin_cleanup", "$1, $2, $3, $4",
         {std::to_string(run), std::to_string(node_.nodeid), token, std::to_string(older_than_days)});
}

void Monitor::finish_cleanup(std::int64_t run, const std::string &token, const nlohmann::json &result) {
    call("pgaf_upgrade_finish_cleanup", "$1, $2, $3, $4",
         {std::to_string(run), std::to_string(node_.nodeid), token, told(result)});
}

int Monitor::old_clusters_left() {
    const auto rows = call("pgaf_upgrade_cleanup", "", {});
    int left = 0;
    for (int row = 0; row < rows.size(); ++row) {
        left += AnswerRow(rows, row).maybe_text("removed_at") ? 0 : 1;
    }
    return left;
}

std::optional<std::int64_t> Monitor::newest_run() {
    const auto rows = call("pgaf_upgrade_status", "", {});
    return rows.size() == 0 ? std::nullopt : std::optional(AnswerRow(rows, 0).integer("run"));
}

int Monitor::open_warnings(std::int64_t run) {
    const auto rows = call("pgaf_upgrade_status", "$1", {std::to_string(run)});
    return rows.size() == 0 ? 0 : AnswerRow(rows, 0).small_integer("warnings");
}

std::optional<Monitor::Report> Monitor::report(std::optional<std::int64_t> run, bool with_records) {
    const auto document =
        call("pgaf_upgrade_report", "$1, $2", {run ? Value{std::to_string(*run)} : Value{}, with_records ? "t" : "f"})
            .value(0, 0);
    if (document) {
        Report report;
        read_document(*document, kMonitorsAnswer, [&](const Document &answer) {
            report.run = parse_run(answer);
            report.records = with_records ? parse_records(answer, report.run) : RunRecords{};
        });
        return report;
    }
    if (run) {
        throw HelperError(ExitCode::Usage, fmt::format("there is no run {}", *run),
                          "On the monitor: SELECT * FROM pgaf_upgrade_history().");
    }
    return std::nullopt;
}

NodeReport Monitor::report_of(std::int64_t nodeid) {
    const auto rows = query(
        "SELECT reportedstate::text AS reported, goalstate::text AS goal, sysidentifier, health,"
        " coalesce(reportedpgisrunning, false) AS running, extract(epoch FROM pg_catalog.clock_timestamp() - "
        "reporttime) AS age"
        " FROM pgautofailover.node WHERE nodeid = $1",
        {std::to_string(nodeid)});
    if (rows.size() == 0) {
        throw HelperError(ExitCode::Refused, fmt::format("the monitor knows no node {}", nodeid));
    }
    return parse_node_report(rows);
}

int Monitor::number_sync_standbys(const std::string &formation) {
    const auto rows =
        query("SELECT number_sync_standbys FROM pgautofailover.formation WHERE formationid = $1", {formation});
    return rows.size() == 0 ? 0 : AnswerRow(rows, 0).small_integer("number_sync_standbys");
}

void Monitor::set_number_sync_standbys(const std::string &formation, int number) {
    call("pgautofailover.set_formation_number_sync_standbys", "$1, $2", {formation, std::to_string(number)});
}

void Monitor::start_maintenance(std::int64_t nodeid) {
    call("pgautofailover.start_maintenance", "$1", {std::to_string(nodeid)});
}

void Monitor::stop_maintenance(std::int64_t nodeid) {
    call("pgautofailover.stop_maintenance", "$1", {std::to_string(nodeid)});
}

std::string Monitor::extension_version() {
    return query("SELECT extversion FROM pg_catalog.pg_extension WHERE extname = 'pgautofailover'")
        .text(0, "extversion");
}

Moment Monitor::now() {
    const auto rows = query(
        "SELECT now::text, pg_catalog.to_char(now AT TIME ZONE 'UTC', 'YYYYMMDD\"T\"HH24MISS\"Z\"') AS label"
        "  FROM pg_catalog.clock_timestamp() AS now");
    const AnswerRow row(rows, 0);
    return {row.text("now"), row.text("label")};
}

void Monitor::wait_for_notification(std::chrono::milliseconds limit) {
    connection().wait_for_notification(limit);
}

}  // namespace pgaf
