"""The words and sentences of the documentation."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.docs.code_blocks import PAGES, ROOT

OWN_WORDS = (ROOT / "tests" / "docs" / "words.txt").read_text("utf-8").splitlines()
REPLACED = {word.partition("->")[0] for word in OWN_WORDS}

RIDDLES = [
    r"\bas it should be\b",
    r"\bdoes without\b",
    r"\bin whole answers\b",
    r"\bis (?:said|told) so\b",
    r"\bgo(?:es)? on with\b",
    r"\bof (?:one's|somebody's) own\b",
    r"\bwhat is (?:told|said|asked)\b",
    r"\bthe page it stands on\b",
    r"\bwhat came of (?:it|them)\b",
    r"\bsees to it\b",
    r"\btakes? (?:it|them) along\b",
    r"\bhas run out of\b",
]
"""Phrases that a reader reads twice."""

MAX_WORDS = 45
"""Words of a sentence."""


def read_prose(page: Path) -> str:
    """Return the text of a page without code, tables, links and comments."""
    text = page.read_text("utf-8")
    text = re.sub(r"^ *```.*?^ *```", "", text, flags=re.MULTILINE | re.DOTALL)
    text = re.sub(r"<!--.*?-->", "", text, flags=re.DOTALL)
    text = re.sub(r"^\|.*$|^:::.*$|^ +options:.*$", "", text, flags=re.MULTILINE)
    return re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", re.sub(r"`[^`]*`", "code", text))


def find_sentences(prose: str) -> list[str]:
    """Return the sentences of a text; an item of a list and a heading end one."""
    blocks = re.split(r"\n\s*\n|\n\s*(?=[-#] |\d+\. )", prose)
    return [sentence for block in blocks for sentence in re.split(r"(?<=[.!?:;])\s+", " ".join(block.split()))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_a_page_uses_plain_words_and_short_sentences(page: Path) -> None:
    prose = read_prose(page)
    words = {word.lower() for word in re.findall(r"[A-Za-z']+", prose)}
    assert not words & REPLACED
    for riddle in RIDDLES:
        assert not re.search(riddle, prose, re.IGNORECASE), riddle
    for sentence in find_sentences(prose):
        assert len(sentence.split()) <= MAX_WORDS, sentence


def test_every_page_has_one_title() -> None:
    for page in ROOT.glob("docs/**/*.md"):
        text = re.sub(r"^ *```.*?^ *```", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
        titles = re.findall(r"^# ", text, re.MULTILINE)
        assert len(titles) == (0 if text.startswith("--8<--") else 1), page
