"""Fits values to schemas: the fake's own data, in the form that another version of the spec has."""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import Any

from .examples import NoExampleError, build_example
from .schemas import Schema, Schemas

_UNIONS = ("oneOf", "anyOf")


def fit(schemas: Schemas, schema: Schema, value: Any) -> Any:
    """Turn a value into the nearest that a schema accepts.

    Properties that the schema does not list are left out, required ones that are missing are added, and a value that
    the schema does not accept is replaced by an example. An optional property is left out if it is null and may not be,
    or if it has no example.

    Args:
        schemas: The schemas of the spec.
        schema: One of them.
        value: Decoded JSON, or anything else for an example; it is not changed.

    Returns:
        A value that the schema accepts.

    Raises:
        NoExampleError: An example is needed, and there is none.
    """
    schema = schemas.remember("flatten", schema, schemas.flatten)
    fitted = _fit(schemas, schema, value)
    return fitted if schemas.find_validator(schema).is_valid(fitted) else build_example(schemas, schema)


def _fit(schemas: Schemas, schema: Schema, value: Any) -> Any:
    for union in _UNIONS:
        if union in schema:
            return _fit_member(schemas, schemas.remember(union, schema, _split_union), value)
    if isinstance(value, list) and isinstance(schema.get("items"), dict):
        return [fit(schemas, schema["items"], item) for item in value]
    return _fit_object(schemas, schema, value) if isinstance(value, dict) else value


def _split_union(schema: Schema) -> list[Schema]:
    """Return the members of a union, each with what the schema says beside them."""
    union = next(name for name in _UNIONS if name in schema)
    rest = {key: value for key, value in schema.items() if key != union}
    return [{"allOf": [member, rest]} if rest else member for member in schema[union]]


def _fit_member(schemas: Schemas, members: list[Schema], value: Any) -> Any:
    """Fit a value to the member of a union that keeps most of it."""
    fitted = []
    for member in members:
        try:
            fitted.append(fit(schemas, member, value))
        except NoExampleError:
            continue
    return min(fitted, key=lambda candidate: _count_changes(value, candidate), default=value)


def _count_changes(value: Any, fitted: Any) -> tuple[int, int]:
    """Count the keys that a fitted value has lost, and those that it has gained."""
    if isinstance(value, dict) and isinstance(fitted, dict):
        return len(value.keys() - fitted.keys()), len(fitted.keys() - value.keys())
    return (0, 0) if type(value) is type(fitted) else (sys.maxsize, 0)


def _fit_object(schemas: Schemas, schema: Schema, value: dict[str, Any]) -> dict[str, Any]:
    properties = schemas.remember("properties", schema, schemas.collect_properties)
    rest = schema.get("additionalProperties", not properties)
    required = schema.get("required", ())
    fitted: dict[str, Any] = {}
    for key, inner in value.items():
        inner_schema = properties.get(key, rest)
        if not isinstance(inner_schema, dict):
            if inner_schema:
                fitted[key] = inner
        elif key in required:
            fitted[key] = fit(schemas, inner_schema, inner)
        elif inner is not None or schemas.find_validator(inner_schema).is_valid(None):
            with suppress(NoExampleError):
                fitted[key] = fit(schemas, inner_schema, inner)
    for key in required:
        if key not in fitted:
            fitted[key] = build_example(schemas, properties.get(key, {}))
    return fitted
