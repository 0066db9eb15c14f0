"""A cluster that has all the cases of a kind at once, before its gate and after its upgrade."""
import os

from driver import Upgrade
from hosts import HERE, NEW_BINDIR, OLD_BINDIR
from test_checks import check, wait_serving
from test_layouts import nobody_to_replace_it


def compile_library(lab, name):
    """For both majors, on every data node."""
    with open(os.path.join(HERE, f"{name}.c")) as source:
        text = source.read()
    for host in lab.data_nodes:
        lab.put(host, f"/root/{name}.c", text)
        for bindir in (OLD_BINDIR, NEW_BINDIR):
            lab.sh(host, "sh", "-ec", """gcc -shared -fPIC -Wall -Werror -I"$($1/pg_config --includedir-server)" \
                -o "$($1/pg_config --pkglibdir)/$2.so" "/root/$2.c\"""", "sh", bindir, name)


class Settings:
    """What the cases want to have set: lines of postgresql.conf, libraries to preload, lines of pg_hba.conf, and what
    is changed while no server runs."""

    def __init__(self):
        self.lines, self.libraries, self.rules = [], ["pg_stat_statements"], []
        self.when_stopped = []  # shell texts, for each data node

    def set(self, lab):
        """On all, and then all restart at once: of one that takes over meanwhile the other would get the files."""
        if len(self.libraries) > 1:
            self.lines.append(f"shared_preload_libraries = '{', '.join(self.libraries)}'")
        for host in lab.data_nodes:
            lab.sh(host, "sh", "-ec", 'cd "$1"; printf %s "$2" >>postgresql.conf; hba=$(cat pg_hba.conf);'
                   ' printf "%s%s\\n" "$3" "$hba" >pg_hba.conf', "sh", lab.pgdata,
                   *("".join(f"{line}\n" for line in lines) for lines in (self.lines, self.rules)))
        primary, *standbys = lab.data_nodes
        if self.when_stopped:
            for host in standbys:
                self._change(lab, host)
            with nobody_to_replace_it(lab):
                self._change(lab, primary)
        else:
            for action, hosts in (("stop", standbys), ("restart", [primary]), ("start", standbys)):
                for host in hosts:
                    lab.sh(host, "systemctl", action, "pgautofailover")
        wait_serving(lab)

    def _change(self, lab, host):
        """A node that is made anew from another loses what is changed here."""
        lab.sh(host, "systemctl", "stop", "pgautofailover")
        lab.sh(host, "sh", "-ec", "\n".join(self.when_stopped))
        lab.sh(host, "systemctl", "start", "pgautofailover")
        lab.wait_well(f"{host} was restarted")


class Field:
    """The cluster with all of them, before its gate and after its upgrade."""

    def __init__(self, lab, cases):
        self.lab, self._upgrade, self.by = lab, None, None  # by(upgrade): carries out what comes after the gate
        settings = Settings()
        for case in cases:
            case(lab, settings)
        settings.set(lab)
        lab.record_backups()
        self.noted = {}  # what cases want to compare with

    def checked(self, host="node1"):
        return check(self.lab, host)

    def prepared(self):
        """Everything is done that is done while the cluster serves."""
        if not self._upgrade:
            self._upgrade = Upgrade(self.lab)
            self._upgrade.start()
            self._upgrade.start_helpers()
            try:
                self._upgrade.wait_state("ready", 120)
            except BaseException:
                self._upgrade.stop_helpers()
                raise
        return self.lab

    def upgraded(self):
        if self.lab.server_version("node1") == 15:
            self.prepared()
            if self.by:
                self.by(self._upgrade)
            else:
                self._upgrade.approve()
            self._upgrade.wait_finished(200)
            self.lab.wait_settled()
        return self.lab
