#include "cluster/extension_updates.hpp"

#include <fmt/format.h>

namespace pgaf {

std::vector<ExtensionUpdate> extension_updates(Connection &server) {
    const auto rows = server.query(
        "SELECT e.extname AS name, e.extversion AS before, a.default_version AS after,"
        "       pg_catalog.format('ALTER EXTENSION %I UPDATE', e.extname) AS statement"
        "  FROM pg_catalog.pg_extension e JOIN pg_catalog.pg_available_extensions a ON a.name = e.extname"
        " WHERE e.extversion <> a.default_version ORDER BY e.oid");
    std::vector<ExtensionUpdate> updates;
    for (int row = 0; row < rows.size(); ++row) {
        updates.push_back(
            {rows.text(row, "name"), rows.text(row, "before"), rows.text(row, "after"), rows.text(row, "statement")});
    }
    return updates;
}

std::string dependents_of(Connection &server, const std::string &extension) {
    constexpr int kShown = 10;
    // a view depends on what it reads by its rule
    const auto rows = server.query(
        "SELECT DISTINCT pg_catalog.pg_describe_object(o.classid, o.objid, 0) AS dependent"
        "  FROM pg_catalog.pg_extension e"
        "  JOIN pg_catalog.pg_depend m ON m.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass"
        "   AND m.refobjid = e.oid AND m.deptype = 'e'"
        "  JOIN pg_catalog.pg_depend d ON d.refclassid = m.classid AND d.refobjid = m.objid AND d.deptype = 'n'"
        "  LEFT JOIN pg_catalog.pg_rewrite r ON d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass"
        "   AND r.oid = d.objid"
        " CROSS JOIN LATERAL (SELECT CASE WHEN r.oid IS NULL THEN d.classid"
        "                                 ELSE 'pg_catalog.pg_class'::pg_catalog.regclass END AS classid,"
        "                           coalesce(r.ev_class, d.objid) AS objid) o"
        " WHERE e.extname = $1 AND NOT EXISTS"
        "       (SELECT FROM pg_catalog.pg_depend own WHERE own.classid = o.classid AND own.objid = o.objid"
        "           AND own.deptype = 'e')"
        " ORDER BY 1",
        {extension});
    std::string text;
    for (int row = 0; row < rows.size() && row < kShown; ++row) {
        text += (text.empty() ? "" : ", ") + rows.text(row, "dependent");
    }
    return rows.size() > kShown ? fmt::format("{} and {} more", text, rows.size() - kShown) : text;
}

}  // namespace pgaf
