"""Deprecation, sunset and stability of operations, parameters and properties; removal of what was deprecated."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping

from ...spec import Json
from ..finding import Finding
from .base import Comparison, OperationPair, SchemaPair, register_operation_check, register_schema_check

_STABILITY_KEY = "x-stability-level"
STABILITY = ("draft", "alpha", "beta", "stable")
"""What `x-stability-level` may say, from the least to the most stable."""

UNSTABLE = ("draft", "alpha")


_ENDPOINT = {
    "reactivated": "endpoint-reactivated",
    "deprecated": "endpoint-deprecated",
    "deprecated-with-sunset": "endpoint-deprecated-with-sunset",
    "deprecated-sunset-missing": "api-deprecated-sunset-missing",
    "deprecated-sunset-invalid": "api-deprecated-sunset-parse",
    "sunset-invalid": "api-path-sunset-parse",
    "sunset-deleted": "sunset-deleted",
    "sunset-date-too-small": "api-sunset-date-too-small",
    "sunset-date-changed-too-small": "api-sunset-date-changed-too-small",
}
_PROPERTY = {"sunset-invalid": "deprecated-sunset-invalid"}


@register_operation_check
def check_operation_lifecycle(pair: OperationPair) -> Iterator[Finding]:
    """Compare the deprecation of an operation."""
    for kind, key, before, after in compare_deprecation(pair.comparison, pair.old, pair.new):
        yield pair.find(_ENDPOINT[kind], key, before, after)


@register_operation_check
def check_operation_stability(pair: OperationPair) -> Iterator[Finding]:
    """Compare the stability of an operation."""
    before, after = pair.old.get(_STABILITY_KEY), pair.new.get(_STABILITY_KEY)
    if before in STABILITY and after in STABILITY and before != after:
        action = "increased" if STABILITY.index(after) > STABILITY.index(before) else "decreased"
        yield pair.find(f"api-stability-{action}", _STABILITY_KEY, before, after)
    elif after is not None and after not in STABILITY and before != after:
        yield pair.find("api-invalid-stability-level", _STABILITY_KEY, before, after)


@register_schema_check
def check_schema_lifecycle(pair: SchemaPair) -> Iterator[Finding]:
    """Compare the deprecation of a property; a parameter has its own beside its schema."""
    if pair.context.scope != "parameter":
        for kind, key, before, after in compare_deprecation(pair.comparison, pair.old.keywords, pair.new.keywords):
            yield pair.find(_PROPERTY.get(kind, kind), key, before, after)


@register_schema_check
def check_schema_stability(pair: SchemaPair) -> Iterator[Finding]:
    """Compare the stability of a property; one that names no level is stable."""
    before, after = pair.get_values(_STABILITY_KEY)
    if before == after or pair.context.scope == "parameter":
        return
    if after is not None and after not in STABILITY:
        yield pair.find("api-invalid-stability-level", _STABILITY_KEY, before, after)
    elif before is None or before in STABILITY:
        ranks = [STABILITY.index(level) if level else len(STABILITY) for level in (before, after)]
        if before or ranks[1] > ranks[0]:
            action = "increased" if ranks[1] > ranks[0] else "decreased"
            yield pair.find(f"stability-{action}", _STABILITY_KEY, before, after)


def compare_deprecation(
    comparison: Comparison, old: Mapping[str, Json], new: Mapping[str, Json]
) -> Iterator[tuple[str, str, Json, Json]]:
    """Yield what happened to a deprecation: the kind, the key that says so, its value before and after."""
    was, has = old.get("deprecated") is True, new.get("deprecated") is True
    before, after = old.get("x-sunset"), new.get("x-sunset")
    days = parse_date(before), parse_date(after)
    soonest = None if comparison.sunset_days is None else comparison.today + datetime.timedelta(comparison.sunset_days)
    if was and not has:
        yield "reactivated", "deprecated", None, None
    elif has and not was:
        if after is not None and days[1] is None:
            yield "deprecated-sunset-invalid", "x-sunset", None, after
        elif soonest and days[1] is None:
            yield "deprecated-sunset-missing", "deprecated", None, None
        elif soonest and days[1] and days[1] < soonest:
            yield "sunset-date-too-small", "x-sunset", None, after
        else:
            yield "deprecated" if after is None else "deprecated-with-sunset", "deprecated", None, after
    elif has and before != after:
        if after is None:
            yield "sunset-deleted", "x-sunset", before, None
        elif days[1] is None or (before is not None and days[0] is None):
            yield "sunset-invalid", "x-sunset", None, after if days[1] is None else before
        elif days[0] and days[1] < days[0]:
            yield "sunset-date-changed-too-small", "x-sunset", before, after


def classify_removal(value: Mapping[str, Json], today: datetime.date) -> str:
    """Return the end of the id for a removal: what was deprecated may go once its sunset has come.

    Returns:
        `removed`, `removed-with-deprecation`, `removed-before-sunset`, or `sunset-parse` if the sunset is no date.
    """
    sunset = value.get("x-sunset")
    if value.get("deprecated") is not True:
        return "removed"
    day = parse_date(sunset)
    if sunset is not None and day is None:
        return "sunset-parse"
    return "removed-before-sunset" if day is not None and day > today else "removed-with-deprecation"


def parse_date(value: Json) -> datetime.date | None:
    """Return the day that an `x-sunset` names (RFC 3339 full-date or date-time), None if it names none."""
    try:
        return datetime.date.fromisoformat(value[:10]) if isinstance(value, str) else None
    except ValueError:
        return None
