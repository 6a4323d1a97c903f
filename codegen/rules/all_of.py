"""Merges the members of `allOf` into one schema."""

from __future__ import annotations

from typing import Any

import attrs

from ..limits import MAX_ALL_OF_LEVELS, CopyBudget, LimitError
from ..schemas import (
    ALTERNATIVES,
    DISCRIMINATOR,
    NULL,
    SECRET,
    Document,
    UnsupportedSchemaError,
    is_annotation,
    is_nullable,
    list_types,
    resolve_component,
    walk,
)
from ..spec import build_value_key

_WEAK = frozenset({"type", "nullable", SECRET})
"""Keywords beside a reference that leave it the class that it refers to."""


def join_siblings(document: Document) -> None:
    """Make `allOf` of what stands beside a `$ref`, unless it only says something about the value.

    OpenAPI 3.1 lets it count, 3.0 ignores it, and people write it in both and mean it; but a type beside it in 3.0 may
    be another one than that of the target.
    """
    ignored = ("$ref", "type", "format") if document["openapi"].startswith("3.0") else ("$ref",)
    for holder, key, schema in walk(document):
        if "$ref" in schema:
            beside = {other: value for other, value in schema.items() if other not in ignored}
            reference = {"$ref": schema["$ref"]}
            only_says = all(map(is_annotation, beside))
            holder[key] = {**reference, **beside} if only_says else {"allOf": [reference], **beside}


def simplify_all_of(document: Document) -> None:
    """Merge `allOf` into one schema; on a conflict the later member counts.

    A member with nothing but annotations makes the generator drop the whole response; of two members that define
    the same property the generator keeps the first, where JSON Schema means both and people mean the last. A lone
    reference stays one, so that it stays the class that it refers to.
    """
    budget = CopyBudget()
    for holder, key, schema in walk(document):
        if "allOf" in schema:
            try:
                holder[key] = _Merger(document, budget).flatten(schema, ())
            except UnsupportedSchemaError as error:
                raise UnsupportedSchemaError(str(error), schema) from None


