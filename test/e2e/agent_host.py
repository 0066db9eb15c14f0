"""Runs inside a host of the laboratory, as root, for agent.py: a request a line on standard input, answers on
standard output, JSON each. Several commands may run at once. Ends, with what still runs, when its input does.

  {"id": 1, "argv": […], "user": "postgres", "input": "…"}    → {"id": 1, "began": true}, and in the end
                                 {"id": 1, "code": -9 where a signal ended it, "out": "…", "err": "…"}
  {"id": 2, "put": "/etc/file", "text": "…", "mode": "644", "owner": "root:"}    → the last of these
  {"stop": 1}                    the command of that id ends
"""
import grp
import json
import os
import pwd
import signal
import subprocess
import sys
import threading

lock = threading.Lock()
running = {}


def answer(**fields):
    line = json.dumps(fields) + "\n"
    with lock:
        sys.stdout.write(line)
        sys.stdout.flush()


def of_user(name):
    """What Popen takes for a login of that user, but for a shell in between."""
    if name == "root":
        return {"cwd": "/"}
    of = pwd.getpwnam(name)
    environment = {**os.environ, "HOME": of.pw_dir, "USER": name, "LOGNAME": name, "LANG": "en_US.UTF-8"}
    return {"cwd": of.pw_dir, "env": environment, "user": of.pw_uid, "group": of.pw_gid,
            "extra_groups": os.getgrouplist(name, of.pw_gid)}


def carry_out(request):
    number, text = request["id"], request.get("input")
    try:
        process = subprocess.Popen(request["argv"], stdin=subprocess.DEVNULL if text is None else subprocess.PIPE,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
                                   **of_user(request["user"]))
    except OSError as error:
        answer(id=number, code=127, out="", err=f"{request['argv'][0]}: {error.strerror}\n")
        return
    running[number] = process
    answer(id=number, began=True)
    out, err = process.communicate(None if text is None else text.encode())
    del running[number]
    answer(id=number, code=process.returncode, out=out.decode(errors="surrogateescape"),
           err=err.decode(errors="surrogateescape"))


def put(request):
    user, _, group = request["owner"].partition(":")
    try:
        with open(request["put"], "w", encoding="utf-8") as file:
            file.write(request["text"])
        of = pwd.getpwnam(user)
        os.chown(request["put"], of.pw_uid, grp.getgrnam(group).gr_gid if group else of.pw_gid)
        os.chmod(request["put"], int(request["mode"], 8))
    except OSError as error:
        answer(id=request["id"], code=1, out="", err=f"{error}\n")
    else:
        answer(id=request["id"], code=0, out="", err="")


def end(process):
    """It is asked to, then made to."""
    for signal_number, seconds in ((signal.SIGTERM, 5), (signal.SIGKILL, 5)):
        try:
            os.killpg(process.pid, signal_number)
            process.wait(seconds)
            return
        except (ProcessLookupError, subprocess.TimeoutExpired):
            pass


def main():
    os.environ["SHELL"] = "/bin/bash"
    for line in sys.stdin:
        request = json.loads(line)
        if "stop" in request:
            process = running.get(request["stop"])
            if process:
                threading.Thread(target=end, args=(process,), daemon=True).start()
        else:
            threading.Thread(target=put if "put" in request else carry_out, args=(request,), daemon=True).start()


def leave(*_):
    for process in list(running.values()):
        try:
            os.killpg(process.pid, signal.SIGTERM)
        except ProcessLookupError:
            pass
    os._exit(0)


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, leave)
    main()
    leave()
