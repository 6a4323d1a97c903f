"""Takes `readOnly` properties out of requests, and `writeOnly` ones out of responses."""

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
    iterate_parameters,
    iterate_subschemas,
    resolve_component,
)
from ..spec import escape, iterate_operations


def split_views(document: Document) -> None:
    """Drop `readOnly` properties from requests and `writeOnly` ones from responses, `required` or not.

    A component that only one side uses loses them. Of one that both use, responses keep the name, and requests get a
    copy named `<Name>Input`.
    """
    operations = [operation for _, _, operation in iterate_operations(document)]
    sent = [operation.get("requestBody", {}) for operation in operations]
    sent += iterate_parameters(document)
    requests = _Side("readOnly", sent)
    responses = _Side(
        "writeOnly",
        [response for operation in operations for response in operation["responses"].values()],
    )
    references = {side.keyword: find_reachable_refs(document, side.holders) for side in (requests, responses)}
    affected = {side.keyword: _find_affected(document, side.keyword) for side in (requests, responses)}
    budget = CopyBudget()
    originals = document["components"]["schemas"]
    document["components"]["schemas"] = dict(originals)
    both = references["readOnly"] & references["writeOnly"]
    for side in (requests, responses):
        names = affected[side.keyword] | ((affected["writeOnly"] if side is requests else set()) & _get_names(both))
        splitter = _Splitter(document, originals, side.keyword, names, both if side is requests else set(), budget)
        for holder in side.holders:
            for inner, key, schema in iterate_held_schemas(follow_refs(document, holder)):
                inner[key] = splitter.split(schema)
        splitter.finish()


@attrs.frozen
class _Side:
    """Requests or responses."""

    keyword: str
    """The keyword of the properties that do not belong there."""
    holders: list[Document]
    """The parameters and request bodies, or the responses."""


@attrs.define
class _Splitter:
    """Takes properties with a keyword out of schemas and of the components that they refer to."""

    document: Document
    originals: Document
    """The components before any property was taken out."""
    keyword: str
    affected: set[str]
    """The names of the components that this side sees in another form, however far inside."""
    copied: set[str]
    """The references to components that this side gets a copy of."""
    budget: CopyBudget
    views: dict[str, str] = attrs.field(factory=dict, init=False)
    """The name that this side uses for each component that has been met."""
    _todo: list[str] = attrs.field(factory=list, init=False)

    def split(self, schema: Document) -> Document:
        """Remove the properties from a schema; `finish` does the same to the components that it refers to."""
        ref = schema.get("$ref")
        if isinstance(ref, str):
            name = get_component_name(ref)
            if name not in self.affected:
                return schema
            return {**schema, "$ref": SCHEMA_REF + escape(self._name_view(name, ref))}
        dropped = {n for n, s in schema.get("properties", {}).items() if _has_keyword(self.document, s, self.keyword)}
        if dropped:
            schema["properties"] = {n: s for n, s in schema["properties"].items() if n not in dropped}
            schema["required"] = [n for n in schema.get("required", ()) if n not in dropped]
            if not schema["required"]:
                del schema["required"]
        for holder, key, inner in list(iterate_subschemas(schema)):
            holder[key] = self.split(inner)
        return schema

    def _name_view(self, name: str, ref: str) -> str:
        schemas = self.document["components"]["schemas"]
        if name not in self.views:
            self.views[name] = name
            if ref in self.copied:
                self.views[name] = f"{name}Input"
                while self.views[name] in schemas:
                    self.views[name] += "Input"
            schemas[self.views[name]] = self.budget.copy(self.originals[name])
            self._todo.append(self.views[name])
        return self.views[name]

    def finish(self) -> None:
        """Do the same to all components that this side refers to."""
        schemas = self.document["components"]["schemas"]
        while self._todo:
            name = self._todo.pop()
            schemas[name] = self.split(schemas[name])


def _get_names(refs: set[str]) -> set[str]:
    return {get_component_name(ref) for ref in refs if ref.startswith(SCHEMA_REF)}


def _find_affected(document: Document, keyword: str) -> set[str]:
    """Find the components that have properties with a keyword, also in the components that they refer to."""
    schemas = document["components"]["schemas"]
    referrers: dict[str, list[str]] = {}
    affected: set[str] = set()
    for name, schema in schemas.items():
        if _has_property_with(document, schema, keyword):
            affected.add(name)
        for ref in _iterate_references(schema):
            referrers.setdefault(get_component_name(ref), []).append(name)
    todo = list(affected)
    while todo:
        more = [name for name in referrers.get(todo.pop(), ()) if name not in affected]
        affected.update(more)
        todo += more
    return affected


def _iterate_references(schema: Document) -> Iterator[str]:
    """Yield every reference in a schema."""
    if isinstance(schema.get("$ref"), str):
        yield schema["$ref"]
    for _, _, inner in iterate_subschemas(schema):
        yield from _iterate_references(inner)


def _has_property_with(document: Document, schema: Document, keyword: str) -> bool:
    """Return whether a schema has properties with a keyword, without those of its references."""
    if any(_has_keyword(document, inner, keyword) for inner in schema.get("properties", {}).values()):
        return True
    return any(_has_property_with(document, inner, keyword) for _, _, inner in iterate_subschemas(schema))


def _has_keyword(document: Document, schema: Document, keyword: str) -> bool:
    """Return whether a property has a keyword: in place, in its component, or in all its alternatives."""
    target = resolve_component(document, schema)[1]
    if schema.get(keyword) is True or target.get(keyword) is True:
        return True
    members = [member for key in ("allOf", *ALTERNATIVES) for member in target.get(key, ()) if member != NULL]
    return len(members) == 1 and any(
        member.get(keyword) is True for member in (members[0], resolve_component(document, members[0])[1])
    )
