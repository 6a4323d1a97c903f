"""Rewrites what openapi-python-client cannot represent into an equal form that it can.

The rules are about the generator, not about this API: they hold for any OpenAPI 3 document. Each is one function,
listed in `RULES` in the order of application; each works in place on a copy of the vendored document.
"""

from __future__ import annotations

import contextlib
import copy
import re
from collections.abc import Callable, Iterator
from typing import Any

import attrs
from openapi_python_client.schema import OpenAPI
from openapi_python_client.strings import PythonIdentifier
from pydantic import ValidationError

from . import corrections as _corrections
from .corrections import SECRET, Correction
from .errors import CodegenError
from .spec import Json, Spec, check, escape, mappings, operations, references, resolve

Document = dict[str, Any]

_ANNOTATIONS = frozenset(
    {"title", "description", "example", "examples", "externalDocs", "deprecated", "default", "readOnly", "writeOnly"}
)
"""Keywords that say something about a value without constraining it (JSON Schema 2020-12, meta-data)."""

_SUBSCHEMAS = ("items", "not", "additionalProperties", "contains", "propertyNames", "if", "then", "else")
_SUBSCHEMA_LISTS = ("allOf", "oneOf", "anyOf", "prefixItems")
_SUBSCHEMA_MAPS = ("properties", "patternProperties", "dependentSchemas", "$defs")

_SCHEMA_REF = "#/components/schemas/"


_ALTERNATIVES = frozenset({"oneOf", "anyOf"})
_WEAK = frozenset({"type", "nullable", SECRET})
"""Keywords beside a reference that leave it the class that it refers to."""
_NULL = {"type": "null"}


@attrs.frozen
class Normalised:
    """The generator's input."""

    document: Document
    notes: tuple[str, ...]
    """Corrections that do not fit the document (lenient mode only)."""


class UnfitError(CodegenError):
    """A schema that no rule can make fit for the generator."""

    def __init__(self, problem: str, schema: Document | None = None) -> None:
        super().__init__(problem)
        self.schema = schema


def normalise(spec: Spec, corrections: tuple[Correction, ...], *, lenient: bool = False) -> Normalised:
    """Build the generator's input from a vendored document, which stays as it is.

    Args:
        spec: The vendored document.
        corrections: What it gets wrong.
        lenient: Apply corrections wherever they match, however often.

    Returns:
        The corrected and rewritten document.

    Raises:
        CodegenError: A correction does not fit the document, the corrected document is not valid OpenAPI, or a
            schema in it cannot be put into a form that the generator takes.
    """
    document = copy.deepcopy(spec.document)
    notes = _corrections.apply(corrections, document, lenient=lenient)
    corrected = Spec(attrs.evolve(spec.file, value=document))
    check(corrected)
    _drop_nothings(document)
    _validate(corrected)
    document.setdefault("components", {}).setdefault("schemas", {})
    for rule in RULES:
        try:
            rule(document)
        except UnfitError as error:
            place = spec.place(_pointer(document, error.schema) or "")
            raise CodegenError(f"{place}: {error}") from None
    return Normalised(document, tuple(notes))


def _drop_nothings(document: Document) -> None:
    """Remove keywords without a value, and `x-…` where the generator takes every entry for a path or a status."""
    for _, mapping in list(mappings(document)):
        for key in [key for key, value in mapping.items() if value is None and key not in ("default", "example")]:
            del mapping[key]
    document["paths"] = {path: item for path, item in document["paths"].items() if not path.startswith("x-")}
    for _, _, operation in operations(document):
        operation["responses"] = {c: r for c, r in operation["responses"].items() if not c.startswith("x-")}


