"""The indented blocks of README and of the pages of docs/, and the commands in them: a shell's after # or $, or as they
stand, and SQL to its semicolon."""
import os
import re

from hosts import HERE

ROOT = os.path.join(HERE, "..", "..")
README = "README.md"
PAGES = [README, "CONTRIBUTING.md", *sorted(f"docs/{name}" for name in os.listdir(os.path.join(ROOT, "docs"))
                                            if name.endswith(".md"))]
PSQL = "psql -d pg_auto_failover -c '"
WORDS = ("make ", "cmake ", "SELECT ", "CREATE ", "GRANT ")


def blocks(page=README):
    """[(heading, lines)]"""
    heading, found, block = "", [], []
    with open(os.path.join(ROOT, page), encoding="utf-8") as file:
        for line in [*file.read().splitlines(), "-"]:
            if line.startswith("    ") or (block and not line.strip()):
                block.append(line.strip())
                continue
            if any(block):
                found.append((heading, block))
            block = []
            if line.startswith("#"):
                heading = line.strip("# ")
    return found


def commands(of_heading=None, page=README):
    """Each without its comment, in order; of psql, its statement."""
    found = []
    for heading, lines in blocks(page):
        if of_heading not in (None, heading):
            continue
        statement = ""
        for line in lines:
            if statement or line.startswith(WORDS[2:]):
                statement += (" " if statement else "") + line
                if ";" in line:
                    found.append(statement)
                    statement = ""
            elif re.match(r"[#$] ", line) or line.startswith(WORDS[:2]):
                found.append(re.sub(r"\s{2,}# .*", "", re.sub(r"^[#$] ", "", line)).strip())
            elif found and found[-1].startswith(PSQL) and not found[-1].endswith("'"):
                found[-1] += " " + line
    return [re.sub(f"^{PSQL}(.*)'$", r"\1;", command) for command in found]


def all_commands():
    """Of all pages, each once."""
    return list(dict.fromkeys(command for page in PAGES for command in commands(page=page)))
