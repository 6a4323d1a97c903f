"""Rewrites what openapi-python-client cannot represent into an equal form that it can.

The rules are about the generator, not about this API: they hold for any OpenAPI 3 document. Each is one function,
listed in `RULES` in the order of application; each works in place on a copy of the vendored document.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import Any

import attrs

from . import corrections as _corrections
from .corrections import SECRET, Correction
from .errors import CodegenError
from .spec import Json, Spec, operations, resolve

Document = dict[str, Any]

_ANNOTATIONS = frozenset(
    {"title", "description", "example", "examples", "externalDocs", "deprecated", "default", "readOnly", "writeOnly"}
)
"""Keywords that say something about a value without constraining it (JSON Schema 2020-12, meta-data)."""

_SUBSCHEMAS = ("items", "not", "additionalProperties", "contains", "propertyNames", "if", "then", "else")
_SUBSCHEMA_LISTS = ("allOf", "oneOf", "anyOf", "prefixItems")
_SUBSCHEMA_MAPS = ("properties", "patternProperties", "dependentSchemas", "$defs")

_SCHEMA_REF = "#/components/schemas/"


@attrs.frozen
class Normalised:
    """The generator's input."""

    document: Document
    notes: tuple[str, ...]
    """Corrections that matched another number of places than they say (lenient mode only)."""


def normalise(spec: Spec, corrections: tuple[Correction, ...], *, lenient: bool = False) -> Normalised:
    """Build the generator's input from a vendored document, which stays as it is.

    Args:
        spec: The vendored document.
        corrections: What it gets wrong.
        lenient: Apply corrections wherever they match, however often.

    Returns:
        The corrected and rewritten document.

    Raises:
        CodegenError: A correction matches another number of places than it says, or two schemas that `allOf`
            combines contradict each other.
    """
    document = copy.deepcopy(spec.document)
    document.setdefault("components", {}).setdefault("schemas", {})
    notes = _corrections.apply(corrections, document, lenient=lenient)
    for rule in RULES:
        rule(document)
    return Normalised(document, tuple(notes))


# --- walking -------------------------------------------------------------------------------------------------------


def subschemas(schema: Document) -> Iterator[tuple[Document | list[Any], Any, Document]]:
    """The schemas directly inside a schema, as (holder, key, schema): `holder[key] = …` replaces one."""
    for key in _SUBSCHEMAS:
        if isinstance(schema.get(key), dict):
            yield schema, key, schema[key]
    for key in _SUBSCHEMA_LISTS:
        for index, item in enumerate(schema.get(key, ())):
            if isinstance(item, dict):
                yield schema[key], index, item
    for key in _SUBSCHEMA_MAPS:
        for name, item in schema.get(key, {}).items():
            if isinstance(item, dict):
                yield schema[key], name, item


def _roots(document: Document) -> Iterator[tuple[Document, Any, Document]]:
    """The outermost schemas of a document, as (holder, key, schema)."""
    components = document["components"]
    for name, schema in components["schemas"].items():
        yield components["schemas"], name, schema
    for section in ("parameters", "headers", "responses", "requestBodies"):
        for holder in components.get(section, {}).values():
            yield from _held(holder)
    for item in document["paths"].values():
        for parameter in item.get("parameters", ()):
            yield from _held(parameter)
    for _, _, operation in operations(document):
        for parameter in operation.get("parameters", ()):
            yield from _held(parameter)
        yield from _held(operation.get("requestBody", {}))
        for response in operation["responses"].values():
            yield from _held(response)


def _held(holder: Document) -> Iterator[tuple[Document, Any, Document]]:
    if isinstance(holder.get("schema"), dict):
        yield holder, "schema", holder["schema"]
    for media in holder.get("content", {}).values():
        if isinstance(media.get("schema"), dict):
            yield media, "schema", media["schema"]


def _walk(document: Document) -> Iterator[tuple[Document | list[Any], Any, Document]]:
    """Every schema of a document as (holder, key, schema), inner ones first."""

    def inside(
        holder: Document | list[Any], key: Any, schema: Document
    ) -> Iterator[tuple[Document | list[Any], Any, Document]]:
        for inner in list(subschemas(schema)):
            yield from inside(*inner)
        yield holder, key, schema

    for root in list(_roots(document)):
        yield from inside(*root)


