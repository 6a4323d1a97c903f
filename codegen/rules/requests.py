"""Takes `readOnly` properties out of request bodies."""

from __future__ import annotations

import copy

from ..schemas import (
    ALTERNATIVES,
    NULL,
    SCHEMA_REF,
    Document,
    component,
    component_name,
    followed,
    held,
    reachable,
    subschemas,
)
from ..spec import escape, operations


def split_requests(document: Document) -> None:
    """Drop `readOnly` properties from request bodies.

    A component that only requests use loses them; one that answers use as well stays as it is, and requests get
    a copy without them, named `<Name>Input`.
    """
    answers = reachable(document, [list(operation["responses"].values()) for _, _, operation in operations(document)])
    inputs: dict[str, str] = {}
    for _, _, operation in operations(document):
        for holder, key, schema in held(followed(document, operation.get("requestBody", {}))):
            holder[key] = _writable(document, schema, answers, inputs)


def _writable(document: Document, schema: Document, answers: set[str], inputs: dict[str, str]) -> Document:
    """A schema without readOnly properties, wherever they are in it."""
    schemas = document["components"]["schemas"]
    ref = schema.get("$ref")
    if isinstance(ref, str):
        name = component_name(ref)
        if name not in schemas or not _has_read_only(document, schema, set()):
            return schema
        if name not in inputs:
            inputs[name] = name
            if ref in answers:
                inputs[name] = f"{name}Input"
                while inputs[name] in schemas:
                    inputs[name] += "Input"
            schemas[inputs[name]] = copy.deepcopy(schemas[name])
            schemas[inputs[name]] = _writable(document, schemas[inputs[name]], answers, inputs)
        return {**schema, "$ref": SCHEMA_REF + escape(inputs[name])}
    read_only = {n for n, s in schema.get("properties", {}).items() if _is_read_only(document, s)}
    if read_only:
        schema["properties"] = {n: s for n, s in schema["properties"].items() if n not in read_only}
        schema["required"] = [n for n in schema.get("required", ()) if n not in read_only]
        if not schema["required"]:
            del schema["required"]
    for holder, key, inner in list(subschemas(schema)):
        holder[key] = _writable(document, inner, answers, inputs)
    return schema


def _is_read_only(document: Document, schema: Document) -> bool:
    """Whether a property is read-only, be it in place, in the component it refers to, or in all its alternatives."""
    target = component(document, schema)[1]
    if schema.get("readOnly") is True or target.get("readOnly") is True:
        return True
    members = [member for key in ("allOf", *ALTERNATIVES) for member in target.get(key, ()) if member != NULL]
    return len(members) == 1 and any(
        member.get("readOnly") is True for member in (members[0], component(document, members[0])[1])
    )


def _has_read_only(document: Document, schema: Document, seen: set[int]) -> bool:
    _, target = component(document, schema)
    if id(target) in seen:
        return False
    seen.add(id(target))
    if any(_is_read_only(document, inner) for inner in target.get("properties", {}).values()):
        return True
    return any(_has_read_only(document, inner, seen) for _, _, inner in subschemas(target))
