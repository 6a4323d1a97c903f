"""Compares two schemas, one level of them: what changed here, and which schemas inside belong together."""

from __future__ import annotations

import datetime
import difflib
import itertools
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Literal, TypeAlias

import attrs

from ..limits import MAX_NAME_COMPARISONS
from ..spec import Json, subtract_values
from .finding import Finding, label
from .rules import BOUNDS, CONDITIONS
from .shapes import PROSE, Places, Shape, Side

Scope: TypeAlias = Literal["body", "property", "parameter", "parameter-property", "header", "header-property"]

Joining: TypeAlias = Literal["none", "repeated", "text"]
"""How a list is written in a parameter: not as single values are, as repeated values, or joined to one text."""

_INSIDE: Mapping[str, Scope] = {
    "body": "property",
    "property": "property",
    "parameter": "parameter-property",
    "parameter-property": "parameter-property",
    "header": "header-property",
    "header-property": "header-property",
}
_PROSE_RULES = {
    "title": "docs-title-changed",
    "description": "docs-description-changed",
    "$comment": "docs-description-changed",
    "example": "docs-example-changed",
    "examples": "docs-example-changed",
    "externalDocs": "docs-link-changed",
}
_READ_ONLY_IDS = re.compile(r"enum-value-removed|(exclusive-)?(max|min)(-\w+)?-(decreased|increased)")
"""Kinds for which there is a rule of their own for read-only properties in requests."""

_HEADER_IDS = frozenset({"became-enum", "became-required"})
_WRITE_ONLY_IDS = frozenset({"became-optional", "became-required", "enum-value-added"})

_OWN_RULES = frozenset(
    {"readOnly", "writeOnly", "deprecated", "default", "pattern", "format", "const", "multipleOf", "uniqueItems"}
    | {"discriminator", "dependentRequired", "contentMediaType", "contentEncoding", "x-extensible-enum", "x-sunset"}
    | {"x-stability-level", *BOUNDS}
)
STABILITY = ("draft", "alpha", "beta", "stable")
"""What `x-stability-level` may say, from the least to the most stable."""


@attrs.frozen
class Context:
    """What is known of the place where two schemas stand."""

    direction: Literal["request", "response"]
    scope: Scope
    loose: bool = False
    """Whether all that is sent there is text: parameters, forms, XML."""
    location: str = ""
    """Of a parameter: query, path, header or cookie."""
    joining: Joining = "none"
    """Of a parameter's values."""
    guards: frozenset[str] = frozenset()
    member: bool = False
    """Whether it is one of several in a union, for which null is told as a whole."""

    def inside(self, *guards: str, member: bool = False) -> Context:
        """The place of a schema inside."""
        guards_inside = self.guards | set(guards)
        return attrs.evolve(self, scope=_INSIDE[self.scope], guards=guards_inside, member=member, joining="none")


Pair: TypeAlias = tuple[Places, Places, Context]
"""Two schemas that belong together."""

_Inside: TypeAlias = tuple[Places, Places, tuple[str, ...], bool]
"""Two schemas that belong together, inside of others: with the guards that come on top, and whether in a union."""


@attrs.define
class SchemaDiff:
    """Compares the schemas of two documents."""

    old: Side
    new: Side
    names: tuple[dict[str, str], dict[str, str]]
    """Of the parameters of each side, by pointer."""

    name_comparisons: int = attrs.field(default=0, init=False)
    """How many names of properties have been compared."""
    _unchanged: dict[tuple[Places, Places, str], list[_Inside]] = attrs.field(factory=dict, init=False)
    """Pairs that do not differ by themselves, which they do at no other place either, with those inside."""

    def compare(self, pair: Pair) -> tuple[list[Finding], list[Pair]]:
        """Compare two schemas without what is inside them.

        Args:
            pair: The schemas and what is known of their place.

        Returns:
            What changed, and the pairs inside.
        """
        old, new, context = pair
        key = (old, new, context.direction)
        inside = self._unchanged.get(key)
        findings: list[Finding] = []
        if inside is None:
            findings, inside = _Comparison(self, self.old.shape(old), self.new.shape(new), context).run()
            if not findings and not context.member and context.scope != "parameter":  # which say less than others
                self._unchanged[key] = inside
        return findings, [(one, other, context.inside(*guards, member=member)) for one, other, guards, member in inside]


