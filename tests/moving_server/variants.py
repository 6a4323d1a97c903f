"""The bodies that a version of the spec allows: together they show each value, null, and absence that it allows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from gcore_iam.testing.examples import build_example
from gcore_iam.testing.schemas import Schema, Schemas

ABSENT: Final = object()
"""Stands for a property that is left out."""


def list_variants(schemas: Schemas, schema: Schema) -> list[Any]:
    """List values of a schema that show all it allows.

    For numbers that may have a fraction, one is a whole number and one is not; texts without a format are no times; of
    each union there are values of all members. Properties that a schema does not list are not among them.
    """
    schema = schemas.flatten(schema)
    for union in ("oneOf", "anyOf"):
        if union in schema:
            rest = {key: value for key, value in schema.items() if key != union}
            return [value for one in schema[union] for value in list_variants(schemas, {"allOf": [one, rest]})]
    if "enum" in schema:
        return list(schema["enum"])
    kinds = schema.get("type", "object" if "properties" in schema else "array" if "items" in schema else "string")
    return [value for kind in ([kinds] if isinstance(kinds, str) else kinds) for value in _list(schemas, schema, kind)]


def _list(schemas: Schemas, schema: Schema, kind: str) -> Iterator[Any]:
    if kind == "object":
        yield from _list_objects(schemas, schema)
    elif kind == "array":
        yield list_variants(schemas, schema["items"])
    elif kind == "null":
        yield None
    elif kind == "number":
        yield from (1, 0.5)
    else:
        yield build_example(schemas, {**schema, "type": kind})


def _list_objects(schemas: Schemas, schema: Schema) -> Iterator[dict[str, Any]]:
    """Yield objects until each property has shown all its variants, each beside the first ones of the others."""
    required = schema.get("required", ())
    choices: dict[str, Sequence[Any]] = {}
    for name, inner in schema.get("properties", {}).items():
        if not schemas.resolve_ref(inner).get("writeOnly", False):
            choices[name] = [*list_variants(schemas, inner), *([] if name in required else [ABSENT])]
    choices |= {name: ["example"] for name in required if name not in choices}
    if isinstance(schema.get("additionalProperties"), Mapping):
        choices["any-key"] = list_variants(schemas, schema["additionalProperties"])
    for index in range(max(map(len, choices.values()), default=1)):
        values = {name: variants[index if index < len(variants) else 0] for name, variants in choices.items()}
        yield {name: value for name, value in values.items() if value is not ABSENT}
