#!/usr/bin/python3
"""The README's tables of options and exit codes, made from the manual pages' source beside this file:
readme.py writes them into README.md, readme.py --check says whether they are there already."""
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
README = os.path.join(HERE, "..", "..", "README.md")


def sections(page):
    """{heading: [(term, text)]} of a page in scdoc's format: a term's text is the lines with a tab after it. An
    option under a heading of its own, which is a command, has that before it."""
    found, heading, prefix = {}, None, ""
    with open(os.path.join(HERE, page), encoding="utf-8") as file:
        lines = file.read().splitlines()
    for line, following in zip(lines, [*lines[1:], ""]):
        if line.startswith("# "):
            heading, prefix = line[2:], ""
            found[heading] = []
        elif line.startswith("## "):
            prefix = line[3:] + " "
        elif line.startswith("\t"):
            term, text = found[heading][-1]
            found[heading][-1] = term, f"{text} {line.strip()}".strip()
        elif following.startswith("\t") and heading:
            found[heading].append((prefix + line, ""))
    return found


def plain(text):
    return re.sub(r"(?<!\\)[*_]", "", text).replace("\\", "")


def code(text):
    """Bold is code, underlined is nothing."""
    return re.sub(r"(?<![\\\w])_([^_]+)_", r"\1", re.sub(r"\*([^*]+)\*", r"`\1`", text)).replace("\\", "")


def in_words(text):
    return text[0].lower() + text[1:].removesuffix(".")


def tables():
    page = sections("pgaf-upgrade.1.scd")
    options = "".join(f"| `{plain(term)}` | {in_words(code(text))} |\n" for term, text in page["OPTIONS"])
    codes = "".join(f"| {plain(term)} | {in_words(code(text))} |\n" for term, text in page["EXIT STATUS"])
    return {"options": f"| option | |\n|---|---|\n{options}", "exit status": f"| exit code | |\n|---|---|\n{codes}"}


def main():
    with open(README, encoding="utf-8") as file:
        before = after = file.read()
    for name, table in tables().items():
        begin, end = f"<!-- {name}, by docs/reference/readme.py -->\n", f"<!-- end of {name} -->\n"
        if begin not in after or end not in after:
            sys.exit(f"README.md has no place for the table of {name}")
        head, rest = after.split(begin, 1)
        after = head + begin + table + end + rest.split(end, 1)[1]
    if after == before:
        return
    if "--check" in sys.argv[1:]:
        sys.exit("README.md does not say what the manual page says: run docs/reference/readme.py")
    with open(README, "w", encoding="utf-8") as file:
        file.write(after)


if __name__ == "__main__":
    main()
