"""Builds what a response is compared with from the API's spec: two JSON schemas for each of the spec.

`BodyChecker` joins the two. The values part is the spec's own schema, without the keywords that no kind of observation
is about, such as `pattern`. The fields part lists the fields that any part of the spec's schema documents for an
object, so that `allOf` and `anyOf` do not report each other's fields.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from enum import Enum
from functools import reduce
from typing import Any, TypeAlias

import attrs

Schema: TypeAlias = Any
"""A schema of JSON Schema: a dict or a bool."""

_VALUE_KEYWORDS = ("type", "enum", "const", "required")
_TIME_FORMATS = ("date-time", "date")
_ALTERNATIVES = ("anyOf", "oneOf")
_MAX_DEPTH = 50
"""How deep a schema may be nested, references included. What is deeper is not compared."""


class _Fields(Enum):
    """Which fields an object may have beside those that are listed."""

    UNSPECIFIED = "unspecified"
    """The schema says nothing about fields."""
    LISTED = "listed"
    """No other fields."""
    ANY = "any"
    """Any, as in a map."""


@attrs.frozen
class _Structure:
    """What a schema says about the structure of a value.

    Attributes:
        fields: The schemas of the fields that it lists.
        others: Which other fields an object may have.
        value_schema: The schema of the values of other fields; None for none.
        items: The schema of the items of an array; None for none.
    """

    fields: Mapping[str, Schema] = attrs.field(factory=dict)
    others: _Fields = _Fields.UNSPECIFIED
    value_schema: Schema | None = None
    items: Schema | None = None


class SchemaBuilder:
    """Builds the schemas that responses are compared with.

    Args:
        document: The spec, an OpenAPI 3.1 document.
    """

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document
        self._names: dict[str, str] = {}
        self.definitions: dict[str, Schema] = {}
        """The schemas that those built so far refer to."""
        self.field_names: set[str] = set()
        """The names of all fields that they list."""

    def build(self, schema: Schema) -> tuple[Schema, Schema]:
        """Build the values part and the fields part of a schema of the spec."""
        return self._build_values(schema), self._build_fields(schema, 0)

    def find_items(self, schema: Schema) -> dict[str | None, Schema]:
        """Find the schemas of lists of objects: of the value itself, under None, and of its fields."""
        structure = self._find_structure(schema, 0)
        lists: dict[str | None, Schema] = {
            name: self._find_structure(inner, 0).items for name, inner in structure.fields.items()
        }
        lists[None] = structure.items
        return {name: items for name, items in lists.items() if items is not None and self._allows_objects(items, 0)}

    def resolve(self, node: Any) -> Any:
        """Follow references until there is none."""
        for _ in range(_MAX_DEPTH):
            if not isinstance(node, Mapping) or not isinstance(node.get("$ref"), str):
                return node
            node = self._find(node["$ref"])
        return {}

    def _find(self, reference: str) -> Any:
        node: Any = self._document
        for part in reference.removeprefix("#/").split("/"):
            key = part.replace("~1", "/").replace("~0", "~")
            node = node.get(key, {}) if isinstance(node, Mapping) else {}
        return node

    def _build_values(self, schema: Schema) -> Schema:
        """Copy a schema, and keep the keywords whose violation is a kind of observation."""
        if not isinstance(schema, Mapping):
            return True
        result: dict[str, Any] = {name: schema[name] for name in _VALUE_KEYWORDS if name in schema}
        if schema.get("format") in _TIME_FORMATS:
            result["format"] = schema["format"]
        if "$ref" in schema:
            result["$ref"] = self._refer(schema["$ref"])
        if "properties" in schema:
            self.field_names.update(schema["properties"])
            result["properties"] = {name: self._build_values(inner) for name, inner in schema["properties"].items()}
        for name in ("items", "additionalProperties"):
            if isinstance(schema.get(name), Mapping):
                result[name] = self._build_values(schema[name])
        if "allOf" in schema:
            result["allOf"] = [self._build_values(part) for part in schema["allOf"]]
        groups = [[self._build_values(part) for part in schema[name]] for name in _ALTERNATIVES if name in schema]
        if len(groups) == 1:
            result["anyOf"] = groups[0]  # a value that two parts of `oneOf` allow is no difference
        elif groups:
            result["allOf"] = [*result.get("allOf", ()), *({"anyOf": group} for group in groups)]
        return result

    def _refer(self, reference: str) -> str:
        """Build the values part of a schema that the spec refers to, once, and return a reference to it."""
        key = f"values {reference}"
        name = self._names.get(key)
        if name is None:
            name = self._names[key] = f"s{len(self._names)}"
            self.definitions[name] = self._build_values(self._find(reference))
            time.sleep(0)  # lets a thread go on that waits for the interpreter
        return f"#/$defs/{name}"

    def _build_fields(self, schema: Schema, depth: int) -> Schema:
        """Build a schema that rejects fields which are not documented, and refers to itself where the spec's does."""
        structure = self._find_structure(schema, depth)
        has_schemas = structure.fields or structure.items is not None or structure.value_schema is not None
        if not has_schemas and structure.others is not _Fields.LISTED:
            return True
        key = f"fields {json.dumps(schema, sort_keys=True)}"  # equal schemas share a definition
        name = self._names.get(key)
        if name is None:
            time.sleep(0)
            name = self._names[key] = f"s{len(self._names)}"
            result: dict[str, Any] = {}
            self.definitions[name] = result
            result["properties"] = {
                field: self._build_fields(inner, depth + 1) for field, inner in structure.fields.items()
            }
            if structure.value_schema is not None:
                result["additionalProperties"] = self._build_fields(structure.value_schema, depth + 1)
            elif structure.others is _Fields.LISTED:
                result["additionalProperties"] = False
            if structure.items is not None:
                result["items"] = self._build_fields(structure.items, depth + 1)
        return {"$ref": f"#/$defs/{name}"}

    def _find_structure(self, schema: Schema, depth: int) -> _Structure:
        if not isinstance(schema, Mapping) or depth > _MAX_DEPTH:
            return _Structure()
        others, value_schema = _Fields.UNSPECIFIED, None
        additional = schema.get("additionalProperties", schema.get("unevaluatedProperties"))
        if (additional is not None and additional is not False) or "patternProperties" in schema:
            others, value_schema = _Fields.ANY, additional if isinstance(additional, Mapping) else None
        elif "properties" in schema or additional is False:
            others = _Fields.LISTED
        structure = _Structure(dict(schema.get("properties", {})), others, value_schema, schema.get("items"))
        parts = [self._find_structure(part, depth + 1) for part in self._iterate_parts(schema)]
        parts += [self._find_alternatives(schema[name], depth) for name in _ALTERNATIVES if name in schema]
        return reduce(_require_both, parts, structure)

    def _iterate_parts(self, schema: Mapping[str, Any]) -> Iterator[Schema]:
        """Iterate over the schemas that a value has to meet beside this one."""
        if "$ref" in schema:
            yield self._find(schema["$ref"])
        yield from schema.get("allOf", ())

    def _find_alternatives(self, schemas: Sequence[Schema], depth: int) -> _Structure:
        structures = []
        for schema in schemas:
            structure = self._find_structure(schema, depth + 1)
            if not self._allows_objects(schema, depth):
                structure = attrs.evolve(structure, fields={}, others=_Fields.LISTED, value_schema=None)
            elif structure.others is _Fields.UNSPECIFIED:
                structure = attrs.evolve(structure, others=_Fields.ANY)  # this alternative allows any object
            structures.append(structure)
        if not any(self._allows_objects(schema, depth) for schema in schemas):
            structures = [attrs.evolve(structure, others=_Fields.UNSPECIFIED) for structure in structures]
        return reduce(_allow_either, structures) if structures else _Structure()

    def _allows_objects(self, schema: Schema, depth: int) -> bool:
        if not isinstance(schema, Mapping) or depth > _MAX_DEPTH:
            return schema is not False
        types = schema.get("type", "object")
        if "object" not in ([types] if isinstance(types, str) else types) or "enum" in schema or "const" in schema:
            return False
        if not all(self._allows_objects(part, depth + 1) for part in self._iterate_parts(schema)):
            return False
        groups = (schema[name] for name in _ALTERNATIVES if name in schema)
        return all(any(self._allows_objects(part, depth + 1) for part in group) for group in groups)


def _require_both(one: _Structure, other: _Structure) -> _Structure:
    """Combine the structures of two schemas that a value must meet both."""
    precedence = (_Fields.ANY, _Fields.LISTED, _Fields.UNSPECIFIED)
    others = min(one.others, other.others, key=precedence.index)
    return _combine("allOf", one, other, others)


def _allow_either(one: _Structure, other: _Structure) -> _Structure:
    """Combine the structures of two schemas of which a value must meet one."""
    precedence = (_Fields.ANY, _Fields.UNSPECIFIED, _Fields.LISTED)
    others = min(one.others, other.others, key=precedence.index)
    return _combine("anyOf", one, other, others)


def _combine(keyword: str, one: _Structure, other: _Structure, others: _Fields) -> _Structure:
    fields = {
        name: _join(keyword, one.fields.get(name), other.fields.get(name)) for name in {**one.fields, **other.fields}
    }
    value_schema = _join(keyword, one.value_schema, other.value_schema)
    return _Structure(fields, others, value_schema, _join(keyword, one.items, other.items))


def _join(keyword: str, one: Schema | None, other: Schema | None) -> Schema:
    if one is None or other is None or one == other:
        return other if one is None else one
    return {keyword: [one, other]}
