"""Adds keywords that schemas imply, and removes those that the generator misunderstands."""

from __future__ import annotations

import datetime

from ..limits import CopyBudget
from ..schemas import SECRET, Document, is_annotation, list_types, resolve_component, walk
from ..spec import build_value_key


def drop_titles(document: Document) -> None:
    """Remove `title`: the generator would name classes after it, and modules after something else."""
    for _, _, schema in walk(document):
        schema.pop("title", None)


def state_types(document: Document) -> None:
    """Write out what a schema implies; without it the generator falls back to `Any`, or drops the schema.

    `items` imply an array and `properties` an object, a list of one type is that type, and a value that `enum`
    repeats stands once. Defaults of arrays and objects go: the generator takes none. A default moment gets an offset.
    """
    for _, _, schema in walk(document):
        if "type" not in schema and "$ref" not in schema:
            if "items" in schema:
                schema["type"] = "array"
            elif "properties" in schema:
                schema["type"] = "object"
        if isinstance(kinds := schema.get("type"), list) and len(kinds) == 1:
            schema["type"] = kinds[0]
        if isinstance(values := schema.get("enum"), list):
            unique: dict[object, object] = {}
            for value in values:
                unique.setdefault(build_value_key(value), value)
            schema["enum"] = list(unique.values())
        if isinstance(schema.get("default"), dict | list):
            del schema["default"]
        if schema.get("format") == "date-time" and isinstance(text := schema.get("default"), str):
            schema["default"] = _add_offset(text)


def join_pattern_properties(document: Document) -> None:
    """Let the properties that `patternProperties` describes be additional ones: the generator reads only these.

    Unless any other property is allowed, a value may match the schema of any pattern.
    """
    for _, _, schema in walk(document):
        patterns = schema.pop("patternProperties", None)
        others = schema.get("additionalProperties", True)
        if not isinstance(patterns, dict) or others is True or others == {}:
            continue
        members = [member for member in patterns.values() if member != {"not": {}}]
        members += [others] if isinstance(others, dict) else []
        unique = list({build_value_key(member): member for member in members}.values())
        if unique:
            schema["additionalProperties"] = unique[0] if len(unique) == 1 else {"anyOf": unique}


def _add_offset(text: str) -> str:
    """Add an offset to a timestamp that has none; it is UTC, as in a response."""
    try:
        moment = datetime.datetime.fromisoformat(text)
    except ValueError:
        return text
    return text if moment.tzinfo else moment.replace(tzinfo=datetime.UTC).isoformat()


def distribute_properties(document: Document) -> None:
    """Remove alternatives that only say which properties must be there together, and put properties into all others.

    The generator would make a union of the alternatives and forget the properties beside it.
    """
    budget = CopyBudget()
    for _, _, schema in walk(document):
        for key in ("oneOf", "anyOf"):
            members = schema.get(key, ())
            if members and all(_is_requirement(member) for member in members):
                del schema[key]
            elif members and "properties" in schema:
                shared = {name: schema.pop(name) for name in _OF_OBJECTS if name in schema}
                schema.pop("type", None)
                schema[key] = [
                    {"allOf": [{"type": "object", **budget.copy(shared)}, member]}
                    for member in members
                    if not _is_requirement(member)
                ]


_OF_OBJECTS = ("properties", "required", "additionalProperties", "patternProperties")
"""Keywords that hold for each alternative of an object as well."""


def _is_requirement(schema: Document) -> bool:
    keys = {key for key in schema if not is_annotation(key)}
    return bool(keys) and keys <= {"required", "not", "type"} and schema.get("type", "object") == "object"


def inline_secrets(document: Document) -> None:
    """Put a copy where a secret component is referred to: the generator keeps marks only in place."""
    budget = CopyBudget()
    for holder, key, schema in walk(document):
        if "$ref" in schema and resolve_component(document, schema)[1].get(SECRET):
            holder[key] = budget.copy(resolve_component(document, schema)[1])


def complete_arrays(document: Document) -> None:
    """Give an array without `items` the `items` that this means: anything."""
    for _, _, schema in walk(document):
        if "array" in list_types(schema) and "prefixItems" not in schema:
            schema.setdefault("items", {})