def _validate(spec: Spec) -> None:
    """Hold a document against the generator's own model of OpenAPI, so that rules can rely on its shape."""
    try:
        OpenAPI.model_validate(spec.document)
    except ValidationError as error:
        problems: dict[str, str] = {}
        for detail in error.errors():
            pointer = ""
            for token in detail["loc"]:  # keys and indices, and between them names of the generator's classes
                with contextlib.suppress(LookupError):
                    resolve(spec.document, f"#{pointer}/{escape(str(token))}")
                    pointer += f"/{escape(str(token))}"
            missing = detail["type"] == "missing"
            name = detail["loc"][-1] if missing else pointer.rpartition("/")[2].replace("~1", "/").replace("~0", "~")
            problem = "is missing" if missing else detail["msg"].removeprefix("Value error, ")
            problems.setdefault(pointer, f"`{name}`: {problem}")
        lines = (f"{spec.place(key)}: is not valid OpenAPI: {problem}" for key, problem in problems.items())
        raise CodegenError("\n".join(lines)) from None


def _pointer(node: Json, wanted: Json, pointer: str = "") -> str | None:
    """The JSON pointer of an object inside a document, None when it is not in it."""
    if node is wanted:
        return pointer
    inner = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in inner:
        found = _pointer(value, wanted, f"{pointer}/{escape(str(key))}")
        if found is not None:
            return found
    return None


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
        if isinstance(schema.get(key), dict):
            for name, item in schema[key].items():
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
    name, seen, start = "", set(), schema
    while isinstance(ref := schema.get("$ref"), str) and ref.startswith(_SCHEMA_REF):
        if ref in seen:
            raise UnfitError(f"{ref} refers to itself in a circle", start)
        seen.add(ref)
        name, schema = _name(ref), resolve(document, ref)
    return name, schema


def _name(ref: str) -> str:
    return ref.removeprefix(_SCHEMA_REF).replace("~1", "/").replace("~0", "~")


def followed(document: Document, holder: Document) -> Document:
    """What a parameter, request body or answer is once its `$ref`s are followed."""
    seen = set()
    while isinstance(ref := holder.get("$ref"), str) and ref not in seen:
        seen.add(ref)
        holder = resolve(document, ref)
    return holder


def reachable(document: Document, start: Json) -> set[str]:
    """All references that lead from a node, however far."""
    found: set[str] = set()
    todo = [ref for _, ref in references(start)]
    while todo:
        ref = todo.pop()
        if ref not in found:
            found.add(ref)
            todo.extend(inner for _, inner in references(resolve(document, ref)))
    return found


# --- operations ----------------------------------------------------------------------------------------------------


def name_operations(document: Document) -> None:
    """Give operations without an `operationId` one, made of method and path, so that each can be spoken of."""
    named = [operation["operationId"] for _, _, operation in operations(document) if "operationId" in operation]
    taken = {PythonIdentifier(name, "") for name in named}
    for path, method, operation in operations(document):
        if "operationId" not in operation:
            base = name = "_".join([method, *re.findall(r"\w+", path)])
            number = 1
            while PythonIdentifier(name, "") in taken:
                number += 1
                name = f"{base}_{number}"
            operation["operationId"] = name
            taken.add(PythonIdentifier(name, ""))


def refuse_indirections(document: Document) -> None:
    """Refuse references that the generator passes over in silence or stumbles over."""
    for path, item in document["paths"].items():
        if "$ref" in item:
            raise UnfitError(f"path {path!r} is a $ref; the generator takes its operations only in place", item)
    for pointer, ref in references(document):
        if ref.count("/") != 3 or not ref.startswith("#/components/"):
            place = resolve(document, f"#{pointer}")
            raise UnfitError(
                f"$ref {ref!r} leads into something; the generator takes references to components only", place
            )


def inherit_security(document: Document) -> None:
    """Write the document's `security` onto operations that state none (the generator looks only there).

    Requirements that ask for nothing are none: the generator only looks whether there are any.
    """
    for _, _, operation in operations(document):
        requirements = operation["security"] if "security" in operation else document.get("security", [])
        operation["security"] = requirements if any(requirements) else []


