#include "src/store_hba.hpp"

#include <charconv>

#include "core/hba_view.hpp"
#include "src/pg/spi.hpp"

// last, to see what the others have brought in
#include "src/cpp_only.hpp"

namespace pgaf::store {

using pg::query;

namespace {

std::string from_hex(const std::string &hex) {
    std::string bytes;
    bytes.reserve(hex.size() / 2);
    for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
        std::uint8_t byte = 0;
        std::from_chars(hex.data() + i, hex.data() + i + 2, byte, 16);
        bytes += static_cast<char>(byte);
    }
    return bytes;
}

// Columns: connection, client_nodeid, client, user_name, host, address, database, encrypted, file_name, line_number,
// line_type, method, options, verdict, was. Nothing where it is of no need or no verdict that is known.
std::optional<hba::Finding> finding_of(const pg::Row &row, std::size_t column) {
    const auto text = [&](std::size_t offset) { return row.text(column + offset).value_or(""); };
    const auto purpose = hba::parse_purpose(text(0));
    const auto verdict = hba::parse_verdict(text(13));
    if (!purpose || !verdict) {
        return std::nullopt;
    }
    hba::Finding finding;
    finding.need.purpose = *purpose;
    finding.need.client = {row.integer(column + 1), text(2), text(4)};
    finding.need.user = text(3);
    finding.need.database = text(6);
    finding.address = hba::Address::parse(text(5));
    finding.encrypted = row.boolean(column + 7);
    finding.file = text(8);
    finding.line = row.is_null(column + 9) ? 0 : static_cast<int>(row.integer(column + 9));
    finding.type = text(10);
    finding.method = text(11);
    finding.options = text(12);
    finding.verdict = *verdict;
    finding.was = text(14);
    return finding;
}

std::vector<HbaReport> reports_where(const char *which, std::initializer_list<pg::Param> params = {}) {
    const auto sql = std::string(
                         "SELECT h.nodeid, h.reported_at, h.connection, h.client_nodeid, h.client, h.user_name, "
                         "       h.host, h.address, h.database, h.encrypted, h.file_name, h.line_number, "
                         "       h.line_type, h.method, h.options, h.verdict, h.was "
                         "  FROM pgaf_upgrade.hba_report h ") +
                     which + " ORDER BY h.nodeid, h.ordinal";
    std::vector<HbaReport> reports;
    for (const auto &row : query(sql.c_str(), params)) {
        if (auto finding = finding_of(row, 2)) {
            reports.push_back({row.integer(0), std::move(*finding), row.string(1)});
        }
    }
    return reports;
}

}  // namespace

std::vector<hba::ViewRow> hba_rows() {
    const auto rows = query(hba::kRulesQuery);
    std::vector<hba::ViewRow> result;
    for (const auto &row : rows) {
        hba::ViewRow line;
        line.file = row.string(0);
        line.line = static_cast<int>(row.integer(1));
        line.type = row.string(2);
        if (!row.is_null(3) && !row.is_null(4)) {
            line.databases = hba::names_of(row.string(3));
            line.users = hba::names_of(row.string(4));
        }
        line.address = row.string(5);
        line.netmask = row.string(6);
        line.method = row.string(7);
        line.options = row.string(8);
        line.error = row.string(9);
        result.push_back(std::move(line));
    }
    return result;
}

std::string hba_file() {
    return query("SELECT pg_catalog.current_setting('hba_file')").at(0).string(0);
}

bool ssl_is_on() {
    return query("SELECT pg_catalog.current_setting('ssl')::boolean").at(0).boolean(0);
}

std::optional<std::string> read_server_file(const std::string &path) {
    // As bytes: the file need not be in the database's encoding.
    const auto rows =
        query("SELECT pg_catalog.encode(pg_catalog.pg_read_binary_file($1, 0, 100000000, true), 'hex')", {path});
    const auto &hex = rows.at(0).text(0);
    return hex ? std::optional(from_hex(*hex)) : std::nullopt;
}

bool regex_matches(const std::string &expression, const std::string &name) {
    return query(hba::kRegexQuery, {expression, name}).at(0).boolean(0);
}

std::vector<std::string> memberships(const std::string &role) {
    std::vector<std::string> names;
    const auto rows = query(hba::kMembershipsQuery, {role});
    for (const auto &row : rows) {
        names.push_back(row.string(0));
    }
    return names;
}

std::string formation_database(const std::string &formation) {
    const auto rows = query("SELECT dbname FROM pgautofailover.formation WHERE formationid = $1", {formation});
    return rows.empty() ? "postgres" : rows.at(0).text(0).value_or("postgres");
}

std::int64_t replace_hba_report(std::int64_t runid, std::int64_t nodeid, const std::string &moment,
                                const std::string &json) {
    query("DELETE FROM pgaf_upgrade.hba_report WHERE nodeid = $1::bigint AND moment IN ($2, 'after')",
          {nodeid, moment});
    return static_cast<std::int64_t>(
        query("INSERT INTO pgaf_upgrade.hba_report "
              "       (nodeid, moment, ordinal, connection, client_nodeid, client, user_name, host, address, database, "
              "        encrypted, file_name, line_number, line_type, method, options, verdict, was, runid) "
              "SELECT $2::bigint, $3, r.ordinality, e ->> 'connection', (e ->> 'client_nodeid')::bigint, "
              "       e ->> 'client', e ->> 'user_name', e ->> 'host', e ->> 'address', e ->> 'database', "
              "       (e ->> 'encrypted')::boolean, e ->> 'file_name', (e ->> 'line_number')::int, "
              "       e ->> 'line_type', e ->> 'method', e ->> 'options', e ->> 'verdict', e ->> 'was', $1::bigint "
              "  FROM pg_catalog.jsonb_array_elements($4::jsonb) WITH ORDINALITY AS r (e, ordinality) "
              "RETURNING ordinal",
              {runid, nodeid, moment, json})
            .size());
}

std::vector<HbaReport> last_hba_reports() {
    return reports_where(
        "JOIN (SELECT nodeid, min(moment) AS moment FROM pgaf_upgrade.hba_report GROUP BY nodeid) last "
        "  ON last.nodeid = h.nodeid AND last.moment = h.moment");  // 'after' comes before 'before'
}

std::vector<HbaReport> hba_reports_before_upgrade() {
    return reports_where("WHERE h.moment = 'before'");
}

std::vector<hba::Finding> hba_before_upgrade(std::int64_t nodeid) {
    std::vector<hba::Finding> findings;
    for (auto &report : reports_where("WHERE h.nodeid = $1::bigint AND h.moment = 'before'", {nodeid})) {
        findings.push_back(std::move(report.finding));
    }
    return findings;
}

}  // namespace pgaf::store
