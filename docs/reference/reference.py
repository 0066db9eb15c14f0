#!/usr/bin/python3
"""What is written down of commands, options, settings and exit codes, made from what the program says of itself:

    pgaf-upgrade help --json | docs/reference/reference.py            writes it into the files below
    pgaf-upgrade help --json | docs/reference/reference.py --check    says whether it is there already
"""
import json
import os
import re
import sys
import textwrap

TREE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
WIDTH = 120
SCRIPT = "docs/reference/reference.py"


# Texts have `backquotes` around what one types.

def code(text):
    """For Markdown, in a cell of a table."""
    return text.replace("|", "\\|")


def scdoc(text):
    parts = [re.sub(r"([*_\\])", r"\\\1", part) for part in text.split("`")]
    return "".join(f"*{part}*" if at % 2 else part for at, part in enumerate(parts))


def plain(text):
    return text.replace("`", "")


def lines(text, prefix):
    wrapped = textwrap.wrap(text, WIDTH - 8, break_long_words=False, break_on_hyphens=False)
    return "".join(f"{prefix}{line}\n" for line in wrapped)


def default(option):
    """What is used when nothing is given, in words; empty where there is nothing to say."""
    found = option["default_in_words"] or option["default"]
    return found if option["value"] or option["setting"] else ""


def values(option):
    if option["choices"]:
        return " or ".join([", ".join(option["choices"][:-1]), option["choices"][-1]])
    return option["range"] or ""


def text_of(option, in_file=False):
    """All that there is to know of it, in sentences."""
    notes = [option["manual"]]
    if values(option):
        notes.append(f"Value: {values(option)}.")
    if option["required"]:
        notes.append("Required.")
    if option["environment"] and not in_file:
        notes.append(f"Environment: `{option['environment']}`.")
    if default(option):
        notes.append(f"Default: {default(option)}.")
    return " ".join(notes)


def options_of(known):
    """(command, option) of all, those of all commands first."""
    return [("", option) for option in known["options"]] + [
        (command["name"], option) for command in known["commands"] for option in command["options"]]


def page_options(known):
    rows = [f"| `{f'{command} ' if command else ''}{option['term']}` | {code(text_of(option))} |\n"
            for command, option in options_of(known)]
    return "| option | |\n|---|---|\n" + "".join(rows)


def trouble_exit_codes(known):
    return "| | what it is | what to do |\n|---|---|---|\n" + "".join(
        f"| {row['code']} | {code(row['meaning'])} | {code(row['remedy'] or '')} |\n".replace("|  |", "| |")
        for row in known["exit_codes"])


def item(term, text):
    return f"{term}\n{lines(scdoc(text), chr(9))}\n"


def manual_term(option):
    if option["positional"]:
        return f"_{option['value']}_"
    names = ", ".join(f"*{name}*" for name in option["term"].removesuffix(f" {option['value']}").split(", "))
    return names + (f" _{option['value']}_" if option["value"] else "")


def manual_commands(known):
    return "".join(item(f"*{command['name']}*", command["manual"]) for command in known["commands"])


def manual_options(known):
    made, heading = "", ""
    for command, option in options_of(known):
        if command != heading:
            made, heading = f"{made}## {command}\n\n", command
        made += item(manual_term(option), text_of(option))
    return made


def manual_exit_codes(known):
    return "".join(item(f"*{row['code']}*", f"{row['meaning'][0].upper()}{row['meaning'][1:]}.")
                   for row in known["exit_codes"])


def settings(known):
    return [option for option in known["options"] if option["setting"]]


def manual_settings(known):
    return "".join(item(f"*{option['name']}*", text_of(option, in_file=True)) for option in settings(known))


def example(known):
    """The example of a configuration file, which has every setting."""
    made = lines("Settings of pgaf-upgrade on this host: man 5 pgaf-upgrade.conf. To set one, remove the # before its "
                 "name. Each line shows the default, or an example.", "# ")
    for option in settings(known):
        value = option["default"] or option["example"]
        quoted = f'"{value}"' if " " in value else value
        note = "" if option["default"] else "\n# An example:"
        text = lines(plain(text_of(option, in_file=True)), "# ").rstrip("\n")
        made += f"\n{text}{note}\n#{option['name']} = {quoted}\n"
    return made


