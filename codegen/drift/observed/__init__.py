"""The observed layer: compares observations with both specs.

An observation is *explained* if the new spec, with its corrections, says what was observed. It is *contradicted* if
the new spec does not, and the old spec said it, or the new one has no such place any more, or forbids more of what was
observed than the old one. Every other observation is *unexplained*.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator, Mapping, Sequence

import attrs

from ... import corrections as _corrections
from ...corrections import Correction
from ...observations import Kind, Observation
from ...spec import Spec
from ..matching import Operation
from ..merge import locate
from ..report import AGREEMENTS, Agreement, Change, Location, ObservedFact, Review
from .places import ANY, SpecPlaces
from .statements import Statement, state

_HEADERS = ("deprecation_header", "sunset_header")

_SEEN: Mapping[Kind, str] = {
    "undocumented_field": "an undocumented field: {name}",
    "undocumented_enum_value": "an undocumented value: {detail}",
    "unannounced_null": "null",
    "missing_required_key": "a required key was missing: {name}",
    "other_type": "another type: {detail}",
    "unreadable_timestamp": "a timestamp that cannot be read",
    "undocumented_status": "an undocumented status: {status}",
    "undocumented_media_type": "an undocumented media type: {detail}",
    "deprecated_operation": "a call of a deprecated operation",
    "sunset_header": "the header `Sunset`: {detail}",
    "deprecation_header": "the header `Deprecation`: {detail}",
}


@attrs.frozen
class _Side:
    """One of the two specs."""

    raw: SpecPlaces
    """The spec as it was written."""
    corrected: SpecPlaces
    """The spec with its corrections, from which the client is generated."""


def add_observed(
    review: Review,
    specs: tuple[Spec, Spec],
    observations: Sequence[Observation],
    corrections: tuple[Correction, ...] = (),
) -> Review:
    """Add observations to a review.

    Args:
        review: A review of the two specs.
        specs: The old and the new one.
        observations: What responses showed.
        corrections: What is known to be wrong in the specs.

    Returns:
        The review with one entry for each observation.
    """
    old, new = (_Side(SpecPlaces.read(spec), SpecPlaces.read(correct(spec, corrections))) for spec in specs)
    facts = [_judge(observation, old, new, review.changes) for observation in observations]
    facts.sort(key=lambda fact: AGREEMENTS.index(fact.agreement))
    return attrs.evolve(review, observed=tuple(facts))


def correct(spec: Spec, corrections: tuple[Correction, ...]) -> Spec:
    """Return a spec with the corrections that fit it."""
    document = copy.deepcopy(spec.document)
    _corrections.apply(corrections, document, lenient=True)
    return Spec(attrs.evolve(spec.file, value=document))


def _judge(observation: Observation, old: _Side, new: _Side, changes: Sequence[Change]) -> ObservedFact:
    routes = _find_operations(observation, old.corrected, new.corrected)
    before, after = (state(side.corrected, route, observation) for side, route in zip((old, new), routes, strict=True))
    if routes[0] and not routes[1] and observation.kind in _HEADERS:
        after = Statement("the operation is gone, as the header announced", (), agrees=True)
    raw = [
        state(side.raw, _find_same(side.raw, route), observation)
        for side, route in zip((old, new), routes, strict=True)
    ]
    places = [
        tuple(pointer for statement in pair if statement for pointer in statement.pointers)
        for pair in zip((before, after), raw, strict=True)
    ]
    if routes[0] and before and not (routes[1] and after):  # a removal may be reported for them
        places[0] += (f"{routes[0].pointer}/responses/{observation.status}", routes[0].pointer)
    agreement = _decide(before, after)
    by_correction = bool(after and after.agrees and raw[1] and not raw[1].agrees)
    return ObservedFact(
        agreement,
        observation.kind,
        describe_observation(observation),
        _give_reason(before, after, by_correction=by_correction),
        observation.operation,
        observation.status,
        observation.pointer,
        observation.detail,
        observation.count,
        observation.first_seen.isoformat(),
        observation.last_seen.isoformat(),
        observation.spec_version,
        tuple(_find_changes(observation, changes, routes, places)),
        _locate(old, places[0]),
        _locate(new, places[1]),
    )


def _decide(before: Statement | None, after: Statement | None) -> Agreement:
    if after and after.agrees:
        return "explained"
    if before and (before.agrees or after is None or after.against - before.against):
        return "contradicted"
    return "unexplained"


def _give_reason(before: Statement | None, after: Statement | None, *, by_correction: bool) -> str:
    texts = [statement.text if statement else "there is no such place" for statement in (before, after)]
    suffix = " (by a correction)" if by_correction else ""
    if texts[0] == texts[1]:
        return f"both specs: {texts[0]}{suffix}"
    return f"new spec: {texts[1]}{suffix}; old spec: {texts[0]}"


def describe_observation(observation: Observation) -> str:
    """Describe an observation for a person."""
    name = observation.tokens[-1] if observation.tokens else ANY
    words = {"name": "" if name == ANY else name, "detail": observation.detail, "status": observation.status}
    texts = {key: f"`{word}`" if word else "not recorded" for key, word in words.items()}
    return _SEEN[observation.kind].format(**texts)


def _find_operations(
    observation: Observation, old: SpecPlaces, new: SpecPlaces
) -> tuple[Operation | None, Operation | None]:
    """Return the operation on each side: by its id, or by the route that the id has on the other side."""
    before, after = (side.by_id.get(observation.operation) for side in (old, new))
    return before or _find_same(old, after), after or _find_same(new, before)


def _find_same(side: SpecPlaces, operation: Operation | None) -> Operation | None:
    return side.by_route.get((operation.method, operation.template)) if operation else None


def _locate(side: _Side, pointers: Sequence[str]) -> Location | None:
    return locate(side.raw.document.spec, pointers[0]) if pointers else None


def _find_changes(
    observation: Observation,
    changes: Sequence[Change],
    routes: tuple[Operation | None, Operation | None],
    places: Sequence[Sequence[str]],
) -> Iterator[str]:
    """Find the changes of the wire layer at the places that an observation is about."""
    names = {route.name for route in routes if route}
    for change in changes:
        if change.layer != "wire" or not names & set(change.operations) or not _is_about(observation, change):
            continue
        sides = [(place, found) for place, found in zip((change.old, change.new), places, strict=True) if place]
        if sides and all(place.pointer in found for place, found in sides):
            yield change.fingerprint


def _is_about(observation: Observation, change: Change) -> bool:
    """Return whether a change at the place of an observation is about what was seen."""
    if change.id.endswith(("-became-required", "-became-optional")):
        return observation.kind in ("missing_required_key", "unannounced_null")
    return "enum-value" not in change.id or observation.detail in (str(change.before), str(change.after))
