#!/usr/bin/python3
"""judge.py MAJOR: lets a real server judge the matching of pg_hba.conf.

Generates files and connections from a seed, tries each connection on the server with its file in force,
and compares the line that the server says it went by with the one that pgaf_upgrade_match_hba names. Then
the same for what pgaf_upgrade_required_hba prints. Changes this host's addresses and names: only for a
host of the laboratory, `lab exec`.
"""

import collections
import os
import random
import re
import subprocess
import sys

import generate
from server import Server

SEED = 20380119
FILES = 120
CONNECTIONS = 10

# What must have decided at least this often, told by the deciding line, so that none of it goes untested.
FEATURES = {
    "type local": r"^local", "hostssl": r"^hostssl", "hostnossl": r"^hostnossl", "hostnogssenc": r"^hostnogssenc",
    "sameuser": r"^\w+\s+\S*\bsameuser", "samerole": r"^\w+\s+\S*same(role|group)",
    "replication": r"^\w+\s+\S*replication", "quoted keyword": r'"(all|sameuser|samerole|replication)"',
    "member": r"\s\+\w", "name of a file": r"@",
    "regex": r"/[\^po(]", "samehost": r"\ssamehost", "samenet": r"\ssamenet", "mask": r"\d (255|ffff)",
    "suffix": r"\s\.(example|TEST)", "host name": r"\s(alpha\.|ALPHA|gamma|first)", "IPv6": r"\s(::|fd00)",
    "continued": r"\\\n",
}


def prepare_host():
    assert os.path.isdir("/usr/src/pgaf_upgrade") and os.geteuid() == 0, "only for a host of the laboratory"
    with open("/etc/hosts", "w", encoding="utf-8") as hosts:
        hosts.write(generate.HOSTS)
    with open("/etc/nsswitch.conf", "w", encoding="utf-8") as switch:
        switch.write("passwd: files\ngroup: files\nhosts: files\n")
    for command in ("addr add 10.7.0.5/24 dev lo", "addr add fd00:7::5/64 dev lo",
                    # clients may come from these, but they are no addresses of an interface
                    "route add local 10.9.0.0/16 dev lo", "-6 route add local fd00:9::/32 dev lo"):
        subprocess.run(["ip", *command.split()], check=True)


def prepare_database(server):
    for statement in (
            "CREATE ROLE staff; CREATE ROLE lead LOGIN; CREATE ROLE app LOGIN; CREATE ROLE boss LOGIN SUPERUSER;"
            'CREATE ROLE "all" LOGIN; CREATE ROLE "+staff" LOGIN; CREATE ROLE shop LOGIN; GRANT staff TO lead;'
            "GRANT lead TO app; ALTER ROLE app NOINHERIT; GRANT shop TO boss;",
            "SET client_min_messages = error; CREATE EXTENSION btree_gist; CREATE EXTENSION pgautofailover;"
            "CREATE EXTENSION pgaf_upgrade;"):
        server.session.query(statement)


def quoted(value):
    return "NULL" if value is None else "'" + value.replace("'", "''") + "'"


def matches(server, connections):
    """What the extension says of each: file, line and method, or Nones."""
    values = ",".join(
        f"({i}, {quoted(c[0]['user'])}, {quoted(c[0]['database'])}, {quoted(c[1])}::inet, {c[3]}, "
        f"{c[0].get('replication') == 'true'})" for i, c in enumerate(connections))
    rows = server.session.query(
        f"SELECT m.file_name, m.line_number, m.method, m.error FROM (VALUES {values}) c (i, u, d, a, s, r) "
        "LEFT JOIN LATERAL pgaf_upgrade_match_hba(c.u, c.d, c.a, c.s, c.r) m ON true ORDER BY c.i")
    return [(row[0], int(row[1]) if row[1] else None, row[2], row[3]) for row in rows]


def text_of_line(server, file, number):
    lines = open(file or server.hba, encoding="utf-8").read().split("\n")[number - 1:]
    text = lines.pop(0)
    while text.endswith("\\") and lines:
        text += "\n" + lines.pop(0)
    return text.split(" # ")[0]


def judge_pairs(server):
    source = random.Random(SEED)
    outcomes = collections.Counter()
    features = collections.Counter()
    wrong = []
    for _ in range(FILES):
        text, others = generate.rules_file(source, server.major >= 16)
        taken, _ = server.install(text, others)
        assert taken, f"the server does not take the file:\n{text}\n{others}"
        connections = [generate.connection(source) for _ in range(CONNECTIONS)]
        for pair, (file, line, method, _) in zip(connections, matches(server, connections)):
            judged = server.judge(*pair)
            outcomes[judged[0]] += 1
            if judged[0] == "line":
                same = line == judged[2] and file == (judged[1] or server.hba) and method == "password"
                decided = text_of_line(server, judged[1], judged[2])
                features.update(name for name, form in FEATURES.items() if re.search(form, decided, re.MULTILINE))
                features["included"] += judged[1] not in (None, server.hba)
            elif judged[0] == "rejected":
                same = method == "reject"
            else:
                same = line is None
            if not same:
                wrong.append(f"{pair}: the server says {judged}, the extension {file}, {line}, {method}\n"
                             f"{text}\n{others}")
    print(f"PostgreSQL {server.major}: {sum(outcomes.values())} pairs of file and connection: {dict(outcomes)}")
    print("deciding lines by what they hold: " + ", ".join(f"{name} {features[name]}" for name in sorted(features)))
    for text in wrong[:3]:
        print(text, file=sys.stderr)
    assert not wrong, f"{len(wrong)} pairs are judged otherwise by the server"
    needed = set(FEATURES) | ({"included"} if server.major >= 16 else set())
    missing = sorted(name for name in needed if features[name] == 0)
    assert not missing, f"never decided: {missing}"
    assert min(outcomes[kind] for kind in ("line", "rejected", "none")) > 20


