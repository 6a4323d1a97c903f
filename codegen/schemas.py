"""Walks and reads the schemas of an OpenAPI document."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

from .errors import CodegenError
from .spec import Json, iterate_operations, iterate_references, resolve, unescape

Document = dict[str, Any]

_ANNOTATIONS = frozenset(
    {"title", "description", "example", "examples", "externalDocs", "deprecated", "default", "readOnly", "writeOnly"}
)
"""Keywords that say something about a value without constraining it (JSON Schema 2020-12, meta-data)."""

_SUBSCHEMAS = ("items", "not", "additionalProperties", "contains", "propertyNames", "if", "then", "else")
_SUBSCHEMA_LISTS = ("allOf", "oneOf", "anyOf", "prefixItems")
_SUBSCHEMA_MAPS = ("properties", "patternProperties", "dependentSchemas", "$defs", "definitions")

SCHEMA_REF = "#/components/schemas/"

SECRET = "x-secret"  # noqa: S105 - the name of a mark, not a secret
"""Schema keyword that marks a value no repr may show."""

BODY_KIND = "x-body-kind"
"""Keyword beside a body's schema that holds what the body is to generated code."""

FUNCTION_NAME = "x-function-name"
"""Keyword of an operation that holds what its module is named after, where that is not its `operationId`."""

CONTENT_TYPE = "x-content-type"
"""Schema keyword that holds the media type of a file in a form."""

CONTENT_ENCODING = "x-content-encoding"
"""Schema keyword that holds how the bytes of a file in a form are written as text."""

DISCRIMINATOR = "x-discriminator"
"""Schema keyword that holds a union's discriminator: the property, and the position of the member for each value."""

_IGNORED_HEADERS = ("accept", "authorization", "content-type")

ALTERNATIVES = frozenset({"oneOf", "anyOf"})
"""Keywords that list alternatives."""

NULL = {"type": "null"}
"""The schema of null."""


class UnsupportedSchemaError(CodegenError):
    """A schema that no rule can make fit for the generator."""

    def __init__(self, problem: str, schema: Document | None = None) -> None:
        super().__init__(problem)
        self.schema = schema


def iterate_subschemas(schema: Document) -> Iterator[tuple[Document | list[Any], Any, Document]]:
    """Yield the schemas directly inside a schema, as (holder, key, schema): `holder[key] = …` replaces one."""
    for key in _SUBSCHEMAS:
        if isinstance(schema.get(key), dict):
            yield schema, key, schema[key]
    for key in _SUBSCHEMA_LISTS:
        for index, item in enumerate(schema.get(key, ())):
            if isinstance(item, dict):
                yield schema[key], index, item
    for key in _SUBSCHEMA_MAPS:
        if isinstance(schema.get(key), dict):
            for name, item in schema[key].items():
                if isinstance(item, dict):
                    yield schema[key], name, item


def _iterate_roots(document: Document) -> Iterator[tuple[Document, Any, Document]]:
    """Yield the outermost schemas of a document, as (holder, key, schema)."""
    components = document["components"]
    for name, schema in components["schemas"].items():
        yield components["schemas"], name, schema
    for section in ("parameters", "headers", "responses", "requestBodies"):
        for holder in components.get(section, {}).values():
            yield from iterate_held_schemas(holder)
    for item in document["paths"].values():
        for parameter in item.get("parameters", ()):
            yield from iterate_held_schemas(parameter)
    for _, _, operation in iterate_operations(document):
        for parameter in operation.get("parameters", ()):
            yield from iterate_held_schemas(parameter)
        yield from iterate_held_schemas(operation.get("requestBody", {}))
        for response in operation["responses"].values():
            yield from iterate_held_schemas(response)


def iterate_held_schemas(holder: Document) -> Iterator[tuple[Document, Any, Document]]:
    if isinstance(holder.get("schema"), dict):
        yield holder, "schema", holder["schema"]
    for media in holder.get("content", {}).values():
        if isinstance(media.get("schema"), dict):
            yield media, "schema", media["schema"]


def walk(document: Document) -> Iterator[tuple[Document | list[Any], Any, Document]]:
    """Yield every schema of a document as (holder, key, schema), inner ones first."""

    def iterate_inside(
        holder: Document | list[Any], key: Any, schema: Document
    ) -> Iterator[tuple[Document | list[Any], Any, Document]]:
        for inner in list(iterate_subschemas(schema)):
            yield from iterate_inside(*inner)
        yield holder, key, schema

    for root in list(_iterate_roots(document)):
        yield from iterate_inside(*root)


def resolve_component(document: Document, schema: Document) -> tuple[str, Document]:
    """Follow a schema's `$ref`s: the name of the last component on the way ("" if none) and what it holds."""
    name, seen, start = "", set(), schema
    while isinstance(ref := schema.get("$ref"), str) and ref.startswith(SCHEMA_REF):
        if ref in seen:
            raise UnsupportedSchemaError(f"{ref} refers to itself in a circle", start)
        seen.add(ref)
        name, schema = get_component_name(ref), resolve(document, ref)
    return name, schema


def get_component_name(ref: str) -> str:
    return unescape(ref.removeprefix(SCHEMA_REF))


def find_free_name(base: str, is_taken: Callable[[str], bool], separator: str = "") -> str:
    """Find a name that is free: the base, or else the base with the smallest number from 2 on."""
    if not is_taken(base):
        return base
    return next(name for number in count(2) if not is_taken(name := f"{base}{separator}{number}"))


def iterate_parameters(document: Document) -> Iterator[Document]:
    """Yield the parameters of all paths and operations, as they are listed: some are references."""
    operations = (operation for _, _, operation in iterate_operations(document))
    for holder in (*document["paths"].values(), *operations):
        yield from holder.get("parameters", ())


def follow_refs(document: Document, holder: Document) -> Document:
    """Resolve the `$ref`s of a parameter, request body or response."""
    seen = set()
    while isinstance(ref := holder.get("$ref"), str) and ref not in seen:
        seen.add(ref)
        holder = resolve(document, ref)
    return holder


def find_reachable_refs(document: Document, start: Json) -> set[str]:
    """Find all references that a node leads to, however far."""
    found: set[str] = set()
    todo = [ref for _, ref in iterate_references(start)]
    while todo:
        ref = todo.pop()
        if ref not in found:
            found.add(ref)
            todo.extend(inner for _, inner in iterate_references(resolve(document, ref)))
    return found


def is_annotation(key: str) -> bool:
    return key in _ANNOTATIONS or (key.startswith("x-") and key != SECRET)


def is_nullable(schema: Document) -> bool:
    return schema.get("nullable") is True


def list_types(schema: Document) -> list[str]:
    kind = schema.get("type", [])
    return kind if isinstance(kind, list) else [kind]


def is_ignored_header(parameter: Document) -> bool:
    """Return whether a parameter is a header that OpenAPI says is ignored (Parameter Object, `name`)."""
    return parameter.get("in") == "header" and str(parameter.get("name")).lower() in _IGNORED_HEADERS
