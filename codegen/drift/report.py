"""The data of a review, independent of any format."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from types import MappingProxyType
from typing import Literal, TypeAlias

import attrs

from ..spec import Json

Layer: TypeAlias = Literal["wire", "python", "overlay", "docs", "generator"]
Level: TypeAlias = Literal["error", "warning", "info"]
Agreement: TypeAlias = Literal["contradicted", "unexplained", "explained"]

LAYERS: tuple[Layer, ...] = ("overlay", "wire", "python", "generator", "docs")
"""In the order in which reports list them: the most urgent for a maintainer comes first."""

CHOICES: tuple[Layer, ...] = ("wire", "python", "overlay", "docs")
"""The layers that `--layers` accepts; what the generator dropped belongs to the Python layer."""

LEVELS: tuple[Level, ...] = ("error", "warning", "info")
"""From the gravest to the mildest."""


AGREEMENTS: tuple[Agreement, ...] = ("contradicted", "unexplained", "explained")
"""The relations of the new spec to an observation, the most urgent first."""

_INTERNAL = MappingProxyType({"internal": True})
"""Metadata of what is not part of the JSON report."""


@attrs.frozen
class Location:
    """Where something stands in a spec."""

    line: int
    """From 1."""
    column: int
    """From 1."""
    end_line: int = attrs.field(metadata=_INTERNAL)
    """The last line that belongs to it, `line` or later."""
    pointer: str = attrs.field(default="", metadata=_INTERNAL)
    """Its JSON pointer (RFC 6901)."""
    file: str = ""
    """The file of a spec of several files, "" for its first one."""


@attrs.frozen
class Source:
    """One side of a review."""

    source: str
    """As the user named it: a path, a URL, `-`, or `git-ref:path`."""
    sha256: str
    """The SHA-256 of its bytes, in hexadecimal."""
    version: str
    """`info.version`."""
    lines: tuple[str, ...] = attrs.field(default=(), repr=False, eq=False, metadata=_INTERNAL)
    """Its text, for excerpts."""


@attrs.frozen
class Acceptance:
    """The acceptance of a change by a person."""

    reason: str
    author: str
    expires: str
    """The last day on which it holds, `YYYY-MM-DD`."""


@attrs.frozen
class Change:
    """One change, listed once, however many operations it affects."""

    id: str
    """The rule, such as `response-property-became-required`."""
    layer: Layer
    level: Level
    message: str
    """One sentence for a person, without the place."""
    operations: tuple[str, ...] = ()
    """The affected operations, such as `GET /iam/users`, in the order of the spec."""
    pointer: str = ""
    """JSON pointer (RFC 6901) into the old spec, or into the new one for what was added; "" if there is none."""
    old: Location | None = None
    """Where it stands in the old spec; None for what was added there."""
    new: Location | None = None
    """Where it stands in the new spec; None for what was removed."""
    before: Json = None
    after: Json = None
    symbols: tuple[str, ...] = ()
    """Dotted Python names that it affects, such as `gcore_iam_client.models.user.User.client`."""
    fingerprint: str = ""
    """Stays the same while rule, place and arguments do, whatever the message says; see `compute_fingerprint`."""
    files: tuple[str, ...] = ()
    """Hand-written lines that it breaks, as `path:line:column`."""
    members: tuple[str, ...] = ()
    """The messages of the changes that it joins, none for a single change."""
    code: str = ""
    """The text of the first hand-written line that it breaks."""
    instead: str = ""
    """The replacement for the broken name, "" if it is not known."""
    causes: tuple[str, ...] = ()
    """Fingerprints of the changes that led to this one."""
    accepted: Acceptance | None = None


@attrs.frozen
class Verdict:
    """One word for each layer; None for a layer that was not reviewed."""

    wire: Literal["breaking", "warning", "compatible", "none"] | None
    python: Literal["breaking", "additive", "none"] | None
    overlay: Literal["broken", "ok"] | None
    docs: Literal["changed", "none"] | None


@attrs.frozen
class ObservedFact:
    """An observation of responses, and its relation to the new spec."""

    agreement: Agreement
    kind: str
    """Such as `undocumented_field`."""
    message: str
    """What was observed, for a person."""
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
    """The place in the old spec; None if there is none."""
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
    """Notes for the reader, such as expired acceptances."""
    observed: tuple[ObservedFact, ...] | None = None
    """The observations, sorted as in `AGREEMENTS`; None if none were given."""

    @property
    def agreement(self) -> Agreement | Literal["none"]:
        """The most urgent agreement of all observations."""
        return self.observed[0].agreement if self.observed else "none"

    def count_observations(self, change: Change) -> tuple[int, str] | None:
        """Return how often and when responses showed what a change is about; None if they did not."""
        facts = [fact for fact in self.observed or () if change.fingerprint in fact.changes]
        return (sum(fact.count for fact in facts), max(fact.last_seen for fact in facts)) if facts else None


def compute_fingerprint(rule: str, pointer: str, arguments: Iterable[Json]) -> str:
    """Compute the fingerprint of a change from its content and not from its message.

    Args:
        rule: The id of its rule.
        pointer: Its JSON pointer.
        arguments: The arguments of the rule, such as the values before and after.

    Returns:
        16 hexadecimal digits.
    """
    text = json.dumps([rule, pointer, list(arguments)], sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def make_fingerprints_unique(changes: Sequence[Change]) -> list[Change]:
    """Return changes that have a fingerprint each, so that accepting one accepts one.

    Changes of the same rule, place and arguments get one that also depends on their place in the new
    spec and on their operations; the order of the changes counts only if they are equal in all of that.
    """
    counts = Counter(change.fingerprint for change in changes)
    seen: Counter[str] = Counter()
    found = []
    for change in changes:
        if counts[change.fingerprint] > 1:
            place = change.new.pointer if change.new else ""
            arguments = [change.fingerprint, change.message, sorted(change.operations), sorted(change.symbols)]
            key = compute_fingerprint(change.id, place, arguments)
            seen[key] += 1
            again = [seen[key]] if seen[key] > 1 else []
            change = attrs.evolve(change, fingerprint=compute_fingerprint(change.id, place, [*arguments, *again]))
        found.append(change)
    return found


def serialize_review(review: Review) -> dict[str, Json]:
    """Serialize a review as `codegen/drift/report.schema.json` describes."""
    report: dict[str, Json] = {"schema_version": 1, **attrs.asdict(review, filter=_is_reported)}
    if review.observed is None:
        del report["observed"]
        return report
    report["verdict"]["observed"] = review.agreement
    for change, entry in zip(review.changes, report["changes"], strict=True):
        if observed := review.count_observations(change):
            entry["observed"] = dict(zip(("count", "last_seen"), observed, strict=True))
    return report


def _is_reported(attribute: attrs.Attribute[Json], value: Json) -> bool:
    return "internal" not in attribute.metadata and (attribute.name != "file" or bool(value))
