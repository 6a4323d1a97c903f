"""The schemas of a spec: references, validators, and what a value has to be."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import Any, TypeVar

import jsonschema_rs

T = TypeVar("T")

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


class Schemas:
    """The schemas of one spec: references, and validators of schemas that may refer to its components.

    Args:
        components: The components of the spec.
    """

    def __init__(self, components: Mapping[str, Any]) -> None:
        self._components = components
        self._results: dict[tuple[str, int], tuple[Schema, Any]] = {}

    def __contains__(self, component: str) -> bool:
        return component in self._components.get("schemas", {})

    def resolve_ref(self, node: Mapping[str, Any]) -> Mapping[str, Any]:
        """Follow references to components until there is none."""
        while "$ref" in node:
            section, name = node["$ref"].removeprefix("#/components/").split("/")
            node = self._components[section][name]
        return node

    def get_schema(self, component: str) -> Schema:
        """Return a schema of the components."""
        schema: Schema = self._components["schemas"][component]
        return schema

    def collect_properties(self, schema: Schema) -> dict[str, Schema]:
        """Collect the properties of an object's schema, those of its `allOf` parts included."""
        schema = self.resolve_ref(schema)
        properties: dict[str, Schema] = {}
        for part in schema.get("allOf", ()):
            properties |= self.collect_properties(part)
        properties |= schema.get("properties", {})
        return properties

    def drop_required(self, schema: Schema) -> Schema:
        """Return an object's schema in which every property may be left out."""
        return {"type": "object", "properties": self.collect_properties(schema)}

    def drop_read_only(self, schema: Schema) -> Schema:
        """Return a request's schema without read-only properties: as in Django, they are ignored and not an error."""
        schema = self.resolve_ref(schema)
        if "properties" not in schema:
            return schema
        writable = {
            name: inner
            for name, inner in schema["properties"].items()
            if not self.resolve_ref(inner).get("readOnly", False)
        }
        read_only = schema["properties"].keys() - writable.keys()
        required = [name for name in schema.get("required", ()) if name not in read_only]
        return {**schema, "properties": writable, "required": required}

    def flatten(self, schema: Schema) -> Schema:
        """Return a schema without a reference or `allOf` at its top: the parts of `allOf` are merged into one."""
        schema = self.resolve_ref(schema)
        return self._merge_all(schema) if "allOf" in schema else schema

    def _merge_all(self, schema: Schema) -> Schema:
        merged: dict[str, Any] = {}
        own = {key: value for key, value in schema.items() if key != "allOf"}
        for part in (*map(self.resolve_ref, schema["allOf"]), own):
            flat = self._merge_all(part) if "allOf" in part else part
            properties = dict(merged.get("properties", {}))
            for name, inner in flat.get("properties", {}).items():
                properties[name] = {"allOf": [properties[name], inner]} if name in properties else inner
            required = list(dict.fromkeys([*merged.get("required", ()), *flat.get("required", ())]))
            merged |= flat
            if properties:
                merged["properties"] = properties
            if required:
                merged["required"] = required
        return merged

    def remember(self, name: str, schema: Schema, build: Callable[[Schema], T]) -> T:
        """Return what is built from a schema, once: a page of users needs it for each of a thousand items."""
        key = name, id(schema)
        if key not in self._results:
            self._results[key] = schema, build(schema)
        result: T = self._results[key][1]
        return result

    def build_validator(self, schema: Schema) -> jsonschema_rs.Draft202012Validator:
        """Build a validator of a schema that may refer to the components."""
        document = {**schema, "components": self._components}
        return jsonschema_rs.Draft202012Validator(document, validate_formats=True, offline=True)

    def find_validator(self, schema: Schema) -> jsonschema_rs.Draft202012Validator:
        """Return the validator of a schema that is part of the spec, and so lives as long as these schemas."""
        return self.remember("validator", schema, self.build_validator)

    def get_validator(self, component: str) -> jsonschema_rs.Draft202012Validator:
        """Return the validator of a schema of the components."""
        return self.find_validator(self.get_schema(component))

    def get_partial_validator(self, component: str) -> jsonschema_rs.Draft202012Validator:
        """Return the validator of a component's schema in which every property may be left out."""
        return self.remember(
            "partial", self.get_schema(component), lambda schema: self.build_validator(self.drop_required(schema))
        )

    @cached_property
    def secret_keys(self) -> frozenset[str]:
        """The keys under which bodies hold secrets."""
        return frozenset(
            name
            for schema in iterate_schemas(self._components.get("schemas", {}))
            for name, inner in schema.get("properties", {}).items()
            if self.resolve_ref(inner).get("x-secret")
        )

    @cached_property
    def enum_values(self) -> frozenset[str]:
        """Every value that an enum lists."""
        schemas = iterate_schemas(self._components.get("schemas", {}))
        return frozenset(value for schema in schemas for value in schema.get("enum", ()))


def normalize_schemas(document: Any) -> Any:
    """Copy a spec, and write in one way what schemas can say in two.

    `nullable: true` of OpenAPI 3.0, which upstream also uses in 3.1, becomes a type; `true` and `false`, as the schema
    of a property, become objects.
    """
    if isinstance(document, list):
        return [normalize_schemas(inner) for inner in document]
    if not isinstance(document, dict):
        return document
    copied = {key: normalize_schemas(inner) for key, inner in document.items()}
    if isinstance(properties := copied.get("properties"), dict):
        objects: dict[bool, dict[str, Any]] = {True: {}, False: {"not": {}}}
        copied["properties"] = {
            name: objects[inner] if isinstance(inner, bool) else inner for name, inner in properties.items()
        }
    if copied.get("nullable") is True and isinstance(copied.get("type"), str):
        del copied["nullable"]
        copied["type"] = [copied["type"], "null"]
        if isinstance(copied.get("enum"), list) and None not in copied["enum"]:
            copied["enum"].append(None)
    return copied


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


def iterate_schemas(node: Any) -> Iterator[Mapping[str, Any]]:
    """Iterate over every mapping in a part of the spec."""
    if isinstance(node, dict):
        yield node
    for inner in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from iterate_schemas(inner)
