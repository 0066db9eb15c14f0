"""What has passed for which tree, and how long each test took last: in build/check.json."""
import contextlib
import hashlib
import json
import os
import subprocess

TREE = os.path.realpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
BUILD = os.path.join(TREE, "build")
FILE = os.path.join(BUILD, "check.json")


def files_of_tree():
    """Those that git would keep; of a tree without git all but what is built."""
    listed = subprocess.run(["git", "-c", "safe.directory=*", "ls-files", "-z", "-co", "--exclude-standard"], cwd=TREE,
                            stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    if listed.returncode == 0:
        return sorted(set(filter(None, listed.stdout.decode().split("\0"))))
    return sorted(os.path.relpath(os.path.join(folder, name), TREE) for folder, folders, names in os.walk(TREE)
                  for name in names if "build" not in folders and not os.path.relpath(folder, TREE).startswith("build"))


def hash_of_tree():
    digest = hashlib.sha256()
    for name in files_of_tree():
        with contextlib.suppress(FileNotFoundError), open(os.path.join(TREE, name), "rb") as file:
            digest.update(name.encode() + b"\0" + hashlib.sha256(file.read()).digest())
    return digest.hexdigest()


def name_of(nodeid):
    """Without the group that pytest-xdist appends."""
    return nodeid.partition("@")[0]


def key(name):
    """The same test to another PostgreSQL is another one."""
    return f"{os.environ.get('PGAF_LAB_TARGET', '17')} {name}"


def _read():
    try:
        with open(FILE, encoding="utf-8") as file:
            return json.load(file)
    except (FileNotFoundError, json.JSONDecodeError):
        return {}


def known():
    """The tests that have passed for this tree, by key()."""
    all_of_it = _read()
    return set(all_of_it.get("passed", ())) if all_of_it.get("tree") == os.environ.get("PGAF_TREE") else set()


def durations():
    return _read().get("seconds", {})


def write(newly_passed, seconds):
    os.makedirs(BUILD, exist_ok=True)
    content = {"tree": os.environ.get("PGAF_TREE"), "passed": sorted(known() | set(newly_passed)),
               "seconds": {**durations(), **seconds}}
    with open(FILE + ".new", "w", encoding="utf-8") as file:
        json.dump(content, file, indent=1)
    os.replace(FILE + ".new", FILE)
