"""How a test runs a command: on this machine, or on a host of its own."""
import os
import subprocess

import pytest

from hosts import LAB
from runner.passed import TREE
from waiting import wait_for

# where the laboratory's hosts have this tree, built and installed
PRODUCT = "/usr/src/pgaf_upgrade"


@pytest.fixture
def run(tmp_path):
    """run(COMMAND…) has to end with 0; what it says is shown where it does not."""
    def run(*command, seconds=600, stdin=subprocess.DEVNULL, env=None, code=0):
        with open(tmp_path / "output", "w+", errors="replace") as output:
            process = subprocess.Popen(command, stdin=stdin, stdout=output, stderr=subprocess.STDOUT, cwd=TREE,
                                       env={**os.environ, **(env or {})})
            try:
                wait_for(process, seconds, " ".join(command))
            finally:
                if process.poll() is None:
                    process.terminate()
                    process.wait()
                output.seek(0)
                said = output.read()
                print(said[-20000:])
        if process.returncode != code:
            pytest.fail(f"{' '.join(command)[:200]} ended with {process.returncode}", pytrace=False)
        return said

    return run


@pytest.fixture
def in_product(run):
    """in_product(COMMAND…) on a host of its own that has the product, in its source tree."""
    return lambda *command, **options: run(LAB, "exec", "sh", "-c", f'cd {PRODUCT} && exec "$@"', "sh", *command,
                                           **options)


@pytest.fixture
def in_tree(run):
    """in_tree(COMMAND…) on a host of its own, in this tree as it is now, which it can read; with another `suite`, on a
    Debian with what packages are built with."""
    def in_tree(*command, suite=None, **options):
        return run(LAB, "exec", "--tree", *(["--suite", suite] if suite else ["--no-product"]), *command, **options)

    return in_tree
