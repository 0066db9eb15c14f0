#!/usr/bin/python3
"""The command behind `make check` and `make check-all`.

    run.py check          what has to pass before a change lands
    run.py all            everything; what has passed for this very tree is not run again, unless by --again
    run.py check WORDS    what follows goes to pytest: a file, -k NAME, …

--lanes N runs so many tests side by side. Ends with 0 only if all has passed."""
import argparse
import fcntl
import json
import os
import signal
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE, os.path.join(HERE, "e2e")]

from runner import passed  # noqa: E402
from runner.results import span  # noqa: E402
from waiting import slowness  # noqa: E402

LAB = os.path.join(HERE, "lab", "lab")
LANES = 2
STOPPED = 130
TARGETS = {"check": (17,), "all": (17, 18)}


def lock_of_tree():
    """Held until this process ends; None where another holds it."""
    os.makedirs(passed.BUILD, exist_ok=True)
    file = open(os.path.join(passed.BUILD, "check.lock"), "a+", encoding="ascii")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return None
    file.truncate(0)
    file.write(str(os.getpid()))
    file.flush()
    return file


def call(command, **options):
    """Its exit code. Who stops this process stops the command, which is waited for, since it takes down what it has
    up."""
    process = subprocess.Popen(command, **options)
    try:
        return process.wait()
    except KeyboardInterrupt:
        process.send_signal(signal.SIGINT)
        process.wait()
        raise


def take_down():
    """What tests that were killed have left up."""
    listed = subprocess.run([LAB, "list"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout
    for line in listed.splitlines():
        name = line.partition(":")[0]
        if name.endswith(f"-r{os.environ['PGAF_RUN']}") and "PGAF_E2E_KEEP" not in os.environ:
            subprocess.run([LAB, "down", "--name", name], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def session(target, suite, options, words):
    """pytest's tests for one PostgreSQL; its results, or what it failed by."""
    path = os.path.join(passed.BUILD, f"results-{target}.json")
    if os.path.exists(path):
        os.remove(path)
    environment = {**os.environ, "PGAF_LAB_TARGET": str(target), "PGAF_RESULTS": path}
    pytest = ["/usr/bin/python3", "-m", "pytest", "-c", os.path.join(HERE, "pytest.ini"), "--suite", suite, *words]
    if suite == "all" and not options.again:
        pytest.append("--not-again")
    lanes = ["-n", str(options.lanes), "--dist", "loadgroup"] if options.lanes > 1 else []
    code = call([*pytest, *lanes], env=environment, cwd=HERE)
    if code == 5:
        return {"outcomes": {}, "seconds": {}, "failed": []}  # nothing to run
    if not os.path.exists(path):
        return {"outcomes": {}, "seconds": {}, "failed": [f"pytest, which ended with {code}"]}
    with open(path, encoding="utf-8") as file:
        results = json.load(file)
    if code and not results["failed"]:
        results["failed"].append(f"pytest, which ended with {code}")
    return results


def run(options, words):
    outcomes, seconds, failed = {}, {}, []
    for target in TARGETS[options.suite]:
        if target != 17:
            print(f"--- to PostgreSQL {target}", flush=True)
        code = call([LAB, "product"], stdout=subprocess.DEVNULL, env={**os.environ, "PGAF_LAB_TARGET": str(target)})
        if code:
            return [], {}, [f"lab product, which ended with {code}"]
        results = session(target, options.suite, options, words)
        prefix = "" if target == 17 else f"to {target}: "
        outcomes.update({prefix + name: outcome for name, outcome in results["outcomes"].items()})
        seconds.update({prefix + name: took for name, took in results["seconds"].items()})
        failed += [prefix + name for name in results["failed"]]
    return outcomes, seconds, failed


def verdict(suite, started, outcomes, seconds, failed):
    if seconds:
        slowest = sorted(seconds.items(), key=lambda one: -one[1])[:10]
        print("\nThe slowest:\n" + "\n".join(f"  {span(took):>8}  {name}" for name, took in slowest))
    name = {"check": "make check", "all": "make check-all"}[suite]
    took = span(time.monotonic() - started)
    skipped = sum(outcome == "skipped" for outcome in outcomes.values())
    if failed:
        print("\nFailed:\n" + "\n".join(f"  {one}" for one in failed))
        print(f"\n{name} FAILED after {took}: {len(failed)} of {len(outcomes)} tests")
        return 1
    print(f"\n{name} passed: {len(outcomes) - skipped} tests in {took}" + (f", {skipped} skipped" if skipped else ""))
    return 0


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("suite", choices=TARGETS)
    parser.add_argument("--again", action="store_true", help="also what has passed for this very tree")
    parser.add_argument("--lanes", type=int, default=LANES, help=f"({LANES})")
    options, words = parser.parse_known_args()
    if os.geteuid():
        print("make check needs root, since its hosts are made of namespaces: sudo make check", file=sys.stderr)
        return 1
    lock = lock_of_tree()
    if not lock:
        with open(os.path.join(passed.BUILD, "check.lock"), encoding="ascii") as file:
            print(f"another make check is at work in this tree, process {file.read()}: wait for it, or end it",
                  file=sys.stderr)
        return 1
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    os.environ["PGAF_RUN"] = str(os.getpid())
    os.environ["PGAF_TREE"] = passed.hash_of_tree()
    slowness()  # measured once, for all processes
    started = time.monotonic()
    try:
        return verdict(options.suite, started, *run(options, words))
    except KeyboardInterrupt:
        print(f"\nstopped after {span(time.monotonic() - started)}", file=sys.stderr)
        return STOPPED
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        take_down()


if __name__ == "__main__":
    sys.exit(main())
