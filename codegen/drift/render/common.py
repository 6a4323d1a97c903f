"""Options and text functions that the formats share."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path

import attrs
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from ...spec import METHODS, unescape
from ..report import (
    AGREEMENTS,
    LAYERS,
    LEVELS,
    Acceptance,
    Change,
    Layer,
    Level,
    Location,
    ObservedFact,
    Review,
    Source,
)

_QUOTED = re.compile(r"(?<!`)`([^`]+)`(?!`)")

NOT_REVIEWED = "not reviewed"
NO_CHANGES = "no changes"
OBSERVED = "observed"
NOTHING_OBSERVED = "nothing was observed"

TONES: Mapping[str, str] = {
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
    NOT_REVIEWED: "off",
}
"""The tone of each word: the key of its color and icon."""

_FOLD = 3
"""How many operations or symbols a line names before it only counts them."""


@attrs.frozen
class Options:
    """Options of the formats."""

    color: bool = False
    """Text: escape sequences for a terminal."""
    width: int = 100
    """Text: columns."""
    docs: bool = False
    """Text and Markdown: list what changed in prose one by one; otherwise it is only counted."""
    max_bytes: int = 60_000
    """Markdown: the maximum size in UTF-8."""


def build_environment(**filters: Callable[..., str]) -> Environment:
    """Build an environment for the templates of the formats; those of HTML escape every value."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=select_autoescape(["html.jinja"]),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= filters
    return environment


def format_line(text: str) -> str:
    """Format a text on one line and escape control characters, so that no terminal or page interprets them."""
    return escape_controls(" ".join(text.split()))


def escape_controls(text: str) -> str:
    """Escape control characters in a text and keep its spaces."""
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode()
        for character in text.expandtabs(4)
    )


def split_code(text: str) -> Iterator[tuple[str, bool]]:
    """Split a sentence into parts; code is what stands between single backticks."""
    for number, part in enumerate(_QUOTED.split(format_line(text))):
        if part:
            yield part, number % 2 == 1


def iterate_verdicts(review: Review) -> Iterator[tuple[str, str]]:
    """Yield each layer and its verdict, `not reviewed` if it has none; `observed` only if observations were given."""
    for layer, word in attrs.asdict(review.verdict).items():
        yield layer, word or NOT_REVIEWED
    if review.observed is not None:
        yield OBSERVED, review.agreement


def is_reviewed(review: Review, layer: Layer) -> bool:
    """Return whether a review covers a layer; the generator layer belongs to the Python layer."""
    return dict(iterate_verdicts(review))["python" if layer == "generator" else layer] != NOT_REVIEWED


def group_by_layer(review: Review) -> Iterator[tuple[Layer, tuple[Change, ...]]]:
    """Yield each layer with its changes; a layer without changes too."""
    for layer in LAYERS:
        yield layer, tuple(change for change in review.changes if change.layer == layer)


def group_by_rule(changes: Iterable[Change]) -> Iterator[tuple[Level, str, str, list[Change]]]:
    """Group changes by level, rule and component, the gravest first."""

    def build_key(change: Change) -> tuple[int, str, str]:
        return LEVELS.index(change.level), change.id, get_component(change)

    for (level, rule, part), members in groupby(sorted(changes, key=build_key), build_key):
        yield LEVELS[level], rule, part, list(members)


def get_component(change: Change) -> str:
    """Return the part of the spec that a change is in, such as `schemas/User` or `GET /iam/users`."""
    match [unescape(token) for token in change.pointer.split("/")[1:]]:
        case ["components", kind, name, *_]:
            return f"{kind}/{name}"
        case ["paths", path, method, *_] if method in METHODS:
            return f"{method.upper()} {path}"
        case ["paths", path, *_]:
            return path
        case [first, *_]:
            return first
    return change.symbols[0].rpartition(".")[0] if change.symbols else ""


