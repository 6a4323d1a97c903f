"""Gives every media type of a request or response a schema that the generator takes."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

from ..media_types import classify, get_essence, is_binary, is_range, name_media_type
from ..schemas import (
    ALTERNATIVES,
    BODY_KIND,
    CONTENT_ENCODING,
    CONTENT_TYPE,
    NULL,
    SCHEMA_REF,
    Document,
    find_free_name,
    find_reachable_refs,
    follow_refs,
    is_annotation,
    iterate_parameters,
    iterate_subschemas,
    list_types,
    resolve_component,
    walk,
)
from ..spec import escape, iterate_operations

_FORMS = ("data", "files")
"""The kinds of bodies that are forms."""


def simplify_media_types(document: Document) -> None:
    """State what a body is to generated code: text, bytes, or anything where JSON has no schema.

    Of several JSON media types of one body, each gets a component of its own: the generator would give their classes
    the same name.
    """
    for name, is_response, content in _iterate_contents(document):
        seen: set[str] = set()
        for index, (media_type, media) in enumerate(content.items()):
            kind = classify(document, media_type, media)
            if is_response and kind in _FORMS:  # only requests are forms to generated code
                kind = media[BODY_KIND] = "binary"
            if is_range(media_type):
                media[BODY_KIND] = kind
            if kind == "text":
                media["schema"] = {"type": "string"}
            elif kind == "binary":
                is_file = "schema" in media and is_binary(document, media["schema"])
                media["schema"] = {"type": "string", **({"format": "binary"} if is_file else {})}
            else:
                media.setdefault("schema", {})
                if kind in _FORMS and _admits_anything(document, media["schema"]):
                    media["schema"] = {"type": "object"}
                group = "response" if is_response else kind
                if _has_class(media["schema"]):
                    if group in seen:
                        media["schema"] = _move_to_components(document, media["schema"], f"{name} {media_type}")
                    elif group == "response" and index:  # only the first media type of a response is read in its place
                        media["schema"] = _move_to_components(document, media["schema"], name)
                    seen.add(group)


def _admits_anything(document: Document, schema: Document) -> bool:
    return all(is_annotation(key) for key in resolve_component(document, schema)[1])


def remove_null_from_forms(document: Document) -> None:
    """Take null out of the alternatives of forms: a form that is not there is no body."""
    for _, _, content in _iterate_contents(document):
        for media_type, media in content.items():
            schema = resolve_component(document, media["schema"])[1]
            for key in ALTERNATIVES & schema.keys():
                members = [member for member in schema[key] if member != NULL]
                if classify(document, media_type, media) in _FORMS and len(members) < len(schema[key]):
                    rest = {name: value for name, value in schema.items() if name != key}
                    media["schema"] = {**rest, **members[0]} if len(members) == 1 else {**rest, key: members}


def _iterate_contents(document: Document) -> Iterator[tuple[str, bool, Document]]:
    """Yield each `content` of a request or response once, as (name for its owner, whether it is a response's, it)."""
    done: set[int] = set()
    for _, _, operation in iterate_operations(document):
        owner = operation["operationId"]
        holders = [(owner, False, operation.get("requestBody", {}))]
        holders += [(f"{owner} response {code}", True, response) for code, response in operation["responses"].items()]
        for name, is_response, holder in holders:
            content = follow_refs(document, holder).get("content", {})
            if id(content) not in done:
                done.add(id(content))
                yield name, is_response, content


def _has_class(schema: Document) -> bool:
    """Return whether the generator makes a class of a schema or of a part of it, named after the place."""
    if "$ref" in schema:
        return False
    if schema.keys() & {"properties", "additionalProperties", "enum"} or "object" in list_types(schema):
        return True
    return any(_has_class(inner) for _, _, inner in iterate_subschemas(schema))


def _move_to_components(document: Document, schema: Document, name: str) -> Document:
    schemas = document["components"]["schemas"]
    name = find_free_name(name_media_type(name), schemas.__contains__, "_")
    schemas[name] = schema
    return {"$ref": SCHEMA_REF + escape(name)}


_MAX_UPLOAD_DEPTH = 4
"""How deep in arrays and unions a file may be."""

# --- uploads ---------------------------------------------------------------------------------------------------------


def mark_uploads(document: Document) -> None:
    """Make files of the texts in multipart forms that OpenAPI 3.1 gives a `contentMediaType` or `contentEncoding`.

    A component that other places use as well stays, and the form gets a copy of its own, named `<Name>Form`.
    """
    _unmark_texts(document)
    forms: list[Document] = []
    for _, _, content in _iterate_contents(document):
        forms += [media for key, media in content.items() if get_essence(key) == "multipart/form-data"]
    elsewhere: set[str] | None = None
    for media in forms:
        for holder, key in _iterate_alternatives(document, media, "schema", set()):
            name, schema = resolve_component(document, holder[key])
            if not any(_is_upload(document, parts[part]) for parts, part in _list_parts(schema)):
                continue
            if name:
                if elsewhere is None:
                    elsewhere = _find_refs_outside(document, forms)
                if SCHEMA_REF + escape(name) in elsewhere:
                    schema = copy.deepcopy(schema)
                    holder[key] = _move_to_components(document, schema, f"{name} Form")
            for parts, part in _list_parts(schema):
                if _is_upload(document, parts[part]):
                    parts[part] = _make_file(document, parts[part])


def _unmark_texts(document: Document) -> None:
    """Write OpenAPI 3.0's `format: binary` as 3.1 does: inside of JSON it is a text, and no file.

    A whole body and a parameter stay as they are.
    """
    parameters = [follow_refs(document, each) for each in iterate_parameters(document)]
    bodies = [
        media
        for _, _, content in _iterate_contents(document)
        for media_type, media in content.items()
        if classify(document, media_type, media) == "binary"
    ]
    kept = {id(holder.get("schema")) for holder in [*parameters, *bodies]}
    for _, _, schema in walk(document):
        if schema.get("format") == "binary" and id(schema) not in kept:
            del schema["format"]
            schema.setdefault("contentMediaType", "application/octet-stream")


def _list_parts(schema: Document) -> list[tuple[Document, str]]:
    """List where the schemas of a form's parts stand, as (holder, key)."""
    properties = schema.get("properties", {})
    others = [(schema, "additionalProperties")] if isinstance(schema.get("additionalProperties"), dict) else []
    return [*((properties, key) for key in properties), *others]


def _iterate_alternatives(document: Document, holder: Any, key: Any, seen: set[int]) -> Iterator[tuple[Any, Any]]:
    """Yield where a schema stands, and where the alternatives in it do, however deep."""
    yield holder, key
    schema = resolve_component(document, holder[key])[1]
    if id(schema) not in seen:
        seen.add(id(schema))
        for kind in sorted(ALTERNATIVES & schema.keys()):
            for index in range(len(schema[kind])):
                yield from _iterate_alternatives(document, schema[kind], index, seen)


def _find_refs_outside(document: Document, forms: list[Document]) -> set[str]:
    """Find the references outside of the given forms."""
    schemas = [(media, media.pop("schema")) for media in forms]
    found = find_reachable_refs(document, document["paths"])
    for media, schema in schemas:
        media["schema"] = schema
    return found


def _is_upload(document: Document, schema: Document, depth: int = 0) -> bool:
    """Return whether a property holds a file, or several, that OpenAPI 3.1 describes as a text."""
    target = resolve_component(document, schema)[1]
    if depth > _MAX_UPLOAD_DEPTH:  # too deep, perhaps recursive
        return False
    if isinstance(target.get("items"), dict):
        return _is_upload(document, target["items"], depth + 1)
    members = [member for key in sorted(ALTERNATIVES) for member in target.get(key, ()) if member != NULL]
    if members:
        return all(_is_upload(document, member, depth + 1) for member in members)
    kinds = [kind for kind in list_types(target) if kind != "null"]
    return kinds == ["string"] and bool(target.keys() & {"contentMediaType", "contentEncoding"})


def _make_file(document: Document, schema: Document) -> Document:
    """Replace texts in a schema by files; the keywords beside them say how they are sent."""
    target = copy.deepcopy(resolve_component(document, schema)[1])
    beside: dict[str, Any] = {}
    if isinstance(target.get("items"), dict):
        target["items"] = _make_file(document, target["items"])
        beside = target["items"]
    elif members := [(key, index) for key in sorted(ALTERNATIVES) for index in range(len(target.get(key, ())))]:
        for key, index in members:
            if target[key][index] != NULL:
                target[key][index] = beside = _make_file(document, target[key][index])
    else:
        target["format"] = "binary"
        media_type, encoding = target.pop("contentMediaType", None), target.pop("contentEncoding", None)
        if media_type and media_type != "application/octet-stream":
            target[CONTENT_TYPE] = media_type
        if encoding and encoding.lower() not in ("7bit", "8bit", "binary"):
            target[CONTENT_ENCODING] = encoding.lower()
        return target
    return {**target, **{key: beside[key] for key in (CONTENT_TYPE, CONTENT_ENCODING) if key in beside}}
