"""Every function of the extension, with the state of the cluster in which it is called and a call of it.

A function of the catalog that is not here fails the test, and so does an entry without its function."""

START = """SELECT pgaf_upgrade_start(18);
SELECT count(pgaf_upgrade_attach(i, test.token(i), '1.0', 'host' || i)) FROM generate_series(0, 2) i;
"""
READY = START + "SELECT count(*) FROM test.drive('{0,1,2}');\n"
SWITCHING = READY + """SELECT pgaf_upgrade_approve();
SELECT pgaf_upgrade_begin_step(test.token(1), 'relax_sync');
"""

# by name, the statements that make it from a cluster of two nodes
STATES = {
    "no run": "",
    # a look-up of a name that nobody has may take long
    "addresses": "UPDATE pgautofailover.node SET nodehost = '127.0.0.' || nodeid",
    "in maintenance": "SELECT test.state(2, 'maintenance')",
    "started": START,
    "keeping": "SELECT pgaf_upgrade_start(18, keep_old_standby => 'node_2')",
    "begun": START + "SELECT pgaf_upgrade_begin_step(test.token(1), 'discover');\n",
    "failed": START + """SELECT pgaf_upgrade_begin_step(test.token(1), 'discover');
SELECT pgaf_upgrade_fail_step(test.token(1), 'discover', 'boom');
SELECT pgaf_upgrade_report_check(test.token(2), 'free_space', 'error', false, '1 GB', 'too little', 'Make room.');
""",
    "ready": READY,
    "switching": SWITCHING,
    "warned": START + """SELECT pgaf_upgrade_begin_step(test.token(1), 'discover');
SELECT pgaf_upgrade_finish_step(test.token(1), 'discover',
    '{"warnings": [{"object": "table t", "error": "it is broken", "remedy": "Mend it."}]}');
""",
    "rolling back": SWITCHING + "SELECT pgaf_upgrade_rollback(1, 'the disk is full');\n",
}

STATES["finished"] = READY + """SELECT pgaf_upgrade_approve();
SELECT count(*) FROM test.drive('{0,1,2}');
SELECT test.state(1, 'primary'), test.state(2, 'secondary');
SELECT count(*) FROM test.drive('{0,1,2}');
SELECT pgaf_upgrade_record_backup('new', 'a tool', clock_timestamp(), 'default', verified_at => clock_timestamp());
"""
STATES["cleaning"] = STATES["finished"] + "SELECT pgaf_upgrade_begin_cleanup(1, 1, test.token(1), 0);\n"

