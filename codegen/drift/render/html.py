"""Renders a review as one HTML page that needs neither a server nor a network."""

from __future__ import annotations

import base64
import difflib
import functools
import hashlib
import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path

import attrs
from markupsafe import Markup

from ...spec import Json
from ..report import LAYERS, LEVELS, Change, Level, Location, Review, Source
from . import common
from .common import Options

_HERE = Path(__file__).parent

_CONTEXT = 1
"""Lines shown before and after the place of a change, as context."""

_MAX_LINE_LENGTH = 160
"""Characters of a line that are shown; more only in pieces."""

_MAX_CHANGED_LINES = 6
"""Lines shown of those that a change is about."""

_MAX_COMPARED_LINES = 400
"""Lines that are compared at most, as the time for that grows with their square."""

_MAX_VALUE_LINES = 12
"""Lines shown of a value before or after."""

_MAX_UNFOLDED_CHANGES = 3
"""Changes of one rule up to which each is shown at once."""

_MAX_EXCERPTS = 60
"""Changes of a review that show their lines; those after them name their place only."""

_MAX_OPERATIONS = 60
"""Operations that the overview lists."""

_MAX_SHORT_VALUE = 80
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
    common.OBSERVED: "What responses showed",
}


@attrs.frozen
class _Pane:
    """One side of an excerpt."""

    side: str
    where: str = ""
    """`source:line:column`; "" when no lines are shown on this side."""
    rows: tuple[tuple[int, str, str], ...] = ()
    """Number, sign and text of each line; the sign is `-` or `+` for a line that changed, else a space."""
    skipped: int = 0
    """Lines left out before the first one shown."""
    more: int = 0
    """Lines left out after the last one shown."""
    file: str = ""
    """Another file of the spec that the place is in, of which no lines are shown."""


def render(review: Review, _options: Options) -> str:
    """Show a review as a page.

    Args:
        review: What to show.

    Returns:
        HTML that loads nothing and runs no script but its own.
    """
    style, script = (_read_asset(name) for name in ("page.css", "page.js"))
    if review.observed is not None:
        style += _FIVE_COLUMNS
    numbered = list(enumerate(review.changes, 1))
    environment = common.build_environment(prose=_render_prose, plain=common.format_line, code=_render_code)
    page = environment.get_template("page.html.jinja").render(
        review=review,
        policy=_build_policy(style, script),
        style=style,
        script=script,
        verdicts=list(common.iterate_verdicts(review)),
        layers=[
            (layer, [(number, change) for number, change in numbered if change.layer == layer]) for layer in LAYERS
        ],
        overview=_build_overview(review),
        levels=[(level, sum(change.level == level for change in review.changes)) for level in LEVELS],
        hints=_HINTS,
        tones=common.TONES,
        max_unfolded=_MAX_UNFOLDED_CHANGES,
        numbers={change.fingerprint: (number, change.message) for number, change in numbered if change.fingerprint},
        build_groups=_build_groups,
        build_panes=functools.partial(_build_panes, review),
        format_value=_format_value,
        common=common,
    )
    head, _, body = page.partition("</style>")
    return "</style>".join((head, re.sub(r">\s*\n\s*<", "><", body)))


def _build_groups(entries: Sequence[tuple[int, Change]]) -> list[tuple[Level, str, list[tuple[int, Change]]]]:
    """Group changes that one rule found and that stand next to each other."""
    groups = groupby(entries, lambda entry: (entry[1].level, entry[1].id))
    return [(level, rule, list(members)) for (level, rule), members in groups]


def _build_overview(review: Review) -> tuple[list[tuple[str, Counter[Level]]], int]:
    """List the operations with the most changes and their counts by level; count the operations left out."""
    counts: dict[str, Counter[Level]] = {}
    for change in review.changes:
        for operation in change.operations if change.layer != "docs" else ():
            counts.setdefault(operation, Counter())[change.level] += 1
    ordered = sorted(counts.items(), key=lambda item: tuple(-item[1][level] for level in LEVELS))
    return ordered[:_MAX_OPERATIONS], max(len(ordered) - _MAX_OPERATIONS, 0)


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


