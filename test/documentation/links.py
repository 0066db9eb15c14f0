"""Links of Markdown files: where each leads, and which of them lead nowhere."""
import os
import re

FENCE = re.compile(r"^ *(```|~~~)")
# [text](target), ![text](target "title"), and [name]: target
INLINE = re.compile(r"\]\(\s*<?([^()\s<>]+(?:\([^()\s]*\)[^()\s]*)?)>?(?:\s+\"[^\"]*\")?\s*\)")
DEFINED = re.compile(r"^ {0,3}\[[^\]]+\]:\s*<?(\S+?)>?\s*$", re.MULTILINE)
HTML = re.compile(r"<(?:a|img|source)\b[^>]*?\b(?:href|src|srcset)=\"([^\"]+)\"")
ANCHOR = re.compile(r"<[^>]*\b(?:id|name)=\"([^\"]+)\"")


def prose(text):
    """The text without what is shown as it stands: fenced and indented blocks, and `code`."""
    lines, fence, blank, inside, in_list = [], False, True, False, False
    for line in text.splitlines():
        if FENCE.match(line):
            fence, line = not fence, ""
        elif fence:
            line = ""
        if re.match(r" *([-*]|\d+\.) ", line):
            in_list = True
        elif line.strip() and not line.startswith(" "):
            in_list = False
        # in a list, what belongs to an item is indented too
        inside = line.startswith("       " if in_list else "    ") and (blank or inside)
        blank = not line.strip()
        lines.append("" if inside else line)
    return re.sub(r"(`+)(?!`)(.+?)(?<!`)\1(?!`)", "", "\n".join(lines), flags=re.DOTALL)


def links(text):
    text = prose(text)
    return INLINE.findall(text) + DEFINED.findall(text) + HTML.findall(text)


def anchors(text):
    """As GitHub makes them of headings, and those that are written down."""
    found, times, fence = set(ANCHOR.findall(text)), {}, False
    for line in text.splitlines():
        if FENCE.match(line):
            fence = not fence
        heading = None if fence else re.match(r" {0,3}#{1,6} +(.*?)(?: +#+)? *$", line)
        if heading:
            shown = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", heading[1])
            slug = re.sub(r"[^\w\- ]", "", shown.lower()).replace(" ", "-")
            number = times.get(slug, 0)
            times[slug] = number + 1
            found.add(f"{slug}-{number}" if number else slug)
    return found


def broken(tree, page):
    """Of a page of the tree, each link to a file or heading that is not there, or outside of the tree."""
    wrong = []
    with open(os.path.join(tree, page), encoding="utf-8") as file:
        text = file.read()
    for link in links(text):
        if re.match(r"[a-z][a-z0-9+.-]*:", link):
            continue
        path, _, anchor = link.partition("#")
        target = os.path.normpath(os.path.join(os.path.dirname(page), path)) if path else page
        there = os.path.join(tree, target)
        if target.startswith("..") or not os.path.exists(there):
            wrong.append(f"{page}: {link}: there is no such file")
        elif anchor and target.endswith(".md"):
            with open(there, encoding="utf-8") as file:
                if anchor not in anchors(file.read()):
                    wrong.append(f"{page}: {link}: {target} has no such heading")
    return wrong
