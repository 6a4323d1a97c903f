"""The sentences of the documentation; tests/test_words.py tests its words."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.docs.prose import PAGES, ROOT, read_page

MAX_WORDS = 40
"""Words of a sentence."""


def find_sentences(prose: str) -> list[str]:
    """Return the sentences of a text; an item of a list and a heading end one."""
    blocks = re.split(r"\n\s*\n|\n\s*(?=[-#] |\d+\. )", prose)
    return [sentence for block in blocks for sentence in re.split(r"(?<=[.!?:;])\s+", " ".join(block.split()))]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_the_sentences_of_a_page_are_short(page: Path) -> None:
    prose = re.sub(r"^\|.*$", "", read_page(page), flags=re.MULTILINE)  # cells are no sentences
    assert [sentence for sentence in find_sentences(prose) if len(sentence.split()) > MAX_WORDS] == []


def test_every_page_has_one_title() -> None:
    for page in ROOT.glob("docs/**/*.md"):
        text = re.sub(r"^ *```.*?^ *```", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
        titles = re.findall(r"^# ", text, re.MULTILINE)
        assert len(titles) == (0 if text.startswith("--8<--") else 1), page
