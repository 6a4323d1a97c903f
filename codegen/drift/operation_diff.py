"""Compares two documents outside their schemas: operations, parameters, bodies, answers, security, servers."""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal, Protocol, TypeAlias

import attrs

from ..spec import Json, escape, subtract_values
from . import security
from .finding import Finding, label
from .lookup import as_mapping, end_pointers, key_pointer, keys_at, list_at, servers_at
from .match import Operation, is_range, match_media_types, match_operations, match_statuses, plain_media_type
from .rules import REVERSED
from .schema_diff import STABILITY, Context, Joining, Pair, date_of
from .shapes import BINARY, Side

Direction: TypeAlias = Literal["request", "response"]

_LOOSE = ("xml", "x-www-form-urlencoded", "text/", "form-data")
"""What media types are called in which every value is text."""

_PROSE = {"summary": "docs-summary-changed", "description": "docs-description-changed"}


@attrs.define
class Outcome:
    """What was found for one operation, or for the document as a whole."""

    operation: str
    """Its name, "" for the document."""
    findings: list[Finding] = attrs.field(factory=list)
    pairs: list[Pair] = attrs.field(factory=list)
    guards: frozenset[str] = frozenset()


@attrs.define
class OperationDiff:
    """Compares the operations of two documents."""

    old: Side
    new: Side
    names: tuple[dict[str, str], dict[str, str]]
    today: datetime.date
    """What a sunset is held against."""

    def compare(self) -> Iterator[Outcome]:
        """Compare the document, then the operations of both sides in the order of the old one, then the new ones."""
        matched = match_operations(self.old, self.new)
        yield Outcome("", list(self._document(matched.pairs)))
        paths = {operation.template for operation in matched.new}
        new_of = dict(matched.pairs)
        for operation in matched.old:
            if operation in new_of:
                yield _OperationComparison(self, operation, new_of[operation], operation in matched.moved).run()
            elif operation.owner is None or operation.owner in new_of:
                yield self._removed(operation, path_too=operation.template not in paths)
        known = set(new_of.values())
        for operation in matched.new:
            if operation not in known and (operation.owner is None or operation.owner in known):
                finding = Finding(f"{operation.kind}-added", operation.name, None, operation.pointer)
                yield Outcome(operation.name, [finding])

    def _removed(self, operation: Operation, *, path_too: bool) -> Outcome:
        if operation.is_incoming:
            rule = f"{operation.kind}-removed"
            return Outcome(operation.name, [Finding(rule, operation.name, operation.pointer, None)])
        value = self.old.mapping(operation.pointer)
        kind = "api-path-removed" if path_too else "api-removed"
        sunset, before = value.get("x-sunset"), None
        unstable = value.get("x-stability-level") in ("draft", "alpha")
        if value.get("deprecated") is not True:
            rule = f"{kind}-without-deprecation"
        elif sunset is None:
            rule = f"{kind}-with-deprecation"
        elif (day := date_of(sunset)) is None:
            rule, before = "api-path-sunset-parse", sunset
        elif day > self.today:
            rule, before = f"{kind}-before-sunset", sunset
        else:
            rule = f"{kind}-with-deprecation"
        guards = frozenset({"unstable"} if unstable else ())
        return Outcome(operation.name, [Finding(rule, operation.name, operation.pointer, None, before, guards=guards)])

    # --- the document ----------------------------------------------------------------------------------------------

    def _document(self, pairs: Sequence[tuple[Operation, Operation]]) -> Iterator[Finding]:
        yield from self._info()
        yield from self._tags()
        yield from self._paths()
        if not pairs or any(before.addresses != after.addresses for before, after in pairs):
            yield from _server_changes(servers_at(self.old, ""), servers_at(self.new, ""))
        yield from security.compare_global(self.old, self.new, pairs)
        yield from security.compare_schemes(self.old, self.new, pairs)

    def _info(self) -> Iterator[Finding]:
        old, new = self.old.mapping("/info"), self.new.mapping("/info")
        for key in sorted((old.keys() | new.keys()) - {"version"}):
            if old.get(key) != new.get(key):
                pointers = (
                    f"/info/{escape(key)}" if key in old else None,
                    f"/info/{escape(key)}" if key in new else None,
                )
                yield Finding("docs-info-changed", f"`info.{key}`", *pointers, old.get(key), new.get(key))
        ends = self.old.document.get("externalDocs"), self.new.document.get("externalDocs")
        if ends[0] != ends[1]:
            yield Finding("docs-link-changed", "the API", *end_pointers("/externalDocs", *ends), *ends)
        for key in sorted(_extensions(self.old.document) | _extensions(self.new.document)):
            ends = self.old.document.get(key), self.new.document.get(key)
            if ends[0] != ends[1]:
                yield Finding("docs-extension-changed", "the API", *end_pointers(f"/{escape(key)}", *ends), *ends)

    def _tags(self) -> Iterator[Finding]:
        old, new = (_by_name(side, "/tags") for side in (self.old, self.new))
        for name in sorted(old.keys() | new.keys()):
            before, after = old.get(name), new.get(name)
            values = [None if found is None else found[1] for found in (before, after)]
            if values[0] != values[1]:
                places = [None if found is None else found[0] for found in (before, after)]
                yield Finding("docs-tag-changed", f"the tag {name}", places[0], places[1], values[0], values[1])

    def _paths(self) -> Iterator[Finding]:
        """What is said of a path as a whole."""
        old, new = as_mapping(self.old.document.get("paths")), as_mapping(self.new.document.get("paths"))
        for path in [path for path in old if path in new and not path.startswith("x-")]:
            pointer = f"/paths/{escape(path)}"
            sides = self.old.mapping(pointer), self.new.mapping(pointer)
            for key, rule in _PROSE.items():
                ends = sides[0].get(key), sides[1].get(key)
                if ends[0] != ends[1]:
                    yield Finding(rule, path, *end_pointers(f"{pointer}/{key}", *ends), *ends)


