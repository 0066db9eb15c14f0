"""Completion in a real bash, loaded as bash-completion loads it."""
import pytest

pytestmark = [pytest.mark.check, pytest.mark.together]

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
    assert completed(installed, "help", "roll") == ["rollback"]


def test_options(installed):
    assert {"--pgdata", "--config", "--archive"} <= set(completed(installed, "--"))
    assert completed(installed, "--new") == ["--new-bindir"]
    assert completed(installed, "run", "--on") == ["--once"]
    assert completed(installed, "check", "--on") == ["--only"]
    assert completed(installed, "--on") == []
    assert completed(installed, "rollback", "--dis") == ["--discard-new-data"]
    assert completed(installed, "rollback", "--pgd") == ["--pgdata"]


def test_values(installed):
    installed.run("mkdir", "-p", "/run/files/data")
    installed.run("touch", "/run/files/data.conf")
    assert completed(installed, "run", "--pgdata", "/run/files/da") == ["/run/files/data"]
    assert set(completed(installed, "--config", "/run/files/da")) == {"/run/files/data", "/run/files/data.conf"}
    assert completed(installed, "check", "--method", "c") == ["clone", "copy"]
    assert completed(installed, "check", "--method", "s") == ["swap"]
    assert completed(installed, "check", "--only", "memo") == ["memory"]
    assert completed(installed, "check", "--only", "backup,memo") == ["backup,memory"]
    assert completed(installed, "--users", "roo") == ["root"]
    assert completed(installed, "--archive", "p") == ["pause"]
    assert completed(installed, "--limit-factor", "") == []


def test_units(installed):
    """systemctl is a stand-in: no systemd runs where there is no host."""
    installed.run("mkdir", "-p", "/run/stand-in")
    installed.put("/run/stand-in/systemctl", "#!/bin/sh\necho 'pgautofailover.service enabled enabled'\n"
                                             "echo 'cron.service enabled enabled'\n", mode="755")
    done = installed.run("bash", "-c", COMPLETE, "bash", "pgaf-upgrade", "--service", "pg", path="/run/stand-in")
    assert done.stdout.split() == ["pgautofailover.service"]


# The tabulator key, pressed in an interactive bash.
TYPED = r"""
import os, pty, select, sys, time
pid, terminal = pty.fork()
if pid == 0:
    os.execve("/bin/bash", ["bash", "--norc", "-i"], {**os.environ, "PS1": "> ", "TERM": "dumb"})
os.write(terminal, b". /usr/share/bash-completion/bash_completion\npgaf-upgrade rollb\t--disc\t")
shown, deadline = "", time.monotonic() + 40
while "pgaf-upgrade rollback --discard-new-data" not in shown and time.monotonic() < deadline:
    if select.select([terminal], [], [], 0.2)[0]:
        shown += os.read(terminal, 4096).decode()
print(shown)
"""


def test_in_a_terminal(installed):
    shown = installed.run("python3", "-c", TYPED).stdout
    assert "pgaf-upgrade rollback --discard-new-data" in shown
