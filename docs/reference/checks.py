#!/usr/bin/python3
"""The tables of docs/checks.md, made from what the program says of its checks:

    pgaf-upgrade check --list --json | docs/reference/checks.py            writes them into the page
    pgaf-upgrade check --list --json | docs/reference/checks.py --check    says whether they are there already

The page decides under which heading a check stands, and has the last column: an example, or a note. Everything else
in a row comes from the program.
"""
import json
import os
import re
import sys

PAGE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "checks.md")
ROW = re.compile(r"\| `(\w+)` \|")
COLUMNS = 5


def cells_of(line):
    return [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip())[1:-1]]


def severity(check):
    return check["severity"] + (" (no waiver)" if check["blocks_approval"] and not check["can_be_waived"] else "")


def where(check):
    roles = set(check["where"])
    if roles == {"primary", "secondary", "monitor"}:
        return "every node"
    return "data nodes" if roles == {"primary", "secondary"} else ", ".join(check["where"])


def row_of(check, example):
    cells = [f"`{check['name']}`", f"{severity(check)}: {where(check)}", check["meaning"], check["remedy"]]
    return "| " + " | ".join([*(cell.replace("|", "\\|") for cell in cells), example]) + " |"


def page(text, checks):
    """The page as it has to be: each row again, from the check that it names."""
    of, seen, lines = {check["name"]: check for check in checks}, set(), []
    for line in text.split("\n"):
        name, cells = ROW.match(line), cells_of(line)
        if name and len(cells) == COLUMNS:
            if name[1] not in of or name[1] in seen:
                sys.exit(f"docs/checks.md: there is no such check, or it has another row: {line}")
            seen.add(name[1])
            line = row_of(of[name[1]], cells[-1])
        lines.append(line)
    missing = [name for name in of if name not in seen]
    if missing:
        sys.exit("docs/checks.md has no row for: " + ", ".join(missing)
                 + ". Add one where it belongs: | `NAME` | | | | an example |")
    return "\n".join(lines)


def main():
    checks = json.load(sys.stdin)["checks"]
    with open(PAGE, encoding="utf-8") as file:
        text = file.read()
    wanted = page(text, checks)
    if wanted != text and "--check" in sys.argv[1:]:
        sys.exit("docs/checks.md is not what the program says: run "
                 "pgaf-upgrade check --list --json | docs/reference/checks.py")
    if wanted != text:
        with open(PAGE, "w", encoding="utf-8") as file:
            file.write(wanted)


if __name__ == "__main__":
    main()