@attrs.define
class _Comparison:
    diff: SchemaDiff
    old: Shape
    new: Shape
    context: Context
    findings: list[Finding] = attrs.field(factory=list)
    pairs: list[_Inside] = attrs.field(factory=list)

    def run(self) -> tuple[list[Finding], list[_Inside]]:
        self._prose()
        self._more_unions()
        if self._unions():
            return self.findings, self.pairs
        self._types()
        self._nullable()
        self._values()
        self._bounds()
        self._pattern()
        self._lifecycle()
        self._discriminator()
        self._dependents()
        if not self.old.kinds or not self.new.kinds or self.old.kinds & self.new.kinds:
            self._subschemas()
            self._properties()
        self._leftovers()
        return self.findings, self.pairs

    # --- reporting -------------------------------------------------------------------------------------------------

    def _report(
        self,
        kind: str,
        keyword: str = "",
        before: Json = None,
        after: Json = None,
        *,
        what: str = "",
        places: tuple[str | None, str | None] | None = None,
        guards: frozenset[str] = frozenset(),
    ) -> None:
        """Add a finding of one of `rules.KINDS`."""
        direction, scope = self.context.direction, str(self.context.scope)
        guards |= self.context.guards
        if scope == "property" and "read-only" in guards and _READ_ONLY_IDS.fullmatch(kind):
            scope = "read-only-property"
        elif scope == "property" and "write-only" in guards and kind in _WRITE_ONLY_IDS:
            scope = "write-only-property"
        elif scope == "parameter-property" and self.context.location == "header" and kind in _HEADER_IDS:
            scope = "header-property"
        self._add(f"{direction}-{scope}-{kind}", keyword, before, after, what=what, places=places, guards=guards)

    def _add(
        self,
        rule: str,
        keyword: str = "",
        before: Json = None,
        after: Json = None,
        *,
        what: str = "",
        places: tuple[str | None, str | None] | None = None,
        guards: frozenset[str] = frozenset(),
    ) -> None:
        old, new = places or (self.old.at(keyword), self.new.at(keyword))
        self.findings.append(
            Finding(rule, what or self._label(), old, new, before, after, guards | self.context.guards)
        )

    def _label(self) -> str:
        return label(self.new.place, self.diff.names[1])

    # --- what a schema says of a value -----------------------------------------------------------------------------

    def _prose(self) -> None:
        for key in sorted(self.old.prose.keys() | self.new.prose.keys()):
            before, after = self.old.prose.get(key), self.new.prose.get(key)
            if before != after:
                rule = _PROSE_RULES.get(key) or ("docs-example-changed" if key in PROSE else "docs-extension-changed")
                self._add(rule, key, before, after)

    def _types(self) -> None:
        old, new = self.old, self.new
        before, after = old.kinds, new.kinds
        if self._texts(old) is not None and self._texts(new) is not None:
            return  # the values are compared, which are texts whatever their types
        if before == after:
            self._format()
            return
        self._report(self._type_change(before, after), "type", _format_type(old), _format_type(new))

    def _texts(self, shape: Shape) -> dict[str, Json] | None:
        """The values of a schema by how they are written where all values are text; None if there are too many."""
        values = shape.enum
        if "const" in shape.keywords:
            values = (shape.keywords["const"],)
        elif values is None and shape.kinds == {"boolean"}:
            values = (False, True)
        return {_text(value): value for value in values} if self.context.loose and values is not None else None

    def _type_change(self, before: frozenset[str], after: frozenset[str]) -> str:
        """Name the kind of a change between two sets of types."""
        several = len(before) > 1 or len(after) > 1
        kind = "type-changed"
        if several and before and after and (before < after or after < before):
            kind = "list-of-types-widened" if before < after else "list-of-types-narrowed"
        elif _takes_all(after, before) or (before == {"null"} and self.new.nullable):
            kind = "type-generalized"
        elif _takes_all(before, after) or (after == {"null"} and self.old.nullable):
            kind = "type-specialized"
        elif self.context.loose and not self._is_request:
            kind = "type-compatible"
        elif self.context.loose and (self._takes_any_text(before) or self._takes_single_values(after)):
            kind = "type-generalized"
        if kind == "list-of-types-widened" and self._is_repeated_parameter():
            kind = "type-generalized"
        elif kind == "type-specialized" and self._is_request:
            kind = "type-changed"
        return kind

    def _takes_any_text(self, before: frozenset[str]) -> bool:
        """Whether what was sent as text until now is still taken: single values, and lists that are joined."""
        said = self.new.keywords.keys() & {"format", "pattern", "const", "maxLength"}
        is_text = self.new.kinds == {"string"} and self.new.enum is None and not said
        was_single = not before & {"array", "object"}
        return is_text and (was_single or self.context.joining == "text")

    def _takes_single_values(self, after: frozenset[str]) -> bool:
        """Whether a parameter that held one value is a list now, of which one value is a list of one."""
        if self.context.joining == "none" or after != {"array"} or self.old.kinds & {"array", "object"}:
            return False
        if "items" not in self.new.parts:
            return "items" not in self.new.closed
        items = self.diff.new.shape(self.new.parts["items"])
        if items.kinds == {"string"} and items.enum is None and not items.keywords:
            return True
        same_values = items.enum is None or (
            self.old.enum is not None and {*map(_text, self.old.enum)} <= {*map(_text, items.enum)}
        )
        same_format = items.keywords.get("format") in (None, self.old.keywords.get("format"))
        return bool(self.old.kinds) and _takes_all(items.kinds, self.old.kinds) and same_values and same_format

    def _is_repeated_parameter(self) -> bool:
        return self.context.scope == "parameter" and "array" in self.new.kinds

    @property
    def _is_request(self) -> bool:
        return self.context.direction == "request"

    def _format(self) -> None:
        before, after = self.old.keywords.get("format"), self.new.keywords.get("format")
        if before == after:
            return
        wider = _format_holds(after, before, self.new.kinds)
        narrower = _format_holds(before, after, self.old.kinds)
        if (wider and narrower) or (not self._is_request and {before, after} <= _UUIDS):
            kind = "type-compatible"
        elif wider:
            kind = "type-generalized"
        elif narrower and not self._is_request:
            kind = "type-specialized"
        else:
            kind = "type-changed"
        self._report(kind, "format", _format_type(self.old), _format_type(self.new))

    def _nullable(self) -> None:
        takes_any = [not (shape.kinds or shape.union or shape.more_unions) for shape in (self.old, self.new)]
        if "null" in self.old.kinds | self.new.kinds or takes_any[0] != takes_any[1]:
            return  # reported with the types
        if self.old.takes_null != self.new.takes_null and not self.context.member:
            inside = self.new.takes_null and not self._is_request and self.context.scope == "property"
            guards = frozenset({"nullable-value"} if inside else ())
            self._report("became-nullable" if self.new.takes_null else "became-not-nullable", "nullable", guards=guards)

    def _values(self) -> None:
        old, new = self.old, self.new
        texts = self._texts(old), self._texts(new)
        if texts[0] is not None and texts[1] is not None:
            self._report_values(texts[0], texts[1])
            self._annotations()
            return
        consts = [shape.keywords.get("const") for shape in (old, new)]
        if (new.enum and list(new.enum) == consts[:1]) or (old.enum and list(old.enum) == consts[1:]):
            return  # one value, written in another way
        if old.enum is None and new.enum is not None:
            self._report("became-enum", "enum", None, list(new.enum))
        elif old.enum is not None and new.enum is None:
            self._report("became-not-enum", "enum", list(old.enum), None)
        elif old.enum is not None and new.enum is not None and self._has_common_type():
            before, after = ({_json_text(value): value for value in values} for values in (old.enum, new.enum))
            self._report_values(before, after)
        extensible = old.keywords.get("x-extensible-enum"), new.keywords.get("x-extensible-enum")
        if all(isinstance(values, list) for values in extensible):
            for value in subtract_values(extensible[0] or (), extensible[1] or ()):
                self._report("x-extensible-enum-value-removed", "x-extensible-enum", value, None)
        self._set_or_changed("const", "const", ("added", "removed", "changed"))
        self._annotations()

    def _report_values(self, before: Mapping[str, Json], after: Mapping[str, Json]) -> None:
        """Report the values that one side has and the other has not, by their texts."""
        for value in [before[key] for key in before if key not in after]:
            self._report("enum-value-removed", "enum", value, None)
        open_enum = frozenset({"open-enum"} if not self._is_request else ())
        for value in [after[key] for key in after if key not in before]:
            self._report("enum-value-added", "enum", None, value, guards=open_enum)

    def _has_common_type(self) -> bool:
        """Whether a value can satisfy both sides; if not, the type is reported and the values are not."""
        old, new = self.old.kinds, self.new.kinds
        return not old or not new or bool(old & new) or old | new <= {"integer", "number"}

    def _annotations(self) -> None:
        """Compare what may be said of a value of any type."""
        self._set_or_changed("default", "default-value", ("added", "removed", "changed"))
        for keyword, name in (("contentMediaType", "content-media-type"), ("contentEncoding", "content-encoding")):
            self._set_or_changed(keyword, name, ("changed", "changed", "changed"))

    def _set_or_changed(self, keyword: str, name: str, actions: tuple[str, str, str]) -> None:
        before, after = self.old.keywords.get(keyword), self.new.keywords.get(keyword)
        is_set, was_set = keyword in self.new.keywords, keyword in self.old.keywords
        if is_set and not was_set:
            self._report(f"{name}-{actions[0]}", keyword, None, after)
        elif was_set and not is_set:
            self._report(f"{name}-{actions[1]}", keyword, before, None)
        elif not _same(before, after) and not (self.context.loose and _text(before) == _text(after)):
            self._report(f"{name}-{actions[2]}", keyword, before, after)

    def _bounds(self) -> None:
        for keyword, name in BOUNDS.items():
            before, after = self.old.keywords.get(keyword), self.new.keywords.get(keyword)
            if before == after or (
                (before or 0) == (after or 0) == 0 and keyword.startswith("min") and keyword != "minimum"
            ):
                continue
            if before is None or after is None:
                self._report(f"{name}-{'set' if before is None else 'unset'}", keyword, before, after)
            else:
                grew = isinstance(before, int | float) and isinstance(after, int | float) and after > before
                self._report(f"{name}-{'increased' if grew else 'decreased'}", keyword, before, after)
        self._set_or_changed("multipleOf", "multiple-of", ("set", "unset", "changed"))
        self._set_or_changed("uniqueItems", "unique-items", ("set", "unset", "set"))

    def _pattern(self) -> None:
        before, after = self.old.keywords.get("pattern"), self.new.keywords.get("pattern")
        if before is None and after is not None:
            self._report("pattern-added", "pattern", None, after)
        elif after is None and before is not None:
            self._report("pattern-removed", "pattern", before, None)
        elif before != after:
            wider = self._is_request and after in (".*", "^.*$")
            self._report("pattern-generalized" if wider else "pattern-changed", "pattern", before, after)

    def _lifecycle(self) -> None:
        if self.context.scope == "parameter":
            return  # a parameter has its own
        kinds = tuple(shape.keywords.get("deprecated") is True for shape in (self.old, self.new))
        sunset = self.new.keywords.get("x-sunset")
        if kinds == (True, False):
            self._report("reactivated", "deprecated")
        elif kinds == (False, True):
            self._report("deprecated", "deprecated")
        unchanged = kinds[0] and self.old.keywords.get("x-sunset") == sunset
        if kinds[1] and sunset is not None and date_of(sunset) is None and not unchanged:
            self._report("deprecated-sunset-invalid", "x-sunset", None, sunset)
        levels = tuple(shape.keywords.get("x-stability-level") for shape in (self.old, self.new))
        if levels[1] is not None and levels[1] not in STABILITY and levels[0] != levels[1]:
            self._add("api-invalid-stability-level", "x-stability-level", levels[0], levels[1])
        elif levels[0] != levels[1] and all(item is None or item in STABILITY for item in levels):
            ranks = [STABILITY.index(item) if item else len(STABILITY) for item in levels]
            if ranks[1] < ranks[0] and levels[0]:
                self._report("stability-decreased", "x-stability-level", levels[0], levels[1])
            elif ranks[1] > ranks[0]:
                self._report("stability-increased", "x-stability-level", levels[0], levels[1])

    def _discriminator(self) -> None:
        before, after = self.old.keywords.get("discriminator"), self.new.keywords.get("discriminator")
        if not isinstance(before, dict) or not isinstance(after, dict):
            if isinstance(after, dict):
                self._report("discriminator-added", "discriminator", None, after.get("propertyName"))
            elif isinstance(before, dict):
                self._report("discriminator-removed", "discriminator", before.get("propertyName"), None)
            return
        if before.get("propertyName") != after.get("propertyName"):
            names = before.get("propertyName"), after.get("propertyName")
            self._report("discriminator-property-name-changed", "discriminator", *names)
        old, new = before.get("mapping") or {}, after.get("mapping") or {}
        for value in [value for value in new if value not in old]:
            self._report("discriminator-mapping-added", "discriminator", None, value)
        for value in [value for value in old if value not in new]:
            self._report("discriminator-mapping-deleted", "discriminator", value, None)
        for value in [value for value in old if value in new and old[value] != new[value]]:
            self._report("discriminator-mapping-changed", "discriminator", old[value], new[value])

    def _dependents(self) -> None:
        before = self.old.keywords.get("dependentRequired") or {}
        after = self.new.keywords.get("dependentRequired") or {}
        for name in [*before, *(name for name in after if name not in before)]:
            if name not in before:
                self._report("dependent-required-added", "dependentRequired", None, after[name])
            elif name not in after:
                self._report("dependent-required-removed", "dependentRequired", before[name], None)
            elif before[name] != after[name]:
                self._report("dependent-required-changed", "dependentRequired", before[name], after[name])

    # --- what is inside --------------------------------------------------------------------------------------------

    def _pair(self, old: Places, new: Places, *guards: str, member: bool = False) -> None:
        self.pairs.append((old, new, guards, member))

    def _subschemas(self) -> None:
        for keyword, name in CONDITIONS.items():
            self._subschema(keyword, name)
        for keyword, name in (("patternProperties", "pattern-property"), ("dependentSchemas", "dependent-schema")):
            old, new = self.old.named.get(keyword, {}), self.new.named.get(keyword, {})
            for key in [*old, *(key for key in new if key not in old)]:
                places = (old[key][0] if key in old else None, new[key][0] if key in new else None)
                if key not in old:
                    self._report(f"{name}-added", keyword, None, key, places=places)
                elif key not in new:
                    self._report(f"{name}-removed", keyword, key, None, places=places)
                else:
                    self._pair(old[key], new[key])
        for index in range(max(len(self.old.prefix), len(self.new.prefix))):
            if index >= len(self.old.prefix):
                self._report("prefix-items-added", "prefixItems")
            elif index >= len(self.new.prefix):
                self._report("prefix-items-removed", "prefixItems")
            else:
                self._pair(self.old.prefix[index], self.new.prefix[index])
        self._open_part("items", "items")
        self._open_part("additionalProperties", "additional-properties-schema")
        key = "additionalProperties"
        if (key in self.old.closed) != (key in self.new.closed):
            self._report(f"additional-properties-{'closed' if key in self.new.closed else 'opened'}", key)

    def _subschema(self, keyword: str, name: str) -> None:
        old, new = self.old.parts.get(keyword), self.new.parts.get(keyword)
        was_closed, is_closed = keyword in self.old.closed, keyword in self.new.closed
        if old and new:
            self._pair(old, new)
        elif (new or is_closed) and not (old or was_closed):
            self._report(f"{name}-added", keyword)
        elif (old or was_closed) and not (new or is_closed):
            self._report(f"{name}-removed", keyword)

    def _open_part(self, keyword: str, name: str) -> None:
        """Compare what is anything unless it is said; an array or object that is neither is not looked into."""
        old, new = self.old.parts.get(keyword), self.new.parts.get(keyword)
        if old and new:
            self._pair(old, new)
        elif new and keyword not in self.old.closed and self._says_much(self.diff.new, new):
            self._report(f"{name}-added", keyword)
        elif old and keyword not in self.new.closed and self._says_much(self.diff.old, old):
            self._report(f"{name}-removed", keyword)
        elif keyword == "items" and (keyword in self.old.closed) != (keyword in self.new.closed):
            self._report(f"{name}-{'added' if keyword in self.new.closed else 'removed'}", keyword)

    @staticmethod
    def _says_much(side: Side, places: Places) -> bool:
        """Whether a schema is more than any value."""
        shape = side.shape(places)
        return bool(shape.kinds or shape.union or shape.keywords or shape.parts or shape.enum is not None)

    def _properties(self) -> None:
        old, new = self.old.properties, self.new.properties
        removed = [name for name in old if name not in new]
        added = [name for name in new if name not in old]
        renames = self._renames(removed, added)
        renamed_to = set(renames.values())
        for name in [name for name in removed if name not in renames]:
            self._removed(name)
        for name in [name for name in added if name not in renamed_to]:
            self._added(name)
        for before, after in renames.items():
            self._renamed(before, after)
        for name in old:
            if name in new:
                self._child(name, name)
        declared = old.keys() | new.keys()
        for name in sorted((self.old.required ^ self.new.required) - declared):
            kind = "became-required" if name in self.new.required else "became-optional"
            context = attrs.evolve(self, context=self.context.inside())
            context._report(kind, "required", what=f"{self._label()}.{name}", guards=frozenset({"undeclared"}))

    def _renames(self, removed: list[str], added: list[str]) -> dict[str, str]:
        """Properties that are gone, each with the one that took its place: of the same content and a similar name."""
        found: dict[str, str] = {}
        taken: set[str] = set()
        old_names, new_names = (
            _by_signature(side, shape, names)
            for side, shape, names in ((self.diff.old, self.old, removed), (self.diff.new, self.new, added))
        )
        for before in removed:
            places = self.old.properties[before]
            signature = self.diff.old.signature(places)
            same, also = new_names.get(signature, []), old_names[signature]
            shape = self.diff.old.shape(places)
            says_much = bool(shape.properties or shape.parts or shape.union or shape.enum)
            if len(same) == len(also) == 1 and same[0] not in taken and (says_much or self._alike(before, same[0])):
                found[before] = same[0]
                taken.add(same[0])
        return found

    def _alike(self, before: str, after: str) -> bool:
        """Whether one name may be the other one, changed."""
        self.diff.name_comparisons += 1
        return _alike(before, after, letters=self.diff.name_comparisons <= MAX_NAME_COMPARISONS)

    def _renamed(self, before: str, after: str) -> None:
        places = (self.old.properties[before][0], self.new.properties[after][0])
        names = attrs.evolve(self.context, scope=_INSIDE[self.context.scope])
        guards = names.guards | self._guards(before, after)
        if not _alike(before, after, letters=True):
            guards |= self._removal_guards(before)
        rule = f"{names.direction}-{names.scope}-renamed"
        what = label(places[0], self.diff.names[0])
        self.findings.append(Finding(rule, what, *places, before, after, guards))
        self._child(before, after)

    def _removed(self, name: str) -> None:
        places = self.old.properties[name]
        required = name in self.old.required
        rule = "request-property-removed"
        guards = self._guards(name, None)
        if self._is_request:
            guards |= self._removal_guards(name)
        else:
            kind = f"{'required' if required else 'optional'}-{'write-only-' if 'write-only' in guards else ''}property"
            rule = f"response-{kind}-removed"
        what = label(places[0], self.diff.names[0])
        self._add(rule, before=name, what=what, places=(places[0], None), guards=guards)

    def _removal_guards(self, name: str) -> frozenset[str]:
        """Why a program may go on without a property of the old spec: it could be missing, or it is ignored."""
        if not self._is_request:
            return frozenset(() if name in self.old.required else {"was-optional"})
        is_closed = {"additionalProperties", "unevaluatedProperties"} & self.new.closed
        return frozenset(() if is_closed else {"ignored"})

    def _added(self, name: str) -> None:
        places = self.new.properties[name]
        required = name in self.new.required
        guards = self._guards(None, name)
        shape = self.diff.new.shape(places)
        if not self._is_request:
            kind = f"{'required' if required else 'optional'}-{'write-only-' if 'write-only' in guards else ''}property"
            rule = f"response-{kind}-added"
        elif not required:
            rule = "new-optional-request-property"
        elif self.context.location == "header":
            rule = "new-required-request-header-property"
        else:
            rule = f"new-required-request-property{'-with-default' if 'default' in shape.keywords else ''}"
        what = label(places[0], self.diff.names[1])
        self._add(rule, after=name, what=what, places=(None, places[0]), guards=guards)

    def _child(self, before: str, after: str) -> None:
        """Compare what the schema says of a property that both have, and leave the property itself to its pair."""
        old, new = self.old.properties[before], self.new.properties[after]
        was_required, is_required = before in self.old.required, after in self.new.required
        if was_required == is_required and self._is_untouched(old, new):
            return
        guards = self._guards(before, after)
        shapes = self.diff.old.shape(old), self.diff.new.shape(new)
        if was_required != is_required:
            kind = "became-required" if is_required else "became-optional"
            if is_required and self._is_request and "default" in shapes[1].keywords:
                kind = "became-required-with-default"
            inside = attrs.evolve(self, context=self.context.inside(*guards))
            what = label(new[0], self.diff.names[1])
            inside._report(kind, what=what, places=(old[0], new[0]), guards=guards)
        for flag, name in (("readOnly", "read-only"), ("writeOnly", "write-only")):
            was, is_ = (shape.keywords.get(flag) is True for shape in shapes)
            if was and not is_ and flag == "readOnly" and self._is_request and was_required and is_required:
                what = label(new[0], self.diff.names[1])  # what was left out until now must be sent
                self._add("request-property-became-required", what=what, places=(old[0], new[0]), guards=guards)
            if was != is_:
                quantity = "required" if is_required else "optional"
                kind = f"became-{name}" if is_ else f"became-not-{name}"
                rule = f"{self.context.direction}-{quantity}-property-{kind}"
                what, at = label(new[0], self.diff.names[1]), (shapes[0].at(flag), shapes[1].at(flag))
                self._add(rule, what=what, places=at, guards=guards)
        self._pair(old, new, *guards)

    def _is_untouched(self, old: Places, new: Places) -> bool:
        """Whether a property is written in the same way on both sides and refers to nothing: most are."""
        if len(old) != 1 or len(new) != 1:
            return False
        return _same_text(self.diff.old.value(old[0]), self.diff.new.value(new[0]))

    def _guards(self, before: str | None, after: str | None) -> frozenset[str]:
        """What is known of a property from what both sides say of it."""
        shapes = [
            *([] if before is None else [self.diff.old.shape(self.old.properties[before])]),
            *([] if after is None else [self.diff.new.shape(self.new.properties[after])]),
        ]
        flag, guard = ("readOnly", "read-only") if self._is_request else ("writeOnly", "write-only")
        return frozenset({guard} if all(shape.keywords.get(flag) is True for shape in shapes) else ())

    # --- unions ----------------------------------------------------------------------------------------------------

    def _unions(self) -> bool:
        """Pair the members of unions; whether that is all there is to compare."""
        old, new = self.old, self.new
        if not old.union and not new.union:
            return False
        before, after = _members(old, new), _members(new, old)
        if not before or not after:  # a condition beside properties of its own came or went
            keyword = (old.union_keyword or new.union_keyword).replace("Of", "-of").lower()
            for _ in before:
                self._report(f"{keyword}-removed", old.union_keyword, "a condition", None)
            for _ in after:
                self._report(f"{keyword}-added", new.union_keyword, None, "a condition")
            return False
        pairs, gone, fresh = self._matched(before, after)
        if (bool(old.union) != bool(new.union)) and not pairs and self._compare_scalars(before, after):
            return True
        wrapped = bool(new.union) and not old.union and not old.alternatives
        if wrapped and not pairs:
            self._wrapped()
            return True
        for one, other in pairs:
            self._pair(one, other, member=True)
        keyword = (new.union_keyword or old.union_keyword).replace("Of", "-of").lower()
        kinds = self._kinds(self.diff.old, before), self._kinds(self.diff.new, after)
        lost, gained = kinds[0] - kinds[1], _unknown_kinds(*kinds)
        if gone and lost & {"array", "object"} and not self._is_request:
            self._report("type-changed", "type", self._named(self.diff.old, before), self._named(self.diff.new, after))
        else:
            for places in gone:
                name = self._named(self.diff.old, (places,))
                self._report(f"{keyword}-removed", old.union_keyword, name, None, places=(places[0], new.place))
        if fresh and gained and kinds[0] and not self._is_request and not lost & {"array", "object"}:
            names = self._named(self.diff.old, before), self._named(self.diff.new, after)
            self._report("type-generalized", "type", *names)
            fresh = [places for places in fresh if not self.diff.new.shape(places).kinds & gained]
        for places in fresh:
            name = self._named(self.diff.new, (places,))
            self._report(f"{keyword}-added", new.union_keyword, None, name, places=(old.place, places[0]))
        if old.union and new.union:
            return False  # what is said beside it holds as well
        self._nullable()
        self._discriminator()
        return not (old.union and old.properties) and not (new.union and new.properties)

    def _compare_scalars(self, before: tuple[Places, ...], after: tuple[Places, ...]) -> bool:
        """Compare a type with a union of plain types by the types only; whether that is possible."""
        shapes = [[side.shape(places) for places in members] for side, members in self._both(before, after)]
        for shape in [*shapes[0], *shapes[1]]:
            form = shape.keywords.get("format")
            is_plain = shape.keywords.keys() <= {"format"} and shape.enum is None
            if not (is_plain and shape.kinds) or shape.kinds & {"array", "object"}:
                return False
            if form is not None and not any((kind, form) in _FULL_FORMATS for kind in shape.kinds):
                return False
        kinds = [frozenset(kind for shape in side for kind in shape.kinds) for side in shapes]
        names = self._named(self.diff.old, before), self._named(self.diff.new, after)
        if not (_takes_all(kinds[0], kinds[1]) and _takes_all(kinds[1], kinds[0])):
            self._report(self._type_change(kinds[0], kinds[1]), "type", *names)
        self._nullable()
        return True

    def _more_unions(self) -> None:
        """Pair the members of further unions, as far as there are as many of them."""
        old, new = self.old.more_unions, self.new.more_unions
        for before, after in zip(old, new, strict=False):
            pairs, gone, fresh = self._matched(before, after)
            for one, other in pairs:
                self._pair(one, other, member=True)
            for places in gone:
                self._report("one-of-removed", "oneOf", self._named(self.diff.old, (places,)), None)
            for places in fresh:
                self._report("one-of-added", "oneOf", None, self._named(self.diff.new, (places,)))
        for _ in old[len(new) :]:
            self._report("one-of-removed", "oneOf", "a condition", None)
        for _ in new[len(old) :]:
            self._report("one-of-added", "oneOf", None, "a condition")

    def _wrapped(self) -> None:
        if self.context.scope == "body":
            self._report("wrapped-in-one-of", self.new.union_keyword, self.old.name or _format_type(self.old), None)
        else:
            self._report("type-changed", "type", _format_type(self.old), self._named(self.diff.new, self.new.union))

    def _matched(
        self, before: tuple[Places, ...], after: tuple[Places, ...]
    ) -> tuple[list[tuple[Places, Places]], list[Places], list[Places]]:
        """Members that belong together, those that are gone, and those that are new."""
        pairs: list[tuple[Places, Places]] = []
        gone, fresh = dict.fromkeys(before), dict.fromkeys(after)
        names = [{side.shape(member).name for member in members} for side, members in self._both(before, after)]
        kept = names[0] & names[1] - {""}
        for key in (self._by_content, self._by_name, self._by_title, self._by_kind, self._by_number):
            rivals: dict[Json, dict[Places, None]] = {}
            candidates: dict[Json, dict[Places, None]] = {}
            for one in gone:
                rivals.setdefault(key(self.diff.old, one), {})[one] = None
            for other in fresh:
                candidates.setdefault(key(self.diff.new, other), {})[other] = None
            for wanted, mine in rivals.items():
                if wanted is None:
                    continue
                for one in list(mine):
                    if key != self._by_content and len(mine) != 1:
                        break
                    same: Iterable[Places] = candidates.get(wanted, ())
                    if key in (self._by_content, self._by_kind, self._by_number):
                        same = (other for other in same if not self._apart(one, other, kept))
                    first = list(itertools.islice(same, 2))
                    if first and (key == self._by_content or len(first) == 1):
                        pairs.append((one, first[0]))
                        del mine[one], gone[one], fresh[first[0]], candidates[wanted][first[0]]
        return pairs, list(gone), list(fresh)

    def _apart(self, one: Places, other: Places, kept: set[str]) -> bool:
        """Whether one component took the place of another one that is still there, so that none is the other renamed.

        Not if one of them is a member on both sides: then the members have only changed places.
        """
        names = self.diff.old.shape(one).name, self.diff.new.shape(other).name
        if kept & set(names):
            return False
        known = [side.document.get("components", {}).get("schemas", {}) for side in (self.diff.old, self.diff.new)]
        return names[0] != names[1] and all(name in schemas for name in names for schemas in known)

    def _both(self, old: tuple[Places, ...], new: tuple[Places, ...]) -> Iterator[tuple[Side, tuple[Places, ...]]]:
        yield self.diff.old, old
        yield self.diff.new, new

    @staticmethod
    def _by_content(side: Side, places: Places) -> Json:
        return side.signature(places)

    @staticmethod
    def _by_name(side: Side, places: Places) -> Json:
        return side.shape(places).name or None

    @staticmethod
    def _by_title(side: Side, places: Places) -> Json:
        return _title(side.shape(places)) or None

    @staticmethod
    def _by_kind(side: Side, places: Places) -> Json:
        return side.shape(places).kinds or None

    @staticmethod
    def _by_number(side: Side, places: Places) -> Json:
        return "number" if side.shape(places).kinds and side.shape(places).kinds <= {"integer", "number"} else None

    @staticmethod
    def _kinds(side: Side, members: tuple[Places, ...]) -> set[str]:
        return {kind for places in members for kind in side.shape(places).kinds}

    @staticmethod
    def _named(side: Side, members: tuple[Places, ...]) -> str:
        shapes = [side.shape(places) for places in members]
        return " or ".join(shape.name or _title(shape) or _format_type(shape) for shape in shapes)

    def _leftovers(self) -> None:
        for key in sorted(self.old.keywords.keys() | self.new.keywords.keys()):
            before, after = self.old.keywords.get(key), self.new.keywords.get(key)
            if key not in _OWN_RULES and before != after:
                self._report("keyword-changed", key, {key: before}, {key: after})


