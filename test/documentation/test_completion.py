"""Completion in a real bash, loaded as bash-completion loads it."""
import os
import pty
import select
import subprocess
import time

import pytest

# what readline does, without a terminal
COMPLETE = """
. /usr/share/bash-completion/bash_completion
_completion_loader pgaf-upgrade || [ $? = 124 ]
[[ $(complete -p pgaf-upgrade) == *_pgaf_upgrade* ]] || exit 3
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); COMP_LINE=$*; COMP_POINT=${#COMP_LINE}
_pgaf_upgrade pgaf-upgrade "${COMP_WORDS[COMP_CWORD]}" "${COMP_WORDS[COMP_CWORD - 1]}"
printf '%s\\n' "${COMPREPLY[@]}"
"""


def completed(installed, *words):
    done = installed.run("bash", "-c", COMPLETE, "bash", "pgaf-upgrade", *words)
    assert done.returncode == 0, done.stdout
    return done.stdout.split()


def test_commands(installed):
    assert {"run", "rollback"} <= set(completed(installed, "r"))
    assert completed(installed, "roll") == ["rollback"]
    assert completed(installed, "--limit-factor", "2", "roll") == ["rollback"]
    # one is enough
    assert completed(installed, "run", "r") == []


def test_options(installed):
    assert {"--pgdata", "--config", "--archive"} <= set(completed(installed, "--"))
    assert completed(installed, "--new") == ["--new-bindir"]
    assert completed(installed, "run", "--on") == ["--once"]
    assert completed(installed, "check", "--on") == ["--only"]
    assert completed(installed, "--on") == []
    assert completed(installed, "rollback", "--dis") == ["--discard-new-data"]
    assert completed(installed, "rollback", "--pgd") == ["--pgdata"]


def test_values(installed, tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data.conf").touch()
    assert completed(installed, "run", "--pgdata", f"{tmp_path}/da") == [f"{tmp_path}/data"]
    assert set(completed(installed, "--config", f"{tmp_path}/da")) == {f"{tmp_path}/data", f"{tmp_path}/data.conf"}
    assert completed(installed, "check", "--method", "c") == ["clone", "copy"]
    assert completed(installed, "--archive", "p") == ["pause"]
    assert completed(installed, "--limit-factor", "") == []


def test_units(installed, tmp_path):
    """systemctl is a stand-in: not every machine that builds has systemd running."""
    stand_in = tmp_path / "systemctl"
    stand_in.write_text("#!/bin/sh\necho 'pgautofailover.service enabled enabled'\necho 'cron.service enabled enabled'\n")
    stand_in.chmod(0o755)
    environment = {**installed.environment, "PATH": f"{tmp_path}:{installed.environment['PATH']}"}
    done = subprocess.run(["bash", "-c", COMPLETE, "bash", "pgaf-upgrade", "--service", "pg"], env=environment, text=True,
                          stdout=subprocess.PIPE, timeout=60)
    assert done.stdout.split() == ["pgautofailover.service"]


def test_in_a_terminal(installed):
    """The tabulator key, pressed in an interactive bash."""
    pid, terminal = pty.fork()
    if pid == 0:
        os.execve("/bin/bash", ["bash", "--norc", "-i"], {**installed.environment, "PS1": "> ", "TERM": "dumb"})
    try:
        os.write(terminal, b". /usr/share/bash-completion/bash_completion\npgaf-upgrade rollb\t--disc\t")
        shown, deadline = "", time.monotonic() + 20
        while "pgaf-upgrade rollback --discard-new-data" not in shown:
            if time.monotonic() > deadline:
                pytest.fail(f"the terminal shows: {shown}")
            if select.select([terminal], [], [], 0.2)[0]:
                shown += os.read(terminal, 4096).decode()
    finally:
        os.close(terminal)
        os.waitpid(pid, 0)