# --- one operation -----------------------------------------------------------------------------------------------


@attrs.frozen
class _Parameter:
    pointer: str
    value: dict[str, Json]
    common: bool
    """Whether it stands at the path, for all its operations."""


@attrs.define
class _OperationComparison:
    diff: OperationDiff
    before: Operation
    after: Operation
    is_moved: bool = False
    outcome: Outcome = attrs.field(init=False)
    old: dict[str, Json] = attrs.field(init=False)
    new: dict[str, Json] = attrs.field(init=False)

    def run(self) -> Outcome:
        self.old = self.diff.old.mapping(self.before.pointer)
        self.new = self.diff.new.mapping(self.after.pointer)
        self.outcome = Outcome(self.before.name)
        if self.new.get("x-stability-level", self.old.get("x-stability-level")) in ("draft", "alpha"):
            self.outcome.guards = frozenset({"unstable"})
        self._move()
        self._prose()
        self._names()
        self._lifecycle()
        self._security()
        self._servers()
        self._parameters()
        self._request_body()
        self._responses()
        return self.outcome

    def _report(self, rule: str, key: str, before: Json = None, after: Json = None) -> None:
        """Add a finding about the operation itself."""
        places = key_pointer(self.before.pointer, self.old, key), key_pointer(self.after.pointer, self.new, key)
        self._add(rule, self.after.name, *places, before, after)

    def _add(
        self,
        rule: str,
        what: str,
        old: str | None,
        new: str | None,
        before: Json = None,
        after: Json = None,
        *,
        guards: frozenset[str] = frozenset(),
    ) -> None:
        if self.before.is_incoming:
            rule = REVERSED.get(rule, rule)
        self.outcome.findings.append(Finding(rule, what, old, new, before, after, guards))

    @property
    def _directions(self) -> tuple[Direction, Direction]:
        """The direction of what the operation takes and of what it returns, as the client sees them."""
        return ("response", "request") if self.before.is_incoming else ("request", "response")

    def _move(self) -> None:
        if self.is_moved:
            name = self.old.get("operationId") or self.before.name
            places = self.before.pointer, self.after.pointer
            self._add("endpoint-moved", f"`{name}`", *places, self.before.path, self.after.path)

    def _pair(self, old: str, new: str, context: Context) -> None:
        self.outcome.pairs.append(((old,), (new,), context))

    def _prose(self) -> None:
        for key in sorted(self.old.keys() | self.new.keys()):
            before, after = self.old.get(key), self.new.get(key)
            if before == after:
                continue
            if key in _PROSE:
                self._report(_PROSE[key], key, before, after)
            elif key == "externalDocs":
                self._report("docs-link-changed", key, before, after)
            elif "code" in key.lower() and key.startswith("x-"):
                self._report("docs-code-sample-changed", key, before, after)
            elif key.startswith("x-") and key not in ("x-sunset", "x-stability-level"):
                self._report("docs-extension-changed", key, before, after)

    def _names(self) -> None:
        before, after = self.old.get("operationId"), self.new.get("operationId")
        if before != after and before is not None:
            self._report("api-operation-id-removed", "operationId", before, after)
        elif before != after:
            self._report("api-operation-id-added", "operationId", before, after)
        tags = [value if isinstance(value, list) else [] for value in (self.old.get("tags"), self.new.get("tags"))]
        for tag in subtract_values(tags[0], tags[1]):
            self._report("api-tag-removed", "tags", tag, None)
        for tag in subtract_values(tags[1], tags[0]):
            self._report("api-tag-added", "tags", None, tag)

    def _lifecycle(self) -> None:
        was, is_ = (value.get("deprecated") is True for value in (self.old, self.new))
        sunsets = self.old.get("x-sunset"), self.new.get("x-sunset")
        if was and not is_:
            self._report("endpoint-reactivated", "deprecated")
        elif is_ and not was:
            if sunsets[1] is not None and date_of(sunsets[1]) is None:
                self._report("api-deprecated-sunset-parse", "x-sunset", None, sunsets[1])
            else:
                rule = "endpoint-deprecated" if sunsets[1] is None else "endpoint-deprecated-with-sunset"
                self._report(rule, "deprecated", None, sunsets[1])
        elif is_ and sunsets[0] is not None:
            days = [None if sunset is None else date_of(sunset) for sunset in sunsets]
            if sunsets[1] is None:
                self._report("sunset-deleted", "x-sunset", *sunsets)
            elif days[0] is None or days[1] is None:
                if sunsets[0] != sunsets[1]:
                    self._report("api-path-sunset-parse", "x-sunset", *sunsets)
            elif days[1] < days[0]:
                self._report("api-sunset-date-changed-too-small", "x-sunset", *sunsets)
        self._stability()

    def _stability(self) -> None:
        before, after = self.old.get("x-stability-level"), self.new.get("x-stability-level")
        if after is not None and after not in STABILITY and before != after:
            self._report("api-invalid-stability-level", "x-stability-level", before, after)
        elif before in STABILITY and after in STABILITY and before != after:
            grew = STABILITY.index(after) > STABILITY.index(before)
            if not grew:
                self._report("api-stability-decreased", "x-stability-level", before, after)
            else:
                self._report("docs-extension-changed", "x-stability-level", before, after)

    def _security(self) -> None:
        if not self.before.is_incoming:
            self.outcome.findings += security.compare_operation(self.diff.old, self.diff.new, self.before, self.after)

    def _servers(self) -> None:
        """Compare servers of the operation or its path, which take the place of the document's."""
        if self.before.addresses == self.after.addresses:
            return
        sides = ((self.diff.old, self.before.pointer), (self.diff.new, self.after.pointer))
        if any(list_at(side, f"{place}/servers") for side, at in sides for place in (at, at.rpartition("/")[0])):
            found = [servers_at(side, at, at.rpartition("/")[0], "") for side, at in sides]
            self.outcome.findings += _server_changes(*found)

    # --- parameters ------------------------------------------------------------------------------------------------

    def _parameters(self) -> None:
        old = dict(self._of(self.diff.old, self.before))
        new = dict(self._of(self.diff.new, self.after))
        for key, parameter in old.items():
            if key not in new and not _is_in_path(parameter):
                self._removed_parameter(parameter)
        for key, parameter in new.items():
            if key in old:
                self._parameter(old[key], parameter)
            elif not _is_in_path(parameter):
                self._added_parameter(parameter)

    def _of(self, side: Side, operation: Operation) -> Iterator[tuple[tuple[str, str], _Parameter]]:
        """The parameters of an operation, those of its path included, by what they are recognised by."""
        order = {name: index for index, name in reversed([*enumerate(re.findall(r"\{([^{}]*)\}", operation.path))])}
        holder = operation.pointer.rpartition("/")[0]
        for place, common in ((holder, True), (operation.pointer, False)):
            for index, value in enumerate(list_at(side, f"{place}/parameters")):
                pointer = side.follow(f"{place}/parameters/{index}")
                value = side.mapping(pointer)
                name, location = str(value.get("name", "")), str(value.get("in", ""))
                if location == "path" and name in order:
                    yield (location, f"#{order[name]}"), _Parameter(pointer, value, common)
                else:
                    yield (location, name.lower() if location == "header" else name), _Parameter(pointer, value, common)

    def _removed_parameter(self, parameter: _Parameter) -> None:
        what = f"parameter {parameter.value.get('name')}"
        sunset, rule = parameter.value.get("x-sunset"), "request-parameter-removed"
        if self.before.is_incoming:
            required = "required" if parameter.value.get("required") is True else "optional"
            self._add(f"webhook-{required}-parameter-removed", what, parameter.pointer, None)
            return
        if parameter.value.get("deprecated") is True:
            day = None if sunset is None else date_of(sunset)
            if sunset is not None and day is None:
                rule = "request-parameter-sunset-parse"
            elif day is not None and day > self.diff.today:
                rule = "request-parameter-removed-before-sunset"
            else:
                rule = "request-parameter-removed-with-deprecation"
        self._add(rule, what, parameter.pointer, None, sunset)

    def _added_parameter(self, parameter: _Parameter) -> None:
        required = "required" if parameter.value.get("required") is True else "optional"
        if parameter.common:
            rule = f"new-{required}-request-default-parameter-to-existing-path"
        else:
            rule = f"new-{required}-request-parameter"
        self._add(rule, f"parameter {parameter.value.get('name')}", None, parameter.pointer)

    def _parameter(self, old: _Parameter, new: _Parameter) -> None:
        what = f"parameter {new.value.get('name')}"

        def report(rule: str, key: str, before: Json = None, after: Json = None) -> None:
            places = key_pointer(old.pointer, old.value, key), key_pointer(new.pointer, new.value, key)
            self._add(rule, what, *places, before, after)

        required = [parameter.value.get("required") is True for parameter in (old, new)]
        if required[0] != required[1]:
            report(f"request-parameter-became-{'required' if required[1] else 'optional'}", "required")
        schemas = [_schema_place(parameter.pointer, parameter.value) for parameter in (old, new)]
        sides = zip((self.diff.old, self.diff.new), schemas, strict=True)
        lists = any(self._is_list(side, place) for side, place in sides)
        before, after = (_serialization(parameter.value) for parameter in (old, new))
        if before.content != after.content:
            report("request-parameter-content-changed", "content", before.content, after.content)
        elif before.style != after.style:
            report("request-parameter-style-changed", "style", before.style, after.style)
        elif before.explode != after.explode and lists:
            report("request-parameter-explode-changed", "explode", before.explode, after.explode)
        if before.reserved != after.reserved:
            report(f"request-parameter-became-{'' if after.reserved else 'not-'}allow-reserved", "allowReserved")
        if before.empty != after.empty:
            report(f"request-parameter-became-{'' if after.empty else 'not-'}allow-empty-value", "allowEmptyValue")
        for key in ("description", "example", "examples"):
            if old.value.get(key) != new.value.get(key):
                ends = old.value.get(key), new.value.get(key)
                report(f"docs-{'description' if key == 'description' else 'example'}-changed", key, *ends)
        self._parameter_lifecycle(old, new, report)
        if schemas[0] and schemas[1]:
            location, direction = str(new.value.get("in", "")), self._directions[0]
            joining = _joining(before) if before == after else "none"
            context = Context(direction, "parameter", loose=True, location=location, joining=joining)
            self._pair(schemas[0], schemas[1], context)
        elif schemas[0] or schemas[1]:
            report(f"request-parameter-schema-{'added' if schemas[1] else 'removed'}", "schema")

    @staticmethod
    def _is_list(side: Side, place: str | None) -> bool:
        """Whether a parameter may hold several values, so that it matters how they are put together."""
        if place is None:
            return False
        shape = side.shape((place,))
        return not shape.kinds or bool(shape.kinds & {"array", "object"}) or bool(shape.union)

    def _parameter_lifecycle(self, old: _Parameter, new: _Parameter, report: _Reporter) -> None:
        was, is_ = (parameter.value.get("deprecated") is True for parameter in (old, new))
        sunsets = old.value.get("x-sunset"), new.value.get("x-sunset")
        days = [None if sunset is None else date_of(sunset) for sunset in sunsets]
        if was and not is_:
            report("request-parameter-reactivated", "deprecated")
        elif is_ and sunsets[1] is not None and days[1] is None and not (was and sunsets[0] == sunsets[1]):
            report("request-parameter-sunset-parse", "x-sunset", sunsets[1])
        elif is_ and not was:
            report("request-parameter-deprecated", "deprecated", None, sunsets[1])
        elif is_ and sunsets[0] is not None:
            if sunsets[1] is None:
                report("request-parameter-sunset-deleted", "x-sunset", *sunsets)
            elif days[0] is None and sunsets[0] != sunsets[1]:
                report("request-parameter-sunset-parse", "x-sunset", sunsets[0])
            elif days[0] is not None and days[1] is not None and days[1] < days[0]:
                report("request-parameter-sunset-date-changed-too-small", "x-sunset", *sunsets)

    # --- bodies ----------------------------------------------------------------------------------------------------

    def _request_body(self) -> None:
        places = tuple(f"{operation.pointer}/requestBody" for operation in (self.before, self.after))
        if "requestBody" not in self.old and "requestBody" not in self.new:
            return
        if "requestBody" not in self.old:
            new = self.diff.new.mapping(places[1])
            kind = "required" if new.get("required") is True else "optional"
            self._add(f"request-body-added-{kind}", "request body", None, places[1])
            return
        if "requestBody" not in self.new:
            self._add("request-body-removed", "request body", places[0], None)
            return
        old_place, new_place = self.diff.old.follow(places[0]), self.diff.new.follow(places[1])
        old, new = self.diff.old.mapping(old_place), self.diff.new.mapping(new_place)
        required = [value.get("required") is True for value in (old, new)]
        if required[0] != required[1]:
            at = key_pointer(old_place, old, "required"), key_pointer(new_place, new, "required")
            kind = "required" if required[1] else "optional"
            self._add(f"request-body-became-{kind}", "request body", *at)
        self._described(old, new, old_place, new_place, "request body")
        self._content(old, new, old_place, new_place, self._directions[0], frozenset())

    def _described(self, old: dict[str, Json], new: dict[str, Json], before: str, after: str, what: str) -> None:
        if old.get("description") != new.get("description"):
            ends = old.get("description"), new.get("description")
            places = key_pointer(before, old, "description"), key_pointer(after, new, "description")
            self._add("docs-description-changed", what, *places, *ends)

    def _content(
        self,
        old: dict[str, Json],
        new: dict[str, Json],
        old_place: str,
        new_place: str,
        direction: Direction,
        guards: frozenset[str],
    ) -> None:
        matched = match_media_types(as_mapping(old.get("content")), as_mapping(new.get("content")))
        gone, fresh, pairs = matched
        if direction == "response":
            pairs += self._renamed_types(gone, fresh, old_place, new_place)
        prefix = "request-body" if direction == "request" else "response"
        what = label(new_place, self.diff.names[1])
        for name in gone:
            place = f"{old_place}/content/{escape(name)}"
            self._add(f"{prefix}-media-type-removed", what, place, None, name.lower(), None, guards=guards)
        for name in fresh:
            place = f"{new_place}/content/{escape(name)}"
            self._add(f"{prefix}-media-type-added", what, None, place, None, name.lower(), guards=guards)
        for before, after in pairs:
            places = (f"{old_place}/content/{escape(before)}", f"{new_place}/content/{escape(after)}")
            self._media(*places, direction, guards, after)

    def _renamed_types(
        self, gone: list[str], fresh: list[str], old_place: str, new_place: str
    ) -> list[tuple[str, str]]:
        """A media type whose name only became wider or narrower, such as `application/problem+json`."""
        if len(gone) != 1 or len(fresh) != 1:
            return []
        before, after = plain_media_type(gone[0]), plain_media_type(fresh[0])
        if before.endswith(f"+{after.partition('/')[2]}"):
            rule = "response-media-type-name-generalized"
        elif after.endswith(f"+{before.partition('/')[2]}"):
            rule = "response-media-type-name-specialized"
        else:
            return []
        names = gone.pop(), fresh.pop()
        places = (f"{old_place}/content/{escape(names[0])}", f"{new_place}/content/{escape(names[1])}")
        self._add(rule, label(new_place, self.diff.names[1]), *places, before, after)
        return [names]

    def _media(
        self,
        old_place: str,
        new_place: str,
        direction: Direction,
        guards: frozenset[str],
        media_type: str,
    ) -> None:
        old, new = self.diff.old.mapping(old_place), self.diff.new.mapping(new_place)
        what = label(new_place, self.diff.names[1])
        for key in ("example", "examples"):
            if old.get(key) != new.get(key):
                ends = old.get(key), new.get(key)
                self._add(
                    "docs-example-changed",
                    what,
                    key_pointer(old_place, old, key),
                    key_pointer(new_place, new, key),
                    *ends,
                )
        if old.get("encoding") != new.get("encoding"):
            ends = old.get("encoding"), new.get("encoding")
            rule = f"{'request-body' if direction == 'request' else 'response'}-media-type-encoding-changed"
            self._add(rule, what, old_place, new_place, *ends, guards=guards)
        has = ["schema" in value for value in (old, new)]
        if has == [True, True]:
            loose = any(part in media_type for part in _LOOSE)
            context = Context(direction, "body", loose=loose, guards=guards)
            self._pair(f"{old_place}/schema", f"{new_place}/schema", context)
        elif has[0] != has[1] and not self._is_binary(old_place if has[0] else new_place, on_old_side=has[0]):
            rule = f"{direction}-body-media-type-schema-{'added' if has[1] else 'removed'}"
            places = key_pointer(old_place, old, "schema"), key_pointer(new_place, new, "schema")
            self._add(rule, what, *places, guards=guards)

    def _is_binary(self, media: str, *, on_old_side: bool) -> bool:
        """Whether a schema says no more than that the body is bytes, which OpenAPI 3.1 says without a schema."""
        side = self.diff.old if on_old_side else self.diff.new
        shape = side.shape((f"{media}/schema",))
        return shape.kinds == {"string"} and shape.keywords == {"contentMediaType": BINARY}

    # --- answers ---------------------------------------------------------------------------------------------------

    def _responses(self) -> None:
        old, new = (
            {code: f"{operation.pointer}/responses/{escape(code)}" for code in _codes(value)}
            for operation, value in ((self.before, self.old), (self.after, self.new))
        )
        statuses = match_statuses(list(old), list(new))
        for code in statuses.removed:
            self._add(f"response-{_success(code)}-status-removed", f"{code} response", old[code], None, code)
        for code in statuses.added:
            self._add(f"response-{_success(code)}-status-added", f"{code} response", None, new[code], None, code)
        lone = not any(code.startswith("2") for code in new)
        for before, after in statuses.pairs:
            is_success = after.startswith("2") or (after == "default" and lone)
            guards = frozenset(() if is_success or self.before.is_incoming else {"error-body"})
            if len(before) == len(after) == 3 and before.upper() != after.upper():
                kind = "specialized" if is_range(before) else "generalized"
                rule = f"response-{_success(after)}-status-{kind}"
                self._add(rule, f"{after} response", old[before], new[after], before, after)
            self._response(self.diff.old.follow(old[before]), self.diff.new.follow(new[after]), after, guards)

    def _response(self, old_place: str, new_place: str, code: str, guards: frozenset[str]) -> None:
        before, after = self.diff.old.mapping(old_place), self.diff.new.mapping(new_place)
        self._described(before, after, old_place, new_place, f"{code} response")
        if before.get("links") != after.get("links"):
            ends = before.get("links"), after.get("links")
            self._add("docs-link-changed", f"{code} response", old_place, new_place, *ends)
        if not (_is_bodiless(code) or self.after.method == "HEAD"):
            self._content(before, after, old_place, new_place, self._directions[1], guards)
        self._headers(old_place, new_place, guards)

    def _headers(self, old_place: str, new_place: str, guards: frozenset[str]) -> None:
        old, new = (
            {name.lower(): f"{place}/headers/{escape(name)}" for name in keys_at(side, f"{place}/headers")}
            for side, place in ((self.diff.old, old_place), (self.diff.new, new_place))
        )
        for name in [name for name in old if name not in new]:
            needed = "required" if self.diff.old.mapping(old[name]).get("required") is True else "optional"
            rule = f"{needed}-response-header-removed"
            self._add(rule, f"header {name}", old[name], None, guards=guards)
        for name in [name for name in new if name not in old]:
            rule = "response-header-added"
            if self.before.is_incoming:
                needed = "required" if self.diff.new.mapping(new[name]).get("required") is True else "optional"
                rule = f"webhook-{needed}-response-header-added"
            self._add(rule, f"header {name}", None, new[name], guards=guards)
        for name in [name for name in old if name in new]:
            places = self.diff.old.follow(old[name]), self.diff.new.follow(new[name])
            before, after = self.diff.old.mapping(places[0]), self.diff.new.mapping(places[1])
            required = [value.get("required") is True for value in (before, after)]
            if required[0] != required[1]:
                rule = f"response-header-became-{'required' if required[1] else 'optional'}"
                self._add(rule, f"header {name}", *places, guards=guards)
            self._described(before, after, *places, f"header {name}")
            schemas = [_schema_place(place, value) for place, value in zip(places, (before, after), strict=True)]
            if schemas[0] and schemas[1]:
                self._pair(schemas[0], schemas[1], Context(self._directions[1], "header", loose=True, guards=guards))
            elif schemas[0] or schemas[1]:
                values = None, schemas[1] or schemas[0]
                self._add("response-header-keyword-changed", f"header {name}", *places, *values, guards=guards)


