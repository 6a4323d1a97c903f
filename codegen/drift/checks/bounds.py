"""Bounds of numbers, texts, arrays and objects; multiples, repeated items, patterns."""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction

from ...spec import Json
from ..finding import Finding
from ..normalized_schema import BOUNDS
from .base import SchemaPair, register_schema_check
from .values import find_set_or_changed

_EVERY_TEXT = frozenset({None, "^", "$", ".*", "^.*", ".*$", "^.*$"})
"""Patterns that match every text of use; None is no pattern."""


@register_schema_check
def check_bounds(pair: SchemaPair) -> Iterator[Finding]:
    """Compare bounds; a lower bound of 0 on a length says nothing."""
    for keyword in [keyword for keyword in BOUNDS if pair.old.keywords.get(keyword) != pair.new.keywords.get(keyword)]:
        before, after = pair.get_values(keyword)
        if (before or 0) == (after or 0) == 0 and keyword.startswith("min") and keyword != "minimum":
            continue
        if before is None or after is None:
            action = "set" if before is None else "unset"
        else:
            action = "increased" if after > before else "decreased"
        yield pair.find(f"{BOUNDS[keyword]}-{action}", keyword, before, after)


@register_schema_check
def check_multiple_of(pair: SchemaPair) -> Iterator[Finding]:
    """Compare `multipleOf`; every whole number is a multiple of 1."""
    before, after = (
        None if schema.kinds == {"integer"} and value == 1 else value
        for schema, value in zip((pair.old, pair.new), pair.get_values("multipleOf"), strict=True)
    )
    if before == after:
        return
    if before is None or after is None:
        action = "set" if before is None else "unset"
    elif _is_multiple(before, after):
        action = "generalized"
    else:
        action = "specialized" if _is_multiple(after, before) else "changed"
    yield pair.find(f"multiple-of-{action}", "multipleOf", before, after)


def _is_multiple(one: Json, other: Json) -> bool:
    if not (one and other and math.isfinite(one) and math.isfinite(other)):
        return False
    return Fraction(str(one)) % Fraction(str(other)) == 0


@register_schema_check
def check_unique_items(pair: SchemaPair) -> Iterator[Finding]:
    """Compare `uniqueItems`."""
    yield from find_set_or_changed(pair, "uniqueItems", "unique-items", ("set", "unset", "set"))


@register_schema_check
def check_pattern(pair: SchemaPair) -> Iterator[Finding]:
    """Compare patterns."""
    before, after = pair.get_values("pattern")
    if {before, after} <= _EVERY_TEXT:
        return
    if before is None and after is not None:
        yield pair.find("pattern-added", "pattern", None, after)
    elif after is None and before is not None:
        yield pair.find("pattern-removed", "pattern", before, None)
    elif before != after:
        is_wider = pair.is_request and after in _EVERY_TEXT
        yield pair.find("pattern-generalized" if is_wider else "pattern-changed", "pattern", before, after)
