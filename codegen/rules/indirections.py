"""Replaces a `$ref` that does not lead to a component by its target, where the generator reads it."""

from __future__ import annotations

import re
from typing import Any

from openapi_python_client.strings import pascal_case

from ..limits import CopyBudget
from ..schemas import SCHEMA_REF, Document, UnsupportedSchemaError, find_free_name, follow_refs, walk
from ..spec import METHODS, escape, iterate_mappings, resolve, unescape


def inline_path_items(document: Document) -> None:
    """Put the operations of a path that is a `$ref` in place; copies get operation ids of their own later."""
    budget = CopyBudget()
    used = {
        operation.get("operationId")
        for item in document["paths"].values()
        for method, operation in item.items()
        if method in METHODS
    }
    for path, item in document["paths"].items():
        seen: set[str] = set()
        while isinstance(ref := item.get("$ref"), str):
            if ref in seen:
                raise UnsupportedSchemaError(f"path {path!r} refers to itself in a circle", item)
            seen.add(ref)
            beside = {key: value for key, value in item.items() if key != "$ref"}
            target = budget.copy(resolve(document, ref))
            item = {**target, **beside}
        document["paths"][path] = item
        if seen:
            for method in METHODS:
                if method in item and item[method].get("operationId") in used:
                    item[method].pop("operationId", None)
                elif method in item:
                    used.add(item[method].get("operationId"))


def name_webhook_bodies(document: Document) -> None:
    """Make a component of the first inline body schema of each webhook: a model for programs that receive it.

    `webhooks` itself goes: a client sends none.
    """
    schemas = document["components"]["schemas"]
    for name, item in document.pop("webhooks", {}).items():
        for method in METHODS:
            operation = follow_refs(document, item).get(method, {})
            for media in follow_refs(document, operation.get("requestBody", {})).get("content", {}).values():
                if isinstance(media.get("schema"), dict) and "$ref" not in media["schema"]:
                    schemas.setdefault(pascal_case(f"{name}_payload"), media["schema"])


def move_inner_targets(document: Document) -> None:
    """Make components of schemas that a `$ref` refers to inside something else, and put all else in place."""
    budget = CopyBudget()
    schemas = document["components"]["schemas"]
    at_schemas = {id(schema) for _, _, schema in walk(document)}
    refs: set[Any] = {mapping["$ref"] for _, _, mapping in walk(document) if isinstance(mapping.get("$ref"), str)}
    inner = sorted(filter(_is_inner, refs), key=lambda ref: (-ref.count("/"), ref))  # before what they are inside of
    for ref in inner:
        if id(resolve(document, ref)) not in at_schemas:
            referring = next(mapping for _, _, mapping in walk(document) if mapping.get("$ref") == ref)
            raise UnsupportedSchemaError(f"$ref {ref!r} leads to something that is no schema", referring)
    names = {ref: _move(document, ref, schemas) for ref in inner}
    for _, mapping in list(iterate_mappings(document)):
        if id(mapping) in at_schemas and mapping.get("$ref") in names:
            mapping["$ref"] = SCHEMA_REF + escape(names[mapping["$ref"]])
    # Now copies of everything else hold references to components only, or to something else that is copied in turn.
    while inner_holders := [mapping for _, mapping in iterate_mappings(document) if _is_inner(mapping.get("$ref"))]:
        for mapping in inner_holders:
            seen: set[str] = set()
            while isinstance(ref := mapping.get("$ref"), str) and _is_inner(ref):
                if ref in seen:
                    raise UnsupportedSchemaError(f"$ref {ref!r} refers to itself in a circle", mapping)
                seen.add(ref)
                target = budget.copy(resolve(document, ref))
                del mapping["$ref"]
                mapping.update({**target, **mapping})


def _is_inner(ref: Any) -> bool:
    """Return whether something is a reference to a place inside of something else."""
    return isinstance(ref, str) and (ref.count("/") != 3 or not ref.startswith("#/components/"))


def _move(document: Document, ref: str, schemas: dict[str, Any]) -> str:
    """Move the target of a reference into a component, and refer to it where it stood."""
    holder_ref, _, token = ref.rpartition("/")
    holder = resolve(document, holder_ref) if holder_ref != "#" else document
    key: Any = int(token) if isinstance(holder, list) else unescape(token)
    target = holder[key]
    if len(target) == 1 and str(target.get("$ref", "")).startswith(SCHEMA_REF) and not _is_inner(target["$ref"]):
        return unescape(target["$ref"].removeprefix(SCHEMA_REF))
    words = [word for word in re.findall(r"[A-Za-z0-9]+", unescape(ref)) if word not in _STRUCTURE]
    name = find_free_name(pascal_case("_".join(words[-3:])) or "Schema", schemas.__contains__)
    schemas[name] = target
    holder[key] = {"$ref": SCHEMA_REF + escape(name)}
    return name


_STRUCTURE = frozenset(
    {"components", "schemas", "properties", "paths", "content", "schema", "application", "json"} | {"definitions"}
)
"""Tokens of a pointer that say nothing about the schema at its end."""
