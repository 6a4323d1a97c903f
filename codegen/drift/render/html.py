"""Renders a review as one HTML page that needs neither a server nor a network."""

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
from ..report import LAYERS, LEVELS, Change, Layer, Level, Location, ObservedFact, Review, Source
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
    environment.filters |= {"prose": _render_prose, "plain": common.format_line, "code": _render_code}
    style, script = (_read_asset(name) for name in ("page.css", "page.js"))
    if review.observed is not None:
        style += _FIVE_COLUMNS
    page = environment.get_template("page.html.jinja").render(
        review=review,
        policy=_build_policy(style, script),
        style=style,
        script=script,
        verdicts=list(common.iterate_verdicts(review)),
        layers=_build_layers(review),
        overview=_build_overview(review),
        levels=[(level, sum(change.level == level for change in review.changes)) for level in LEVELS],
        hints=_HINTS,
        tones=_TONES,
        tally=common.tally(review.changes),
        plural=common.pluralize,
        observed=_build_facts(review),
    )
    head, _, body = page.partition("</style>")
    return "</style>".join((head, re.sub(r">\s*\n\s*<", "><", body)))


def _build_layers(review: Review) -> list[tuple[Layer, int, list[_Group]]]:
    """Build each layer with the number of its changes and its groups; numbers of changes run through all layers."""
    numbered = list(enumerate(review.changes, 1))
    numbers = {change.fingerprint: (number, change.message) for number, change in numbered if change.fingerprint}
    layers = []
    for layer in LAYERS:
        cards = [
            _Card(
                number,
                change,
                places=common.format_places(review, change),
                values=tuple(_iterate_values(change)),
                panes=_build_panes(review, change, number),
                causes=tuple(numbers[cause] for cause in change.causes if cause in numbers),
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


def _build_facts(review: Review) -> list[tuple[ObservedFact, str, tuple[str, ...], list[str], list[tuple[int, str]]]]:
    """Build a row for each observed fact: where it was seen, its places in the specs, text lines, and the changes."""
    numbered = {change.fingerprint: (number, change.message) for number, change in enumerate(review.changes, 1)}
    return [
        (
            fact,
            common.format_fact_place(fact),
            common.format_places(review, fact),
            common.list_fact_lines(fact),
            [numbered[change] for change in fact.changes],
        )
        for fact in review.observed or ()
    ]


def _build_overview(review: Review) -> tuple[list[_Operation], int]:
    """List the operations with the most changes and their counts by level; count the operations left out."""
    counts: dict[str, Counter[Level]] = {}
    for change in review.changes:
        for operation in change.operations if change.layer != "docs" else ():
            counts.setdefault(operation, Counter())[change.level] += 1
    ordered = sorted(counts.items(), key=lambda item: tuple(-item[1][level] for level in LEVELS))
    operations = [
        _Operation(name, tuple((level, count[level]) for level in LEVELS)) for name, count in ordered[:_OPERATIONS]
    ]
    return operations, max(len(ordered) - _OPERATIONS, 0)


def _read_asset(name: str) -> Markup:
    """Read one of our own files, which is put into the page unchanged."""
    return Markup((_HERE / name).read_text("utf-8"))  # noqa: S704 - no part of it comes from a spec


def _build_policy(style: str, script: str) -> str:
    """Forbid the page everything but its one style and its one script."""
    return (
        f"default-src 'none'; style-src '{_compute_hash(style)}'; script-src '{_compute_hash(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )


def _compute_hash(text: str) -> str:
    return f"sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}"


def _render_prose(text: str) -> Markup:
    """Render a sentence; text between backticks becomes code."""
    return Markup().join(
        Markup("<code>{}</code>").format(part) if is_code else part for part, is_code in common.split_code(text)
    )


def _render_code(text: str) -> str:
    """Escape control characters in each line of a code block."""
    return "\n".join(map(common.escape_controls, text.split("\n")))


def _iterate_values(change: Change) -> Iterator[tuple[str, str]]:
    """Yield the title and the text of the value before and after, if there are values."""
    if change.before is None and change.after is None:
        return
    for title, value in (("Before", change.before), ("After", change.after)):
        yield title, _format_value(value)


def _format_value(value: Json) -> str:
    if value is None:
        return "nothing"
    text = value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False, default=str)
    if not isinstance(value, str) and len(short := json.dumps(value, ensure_ascii=False, default=str)) <= _SHORT:
        text = short
    lines = text.split("\n")
    rest = len(lines) - _VALUE
    return "\n".join([*lines[:_VALUE], f"… {common.pluralize(rest, 'more line')}"] if rest > 0 else lines)


def _build_panes(review: Review, change: Change, number: int) -> tuple[_Pane, ...]:
    """Build the excerpts of both specs, without their common margin; none for prose."""
    if change.layer == "docs" or number > _MANY:
        return ()
    old, new = _get_range(review.old, change.old), _get_range(review.new, change.new)
    if not old and not new:
        return ()
    before, after = _find_differences(review.old.lines, old, review.new.lines, new)
    panes = (
        _build_pane("Old", "-", review.old, change.old, old, before),
        _build_pane("New", "+", review.new, change.new, new, after),
    )
    texts = [row.text for pane in panes for row in pane.rows if row.text.strip()]
    margin = min((len(text) - len(text.lstrip(" ")) for text in texts), default=0)
    return tuple(
        attrs.evolve(pane, rows=tuple(attrs.evolve(row, text=row.text[margin:]) for row in pane.rows)) for pane in panes
    )


def _get_range(source: Source, place: Location | None) -> range:
    """Return the indexes of the lines that a change is about."""
    if place is None or place.file:
        return range(0)
    return range(place.line - 1, min(place.end_line, len(source.lines)))


def _find_differences(
    old_lines: Sequence[str], old: range, new_lines: Sequence[str], new: range
) -> tuple[frozenset[int], frozenset[int]]:
    """Find the lines that differ between the two sides; all of a side if the other one is empty."""
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


def _crop_line(line: str, column: int) -> str:
    """Crop a line around a column if it is long: specs can hold an operation in one line."""
    if len(line) <= _WIDE:
        return line
    start = max(column - 1 - _WIDE // 4, 0)
    end = start + _WIDE
    return f"{'… ' if start else ''}{line[start:end]}{' …' if end < len(line) else ''}"


def _build_pane(
    side: str, sign: str, source: Source, place: Location | None, lines: range, differing: frozenset[int]
) -> _Pane:
    if place is None or not lines:
        return _Pane(side, "")
    first = min(differing, default=lines.start)
    # A long range starts where something differs, if that would be out of sight otherwise.
    start = lines.start if first < lines.start + _MOST else first - 1
    end = min(start + _MOST, lines.stop)

    def format_row(index: int) -> str:
        column = place.column if index == place.line - 1 else 1
        return common.escape_controls(_crop_line(source.lines[index], column))

    def build_rows(part: range) -> tuple[_Row, ...]:
        return tuple(_Row(index + 1, sign if index in differing else " ", format_row(index)) for index in part)

    before = range(max(lines.start - _CONTEXT, 0), lines.start) if start == lines.start else range(0)
    after = range(end, min(end + _CONTEXT, len(source.lines))) if end == lines.stop else range(0)
    return _Pane(
        side,
        f"{common.format_line(source.source)}:{place.line}:{place.column}",
        rows=(*build_rows(before), *build_rows(range(start, end)), *build_rows(after)),
        skipped=start - lines.start,
        more=lines.stop - end,
    )