_WIDER_FORMATS = frozenset(
    {("int32", "int64"), ("float", "double"), *((f"uuid{number}", "uuid") for number in range(1, 9))}
)
"""Formats of which the second holds all that the first does."""

_UUIDS = frozenset({"uuid", *(f"uuid{number}" for number in range(1, 9))})

_FULL_FORMATS = frozenset({("integer", "int64"), ("number", "double"), ("number", "float"), ("string", "password")})
"""Formats that hold every value of their type that is of use."""


def _format_holds(wider: Json, narrower: Json, kinds: frozenset[str]) -> bool:
    """Whether one format holds all values of another; None is no format."""
    full = wider is None or any((kind, wider) in _FULL_FORMATS for kind in kinds)
    return full or wider == narrower or (narrower, wider) in _WIDER_FORMATS


def _unknown_kinds(before: set[str], after: set[str]) -> set[str]:
    """The types of the new members that none of the old members had."""
    return {kind for kind in after - before if not (kind == "integer" and "number" in before)}


def _text(value: Json) -> str:
    """Return the text of a value in a query or a form, where every value is text."""
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True, default=str)


def _same_text(one: Json, other: Json) -> bool:
    """Whether two values are written alike, without a `$ref`, behind which they may differ."""
    if type(one) is not type(other):
        return False
    if isinstance(one, dict):
        if "$ref" in one or len(one) != len(other):
            return False
        return all(key in other and _same_text(value, other[key]) for key, value in one.items())
    if isinstance(one, list):
        return len(one) == len(other) and all(map(_same_text, one, other))
    return bool(one == other)


