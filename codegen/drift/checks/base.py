"""The input and the results of checks.

A check is one small function that yields findings: it compares one aspect of two schemas (`register_schema_check`), of
two operations (`register_operation_check`) or of two specs (`register_document_check`). Its ids, levels and texts are
rows of `rules.toml`.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator
from typing import Literal, TypeAlias, TypeVar

import attrs

from ...spec import Json
from ..document import Document, build_key_pointer
from ..finding import Finding, format_label
from ..matching import MatchedOperations, Operation
from ..normalized_schema import Pointers, Schema
from .rules import WEBHOOKS

Direction: TypeAlias = Literal["request", "response"]
Scope: TypeAlias = Literal["body", "property", "parameter", "parameter-property", "header", "header-property"]

Joining: TypeAlias = Literal["none", "repeated", "text"]
"""How a list is written in a parameter: not as single values are, as repeated values, or joined to one text."""

_INSIDE: dict[Scope, Scope] = {
    "body": "property",
    "property": "property",
    "parameter": "parameter-property",
    "parameter-property": "parameter-property",
    "header": "header-property",
    "header-property": "header-property",
}
_READ_ONLY_KINDS = ("enum-value-removed", "increased", "decreased")
"""Ends of the kinds that have a rule of their own for read-only properties in requests."""

_HEADER_KINDS = frozenset({"became-enum", "became-required"})
_WRITE_ONLY_KINDS = frozenset({"became-optional", "became-required", "enum-value-added"})
_OTHER_IDS = {"response-body-enum-value-removed": "response-mediatype-enum-value-removed"}
"""Ids that oasdiff forms in another way."""


@attrs.frozen
class Context:
    """The place of two schemas."""

    direction: Direction
    scope: Scope
    is_text: bool = False
    """Whether every value there is written as text: parameters, forms, XML."""
    location: str = ""
    """Of a parameter: query, path, header or cookie."""
    joining: Joining = "none"
    """Of a parameter's values."""
    guards: frozenset[str] = frozenset()
    is_member: bool = False
    """Whether it is one of several in a union, for which null is compared as a whole."""

    def enter(self, *guards: str, is_member: bool = False) -> Context:
        """Return the context of a schema inside."""
        all_guards = self.guards | set(guards)
        return attrs.evolve(self, scope=_INSIDE[self.scope], guards=all_guards, is_member=is_member, joining="none")


Pair: TypeAlias = tuple[Pointers, Pointers, Context]
"""Two schemas that belong together."""


@attrs.frozen
class InnerPair:
    """Two schemas inside a pair that belong together."""

    old: Pointers
    new: Pointers
    guards: tuple[str, ...] = ()
    is_member: bool = False


@attrs.define
class Comparison:
    """Two specs that are compared."""

    old: Document
    new: Document
    today: datetime.date
    """The day that a sunset is compared with."""
    sunset_days: int | None
    """The days that a deprecation must announce ahead; None for no such policy."""
    names: tuple[dict[str, str], dict[str, str]]
    """The names of the parameters of each spec, by JSON pointer."""
    matched: MatchedOperations
    name_comparisons: int = 0
    """How many names of properties have been compared."""
    _untouched: dict[tuple[Pointers, Pointers], bool] = attrs.field(factory=dict, init=False)

    def is_untouched(self, old: Pointers, new: Pointers) -> bool:
        """Return whether a schema is written in the same way in both specs and refers to nothing: most are."""
        key = old, new
        if key not in self._untouched:
            is_one = len(old) == len(new) == 1
            self._untouched[key] = is_one and _is_same_text(self.old.get_value(old[0]), self.new.get_value(new[0]))
        return self._untouched[key]


def _is_same_text(one: Json, other: Json) -> bool:
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        if "$ref" in one or len(one) != len(other):
            return False
        return all(key in other and _is_same_text(value, other[key]) for key, value in one.items())
    if isinstance(one, list):
        return len(one) == len(other) and all(map(_is_same_text, one, other))
    return bool(one == other)


