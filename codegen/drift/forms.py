"""What a description must be like for a comparison to read it: the form of each object that OpenAPI 3 defines.

Only the form, and only of what the comparison looks at: unknown keys are left alone, and so is a key without a value.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import TypeAlias

from ..errors import CodegenError
from ..spec import METHODS, Json, Spec, escape

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
        },
        "scheme": {"type": "text", "in": "text", "name": "text", "scheme": "text", "flows": {"*": "flow"}},
        "flow": {"scopes": {"*": "text"}},
        "path": {"parameters": ("parameter",), "servers": ("server",), **dict.fromkeys(METHODS, "operation")},
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
        "media type": {"schema": "schema", "encoding": "mapping"},
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
        "discriminator": {"propertyName": "text", "mapping": {"*": "text"}},
    }
)


def check(spec: Spec) -> None:
    """Find out whether a document has the form that OpenAPI asks for.

    Raises:
        CodegenError: It has not. Names file, line and column of up to ten places.
    """
    problems = list(_problems(spec, spec.document, "document", ""))
    if problems:
        more = [f"and {len(problems) - 10} more"] if len(problems) > 10 else []
        raise CodegenError("\n".join([*problems[:10], *more]))


def _problems(spec: Spec, value: Json, form: Form, pointer: str) -> Iterator[str]:
    if value is None:
        return
    if isinstance(form, tuple):
        if not isinstance(value, list):
            yield f"{spec.place(pointer)}: a list is expected here"
            return
        for index, item in enumerate(value):
            yield from _problems(spec, item, form[0], f"{pointer}/{index}")
    elif isinstance(form, dict):
        if not isinstance(value, dict):
            yield f"{spec.place(pointer)}: a mapping is expected here"
            return
        for key, item in value.items():
            if not key.startswith("x-"):
                yield from _problems(spec, item, form["*"], f"{pointer}/{escape(key)}")
    elif form in _SCALARS:
        wrong_flag = isinstance(value, bool) and bool not in _SCALARS[form]
        if wrong_flag or not isinstance(value, _SCALARS[form]):
            yield f"{spec.place(pointer)}: {_named(form)} is expected here"
    else:
        yield from _object(spec, value, form, pointer)


def _named(form: str) -> str:
    return f"{'an' if form[0] in 'aeiou' else 'a'} {form}"


def _object(spec: Spec, value: Json, form: str, pointer: str) -> Iterator[str]:
    if form == "schema" and isinstance(value, bool):
        return
    if not isinstance(value, dict):
        yield f"{spec.place(pointer)}: {_named(form)} is expected here, which is a mapping"
        return
    if form == "operation" and "$ref" in value:
        yield f"{spec.place(pointer)}: an operation cannot be a $ref"
        return
    if form == "schema" and "type" in value:
        kinds = value["type"] if isinstance(value["type"], list) else [value["type"]]
        if not all(isinstance(kind, str) for kind in kinds):
            yield f"{spec.place(f'{pointer}/type')}: a text, or a list of texts, is expected here"
    if form == "schema" and "enum" in value and not isinstance(value["enum"], list):
        yield f"{spec.place(f'{pointer}/enum')}: a list is expected here"
    if form == "parameter" and "$ref" not in value:
        for key in [key for key in ("name", "in") if not isinstance(value.get(key), str)]:
            yield f"{spec.place(pointer)}: a parameter needs `{key}`, a text"
    if isinstance(value.get("$ref"), str) and form != "schema":
        return
    if "*" in FORMS[form]:
        yield from _problems(spec, value, dict(FORMS[form]), pointer)
        return
    for key, inner in FORMS[form].items():
        if key in value:
            yield from _problems(spec, value[key], inner, f"{pointer}/{escape(key)}")
