"""What the renderings share: their options, and how one speaks of a change in few words."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby

import attrs

from ...spec import METHODS, unescape
from ..report import AGREEMENTS, LAYERS, LEVELS, Acceptance, Change, Layer, Level, Location, Observed, Review, Source

_QUOTED = re.compile(r"(?<!`)`([^`]+)`(?!`)")

NOT_LOOKED_AT = "not looked at"
NO_CHANGES = "no changes"
OBSERVED = "observed"
NOTHING_OBSERVED = "nothing was observed"

_FOLD = 3
"""How many operations or symbols a line names before it only counts them."""


@attrs.frozen
class Options:
    """What a reader may choose."""

    color: bool = False
    """Text: escape sequences for a terminal."""
    width: int = 100
    """Text: columns."""
    docs: bool = False
    """Text and Markdown: list what changed in prose one by one; otherwise it is only counted."""
    max_bytes: int = 60_000
    """Markdown: the most that it may take, in UTF-8."""


@attrs.frozen
class Block:
    """Changes that one rule found in one component."""

    level: Level
    id: str
    component: str
    changes: tuple[Change, ...]


def printable(text: str) -> str:
    """One line in which nothing acts on whatever shows it: control characters and the like are spelled out."""
    return visible(" ".join(text.split()))


def visible(text: str) -> str:
    """The same for text whose spaces matter."""
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode()
        for character in text.expandtabs(4)
    )


def quoted(text: str) -> Iterator[tuple[str, bool]]:
    """The parts of a sentence, and whether a part is code, as what stands between single backticks is."""
    for number, part in enumerate(_QUOTED.split(printable(text))):
        if part:
            yield part, number % 2 == 1


def verdicts(review: Review) -> Iterator[tuple[str, str]]:
    """Each layer that has a verdict, and the verdict as a word."""
    for layer, word in attrs.asdict(review.verdict).items():
        yield layer, word or NOT_LOOKED_AT
    if review.observed is not None:
        yield OBSERVED, review.agreement


def looked_at(review: Review, layer: Layer) -> bool:
    """Whether a review says anything about a layer; what the generator lost belongs to the Python layer."""
    return dict(verdicts(review))["python" if layer == "generator" else layer] != NOT_LOOKED_AT


def by_layer(review: Review) -> Iterator[tuple[Layer, tuple[Change, ...]]]:
    """Each layer and its changes, also when it has none."""
    for layer in LAYERS:
        yield layer, tuple(change for change in review.changes if change.layer == layer)


def blocks(changes: Iterable[Change]) -> Iterator[Block]:
    """Changes by level, rule and component, the gravest first."""

    def key(change: Change) -> tuple[int, str, str]:
        return LEVELS.index(change.level), change.id, component(change)

    for (level, rule, part), members in groupby(sorted(changes, key=key), key):
        yield Block(LEVELS[level], rule, part, tuple(members))


def component(change: Change) -> str:
    """The part of the spec that a change is in, such as `schemas/User` or `GET /iam/users`."""
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


def places(review: Review, entry: Change | Observed) -> tuple[str, ...]:
    """Where an entry stands, as `source:line:column`: in the old spec, then in the new one."""
    sides = ((review.old, entry.old), (review.new, entry.new))
    return tuple(_place(source, place) for source, place in sides if place is not None)


def _place(source: Source, place: Location) -> str:
    return f"{printable(place.file or source.source)}:{place.line}:{place.column}"


def folded(words: Sequence[str], limit: int = _FOLD) -> tuple[list[str], str]:
    """The words to show, and what stands for the rest: "" or such as `and 8 more`."""
    rest = len(words) - limit
    return [printable(word) for word in words[:limit]], f"and {rest} more" if rest > 0 else ""


def listed(words: Sequence[str]) -> str:
    """Some words on a line, the rest counted."""
    shown, rest = folded(words)
    return " ".join(filter(None, (", ".join(shown), rest)))


def plural(count: int, noun: str) -> str:
    """A count and its noun."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def tally(changes: Iterable[Change]) -> str:
    """How many changes of each level there are, and how many are accepted, such as `2 errors, 1 info, 3 accepted`."""
    changes = tuple(changes)
    found = Counter("accepted" if change.accepted else change.level for change in changes)
    words = [plural(found[level], level) for level in LEVELS if found[level]]
    words += [f"{found['accepted']} accepted"] if found["accepted"] else []
    return ", ".join(words) or NO_CHANGES


def rules(changes: Iterable[Change]) -> list[tuple[str, int]]:
    """How often each rule found something, the most frequent first."""
    found = Counter(change.id for change in changes)
    return sorted(found.items(), key=lambda item: (-item[1], item[0]))


def reasons(review: Review, change: Change) -> list[str]:
    """What led to a broken line, as far as the review tells of it: the rule and the message of up to three changes."""
    if not change.files:
        return []
    causes = [other for other in review.changes if other.fingerprint in change.causes]
    return [f"{other.id}: {other.message}" for other in causes[:3]]


def acceptance(accepted: Acceptance) -> str:
    """That a change was let pass, by whom, how long and why."""
    return printable(f"accepted by {accepted.author} until {accepted.expires}: {accepted.reason}")


def format_sightings(review: Review, change: Change) -> str:
    """How often and when production showed what a change is about, "" if it did not."""
    sightings = review.find_sightings(change)
    return format_count(*sightings) if sightings else ""


def format_count(count: int, last_seen: str) -> str:
    """How often and when something was observed, such as `observed 3 times, last 2026-11-29`."""
    return f"observed {plural(count, 'time')}, last {printable(last_seen[:10])}"


def format_fact_place(fact: Observed) -> str:
    """Where a fact was seen: the operation, the status and the place in the body."""
    return printable(f"{fact.operation} {fact.status} {fact.pointer}")


def list_fact_lines(fact: Observed) -> list[str]:
    """What to say of a fact beside what was seen and where."""
    version = f", with the spec {fact.spec_version}" if fact.spec_version else ""
    return [fact.reason, f"{format_count(fact.count, fact.last_seen)}{printable(version)}"]


def tally_facts(facts: Iterable[Observed]) -> str:
    """How many facts of each kind there are, such as `1 contradicted, 2 explained`."""
    found = Counter(fact.agreement for fact in facts)
    return ", ".join(f"{found[word]} {word}" for word in AGREEMENTS if found[word]) or NOTHING_OBSERVED


def described(source: Source) -> str:
    """A side of a review with its version."""
    return printable(f"{source.source} (version {source.version})")


def path_of(source: Source) -> str:
    """The file that a side of a review was read from, "" for a URL and for standard input."""
    if source.source == "-" or "://" in source.source:
        return ""
    return source.source.rpartition(":")[2]