@attrs.frozen
class SchemaPair:
    """Two schemas that belong together."""

    comparison: Comparison
    old: Schema
    new: Schema
    context: Context

    @property
    def documents(self) -> tuple[Document, Document]:
        """The two specs."""
        return self.comparison.old, self.comparison.new

    @property
    def is_request(self) -> bool:
        """Whether the client sends the value."""
        return self.context.direction == "request"

    @property
    def label(self) -> str:
        """The name of the schemas in reports."""
        return format_label(self.new.pointer, self.comparison.names[1])

    @property
    def has_common_kind(self) -> bool:
        """Whether a value can satisfy both schemas, as far as types go."""
        return not self.old.kinds or not self.new.kinds or bool(self.old.kinds & self.new.kinds)

    def get_values(self, keyword: str) -> tuple[Json, Json]:
        """Return the values of a keyword, None where it is missing."""
        return self.old.keywords.get(keyword), self.new.keywords.get(keyword)

    def find(
        self,
        kind: str,
        keyword: str = "",
        before: Json = None,
        after: Json = None,
        *,
        what: str = "",
        pointers: tuple[str | None, str | None] | None = None,
        guards: frozenset[str] = frozenset(),
    ) -> Finding:
        """Make a finding of a row of `[schemas]`."""
        direction, scope = self.context.direction, str(self.context.scope)
        guards |= self.context.guards
        has_own_rule = kind.endswith(_READ_ONLY_KINDS) and not kind.startswith("stability")
        if scope == "property" and "read-only" in guards and has_own_rule:
            scope = "read-only-property"
        elif scope == "property" and "write-only" in guards and kind in _WRITE_ONLY_KINDS:
            scope = "write-only-property"
        elif scope == "parameter-property" and self.context.location == "header" and kind in _HEADER_KINDS:
            scope = "header-property"
        rule = f"{direction}-{scope}-{kind}"
        rule = _OTHER_IDS.get(rule, rule)
        return self.find_rule(rule, keyword, before, after, what=what, pointers=pointers, guards=guards)

    def find_rule(
        self,
        rule: str,
        keyword: str = "",
        before: Json = None,
        after: Json = None,
        *,
        what: str = "",
        pointers: tuple[str | None, str | None] | None = None,
        guards: frozenset[str] = frozenset(),
    ) -> Finding:
        """Make a finding of a row with a whole id."""
        old, new = pointers or (self.old.get_pointer(keyword), self.new.get_pointer(keyword))
        return Finding(rule, what or self.label, old, new, before, after, guards | self.context.guards)

    def enter(self, *guards: str) -> SchemaPair:
        """Return the pair with the context of a schema inside."""
        return SchemaPair(self.comparison, self.old, self.new, self.context.enter(*guards))


@attrs.frozen
class OperationPair:
    """Two operations that belong together."""

    comparison: Comparison
    before: Operation
    after: Operation

    @property
    def old(self) -> dict[str, Json]:
        """The operation of the old spec."""
        return self.comparison.old.get_mapping(self.before.pointer)

    @property
    def new(self) -> dict[str, Json]:
        """The operation of the new spec."""
        return self.comparison.new.get_mapping(self.after.pointer)

    @property
    def documents(self) -> tuple[Document, Document]:
        """The two specs."""
        return self.comparison.old, self.comparison.new

    @property
    def is_incoming(self) -> bool:
        """Whether the API calls the client: the client reads the request and sends the response."""
        return self.before.is_incoming

    @property
    def directions(self) -> tuple[Direction, Direction]:
        """The direction of what the operation takes and of what it returns, as the client sees them."""
        return ("response", "request") if self.is_incoming else ("request", "response")

    def format_label(self, pointer: str) -> str:
        """Format a place of the new spec for a report."""
        return format_label(pointer, self.comparison.names[1])

    def find(self, rule: str, key: str, before: Json = None, after: Json = None) -> Finding:
        """Make a finding about the operation itself."""
        old = build_key_pointer(self.before.pointer, self.old, key)
        new = build_key_pointer(self.after.pointer, self.new, key)
        return self.find_at(rule, self.after.name, (old, new), before, after)

    def find_at(
        self,
        rule: str,
        what: str,
        pointers: tuple[str | None, str | None],
        before: Json = None,
        after: Json = None,
        guards: frozenset[str] = frozenset(),
    ) -> Finding:
        """Make a finding about a part of the operation, for a webhook with the rule of webhooks."""
        if self.is_incoming:
            rule = WEBHOOKS.get(rule, rule)
        return Finding(rule, what, *pointers, before, after, guards)

    def find_prose(
        self, old: dict[str, Json], new: dict[str, Json], places: tuple[str, str], what: str
    ) -> Iterator[Finding]:
        """Find a description that changed."""
        before, after = old.get("description"), new.get("description")
        if before != after:
            pointers = (
                build_key_pointer(places[0], old, "description"),
                build_key_pointer(places[1], new, "description"),
            )
            yield self.find_at("docs-description-changed", what, pointers, before, after)


SchemaCheck: TypeAlias = Callable[[SchemaPair], Iterator[Finding | InnerPair]]
OperationCheck: TypeAlias = Callable[[OperationPair], Iterator[Finding | Pair]]
DocumentCheck: TypeAlias = Callable[[Comparison], Iterator[Finding]]

SCHEMA_CHECKS: list[SchemaCheck] = []
OPERATION_CHECKS: list[OperationCheck] = []
DOCUMENT_CHECKS: list[DocumentCheck] = []

_S = TypeVar("_S", bound=SchemaCheck)
_O = TypeVar("_O", bound=OperationCheck)
_D = TypeVar("_D", bound=DocumentCheck)


def register_schema_check(check: _S) -> _S:
    """Register a check of two schemas."""
    SCHEMA_CHECKS.append(check)
    return check


def register_operation_check(check: _O) -> _O:
    """Register a check of two operations."""
    OPERATION_CHECKS.append(check)
    return check


def register_document_check(check: _D) -> _D:
    """Register a check of two specs."""
    DOCUMENT_CHECKS.append(check)
    return check
