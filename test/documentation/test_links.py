"""Each link of each Markdown file leads to a file and a heading that are there; and pages stay short."""
import pytest

import links
from runner.passed import TREE, files_of_tree

pytestmark = pytest.mark.check

PAGES = sorted(name for name in files_of_tree() if name.endswith(".md"))
# lines of a page, at the most
LONGEST, LONGEST_README = 250, 180


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page):
    assert links.broken(TREE, page) == []


def test_pages_have_links():
    with open(f"{TREE}/README.md", encoding="utf-8") as file:
        found = links.links(file.read())
    assert len(found) > 20 and "docs/pictures/switch.svg" in found and any("#" in link for link in found)


@pytest.mark.parametrize("link,why", [
    ("other.md", None),
    ("other.md#two-words", None),
    ("other.md#two-words-1", None),
    ("other.md#pg_autoctl-20-dies", None),
    ("#here", None),
    ("https://example.com/#nothing", None),
    ("gone.md", "gone.md: there is no such file"),
    ("../gone.md", "../gone.md: there is no such file"),
    ("other.md#two-word", "other.md has no such heading"),
    ("other.md#two-words-2", "other.md has no such heading"),
    ("other.md#in-a-block", "other.md has no such heading"),
    ("#there", "page.md has no such heading"),
])
@pytest.mark.parametrize("form", ["see [it]({}).", "![a picture]({})", "[two\nlines]({} \"title\")", "[it]: {}",
                                  '<img src="{}">', "1. item\n\n   [it]({})", "- `[code](no.md)` and [it]({})"])
def test_a_broken_link_is_found(tmp_path, form, link, why):
    (tmp_path / "other.md").write_text("# Two words\n\n## *Two* `words`!\n\n### `pg_autoctl` 2.0 dies\n\n"
                                       "```\n# In a block\n```\n")
    (tmp_path / "page.md").write_text(f"# Here\n\n{form.format(link)}\n")
    found = links.broken(tmp_path, "page.md")
    assert len(found) == (why is not None) and all(why in one for one in found), found


@pytest.mark.parametrize("text", ["`[code](gone.md)`", "    # [a block](gone.md)", "```\n[fenced](gone.md)\n```",
                                  "1. item\n\n       [of an item](gone.md)"])
def test_what_is_shown_as_it_stands_has_no_links(tmp_path, text):
    (tmp_path / "page.md").write_text(f"# Here\n\n{text}\n")
    assert links.broken(tmp_path, "page.md") == []


@pytest.mark.parametrize("page", PAGES)
def test_no_page_is_long(page):
    with open(f"{TREE}/{page}", encoding="utf-8") as file:
        assert len(file.readlines()) <= (LONGEST_README if page == "README.md" else LONGEST)
