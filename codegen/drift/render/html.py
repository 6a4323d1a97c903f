"""For a browser: one page that needs nothing else, neither a server nor a network."""

from __future__ import annotations

import base64
import difflib
import hashlib
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path

import attrs
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from ...spec import Json
from ..report import LAYERS, LEVELS, Change, Layer, Level, Location, Observed, Review, Source
from . import common
from .common import Options

_HERE = Path(__file__).parent

_CONTEXT = 1
"""Lines shown before and after those that a change is about."""

_WIDE = 160
"""Characters of a line that are shown; more only in pieces."""

_MOST = 6
"""Lines shown of those that a change is about."""

_COMPARED = 400
"""Lines that are compared at most, as the time for that grows with their square."""

_VALUE = 12
"""Lines shown of a value before or after."""

_FEW = 3
"""Changes of one rule up to which each is shown at once."""

_MANY = 60
"""Changes of a review that show their lines; those after them name their place only."""

_OPERATIONS = 60
"""Operations that the overview lists."""

_SHORT = 80
"""Characters up to which a value stands on one line."""

_FIVE_COLUMNS = Markup(
    "@media (min-width: 56rem), print { .verdicts { grid-template-columns: repeat(5, minmax(0, 1fr)); } }\n"
)
"""Style of a page with a verdict more."""

_HINTS: Mapping[str, str] = {
    "wire": "Requests and responses",
    "python": "The generated package",
    "generator": "What the generator cannot express",
    "overlay": "Hand-written code",
    "docs": "Summaries and descriptions",
    common.OBSERVED: "What production showed",
}

_TONES: Mapping[str, str] = {
    "error": "bad",
    "breaking": "bad",
    "broken": "bad",
    "major": "bad",
    "warning": "warn",
    "info": "note",
    "additive": "note",
    "changed": "note",
    "minor": "note",
    "compatible": "good",
    "patch": "good",
    "ok": "good",
    "contradicted": "bad",
    "unexplained": "warn",
    "explained": "good",
    "none": "good",
    common.NOT_LOOKED_AT: "off",
}
"""The colour and the icon of a word."""


@attrs.frozen
class _Row:
    """A line of an excerpt."""

    number: int
    sign: str
    """`-` or `+` for a line that changed, else a space."""
    text: str


@attrs.frozen
class _Pane:
    """One side of an excerpt."""

    side: str
    where: str
    """`source:line:column`; "" when there is nothing on this side."""
    rows: tuple[_Row, ...] = ()
    skipped: int = 0
    """Lines left out before the first that changed."""
    more: int = 0
    """Lines left out after the last one shown."""


@attrs.frozen
class _Card:
    """A change as the page lays it out."""

    number: int
    change: Change
    places: tuple[str, ...]
    values: tuple[tuple[str, str], ...]
    panes: tuple[_Pane, ...]
    causes: tuple[tuple[int, str], ...]
    """The number and the message of each change that led to it."""
    observed: str
    """How often and when production showed it, "" if it did not."""


@attrs.frozen
class _Group:
    """Changes that one rule found, next to each other."""

    level: Level
    rule: str
    cards: tuple[_Card, ...]

    @property
    def is_folded(self) -> bool:
        """Whether a reader has to open it."""
        return len(self.cards) > _FEW


@attrs.frozen
class _Operation:
    """A line of the overview."""

    name: str
    counts: tuple[tuple[Level, int], ...]


