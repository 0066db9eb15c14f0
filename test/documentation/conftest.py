import os
import subprocess
from types import SimpleNamespace

import pytest

TREE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")


@pytest.fixture(scope="session")
def installed(tmp_path_factory):
    """The build, installed into a folder: its share/, and the environment in which its program is found."""
    build = os.environ.get("PGAF_BUILD", os.path.join(TREE, "build"))
    folder = str(tmp_path_factory.mktemp("installed"))
    subprocess.run(["cmake", "--install", build, "--prefix", folder], check=True, stdout=subprocess.DEVNULL)
    share = os.path.join(folder, "share")
    # nothing of this machine's own settings
    environment = {"PATH": f"{folder}/bin:/usr/bin:/bin", "HOME": folder, "LC_ALL": "C.UTF-8",
                   "XDG_DATA_DIRS": share, "MANPATH": f"{share}/man"}

    def run(*command, **options):
        return subprocess.run(command, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              stdin=subprocess.DEVNULL, timeout=60, **options)

    return SimpleNamespace(folder=folder, share=share, environment=environment, run=run, tree=TREE)
