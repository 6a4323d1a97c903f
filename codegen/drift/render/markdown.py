"""Renders a review as GitHub's Markdown for a pull request; texts of a spec are escaped."""

from __future__ import annotations

import bisect
import re
from collections.abc import Sequence
from typing import Any

import attrs

from ..report import Level, Review
from . import common
from .common import Options

_GAP = "\u200b"
"""A zero-width space. GitHub finds mentions and references in the rendered page, where escapes have no effect."""

_LINKS = re.compile(
    r"(?<=[@#:])(?=\S)"  # @somebody, #123, https://, :emoji:
    r"|(?<=[A-Za-z]-)(?=\d)"  # GH-123
    r"|(?<=www)(?=\.)"
    r"|(?<=[0-9a-f]{6})(?=[0-9a-f])",  # a commit
    re.IGNORECASE,
)
_MARKUP = re.compile(r"[\\`*_{}\[\]<>&~$|^]")
_BLOCK = re.compile(r"^(\d*)([#+=.)-])")
"""What begins a block at the beginning of a text: a heading, a list, a line."""

_NAME = re.compile(
    r"""([("']*)((?=#?/|\S*[_{}\[\]]|\S*\w\.\w\w|\S*:\d)#?[\w/.{}\[\]~-]*[\w/{}\[\]~-](?::\d+)*)([)"',;:.!?]*)"""
)
"""A word that is a name, a path, a JSON pointer or a place in a file, with the marks around it."""


@attrs.frozen
class _Section:
    title: str
    entries: list[str]
    noun: str
    """What one entry is."""
    is_folded: bool = False
    """Whether a reader has to open it."""


def render(review: Review, options: Options) -> str:
    """Show a review as Markdown.

    Args:
        review: What to show.
        options: `docs` and `max_bytes` count here.

    Returns:
        Markdown that takes `max_bytes` at most. Where that is too little for everything, whole entries are left out,
        the mildest first, and the end says so; the verdicts and the counts are always there.
    """
    environment = common.build_environment(code=format_code_span, prose=_render_text, words=_render_words)
    macros = environment.get_template("page.md.jinja").make_module({"review": review, "common": common})
    sections = _build_sections(review, macros, options)

    def render_first(count: int) -> str:
        return _render_page(macros, sections, count)

    def measure_first(count: int) -> int:
        return len(render_first(count).encode())

    total = sum(len(section.entries) for section in sections)
    if measure_first(total) <= options.max_bytes:
        return render_first(total)
    return render_first(max(bisect.bisect_right(range(total), options.max_bytes, key=measure_first) - 1, 0))


def _build_sections(review: Review, macros: Any, options: Options) -> tuple[_Section, ...]:
    """Build the sections, the most important first."""

    def render_level(level: Level) -> list[str]:
        found = [change for change in code if change.level == level and not change.accepted]
        return list(map(macros.render_change, found))

    code = [change for change in review.changes if change.layer != "docs"]
    docs = [change for change in review.changes if change.layer == "docs" and options.docs]
    accepted = [change for change in code if change.accepted]
    return (
        _Section("Errors", render_level("error"), "error"),
        _Section("Warnings", render_level("warning"), "warning"),
        _Section("Notes", list(map(macros.render_note, review.notes)), "note"),
        _Section("Observed", list(map(macros.render_fact, review.observed or ())), "observation"),
        _Section("Accepted", list(map(macros.render_change, accepted)), "accepted change", is_folded=True),
        _Section("Infos", render_level("info"), "info", is_folded=True),
        _Section("Prose", list(map(macros.render_change, docs)), "change in prose", is_folded=True),
    )


def _render_page(macros: Any, sections: Sequence[_Section], limit: int) -> str:
    """Render the first entries of all sections, and count those left out."""
    shown: list[tuple[_Section, list[str]]] = []
    missing: list[str] = []
    for section in sections:
        total = len(section.entries)
        count = min(limit, total)
        limit -= count
        shown.append((section, section.entries[:count]))
        missing += [f"{total - count} of {common.pluralize(total, section.noun)}"] if count < total else []
    page: str = macros.render_page(shown, missing)
    return page.rstrip("\n") + "\n"


def _render_words(words: Sequence[str]) -> str:
    first, rest = common.fold_words(words)
    return " ".join(filter(None, (", ".join(map(format_code_span, first)), rest)))


def _render_text(text: str) -> str:
    """Escape prose for Markdown; text between backticks, and names, become code."""
    parts: list[str] = []
    for part, is_code in common.split_code(text):
        for word in filter(None, [part] if is_code else re.split(r"( +)", part)):
            rendered = format_code_span(word) if is_code else _render_word(word, is_first=not parts)
            if parts and parts[-1].endswith("`") and rendered.startswith("`"):
                parts.append(_GAP)  # else both would be one span
            parts.append(rendered)
    return "".join(parts)


def _render_word(word: str, *, is_first: bool) -> str:
    name = _NAME.fullmatch(word)
    if name:
        return f"{name[1]}{format_code_span(name[2])}{name[3]}"
    escaped = _MARKUP.sub(r"\\\g<0>", _LINKS.sub(_GAP, word))
    return _BLOCK.sub(r"\1\\\2", escaped) if is_first else escaped


def format_code_span(text: str) -> str:
    """Return a code span that no text ends; GitHub links nothing in there."""
    text = common.format_line(text) or "-"
    fence = "`" * (1 + max(map(len, re.findall(r"`+", text)), default=0))
    pad = " " if "`" in (text[:1], text[-1:]) else ""
    return f"{fence}{pad}{text}{pad}{fence}"
