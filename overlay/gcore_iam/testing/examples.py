"""Example values of schemas: what the fake responds with where it has no data of its own."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from .schemas import Schema, Schemas
from .seed import Record

_DEEPEST = 12
"""Levels of an example. A schema that requires itself has no finite value."""

_OPTIONAL_LEVELS = 5
"""Levels of an example that also have optional properties."""

_FORMATS = {
    "date": "2026-01-01",
    "date-time": "2026-01-01T00:00:00Z",
    "duration": "PT1H",
    "email": "user@example.com",
    "hostname": "example.com",
    "idn-email": "user@example.com",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "json-pointer": "/a",
    "regex": ".*",
    "time": "00:00:00Z",
    "uri": "https://example.com/",
    "uri-reference": "/",
    "uuid": "00000000-0000-4000-8000-000000000000",
}


class NoExampleError(LookupError):
    """A schema has no value that this module can find."""


def build_example(schemas: Schemas, schema: Schema) -> Any:
    """Build a value that a schema accepts.

    Raises:
        NoExampleError: The schema demands what cannot be built, such as a text that matches a pattern.
    """
    value = _build(schemas, schema, _DEEPEST)
    if not schemas.build_validator(schema).is_valid(value):
        raise NoExampleError("no example meets the schema")
    return value


def complete(schemas: Schemas, schema: Schema, value: Any) -> tuple[Any, tuple[str, ...]]:
    """Add the required properties that a value lacks.

    Args:
        schemas: The schemas of the spec.
        schema: One of them.
        value: Decoded JSON; it is not changed.

    Returns:
        The value with an example in each place where a required property was missing, and these places, such as
        `results.*.created_at`, sorted and without duplicates.

    Raises:
        NoExampleError: A missing property has no example.
    """
    added: set[str] = set()
    completed = _complete(schemas, schema, value, "", added)
    return completed, tuple(sorted(added))


def complete_record(schemas: Schemas, component: str, record: Record) -> Record:
    """Add examples of the required properties that a record lacks, according to a schema of the spec's components."""
    if schemas.get_validator(component).is_valid(record):
        return record
    try:
        completed: Record = complete(schemas, schemas.get_schema(component), record)[0]
    except NoExampleError:
        return record
    return completed


def _complete(schemas: Schemas, schema: Schema, value: Any, place: str, added: set[str]) -> Any:
    schema = schemas.resolve_ref(schema)
    for part in schema.get("allOf", ()):
        value = _complete(schemas, part, value, place, added)
    for union in ("oneOf", "anyOf"):
        if union in schema:
            value = _complete_union(schemas, schema[union], value, place, added)
    if isinstance(value, list) and isinstance(schema.get("items"), dict):
        return [_complete(schemas, schema["items"], item, f"{place}*.", added) for item in value]
    if not isinstance(value, dict):
        return value
    properties = schemas.collect_properties(schema)
    rest = schema.get("additionalProperties")
    completed = {}
    for key, inner in value.items():
        inner_schema = properties.get(key, rest if isinstance(rest, dict) else {})
        completed[key] = _complete(schemas, inner_schema, inner, f"{place}{key}.", added)
    for key in schema.get("required", ()):
        if key not in value:
            completed[key] = build_example(schemas, properties.get(key, {}))
            added.add(f"{place}{key}")
    return completed


def _complete_union(schemas: Schemas, members: list[Schema], value: Any, place: str, added: set[str]) -> Any:
    """Complete a value for the first member of a union that then accepts it, unless one does already."""
    validators = [schemas.find_validator(member) for member in members]
    if any(validator.is_valid(value) for validator in validators):
        return value
    for member, validator in zip(members, validators, strict=True):
        found: set[str] = set()
        completed = _complete(schemas, member, value, place, found)
        if validator.is_valid(completed):
            added |= found
            return completed
    return value


