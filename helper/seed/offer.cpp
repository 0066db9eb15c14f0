#include <array>

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <nlohmann/json.hpp>

#include "postgres/controldata.hpp"
#include "run/sessions.hpp"
#include "seed/manifest_reader.hpp"
#include "seed/seed.hpp"
#include "system/raw_file.hpp"

namespace fs = std::filesystem;

namespace pgaf {

namespace {

// The role that pg_auto_failover's standbys connect as. For pg_rewind, pg_autoctl lets it into the database of its
// configuration: the seed is offered there.
constexpr const char *kReplicator = "pgautofailover_replicator";

bool exists(Connection &server) {
    return server.single("SELECT pg_catalog.to_regclass('pgaf_upgrade_seed.marker') IS NOT NULL") == "t";
}

std::optional<SeedOrigin> origin_of(const Node &node) {
    if (!fs::exists(seed_manifest(node))) {
        return std::nullopt;
    }
    const auto begin = InputFile(seed_manifest(node)).read(0, 1024);
    return parse_origin(begin.substr(0, begin.find('\n')));
}

// Nothing where this node's server was not started from the seed's checkpoint.
std::optional<SeedOrigin> own_seed(const Context &context) {
    const auto origin = origin_of(context.node);
    const auto left = context.journal.result(steps::kPgUpgrade);
    const bool is_own = origin && std::to_string(origin->new_sysidentifier) == left.value("new_sysidentifier", "") &&
                        origin->new_checkpoint_location == left.value("new_checkpoint_location", "");
    return is_own ? origin : std::nullopt;
}

// What the standbys' role may call, as the superuser: no file but the seed's own. What ALTER DEFAULT PRIVILEGES gives
// to others is taken from them below.
constexpr std::array kFunctions{
    "CREATE FUNCTION pgaf_upgrade_seed.read(part text, first_byte bigint, bytes bigint) RETURNS bytea"
    " LANGUAGE sql STABLE STRICT SECURITY DEFINER SET search_path = pg_catalog, pg_temp"
    " AS 'SELECT pg_catalog.pg_read_binary_file(pgaf_upgrade_seed.file(part), first_byte, bytes)'",
    "CREATE FUNCTION pgaf_upgrade_seed.size(part text) RETURNS bigint"
    " LANGUAGE sql STABLE STRICT SECURITY DEFINER SET search_path = pg_catalog, pg_temp"
    " AS 'SELECT (pg_catalog.pg_stat_file(pgaf_upgrade_seed.file(part), true)).size'"};

// Whoever is granted anything in it but the owner, who has made it.
constexpr const char *kOthersPrivileges =
    "SELECT DISTINCT pg_catalog.format('REVOKE ALL ON %s pgaf_upgrade_seed FROM %s CASCADE', o.what,"
    "         CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE pg_catalog.quote_ident(pg_catalog.pg_get_userbyid(a.grantee)) "
    "END)"
    "  FROM (SELECT 'SCHEMA' AS what, nspacl AS acl, nspowner AS owner FROM pg_catalog.pg_namespace"
    "         WHERE nspname = 'pgaf_upgrade_seed'"
    "        UNION ALL SELECT 'ALL FUNCTIONS IN SCHEMA', coalesce(proacl, pg_catalog.acldefault('f', proowner)),"
    "               proowner FROM pg_catalog.pg_proc"
    "         WHERE pronamespace = 'pgaf_upgrade_seed'::pg_catalog.regnamespace"
    "        UNION ALL SELECT 'ALL TABLES IN SCHEMA', relacl, relowner FROM pg_catalog.pg_class"
    "         WHERE relnamespace = 'pgaf_upgrade_seed'::pg_catalog.regnamespace) o"
    "  CROSS JOIN LATERAL pg_catalog.aclexplode(o.acl) a WHERE a.grantee <> o.owner";

void revoke_from_others(Connection &server) {
    const auto rows = server.query(kOthersPrivileges);
    for (int row = 0; row < rows.size(); ++row) {
        server.query(rows.value(row, 0).value_or(""));
    }
}

// Into the database: as pg_rewind's, the standbys' role needs it. Returns whether it was not so.
bool let_replicator_in(Connection &server) {
    if (server.single("SELECT pg_catalog.has_database_privilege($1::name, pg_catalog.current_database(), 'CONNECT')",
                      {kReplicator}) == "t") {
        return false;
    }
    server.query(server.single(
        "SELECT pg_catalog.format('GRANT CONNECT ON DATABASE %I TO %I', pg_catalog.current_database(), $1::name)",
        {kReplicator}));
    return true;
}

// As it was before.
void shut_replicator_out(Connection &server) {
    server.query(server.single(
        "SELECT pg_catalog.format('REVOKE CONNECT ON DATABASE %I FROM %I', pg_catalog.current_database(), $1::name)",
        {kReplicator}));
}

bool was_let_in(Connection &server) {
    return server.single("SELECT coalesce(bool_or(is_let_in), false) FROM pgaf_upgrade_seed.marker") == "t";
}

// The files' names by those of the seed's parts.
std::string file_function(Connection &server, const Node &node) {
    return server.single(
        "SELECT pg_catalog.format($definition$"
        "CREATE FUNCTION pgaf_upgrade_seed.file(part text) RETURNS text LANGUAGE sql IMMUTABLE STRICT"
        " SET search_path = pg_catalog, pg_temp"
        " AS $$SELECT CASE part WHEN 'manifest' THEN %L WHEN 'pack' THEN %L WHEN 'pack.zst' THEN %L END$$"
        "$definition$, $1::text, $2::text, $3::text)",
        {seed_manifest(node).string(), seed_pack(node).string(), seed_compressed_pack(node).string()});
}

}  // namespace

void offer_seed(const Context &context) {
    const auto origin = own_seed(context);
    if (!origin) {
        return;
    }
    auto server = writing_session(context, context.node.config.dbname);
    // each slot holds WAL back from the last checkpoint before it was made, which is the seed's unless there was
    // another
    const auto late = server.single(
        "SELECT count(*) FROM pg_catalog.pg_replication_slots"
        " WHERE slot_type = 'physical' AND restart_lsn > $1::pg_lsn",
        {origin->new_checkpoint_location});
    if (late != "0") {
        spdlog::warn("a replication slot is behind the seed's checkpoint {}: the seed is given up",
                     origin->new_checkpoint_location);
        remove_seed(context.node);
        return;
    }
    const bool was_before = exists(server) && was_let_in(server);  // by an attempt before this one
    server.query("BEGIN");
    server.query("DROP SCHEMA IF EXISTS pgaf_upgrade_seed CASCADE");
    server.query("CREATE SCHEMA pgaf_upgrade_seed");
    server.query(
        "COMMENT ON SCHEMA pgaf_upgrade_seed IS"
        " 'from which standbys are built while pgaf-upgrade upgrades the cluster; gone at its end'");
    server.query(file_function(server, context.node));
    for (const auto *statement : kFunctions) {
        server.query(statement);
    }
    server.query("CREATE TABLE pgaf_upgrade_seed.marker (new_sysidentifier text NOT NULL, is_let_in bool NOT NULL)");
    revoke_from_others(server);
    server.query(fmt::format("GRANT USAGE ON SCHEMA pgaf_upgrade_seed TO {}", kReplicator));
    server.query(
        fmt::format("GRANT EXECUTE ON FUNCTION pgaf_upgrade_seed.read, pgaf_upgrade_seed.size TO {}", kReplicator));
    const bool is_let_in = let_replicator_in(server) || was_before;
    server.query("INSERT INTO pgaf_upgrade_seed.marker VALUES ($1, $2)",
                 {std::to_string(origin->new_sysidentifier), is_let_in ? "t" : "f"});
    server.query("COMMIT");
}

bool is_seed_offered(const Context &context) {
    if (!own_seed(context)) {
        return true;  // there is nothing to offer
    }
    auto server = context.local_server(context.node.config.dbname);
    return exists(server);
}

std::optional<std::string> seed_sha256(const Context &context) {
    return own_seed(context) ? std::optional(ManifestReader(seed_manifest(context.node)).sha256()) : std::nullopt;
}

bool withdraw_seed(const Context &context) {
    auto server = writing_session(context, context.node.config.dbname);
    bool is_gone = !exists(server);
    if (!is_gone && server.single("SELECT pg_catalog.pg_is_in_recovery()") == "f") {
        server.query("BEGIN");
        if (was_let_in(server)) {
            shut_replicator_out(server);
        }
        server.query("DROP SCHEMA IF EXISTS pgaf_upgrade_seed CASCADE");
        server.query("COMMIT");
        is_gone = true;
    }
    remove_seed(context.node);
    return is_gone;
}

bool is_seed_withdrawn(const Context &context) {
    auto server = context.local_server(context.node.config.dbname);
    const bool can_be_dropped = server.single("SELECT pg_catalog.pg_is_in_recovery()") == "f";
    return !fs::exists(seed_dir(context.node)) && !(can_be_dropped && exists(server));
}

}  // namespace pgaf
