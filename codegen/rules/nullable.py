"""Moves null out of enums, objects and arrays into a union with them."""

from __future__ import annotations

from ..schemas import NULL, SECRET, Document, is_annotation, is_nullable, list_types, resolve_component, walk


def split_nullable(document: Document) -> None:
    """Make a nullable enum, object or array a union of a plain one and null.

    The generator would take the listed values for all that may come, or name the class after its place in a union
    that it makes itself. A component stays one class: null moves to the places that refer to it.
    """
    components = document["components"]["schemas"]
    nullable = {name for name, schema in components.items() if _needs_null_split(document, schema, set())}
    referrers: dict[str, list[str]] = {}
    for name, schema in components.items():
        referrers.setdefault(_find_component(document, schema), []).append(name)
    todo = list(nullable)
    while todo:
        more = [name for name in referrers.get(todo.pop(), ()) if name not in nullable]
        nullable.update(more)
        todo += more
    for name in nullable:
        components[name] = _remove_null(components[name])
    kept_whole = {id(member) for _, _, schema in walk(document) for member in schema.get("allOf", ())}
    for holder, key, schema in walk(document):
        if holder is not components and id(schema) not in kept_whole and _needs_null_split(document, schema, nullable):
            rest = _remove_null(schema)
            outside = {name: value for name, value in rest.items() if is_annotation(name) or name == SECRET}
            inside = {name: value for name, value in rest.items() if name not in outside or name == "description"}
            holder[key] = {**outside, "oneOf": [rest["allOf"][0] if "allOf" in rest else inside, dict(NULL)]}


def _needs_null_split(document: Document, schema: Document, nullable: set[str]) -> bool:
    """Return whether a schema is nullable and a class, a list, or a component that is nullable."""
    reference = schema["allOf"][0] if "allOf" in schema else schema
    if _find_component(document, schema) in nullable:
        return True
    kinds, values = list_types(schema), [value for value in schema.get("enum", ()) if value is not None]
    if not (is_nullable(schema) or "null" in kinds or (values and None in schema["enum"])):
        return False
    non_null = [kind for kind in kinds if kind != "null"]
    return bool(values) or "$ref" in reference or non_null in (["object"], ["array"])


def _find_component(document: Document, schema: Document) -> str:
    """Find the name of the component that a schema refers to, "" if it does not."""
    reference = schema["allOf"][0] if "allOf" in schema else schema
    return resolve_component(document, reference)[0] if "$ref" in reference else ""


def _remove_null(schema: Document) -> Document:
    rest = {key: value for key, value in schema.items() if key != "nullable"}
    if "enum" in rest:
        rest["enum"] = [value for value in rest["enum"] if value is not None]
    kinds = [kind for kind in list_types(rest) if kind != "null"]
    if kinds:
        rest["type"] = kinds[0] if len(kinds) == 1 else kinds
    return rest