def judge_broken_files(server):
    """A file that the server does not take is named with its line, one that it takes is not."""
    good = "host all all all password\n"
    broken = ["host all all\n", "host all all 10.0.0.0/99 password\n", "elsewhere all all password\n",
              "host all all node/8 password\n", "local all all nonsense\n", "local all @nofile password\n"]
    if server.major >= 16:
        broken += ["local /( all password\n", "include nofile\n"]
    taken, _ = server.install(good)
    assert taken
    for text in broken:
        taken, _ = server.install(good + text)
        assert not taken, f"the server takes {text}"
        (file, line, method, error), = matches(server, [({"user": "app", "database": "shop"}, "10.9.3.4", None, False)])
        assert (file, line, method) == (server.hba, 2, "") and error, f"{text}: {file} {line} {method} {error}"
    print(f"PostgreSQL {server.major}: {len(broken)} files that the server does not take, each line named")


def verdicts(server):
    rows = server.session.query("SELECT client, verdict, line_number, method, coalesce(was, ''), coalesce(advice, '') "
                                "FROM pgaf_upgrade_verify_hba() WHERE node = 'monitor'")
    return {row[0]: row[1:] for row in rows}


def required(server):
    rows = server.session.query("SELECT line FROM pgaf_upgrade_required_hba() WHERE node = 'monitor'")
    return [row[0] for row in rows]


def judge_verification(server):
    """The verdicts on the monitor's own file, and that what is printed as required lets the nodes in."""
    for nodeid, host, state in ((1, "10.9.3.4", "primary"), (2, "alpha.example.test", "secondary"),
                                (3, "fd00:9::4", "secondary")):
        server.session.query(
            "INSERT INTO pgautofailover.node (formationid, nodeid, groupid, nodename, nodehost, nodeport, "
            "                                 sysidentifier, goalstate, reportedstate) "
            f"VALUES ('default', {nodeid}, 0, 'node_{nodeid}', '{host}', 5432, 7, '{state}', '{state}')")
    keeper = {"user": "autoctl_node", "database": "pg_auto_failover"}
    clients = {"node_1": ("10.9.3.4", "10.7.0.5"), "node_2": ("10.7.0.5", "10.7.0.5"),
               "node_3": ("fd00:9::4", "fd00:7::5")}

    server.install("host all all 10.9.0.0/16 reject\nhostnossl all all fd00:9::4/128 password\n"
                   "hostssl all autoctl_node 10.7.0.5/32 password\n")
    found = verdicts(server)
    assert found["node_1"][:3] == ["rejected", "1", "reject"], found
    assert found["node_1"][4].startswith("put the required line before line 1"), found
    assert found["node_2"][:3] == ["ok", "3", "password"], found
    assert found["node_3"][0] == "no match", found
    lines = required(server)
    assert lines == ['hostssl "pg_auto_failover" "autoctl_node" 10.9.3.4/32 password',
                     'hostssl "pg_auto_failover" "autoctl_node" alpha.example.test password',
                     'hostssl "pg_auto_failover" "autoctl_node" fd00:9::4/128 password'], lines

    # What is printed lets each node in, by its own line, and nobody without encryption.
    server.install("\n".join(lines) + "\n")
    for number, (client, (source, destination)) in enumerate(clients.items(), 1):
        judged = server.judge(keeper, source, destination, True)
        assert judged[0] == "line" and judged[2] == number, (client, judged)
        assert server.judge(keeper, source, destination, False) == ("none",), client
    assert {verdict[0] for verdict in verdicts(server).values()} == {"ok"}

    # The monitor's helper notes what there is; then the file becomes weaker.
    token = "00000000-0000-0000-0000-000000000000"
    server.session.query("SELECT pgaf_upgrade_start(18)")
    server.session.query(f"SELECT pgaf_upgrade_attach(0, '{token}', '1.0', 'host')")
    server.session.query(f"SELECT pgaf_upgrade_report_hba('{token}', 'before', (SELECT jsonb_agg(v) "
                         "FROM pgaf_upgrade_verify_hba() v WHERE v.node = 'monitor'))")
    server.install("host all all 10.9.0.0/16 password\nhostssl all all 10.7.0.0/24 trust\n"
                   "hostssl all all all scram-sha-256\n")
    found = verdicts(server)
    assert found["node_1"][0] == "weaker" and "cleartext is let in where it was hostssl" in found["node_1"][4], found
    assert found["node_2"][0] == "weaker" and "trust where it was password" in found["node_2"][4], found
    assert found["node_3"][:4] == ["ok", "3", "scram-sha-256", "hostssl password, line 3"], found
    assert required(server)[1] == lines[1], "what is weaker now is not proposed"

    server.install("host all all all password\n")
    server.write("pg_hba.conf", "host all all all password\nhost all all\n")
    found = verdicts(server)
    assert found["node_1"][:2] == ["broken", "2"] and found["node_1"][4].startswith("end-of-line before"), found
    print(f"PostgreSQL {server.major}: verdicts and required lines of the monitor's own file are as the server's")


def main():
    prepare_host()
    server = Server(int(sys.argv[1]))
    try:
        prepare_database(server)
        judge_pairs(server)
        judge_broken_files(server)
        judge_verification(server)
    finally:
        server.stop()


if __name__ == "__main__":
    main()
