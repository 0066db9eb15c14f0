"""A primary's files of every kind that a standby by links has to have, and what is asked of them."""

LOCATION = "/srv/ts1"
CONTENT = """
SELECT (SELECT md5(string_agg(t, ',' ORDER BY n)) FROM in_ts1), (SELECT count(*) FROM in_ts1 WHERE n % 7 = 3),
       (SELECT md5(string_agg(body, ',' ORDER BY id)) FROM toasted), (SELECT sum(id) FROM sparse),
       (SELECT count(*) FROM pg_largeobject)
"""


def fill(lab):
    """A tablespace, out-of-line values, pages that were added and never written, large objects, an unlogged table."""
    for host in lab.data_nodes:
        lab.sh(host, "install", "-d", "-o", "postgres", "-g", "postgres", "-m", "700", LOCATION)
    lab.psql(lab.primary(), f"""
        CREATE TABLESPACE ts1 LOCATION '{LOCATION}';
        CREATE TABLE in_ts1 TABLESPACE ts1 AS SELECT n, md5(n::text) AS t FROM generate_series(1, 50000) n;
        CREATE INDEX ON in_ts1 (t COLLATE "C"); -- by no library, whose version may be another for 17
        CREATE TABLE toasted AS
            SELECT n AS id, (SELECT string_agg(md5((n * 1000 + i)::text), '') FROM generate_series(1, 200) i) AS body
              FROM generate_series(1, 200) n;
        CREATE TABLE sparse AS SELECT n AS id FROM generate_series(1, 1000) n;
        CREATE UNLOGGED TABLE unlogged AS SELECT n FROM generate_series(1, 10000) n;
        SELECT lo_from_bytea(0, convert_to(repeat('large', 10000), 'UTF8')) FROM generate_series(1, 10);
        VACUUM ANALYZE""")
    # what a bulk extension leaves at a crash: pages of zeros on the primary alone, and no WAL that tells of them
    path = lab.psql(lab.primary(), "SELECT pg_relation_filepath('sparse')")
    lab.sh(lab.primary(), "truncate", "-s", "+81920", f"{lab.pgdata}/{path}")


def content(lab, host):
    return lab.psql(host, CONTENT)
