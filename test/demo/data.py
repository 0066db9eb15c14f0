"""The demo's data: some of every kind that an upgrade could lose."""
from customized import Customized
from hosts import NEW_BINDIR

TABLES = ("pgbench_accounts", "pgbench_branches", "pgbench_tellers", "pgbench_history", "e2e_words", "e2e_unlogged")
LOAD = """
CREATE SEQUENCE e2e_numbers START 1000 INCREMENT 7;
SELECT count(nextval('e2e_numbers')) FROM generate_series(1, 500);
SELECT count(lo_from_bytea(0, decode(repeat(md5(n::text), 64), 'hex'))) FROM generate_series(1, 200) n;
CREATE UNLOGGED TABLE e2e_unlogged AS SELECT n FROM generate_series(1, 10000) n;
CREATE EXTENSION pg_trgm;
CREATE TABLE e2e_words AS SELECT n, md5(n::text) AS word FROM generate_series(1, 20000) n;
CREATE INDEX ON e2e_words USING gin (word gin_trgm_ops);
"""
ASKED = {
    "sequence e2e_numbers": "SELECT last_value FROM e2e_numbers",
    "large objects": "SELECT count(*) FROM pg_largeobject_metadata",
    "bytes in large objects": "SELECT sum(length(data)) FROM pg_largeobject",
    "sum of pgbench balances": "SELECT sum(abalance) FROM pgbench_accounts",
    "words like '%abcd%', by index": "SET enable_seqscan = off; SELECT count(*) FROM e2e_words WHERE word LIKE "
                                     "'%abcd%'",
}


def load(lab, scale):
    """The primary's data, and an administrator's own settings on each node."""
    primary = lab.primary()
    customized = Customized(lab)
    lab.psql(primary, LOAD)
    lab.pg(primary, f"{NEW_BINDIR}/pgbench -p {lab.port} -i -q -s {scale} postgres", timeout=900)
    lab.pg(primary, f"{NEW_BINDIR}/pgbench -p {lab.port} -n -c 2 -t 500 postgres", timeout=900)
    return customized


def contents(lab, host):
    """What has to be the same before and after: rows of each table, and the rest."""
    asked = {**{name: f"SELECT count(*) FROM {name}" for name in TABLES}, **ASKED}
    return {name: int(lab.psql(host, sql)) for name, sql in asked.items()}
