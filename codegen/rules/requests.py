"""Takes `readOnly` properties out of request bodies."""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from ..limits import CopyBudget
from ..schemas import (
    ALTERNATIVES,
    NULL,
    SCHEMA_REF,
    Document,
    find_reachable_refs,
    follow_refs,
    get_component_name,
    iterate_held_schemas,
    iterate_subschemas,
    resolve_component,
)
from ..spec import escape, iterate_operations


def split_requests(document: Document) -> None:
    """Drop `readOnly` properties from request bodies.

    A component that only requests use loses them; one that answers use as well stays as it is, and requests get
    a copy without them, named `<Name>Input`.
    """
    answers = find_reachable_refs(
        document, [list(operation["responses"].values()) for _, _, operation in iterate_operations(document)]
    )
    splitter = _Splitter(document, answers, _find_read_only_components(document), CopyBudget())
    for _, _, operation in iterate_operations(document):
        for holder, key, schema in iterate_held_schemas(follow_refs(document, operation.get("requestBody", {}))):
            holder[key] = splitter.writable(schema)
    splitter.finish()


@attrs.define
class _Splitter:
    """Takes readOnly properties out of schemas and of the components that they refer to."""

    document: Document
    answers: set[str]
    """The references that answers reach."""
    affected: set[str]
    """The names of the components that have readOnly properties, however far inside."""
    budget: CopyBudget
    inputs: dict[str, str] = attrs.field(factory=dict, init=False)
    """The name that requests use for each component that has been met."""
    _todo: list[str] = attrs.field(factory=list, init=False)

    def writable(self, schema: Document) -> Document:
        """A schema without readOnly properties; what it refers to is left to `finish`."""
        ref = schema.get("$ref")
        if isinstance(ref, str):
            name = get_component_name(ref)
            if name not in self.affected:
                return schema
            return {**schema, "$ref": SCHEMA_REF + escape(self._input(name, ref))}
        read_only = {n for n, s in schema.get("properties", {}).items() if _is_read_only(self.document, s)}
        if read_only:
            schema["properties"] = {n: s for n, s in schema["properties"].items() if n not in read_only}
            schema["required"] = [n for n in schema.get("required", ()) if n not in read_only]
            if not schema["required"]:
                del schema["required"]
        for holder, key, inner in list(iterate_subschemas(schema)):
            holder[key] = self.writable(inner)
        return schema

    def _input(self, name: str, ref: str) -> str:
        schemas = self.document["components"]["schemas"]
        if name not in self.inputs:
            self.inputs[name] = name
            if ref in self.answers:
                self.inputs[name] = f"{name}Input"
                while self.inputs[name] in schemas:
                    self.inputs[name] += "Input"
            schemas[self.inputs[name]] = self.budget.copy(schemas[name])
            self._todo.append(self.inputs[name])
        return self.inputs[name]

    def finish(self) -> None:
        """Do the same to all components that requests refer to."""
        schemas = self.document["components"]["schemas"]
        while self._todo:
            name = self._todo.pop()
            schemas[name] = self.writable(schemas[name])


def _find_read_only_components(document: Document) -> set[str]:
    """The names of the components that have readOnly properties, be it in what they refer to."""
    schemas = document["components"]["schemas"]
    referrers: dict[str, list[str]] = {}
    affected: set[str] = set()
    for name, schema in schemas.items():
        if _has_read_only(document, schema):
            affected.add(name)
        for ref in _references(schema):
            referrers.setdefault(get_component_name(ref), []).append(name)
    todo = list(affected)
    while todo:
        more = [name for name in referrers.get(todo.pop(), ()) if name not in affected]
        affected.update(more)
        todo += more
    return affected


def _references(schema: Document) -> Iterator[str]:
    """Every reference in a schema."""
    if isinstance(schema.get("$ref"), str):
        yield schema["$ref"]
    for _, _, inner in iterate_subschemas(schema):
        yield from _references(inner)


def _has_read_only(document: Document, schema: Document) -> bool:
    """Whether a schema has readOnly properties, without those of what it refers to."""
    if any(_is_read_only(document, inner) for inner in schema.get("properties", {}).values()):
        return True
    return any(_has_read_only(document, inner) for _, _, inner in iterate_subschemas(schema))


def _is_read_only(document: Document, schema: Document) -> bool:
    """Whether a property is read-only, be it in place, in the component it refers to, or in all its alternatives."""
    target = resolve_component(document, schema)[1]
    if schema.get("readOnly") is True or target.get("readOnly") is True:
        return True
    members = [member for key in ("allOf", *ALTERNATIVES) for member in target.get(key, ()) if member != NULL]
    return len(members) == 1 and any(
        member.get("readOnly") is True for member in (members[0], resolve_component(document, members[0])[1])
    )
