"""Matches the parts of two specs: operations, callbacks, media types, statuses."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from typing import Generic, Literal, TypeAlias, TypeVar
from urllib.parse import urlsplit

import attrs

from ..errors import CodegenError
from ..media_types import get_essence
from ..spec import METHODS, Json, Spec, escape
from .document import Document, ensure_mapping


@attrs.frozen(cache_hash=True)
class Operation:
    """A method of a path, webhook or callback on one side."""

    method: str
    """The method in capitals."""
    path: str
    """As written; `webhook:NAME` for a webhook, `callback:NAME EXPRESSION` for a callback."""
    pointer: str
    kind: Literal["endpoint", "webhook", "callback"] = "endpoint"
    owner: Operation | None = None
    """The operation that a callback belongs to."""
    addresses: frozenset[str] = attrs.field(default=frozenset(), eq=False)
    """Every server's URL with the path's template behind it."""

    @property
    def name(self) -> str:
        """The name in reports."""
        return f"{self.method} {self.path}"

    @property
    def template(self) -> str:
        """The path without the names of its parameters."""
        return _build_template(self.path)

    @property
    def holder(self) -> str:
        """The JSON pointer of the path item."""
        return _get_holder(self.pointer)

    @property
    def is_incoming(self) -> bool:
        """Whether the API calls the client: the client reads the request and sends the response."""
        return self.kind != "endpoint"


KeyBuilder: TypeAlias = Callable[[Document, Operation], Hashable]
T = TypeVar("T")


@attrs.frozen
class Matching(Generic[T]):
    """The result of matching parts of two specs."""

    removed: list[T]
    """Those of the old spec that belong to none of the new one."""
    added: list[T]
    pairs: list[tuple[T, T]]
    """Those that belong together."""


@attrs.frozen
class MatchedOperations:
    """The operations of two specs and which of them belong together."""

    old: list[Operation]
    new: list[Operation]
    pairs: list[tuple[Operation, Operation]]
    moved: frozenset[Operation]
    """The operations of the old spec that have another path in the new one."""


def find_operations(side: Document) -> Iterator[Operation]:
    """Yield every operation, webhook and callback of a spec, in its order."""
    for section, kind in (("paths", "endpoint"), ("webhooks", "webhook")):
        paths = side.root.get(section)
        if not isinstance(paths, dict):
            continue
        for path in paths:
            if not path.startswith("x-"):
                yield from _iterate_path_operations(side, f"/{section}/{escape(path)}", path, kind)


def _get_holder(pointer: str) -> str:
    return pointer.rpartition("/")[0].removesuffix("/additionalOperations")


def _build_template(path: str) -> str:
    return re.sub(r"\{[^{}]*\}", "{}", path)


def _iterate_path_operations(side: Document, place: str, path: str, kind: str) -> Iterator[Operation]:
    holder = side.follow(place)
    for method, pointer in _iterate_methods(side, place, holder):
        if kind == "webhook":
            yield Operation(method.upper(), f"webhook:{path}", pointer, "webhook")
            continue
        operation = Operation(method.upper(), path, pointer, addresses=_build_addresses(side, path, pointer))
        yield operation
        yield from _iterate_callbacks(side, operation)


def _iterate_methods(side: Document, place: str, holder: str) -> Iterator[tuple[str, str]]:
    """Yield the methods of a path, with the JSON pointers of their operations (OpenAPI 3.2, Path Item Object)."""
    item = side.get_mapping(place)
    for method in [key for key in item if key in METHODS or key == "query"]:
        if not isinstance(item[method], dict):
            raise CodegenError(f"{side.spec.format_place(f'{holder}/{method}')}: an operation must be a mapping")
        yield method, f"{holder}/{method}"
    for method in ensure_mapping(item.get("additionalOperations")):
        yield method, f"{holder}/additionalOperations/{escape(method)}"


def _iterate_callbacks(side: Document, owner: Operation) -> Iterator[Operation]:
    for name in ensure_mapping(side.get_mapping(owner.pointer).get("callbacks")):
        place = side.follow(f"{owner.pointer}/callbacks/{escape(name)}")
        for address in [key for key in side.get_mapping(place) if not key.startswith("x-")]:
            at = f"{place}/{escape(address)}"
            for method, pointer in _iterate_methods(side, at, side.follow(at)):
                yield Operation(method.upper(), f"callback:{name} {address}", pointer, "callback", owner)


def _build_addresses(side: Document, path: str, pointer: str) -> frozenset[str]:
    template = _build_template(path)
    found = []
    for server in side.find_servers(pointer, _get_holder(pointer), ""):
        url, variables = json.loads(server)
        text = f" {json.dumps(variables, sort_keys=True)}" if variables else ""
        found.append(f"{str(url or '').rstrip('/')}{template}{text}")
    return frozenset(found)


# --- operations --------------------------------------------------------------------------------------------------


def match_operations(old: Document, new: Document) -> MatchedOperations:
    """Find the operations that belong together.

    They match by path, by address, or by template, first with the same operationId or content. The rest may have moved:
    they match by operationId, then by content.
    """
    before, after = list(find_operations(old)), list(find_operations(new))
    matcher = _Matcher([one for one in before if not one.owner], [other for other in after if not other.owner])
    for key in ("path", "address", "template and id", "template and content", "template"):
        matcher.match(_KEYS[key], old, new, in_order=key == "template")
    count = len(matcher.pairs)
    for key in ("id", "content"):
        matcher.match(_KEYS[key], old, new)
    moved = frozenset(one for one, _ in matcher.pairs[count:])
    pairs = [*matcher.pairs, *_match_callbacks(before, after, matcher.pairs, (old, new))]
    order = {operation: index for index, operation in enumerate(before)}
    return MatchedOperations(before, after, sorted(pairs, key=lambda pair: order[pair[0]]), moved)


def _match_callbacks(
    before: Sequence[Operation],
    after: Sequence[Operation],
    owners: Sequence[tuple[Operation, Operation]],
    sides: tuple[Document, Document],
) -> Iterator[tuple[Operation, Operation]]:
    """Match the callbacks of operations that belong together: by name and expression, then by name."""
    inside: list[dict[Operation, list[Operation]]] = [{}, {}]
    for index, operations in enumerate((before, after)):
        for operation in [operation for operation in operations if operation.owner]:
            inside[index].setdefault(operation.owner or operation, []).append(operation)
    for one, other in owners:
        if one in inside[0] and other in inside[1]:
            matcher = _Matcher(inside[0][one], inside[1][other])
            matcher.match(_KEYS["path"], *sides)
            matcher.match(_KEYS["callback"], *sides)
            yield from matcher.pairs


@attrs.define
class _Matcher:
    """Matches operations of two sides, from the strongest criterion to the weakest."""

    old: list[Operation]
    new: list[Operation]
    pairs: list[tuple[Operation, Operation]] = attrs.field(factory=list)

    def match(self, build_key: KeyBuilder, old: Document, new: Document, *, in_order: bool = False) -> None:
        """Match the operations whose key is unique on both sides, or all with the same key in their order."""
        groups: dict[Hashable, tuple[list[Operation], list[Operation]]] = {}
        for index, (side, operations) in enumerate(((old, self.old), (new, self.new))):
            for operation in operations:
                value = build_key(side, operation)
                if value is not None:
                    groups.setdefault(value, ([], []))[index].append(operation)
        found = [
            pair
            for ours, theirs in groups.values()
            if in_order or len(ours) == len(theirs) == 1
            for pair in zip(ours, theirs, strict=False)
        ]
        self.pairs += found
        matched = {one for one, _ in found}, {other for _, other in found}
        self.old = [operation for operation in self.old if operation not in matched[0]]
        self.new = [operation for operation in self.new if operation not in matched[1]]


def _build_address_key(_: Document, operation: Operation) -> Hashable:
    """Build a key of the path without the host: a prefix may be in the server's URL or in the path."""
    if operation.is_incoming:
        return None
    return operation.method, frozenset(urlsplit(address).path for address in map(_remove_brackets, operation.addresses))