class _Reporter(Protocol):
    """How findings about a parameter are added."""

    def __call__(self, rule: str, key: str, before: Json = None, after: Json = None) -> None: ...


# --- what stands where ---------------------------------------------------------------------------------------------


def _server_changes(old: dict[str, str], new: dict[str, str]) -> Iterator[Finding]:
    def shown(key: str) -> Json:
        url, variables = json.loads(key)
        return url if variables is None else f"{url} with {json.dumps(variables, sort_keys=True)}"

    for key in [key for key in old if key not in new]:
        yield Finding("api-server-removed", shown(key), old[key], None, shown(key))
    for key in [key for key in new if key not in old]:
        yield Finding("api-server-added", shown(key), None, new[key], None, shown(key))


def _by_name(side: Side, pointer: str) -> dict[str, tuple[str, Json]]:
    return {
        str(item.get("name")): (f"{pointer}/{index}", item)
        for index, item in enumerate(list_at(side, pointer))
        if isinstance(item, dict)
    }


def _extensions(document: Mapping[str, Json]) -> set[str]:
    return {key for key in document if key.startswith("x-")}


def _codes(operation: dict[str, Json]) -> list[str]:
    responses = operation.get("responses")
    return [code for code in responses if not code.startswith("x-")] if isinstance(responses, dict) else []