def _component(document: Document, schema: Document) -> tuple[str, Document]:
    """Follow a schema's `$ref`s: the name of the last component on the way ("" if none) and what it holds."""
    name, seen = "", set()
    while isinstance(ref := schema.get("$ref"), str) and ref.startswith(_SCHEMA_REF):
        if ref in seen:
            raise CodegenError(f"components/schemas/{name}: refers to itself in a circle")
        seen.add(ref)
        name = ref.removeprefix(_SCHEMA_REF).replace("~1", "/").replace("~0", "~")
        schema = document["components"]["schemas"][name]
    return name, schema


def _references(node: Json) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        for value in node.values():
            yield from _references(value)
    elif isinstance(node, list):
        for value in node:
            yield from _references(value)


def reachable(document: Document, start: Json) -> set[str]:
    """All references that lead from a node, however far."""
    found: set[str] = set()
    todo = list(_references(start))
    while todo:
        ref = todo.pop()
        if ref not in found:
            found.add(ref)
            todo.extend(_references(resolve(document, ref)))
    return found


# --- operations ----------------------------------------------------------------------------------------------------


def name_operations(document: Document) -> None:
    """Give operations without an `operationId` one, made of method and path, so that each can be spoken of."""
    taken = {operation.get("operationId") for _, _, operation in operations(document)}
    for path, method, operation in operations(document):
        if "operationId" not in operation:
            words = "_".join(part.strip("{}") for part in path.split("/") if part)
            name = f"{method}_{words}"
            while name in taken:
                name += "_"
            operation["operationId"] = name
            taken.add(name)


def inherit_security(document: Document) -> None:
    """Write the document's `security` onto operations that state none (the generator looks only there)."""
    for _, _, operation in operations(document):
        operation.setdefault("security", document.get("security", []))


def drop_error_responses(document: Document) -> None:
    """Remove 4xx and 5xx answers, and the schemas that only they reach.

    The generator makes unions of success and error types and cannot represent titled inline objects in `oneOf`;
    error bodies are read by the hand-written layer.
    """
    before = reachable(document, document["paths"])
    for _, _, operation in operations(document):
        responses = operation["responses"]
        successes = {code: response for code, response in responses.items() if code.startswith(("1", "2", "3"))}
        if not successes and "default" in responses:
            successes = {"default": responses["default"]}
        operation["responses"] = successes
    orphans = before - reachable(document, document["paths"])
    components = document["components"]
    for ref in orphans:
        if ref.startswith(_SCHEMA_REF) and ref.count("/") == 3:
            components["schemas"].pop(ref.removeprefix(_SCHEMA_REF).replace("~1", "/").replace("~0", "~"), None)
    used = reachable(document, document["paths"])
    for section in ("responses", "requestBodies"):
        kept = {n: v for n, v in components.get(section, {}).items() if f"#/components/{section}/{n}" in used}
        if section in components:
            components[section] = kept


def describe_parameters(document: Document) -> None:
    """Copy a parameter's description into its schema, the only place where the generator looks for it."""
    listed = [operation.get("parameters", ()) for _, _, operation in operations(document)]
    listed += [item.get("parameters", ()) for item in document["paths"].values()]
    listed.append(document["components"].get("parameters", {}).values())
    for parameters in listed:
        for parameter in parameters:
            schema = parameter.get("schema")
            if isinstance(schema, dict) and "description" in parameter and "$ref" not in schema:
                schema.setdefault("description", parameter["description"])


# --- schemas -------------------------------------------------------------------------------------------------------


def drop_titles(document: Document) -> None:
    """Remove `title`: the generator would name classes after it, and modules after something else."""
    for _, _, schema in _walk(document):
        schema.pop("title", None)


def state_types(document: Document) -> None:
    """Write the `type` that `items` or `properties` imply; without it the generator falls back to `Any`."""
    for _, _, schema in _walk(document):
        if "type" not in schema and "$ref" not in schema:
            if "items" in schema:
                schema["type"] = "array"
            elif "properties" in schema:
                schema["type"] = "object"


