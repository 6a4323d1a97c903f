"""The input and the results of checks.

A check is one small function that yields findings: it compares one aspect of two schemas (`register_schema_check`), of
two operations (`register_operation_check`), of a parameter that both have (`register_parameter_check`) or of two specs
(`register_document_check`). Its ids, levels and texts are rows of `rules.toml`.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator, Mapping
from typing import Literal, TypeAlias, TypeVar

import attrs

from ...spec import Json
from ..document import Document, build_key_pointer
from ..finding import Finding, format_label
from ..matching import MatchedOperations, Operation
from ..normalized_schema import Pointers, Schema
from .rules import WEBHOOKS, build_schema_rules

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

PROSE_RULES = {
    "title": "docs-title-changed",
    "summary": "docs-summary-changed",
    "description": "docs-description-changed",
    "$comment": "docs-description-changed",
    "externalDocs": "docs-link-changed",
    "example": "docs-example-changed",
    "examples": "docs-example-changed",
}
"""The rules about the prose of objects and schemas."""


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
    """What is known of the place and limits the level of a change there: keys of `[guards]` in `rules.toml`."""
    is_member: bool = False
    """Whether it is one of several in a union, for which null is compared as a whole."""

    def enter(self, *guards: str, is_member: bool = False) -> Context:
        """Return the context of a schema inside."""
        all_guards = self.guards | set(guards)
        return attrs.evolve(self, scope=_INSIDE[self.scope], guards=all_guards, is_member=is_member, joining="none")


Pair: TypeAlias = tuple[Pointers, Pointers, Context]
"""The JSON pointers of two schemas that belong together, and their context."""


@attrs.frozen
class InnerPair:
    """The JSON pointers of two schemas directly inside a pair, and what their context has beside the pair's."""

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
        """Return whether a schema is at one place in each spec, with the same text and no reference: most are."""
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
    """Two normalized schemas that belong together."""

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
        """Make a finding of a row of `[schemas]`, or of a row with a whole id."""
        guards |= self.context.guards
        rule = self._build_id(kind, guards) if kind in build_schema_rules() else kind
        old, new = pointers or (self.old.get_pointer(keyword), self.new.get_pointer(keyword))
        return Finding(rule, what or self.label, old, new, before, after, guards)

    def _build_id(self, kind: str, guards: frozenset[str]) -> str:
        """Build the id of a rule from the direction and the kind of place."""
        scope = str(self.context.scope)
        has_own_rule = kind.endswith(_READ_ONLY_KINDS) and not kind.startswith("stability")
        if scope == "property" and "read-only" in guards and has_own_rule:
            scope = "read-only-property"
        elif scope == "property" and "write-only" in guards and kind in _WRITE_ONLY_KINDS:
            scope = "write-only-property"
        elif scope == "parameter-property" and self.context.location == "header" and kind in _HEADER_KINDS:
            scope = "header-property"
        rule = f"{self.context.direction}-{scope}-{kind}"
        return _OTHER_IDS.get(rule, rule)

    def enter(self, *guards: str) -> SchemaPair:
        """Return the pair with the context of a schema inside."""
        return SchemaPair(self.comparison, self.old, self.new, self.context.enter(*guards))


