"""A cluster with an object of every kind, PostGIS, security labels and odd names comes through an upgrade whole: its
definitions are the same before and after, as the new pg_dump writes them down, and so is what is asked of its data."""
import os
import re
import shlex

import pytest

from hosts import HERE, NEW_BINDIR, OLD_BINDIR
from test_checks import ODD_DATABASE, restart
from test_upgrade import whole_upgrade

pytestmark = pytest.mark.all

LABELS = """
SECURITY LABEL FOR e2e ON TABLE places IS 'of a table: ''odd'' \\ "é"';
SECURITY LABEL FOR e2e ON COLUMN t.a IS 'of a column';
SECURITY LABEL FOR e2e ON FUNCTION add_one(int) IS 'of a function';
SECURITY LABEL FOR e2e ON TYPE mood IS 'of a type';
SECURITY LABEL FOR e2e ON SCHEMA "schema 1" IS 'of a schema';
SECURITY LABEL FOR e2e ON LARGE OBJECT 4711 IS 'of a large object';
SECURITY LABEL FOR e2e ON ROLE "role 1" IS 'of a role';
SECURITY LABEL FOR e2e ON PUBLICATION everything IS 'of a publication';
"""
ASKED = """
SET search_path = "schéma with ""quotes"" and \\ and ünïcödé", public;
SELECT count(*), min(at), max(at) FROM near;
SELECT count(*), round(sum(ST_Area(around))) FROM places WHERE ST_Intersects(around, 'POINT(50 50)'::geography);
SELECT count(*), sum(a), md5(string_agg(b, ',' ORDER BY id)) FROM t;
SELECT tableoid::regclass, count(*) FROM parted GROUP BY 1 ORDER BY 1;
SELECT * FROM kept;
SELECT objtype, objname, provider, label FROM pg_seclabels ORDER BY 1, 2;
SELECT count(*) FROM pg_largeobject_metadata;
"""


def add_label_provider(lab):
    with open(os.path.join(HERE, "label_provider.c")) as source:
        text = source.read()
    for host in reversed(lab.data_nodes):
        lab.put(host, "/root/label_provider.c", text)
        for bindir in (OLD_BINDIR, NEW_BINDIR):
            lab.sh(host, "sh", "-ec", """gcc -shared -fPIC -Wall -Werror -I"$($1/pg_config --includedir-server)" \
                -o "$($1/pg_config --pkglibdir)/label_provider.so" /root/label_provider.c""", "sh", bindir)
        loaded = lab.psql(host, "SHOW shared_preload_libraries")
        lab.psql(host, f"ALTER SYSTEM SET shared_preload_libraries = {loaded}, label_provider")
        restart(lab, host)


def definitions(lab):
    """The lines by which pg_dump of 17 makes the database; its comments name the server's version. From 16 on the
    server leaves the only table's name away before a view's columns."""
    dump = lab.pg("node1", f"{NEW_BINDIR}/pg_dump --schema-only -p {lab.port} -d {shlex.quote(ODD_DATABASE)}")
    return [re.sub(r"\b(t|places|counted)\.", "", line) for line in dump.splitlines()
            if line and not line.startswith(("--", "\\restrict", "\\unrestrict"))]


class Rich:
    """An object of every kind in a database of an odd name, before and after."""

    def __init__(self, lab):
        add_label_provider(lab)
        self._before = {}

    def make(self, lab):
        lab.psql("node1", 'CREATE DATABASE "' + ODD_DATABASE.replace('"', '""') + '"')
        with open(os.path.join(HERE, "rich.sql"), encoding="utf-8") as script:
            lab.psql("node1", script.read() + LABELS, ODD_DATABASE)
        self._before = {"definitions": definitions(lab), "asked": lab.psql("node1", ASKED, ODD_DATABASE)}
        assert "of a large object" in self._before["asked"]

    def look(self, lab):
        now, was = set(definitions(lab)), set(self._before["definitions"])
        assert not was - now, f"gone: {was - now}"
        # the newer PostGIS has more functions, made under the default privileges that the database has
        new = [line for line in now - was if not re.match(r"REVOKE ALL ON FUNCTION (public|topology)\.", line)]
        assert not new, f"new: {new}"
        assert lab.psql("node1", ASKED, ODD_DATABASE) == self._before["asked"]


def test_rich(make_lab):
    lab = make_lab("rich")
    rich = Rich(lab)
    whole_upgrade(lab, before=rich.make, after=rich.look)
