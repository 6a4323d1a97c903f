"""Shortens chains of references, and puts what they lead to first: the generator passes over what comes later again."""

from __future__ import annotations

import re

from ..graph import connected_components
from ..limits import CopyBudget
from ..schemas import SCHEMA_REF, Document, UnsupportedSchemaError, get_component_name, is_annotation
from ..spec import Json, escape, iterate_mappings, iterate_operations, iterate_references, resolve, unescape

_PLACES = re.compile(r"/(?:components/\w+|paths|properties|content|schema)(?=/|$)")
"""What the name of a component does not need of a place in the document."""


def inline_path_items(document: Document) -> None:
    """Put a copy where a path is a `$ref`: the generator takes operations only in place.

    Of an operation that stands at several paths, the copies have no `operationId`: it can be only one operation's.
    """
    budget = CopyBudget()
    paths = document["paths"]
    for path in paths:
        seen: set[str] = set()
        while isinstance(ref := paths[path].get("$ref"), str):
            if ref in seen:
                raise UnsupportedSchemaError(f"path {path!r} refers to itself in a circle", paths[path])
            seen.add(ref)
            beside = {key: value for key, value in paths[path].items() if key != "$ref"}
            paths[path] = {**budget.copy(resolve(document, ref)), **beside}
    taken: set[str] = set()
    for _, _, operation in iterate_operations(document):
        name = operation.get("operationId", "")
        if name in taken:
            del operation["operationId"]
        elif name:
            taken.add(name)


def name_targets(document: Document) -> None:
    """Make components of what references lead to elsewhere: the generator follows references to components only."""
    deep = {
        ref for _, ref in iterate_references(document) if ref.count("/") != 3 or not ref.startswith("#/components/")
    }
    names: dict[str, str] = {}
    for ref in sorted(deep, key=lambda ref: (-ref.count("/"), ref)):  # what is inside first
        parent, _, token = ref.rpartition("/")
        holder, target = resolve(document, parent), resolve(document, ref)
        if not isinstance(target, dict):
            raise UnsupportedSchemaError(f"$ref {ref!r} leads to something that is no object")
        section = _find_section(ref, target)
        components = document["components"].setdefault(section, {})
        name = base = "_".join(re.findall(r"[^\W_]+", unescape(_PLACES.sub("", ref))))
        number = 1
        while name in components:
            number += 1
            name = f"{base}_{number}"
        components[name] = target
        names[ref] = f"#/components/{section}/{escape(name)}"
        holder[int(token) if isinstance(holder, list) else unescape(token)] = {"$ref": names[ref]}
    for _, mapping in list(iterate_mappings(document)):
        if mapping.get("$ref") in names:
            mapping["$ref"] = names[mapping["$ref"]]


def _find_section(ref: str, target: Document) -> str:
    """The section of `components` that an object belongs to."""
    tokens = ref.split("/")
    if tokens[-2] == "parameters" and target.keys() >= {"in", "name"}:
        return "parameters"
    if tokens[-2] == "responses" and "description" in target and "type" not in target:
        return "responses"
    return "requestBodies" if tokens[-1] == "requestBody" and "content" in target else "schemas"


def shorten_references(document: Document) -> None:
    """Make each `$ref` lead to what its chain of references ends in, if the ones between only repeat it.

    A component that is only a `$ref` keeps its own references: the generator makes a class of its own name for it.
    """
    aliases = {id(schema) for schema in document["components"]["schemas"].values()}
    ends: dict[str, str] = {}
    for _, mapping in list(iterate_mappings(document)):
        ref = mapping.get("$ref")
        if isinstance(ref, str) and (id(mapping) in aliases or not ref.startswith(SCHEMA_REF)):
            mapping["$ref"] = _end(document, ref, ends)


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
    order = [index for component in connected_components(inside) for index in sorted(component)]
    document["components"]["schemas"] = {names[index]: schemas[names[index]] for index in order}
