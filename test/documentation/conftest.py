import os
import subprocess
from types import SimpleNamespace

import pytest

from agent import Agent
from hosts import LAB
from waiting import Patience

TREE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
# nothing of the machine's own settings
ENVIRONMENT = ["env", "-i", "PATH=/usr/bin:/bin", "HOME=/root", "LC_ALL=C.UTF-8"]


@pytest.fixture(scope="session")
def installed():
    """A host of its own that has the product installed: run(COMMAND…), put(PATH, TEXT), and its share/."""
    agent = Agent([LAB, "exec"])

    def run(*command, path=None):
        """With what it says on standard error in its output; path: a folder before the others."""
        shell = f'{f"PATH={path}:$PATH; " if path else ""}exec "$@" 2>&1'
        answer = agent.call({"argv": [*ENVIRONMENT, "sh", "-c", shell, "sh", *command], "user": "root"}, Patience(60))
        return subprocess.CompletedProcess(command, answer["code"], answer["out"], "")

    def put(path, text, mode="644"):
        agent.call({"put": path, "text": text, "mode": mode, "owner": "root:"}, Patience(60))
        return path

    yield SimpleNamespace(run=run, put=put, share="/usr/share", tree=TREE)
    agent.close()
