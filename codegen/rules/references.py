"""Shortens chains of references, and moves their targets first: the generator needs a pass for each later one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ..graph import find_connected_components
from ..schemas import SCHEMA_REF, Document, get_component_name, is_annotation, list_types
from ..spec import Json, iterate_mappings, iterate_references, resolve


def shorten_references(document: Document) -> None:
    """Point each component that is a reference, and each reference that is not to a schema, at the end of its chain.

    Other references to a schema that is only a `$ref` stay: the generator makes a class of that schema's name.
    """
    component_ids = {id(schema) for schema in document["components"]["schemas"].values()}
    ends: dict[str, str] = {}
    for _, mapping in list(iterate_mappings(document)):
        ref = mapping.get("$ref")
        if isinstance(ref, str) and (id(mapping) in component_ids or not ref.startswith(SCHEMA_REF)):
            mapping["$ref"] = _find_end(document, ref, ends)


def _find_end(document: Document, ref: str, ends: dict[str, str]) -> str:
    """Return the last reference of a chain; `ends` remembers those that were found."""
    trail = []
    while ref not in ends:
        target = resolve(document, ref)
        if not _is_ref_alias(target):
            ends[ref] = ref
            break
        trail.append(ref)
        ref = target["$ref"]
    end = ends[ref]
    ends.update(dict.fromkeys(trail, end))
    return end


def _is_ref_alias(value: Json) -> bool:
    """Return whether a schema consists of `$ref` only."""
    if not (isinstance(value, dict) and isinstance(value.get("$ref"), str)):
        return False
    return all(key == "$ref" or is_annotation(key) for key in value)


def sort_components(document: Document) -> None:
    """Put each schema after those that it refers to; schemas that refer to each other stay in their order.

    The generator passes over all schemas until none is left that refers to a later one.
    """
    schemas = document["components"]["schemas"]
    names = list(schemas)
    index_of = {name: index for index, name in enumerate(names)}
    inside = [
        [
            index_of[get_component_name(ref)]
            for _, ref in iterate_references(schemas[name])
            if ref.startswith(SCHEMA_REF)
        ]
        for name in names
    ]
    order = [index for component in find_connected_components(inside) for index in sorted(component)]
    document["components"]["schemas"] = {names[index]: schemas[names[index]] for index in order}


def cut_recursive_types(document: Document) -> None:
    """Let a union or an array that contains itself, with no object between, admit anything where it does.

    A class can refer to itself, but a type of Python that is written out cannot, and the generator drops it.
    """
    schemas = document["components"]["schemas"]
    done: set[str] = set()
    for root in schemas:
        path: list[str] = [root]
        todo = [] if root in done else [_iterate_parts(schemas, root)]
        while todo:
            part = next(todo[-1], None)
            if part is None:
                todo.pop()
                done.add(path.pop())
                continue
            holder, key, name = part
            if name in path:
                holder[key] = {}
            elif name in schemas and name not in done:
                path.append(name)
                todo.append(_iterate_parts(schemas, name))


def _iterate_parts(schemas: Document, name: str) -> Iterator[tuple[Document | list[Any], Any, str]]:
    """Iterate over the references in the unions and arrays of a component, as (holder, key, name of a component)."""
    todo = [schemas[name]]
    for schema in todo:
        if "object" in list_types(schema) or "properties" in schema:
            continue
        for key in ("oneOf", "anyOf", "prefixItems"):
            for index, member in enumerate(schema.get(key, ())):
                yield from _name_part(schema[key], index, member, todo)
        if isinstance(schema.get("items"), dict):
            yield from _name_part(schema, "items", schema["items"], todo)


def _name_part(
    holder: Document | list[Any], key: Any, schema: Document, todo: list[Document]
) -> Iterator[tuple[Document | list[Any], Any, str]]:
    ref = schema.get("$ref")
    if isinstance(ref, str) and ref.startswith(SCHEMA_REF):
        yield holder, key, get_component_name(ref)
    elif ref is None:
        todo.append(schema)
