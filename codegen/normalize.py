"""Rewrites what openapi-python-client cannot represent into an equal form that it can.

The rules are about the generator, not about this API: they hold for any OpenAPI 3 document. Each is one function
of the package `rules`, listed there in the order of application, and works in place on a copy of the vendored document.
"""

from __future__ import annotations

import contextlib
import copy
from collections.abc import Mapping
from typing import Any

import attrs
from openapi_python_client.schema import OpenAPI, Schema
from pydantic import ValidationError

from . import corrections as _corrections
from .capacity import check_counts, check_structure
from .corrections import Correction
from .errors import CodegenError
from .limits import LimitError
from .rules import NORMALIZATION_RULES
from .rules.boolean_schemas import write_boolean_schemas
from .rules.enums import write_constants
from .schemas import Document, UnsupportedSchemaError
from .spec import Json, Spec, check, check_refs, escape, iterate_mappings, iterate_operations, resolve, unescape

_MAX_REPLACED = 1_000
"""Schemas that tolerant mode replaces before it gives up."""


@attrs.frozen
class NormalizedSpec:
    """The generator's input."""

    document: Document
    corrected: Document
    """The vendored document with its corrections and nothing else changed."""
    notes: tuple[str, ...]
    """Corrections that do not fit the document (lenient mode only)."""
    replaced: Mapping[str, str]
    """The problem of each schema that admits anything now, without and with its place (tolerant mode only)."""


def normalize(
    spec: Spec, corrections: tuple[Correction, ...], *, lenient: bool = False, tolerant: bool = False
) -> NormalizedSpec:
    """Build the generator's input from a vendored document, which stays as it is.

    Args:
        spec: The vendored document.
        corrections: What it gets wrong.
        lenient: Apply corrections wherever they match, however often.
        tolerant: Let a schema that no rule can rewrite admit anything, instead of an error.

    Returns:
        The corrected and rewritten document.

    Raises:
        CodegenError: A correction does not fit the document, the corrected document is not valid OpenAPI, or a
            schema in it cannot be put into a form that the generator takes.
    """
    check_counts(spec)
    document = copy.deepcopy(spec.document)
    notes = _corrections.apply(corrections, document, lenient=lenient)
    corrected = Spec(attrs.evolve(spec.file, value=document))
    check(corrected)
    document["paths"] = document.get("paths") or {}
    _drop_empty_keywords(document)
    _complete_prose(document)
    write_boolean_schemas(document)
    write_constants(document)
    replaced: dict[str, str] = {}
    while problems := _find_problems(corrected):
        if not tolerant or "" in problems or len(replaced) > _MAX_REPLACED:
            raise CodegenError("\n".join(f"{spec.format_place(key)}: {problem}" for key, problem in problems.items()))
        for pointer, problem in reversed(problems.items()):
            _remove(document, pointer)
            text = f"{pointer} is left out: it {problem}"
            replaced[text] = f"{spec.format_place(pointer)}: {text}"
    try:
        check_refs(corrected)
    except CodegenError as error:  # a reference leads into what is left out
        raise CodegenError("\n".join([*replaced.values(), str(error)])) from None
    document.setdefault("components", {}).setdefault("schemas", {})
    as_corrected = copy.deepcopy(document)
    todo = list(NORMALIZATION_RULES)
    while todo:
        try:
            todo[0](document)
            del todo[0]
        except UnsupportedSchemaError as error:
            pointer = _find_pointer(document, error.schema) or ""
            if not tolerant or not error.schema or len(replaced) > _MAX_REPLACED:
                raise CodegenError(f"{spec.format_place(pointer)}: {error}") from None
            text = f"{pointer} admits anything: {error}"
            replaced[text] = f"{spec.format_place(pointer)}: {text}"
            error.schema.clear()
        except LimitError as error:
            raise CodegenError(f"{spec.name}: {error}") from None
    check_counts(Spec(attrs.evolve(spec.file, value=document)))
    check_structure(document, spec.name)
    return NormalizedSpec(document, as_corrected, tuple(notes), replaced)