@attrs.define
class _Merger:
    """Merges the members of `allOf`, each component once."""

    document: Document
    budget: CopyBudget
    _merged: dict[str, Document] = attrs.field(factory=dict, init=False)
    """By name, the components that have been merged."""
    _levels: int = attrs.field(default=0, init=False)

    def flatten(self, schema: Document, above: tuple[str, ...]) -> Document:
        """Merge `allOf` and the keywords beside it into one schema."""
        rest = {key: value for key, value in schema.items() if key != "allOf"}
        annotations: Document = {}
        weak: list[Document] = []
        strong: list[Document] = []
        for member in [*schema["allOf"], rest]:
            if "$ref" not in member and all(is_annotation(key) for key in member):
                annotations |= member
            elif "$ref" not in member and all(is_annotation(key) or key in _WEAK for key in member):
                weak.append(member)
            else:
                strong.append(member)
        if len(strong) == 1 and ("$ref" in strong[0] or strong[0].keys() & ALTERNATIVES):
            beside = {key: value for member in weak for key, value in member.items() if key not in ("type", "nullable")}
            one = {"allOf": strong} if "$ref" in strong[0] else strong[0]
            return {**one, **annotations, **beside} | ({"nullable": True} if any(map(is_nullable, weak)) else {})
        targets = [self._resolve(member, above) for member in strong]
        if any(target.keys() & ALTERNATIVES for target in targets):
            union = self._distribute([*targets, *weak], above)
            return {**union, **annotations} | ({"nullable": True} if any(map(is_nullable, [*weak, rest])) else {})
        merged: Document = {}
        for target in [*targets, *weak]:
            merged = self._merge(merged, self.budget.copy(target))
        # Null must be allowed by every member with a type; beside `allOf`, or alone in a member, it is for the whole.
        typed = [member for member in [*targets, *weak] if "type" in member]
        untyped = [member for member in weak if "type" not in member]
        merged.pop("nullable", None)
        if any(map(is_nullable, [*untyped, rest])) or (typed and all(map(is_nullable, typed))):
            merged["nullable"] = True
        return {**merged, **annotations}

    def _distribute(self, members: list[Document], above: tuple[str, ...]) -> Document:
        """Combine each alternative of the first member that has some with all other members."""
        index = next(index for index, member in enumerate(members) if member.keys() & ALTERNATIVES)
        before, union, after = members[:index], members[index], members[index + 1 :]
        if len(union.keys() & ALTERNATIVES) > 1:
            raise UnsupportedSchemaError("allOf combines a schema that has both oneOf and anyOf with something else")
        (key,) = union.keys() & ALTERNATIVES
        beside = {name: value for name, value in union.items() if not is_annotation(name) and name != key}
        self._count_level()
        combined = [
            self.flatten({"allOf": [*before, *([beside] if beside else []), alternative, *after]}, above)
            for alternative in union[key]
            if alternative != NULL
        ]
        self._levels -= 1
        kept = {DISCRIMINATOR: union[DISCRIMINATOR]} if DISCRIMINATOR in union else {}
        return {key: combined, **kept}

    def _resolve(self, schema: Document, above: tuple[str, ...]) -> Document:
        """Return a schema without `$ref` and `allOf` of its own."""
        name, target = resolve_component(self.document, schema)
        if name and name in above:
            raise UnsupportedSchemaError(f"schema {name} contains itself through allOf")
        if "allOf" not in target:
            return target
        if name and name in self._merged:
            return self._merged[name]
        self._count_level()
        while "allOf" in target:
            above = (*above, name)
            target = self.flatten(target, above)
            if "allOf" in target:
                target = {**target, **self._resolve(target["allOf"][0], above)}
                del target["allOf"]
        self._levels -= 1
        if name:
            self._merged[name] = target
        return target

    def _count_level(self) -> None:
        self._levels += 1
        if self._levels > MAX_ALL_OF_LEVELS:
            text = f"allOf combines schemas in more than {MAX_ALL_OF_LEVELS} levels"
            raise LimitError(text, "MAX_ALL_OF_LEVELS")

    def _merge(self, one: Document, other: Document) -> Document:
        """Merge two schemas; where they differ on a property, the later and fuller definition counts."""
        merged = {**one, **other}
        if kinds := _intersect_types(list_types(one), list_types(other)):
            merged["type"] = kinds[0] if len(kinds) == 1 else kinds
        if "required" in one and "required" in other:
            merged["required"] = list(dict.fromkeys([*one["required"], *other["required"]]))
        if "properties" in one and "properties" in other:
            properties = dict(one["properties"])
            for name, schema in other["properties"].items():
                properties[name] = self._apply_override(properties[name], schema) if name in properties else schema
            merged["properties"] = properties
        if isinstance(one.get("items"), dict) and isinstance(other.get("items"), dict):
            merged["items"] = self._apply_override(one["items"], other["items"])
        if "enum" in one and "enum" in other:
            merged["enum"] = _intersect_values(one["enum"], other["enum"]) or other["enum"]
        return merged

    def _apply_override(self, one: Document, other: Document) -> Document:
        if "$ref" not in other and all(is_annotation(key) for key in other):
            return {**other, "allOf": [one]} if "$ref" in one else {**one, **other}
        first, second = self._resolve(one, ()), self._resolve(other, ())
        if (first.keys() | second.keys()) & ALTERNATIVES:
            return other
        if first.get("properties", {}).keys() <= second.get("properties", {}).keys():
            return other
        self._count_level()
        merged = self._merge(self.budget.copy(first), self.budget.copy(second))
        self._levels -= 1
        if not (first.get("nullable") and second.get("nullable")):
            merged.pop("nullable", None)
        return merged


def _intersect_values(one: list[Any], other: list[Any]) -> list[Any]:
    """Return the values that both lists hold."""
    keys = set(map(build_value_key, other))
    return [value for value in one if build_value_key(value) in keys]


def _intersect_types(one: list[str], other: list[str]) -> list[str]:
    """Return the types that two schemas both allow."""
    if not one or not other:
        return one or other
    both = [kind for kind in one if kind in other or (kind == "integer" and "number" in other)]
    both += [kind for kind in other if kind == "integer" and "number" in one and kind not in one]
    if not set(both) - {"null"} and {*one, *other} != {"null"}:
        raise UnsupportedSchemaError(
            f"allOf combines {' or '.join(one)} with {' or '.join(other)}; nothing can be both"
        )
    return both
