"""Renders a review as GitHub's Markdown for a pull request; texts of a spec are escaped."""

from __future__ import annotations

import bisect
import re
from collections.abc import Iterator, Sequence

import attrs

from ..report import LEVELS, Change, ObservedFact, Review
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
_MARKUP = re.compile(r"[!-/:-@\[-`{-~]")
_HARMLESS = frozenset(",;/'%=?")
_TITLES = {"error": "Errors", "warning": "Warnings", "info": "Infos"}


@attrs.frozen
class _Section:
    title: str
    entries: tuple[str, ...]
    noun: str
    """What one entry is."""
    is_folded: bool = False
    """Whether a reader has to open it."""

    def render(self, count: int) -> str:
        """Render the section with its first entries."""
        entries = "".join(self.entries[:count])
        if not entries:
            return ""
        title = f"{self.title} ({len(self.entries)})"
        if self.is_folded:
            return f"<details>\n<summary>{title}</summary>\n\n{entries}\n</details>\n\n"
        return f"### {title}\n\n{entries}\n"


def render(review: Review, options: Options) -> str:
    """Show a review as Markdown.

    Args:
        review: What to show.
        options: `docs` and `max_bytes` count here.

    Returns:
        Markdown that takes `max_bytes` at most. Where that is too little for everything, whole entries are left out,
        the mildest first, and the end says so; the verdicts and the counts are always there.
    """
    sections = _build_sections(review, options)
    head = "".join(_render_head(review))

    def render_first(count: int) -> str:
        return _render_page(head, sections, count)

    def measure_first(count: int) -> int:
        return len(render_first(count).encode())

    total = sum(len(section.entries) for section in sections)
    if measure_first(total) <= options.max_bytes:
        return render_first(total)
    return render_first(max(bisect.bisect_right(range(total), options.max_bytes, key=measure_first) - 1, 0))


def _render_page(head: str, sections: Sequence[_Section], limit: int) -> str:
    """Render the first entries of all sections, and count those left out."""
    parts = [head]
    missing: list[str] = []
    for section in sections:
        total = len(section.entries)
        count = min(limit, total)
        limit -= count
        parts.append(section.render(count))
        missing += [f"{total - count} of {common.pluralize(total, section.noun)}"] if count < total else []
    if missing:
        parts.append(f"**Left out for want of room:** {', '.join(missing)}. `--format html` shows everything.\n")
    return "".join(parts).rstrip("\n") + "\n"


def _render_head(review: Review) -> Iterator[str]:
    yield "## Drift review\n\n"
    yield "| Layer | Verdict |\n| --- | --- |\n"
    for layer, word in common.iterate_verdicts(review):
        yield f"| {layer} | {f'**{word}**' if word in ('breaking', 'broken', 'contradicted') else word} |\n"
    yield f"\n**Suggested bump:** {review.suggested_bump}\n\n"
    yield f"- old: {format_code_span(review.old.source)}, version {format_code_span(review.old.version)}\n"
    yield f"- new: {format_code_span(review.new.source)}, version {format_code_span(review.new.version)}\n\n"
    yield f"{common.tally(change for change in review.changes if change.layer != 'docs').capitalize()}"
    docs = [change for change in review.changes if change.layer == "docs"]
    if docs:
        counts = ", ".join(f"{format_code_span(rule)} {count}" for rule, count in common.count_rules(docs))
        yield f"; {common.pluralize(len(docs), 'change')} in prose: {counts}"
    yield ".\n\n"
    if review.observed is not None:
        yield f"Production showed: {common.tally_facts(review.observed)}.\n\n"


def _build_sections(review: Review, options: Options) -> tuple[_Section, ...]:
    """Build the sections, the most important first."""
    code = [change for change in review.changes if change.layer != "docs"]
    levels = {level: [change for change in code if change.level == level and not change.accepted] for level in LEVELS}
    accepted = [change for change in code if change.accepted]
    docs = [change for change in review.changes if change.layer == "docs" and options.docs]

    def render_entries(changes: Sequence[Change]) -> tuple[str, ...]:
        return tuple(_render_entry(review, change) for change in changes)

    return (
        _Section("Errors", render_entries(levels["error"]), "error"),
        _Section("Warnings", render_entries(levels["warning"]), "warning"),
        _Section("Notes", tuple(f"- {_render_text(note)}\n" for note in review.notes), "note"),
        _Section("Observed", tuple(_render_fact(review, fact) for fact in review.observed or ()), "observed fact"),
        _Section("Accepted", render_entries(accepted), "accepted change", is_folded=True),
        _Section("Infos", render_entries(levels["info"]), "info", is_folded=True),
        _Section("Prose", render_entries(docs), "change in prose", is_folded=True),
    )


def _render_entry(review: Review, change: Change) -> str:
    lines = [f"- **{change.layer}** {format_code_span(change.id)}: {_render_text(change.message)}"]
    where = " → ".join(map(format_code_span, common.format_places(review, change)))
    lines += [f"  - {where}"] if where else []
    lines += [f"  - operations: {_render_words(change.operations)}"] if change.operations else []
    lines += [f"  - such as: {'; '.join(map(_render_text, change.members[:3]))}"] if change.members else []
    lines += [f"  - symbols: {_render_words(change.symbols)}"] if change.symbols else []
    lines += [f"  - breaks {format_code_span(file)}" for file in change.files]
    lines += [f"  - {format_code_span(change.code)}"] if change.code else []
    lines += [f"  - write {format_code_span(change.instead)}"] if change.instead else []
    lines += [f"  - because of {_render_text(cause)}" for cause in common.list_reasons(review, change)]
    lines += [f"  - {_render_text(common.format_acceptance(change.accepted))}"] if change.accepted else []
    note = common.format_sightings(review, change)
    lines += [f"  - {_render_text(note)}"] if note else []
    lines += (
        [f"  - fingerprint {format_code_span(change.fingerprint)}"]
        if change.level != "info" and change.fingerprint
        else []
    )
    return "".join(f"{line}\n" for line in lines)


def _render_fact(review: Review, fact: ObservedFact) -> str:
    lines = [f"- **{fact.agreement}** {format_code_span(fact.kind)}: {_render_text(fact.message)}"]
    lines.append(f"  - {format_code_span(common.format_fact_place(fact))}")
    where = " → ".join(map(format_code_span, common.format_places(review, fact)))
    lines += [f"  - {where}"] if where else []
    lines += [f"  - {_render_text(line)}" for line in common.list_fact_lines(fact)]
    return "".join(f"{line}\n" for line in lines)


def _render_words(words: Sequence[str]) -> str:
    first, rest = common.fold_words(words)
    return " ".join(filter(None, (", ".join(map(format_code_span, first)), rest)))


def _render_text(text: str) -> str:
    """Escape prose for Markdown; text between backticks becomes code."""
    return "".join(format_code_span(part) if is_code else _escape(part) for part, is_code in common.split_code(text))


def _escape(text: str) -> str:
    return _MARKUP.sub(
        lambda found: found[0] if found[0] in _HARMLESS else f"&#{ord(found[0])};", _LINKS.sub(_GAP, text)
    )


def format_code_span(text: str) -> str:
    """Return a code span that no text ends; GitHub links nothing in there."""
    text = common.format_line(text) or "-"
    fence = "`" * (1 + max(map(len, re.findall(r"`+", text)), default=0))
    pad = " " if "`" in (text[:1], text[-1:]) else ""
    return f"{fence}{pad}{text}{pad}{fence}"
