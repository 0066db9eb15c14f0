-- The monitor's own upgrade: what its helper did while there was no monitor comes from its journal.
\pset null '-'
SELECT test.reset();
SELECT test.node(1, 'primary'), test.node(2, 'secondary');
SELECT pgaf_upgrade_start(18);
SELECT count(pgaf_upgrade_attach(i, test.token(i), '1.0', 'host' || i)) FROM generate_series(0, 2) i;
SELECT count(*) AS prepared FROM test.drive('{0,1,2}');
SELECT pgaf_upgrade_approve();
SELECT count(*) AS switched FROM test.drive('{1,2}');
SELECT * FROM pgaf_upgrade_next_step(test.token(0));
SELECT state, waiting_for FROM pgaf_upgrade_status();
SELECT pgaf_upgrade_begin_step(test.token(0), 'stop');

-- what is no journal
SELECT pgaf_upgrade_sync_journal(test.token(0), NULL);
SELECT pgaf_upgrade_sync_journal(test.token(0), '{}');
SELECT pgaf_upgrade_sync_journal(test.token(0), '[{"step": "stop"}]');
SELECT pgaf_upgrade_sync_journal(test.token(0), '[{"step": "stop", "state": "running", "finished_at": "2025-01-01"}]');
SELECT pgaf_upgrade_sync_journal(test.token(0), '[{"step": "jump", "state": "done", "finished_at": "2025-01-01"}]');
-- a step whose turn has not come: nothing of the journal is taken
SELECT pgaf_upgrade_sync_journal(test.token(0),
  '[{"step": "stop", "state": "done", "finished_at": "2025-01-01 00:00:02Z"},
    {"step": "start", "state": "done", "finished_at": "2025-01-01 00:00:03Z"}]');
SELECT name, state FROM pgaf_upgrade.step WHERE nodeid = 0 AND name = 'stop';

SELECT pgaf_upgrade_attach(0, test.token(0), '1.0', 'monitor', resumed => true) -> 'steps' -> 6 AS goes_on;
SELECT $$[
 {"step": "stop", "state": "done", "started_at": "2025-01-01 00:00:01Z", "finished_at": "2025-01-01 00:00:02Z"},
 {"step": "pg_upgrade", "state": "failed", "started_at": "2025-01-01 00:00:02Z", "finished_at": "2025-01-01 00:00:03Z",
  "error": "killed", "hint": "Run it again."},
 {"step": "pg_upgrade", "state": "done", "started_at": "2025-01-01 00:00:04Z", "finished_at": "2025-01-01 00:00:09Z",
  "result": {"seconds": 5}},
 {"step": "carry", "state": "done", "started_at": "2025-01-01 00:00:10Z", "finished_at": "2025-01-01 00:00:11Z"},
 {"step": "swap", "state": "done", "finished_at": "2025-01-01 00:00:12Z"},
 {"step": "reconfigure", "state": "failed", "finished_at": "2025-01-01 00:00:13Z", "error": "read-only"}]$$ AS journal
\gset
SELECT pgaf_upgrade_sync_journal(test.token(0), :'journal');
SELECT pgaf_upgrade_sync_journal(test.token(0), :'journal') AS nothing_new;
SET timezone = 'UTC';
SELECT name, state, attempts, first_started_at::time, started_at::time, finished_at::time, result, error, hint
  FROM pgaf_upgrade.step WHERE nodeid = 0 AND ordinal BETWEEN 7 AND 12 AND name <> 'stop' ORDER BY ordinal;
SELECT state, attempts, finished_at::time FROM pgaf_upgrade.step WHERE nodeid = 0 AND name = 'stop';

-- it was tried again, and went on
SELECT pgaf_upgrade_sync_journal(test.token(0),
  '[{"step": "reconfigure", "state": "done", "finished_at": "2025-01-01 00:00:14Z"},
    {"step": "start", "state": "done", "finished_at": "2025-01-01 00:00:15Z"}]');
SELECT name, state, attempts FROM pgaf_upgrade.step WHERE nodeid = 0 AND name IN ('reconfigure', 'start') ORDER BY 1;

-- a background step goes on beside the later ones, but the end waits for it
SELECT pgaf_upgrade_begin_step(test.token(0), 'statistics'),
       pgaf_upgrade_finish_step(test.token(0), 'statistics'),
       pgaf_upgrade_begin_step(test.token(0), 'update_extensions');
SELECT count(*) AS steps FROM test.drive('{0,1,2}');
SELECT state, waiting_for FROM pgaf_upgrade_status();
SELECT * FROM pgaf_upgrade_next_step(test.token(0));
SELECT pgaf_upgrade_finish_step(test.token(0), 'update_extensions');
SELECT test.drive('{0,1,2}');
SELECT pgaf_upgrade_sync_journal(test.token(0), :'journal') AS nothing_new_after_the_end;
SELECT test.reset();
