"""The packages, built into build/packages: installed, upgraded and removed on Debian 12 and 13, and a cluster upgraded
with nothing else."""
import glob
import os
import subprocess

import pytest

from cluster import Lab
from driver import Upgrade
from hosts import LAB

pytestmark = [pytest.mark.all, pytest.mark.together, pytest.mark.limit(3600)]
HERE = os.path.dirname(os.path.abspath(__file__))
PACKAGES = os.path.join(HERE, "..", "..", "build", "packages")


@pytest.fixture(scope="module", autouse=True)
def built():
    done = subprocess.run([os.path.join(HERE, "..", "..", "packaging", "build.sh")], stdin=subprocess.DEVNULL,
                          text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    assert done.returncode == 0, done.stdout[-5000:]


def debs(release):
    found = sorted(path for path in glob.glob(f"{PACKAGES}/{release}/*.deb") if "dbgsym" not in path)
    assert [os.path.basename(path).split("_")[0] for path in found] == \
        ["pgaf-upgrade", "postgresql-15-pgaf-upgrade", "postgresql-17-pgaf-upgrade"]
    return found


def tar(paths):
    return subprocess.run(["tar", "-C", os.path.dirname(paths[0]), "-c", *map(os.path.basename, paths)],
                          check=True, stdout=subprocess.PIPE).stdout


# Each Debian has one of the two servers; the other one's package needs a server from elsewhere (apt.postgresql.org).
@pytest.mark.parametrize("release,suite,major", [("debian12", "bookworm", 15), ("debian13", "trixie", 17)])
def test_life_of_the_packages(release, suite, major):
    with open(os.path.join(HERE, "in_root.sh"), encoding="utf-8") as script:
        done = subprocess.run([LAB, "exec", "--suite", suite, "bash", "-c", script.read(), "bash", "pgaf-upgrade",
                               f"postgresql-{major}-pgaf-upgrade"],
                              input=tar(debs(release)), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=300)
    print(done.stdout.decode())
    assert done.returncode == 0, done.stdout.decode()


@pytest.mark.parametrize("layout,root", [("pgdg", "/usr/pgsql-"), ("tanzu", "/opt/vmware/postgres/")])
def test_rpms(layout, root, tmp_path):
    """Paths of the layout; installed into a root of their own and removed. No system of RPM is at hand: that they
    run on one is not shown here."""
    rpms = sorted(path for path in glob.glob(f"{PACKAGES}/rpm-{layout}/*.rpm") if ".src." not in path)

    def rpm(*arguments):
        # Debian's rpm says on standard error that it is not for Debian's packages
        return subprocess.run(["rpm", "--root", str(tmp_path), *arguments], check=True, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout

    rpm("--initdb")
    rpm("--nodeps", "--noscripts", "-i", *rpms)
    for major in "15", "17":
        assert rpm("-ql", f"pgaf_upgrade_{major}").splitlines() == [
            f"{root}{major}/lib/pgaf_upgrade.so", f"{root}{major}/share/extension/pgaf_upgrade--1.0.sql",
            f"{root}{major}/share/extension/pgaf_upgrade.control"]
        assert f"{root}{major}/bin/postgres" in rpm("-q", "--requires", f"pgaf_upgrade_{major}").splitlines()
    of_helper = rpm("-ql", "pgaf-upgrade").splitlines()
    assert {"/usr/bin/pgaf-upgrade", "/etc/pgaf-upgrade.conf", "/usr/lib/systemd/system/pgaf-upgrade.timer",
            "/usr/share/bash-completion/completions/pgaf-upgrade"} <= set(of_helper)
    assert not [path for path in of_helper if os.path.basename(path).startswith("pgautofailover")]
    assert "/etc/pgaf-upgrade.conf" in rpm("-qc", "pgaf-upgrade")
    with open(tmp_path / "etc/pgaf-upgrade.conf", "a", encoding="utf-8") as conf:
        conf.write("limit-factor = 2\n")
    rpm("--noscripts", "-e", "pgaf-upgrade", "pgaf_upgrade_15", "pgaf_upgrade_17")
    left = [str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*pgaf*") if path.is_file()]
    assert left == ["etc/pgaf-upgrade.conf.rpmsave"]


def test_upgrade_with_the_packages():
    """On hosts on which this source tree was never installed."""
    with Lab("packages", options=["--no-product"]) as lab:
        lab.up()
        for host in lab.hosts:
            wanted = [path for path in debs("debian13") if host == "monitor"
                      or "postgresql-" not in os.path.basename(path)]
            for path in wanted:
                with open(path, "rb") as file:
                    subprocess.run([LAB, "sh", "--name", lab.name, host, "sh", "-c",
                                    f"cat >/root/{os.path.basename(path)}"],
                                   stdin=file, check=True)
            lab.sh(host, "dpkg", "-i", *(f"/root/{os.path.basename(path)}" for path in wanted))
        upgrade = Upgrade(lab)
        upgrade.start()
        upgrade.carry_through()
        lab.wait_settled()
        assert {host: lab.server_version(host) for host in lab.hosts} == {host: 17 for host in lab.hosts}