def _is_bodiless(code: str) -> bool:
    """Whether a response of a status has no body, whatever the spec says of one (RFC 9110, 15)."""
    return code in ("204", "205", "304") or code.startswith("1")


def _success(code: str) -> str:
    return "success" if code.startswith("2") else "non-success"


def _is_in_path(parameter: _Parameter) -> bool:
    """Whether a parameter fills the path, which has the same template on both sides: it is needed, declared or not."""
    return parameter.value.get("in") == "path"


def _schema_place(pointer: str, value: dict[str, Json]) -> str | None:
    """Where the schema of a parameter or header stands, None if it has none."""
    if "schema" in value:
        return f"{pointer}/schema"
    content = value.get("content")
    for media_type, media in (content if isinstance(content, dict) else {}).items():
        if isinstance(media, dict) and "schema" in media:
            return f"{pointer}/content/{escape(media_type)}/schema"
    return None


@attrs.frozen
class _Serialization:
    """How a parameter is written."""

    content: str
    """Its media types; "" where `style` says how."""
    style: str
    explode: bool
    reserved: bool
    """Whether reserved characters stand as they are."""
    empty: bool
    """Whether it may be without a value."""


def _serialization(parameter: dict[str, Json]) -> _Serialization:
    """How a parameter is written, with what OpenAPI says when it is silent."""
    content = " or ".join(sorted(map(plain_media_type, as_mapping(parameter.get("content")))))
    in_query = parameter.get("in") == "query"
    style = parameter.get("style") or ("form" if in_query or parameter.get("in") == "cookie" else "simple")
    return _Serialization(
        content,
        style,
        explode=parameter.get("explode", style == "form"),
        reserved=in_query and parameter.get("allowReserved") is True,
        empty=in_query and parameter.get("allowEmptyValue") is True,
    )


def _joining(serialization: _Serialization) -> Joining:
    """How the values of a list are written, so that one value may be a list of one."""
    if serialization.content or serialization.style not in ("form", "simple"):
        return "none"
    return "repeated" if serialization.explode and serialization.style == "form" else "text"