def drop_error_responses(document: Document) -> None:
    """Remove 4xx and 5xx answers, and the schemas that only they reach.

    The generator makes unions of success and error types and cannot represent titled inline objects in `oneOf`;
    error bodies are read by the hand-written layer.
    """
    components = document["components"]
    before = reachable(document, document["paths"])
    orphans = [schema for name, schema in components["schemas"].items() if _SCHEMA_REF + escape(name) not in before]
    for _, _, operation in operations(document):
        responses = operation["responses"]
        successes = {code: response for code, response in responses.items() if code.startswith(("1", "2", "3"))}
        if not successes and "default" in responses:
            successes = {"default": responses["default"]}
        operation["responses"] = successes
    used = reachable(document, [document["paths"], orphans])
    for ref in before - used:
        if ref.startswith(_SCHEMA_REF) and ref.count("/") == 3:
            components["schemas"].pop(_name(ref), None)
    for section in ("responses", "requestBodies", "parameters"):
        if section in components:
            used_here = {n: v for n, v in components[section].items() if f"#/components/{section}/{escape(n)}" in used}
            components[section] = used_here


def describe_parameters(document: Document) -> None:
    """Copy a parameter's description into its schema, the only place where the generator looks for it."""
    listed = [operation.get("parameters", ()) for _, _, operation in operations(document)]
    listed += [item.get("parameters", ()) for item in document["paths"].values()]
    listed.append(document["components"].get("parameters", {}).values())
    for parameters in listed:
        for parameter in parameters:
            schema = parameter.get("schema")
            if isinstance(schema, dict) and "description" in parameter and "$ref" not in schema:
                schema["description"] = parameter["description"]


# --- schemas -------------------------------------------------------------------------------------------------------


def drop_titles(document: Document) -> None:
    """Remove `title`: the generator would name classes after it, and modules after something else."""
    for _, _, schema in _walk(document):
        schema.pop("title", None)


def state_types(document: Document) -> None:
    """Write out what a schema implies; without it the generator falls back to `Any`, or drops the schema.

    `items` imply an array and `properties` an object, a list of one type is that type, and a value that `enum`
    repeats stands once. Defaults of arrays and objects go: the generator takes none.
    """
    for _, _, schema in _walk(document):
        if "type" not in schema and "$ref" not in schema:
            if "items" in schema:
                schema["type"] = "array"
            elif "properties" in schema:
                schema["type"] = "object"
        if isinstance(kinds := schema.get("type"), list) and len(kinds) == 1:
            schema["type"] = kinds[0]
        if isinstance(values := schema.get("enum"), list):
            schema["enum"] = [value for index, value in enumerate(values) if value not in values[:index]]
        if isinstance(schema.get("default"), dict | list):
            del schema["default"]


def drop_demands(document: Document) -> None:
    """Remove alternatives that only say which properties must be there together.

    The generator would make a union of types of them and forget the properties.
    """
    for _, _, schema in _walk(document):
        for key in ("oneOf", "anyOf"):
            members = schema.get(key, ())
            if "properties" in schema and members:
                if not all(_is_demand(member) for member in members):
                    raise UnfitError(f"properties beside {key}; the generator takes only one of them", schema)
                del schema[key]
            elif members and all(_is_demand(member) for member in members):
                del schema[key]


def _is_demand(schema: Document) -> bool:
    said = {key for key in schema if not _is_annotation(key)}
    return bool(said) and said <= {"required", "not", "type"} and schema.get("type", "object") == "object"


def inline_secrets(document: Document) -> None:
    """Put a copy where a secret component is referred to: the generator keeps marks only in place."""
    for holder, key, schema in _walk(document):
        if "$ref" in schema and _component(document, schema)[1].get(SECRET):
            holder[key] = copy.deepcopy(_component(document, schema)[1])


def join_siblings(document: Document) -> None:
    """Make `allOf` of what stands beside a `$ref`, unless it only says something about the value.

    OpenAPI 3.1 lets it count, 3.0 ignores it, and people write it in both and mean it.
    """
    for holder, key, schema in _walk(document):
        beside = {other: value for other, value in schema.items() if other != "$ref"}
        if "$ref" in schema and any(not _is_annotation(other) for other in beside):
            holder[key] = {"allOf": [{"$ref": schema["$ref"]}], **beside}


def simplify_all_of(document: Document) -> None:
    """Replace `allOf` by one schema that says the same.

    A member with nothing but annotations makes the generator drop the whole answer; of two members that define
    the same property the generator keeps the first, where JSON Schema means both and people mean the last. A lone
    reference stays one, so that it stays the class that it refers to.
    """
    for holder, key, schema in _walk(document):
        if "allOf" in schema:
            try:
                holder[key] = _flatten(document, schema, ())
            except UnfitError as error:
                raise UnfitError(str(error), schema) from None


