#include "src/store_hba.hpp"

#include <array>
#include <charconv>

#include "core/errors.hpp"
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

bool is_integer(const Text &text) {
    std::int64_t value = 0;
    const auto *const end = text->data() + text->size();
    return std::from_chars(text->data(), end, value).ptr == end && !text->empty();
}

[[noreturn]] void refuse_entry(const std::string &what) {
    throw Error(code::kBadArgument, "an entry of connections " + what,
                "Report with the pgaf-upgrade of this version; nothing was recorded.");
}

// Beginning at a column: connection, client_nodeid, client, user_name, host, address, database,
// encrypted, file_name, line_number, line_type, method, options, verdict, was, required_line, advice.
hba::Finding finding_of(const pg::Row &row, std::size_t column) {
    const auto text = [&](std::size_t offset) { return row.text(column + offset).value_or(""); };
    hba::Finding finding;
    finding.need.purpose = hba::parse_purpose(text(0)).value();
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
    finding.verdict = hba::parse_verdict(text(13)).value();
    finding.was = text(14);
    finding.required_line = text(15);
    finding.advice = text(16);
    return finding;
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

void require_hba_report(const std::string &json) {
    const auto rows = query(
        "SELECT e ->> 'connection', e ->> 'client_nodeid', e ->> 'client', e ->> 'user_name', e ->> 'host', "
        "       e ->> 'database', e ->> 'encrypted', e ->> 'verdict', e ->> 'line_number', e ->> 'address' "
        "  FROM pg_catalog.jsonb_array_elements($1::jsonb) AS e",
        {json});
    constexpr std::array<const char *, 8> kNeeded{"connection", "client_nodeid", "client",    "user_name",
                                                  "host",       "database",      "encrypted", "verdict"};
    for (const auto &row : rows) {
        for (std::size_t i = 0; i < kNeeded.size(); ++i) {
            if (row.is_null(i)) {
                refuse_entry(std::string("has no ") + kNeeded.at(i));
            }
        }
        if (!hba::parse_purpose(row.string(0))) {
            refuse_entry("has the unknown connection \"" + row.string(0) + "\"");
        }
        if (!hba::parse_verdict(row.string(7))) {
            refuse_entry("has the unknown verdict \"" + row.string(7) + "\"");
        }
        if (!is_integer(row.text(1)) || (!row.is_null(8) && !is_integer(row.text(8)))) {
            refuse_entry("has no number where one must be");
        }
        if (row.string(6) != "true" && row.string(6) != "false") {
            refuse_entry("does not say whether it is encrypted");
        }
        if (!row.is_null(9) && !hba::Address::parse(row.string(9))) {
            refuse_entry("has the address \"" + row.string(9) + "\", which is none");
        }
    }
}

std::int64_t replace_hba_report(std::int64_t runid, std::int64_t nodeid, const std::string &moment,
                                const std::string &json) {
    query("DELETE FROM pgaf_upgrade.hba_report WHERE nodeid = $1::bigint AND moment IN ($2, 'after')",
          {nodeid, moment});
    return static_cast<std::int64_t>(
        query("INSERT INTO pgaf_upgrade.hba_report "
              "       (nodeid, moment, ordinal, connection, client_nodeid, client, user_name, host, address, database, "
              "        encrypted, file_name, line_number, line_type, method, options, verdict, was, required_line, "
              "        advice, runid) "
              "SELECT $2::bigint, $3, r.ordinality, e ->> 'connection', (e ->> 'client_nodeid')::bigint, "
              "       e ->> 'client', e ->> 'user_name', e ->> 'host', e ->> 'address', e ->> 'database', "
              "       (e ->> 'encrypted')::boolean, e ->> 'file_name', (e ->> 'line_number')::int, "
              "       e ->> 'line_type', e ->> 'method', e ->> 'options', e ->> 'verdict', e ->> 'was', "
              "       e ->> 'required_line', e ->> 'advice', $1::bigint "
              "  FROM pg_catalog.jsonb_array_elements($4::jsonb) WITH ORDINALITY AS r (e, ordinality) "
              "RETURNING ordinal",
              {runid, nodeid, moment, json})
            .size());
}

std::vector<HbaReport> last_hba_reports() {
    const auto rows = query(
        "SELECT h.nodeid, h.reported_at, h.connection, h.client_nodeid, h.client, h.user_name, h.host, h.address, "
        "       h.database, h.encrypted, h.file_name, h.line_number, h.line_type, h.method, h.options, h.verdict, "
        "       h.was, h.required_line, h.advice "
        "  FROM pgaf_upgrade.hba_report h "
        "  JOIN (SELECT nodeid, min(moment) AS moment FROM pgaf_upgrade.hba_report GROUP BY nodeid) last "
        "    ON last.nodeid = h.nodeid AND last.moment = h.moment "  // 'after' comes before 'before'
        " ORDER BY h.nodeid, h.ordinal");
    std::vector<HbaReport> reports;
    for (const auto &row : rows) {
        reports.push_back({row.integer(0), finding_of(row, 2), row.string(1)});
    }
    return reports;
}

std::vector<hba::Finding> hba_before_upgrade(std::int64_t nodeid) {
    const auto rows = query(
        "SELECT h.connection, h.client_nodeid, h.client, h.user_name, h.host, h.address, h.database, h.encrypted, "
        "       h.file_name, h.line_number, h.line_type, h.method, h.options, h.verdict, h.was, h.required_line, "
        "       h.advice "
        "  FROM pgaf_upgrade.hba_report h WHERE h.nodeid = $1::bigint AND h.moment = 'before' ORDER BY h.ordinal",
        {nodeid});
    std::vector<hba::Finding> findings;
    for (const auto &row : rows) {
        findings.push_back(finding_of(row, 0));
    }
    return findings;
}

}  // namespace pgaf::store