# function, its state, a call that succeeds
CALLS = [
    ("pgaf_upgrade_plan", "no run", "SELECT count(*) FROM pgaf_upgrade_plan(18)"),
    ("pgaf_upgrade_start", "no run", "SELECT pgaf_upgrade_start(18)"),
    ("pgaf_upgrade_record_maintenance", "no run", "SELECT pgaf_upgrade_record_maintenance('node_2', 'begin', 'disks')"),
    ("pgaf_upgrade_record_backup", "no run",
     "SELECT pgaf_upgrade_record_backup('base', 'pg_basebackup', '2025-01-01', 'default')"),
    ("pgaf_upgrade_backups", "no run", "SELECT count(*) FROM pgaf_upgrade_backups()"),
    ("pgaf_upgrade_rewrite_sysidentifier", "in maintenance",
     "SELECT pgaf_upgrade_rewrite_sysidentifier('default', 0, 7000000000000000001, 7000000000000000009)"),
    ("pgaf_upgrade_validate_sysidentifier", "no run",
     "SELECT count(*) FROM pgaf_upgrade_validate_sysidentifier('default', 0, 7000000000000000009)"),
    ("pgaf_upgrade_verify_hba", "addresses", "SELECT count(*) FROM pgaf_upgrade_verify_hba()"),
    ("pgaf_upgrade_required_hba", "addresses", "SELECT count(*) FROM pgaf_upgrade_required_hba()"),
    ("pgaf_upgrade_match_hba", "no run", "SELECT count(*) FROM pgaf_upgrade_match_hba('u', 'd', '127.0.0.1')"),
    ("pgaf_upgrade_steps", "no run", "SELECT count(*) FROM pgaf_upgrade_steps()"),
    ("pgaf_upgrade_attach", "started", "SELECT pgaf_upgrade_attach(1, test.token(1), '1.0', 'host1')"),
    ("pgaf_upgrade_next_step", "started", "SELECT count(*) FROM pgaf_upgrade_next_step(test.token(1))"),
    ("pgaf_upgrade_begin_step", "started", "SELECT pgaf_upgrade_begin_step(test.token(1), 'discover')"),
    ("pgaf_upgrade_sync_journal", "started",
     """SELECT pgaf_upgrade_sync_journal(test.token(1),
        '[{"step": "discover", "state": "done", "finished_at": "2026-01-01"}]')"""),
    ("pgaf_upgrade_report_hba", "started", "SELECT pgaf_upgrade_report_hba(test.token(1), 'before', '[]')"),
    ("pgaf_upgrade_report_check", "started",
     "SELECT pgaf_upgrade_report_check(test.token(2), 'free_space', 'error', false, '1 GB', 'too little', "
     "'Make room.')"),
    ("pgaf_upgrade_report_software", "started",
     """SELECT pgaf_upgrade_report_software(test.token(1), '{"PostgreSQL 17": "17.6"}')"""),
    ("pgaf_upgrade_software", "started", "SELECT count(*) FROM pgaf_upgrade_software()"),
    ("pgaf_upgrade_abort", "started", "SELECT pgaf_upgrade_abort(1, 'enough')"),
    ("pgaf_upgrade_status", "started", "SELECT waiting_for FROM pgaf_upgrade_status()"),
    ("pgaf_upgrade_progress", "started", "SELECT count(*) FROM pgaf_upgrade_progress()"),
    ("pgaf_upgrade_events", "started", "SELECT count(*) FROM pgaf_upgrade_events()"),
    ("pgaf_upgrade_history", "started", "SELECT count(*) FROM pgaf_upgrade_history()"),
    ("pgaf_upgrade_report", "started", "SELECT pgaf_upgrade_report() ->> 'waiting_for'"),
    ("pgaf_upgrade_heartbeat", "begun", "SELECT pgaf_upgrade_heartbeat(test.token(1), 'discover', 'half way')"),
    ("pgaf_upgrade_finish_step", "begun",
     """SELECT pgaf_upgrade_finish_step(test.token(1), 'discover', '{"old_sysidentifier": "7000000000000000001"}')"""),
    ("pgaf_upgrade_fail_step", "begun", "SELECT pgaf_upgrade_fail_step(test.token(1), 'discover', 'boom')"),
    ("pgaf_upgrade_retry", "failed", "SELECT pgaf_upgrade_retry(1)"),
    ("pgaf_upgrade_waive_check", "failed", "SELECT pgaf_upgrade_waive_check(1, 'node_2', 'free_space', 'more comes')"),
    ("pgaf_upgrade_acknowledge", "warned", "SELECT pgaf_upgrade_acknowledge(1, 'seen')"),
    ("pgaf_upgrade_checks", "failed", "SELECT count(*) FROM pgaf_upgrade_checks()"),
    ("pgaf_upgrade_approve", "ready", "SELECT pgaf_upgrade_approve()"),
    ("pgaf_upgrade_release", "keeping", "SELECT pgaf_upgrade_release()"),
    ("pgaf_upgrade_rollback", "switching", "SELECT pgaf_upgrade_rollback(1, 'the disk is full')"),
    ("pgaf_upgrade_request_rollback", "switching", "SELECT pgaf_upgrade_request_rollback(test.token(1), 'no backup')"),
    ("pgaf_upgrade_cleanup", "finished", "SELECT count(*) FROM pgaf_upgrade_cleanup()"),
    ("pgaf_upgrade_begin_cleanup", "finished", "SELECT pgaf_upgrade_begin_cleanup(1, 1, test.token(1), 0)"),
    ("pgaf_upgrade_finish_cleanup", "cleaning",
     """SELECT pgaf_upgrade_finish_cleanup(1, 1, test.token(1), '{"by": "root", "removed": [], "freed_bytes": 0}')"""),
    ("pgaf_upgrade_finish_rollback", "rolling back", "SELECT pgaf_upgrade_finish_rollback(test.token(1), '{}')"),
]

# these read no table that anybody could lock
NEVER_WAIT = {"pgaf_upgrade_steps", "pgaf_upgrade_match_hba"}

# a call that C++ refuses, with the SQLSTATE that it gives
REFUSED = [
    ("SELECT pgaf_upgrade_start(NULL)", "PU012"),
    ("SELECT pgaf_upgrade_abort(77, 'there is none')", "PU001"),
    ("SELECT pgaf_upgrade_heartbeat(test.token(77))", "PU004"),
]