def _flatten(document: Document, schema: Document, above: tuple[str, ...]) -> Document:
    rest = {key: value for key, value in schema.items() if key != "allOf"}
    said: Document = {}
    weak: list[Document] = []
    strong: list[Document] = []
    for member in [*schema["allOf"], rest]:
        if "$ref" not in member and all(_is_annotation(key) for key in member):
            said |= member
        elif "$ref" not in member and all(_is_annotation(key) or key in _WEAK for key in member):
            weak.append(member)
        else:
            strong.append(member)
    if len(strong) == 1 and ("$ref" in strong[0] or strong[0].keys() & _ALTERNATIVES):
        beside = {key: value for member in weak for key, value in member.items() if key not in ("type", "nullable")}
        one = {"allOf": strong} if "$ref" in strong[0] else strong[0]
        return {**one, **said, **beside} | ({"nullable": True} if any(map(_nullable, weak)) else {})
    targets = [_resolved(document, member, above) for member in strong]
    if any(target.keys() & _ALTERNATIVES for target in targets):
        raise UnfitError("allOf combines oneOf or anyOf with something else; the generator takes only one of them")
    merged: Document = {}
    for target in [*targets, *weak]:
        merged = _merge(document, merged, copy.deepcopy(target))
    # Null must be allowed by every member with a type; beside `allOf`, or alone in a member, it is meant for the whole.
    typed = [member for member in [*targets, *weak] if "type" in member]
    untyped = [member for member in weak if "type" not in member]
    merged.pop("nullable", None)
    if any(map(_nullable, [*untyped, rest])) or (typed and all(map(_nullable, typed))):
        merged["nullable"] = True
    return {**merged, **said}


def _nullable(schema: Document) -> bool:
    return schema.get("nullable") is True


def _resolved(document: Document, schema: Document, above: tuple[str, ...]) -> Document:
    """A schema without `$ref` and `allOf` of its own."""
    name, target = _component(document, schema)
    if name and name in above:
        raise UnfitError(f"schema {name} contains itself through allOf")
    while "allOf" in target:
        above = (*above, name)
        target = _flatten(document, target, above)
        if "allOf" in target:
            target = {**target, **_resolved(document, target["allOf"][0], above)}
            del target["allOf"]
    return target


def _is_annotation(key: str) -> bool:
    return key in _ANNOTATIONS or (key.startswith("x-") and key != SECRET)


def _merge(document: Document, one: Document, other: Document) -> Document:
    """The schema that both describe; where they differ on what a property is, the later and fuller one."""
    merged = {**one, **other}
    if kinds := _both(_kinds(one), _kinds(other)):
        merged["type"] = kinds[0] if len(kinds) == 1 else kinds
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
    return merged


def _override(document: Document, one: Document, other: Document) -> Document:
    if "$ref" not in other and all(_is_annotation(key) for key in other):
        return {**other, "allOf": [one]} if "$ref" in one else {**one, **other}
    first, second = _resolved(document, one, ()), _resolved(document, other, ())
    if (first.keys() | second.keys()) & _ALTERNATIVES:
        return other
    if first.get("properties", {}).keys() <= second.get("properties", {}).keys():
        return other
    merged = _merge(document, copy.deepcopy(first), copy.deepcopy(second))
    if not (first.get("nullable") and second.get("nullable")):
        merged.pop("nullable", None)
    return merged


def _kinds(schema: Document) -> list[str]:
    kind = schema.get("type", [])
    return kind if isinstance(kind, list) else [kind]


def _both(one: list[str], other: list[str]) -> list[str]:
    """The types that two schemas allow together."""
    if not one or not other:
        return one or other
    both = [kind for kind in one if kind in other or (kind == "integer" and "number" in other)]
    both += [kind for kind in other if kind == "integer" and "number" in one and kind not in one]
    if not set(both) - {"null"} and {*one, *other} != {"null"}:
        raise UnfitError(f"allOf combines {' or '.join(one)} with {' or '.join(other)}; nothing can be both")
    return both


