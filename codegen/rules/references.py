"""Shortens chains of references, and puts what they lead to first: the generator passes over what comes later again."""

from __future__ import annotations

from ..schemas import SCHEMA_REF, Document, component_name, is_annotation
from ..spec import Json, mappings, references, resolve


def shorten_references(document: Document) -> None:
    """Make each `$ref` lead to what its chain of references ends in, if the ones between only repeat it."""
    ends: dict[str, str] = {}
    for _, mapping in list(mappings(document)):
        if isinstance(mapping.get("$ref"), str):
            mapping["$ref"] = _end(document, mapping["$ref"], ends)


def _end(document: Document, ref: str, ends: dict[str, str]) -> str:
    trail = []
    while ref not in ends:
        target = resolve(document, ref)
        if not _is_alias(target):
            ends[ref] = ref
            break
        trail.append(ref)
        ref = target["$ref"]
    end = ends[ref]
    ends.update(dict.fromkeys(trail, end))
    return end


def _is_alias(value: Json) -> bool:
    """Whether something says nothing but `$ref`."""
    if not (isinstance(value, dict) and isinstance(value.get("$ref"), str)):
        return False
    return all(key == "$ref" or is_annotation(key) for key in value)


def sort_components(document: Document) -> None:
    """Put each schema after those that it refers to, and leave the order as it is otherwise.

    The generator passes over all schemas until none is left that refers to a later one.
    """
    schemas = document["components"]["schemas"]
    inside = {
        name: [component_name(ref) for _, ref in references(schema) if ref.startswith(SCHEMA_REF)]
        for name, schema in schemas.items()
    }
    order: dict[str, None] = {}
    entered: set[str] = set()
    for root in schemas:
        todo = [(root, iter(inside[root]))] if root not in entered else []
        entered.add(root)
        while todo:
            name, rest = todo[-1]
            for inner in rest:
                if inner in inside and inner not in entered:
                    entered.add(inner)
                    todo.append((inner, iter(inside[inner])))
                    break
            else:
                order[name] = None
                todo.pop()
    document["components"]["schemas"] = {name: schemas[name] for name in order}