def render(review: Review, _options: Options) -> str:
    """Show a review as a page.

    Args:
        review: What to show.

    Returns:
        HTML that loads nothing and runs no script but its own.
    """
    environment = Environment(
        loader=FileSystemLoader(_HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"prose": _prose, "plain": common.printable, "code": _code}
    style, script = (_asset(name) for name in ("page.css", "page.js"))
    if review.observed is not None:
        style += _FIVE_COLUMNS
    page = environment.get_template("page.html.jinja").render(
        review=review,
        policy=_policy(style, script),
        style=style,
        script=script,
        verdicts=list(common.verdicts(review)),
        layers=_layers(review),
        overview=_overview(review),
        levels=[(level, sum(change.level == level for change in review.changes)) for level in LEVELS],
        hints=_HINTS,
        tones=_TONES,
        tally=common.tally(review.changes),
        plural=common.plural,
        observed=_facts(review),
    )
    head, _, body = page.partition("</style>")
    return "</style>".join((head, re.sub(r">\s*\n\s*<", "><", body)))


def _layers(review: Review) -> list[tuple[Layer, int, list[_Group]]]:
    """Each layer with the number of its changes and its groups; changes are numbered through all layers."""
    numbered = list(enumerate(review.changes, 1))
    known = {change.fingerprint: (number, change.message) for number, change in numbered if change.fingerprint}
    layers = []
    for layer in LAYERS:
        cards = [
            _Card(
                number,
                change,
                places=common.places(review, change),
                values=tuple(_values(change)),
                panes=_panes(review, change, number),
                causes=tuple(known[cause] for cause in change.causes if cause in known),
                observed=common.format_sightings(review, change),
            )
            for number, change in numbered
            if change.layer == layer
        ]
        groups = [
            _Group(level, rule, tuple(group))
            for (level, rule), group in groupby(cards, lambda card: (card.change.level, card.change.id))
        ]
        layers.append((layer, len(cards), groups))
    return layers


def _facts(review: Review) -> list[tuple[Observed, str, tuple[str, ...], list[str], list[tuple[int, str]]]]:
    """Each observed fact with where it was seen, its places in the specs, what to say of it, and the changes."""
    numbered = {change.fingerprint: (number, change.message) for number, change in enumerate(review.changes, 1)}
    return [
        (
            fact,
            common.format_fact_place(fact),
            common.places(review, fact),
            common.list_fact_lines(fact),
            [numbered[change] for change in fact.changes],
        )
        for fact in review.observed or ()
    ]


def _overview(review: Review) -> tuple[list[_Operation], int]:
    """The operations with the most changes and how many there are of each level; how many operations are left out."""
    counts: dict[str, Counter[Level]] = {}
    for change in review.changes:
        for operation in change.operations if change.layer != "docs" else ():
            counts.setdefault(operation, Counter())[change.level] += 1
    ordered = sorted(counts.items(), key=lambda item: tuple(-item[1][level] for level in LEVELS))
    operations = [
        _Operation(name, tuple((level, count[level]) for level in LEVELS)) for name, count in ordered[:_OPERATIONS]
    ]
    return operations, max(len(ordered) - _OPERATIONS, 0)


def _asset(name: str) -> Markup:
    """One of our own files, which goes into the page as it is."""
    return Markup((_HERE / name).read_text("utf-8"))  # noqa: S704 - no part of it comes from a spec


def _policy(style: str, script: str) -> str:
    """Forbid the page everything but its one style and its one script."""
    return (
        f"default-src 'none'; style-src '{_hash(style)}'; script-src '{_hash(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )


def _hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _prose(text: str) -> Markup:
    """A sentence, with what stands between backticks as code."""
    return Markup().join(
        Markup("<code>{}</code>").format(part) if is_code else part for part, is_code in common.quoted(text)
    )


def _code(text: str) -> str:
    """Lines as they are, with what would act on the page spelled out."""
    return "\n".join(map(common.visible, text.split("\n")))


def _values(change: Change) -> Iterator[tuple[str, str]]:
    """What to show as the value before and after, where there is one."""
    if change.before is None and change.after is None:
        return
    for title, value in (("Before", change.before), ("After", change.after)):
        yield title, _value(value)


def _value(value: Json) -> str:
    if value is None:
        return "nothing"
    text = value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False, default=str)
    if not isinstance(value, str) and len(short := json.dumps(value, ensure_ascii=False, default=str)) <= _SHORT:
        text = short
    lines = text.split("\n")
    rest = len(lines) - _VALUE
    return "\n".join([*lines[:_VALUE], f"… {common.plural(rest, 'more line')}"] if rest > 0 else lines)


def _panes(review: Review, change: Change, number: int) -> tuple[_Pane, ...]:
    """The lines in both specs, without the margin that all have; none for prose."""
    if change.layer == "docs" or number > _MANY:
        return ()
    old, new = _range(review.old, change.old), _range(review.new, change.new)
    if not old and not new:
        return ()
    before, after = _marked(review.old.lines, old, review.new.lines, new)
    panes = (
        _pane("Old", "-", review.old, change.old, old, before),
        _pane("New", "+", review.new, change.new, new, after),
    )
    texts = [row.text for pane in panes for row in pane.rows if row.text.strip()]
    margin = min((len(text) - len(text.lstrip(" ")) for text in texts), default=0)
    return tuple(
        attrs.evolve(pane, rows=tuple(attrs.evolve(row, text=row.text[margin:]) for row in pane.rows)) for pane in panes
    )


def _range(source: Source, place: Location | None) -> range:
    """The indexes of the lines that a change is about."""
    if place is None or place.file:
        return range(0)
    return range(place.line - 1, min(place.end_line, len(source.lines)))


def _marked(
    old_lines: Sequence[str], old: range, new_lines: Sequence[str], new: range
) -> tuple[frozenset[int], frozenset[int]]:
    """Which of these lines differ between the two sides; all of a side that the other has not."""
    if old and new and len(old) <= _COMPARED and len(new) <= _COMPARED:
        before, after = (
            [lines[index].strip() for index in part] for lines, part in ((old_lines, old), (new_lines, new))
        )
        codes = difflib.SequenceMatcher(None, before, after, autojunk=False).get_opcodes()
        differing = [code for code in codes if code[0] != "equal"]
        return (
            frozenset(old[index] for _, start, end, _, _ in differing for index in range(start, end)),
            frozenset(new[index] for _, _, _, start, end in differing for index in range(start, end)),
        )
    return frozenset(old), frozenset(new)


def _cropped(line: str, column: int) -> str:
    """A line as it is, or what stands around a column of it: specs can hold an operation in one line."""
    if len(line) <= _WIDE:
        return line
    start = max(column - 1 - _WIDE // 4, 0)
    end = start + _WIDE
    return f"{'… ' if start else ''}{line[start:end]}{' …' if end < len(line) else ''}"


def _pane(side: str, sign: str, source: Source, place: Location | None, lines: range, marked: frozenset[int]) -> _Pane:
    if place is None or not lines:
        return _Pane(side, "")
    first = min(marked, default=lines.start)
    # A long range starts where something differs, if that would be out of sight otherwise.
    start = lines.start if first < lines.start + _MOST else first - 1
    end = min(start + _MOST, lines.stop)

    def shown(index: int) -> str:
        column = place.column if index == place.line - 1 else 1
        return common.visible(_cropped(source.lines[index], column))

    def rows(part: range) -> tuple[_Row, ...]:
        return tuple(_Row(index + 1, sign if index in marked else " ", shown(index)) for index in part)

    before = range(max(lines.start - _CONTEXT, 0), lines.start) if start == lines.start else range(0)
    after = range(end, min(end + _CONTEXT, len(source.lines))) if end == lines.stop else range(0)
    return _Pane(
        side,
        f"{common.printable(source.source)}:{place.line}:{place.column}",
        rows=(*rows(before), *rows(range(start, end)), *rows(after)),
        skipped=start - lines.start,
        more=lines.stop - end,
    )
