"""Renders a review as workflow commands, from which GitHub makes annotations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ..report import Agreement, Change, Level, ObservedFact, Review
from . import common
from .common import Options

_COMMANDS: Mapping[Level, str] = {"error": "error", "warning": "warning", "info": "notice"}
_FACT_COMMANDS: Mapping[Agreement, str] = {"contradicted": "error", "unexplained": "warning", "explained": "notice"}
_TITLE = "Drift review"


def render(review: Review, _: Options) -> str:
    """Show a review as workflow commands.

    Args:
        review: What to show.

    Returns:
        One command a line: the verdicts, then one for each change and, for hand-written code that breaks, for each
        of its lines. What was accepted is a notice; what changed in prose is one notice altogether.
    """
    return "".join(f"{command}\n" for command in _iterate_commands(review))


def _iterate_commands(review: Review) -> Iterator[str]:
    verdicts = ", ".join(f"{layer}: {word}" for layer, word in common.iterate_verdicts(review))
    yield _format_command("notice", {"title": _TITLE}, f"{verdicts}; suggested bump: {review.suggested_bump}")
    if not review.changes:
        yield _format_command("notice", {"title": _TITLE}, common.NO_CHANGES)
    for change in review.changes:
        if change.layer != "docs":
            yield from _iterate_annotations(review, change)
    docs = [change for change in review.changes if change.layer == "docs"]
    if docs:
        counts = ", ".join(f"{common.format_line(rule)} {count}" for rule, count in common.count_rules(docs))
        yield _format_command(
            "notice", {"title": _TITLE}, f"{common.pluralize(len(docs), 'change')} in prose: {counts}"
        )
    for fact in review.observed or ():
        yield _format_fact(review, fact)
    for note in review.notes:
        yield _format_command("notice", {"title": _TITLE}, common.format_line(note))


def _iterate_annotations(review: Review, change: Change) -> Iterator[str]:
    lines = [common.format_line(change.message)]
    lines += [f"operations: {common.format_words(change.operations)}"] if change.operations else []
    lines += [f"symbols: {common.format_words(change.symbols)}"] if change.symbols else []
    lines += [f"line: {common.format_line(change.code)}"] if change.code else []
    lines += [f"write {common.format_line(change.instead)}"] if change.instead else []
    lines += [f"because of {common.format_line(cause)}" for cause in common.list_reasons(review, change)]
    lines += common.list_remarks(review, change)
    command = "notice" if change.accepted else _COMMANDS[change.level]
    title = {"title": common.format_line(f"{change.layer}: {change.id}")}
    for where in _find_places(review, change) or [{}]:
        yield _format_command(command, where | title, "\n".join(lines))


def _format_fact(review: Review, fact: ObservedFact) -> str:
    lines = [f"{fact.message} in {common.format_fact_place(fact)}", *common.list_fact_lines(fact)]
    where = next(iter(_find_spec_place(review, fact)), {})
    title = {"title": f"{common.OBSERVED}: {fact.agreement}"}
    return _format_command(_FACT_COMMANDS[fact.agreement], where | title, "\n".join(map(common.format_line, lines)))


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


def _format_command(name: str, properties: Mapping[str, str], message: str) -> str:
    words = ",".join(f"{key}={_escape_property(value)}" for key, value in properties.items())
    return f"::{name} {words}::{_escape_data(message)}"


def _escape_data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _escape_property(text: str) -> str:
    return _escape_data(text).replace(":", "%3A").replace(",", "%2C")
