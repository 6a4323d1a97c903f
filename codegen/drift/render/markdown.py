"""For the comment on a pull request: GitHub's Markdown, in which nothing but our own words is markup."""

from __future__ import annotations

import bisect
import re
from collections.abc import Iterator, Sequence

import attrs

from ..report import LEVELS, Change, Observed, Review
from . import common
from .common import Options

_GAP = "\u200b"
"""Zero width. GitHub looks for mentions and references in the page that Markdown became, where an escape is gone."""

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
    folded: bool = False
    """Whether a reader has to open it."""

    def text(self, count: int) -> str:
        """The section with as many of its entries as there is room for."""
        entries = "".join(self.entries[:count])
        if not entries:
            return ""
        title = f"{self.title} ({len(self.entries)})"
        if self.folded:
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
    sections = _sections(review, options)
    head = "".join(_head(review))

    def page(kept: int) -> str:
        return _page(head, sections, kept)

    def size(kept: int) -> int:
        return len(page(kept).encode())

    total = sum(len(section.entries) for section in sections)
    if size(total) <= options.max_bytes:
        return page(total)
    return page(max(bisect.bisect_right(range(total), options.max_bytes, key=size) - 1, 0))


def _page(head: str, sections: Sequence[_Section], kept: int) -> str:
    """The first entries of all that there are, and how many are left out."""
    parts = [head]
    missing: list[str] = []
    for section in sections:
        total = len(section.entries)
        count = min(kept, total)
        kept -= count
        parts.append(section.text(count))
        missing += [f"{total - count} of {common.plural(total, section.noun)}"] if count < total else []
    if missing:
        parts.append(f"**Left out for want of room:** {', '.join(missing)}. `--format html` shows everything.\n")
    return "".join(parts).rstrip("\n") + "\n"


def _head(review: Review) -> Iterator[str]:
    yield "## Drift review\n\n"
    yield "| Layer | Verdict |\n| --- | --- |\n"
    for layer, word in common.verdicts(review):
        yield f"| {layer} | {f'**{word}**' if word in ('breaking', 'broken', 'contradicted') else word} |\n"
    yield f"\n**Suggested bump:** {review.suggested_bump}\n\n"
    yield f"- old: {code_span(review.old.source)}, version {code_span(review.old.version)}\n"
    yield f"- new: {code_span(review.new.source)}, version {code_span(review.new.version)}\n\n"
    yield f"{common.tally(change for change in review.changes if change.layer != 'docs').capitalize()}"
    docs = [change for change in review.changes if change.layer == "docs"]
    if docs:
        counts = ", ".join(f"{code_span(rule)} {count}" for rule, count in common.rules(docs))
        yield f"; {common.plural(len(docs), 'change')} in prose: {counts}"
    yield ".\n\n"
    if review.observed is not None:
        yield f"Production showed: {common.tally_facts(review.observed)}.\n\n"


def _sections(review: Review, options: Options) -> tuple[_Section, ...]:
    """From what must be read to what may be left out."""
    code = [change for change in review.changes if change.layer != "docs"]
    levels = {level: [change for change in code if change.level == level and not change.accepted] for level in LEVELS}
    accepted = [change for change in code if change.accepted]
    docs = [change for change in review.changes if change.layer == "docs" and options.docs]

    def entries(changes: Sequence[Change]) -> tuple[str, ...]:
        return tuple(_entry(review, change) for change in changes)

    return (
        _Section("Errors", entries(levels["error"]), "error"),
        _Section("Warnings", entries(levels["warning"]), "warning"),
        _Section("Notes", tuple(f"- {_text(note)}\n" for note in review.notes), "note"),
        _Section("Observed", tuple(_fact(review, fact) for fact in review.observed or ()), "observed fact"),
        _Section("Accepted", entries(accepted), "accepted change", folded=True),
        _Section("Infos", entries(levels["info"]), "info", folded=True),
        _Section("Prose", entries(docs), "change in prose", folded=True),
    )


def _entry(review: Review, change: Change) -> str:
    lines = [f"- **{change.layer}** {code_span(change.id)}: {_text(change.message)}"]
    where = " → ".join(map(code_span, common.places(review, change)))
    lines += [f"  - {where}"] if where else []
    lines += [f"  - operations: {_listed(change.operations)}"] if change.operations else []
    lines += [f"  - such as: {'; '.join(map(_text, change.members[:3]))}"] if change.members else []
    lines += [f"  - symbols: {_listed(change.symbols)}"] if change.symbols else []
    lines += [f"  - breaks {code_span(file)}" for file in change.files]
    lines += [f"  - {code_span(change.code)}"] if change.code else []
    lines += [f"  - write {code_span(change.instead)}"] if change.instead else []
    lines += [f"  - because of {_text(cause)}" for cause in common.reasons(review, change)]
    lines += [f"  - {_text(common.acceptance(change.accepted))}"] if change.accepted else []
    note = common.format_sightings(review, change)
    lines += [f"  - {_text(note)}"] if note else []
    lines += (
        [f"  - fingerprint {code_span(change.fingerprint)}"] if change.level != "info" and change.fingerprint else []
    )
    return "".join(f"{line}\n" for line in lines)


def _fact(review: Review, fact: Observed) -> str:
    lines = [f"- **{fact.agreement}** {code_span(fact.kind)}: {_text(fact.message)}"]
    lines.append(f"  - {code_span(common.format_fact_place(fact))}")
    where = " → ".join(map(code_span, common.places(review, fact)))
    lines += [f"  - {where}"] if where else []
    lines += [f"  - {_text(line)}" for line in common.list_fact_lines(fact)]
    return "".join(f"{line}\n" for line in lines)


def _listed(words: Sequence[str]) -> str:
    shown, rest = common.folded(words)
    return " ".join(filter(None, (", ".join(map(code_span, shown)), rest)))


def _text(text: str) -> str:
    """Prose that stays what it is, whatever it holds, with what stands between backticks as code."""
    return "".join(code_span(part) if is_code else _escaped(part) for part, is_code in common.quoted(text))


def _escaped(text: str) -> str:
    return _MARKUP.sub(
        lambda found: found[0] if found[0] in _HARMLESS else f"&#{ord(found[0])};", _LINKS.sub(_GAP, text)
    )


def code_span(text: str) -> str:
    """Return a code span that no text ends; GitHub links nothing in there."""
    text = common.printable(text) or "-"
    fence = "`" * (1 + max(map(len, re.findall(r"`+", text)), default=0))
    pad = " " if "`" in (text[:1], text[-1:]) else ""
    return f"{fence}{pad}{text}{pad}{fence}"
