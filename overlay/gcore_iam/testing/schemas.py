"""The schemas of the API's spec: references, validators, and what a value has to be."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import jsonschema_rs
from gcore_iam_client.description import DESCRIPTION

Schema = Mapping[str, Any]

Problem = tuple[tuple[str, ...], str]
"""Where a value is wrong, key by key, and what it must be."""

TYPE_NAMES = {
    "array": "a list",
    "boolean": "true or false",
    "integer": "a whole number",
    "null": "null",
    "number": "a number",
    "object": "an object",
    "string": "a text",
}
_FORMAT_NAMES = {"email": "an email address", "date-time": "a date and time with an offset (RFC 3339)"}


def resolve_ref(node: Mapping[str, Any]) -> Mapping[str, Any]:
    """Follow references to components until there is none."""
    while "$ref" in node:
        section, name = node["$ref"].removeprefix("#/components/").split("/")
        node = DESCRIPTION["components"][section][name]
    return node


def get_schema(component: str) -> Schema:
    """Return a schema of the spec's components."""
    schema: Schema = DESCRIPTION["components"]["schemas"][component]
    return schema


def collect_properties(schema: Schema) -> dict[str, Schema]:
    """Collect the properties of an object's schema, those of its `allOf` parts included."""
    schema = resolve_ref(schema)
    properties: dict[str, Schema] = {}
    for part in schema.get("allOf", ()):
        properties |= collect_properties(part)
    properties |= schema.get("properties", {})
    return properties


def drop_required(schema: Schema) -> Schema:
    """Return an object's schema in which every property may be left out."""
    return {"type": "object", "properties": collect_properties(schema)}


def drop_read_only(schema: Schema) -> Schema:
    """Return a request's schema without read-only properties: as in Django, they are ignored and not an error."""
    schema = resolve_ref(schema)
    if "properties" not in schema:
        return schema
    writable = {
        name: inner for name, inner in schema["properties"].items() if not resolve_ref(inner).get("readOnly", False)
    }
    read_only = schema["properties"].keys() - writable.keys()
    required = [name for name in schema.get("required", ()) if name not in read_only]
    return {**schema, "properties": writable, "required": required}


def build_validator(schema: Schema) -> jsonschema_rs.Draft202012Validator:
    """Build a validator of a schema that may refer to the spec's components."""
    document = {**schema, "components": DESCRIPTION["components"]}
    return jsonschema_rs.Draft202012Validator(document, validate_formats=True, offline=True)


@cache
def get_validator(component: str) -> jsonschema_rs.Draft202012Validator:
    """Return the validator of a schema of the spec's components."""
    return build_validator({"$ref": f"#/components/schemas/{component}"})


@cache
def get_partial_validator(component: str) -> jsonschema_rs.Draft202012Validator:
    """Return the validator of a component's schema in which every property may be left out."""
    return build_validator(drop_required(get_schema(component)))


def find_problem(component: str, value: dict[str, Any]) -> Problem | None:
    """Return the first problem of an object in which properties may be left out; None if there is none."""
    return next(map(describe_problem, get_partial_validator(component).iter_errors(value)), None)


def describe_problem(error: jsonschema_rs.ValidationError) -> Problem:
    """Say where a value is wrong and what it must be. The value itself is left out: it may be a secret."""
    keys = tuple(str(key) for key in error.instance_path)
    if isinstance(error.kind, jsonschema_rs.ValidationErrorKind.Required):
        return (*keys, error.kind.property), "Value is missing."
    return keys, _describe_requirement(error)


def _describe_requirement(error: jsonschema_rs.ValidationError) -> str:
    kinds, kind = jsonschema_rs.ValidationErrorKind, error.kind
    if isinstance(kind, kinds.Type):
        names = sorted(kind.types, key=lambda name: name == "null")
        return f"Must be {' or '.join(TYPE_NAMES[name] for name in names)}."
    if isinstance(kind, kinds.Enum):
        return f"Must be one of {', '.join(map(str, kind.options))}."
    if isinstance(kind, kinds.Format):
        return f"Must be {_FORMAT_NAMES.get(kind.format, kind.format)}."
    return f"Does not meet `{error.schema_path[-1]}` of the API's spec."


@cache
def collect_secret_keys() -> frozenset[str]:
    """Collect the keys under which bodies of this API hold secrets."""
    return frozenset(
        name
        for schema in iterate_schemas(DESCRIPTION["components"]["schemas"])
        for name, inner in schema.get("properties", {}).items()
        if resolve_ref(inner).get("x-secret")
    )


@cache
def collect_enum_values() -> frozenset[str]:
    """Collect every value that an enum of this API lists."""
    return frozenset(
        value for schema in iterate_schemas(DESCRIPTION["components"]["schemas"]) for value in schema.get("enum", ())
    )


def iterate_schemas(node: Any) -> Iterator[Mapping[str, Any]]:
    """Iterate over every mapping in a part of the spec."""
    if isinstance(node, dict):
        yield node
    for inner in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from iterate_schemas(inner)
