"""Checks the structure of a spec before a comparison: the form of each object that OpenAPI 3 defines.

Only the form, and only of what the comparison looks at: unknown keys are left alone, and so is a key without a value.
A malformed keyword is left out with a note; a malformed structure, such as a list of paths, ends the comparison.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import TypeAlias

import attrs

from ..errors import CodegenError
from ..spec import METHODS, Json, Spec, escape, find_reference_problem, unescape

Form: TypeAlias = "str | tuple[Form, ...] | dict[str, Form]"
"""The name of a scalar or of one of `FORMS`, `(form,)` for a list of it, `{"*": form}` for a mapping of names to it."""

_SCALARS: Mapping[str, tuple[type, ...]] = MappingProxyType(
    {
        "text": (str,),
        "number": (int, float),
        "flag": (bool,),
        "flag or number": (bool, int, float),
        "mapping": (dict,),
    }
)

_SCHEMAS: Form = {"*": "schema"}

FORMS: Mapping[str, dict[str, Form]] = MappingProxyType(
    {
        "document": {
            "info": "mapping",
            "paths": {"*": "path"},
            "webhooks": {"*": "path"},
            "servers": ("server",),
            "security": ({"*": ("text",)},),
            "tags": ("tag",),
            "components": "components",
        },
        "callback": {"*": "path"},
        "server": {"url": "text"},
        "tag": {"name": "text"},
        "components": {
            "schemas": _SCHEMAS,
            "parameters": {"*": "parameter"},
            "requestBodies": {"*": "body"},
            "responses": {"*": "response"},
            "headers": {"*": "header"},
            "securitySchemes": {"*": "scheme"},
            "pathItems": {"*": "path"},
            "callbacks": {"*": "callback"},
            "mediaTypes": {"*": "media type"},
        },
        "scheme": {"type": "text", "in": "text", "name": "text", "scheme": "text", "flows": {"*": "flow"}},
        "flow": {"scopes": {"*": "text"}},
        "path": {
            "parameters": ("parameter",),
            "servers": ("server",),
            "additionalOperations": {"*": "operation"},
            **dict.fromkeys((*METHODS, "query"), "operation"),
        },
        "operation": {
            "operationId": "text",
            "tags": ("text",),
            "deprecated": "flag",
            "parameters": ("parameter",),
            "requestBody": "body",
            "responses": {"*": "response"},
            "security": ({"*": ("text",)},),
            "servers": ("server",),
            "callbacks": {"*": "callback"},
        },
        "parameter": {
            "name": "text",
            "in": "text",
            "required": "flag",
            "deprecated": "flag",
            "style": "text",
            "explode": "flag",
            "schema": "schema",
            "content": {"*": "media type"},
        },
        "header": {"required": "flag", "schema": "schema", "content": {"*": "media type"}},
        "body": {"required": "flag", "content": {"*": "media type"}},
        "response": {"content": {"*": "media type"}, "headers": {"*": "header"}},
        "media type": {"schema": "schema", "itemSchema": "schema", "encoding": "mapping"},
        "schema": {
            "required": ("text",),
            **dict.fromkeys(("properties", "patternProperties", "dependentSchemas", "$defs"), _SCHEMAS),
            **dict.fromkeys(("allOf", "anyOf", "oneOf", "prefixItems"), ("schema",)),
            **dict.fromkeys(("items", "additionalProperties", "not", "if", "then", "else", "contains"), "schema"),
            **dict.fromkeys(("propertyNames", "unevaluatedItems", "unevaluatedProperties", "contentSchema"), "schema"),
            **dict.fromkeys(("nullable", "readOnly", "writeOnly", "deprecated", "uniqueItems"), "flag"),
            **dict.fromkeys(("format", "pattern", "contentMediaType", "contentEncoding"), "text"),
            **dict.fromkeys(("minimum", "maximum", "multipleOf"), "number"),
            **dict.fromkeys(("exclusiveMinimum", "exclusiveMaximum"), "flag or number"),
            **dict.fromkeys(
                ("minLength", "maxLength", "minItems", "maxItems", "minProperties", "maxProperties"), "number"
            ),
            **dict.fromkeys(("minContains", "maxContains"), "number"),
            "dependentRequired": {"*": ("text",)},
            "discriminator": "discriminator",
        },
        "discriminator": {"propertyName": "text", "defaultMapping": "text", "mapping": {"*": "text"}},
    }
)


@attrs.frozen
class _Problem:
    """A value whose form OpenAPI forbids."""

    pointer: str
    message: str
    form: Form = ""
    is_keyword: bool = False
    """Whether the spec can be compared without it."""


def drop_malformed(spec: Spec) -> tuple[str, ...]:
    """Remove malformed keywords from a document in place.

    Returns:
        One note for each of them, with file, line and column.

    Raises:
        CodegenError: The structure is malformed. Names file, line and column of up to ten places.
    """
    problems = list(_iterate_problems(spec, spec.document, "document", ""))
    texts = [f"{spec.format_place(problem.pointer)}: {problem.message}" for problem in problems]
    fatal = [text for text, problem in zip(texts, problems, strict=True) if not problem.is_keyword]
    if fatal:
        more = [f"and {len(fatal) - 10} more"] if len(fatal) > 10 else []
        raise CodegenError("\n".join([*fatal[:10], *more]))
    for problem in problems:
        _drop(spec, problem)
    return tuple(f"{text}; left out of the comparison" for text in texts)


def _drop(spec: Spec, problem: _Problem) -> None:
    """Remove a keyword; a malformed schema becomes one that takes any value."""
    holder, _, last = problem.pointer.rpartition("/")
    above = spec.get_value(holder)
    if isinstance(above, list):
        above[int(last)] = {} if problem.form == "schema" else None
    elif problem.form == "schema":
        above[unescape(last)] = {}
    else:
        del above[unescape(last)]


def _iterate_problems(
    spec: Spec, value: Json, form: Form, pointer: str, *, in_schema: bool = False
) -> Iterator[_Problem]:
    if value is None:
        return
    if isinstance(form, tuple):
        if not isinstance(value, list):
            yield _Problem(pointer, "a list is expected here", form, in_schema)
            return
        for index, item in enumerate(value):
            yield from _iterate_problems(spec, item, form[0], f"{pointer}/{index}", in_schema=in_schema)
    elif isinstance(form, dict):
        if not isinstance(value, dict):
            yield _Problem(pointer, "a mapping is expected here", form, in_schema)
            return
        for key, item in value.items():
            if not key.startswith("x-"):
                yield from _iterate_problems(spec, item, form["*"], f"{pointer}/{escape(key)}", in_schema=in_schema)
    elif form in _SCALARS:
        wrong_flag = isinstance(value, bool) and bool not in _SCALARS[form]
        if wrong_flag or not isinstance(value, _SCALARS[form]):
            yield _Problem(pointer, f"{_format_form(form)} is expected here", form, in_schema or form != "mapping")
    else:
        yield from _iterate_object_problems(spec, value, form, pointer, in_schema=in_schema)


def _format_form(form: str) -> str:
    return f"{'an' if form[0] in 'aeiou' else 'a'} {form}"


def _iterate_object_problems(
    spec: Spec, value: Json, form: str, pointer: str, *, in_schema: bool
) -> Iterator[_Problem]:
    if form == "schema" and isinstance(value, bool):
        return
    if not isinstance(value, dict):
        yield _Problem(pointer, f"{_format_form(form)} is expected here, which is a mapping", form, in_schema)
        return
    if form == "operation" and "$ref" in value:
        yield _Problem(pointer, "an operation cannot be a $ref", form)
        return
    if form == "schema":
        in_schema = True
        ref = value.get("$ref")
        if isinstance(ref, str) and ref.startswith("#/") and (problem := find_reference_problem(spec.document, ref)):
            yield _Problem(f"{pointer}/$ref", problem, is_keyword=True)
        yield from _check_schema_keywords(value, pointer)
    if form == "parameter" and "$ref" not in value:
        for key in [key for key in ("name", "in") if not isinstance(value.get(key), str)]:
            yield _Problem(pointer, f"a parameter needs `{key}`, a text")
        value = {key: item for key, item in value.items() if key not in ("name", "in")}
    if isinstance(value.get("$ref"), str) and form != "schema":
        return
    if "*" in FORMS[form]:
        yield from _iterate_problems(spec, value, dict(FORMS[form]), pointer)
        return
    for key, inner in FORMS[form].items():
        if key in value:
            yield from _iterate_problems(spec, value[key], inner, f"{pointer}/{escape(key)}", in_schema=in_schema)


def _check_schema_keywords(schema: dict[str, Json], pointer: str) -> Iterator[_Problem]:
    """Check the keywords that have more than one form."""
    kinds = schema.get("type")
    kinds = kinds if isinstance(kinds, list) else [kinds]
    if "type" in schema and not all(isinstance(kind, str) for kind in kinds):
        yield _Problem(f"{pointer}/type", "a text, or a list of texts, is expected here", is_keyword=True)
    if "enum" in schema and not isinstance(schema["enum"], list):
        yield _Problem(f"{pointer}/enum", "a list is expected here", is_keyword=True)