def split_nullable_enums(document: Document) -> None:
    """Make a nullable enum a union of a plain enum and null.

    The generator would take the listed values for all that may come, or name three classes after one enum. A
    component stays one class: null moves to the places that refer to it.
    """
    null = {"type": "null"}
    components = document["components"]["schemas"]
    nullable = {name for name, schema in components.items() if _is_nullable_enum(schema)}
    for holder, key, schema in _walk(document):
        if _is_nullable_enum(schema):
            plain = {name: value for name, value in schema.items() if name != "nullable"}
            plain["enum"] = [value for value in schema["enum"] if value is not None]
            if isinstance(kind := schema.get("type"), list):
                plain["type"] = next(item for item in kind if item != "null")
            holder[key] = plain if holder is components else {"oneOf": [plain, null]}
        elif str(schema.get("$ref", "")).removeprefix(_SCHEMA_REF) in nullable:
            holder[key] = {"oneOf": [schema, null]}


def _is_nullable_enum(schema: Document) -> bool:
    values, kind = schema.get("enum"), schema.get("type")
    if not isinstance(values, list) or all(value is None for value in values):
        return False
    return schema.get("nullable") is True or None in values or (isinstance(kind, list) and "null" in kind)


def simplify_all_of(document: Document) -> None:
    """Replace `allOf` by one schema that says the same.

    A member with nothing but annotations makes the generator drop the whole answer; of two members that define
    the same property the generator keeps the first, where JSON Schema means both and people mean the last.
    """
    for holder, key, schema in _walk(document):
        if "allOf" in schema:
            holder[key] = _flatten(document, schema, ())


def _flatten(document: Document, schema: Document, above: tuple[str, ...]) -> Document:
    members = [member for member in schema["allOf"] if isinstance(member, dict)]
    rest = {key: value for key, value in schema.items() if key != "allOf"}
    annotations: Document = {}
    structural: list[Document] = []
    for member in [*members, rest]:
        if "$ref" in member or any(not _is_annotation(key) for key in member):
            structural.append(member)
        else:
            annotations |= member
    if not structural:
        return annotations
    references = [member for member in structural if "$ref" in member]
    others = [member for member in structural if "$ref" not in member]
    if len(references) == 1 and all(member.keys() <= _ANNOTATIONS | {"type", "nullable"} for member in others):
        nullable = {"nullable": True} if any(member.get("nullable") for member in others) else {}
        beside = {key: value for member in others for key, value in member.items() if key in _ANNOTATIONS}
        return {**annotations, **beside, **nullable, "allOf": references}
    merged: Document = {}
    for member in structural:
        name, target = _component(document, member)
        if name in above and name:
            raise CodegenError(f"components/schemas/{name}: contains itself through allOf")
        if "allOf" in target:
            target = _flatten(document, target, (*above, name))
            if "allOf" in target:  # a lone reference, kept as one
                _, target = _component(document, target["allOf"][0])
        if "oneOf" in target or "anyOf" in target:
            return schema  # alternatives cannot be merged into one object; the generator has its own say
        merged = _merge(document, merged, copy.deepcopy(target))
    return {**merged, **annotations}


def _is_annotation(key: str) -> bool:
    return key in _ANNOTATIONS or (key.startswith("x-") and key != SECRET)


def _merge(document: Document, one: Document, other: Document) -> Document:
    """The schema that both describe; where they differ on what a property is, the later and fuller one."""
    kinds = [kind for kind in (_kind(one), _kind(other)) if kind]
    if len(set(kinds)) > 1:
        raise CodegenError(f"allOf combines {kinds[0]} with {kinds[1]}; nothing can be both")
    merged = {**one, **other}
    if "required" in one and "required" in other:
        merged["required"] = list(dict.fromkeys([*one["required"], *other["required"]]))
    if "properties" in one and "properties" in other:
        properties = dict(one["properties"])
        for name, schema in other["properties"].items():
            properties[name] = _override(document, properties[name], schema) if name in properties else schema
        merged["properties"] = properties
    if isinstance(one.get("items"), dict) and isinstance(other.get("items"), dict):
        merged["items"] = _override(document, one["items"], other["items"])
    if "enum" in one and "enum" in other:
        merged["enum"] = [value for value in one["enum"] if value in other["enum"]] or other["enum"]
    if one.get("nullable") is not other.get("nullable") and one and other:
        merged.pop("nullable", None)  # null must be allowed by both
    return merged