def format_places(review: Review, entry: Change | ObservedFact) -> tuple[str, ...]:
    """Format the places of an entry as `source:line:column`: in the old spec, then in the new one."""
    sides = ((review.old, entry.old), (review.new, entry.new))
    return tuple(_format_place(source, place) for source, place in sides if place is not None)


def _format_place(source: Source, place: Location) -> str:
    return f"{format_line(place.file or source.source)}:{place.line}:{place.column}"


def fold_words(words: Sequence[str], limit: int = _FOLD) -> tuple[list[str], str]:
    """Return the words to show, and a text for the others: "" or such as `and 8 more`."""
    rest = len(words) - limit
    return [format_line(word) for word in words[:limit]], f"and {rest} more" if rest > 0 else ""


def format_words(words: Sequence[str]) -> str:
    """Join some words on one line and count the others."""
    first, rest = fold_words(words)
    return " ".join(filter(None, (", ".join(first), rest)))


def pluralize(count: int, noun: str) -> str:
    """Format a count and its noun."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def tally(changes: Iterable[Change]) -> str:
    """Count the changes of each level and the accepted ones, such as `2 errors, 1 info, 3 accepted`."""
    changes = tuple(changes)
    found = Counter("accepted" if change.accepted else change.level for change in changes)
    words = [pluralize(found[level], level) for level in LEVELS if found[level]]
    words += [f"{found['accepted']} accepted"] if found["accepted"] else []
    return ", ".join(words) or NO_CHANGES


def count_rules(changes: Iterable[Change]) -> list[tuple[str, int]]:
    """Count the findings of each rule, the most frequent first."""
    found = Counter(change.id for change in changes)
    return sorted(found.items(), key=lambda item: (-item[1], item[0]))


def list_reasons(review: Review, change: Change) -> list[str]:
    """List the causes of a broken line: the rule and the message of up to three changes of the review."""
    if not change.files:
        return []
    causes = [other for other in review.changes if other.fingerprint in change.causes]
    return [f"{other.id}: {other.message}" for other in causes[:3]]


def format_acceptance(accepted: Acceptance) -> str:
    """Format who accepted a change, until when and why."""
    return format_line(f"accepted by {accepted.author} until {accepted.expires}: {accepted.reason}")


def list_remarks(review: Review, change: Change) -> list[str]:
    """List how often responses showed what a change is about, and who accepted it."""
    accepted = change.accepted and format_acceptance(change.accepted)
    return [text for text in (format_observation_count(review, change), accepted) if text]


def format_observation_count(review: Review, change: Change) -> str:
    """Format how often and when responses showed what a change is about, "" if they did not."""
    observed = review.count_observations(change)
    return format_count(*observed) if observed else ""


def format_count(count: int, last_seen: str) -> str:
    """Format how often and when something was observed, such as `observed 3 times, last 2026-11-29`."""
    return f"observed {pluralize(count, 'time')}, last {format_line(last_seen[:10])}"


def format_fact_place(fact: ObservedFact) -> str:
    """Format where a fact was observed: the operation, the status and the place in the body."""
    return format_line(f"{fact.operation} {fact.status} {fact.pointer}")


def list_fact_lines(fact: ObservedFact) -> list[str]:
    """List the reason for a fact's agreement, and its count."""
    version = f", with the spec {fact.spec_version}" if fact.spec_version else ""
    return [fact.reason, f"{format_count(fact.count, fact.last_seen)}{format_line(version)}"]


def tally_facts(facts: Iterable[ObservedFact]) -> str:
    """Count the facts for each agreement, such as `1 contradicted, 2 explained`."""
    found = Counter(fact.agreement for fact in facts)
    return ", ".join(f"{found[word]} {word}" for word in AGREEMENTS if found[word]) or NOTHING_OBSERVED


def format_source(source: Source) -> str:
    """Format a side of a review with its version."""
    return format_line(f"{source.source} (version {source.version})")


def get_path(source: Source) -> str:
    """Return the file that a side of a review was read from, "" for a URL and for standard input."""
    if source.source == "-" or "://" in source.source:
        return ""
    return source.source.rpartition(":")[2]
