#!/usr/bin/python3
"""What the checks estimate beside what an upgrade takes: test/bench/estimate.py [SIZE…], each of few-large, many-small

Upgrades a real cluster of each size and prints the two, and their ratio; then the parts that the constants of
extension/core/estimate.cpp stand for, as they were measured, to be put there."""
import json
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "e2e"))
from cluster import Lab  # noqa: E402
from driver import Upgrade  # noqa: E402

LARGE = """CREATE TABLE large_{n} AS SELECT n, md5(n::text) AS t FROM generate_series(1, 1700000) n;
           ALTER TABLE large_{n} ADD PRIMARY KEY (n)"""
SMALL = """DO $$ BEGIN FOR n IN {first}..{last} LOOP
           EXECUTE format('CREATE TABLE small_%s (id int PRIMARY KEY, t text)', n); END LOOP; END $$"""
SIZES = {
    "few-large": [LARGE.format(n=n) for n in range(4)],
    "many-small": [SMALL.format(first=first, last=first + 499) for first in range(1, 5001, 500)],
}
PREPARED_WITHIN, UPGRADED_WITHIN = 900, 1800


def results(lab):
    """{(role, step): its result and seconds}"""
    rows = json.loads(lab.monitor_sql("""SELECT json_agg(json_build_array(n.role, s.name, s.result,
        extract(epoch FROM s.finished_at - s.started_at))) FROM pgaf_upgrade.step s JOIN pgaf_upgrade.node n
        USING (runid, nodeid)"""))
    return {(role, name): (result or {}, seconds) for role, name, result, seconds in rows}


def row(what, estimated, was):
    print(f"{what:45} {estimated:9.1f} {was:9.1f} {estimated / was:7.2f}", flush=True)


def measure(size, statements):
    with Lab("estimate") as lab:
        lab.up()
        for statement in statements:
            lab.psql("node1", statement, timeout=1800)
        lab.wait_settled()
        upgrade = Upgrade(lab)
        upgrade.start()
        upgrade.carry_through(PREPARED_WITHIN, UPGRADED_WITHIN)
        print(f"\n{size:45} estimated       was   ratio")
        row("writes are refused, s", upgrade.seconds("writes_refused_estimate"), upgrade.seconds("writes_refused"))
        row("redundancy is back, s", upgrade.seconds("redundancy_after_estimate"), upgrade.seconds("redundancy_after"))
        found = results(lab)
        for role, name in (("secondary", "rebuild"),):
            row(f"{role}: {name}", found[role, "check"][0]["estimate"]["seconds"], found[role, name][1])
        away = sum(found["monitor", step][1] for step in ("stop", "pg_upgrade", "carry", "swap", "reconfigure",
                                                          "start"))
        row("monitor: away", found["monitor", "rehearse"][0]["estimate"]["seconds"], away)
        tried = found["primary", "rehearse"][0]["estimate"]
        seconds = {step: found["primary", step][1]
                   for step in ("stop", "pg_upgrade", "carry", "swap", "start", "rejoin")}
        row("primary: pg_upgrade, rehearsed", tried["pg_upgrade_s"], seconds["pg_upgrade"])
        print(f"{tried['objects']} objects, {tried['bytes'] / 2 ** 20:.0f} MB\n"
              f"stop, carry, swap and start took {sum(seconds[s] for s in ('stop', 'carry', 'swap', 'start')):.1f} s: "
              "kStopAndStart\n"
              f"pg_autoctl of primary and standby {seconds['rejoin'] + found['secondary', 'rejoin'][1]:.1f} s: kRejoin")


for chosen in sys.argv[1:] or SIZES:
    measure(chosen, SIZES[chosen])
