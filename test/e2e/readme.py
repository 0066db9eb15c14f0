"""The README's indented blocks, and the commands in them: a shell's after # or $, or as they stand, and SQL to its
semicolon."""
import os
import re

from hosts import HERE

README = os.path.join(HERE, "..", "..", "README.md")
WORDS = ("make ", "cmake ", "SELECT ", "CREATE ", "GRANT ")


def blocks():
    """[(heading, lines)]"""
    heading, found, block = "", [], []
    with open(README, encoding="utf-8") as file:
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


def commands(of_heading=None):
    """Each without its comment, in order."""
    found = []
    for heading, lines in blocks():
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
    return found