def complete_arrays(document: Document) -> None:
    """Give an array without `items` the `items` that this means: anything."""
    for _, _, schema in _walk(document):
        if "array" in _kinds(schema) and "prefixItems" not in schema:
            schema.setdefault("items", {})


def split_nullable(document: Document) -> None:
    """Make a nullable enum, object or array a union of a plain one and null.

    The generator would take the listed values for all that may come, or name the class after its place in a union
    that it makes itself. A component stays one class: null moves to the places that refer to it.
    """
    components = document["components"]["schemas"]
    nullable: set[str] = set()
    while more := {name for name, schema in components.items() if _admits_null(document, schema, nullable)} - nullable:
        nullable |= more
    for name in nullable:
        components[name] = _without_null(components[name])
    kept_whole = {id(member) for _, _, schema in _walk(document) for member in schema.get("allOf", ())}
    for holder, key, schema in _walk(document):
        if holder is not components and id(schema) not in kept_whole and _admits_null(document, schema, nullable):
            rest = _without_null(schema)
            outside = {name: value for name, value in rest.items() if _is_annotation(name) or name == SECRET}
            inside = {name: value for name, value in rest.items() if name not in outside or name == "description"}
            holder[key] = {**outside, "oneOf": [rest["allOf"][0] if "allOf" in rest else inside, dict(_NULL)]}


def _admits_null(document: Document, schema: Document, nullable: set[str]) -> bool:
    """Whether a schema is a nullable one that stands for a class, a list, or a component that is nullable."""
    reference = schema["allOf"][0] if "allOf" in schema else schema
    if "$ref" in reference and _component(document, reference)[0] in nullable:
        return True
    kinds, values = _kinds(schema), [value for value in schema.get("enum", ()) if value is not None]
    if not (_nullable(schema) or "null" in kinds or (values and None in schema["enum"])):
        return False
    made = [kind for kind in kinds if kind != "null"]
    return bool(values) or "$ref" in reference or made in (["object"], ["array"])


def _without_null(schema: Document) -> Document:
    rest = {key: value for key, value in schema.items() if key != "nullable"}
    if "enum" in rest:
        rest["enum"] = [value for value in rest["enum"] if value is not None]
    kinds = [kind for kind in _kinds(rest) if kind != "null"]
    if kinds:
        rest["type"] = kinds[0] if len(kinds) == 1 else kinds
    return rest


def split_requests(document: Document) -> None:
    """Drop `readOnly` properties from request bodies.

    A component that only requests use loses them; one that answers use as well stays as it is, and requests get
    a copy without them, named `<Name>Input`.
    """
    answers = reachable(document, [list(operation["responses"].values()) for _, _, operation in operations(document)])
    inputs: dict[str, str] = {}
    for _, _, operation in operations(document):
        for holder, key, schema in _held(followed(document, operation.get("requestBody", {}))):
            holder[key] = _writable(document, schema, answers, inputs)


def _writable(document: Document, schema: Document, answers: set[str], inputs: dict[str, str]) -> Document:
    """A schema without readOnly properties, wherever they are in it."""
    schemas = document["components"]["schemas"]
    ref = schema.get("$ref")
    if isinstance(ref, str):
        name = _name(ref)
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
        return {**schema, "$ref": _SCHEMA_REF + escape(inputs[name])}
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
    """Whether a property is read-only, be it in place, in the component it refers to, or in all its alternatives."""
    target = _component(document, schema)[1]
    if schema.get("readOnly") is True or target.get("readOnly") is True:
        return True
    members = [member for key in ("allOf", *_ALTERNATIVES) for member in target.get(key, ()) if member != _NULL]
    return len(members) == 1 and any(
        member.get("readOnly") is True for member in (members[0], _component(document, members[0])[1])
    )


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
    refuse_indirections,
    describe_parameters,
    drop_titles,
    state_types,
    drop_demands,
    inline_secrets,
    join_siblings,
    simplify_all_of,
    complete_arrays,
    split_nullable,
    split_requests,
)
"""What `normalise` applies, in this order."""
