"""JSON types and values, for the checks of types, values and unions."""

from __future__ import annotations

import json

from ...spec import Json
from ..normalized_schema import Schema
from .base import SchemaPair

WIDER_FORMATS = frozenset(
    {("int32", "int64"), ("float", "double"), *((f"uuid{number}", "uuid") for number in range(1, 9))}
)
"""Formats of which the second holds all that the first does."""

UUIDS = frozenset({"uuid", *(f"uuid{number}" for number in range(1, 9))})

FULL_FORMATS = frozenset({("integer", "int64"), ("number", "double"), ("number", "float"), ("string", "password")})
"""Formats that hold every value of their type that is of use."""


def is_wider_format(wider: Json, narrower: Json, kinds: frozenset[str]) -> bool:
    """Return whether one format holds all values of another; None is no format."""
    is_full = wider is None or any((kind, wider) in FULL_FORMATS for kind in kinds)
    return is_full or wider == narrower or (narrower, wider) in WIDER_FORMATS


def is_superset(wider: frozenset[str], narrower: frozenset[str]) -> bool:
    """Return whether a list of types has all values of another one; an empty list is any type."""
    if not wider:
        return True
    return bool(narrower) and all(kind in wider or (kind == "integer" and "number" in wider) for kind in narrower)


def format_type(schema: Schema) -> str:
    """Return the type of a schema, for a person."""
    text = " or ".join(sorted(schema.kinds)) or ("any of several" if schema.union else "any")
    form = schema.keywords.get("format")
    return f"{text} ({form})" if form else text


def format_text(value: Json) -> str:
    """Return the text of a value in a query or a form, where every value is text."""
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True, default=str)


def serialize_value(value: Json) -> str:
    """Return a JSON value as text, such that equal ones are equal texts; 1 and true are not."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return json.dumps(value, sort_keys=True, default=str)


def is_same(one: Json, other: Json) -> bool:
    """Return whether two JSON values are the same; 1 and true are not."""
    return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)


def index_texts(pair: SchemaPair, schema: Schema) -> dict[str, Json] | None:
    """Return the values of a schema by how they are written where all values are text; None if there are too many."""
    values = schema.enum
    if "const" in schema.keywords:
        values = (schema.keywords["const"],)
    elif values is None and schema.kinds == {"boolean"}:
        values = (False, True)
    return {format_text(value): value for value in values} if pair.context.is_text and values is not None else None


def has_only_texts(pair: SchemaPair) -> bool:
    """Return whether the values of both sides are compared as the texts that they are written as."""
    return index_texts(pair, pair.old) is not None and index_texts(pair, pair.new) is not None


def classify_type_change(pair: SchemaPair, before: frozenset[str], after: frozenset[str]) -> str:
    """Name the kind of a change between two sets of types."""
    kind = "type-changed"
    if before and after and max(len(before), len(after)) > 1 and (before < after or after < before):
        kind = "list-of-types-widened" if before < after else "list-of-types-narrowed"
    elif is_superset(after, before) or (before == {"null"} and pair.new.is_nullable):
        kind = "type-generalized"
    elif is_superset(before, after) or (after == {"null"} and pair.old.is_nullable):
        kind = "type-specialized"
    elif pair.context.is_text and not pair.is_request:
        kind = "type-compatible"
    elif pair.context.is_text and (_can_take_any_text(pair, before) or _can_take_single_values(pair, after)):
        kind = "type-generalized"
    if kind == "list-of-types-widened" and pair.context.scope == "parameter" and "array" in pair.new.kinds:
        return "type-generalized"
    return "type-changed" if kind == "type-specialized" and pair.is_request else kind


def _can_take_any_text(pair: SchemaPair, before: frozenset[str]) -> bool:
    """Return whether values that were sent as text are still accepted: single values, and joined lists."""
    limits = pair.new.keywords.keys() & {"format", "pattern", "const", "maxLength"}
    is_text = pair.new.kinds == {"string"} and pair.new.enum is None and not limits
    return is_text and (not before & {"array", "object"} or pair.context.joining == "text")


def _can_take_single_values(pair: SchemaPair, after: frozenset[str]) -> bool:
    """Return whether a parameter that held one value is a list now, of which one value is a list of one."""
    old, new = pair.old, pair.new
    if pair.context.joining == "none" or after != {"array"} or old.kinds & {"array", "object"}:
        return False
    if "items" not in new.parts:
        return "items" not in new.closed
    items = pair.comparison.new.get_schema(new.parts["items"])
    if items.kinds == {"string"} and items.enum is None and not items.keywords:
        return True
    has_values = items.enum is None or (
        old.enum is not None and {*map(format_text, old.enum)} <= {*map(format_text, items.enum)}
    )
    has_format = items.keywords.get("format") in (None, old.keywords.get("format"))
    return bool(old.kinds) and is_superset(items.kinds, old.kinds) and has_values and has_format
