----------------------------------------------------------------------------------------------------
-- What pg_hba.conf of the monitor and of the data nodes says to the connections that the cluster needs.
-- The monitor reads its own file; a data node's file is read by the node's helper, which reports what it
-- found before the upgrade and after it.
----------------------------------------------------------------------------------------------------

-- No reference to a run or a node of one: a node's last report outlives both, and each new one takes
-- the place of the last, so that this does not grow.
CREATE TABLE pgaf_upgrade.hba_report
 (
    nodeid        bigint NOT NULL,
    moment        text NOT NULL CHECK (moment IN ('before', 'after')),
    ordinal       int NOT NULL,
    connection    text NOT NULL,
    client_nodeid bigint NOT NULL,
    client        text NOT NULL,
    user_name     text NOT NULL,
    host          text NOT NULL,
    address       text,
    database      text NOT NULL,
    encrypted     boolean NOT NULL,
    file_name     text,
    line_number   int,
    line_type     text,
    method        text,
    options       text,
    verdict       text NOT NULL,
    was           text,
    runid         bigint NOT NULL,
    reported_at   timestamptz NOT NULL DEFAULT pg_catalog.clock_timestamp(),

    PRIMARY KEY (nodeid, moment, ordinal)
 );
COMMENT ON TABLE pgaf_upgrade.hba_report IS 'what the helpers last found of their nodes'' pg_hba.conf';
COMMENT ON COLUMN pgaf_upgrade.hba_report.nodeid IS 'the node whose file it is; 0 is the monitor';
COMMENT ON COLUMN pgaf_upgrade.hba_report.moment IS 'before or after that node''s upgrade';
COMMENT ON COLUMN pgaf_upgrade.hba_report.ordinal IS 'the order in which the helper reported them';
COMMENT ON COLUMN pgaf_upgrade.hba_report.connection IS 'what the connection is for';
COMMENT ON COLUMN pgaf_upgrade.hba_report.client_nodeid IS 'the node that connects; 0 is the monitor';
COMMENT ON COLUMN pgaf_upgrade.hba_report.client IS 'its name';
COMMENT ON COLUMN pgaf_upgrade.hba_report.user_name IS 'the role that it connects as';
COMMENT ON COLUMN pgaf_upgrade.hba_report.host IS 'the host that it connects from';
COMMENT ON COLUMN pgaf_upgrade.hba_report.address IS 'the address of that host, null where it has none';
COMMENT ON COLUMN pgaf_upgrade.hba_report.database IS 'the database that it connects to, or replication';
COMMENT ON COLUMN pgaf_upgrade.hba_report.encrypted IS 'whether it is encrypted';
COMMENT ON COLUMN pgaf_upgrade.hba_report.file_name IS 'the file with the line that decides, null where none does';
COMMENT ON COLUMN pgaf_upgrade.hba_report.line_number IS 'the line in it';
COMMENT ON COLUMN pgaf_upgrade.hba_report.line_type IS 'the first word of the line';
COMMENT ON COLUMN pgaf_upgrade.hba_report.method IS 'its authentication method';
COMMENT ON COLUMN pgaf_upgrade.hba_report.options IS 'the options of the method';
COMMENT ON COLUMN pgaf_upgrade.hba_report.verdict IS 'as in pgaf_upgrade_verify_hba()';
COMMENT ON COLUMN pgaf_upgrade.hba_report.was IS 'the method that decided before the upgrade, where it has changed';
COMMENT ON COLUMN pgaf_upgrade.hba_report.runid IS 'the run in which it was reported';
COMMENT ON COLUMN pgaf_upgrade.hba_report.reported_at IS 'when';
REVOKE ALL ON TABLE pgaf_upgrade.hba_report FROM PUBLIC;
GRANT SELECT ON TABLE pgaf_upgrade.hba_report TO pgaf_upgrade_reader;
SELECT pg_catalog.pg_extension_config_dump('pgaf_upgrade.hba_report', '');

CREATE FUNCTION @extschema@.pgaf_upgrade_verify_hba(formation text DEFAULT NULL)
RETURNS TABLE
 (
    formationid   text,
    node          text,
    connection    text,
    client        text,
    user_name     text,
    host          text,
    address       text,
    database      text,
    encrypted     boolean,
    file_name     text,
    line_number   int,
    line_type     text,
    method        text,
    options       text,
    verdict       text,
    was           text,
    required_line text,
    advice        text,
    seen_at       timestamptz,
    nodeid        bigint,
    client_nodeid bigint
 )
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'pgaf_upgrade_verify_hba';
COMMENT ON FUNCTION @extschema@.pgaf_upgrade_verify_hba(text)
     IS 'for every connection that a formation (all unless told) needs: the line of pg_hba.conf that decides, its method, '
        'and a verdict: ok, weaker, rejected, no match, broken, unresolved, or not reported by the node''s helper; '
        'the monitor''s file is read now, as a reload would take it, and seen_at is null; a data node''s is what its '
        'helper last reported, whether it is met and by which line; what is needed and advised is the monitor''s own';
REVOKE ALL ON FUNCTION @extschema@.pgaf_upgrade_verify_hba(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION @extschema@.pgaf_upgrade_verify_hba(text) TO pgaf_upgrade_reader;

CREATE FUNCTION @extschema@.pgaf_upgrade_required_hba(formation text DEFAULT NULL)
RETURNS TABLE (node text, line text)
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'pgaf_upgrade_required_hba';
COMMENT ON FUNCTION @extschema@.pgaf_upgrade_required_hba(text)
     IS 'the lines that a formation (all unless told) needs in each node''s pg_hba.conf, ready to append; '
        'known from the monitor alone: on data nodes with a password by scram-sha-256';
REVOKE ALL ON FUNCTION @extschema@.pgaf_upgrade_required_hba(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION @extschema@.pgaf_upgrade_required_hba(text) TO pgaf_upgrade_reader;

CREATE FUNCTION @extschema@.pgaf_upgrade_match_hba
 (
    user_name            text,
    database             text,
    address              inet,
    encrypted            boolean DEFAULT false,
    physical_replication boolean DEFAULT false
 )
RETURNS TABLE (file_name text, line_number int, line_type text, method text, error text)
LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'pgaf_upgrade_match_hba';
COMMENT ON FUNCTION @extschema@.pgaf_upgrade_match_hba(text, text, inet, boolean, boolean)
     IS 'the line of this server''s pg_hba.conf that decides about a connection, no row when none does; '
        'a null address is a Unix socket; an error is of a line for which PostgreSQL takes nothing of the file';
REVOKE ALL ON FUNCTION @extschema@.pgaf_upgrade_match_hba(text, text, inet, boolean, boolean) FROM PUBLIC;

CREATE FUNCTION @extschema@.pgaf_upgrade_report_hba(token uuid, moment text, connections jsonb)
RETURNS int LANGUAGE C VOLATILE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS 'MODULE_PATHNAME', 'pgaf_upgrade_report_hba';
COMMENT ON FUNCTION @extschema@.pgaf_upgrade_report_hba(uuid, text, jsonb)
     IS 'record what pg_hba.conf of the node says, before or after its upgrade, in place of the last report; '
        'returns how many connections it has';
REVOKE ALL ON FUNCTION @extschema@.pgaf_upgrade_report_hba(uuid, text, jsonb) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION @extschema@.pgaf_upgrade_report_hba(uuid, text, jsonb) TO autoctl_node;
