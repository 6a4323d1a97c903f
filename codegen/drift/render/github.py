"""For a workflow's log: the commands from which GitHub makes annotations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from ..report import Agreement, Change, Level, Observed, Review
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
    return "".join(f"{command}\n" for command in _commands(review))


def _commands(review: Review) -> Iterator[str]:
    verdicts = ", ".join(f"{layer}: {word}" for layer, word in common.verdicts(review))
    yield _command("notice", {"title": _TITLE}, f"{verdicts}; suggested bump: {review.suggested_bump}")
    if not review.changes:
        yield _command("notice", {"title": _TITLE}, common.NO_CHANGES)
    for change in review.changes:
        if change.layer != "docs":
            yield from _annotations(review, change)
    docs = [change for change in review.changes if change.layer == "docs"]
    if docs:
        counts = ", ".join(f"{common.printable(rule)} {count}" for rule, count in common.rules(docs))
        yield _command("notice", {"title": _TITLE}, f"{common.plural(len(docs), 'change')} in prose: {counts}")
    for fact in review.observed or ():
        yield _fact(review, fact)
    for note in review.notes:
        yield _command("notice", {"title": _TITLE}, common.printable(note))


def _annotations(review: Review, change: Change) -> Iterator[str]:
    lines = [common.printable(change.message)]
    lines += [f"operations: {common.listed(change.operations)}"] if change.operations else []
    lines += [f"symbols: {common.listed(change.symbols)}"] if change.symbols else []
    lines += [f"line: {common.printable(change.code)}"] if change.code else []
    lines += [f"write {common.printable(change.instead)}"] if change.instead else []
    lines += [f"because of {common.printable(cause)}" for cause in common.reasons(review, change)]
    lines += filter(None, [common.format_sightings(review, change)])
    lines += [common.acceptance(change.accepted)] if change.accepted else []
    command = "notice" if change.accepted else _COMMANDS[change.level]
    title = {"title": common.printable(f"{change.layer}: {change.id}")}
    for where in _where(review, change) or [{}]:
        yield _command(command, where | title, "\n".join(lines))


def _fact(review: Review, fact: Observed) -> str:
    lines = [f"{fact.message} in {common.format_fact_place(fact)}", *common.list_fact_lines(fact)]
    where = next(iter(_spec_place(review, fact)), {})
    title = {"title": f"{common.OBSERVED}: {fact.agreement}"}
    return _command(_FACT_COMMANDS[fact.agreement], where | title, "\n".join(map(common.printable, lines)))


def _where(review: Review, change: Change) -> list[dict[str, str]]:
    """What annotations of a change point at: the hand-written lines, or else a place in a spec."""
    if change.files:
        files = map(common.visible, change.files)
        return [dict(zip(("file", "line", "col"), file.rsplit(":", 2), strict=False)) for file in files]
    return _spec_place(review, change)


def _spec_place(review: Review, entry: Change | Observed) -> list[dict[str, str]]:
    for source, place in ((review.new, entry.new), (review.old, entry.old)):
        if place is not None:
            path = common.visible(place.file or common.path_of(source))
            return [{"file": path, "line": str(place.line), "col": str(place.column)}] if path else []
    return []


def _command(name: str, properties: Mapping[str, str], message: str) -> str:
    words = ",".join(f"{key}={_property(value)}" for key, value in properties.items())
    return f"::{name} {words}::{_data(message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
