"""Writes the boolean schemas of OpenAPI 3.1 as objects, which is all that the generator reads."""

from __future__ import annotations

from typing import Any

from ..schemas import Document
from ..spec import Json, iterate_mappings

_ONE = ("items", "not", "contains", "propertyNames", "if", "then", "else", "schema")
_LISTS = ("allOf", "anyOf", "oneOf", "prefixItems")
_MAPS = ("properties", "patternProperties", "dependentSchemas", "$defs", "definitions", "schemas")


def write_boolean_schemas(document: Document) -> None:
    """Write `true` as `{}`, which admits anything, and take out what `false` forbids: properties and alternatives."""
    for _, mapping in list(iterate_mappings(document)):
        for key in _ONE:
            if isinstance(mapping.get(key), bool):
                _write_one(mapping, key)
        for key in _LISTS:
            members = mapping.get(key)
            if isinstance(members, list) and any(isinstance(member, bool) for member in members):
                others = [member for member in members if member is not False or key not in ("anyOf", "oneOf")]
                mapping[key] = [_write(member) for member in others] or [{"not": {}}]
        for key in _MAPS:
            schemas = mapping.get(key)
            if isinstance(schemas, dict) and any(isinstance(schema, bool) for schema in schemas.values()):
                _write_map(mapping, key, schemas)


def _write_one(mapping: Document, key: str) -> None:
    if key == "items" and mapping[key] is False:  # no items beside those that `prefixItems` lists
        del mapping[key]
    else:
        mapping[key] = _write(mapping[key])


def _write_map(mapping: Document, key: str, schemas: dict[str, Any]) -> None:
    forbidden = {name for name, schema in schemas.items() if schema is False} if key == "properties" else set()
    mapping[key] = {name: _write(schema) for name, schema in schemas.items() if name not in forbidden}
    if forbidden and isinstance(mapping.get("required"), list):
        mapping["required"] = [name for name in mapping["required"] if name not in forbidden]


def _write(schema: Json) -> Json:
    return {} if schema is True else {"not": {}} if schema is False else schema