@attrs.frozen
class ObjectPair:
    """Two objects of the specs that belong together, such as two operations, parameters or media types."""

    comparison: Comparison
    pointers: tuple[str, str]
    """The place in each spec, behind its `$ref`."""
    what: str
    """The name in reports."""
    is_incoming: bool = False
    """Whether the API calls the client: the client reads the request and sends the response."""
    guards: frozenset[str] = frozenset()
    """What is known of the place and limits the level of a change there, as in `Context`."""

    @property
    def documents(self) -> tuple[Document, Document]:
        """The two specs."""
        return self.comparison.old, self.comparison.new

    @property
    def old(self) -> dict[str, Json]:
        """The object of the old spec."""
        return self.comparison.old.get_mapping(self.pointers[0])

    @property
    def new(self) -> dict[str, Json]:
        """The object of the new spec."""
        return self.comparison.new.get_mapping(self.pointers[1])

    @property
    def directions(self) -> tuple[Direction, Direction]:
        """The direction of what the operation takes and of what it returns, as the client sees them."""
        return ("response", "request") if self.is_incoming else ("request", "response")

    def enter(self, old: str, new: str, what: str = "", *guards: str) -> ObjectPair:
        """Return the pair of two objects at JSON pointers; their name is that of their place if none is given."""
        pointers = self.comparison.old.follow(old), self.comparison.new.follow(new)
        what = what or format_label(pointers[1], self.comparison.names[1])
        return ObjectPair(self.comparison, pointers, what, self.is_incoming, self.guards | set(guards))

    def find(self, rule: str, key: str = "", before: Json = None, after: Json = None) -> Finding:
        """Make a finding about a key of the objects, or about the objects themselves."""
        old = build_key_pointer(self.pointers[0], self.old, key)
        new = build_key_pointer(self.pointers[1], self.new, key)
        return self.find_inside(rule, self.what, (old, new), before, after)

    def find_inside(
        self,
        rule: str,
        what: str,
        pointers: tuple[str | None, str | None],
        before: Json = None,
        after: Json = None,
    ) -> Finding:
        """Make a finding about a part of the objects, for a webhook with the rule of webhooks."""
        if self.is_incoming:
            rule = WEBHOOKS.get(rule, rule)
        return Finding(rule, what, *pointers, before, after, self.guards)

    def compare_prose(self, *keys: str) -> Iterator[Finding]:
        """Find which of some keys of `PROSE_RULES` differ."""
        for key in keys:
            before, after = self.old.get(key), self.new.get(key)
            if before != after:
                yield self.find(PROSE_RULES[key], key, before, after)

    def compare_required(self, prefix: str, key: str = "required") -> Iterator[Finding]:
        """Find that an object became required or optional."""
        if get_requirement(self.old) != get_requirement(self.new):
            yield self.find(f"{prefix}-became-{get_requirement(self.new)}", key)


@attrs.frozen
class OperationPair(ObjectPair):
    """Two operations that belong together."""

    before: Operation = attrs.field(kw_only=True)
    after: Operation = attrs.field(kw_only=True)


def get_requirement(value: Mapping[str, Json]) -> str:
    """Return whether a parameter, header or body must be sent, as ids say it."""
    return "required" if value.get("required") is True else "optional"


def compare_values(rule: str, what: str, pointer: str, before: Json, after: Json) -> Iterator[Finding]:
    """Find that the values at a JSON pointer, which is the same in both specs, differ."""
    if before != after:
        pointers = (None if before is None else pointer), (None if after is None else pointer)
        yield Finding(rule, what, *pointers, before, after)


SchemaCheck: TypeAlias = Callable[[SchemaPair], Iterator[Finding | InnerPair]]
OperationCheck: TypeAlias = Callable[[OperationPair], Iterator[Finding | Pair]]
ParameterCheck: TypeAlias = Callable[[ObjectPair], Iterator[Finding | Pair]]
DocumentCheck: TypeAlias = Callable[[Comparison], Iterator[Finding]]

_Check = TypeVar("_Check")


def _build_decorator(checks: list[_Check]) -> Callable[[_Check], _Check]:
    def register(check: _Check) -> _Check:
        checks.append(check)
        return check

    return register


SCHEMA_CHECKS: list[SchemaCheck] = []
OPERATION_CHECKS: list[OperationCheck] = []
PARAMETER_CHECKS: list[ParameterCheck] = []
DOCUMENT_CHECKS: list[DocumentCheck] = []

register_schema_check = _build_decorator(SCHEMA_CHECKS)
"""Registers a check of two schemas."""
register_operation_check = _build_decorator(OPERATION_CHECKS)
"""Registers a check of two operations."""
register_parameter_check = _build_decorator(PARAMETER_CHECKS)
"""Registers a check of a parameter that both sides have."""
register_document_check = _build_decorator(DOCUMENT_CHECKS)
"""Registers a check of two specs."""
