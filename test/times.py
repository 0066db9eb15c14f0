#!/usr/bin/python3
"""How long the commands of whoever changes something take on this machine, each as a whole and from nothing: a copy of
the tree, a laboratory's folder of its own, and no compiler's cache. Prints a table for CONTRIBUTING.md.

    times.py [--runs 3] [NAME…]    of the names that --list prints, or all

Takes hours: `check` alone is measured six times."""
import argparse
import datetime
import os
import platform
import re
import selectors
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path[:0] = [HERE]

from runner.passed import TREE, files_of_tree  # noqa: E402

# what is changed: a comment in its source
STEP = "swap"
COLUMNS = "| command | what is there before | took | first line after | longest silence |\n|---|---|---|---|---|"


def span(seconds):
    return f"{seconds:.1f} s" if seconds < 100 else f"{int(seconds) // 60} min {int(seconds) % 60:02} s"


class Place:
    """A copy of the tree and a laboratory's folder, which go with it."""

    def __init__(self):
        # an overlay cannot lie on every file system that /tmp may be
        top = os.environ.get("PGAF_LAB_DIR", "/var/lib/pgaf-upgrade-lab") + "-times"
        os.makedirs(top, exist_ok=True)
        self.folder = tempfile.mkdtemp(dir=top)
        self.tree, self.lab = os.path.join(self.folder, "tree"), os.path.join(self.folder, "lab")
        for name in files_of_tree():
            if os.path.isfile(os.path.join(TREE, name)):
                os.makedirs(os.path.dirname(os.path.join(self.tree, name)), exist_ok=True)
                shutil.copy2(os.path.join(TREE, name), os.path.join(self.tree, name))

    def run(self, *command):
        """Seconds in all, until the first line, and of the longest silence."""
        print(f"    {' '.join(command)}", flush=True)
        started = last = time.monotonic()
        first, silence, log = None, 0.0, b""
        process = subprocess.Popen(command, cwd=self.tree, env={**os.environ, "PGAF_LAB_DIR": self.lab},
                                   stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        # what a laboratory leaves running may keep the pipe open
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)
            while process.poll() is None:
                if selector.select(0.2):
                    text = os.read(process.stdout.fileno(), 65536)
                    now = time.monotonic()
                    first, silence, last = first or now - started, max(silence, now - last), now
                    log += text
        took = time.monotonic() - started
        silence = max(silence, time.monotonic() - last)
        if process.returncode:
            sys.stdout.write(log.decode(errors="replace")[-5000:])
            raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")
        return took, first if first is not None else took, silence

    def change(self):
        """A line of a step's source."""
        path = os.path.join(self.tree, "helper/steps", f"{STEP}.cpp")
        with open(path, "a", encoding="utf-8") as source:
            source.write(f"// {time.time()}\n")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        subprocess.run([os.path.join(self.tree, "test/lab/lab"), "down", "--all"],
                       env={**os.environ, "PGAF_LAB_DIR": self.lab},
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        shutil.rmtree(self.folder, ignore_errors=True)


def image(place):
    return place.run("test/lab/lab", "image")


def product(place):
    place.run("test/lab/lab", "image")
    return place.run("test/lab/lab", "product")


def units(place):
    place.run("test/lab/lab", "product")
    return place.run("test/lab/lab", "exec", "/usr/src/pgaf_upgrade/build/test/unit_tests")


def demo_from_nothing(place):
    return place.run("make", "demo")


def demo(place):
    place.run("test/lab/lab", "product")
    return place.run("make", "demo")


def changed_step(place):
    place.run("test/lab/lab", "product")
    place.change()
    return place.run("test/step.py", STEP, "primary")


def check_from_nothing(place):
    return place.run("make", "check")


def check(place):
    place.run("test/lab/lab", "product")
    return place.run("make", "check")


MEASURED = {
    "image": (image, "`lab image`", "nothing"),
    "product": (product, "`lab product`", "the image"),
    "units": (units, "`lab exec …/unit_tests`", "image and build"),
    "step": (changed_step, f"a line of a step changed, `test/step.py {STEP} primary`",
             "image and build before the change"),
    "demo": (demo, "`make demo`", "image and build"),
    "demo-from-nothing": (demo_from_nothing, "`make demo`", "nothing"),
    "check": (check, "`make check`", "image and build"),
    "check-from-nothing": (check_from_nothing, "`make check`", "nothing"),
}


def machine():
    with open("/proc/cpuinfo", encoding="utf-8") as file:
        model = (re.findall(r"^model name\s*: (.*)$", file.read(), re.MULTILINE) or [platform.machine()])[0]
    with open("/proc/meminfo", encoding="utf-8") as file:
        memory = int(re.search(r"^MemTotal: +(\d+)", file.read())[1]) / 2**20
    with open("/etc/debian_version", encoding="utf-8") as file:
        debian = file.read().strip()
    return f"{os.cpu_count()} processors ({model}), {memory:.0f} GB, Debian {debian}"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--list", action="store_true")
    options = parser.parse_args()
    if options.list:
        print(*MEASURED, sep="\n")
        return 0
    if unknown := set(options.names) - set(MEASURED):
        parser.error(f"there is no {', '.join(unknown)}")
    rows = []
    for name in options.names or MEASURED:
        measure, command, before = MEASURED[name]
        results = []
        for number in range(options.runs):
            print(f"{time.strftime('%H:%M:%S')} {name}, run {number + 1} of {options.runs}", flush=True)
            with Place() as place:
                results.append(measure(place))
            print("    " + ", ".join(map(span, results[-1])), flush=True)
        took = [one[0] for one in results]
        rows.append(f"| {command} | {before} | {span(statistics.median(took))} ({', '.join(map(span, took))}) | "
                    f"{span(max(one[1] for one in results))} | {span(max(one[2] for one in results))} |")
    print(f"\nOn {datetime.date.today()}, {machine()}; the median of {options.runs} runs, and the worst first line and "
          "silence:\n")
    print(COLUMNS, *rows, sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
