"""What a review is, as data: everything that a rendering shows is in here, and nothing here knows how it is shown."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence
from typing import Literal, TypeAlias

import attrs

from ..spec import Json

Layer: TypeAlias = Literal["wire", "python", "overlay", "docs", "generator"]
Level: TypeAlias = Literal["error", "warning", "info"]
Agreement: TypeAlias = Literal["contradicted", "unexplained", "explained"]

LAYERS: tuple[Layer, ...] = ("overlay", "wire", "python", "generator", "docs")
"""In the order in which reports list them: what a maintainer has to do comes first."""

CHOICES: tuple[Layer, ...] = ("wire", "python", "overlay", "docs")
"""The layers that one may ask for; what the generator lost belongs to the Python layer."""

LEVELS: tuple[Level, ...] = ("error", "warning", "info")
"""From the gravest to the mildest."""


AGREEMENTS: tuple[Agreement, ...] = ("contradicted", "unexplained", "explained")
"""What the new spec can be to an observed fact, what needs a look first."""


@attrs.frozen
class Location:
    """Where something stands in a spec."""

    line: int
    """From 1."""
    column: int
    """From 1."""
    end_line: int
    """The last line that belongs to it, `line` or later. Not part of the JSON report."""
    pointer: str = ""
    """Its JSON pointer (RFC 6901). Not part of the JSON report."""
    file: str = ""
    """The file of a spec of several files, "" for its first one."""


@attrs.frozen
class Source:
    """One side of a review."""

    source: str
    """As the user named it: a path, a URL, `-`, or `git-ref:path`."""
    sha256: str
    """Of its bytes, in hexadecimal."""
    version: str
    """`info.version`."""
    lines: tuple[str, ...] = attrs.field(default=(), repr=False, eq=False)
    """Its text, for excerpts. Not part of the JSON report."""


@attrs.frozen
class Acceptance:
    """That somebody has looked at a change and lets it pass."""

    reason: str
    author: str
    expires: str
    """The last day on which it holds, `YYYY-MM-DD`."""


@attrs.frozen
class Change:
    """One thing that changed, once, however many operations it reaches."""

    id: str
    """The rule, such as `response-property-became-required`."""
    layer: Layer
    level: Level
    message: str
    """One sentence for a person, without the place."""
    operations: tuple[str, ...] = ()
    """What it reaches, such as `GET /iam/users`, in the order of the spec."""
    pointer: str = ""
    """JSON pointer (RFC 6901) into the old spec, or into the new one for what was added; "" if there is none."""
    old: Location | None = None
    """Where it stands in the old spec; None for what was added there."""
    new: Location | None = None
    """Where it stands in the new spec; None for what was removed."""
    before: Json = None
    after: Json = None
    symbols: tuple[str, ...] = ()
    """Dotted Python names that it touches, such as `gcore_iam_client.models.user.User.client`."""
    fingerprint: str = ""
    """Stays the same while rule, place and arguments do, whatever the message says; see `fingerprint`."""
    files: tuple[str, ...] = ()
    """Hand-written lines that it breaks, as `path:line:column`."""
    members: tuple[str, ...] = ()
    """The messages of the changes that it joins, none for a single change."""
    code: str = ""
    """The text of the first hand-written line that it breaks."""
    instead: str = ""
    """What to write instead of what the line names, "" if that is not known."""
    causes: tuple[str, ...] = ()
    """Fingerprints of the changes that led to this one."""
    accepted: Acceptance | None = None


@attrs.frozen
class Verdict:
    """One word for each layer; None for a layer that was not looked at."""

    wire: Literal["breaking", "warning", "compatible", "none"] | None
    python: Literal["breaking", "additive", "none"] | None
    overlay: Literal["broken", "ok"] | None
    docs: Literal["changed", "none"] | None


@attrs.frozen
class Observed:
    """A fact that production showed, and what the new spec is to it."""

    agreement: Agreement
    kind: str
    """Such as `undocumented_field`."""
    message: str
    """What was seen, for a person."""
    reason: str
    """What the specs say about it."""
    operation: str
    """The operation id."""
    status: str
    pointer: str
    """JSON pointer into the response body, with `*` for indexes and keys of maps."""
    detail: str
    """The value, the type or the date that came, "" for none."""
    count: int
    first_seen: str
    """A moment in ISO 8601."""
    last_seen: str
    spec_version: str
    """Of the spec that the client was made from."""
    changes: tuple[str, ...] = ()
    """Fingerprints of the changes of the wire layer that are about it."""
    old: Location | None = None
    """Where the old spec speaks of it; None if it does not."""
    new: Location | None = None


@attrs.frozen
class Review:
    """What a new spec changes."""

    old: Source
    new: Source
    verdict: Verdict
    suggested_bump: Literal["major", "minor", "patch", "none"]
    changes: tuple[Change, ...]
    """Sorted: by layer as in `LAYERS`, then level as in `LEVELS`, then place."""
    notes: tuple[str, ...] = ()
    """What the reader should know beside the changes, such as acceptances that have run out."""
    observed: tuple[Observed, ...] | None = None
    """What production showed, sorted as in `AGREEMENTS`; None if no observations were given."""

    @property
    def agreement(self) -> Agreement | Literal["none"]:
        """The word for all that production showed."""
        return self.observed[0].agreement if self.observed else "none"

    def find_sightings(self, change: Change) -> tuple[int, str] | None:
        """How often production showed what a change is about and when it did last; None if it did not."""
        facts = [fact for fact in self.observed or () if change.fingerprint in fact.changes]
        return (sum(fact.count for fact in facts), max(fact.last_seen for fact in facts)) if facts else None


def fingerprint(rule: str, pointer: str, arguments: Iterable[Json]) -> str:
    """Name a change by what it is and not by how it is told.

    Args:
        rule: The id of its rule.
        pointer: Its JSON pointer.
        arguments: What the rule says of it, such as the values before and after.

    Returns:
        16 hexadecimal digits.
    """
    text = json.dumps([rule, pointer, list(arguments)], sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def with_unique_fingerprints(changes: Sequence[Change]) -> list[Change]:
    """Return changes that have a fingerprint each, so that accepting one accepts one.

    Those that rule, place and arguments do not tell apart get one that also depends on where they stand in the new
    spec and what they reach; the order of the changes does not count unless they are the same in all of that.
    """
    groups: dict[str, list[Change]] = {}
    for change in changes:
        groups.setdefault(change.fingerprint, []).append(change)
    seen: dict[str, int] = {}
    found = []
    for change in changes:
        if len(groups[change.fingerprint]) > 1:
            place = change.new.pointer if change.new else ""
            arguments = [change.fingerprint, change.message, sorted(change.operations), sorted(change.symbols)]
            key = fingerprint(change.id, place, arguments)
            seen[key] = seen.get(key, 0) + 1
            again = [seen[key]] if seen[key] > 1 else []
            change = attrs.evolve(change, fingerprint=fingerprint(change.id, place, [*arguments, *again]))
        found.append(change)
    return found


def as_json(review: Review) -> dict[str, Json]:
    """A review in the form that `codegen/drift/report.schema.json` describes."""
    report: dict[str, Json] = {
        "schema_version": 1,
        "old": _source(review.old),
        "new": _source(review.new),
        "verdict": attrs.asdict(review.verdict),
        "suggested_bump": review.suggested_bump,
        "changes": [_change(change) for change in review.changes],
        "notes": list(review.notes),
    }
    if review.observed is not None:
        report["verdict"]["observed"] = review.agreement
        report["observed"] = [_as_json(fact) for fact in review.observed]
        for change, entry in zip(review.changes, report["changes"], strict=True):
            if sightings := review.find_sightings(change):
                entry["observed"] = dict(zip(("count", "last_seen"), sightings, strict=True))
    return report


def _location(place: Location) -> dict[str, Json]:
    return {"line": place.line, "column": place.column} | ({"file": place.file} if place.file else {})


def _source(source: Source) -> dict[str, Json]:
    return {"source": source.source, "sha256": source.sha256, "version": source.version}


def _change(change: Change) -> dict[str, Json]:
    return _as_json(change) | {"accepted": None if change.accepted is None else attrs.asdict(change.accepted)}


def _as_json(entry: Change | Observed) -> dict[str, Json]:
    values = attrs.asdict(entry, recurse=False)
    for side in ("old", "new"):
        place: Location | None = values[side]
        values[side] = None if place is None else _location(place)
    return {key: list(value) if isinstance(value, tuple) else value for key, value in values.items()}