def _override(document: Document, one: Document, other: Document) -> Document:
    if "$ref" not in other and all(_is_annotation(key) for key in other):
        return {**other, "allOf": [one]} if "$ref" in one else {**one, **other}
    _, first = _component(document, one)
    _, second = _component(document, other)
    if first.keys() & {"allOf", "oneOf", "anyOf"} or second.keys() & {"allOf", "oneOf", "anyOf"}:
        return other
    if first.get("properties", {}).keys() <= second.get("properties", {}).keys():
        return other
    return _merge(document, copy.deepcopy(first), copy.deepcopy(second))


def _kind(schema: Document) -> str:
    kind = schema.get("type", "")
    if isinstance(kind, list):
        kind = next((item for item in kind if item != "null"), "null")
    return str(kind).replace("integer", "number")


def inline_secrets(document: Document) -> None:
    """Put a copy where a secret component is referred to: the generator keeps marks only in place."""
    for holder, key, schema in _walk(document):
        if "$ref" in schema and _component(document, schema)[1].get(SECRET):
            holder[key] = copy.deepcopy(_component(document, schema)[1])


def split_requests(document: Document) -> None:
    """Drop `readOnly` properties from request bodies.

    A component that only requests use loses them; one that answers use as well stays as it is, and requests get
    a copy without them, named `<Name>Input`.
    """
    answers = reachable(document, [operation["responses"] for _, _, operation in operations(document)])
    inputs: dict[str, str] = {}
    for _, _, operation in operations(document):
        for holder, key, schema in _held(_body(document, operation)):
            holder[key] = _writable(document, schema, answers, inputs)


def _body(document: Document, operation: Document) -> Document:
    body: Document = operation.get("requestBody", {})
    name = str(body.get("$ref", "")).removeprefix("#/components/requestBodies/")
    return document["components"]["requestBodies"][name] if name else body


def _writable(document: Document, schema: Document, answers: set[str], inputs: dict[str, str]) -> Document:
    """A schema without readOnly properties, wherever they are in it."""
    schemas = document["components"]["schemas"]
    ref = schema.get("$ref")
    if isinstance(ref, str):
        name = ref.removeprefix(_SCHEMA_REF).replace("~1", "/").replace("~0", "~")
        if name not in schemas or not _has_read_only(document, schema, set()):
            return schema
        if name not in inputs:
            inputs[name] = name
            if ref in answers:
                inputs[name] = f"{name}Input"
                while inputs[name] in schemas:
                    inputs[name] += "Input"
            schemas[inputs[name]] = copy.deepcopy(schemas[name])
            schemas[inputs[name]] = _writable(document, schemas[inputs[name]], answers, inputs)
        return {**schema, "$ref": _SCHEMA_REF + inputs[name].replace("~", "~0").replace("/", "~1")}
    read_only = {n for n, s in schema.get("properties", {}).items() if _is_read_only(document, s)}
    if read_only:
        schema["properties"] = {n: s for n, s in schema["properties"].items() if n not in read_only}
        schema["required"] = [n for n in schema.get("required", ()) if n not in read_only]
        if not schema["required"]:
            del schema["required"]
    for holder, key, inner in list(subschemas(schema)):
        holder[key] = _writable(document, inner, answers, inputs)
    return schema


def _is_read_only(document: Document, schema: Document) -> bool:
    return schema.get("readOnly") is True or _component(document, schema)[1].get("readOnly") is True


def _has_read_only(document: Document, schema: Document, seen: set[int]) -> bool:
    _, target = _component(document, schema)
    if id(target) in seen:
        return False
    seen.add(id(target))
    if any(_is_read_only(document, inner) for inner in target.get("properties", {}).values()):
        return True
    return any(_has_read_only(document, inner, seen) for _, _, inner in subschemas(target))


RULES: tuple[Callable[[Document], None], ...] = (
    name_operations,
    inherit_security,
    drop_error_responses,
    describe_parameters,
    drop_titles,
    state_types,
    split_nullable_enums,
    simplify_all_of,
    inline_secrets,
    split_requests,
)
"""What `normalise` applies, in this order."""