def _build(schemas: Schemas, schema: Schema | bool, depth: int) -> Any:
    if isinstance(schema, bool):
        return None
    if depth == 0:
        raise NoExampleError("the schema requires itself")
    schema = schemas.resolve_ref(schema)
    if "allOf" in schema:
        return _build(schemas, schemas.flatten(schema), depth - 1)
    for key in ("const", "default"):
        if key in schema:
            return schema[key]
    if schema.get("enum"):
        return schema["enum"][0]
    for union in ("oneOf", "anyOf"):
        if union in schema:
            return _build_member(schemas, schema, union, depth)
    return _build_typed(schemas, schema, depth)


def _build_member(schemas: Schemas, schema: Schema, union: str, depth: int) -> Any:
    """Build a value of the first member of a union that has one."""
    rest = {key: value for key, value in schema.items() if key != union}
    for member in schema[union]:
        candidate = {"allOf": [member, rest]} if rest else member
        try:
            value = _build(schemas, candidate, depth - 1)
        except NoExampleError:
            continue
        if schemas.build_validator(schema).is_valid(value):
            return value
    raise NoExampleError(f"no member of {union} has an example")


def _build_typed(schemas: Schemas, schema: Schema, depth: int) -> Any:
    kind = schema.get("type", _guess_type(schema))
    if isinstance(kind, list):
        kind = next((name for name in kind if name != "null"), "null")
    if kind == "object":
        return _build_object(schemas, schema, depth)
    if kind == "array":
        # One item shows what a list holds.
        return _build_list(schemas, schema, depth)
    if kind in ("integer", "number"):
        return _build_number(schema)
    if kind == "string":
        return _build_text(schemas, schema)
    return {"boolean": False}.get(kind)


def _guess_type(schema: Schema) -> str:
    """Return the type that a schema without `type` has examples of."""
    keys = {"object": ("properties", "required"), "array": ("items", "minItems"), "string": ("format", "pattern")}
    return next((kind for kind, names in keys.items() if any(name in schema for name in names)), "null")


def _build_object(schemas: Schemas, schema: Schema, depth: int) -> dict[str, Any]:
    """Build an object with its required properties, and near the top with the others that have an example."""
    properties = schemas.collect_properties(schema)
    required = schema.get("required", ())
    built = {key: _build(schemas, properties.get(key, {}), depth - 1) for key in required}
    if depth > _DEEPEST - _OPTIONAL_LEVELS:
        for key, inner in properties.items():
            if key not in built and not schemas.resolve_ref(inner).get("writeOnly", False):
                with suppress(NoExampleError):
                    built[key] = _build(schemas, inner, depth - 1)
    return built


def _build_list(schemas: Schemas, schema: Schema, depth: int) -> list[Any]:
    number = min(max(1, schema.get("minItems", 0)), schema.get("maxItems", 1_000))
    return [_build(schemas, schema.get("items", {}), depth - 1) for _ in range(number)]


def _build_number(schema: Schema) -> int | float:
    step = schema.get("multipleOf", 1)
    lowest = schema.get("minimum", schema.get("exclusiveMinimum"))
    highest = schema.get("maximum", schema.get("exclusiveMaximum"))
    number = step if lowest is None else -(-lowest // step) * step
    if number == schema.get("exclusiveMinimum"):
        number += step
    if highest is not None and number > highest:
        number = highest // step * step
    if number == schema.get("exclusiveMaximum"):
        number -= step
    return int(number) if number == int(number) else float(number)


def _build_text(schemas: Schemas, schema: Schema) -> str:
    text = _FORMATS.get(schema.get("format", ""), "example")
    if "pattern" in schema:
        # Texts that common patterns of identifiers and codes accept. The caller checks the result.
        validator = schemas.build_validator(schema)
        candidates = (text, "a", "A", "1", "aa", "AA", "aB1", "0" * 32, "a" * 32, "1.1.1", "+12025550100")
        text = next((candidate for candidate in candidates if validator.is_valid(candidate)), text)
    length = max(len(text), schema.get("minLength", 0))
    return text.ljust(length, "x")[: schema.get("maxLength", length)]
