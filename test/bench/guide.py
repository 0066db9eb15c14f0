"""The article 440339, repaired and scripted: its thirteen steps in its order, one after the other, by the commands that
`pgaf-upgrade plan --commands` prints. Left out is what makes it end in failure or lose time for nothing: initdb's
pg_hba.conf, the state file made anew, the primary stopped once more after it was looked at."""
import time

ORDER = [
    ("node2", ["enter_maintenance"]),                               # 1
    ("node2", ["stop"]), ("node1", ["checkpoint", "stop"]),         # 2
    ("monitor", ["stop"]),                                          # 3
    ("node1", ["initdb", "dry_run", "pg_upgrade"]),                 # 4
    ("node1", ["carry", "swap"]),                                   # 5
    ("node1", ["start", "update_extensions", "statistics"]),        # 6
    ("monitor", ["initdb", "dry_run", "pg_upgrade"]),               # 7
    ("monitor", ["carry", "swap", "reconfigure"]),                  # 8
    ("monitor", ["start"]),                                         # 9
    ("node1", ["identity", "reconfigure"]),                         # 10
    ("node1", ["rejoin"]),                                          # 11
    ("node2", ["rebuild", "reconfigure", "rejoin"]),                # 12
    ("monitor", ["update_extensions", "statistics", "verify"]),     # 13
]


class Guide:
    """Commands are printed when it is made, before anything begins."""

    def __init__(self, lab):
        self._lab = lab
        lab.monitor_sql("CREATE EXTENSION IF NOT EXISTS pgaf_upgrade")
        self._commands = {host: lab.commands_by_hand(host) for host in lab.hosts}

    def carry_out(self):
        for host, steps in ORDER:
            for step in steps:
                started = time.monotonic()
                self._lab.do_by_hand(host, step, self._commands[host][step], timeout=7200)
                if step == "rebuild":
                    self.rebuild_s = time.monotonic() - started
