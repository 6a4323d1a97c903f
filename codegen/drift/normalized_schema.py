"""Schemas as they count on the wire: references followed, `allOf` merged, one spelling of null, unions and bytes.

A schema is named by the JSON pointers of the places that hold together for it (the target of its `$ref`, the members of
an `allOf`, a property that two members define). `schema_reader` makes a `Schema` of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeAlias

import attrs

from ..spec import Json

Pointers: TypeAlias = tuple[str, ...]
"""JSON pointers of schemas that a value must all satisfy."""

PROSE = frozenset({"title", "description", "example", "examples", "externalDocs", "$comment", "xml"})
"""Keywords that say nothing about a value."""

BINARY = "application/octet-stream"
"""The media type of bytes: `format: binary` of OpenAPI 3.0 is `contentMediaType` in 3.1."""

NAMED_SUBSCHEMAS = ("properties", "patternProperties", "dependentSchemas")
"""Keywords that hold schemas by a name that the author chose."""

BOUNDS: Mapping[str, str] = {
    "maximum": "max",
    "minimum": "min",
    "exclusiveMaximum": "exclusive-max",
    "exclusiveMinimum": "exclusive-min",
    "maxLength": "max-length",
    "minLength": "min-length",
    "maxItems": "max-items",
    "minItems": "min-items",
    "maxProperties": "max-properties",
    "minProperties": "min-properties",
    "maxContains": "max-contains",
    "minContains": "min-contains",
}
"""Keywords that bound a value, with their names in rule ids."""

CONDITIONS: Mapping[str, str] = {
    "not": "not",
    "if": "if",
    "then": "then",
    "else": "else",
    "contains": "contains",
    "propertyNames": "property-names",
    "unevaluatedItems": "unevaluated-items",
    "unevaluatedProperties": "unevaluated-properties",
    "contentSchema": "content-schema",
}
"""Keywords that hold a schema as a condition, with their names in rule ids."""


@attrs.define(eq=False)
class Schema:
    """A schema in normalized form."""

    pointers: Pointers
    name: str = ""
    """The name of the component, "" for an inline schema."""
    kinds: frozenset[str] = frozenset()
    """Types that the value may have beside null; empty for any."""
    is_nullable: bool = False
    enum: tuple[Json, ...] | None = None
    """The values that may come, null aside; None for any."""
    keywords: dict[str, Json] = attrs.field(factory=dict)
    """Keywords with a value of their own: format, bounds, pattern, default, readOnly, …"""
    prose: dict[str, Json] = attrs.field(factory=dict)
    where: dict[str, str] = attrs.field(factory=dict)
    """JSON pointers of the keywords."""
    required: frozenset[str] = frozenset()
    named: dict[str, dict[str, Pointers]] = attrs.field(factory=dict)
    """For each of `NAMED_SUBSCHEMAS`, the schemas by name."""
    parts: dict[str, Pointers] = attrs.field(factory=dict)
    """For `items`, `additionalProperties` and each of `CONDITIONS`, the schema."""
    prefix: tuple[Pointers, ...] = ()
    union: tuple[Pointers, ...] = ()
    """The members of `oneOf` or `anyOf`, null aside; none when there is but one."""
    alternatives: tuple[Pointers, ...] = ()
    """The members of a union that says the same as a type: a lone member, or bare types."""
    union_keyword: str = ""
    more_unions: tuple[tuple[Pointers, ...], ...] = ()
    """The members of further unions, all of which hold as well."""
    closed: frozenset[str] = frozenset()
    """The keywords such as `additionalProperties` that are false."""
    all_of: tuple[str, ...] = ()
    """JSON pointers of the members of its `allOf`."""

    @property
    def takes_null(self) -> bool:
        """Whether null is one of the values: the schema says so, or it takes any value."""
        takes_any = not (self.kinds or self.union or self.more_unions or "const" in self.keywords)
        return self.is_nullable or self.kinds == {"null"} or (takes_any and self.enum is None)

    @property
    def pointer(self) -> str:
        """The JSON pointer to show for the whole."""
        return self.pointers[0]

    @property
    def title(self) -> str:
        """The title, "" if there is none."""
        title = self.prose.get("title")
        return title if isinstance(title, str) else ""

    @property
    def properties(self) -> Mapping[str, Pointers]:
        """The properties by name."""
        return self.named.get("properties", {})

    def get_pointer(self, keyword: str) -> str:
        """Return the JSON pointer of a keyword, or of the schema if the keyword is missing."""
        return self.where.get(keyword, self.pointer)

    def has(self, flag: str) -> bool:
        """Return whether a keyword such as `readOnly` is true."""
        return self.keywords.get(flag) is True


def iterate_inner_schemas(schema: Schema) -> Iterator[tuple[str, Pointers]]:
    """Yield the schemas directly inside a schema with their role; the members of a union are in no order."""
    for keyword, by_name in schema.named.items():
        yield from ((f"{keyword}/{name}", pointers) for name, pointers in by_name.items())
    yield from schema.parts.items()
    yield from ((f"prefixItems/{index}", pointers) for index, pointers in enumerate(schema.prefix))
    yield from (("union", pointers) for pointers in schema.union)
    for index, members in enumerate(schema.more_unions):
        yield from ((f"union/{index}", pointers) for pointers in members)
