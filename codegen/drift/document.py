"""One of the two specs of a review: its values, where references lead, and its normalized schemas."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

import attrs

from ..errors import CodegenError
from ..limits import MAX_COMBINATIONS, MAX_STEPS, LimitError
from ..spec import Json, Spec
from .normalized_schema import Pointers, Schema, iterate_inner_schemas
from .schema_reader import read_schema

_DEPTH = 8
"""The levels of two schemas that are compared to find out whether they are equal."""


@attrs.define(eq=False)
class Document:
    """A spec with its normalized schemas."""

    spec: Spec
    signatures: dict[tuple[Json, ...], int]
    """Numbers of the contents of schemas; shared by both specs, so that equal schemas have equal numbers."""
    _values: dict[str, Json] = attrs.field(factory=dict, init=False)
    _schemas: dict[Pointers, Schema] = attrs.field(factory=dict, init=False)
    _ends: dict[str, str] = attrs.field(factory=dict, init=False)
    """The results of `follow`."""
    _targets: dict[str, str] = attrs.field(factory=dict, init=False)
    """The results of `skip_aliases`."""
    _steps: int = attrs.field(default=0, init=False)
    _combined: int = attrs.field(default=0, init=False)
    _signed: dict[tuple[Pointers, int], int] = attrs.field(factory=dict, init=False)

    @property
    def root(self) -> dict[str, Json]:
        """The decoded document."""
        return self.spec.document

    def count(self, steps: int) -> None:
        """Count steps of a comparison; raise `LimitError` if there are too many.

        A component that many operations refer to is read once for each of them.
        """
        self._steps += steps
        if self._steps > MAX_STEPS:
            raise LimitError(f"{self.spec.name}: its operations refer to too much to be compared", "MAX_STEPS")

    def get_value(self, pointer: str) -> Json:
        """Return the value at a JSON pointer."""
        if pointer not in self._values:
            holder, _, key = pointer.rpartition("/")
            above = self._values.get(holder)
            if isinstance(above, dict) and "~" not in key and key in above:
                self._values[pointer] = above[key]
            else:
                self._values[pointer] = self.spec.get_value(pointer)
        return self._values[pointer]

    def follow(self, pointer: str) -> str:
        """Return where the `$ref` at a place leads in the end; the place itself if there is none."""
        return self._follow(pointer, self._ends, only_aliases=False)

    def skip_aliases(self, pointer: str) -> str:
        """Return where schemas that are nothing but a `$ref` lead: the place of the first one that says more."""
        return self._follow(pointer, self._targets, only_aliases=True)

    def _follow(self, pointer: str, ends: dict[str, str], *, only_aliases: bool) -> str:
        trail = []
        while pointer not in ends:
            value = self.get_value(pointer)
            has_ref = isinstance(value, dict) and isinstance(value.get("$ref"), str)
            if not has_ref or (only_aliases and value.keys() != {"$ref"}):
                ends[pointer] = pointer
                break
            trail.append(pointer)
            pointer = value["$ref"][1:]
        end = ends[pointer]
        ends.update(dict.fromkeys(trail, end))
        return end

    def get_mapping(self, pointer: str) -> dict[str, Json]:
        """Return the mapping at a place, behind its `$ref`; empty if there is nothing."""
        self.count(1)
        value = self.get_value(pointer)
        if isinstance(value, dict) and isinstance(value.get("$ref"), str):
            value = self.get_value(self.follow(pointer))
        if value is None:
            return {}
        if not isinstance(value, dict):
            raise CodegenError(f"{self.spec.format_place(pointer)}: a mapping is expected here")
        return value

    def list_keys(self, pointer: str) -> list[str]:
        """Return the keys of the mapping at a JSON pointer, none if there is no mapping."""
        try:
            names = list(self.get_mapping(pointer))
        except LookupError:
            return []
        self.count(len(names))
        return names

    def get_items(self, pointer: str) -> Sequence[dict[str, Json]]:
        """Return the list at a JSON pointer, empty if there is none; raise `CodegenError` for anything else."""
        holder, _, key = pointer.rpartition("/")
        value = self.get_mapping(holder).get(key)
        if value is None:
            return []
        if not isinstance(value, list):
            raise CodegenError(f"{self.spec.format_place(pointer)}: a list is expected here")
        self.count(len(value))
        return value

    def find_servers(self, *holders: str) -> dict[str, str]:
        """Return the servers of the first of some places that has any, with their JSON pointers."""
        for holder in holders:
            servers = self.get_items(f"{holder}/servers")
            if servers:
                keys = [json.dumps([server.get("url"), server.get("variables")], sort_keys=True) for server in servers]
                return {key: f"{holder}/servers/{index}" for index, key in enumerate(keys)}
        return {json.dumps(["/", None]): ""}  # the default of OpenAPI

    def get_schema(self, pointers: Pointers) -> Schema:
        """Return the normalized schema of some places that hold together."""
        schema = self._schemas.get(pointers)
        if schema is None:
            self._combined += len(pointers) > 1
            if self._combined > MAX_COMBINATIONS:
                text = "what allOf puts together here combines in too many ways to be compared"
                raise LimitError(f"{self.spec.format_place(pointers[0])}: {text}", "MAX_COMBINATIONS")
            schema = self._schemas[pointers] = read_schema(self, pointers)
        return schema

    def compute_signature(self, pointers: Pointers, depth: int = _DEPTH) -> int:
        """Return a number that two schemas of either spec share if they are equal down to a depth."""
        key = (pointers, depth)
        found = self._signed.get(key)
        if found is None:
            schema = self.get_schema(pointers)
            inner = (
                [(name, self.compute_signature(part, depth - 1)) for name, part in iterate_inner_schemas(schema)]
                if depth
                else []
            )
            content = (
                tuple(sorted(schema.kinds)),
                schema.is_nullable,
                None if schema.enum is None else tuple(sorted(map(repr, schema.enum))),
                tuple(sorted((key, repr(value)) for key, value in schema.keywords.items())),
                tuple(sorted(schema.required)),
                tuple(sorted(schema.closed)),
                tuple(sorted(inner)),
            )
            found = self._signed[key] = self.signatures.setdefault(content, len(self.signatures))
        return found


def ensure_mapping(value: Json) -> dict[str, Json]:
    """Return a value if it is a mapping, else an empty mapping."""
    return value if isinstance(value, dict) else {}


def build_key_pointer(pointer: str, value: Mapping[str, Json], key: str) -> str:
    """Return the JSON pointer of a key, or that of its mapping if the key is missing."""
    return f"{pointer}/{key}" if key in value else pointer