def words(text):
    """A word of bash, on several lines where one is too short."""
    return "'" + textwrap.fill(text, WIDTH - 20, subsequent_indent=" " * 8, break_on_hyphens=False) + "'"


def case(rows):
    made = "".join(f"    {pattern}) echo {words(text)} ;;\n" for pattern, text in rows)
    return f"    case $1 in\n{made}    esac\n"


def completion(known):
    """Functions in bash: the commands, the options of a command, the kind of an option's value and its words."""
    names = {"": [], **{command["name"]: [] for command in known["commands"]}}
    kinds = {}
    for command, option in options_of(known):
        if not option["positional"]:
            names[command] += re.findall(r"--[a-z-]+", option["term"])
            if option["value"]:
                kind = option["takes"], " ".join(option["choices"] + option["suggestions"])
                if kinds.setdefault(option["name"], kind) != kind:
                    sys.exit(f"--{option['name']} takes other values in another command, which completion cannot tell")
    of_kind = {}
    for name, kind in kinds.items():
        of_kind.setdefault(kind, []).append(f"--{name}")
    return (f"_pgaf_upgrade_commands() {{ echo {words(' '.join(name for name in names if name))}; }}\n"
            "_pgaf_upgrade_options() {\n"
            + case([(name or "''", " ".join(options)) for name, options in names.items() if options])
            + "}\n_pgaf_upgrade_value() {\n"
            + case([(" | ".join(options[at:at + 5]), " ".join(kind).strip()) for kind, options in of_kind.items()
                    for at in range(0, len(options), 5)]) + "}\n")


# File, name of the place in it, how a comment begins and ends there, what belongs there.
PLACES = [
    ("docs/reference.md", "options", "<!-- ", " -->", page_options),
    ("docs/trouble.md", "exit codes", "<!-- ", " -->", trouble_exit_codes),
    ("docs/reference/pgaf-upgrade.1.scd", "commands", "; ", "", manual_commands),
    ("docs/reference/pgaf-upgrade.1.scd", "options", "; ", "", manual_options),
    ("docs/reference/pgaf-upgrade.1.scd", "exit codes", "; ", "", manual_exit_codes),
    ("docs/reference/pgaf-upgrade.conf.5.scd", "settings", "; ", "", manual_settings),
    ("packaging/pgaf-upgrade.bash-completion", "options", "# ", "", completion),
]
EXAMPLE = "packaging/pgaf-upgrade.conf"


def filled(text, path, name, begin, end, made):
    first, last = f"{begin}{name}, by {SCRIPT}{end}\n", f"{begin}end of {name}{end}\n"
    if text.count(first) != 1 or text.count(last) != 1:
        sys.exit(f"{path} has no place for {name}")
    head, rest = text.split(first)
    gap = "\n" if begin == "; " else ""
    return f"{head}{first}{gap}{made}{last}{rest.split(last)[1]}"


def read(path):
    with open(os.path.join(TREE, path), encoding="utf-8") as file:
        return file.read()


def files(known):
    """{path: its text as it should be}"""
    texts = {EXAMPLE: example(known)}
    for path, name, begin, end, make in PLACES:
        texts[path] = filled(texts.get(path) or read(path), path, name, begin, end, make(known))
    return texts


def main():
    known = json.load(sys.stdin)
    other = {path: text for path, text in files(known).items() if text != read(path)}
    if other and "--check" in sys.argv[1:]:
        sys.exit(f"not what the program says: {', '.join(other)}. Run: pgaf-upgrade help --json | {SCRIPT}")
    for path, text in other.items():
        with open(os.path.join(TREE, path), "w", encoding="utf-8") as file:
            file.write(text)


if __name__ == "__main__":
    main()
