"""Renders a review as workflow commands, from which GitHub makes annotations."""

from __future__ import annotations

from collections.abc import Mapping

from ..report import Agreement, Change, Level, ObservedFact, Review
from . import common
from .common import Options

_COMMANDS: Mapping[Level | Agreement, str] = {
    "error": "error",
    "warning": "warning",
    "info": "notice",
    "contradicted": "error",
    "unexplained": "warning",
    "explained": "notice",
}


def render(review: Review, _: Options) -> str:
    """Show a review as workflow commands.

    Args:
        review: What to show.

    Returns:
        One command a line: the verdicts, then one for each change and, for hand-written code that breaks, for each
        of its lines. What was accepted is a notice; what changed in prose is one notice altogether.
    """
    environment = common.build_environment(
        plain=common.format_line, words=common.format_words, data=_escape_data, property=_escape_property
    )
    return environment.get_template("page.github.jinja").render(
        review=review,
        common=common,
        commands=_COMMANDS,
        find_places=_find_places,
        find_spec_place=_find_spec_place,
    )


def _find_places(review: Review, change: Change) -> list[dict[str, str]]:
    """Find the places that annotations of a change point at: hand-written lines, or else a place in a spec."""
    if change.files:
        files = map(common.escape_controls, change.files)
        return [dict(zip(("file", "line", "col"), file.rsplit(":", 2), strict=False)) for file in files]
    return _find_spec_place(review, change)


def _find_spec_place(review: Review, entry: Change | ObservedFact) -> list[dict[str, str]]:
    for source, place in ((review.new, entry.new), (review.old, entry.old)):
        if place is not None:
            path = common.escape_controls(place.file or common.get_path(source))
            return [{"file": path, "line": str(place.line), "col": str(place.column)}] if path else []
    return []


def _escape_data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _escape_property(text: str) -> str:
    return _escape_data(text).replace(":", "%3A").replace(",", "%2C")