def _remove_brackets(address: str) -> str:
    """Remove the brackets that `urlsplit` refuses: variables may replace hosts and ports."""
    return re.sub(r"[\[\]]", "", address)


def _build_id_key(side: Document, operation: Operation) -> Hashable:
    value = side.get_mapping(operation.pointer)
    if operation.is_incoming or value.get("deprecated") is True or value.get("operationId") is None:
        return None
    return operation.method, value["operationId"]


def _build_template_and_id_key(side: Document, operation: Operation) -> Hashable:
    name = side.get_mapping(operation.pointer).get("operationId")
    return None if name is None else (operation.kind, operation.method, operation.template, name)


def _build_content_key(side: Document, operation: Operation) -> Hashable:
    value = side.get_mapping(operation.pointer)
    named = [part for part in operation.template.split("/") if part not in ("", "{}")]
    if operation.is_incoming or value.get("deprecated") is True or not named or not _has_content(value):
        return None
    return operation.method, named[-1], _serialize_content(side, operation)


def _has_content(operation: dict[str, Json]) -> bool:
    """Return whether an operation has a parameter, a body or a response that may have one: others are often alike."""
    responses = ensure_mapping(operation.get("responses")).values()
    bodies = [ensure_mapping(response) for response in responses]
    has_response = any("content" in body or "$ref" in body for body in bodies)
    return bool(operation.get("parameters") or operation.get("requestBody")) or has_response