def _drop_empty_keywords(document: Document) -> None:
    """Remove keywords without a value, and `x-…` where the generator takes every entry for a path or a status."""
    for _, mapping in list(iterate_mappings(document)):
        for key in [key for key, value in mapping.items() if value is None and key not in ("default", "example")]:
            del mapping[key]
        for key in [key for key in ("allOf", "anyOf", "oneOf") if mapping.get(key) == []]:
            del mapping[key]
        for key in ("content", "encoding", "mapping", "webhooks"):
            if isinstance(mapping.get(key), dict):
                mapping[key] = {name: value for name, value in mapping[key].items() if value is not None}
        if "$ref" in mapping and isinstance(mapping.get("required"), bool):  # of a request body, say; it is ignored
            del mapping["required"]
    document["paths"] = {path: item for path, item in document["paths"].items() if not path.startswith("x-")}
    for _, _, operation in iterate_operations(document):
        responses = operation.get("responses", {})
        operation["responses"] = {code: response for code, response in responses.items() if not code.startswith("x-")}


def _complete_prose(document: Document) -> None:
    """Fill in what OpenAPI demands and no client needs: title, version, and what a response means."""
    document["info"] = {"title": "API", "version": "", **document["info"]}
    for key in ("title", "version"):
        if isinstance(document["info"][key], int | float):  # such as `version: 1.0`
            document["info"][key] = str(document["info"][key])
    listed = [operation["responses"] for _, _, operation in iterate_operations(document)]
    listed.append((document.get("components") or {}).get("responses") or {})
    for responses in listed:
        for response in responses.values():
            if isinstance(response, dict) and "$ref" not in response:
                response.setdefault("description", "")


def _find_problems(spec: Spec) -> dict[str, str]:
    """Hold a document against the generator's own model of OpenAPI, so that rules can rely on its shape.

    The model passes over what stands beside a `$ref`, which rules read: it is held against the model by itself.

    Returns:
        What is wrong, by JSON pointer, in the order of the document.
    """
    problems: dict[str, str] = {}
    try:
        OpenAPI.model_validate(spec.document)
    except ValidationError as error:
        problems = _list_problems(spec, error, "")
    for pointer, mapping in iterate_mappings(spec.document):
        if "$ref" in mapping and mapping.keys() & _SCHEMA_KEYWORDS:
            try:
                Schema.model_validate({key: value for key, value in mapping.items() if key != "$ref"})
            except ValidationError as error:
                problems |= _list_problems(spec, error, pointer)
    return problems


def _remove(document: Document, pointer: str) -> None:
    """Remove what stands at a JSON pointer."""
    above, _, token = pointer.rpartition("/")
    with contextlib.suppress(LookupError):  # it went with what it stood in
        holder: Any = resolve(document, f"#{above}") if above else document
        del holder[int(token) if isinstance(holder, list) else unescape(token)]


_SCHEMA_KEYWORDS = frozenset({"allOf", "anyOf", "oneOf", "properties", "items", "required", "enum", "type"})
"""Keywords that only schemas have."""


def _list_problems(spec: Spec, error: ValidationError, start: str) -> dict[str, str]:
    """List what the generator's model reports of a part of a document, by JSON pointer."""
    problems: dict[str, str] = {}
    for detail in error.errors():
        pointer = start
        for token in detail["loc"]:  # keys and indices, and between them names of the generator's classes
            with contextlib.suppress(LookupError):
                resolve(spec.document, f"#{pointer}/{escape(str(token))}")
                pointer += f"/{escape(str(token))}"
        missing = detail["type"] == "missing"
        name = detail["loc"][-1] if missing else unescape(pointer.rpartition("/")[2])
        problem = "is missing" if missing else detail["msg"].removeprefix("Value error, ")
        problems.setdefault(pointer, f"is not valid OpenAPI: `{name}`: {problem}")
    return problems


def _find_pointer(node: Json, target: Json, pointer: str = "") -> str | None:
    """Find the JSON pointer of an object inside a document, None if it is not in it."""
    if node is target:
        return pointer
    inner = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in inner:
        found = _find_pointer(value, target, f"{pointer}/{escape(str(key))}")
        if found is not None:
            return found
    return None