def _title(shape: Shape) -> str:
    """The title of a schema, "" if it has none."""
    title = shape.prose.get("title")
    return title if isinstance(title, str) else ""


def _members(shape: Shape, other: Shape) -> tuple[Places, ...]:
    """The members of a union, or the schema as the only one; none if the schema is more than a union."""
    if shape.union:
        return shape.union
    if shape.alternatives and other.union:
        return shape.alternatives
    return (shape.places,) if shape.kinds or shape.properties else ()


def _takes_all(wider: frozenset[str], narrower: frozenset[str]) -> bool:
    """Whether one list of types holds all values of another; an empty list is any type."""
    if not wider:
        return True
    return bool(narrower) and all(kind in wider or (kind == "integer" and "number" in wider) for kind in narrower)


def _format_type(shape: Shape) -> str:
    """The type of a schema, for a person."""
    text = " or ".join(sorted(shape.kinds)) or ("any of several" if shape.union else "any")
    form = shape.keywords.get("format")
    return f"{text} ({form})" if form else text


def _same(one: Json, other: Json) -> bool:
    """Whether two JSON values are the same; 1 and true are not."""
    return isinstance(one, bool) == isinstance(other, bool) and one == other


def _json_text(value: Json) -> str:
    """A JSON value as text, such that equal ones are equal texts; 1 and true are not."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return json.dumps(value, sort_keys=True, default=str)


def _by_signature(side: Side, shape: Shape, names: list[str]) -> dict[int, list[str]]:
    """Properties by what they say."""
    found: dict[int, list[str]] = {}
    for name in names:
        found.setdefault(side.signature(shape.properties[name]), []).append(name)
    return found


def _alike(one: str, other: str, *, letters: bool) -> bool:
    """Whether one name may be another one, changed; `letters` compares them letter by letter."""
    plain = [re.sub(r"[\W_]", "", name).lower() for name in (one, other)]
    if plain[0] == plain[1]:
        return True
    if not letters or max(map(len, plain)) > _LONG_NAME:
        return False
    return difflib.SequenceMatcher(None, plain[0], plain[1]).ratio() >= 0.7


_LONG_NAME = 100
"""Letters of a name beyond which only the same name is alike: the comparison takes quadratic time."""


def date_of(value: Json) -> datetime.date | None:
    """The day that an `x-sunset` names (RFC 3339 full-date or date-time), None if it names none."""
    try:
        return datetime.date.fromisoformat(str(value)[:10]) if isinstance(value, str) else None
    except ValueError:
        return None