def _serialize_content(side: Document, operation: Operation) -> str:
    """Serialize what an operation takes and returns."""
    prose = ("summary", "description", "tags", "externalDocs")
    ignored_keys = (*prose, "operationId", "deprecated", "callbacks", "servers")
    value = {
        key: item
        for key, item in side.get_mapping(operation.pointer).items()
        if key not in ignored_keys and not key.startswith("x-")
    }
    return json.dumps(value, sort_keys=True, default=str)


_KEYS: Mapping[str, KeyBuilder] = {
    "path": lambda _, one: (one.kind, one.method, one.path),
    "address": _build_address_key,
    "template and id": _build_template_and_id_key,
    "template and content": lambda side, one: (one.kind, one.method, one.template, _serialize_content(side, one)),
    "template": lambda _, one: (one.kind, one.method, one.template),
    "id": _build_id_key,
    "content": _build_content_key,
    "callback": lambda _, one: (one.method, one.path.partition(" ")[0]),
}
"""What builds the key to match operations by; None is the key of an operation that is not matched by it."""


def find_same_templates(spec: Spec) -> Iterator[str]:
    """Yield a note for each path whose template another path has, which OpenAPI forbids."""
    first: dict[str, str] = {}
    for path in ensure_mapping(spec.document.get("paths")):
        template = _build_template(path)
        if template in first and not path.startswith("x-"):
            place = spec.format_place(f"/paths/{escape(path)}")
            yield f"{place}: the path {path} is the same as {first[template]}: only the names of parameters differ"
        first.setdefault(template, path)


# --- media types -------------------------------------------------------------------------------------------------


def match_media_types(old: Iterable[str], new: Iterable[str]) -> Matching[str]:
    """Find the media types that belong together.

    Parameters count, in any order, unless one side leaves them out: `application/json` is
    `application/json; charset=utf-8`, and `version=1` is not `version=2`.
    """
    removed, added, pairs = list(old), list(new), []
    for matches in (_is_same_type, _is_same_type_with_fewer_parameters):
        for before in list(removed):
            after = next((name for name in added if matches(before, name)), None)
            if after is not None:
                pairs.append((before, after))
                removed.remove(before)
                added.remove(after)
    return Matching(removed, added, sorted(pairs, key=lambda pair: list(old).index(pair[0])))


def _parse_parameters(media_type: str) -> frozenset[tuple[str, str]]:
    parts = [part.partition("=") for part in media_type.split(";")[1:] if part.strip()]
    return frozenset((name.strip().lower(), value.strip().strip('"').lower()) for name, _, value in parts)


def _is_same_type(one: str, other: str) -> bool:
    same = get_essence(one) == get_essence(other)
    return same and _parse_parameters(one) == _parse_parameters(other)


def _is_same_type_with_fewer_parameters(one: str, other: str) -> bool:
    ours, theirs = _parse_parameters(one), _parse_parameters(other)
    return get_essence(one) == get_essence(other) and (ours <= theirs or theirs <= ours)


# --- statuses ----------------------------------------------------------------------------------------------------


def is_range(code: str) -> bool:
    """Return whether a status is a range such as `2XX`."""
    return re.fullmatch(r"[1-5][xX]{2}", code) is not None


def match_statuses(old: Sequence[str], new: Sequence[str]) -> Matching[str]:
    """Find the statuses that belong together: equal ones, and a range with the statuses in it."""
    pairs = [(code, code) for code in old if code in new]
    ranges = [{code[0]: code for code in codes if is_range(code)} for codes in (old, new)]
    pairs += [(ranges[0][code[0]], code) for code in new if code not in old and code[:1] in ranges[0]]
    singles = [code for code in old if code not in new and not is_range(code)]
    pairs += [(code, ranges[1][code[0]]) for code in singles if code[:1] in ranges[1]]
    matched = {before for before, _ in pairs}, {after for _, after in pairs}
    removed = [code for code in old if code not in matched[0]]
    return Matching(removed, [code for code in new if code not in matched[1]], pairs)