def _format_value(value: Json) -> str:
    if value is None:
        return "nothing"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    if not isinstance(value, str) and len(text) > _MAX_SHORT_VALUE:
        text = json.dumps(value, indent=2, ensure_ascii=False, default=str)
    lines = text.split("\n")
    rest = len(lines) - _MAX_VALUE_LINES
    return "\n".join([*lines[:_MAX_VALUE_LINES], f"… {common.pluralize(rest, 'more line')}"] if rest > 0 else lines)


def _build_panes(review: Review, number: int, change: Change) -> list[_Pane]:
    """Build the excerpts of both specs, without their common margin; none for prose."""
    if change.layer == "docs" or number > _MAX_EXCERPTS:
        return []
    old, new = _get_range(review.old, change.old), _get_range(review.new, change.new)
    if not old and not new:
        return []
    before, after = _find_differences(review.old.lines, old, review.new.lines, new)
    panes = (
        _build_pane("Old", "-", review.old, change.old, old, before),
        _build_pane("New", "+", review.new, change.new, new, after),
    )
    texts = [text for pane in panes for _, _, text in pane.rows if text.strip()]
    margin = min((len(text) - len(text.lstrip(" ")) for text in texts), default=0)
    return [
        attrs.evolve(pane, rows=tuple((line, sign, text[margin:]) for line, sign, text in pane.rows)) for pane in panes
    ]


def _get_range(source: Source, place: Location | None) -> range:
    """Return the indexes of the lines that a change is about."""
    if place is None or place.file:
        return range(0)
    return range(place.line - 1, min(place.end_line, len(source.lines)))


def _find_differences(
    old_lines: Sequence[str], old: range, new_lines: Sequence[str], new: range
) -> tuple[set[int], set[int]]:
    """Find the lines that differ between the two sides; all of a side if the other one is empty."""
    before, after = set(old), set(new)
    if old and new and len(old) <= _MAX_COMPARED_LINES and len(new) <= _MAX_COMPARED_LINES:
        ours, theirs = [old_lines[index].strip() for index in old], [new_lines[index].strip() for index in new]
        matcher = difflib.SequenceMatcher(None, ours, theirs, autojunk=False)
        for block in matcher.get_matching_blocks():
            before -= set(old[block.a : block.a + block.size])
            after -= set(new[block.b : block.b + block.size])
    return before, after


def _crop_line(line: str, column: int) -> str:
    """Crop a line around a column if it is long: specs can hold an operation in one line."""
    if len(line) <= _MAX_LINE_LENGTH:
        return line
    start = max(column - 1 - _MAX_LINE_LENGTH // 4, 0)
    end = start + _MAX_LINE_LENGTH
    return f"{'… ' if start else ''}{line[start:end]}{' …' if end < len(line) else ''}"


def _build_pane(
    side: str, sign: str, source: Source, place: Location | None, lines: range, differing: set[int]
) -> _Pane:
    if place is None or not lines:
        return _Pane(side, file=place.file if place else "")
    first = min(differing, default=lines.start)
    # A long range starts where something differs, if that would be out of sight otherwise.
    start = lines.start if first < lines.start + _MAX_CHANGED_LINES else first - 1
    end = min(start + _MAX_CHANGED_LINES, lines.stop)
    shown = range(
        max(start - _CONTEXT, 0) if start == lines.start else start,
        min(end + _CONTEXT, len(source.lines)) if end == lines.stop else end,
    )
    rows = []
    for index in shown:
        text = _crop_line(source.lines[index], place.column if index == place.line - 1 else 1)
        rows.append((index + 1, sign if index in differing else " ", common.escape_controls(text)))
    where = f"{common.format_line(source.source)}:{place.line}:{place.column}"
    return _Pane(side, where, tuple(rows), skipped=start - lines.start, more=lines.stop - end)
