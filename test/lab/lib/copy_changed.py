#!/usr/bin/python3
"""copy_changed.py FROM TO: brings into the folder TO the files of FROM that are named on standard input, each name
ended by NUL, and removes from it those that an earlier call has brought and that are not named any more.

A file that is the same is not touched, so that what was built from it is not built again; one that differs is new by
its time, too, whatever its time in FROM. What TO.files lists is from here; all else in TO was built there and stays."""

import os
import shutil
import sys


def read(path):
    try:
        with open(path, "rb") as file:
            return file.read()
    except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
        return None


def write(path, text):
    """Whole or not at all."""
    with open(path + ".new~", "wb") as file:
        file.write(text)
    os.replace(path + ".new~", path)


def copy(source, target):
    text = read(source)
    if read(target) != text:
        if os.path.isdir(target):
            shutil.rmtree(target)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        write(target, text)
    mode = 0o755 if os.stat(source).st_mode & 0o100 else 0o644
    if os.stat(target).st_mode & 0o777 != mode:
        os.chmod(target, mode)


def remove(path, below):
    if os.path.isfile(path):
        os.unlink(path)
    folder = os.path.dirname(path)
    while folder != below and os.path.isdir(folder) and not os.listdir(folder):
        os.rmdir(folder)
        folder = os.path.dirname(folder)


def main():
    source, target = sys.argv[1:]
    names = {name for name in sys.stdin.buffer.read().split(b"\0") if name}
    before = read(target + ".files")
    if before is None:
        shutil.rmtree(target, ignore_errors=True)
    os.makedirs(target, exist_ok=True)
    before = {name for name in (before or b"").split(b"\0") if name}
    write(target + ".files", b"\0".join(before | names))
    for name in sorted(before - names):
        remove(target + "/" + os.fsdecode(name), target)
    for name in sorted(names):
        copy(source + "/" + os.fsdecode(name), target + "/" + os.fsdecode(name))
    write(target + ".files", b"\0".join(sorted(names)))


if __name__ == "__main__":
    main()
