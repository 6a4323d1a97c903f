"""Finds the place in a spec that an observation is about: its operation, its response, the schemas at its pointer."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

import attrs

from ...media_types import get_essence
from ...spec import Spec, escape
from ..document import Document
from ..matching import Operation, operations
from ..normalized_schema import Pointers, Schema

ANY = "*"
"""What an observation has for an index and for a key of a map."""


@attrs.define(eq=False)
class SpecPlaces:
    """A spec in which observations are looked up."""

    document: Document
    by_id: dict[str, Operation] = attrs.field(factory=dict, init=False)
    by_route: dict[tuple[str, str], Operation] = attrs.field(factory=dict, init=False)
    """By method, and by path without the names of its parameters."""

    @classmethod
    def read(cls, spec: Spec) -> SpecPlaces:
        """Index the operations of a spec."""
        places = cls(Document(spec, {}))
        for operation in operations(places.document):
            if operation.kind == "endpoint":
                operation_id = places.document.mapping(operation.pointer).get("operationId")
                places.by_id.setdefault(str(operation_id or operation.name), operation)
                places.by_route.setdefault((operation.method, operation.template), operation)
        return places

    def find_response(self, operation: Operation, status: str) -> str | None:
        """Return the JSON pointer of the response that a status has (OpenAPI 3.1, Responses Object)."""
        holder = f"{operation.pointer}/responses"
        codes = {code.upper(): code for code in self.document.keys(holder)}
        for code in (status, f"{status[0]}XX", "DEFAULT"):
            if code in codes:
                return self.document.follow(f"{holder}/{codes[code]}")
        return None

    def find_values(self, response: str, tokens: Sequence[str]) -> list[Pointers]:
        """Return the schemas of a value in a response body, those of all alternatives."""
        media_types = self.document.keys(f"{response}/content")
        is_json = [name for name in media_types if get_essence(name).endswith("json")]
        bodies = [f"{response}/content/{escape(name)}" for name in is_json or media_types]
        found: list[Pointers] = [(f"{body}/schema",) for body in bodies if "schema" in self.document.mapping(body)]
        for token in tokens:
            found = list(dict.fromkeys(self._descend(found, token)))
        return found

    def expand(self, places: Iterable[Pointers]) -> list[Schema]:
        """Return the schemas at some places, followed by the members of their unions."""
        found: dict[Pointers, Schema] = {}
        todo = list(places)
        while todo:
            place = todo.pop(0)
            if place not in found:
                found[place] = schema = self.document.schema(place)
                todo += [member for union in (schema.union, *schema.more_unions) for member in union]
        return list(found.values())

    def _descend(self, places: Iterable[Pointers], token: str) -> Iterator[Pointers]:
        for schema in self.expand(places):
            if token in schema.properties:
                yield schema.properties[token]
            elif token == ANY:
                yield from schema.prefix
                yield from (schema.parts[key] for key in ("items", "additionalProperties") if key in schema.parts)
                yield from schema.named.get("patternProperties", {}).values()


def declares(schema: Schema, name: str) -> bool:
    """Return whether a schema declares a property.

    That an object with some properties may have others declares none of them; an object without any is free.
    """
    has_schema = "additionalProperties" in schema.where and "additionalProperties" not in schema.closed
    patterns = schema.named.get("patternProperties", {})
    is_free = not (schema.properties or patterns or schema.closed or schema.union)
    is_matched = any(_matches(pattern, name) for pattern in patterns)
    return name in schema.properties or has_schema or is_matched or is_free


def _matches(pattern: str, name: str) -> bool:
    try:
        return name == ANY or re.search(pattern, name) is not None
    except re.error:
        return False
