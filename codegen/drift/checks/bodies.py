"""Request bodies, responses, headers, media types."""

from __future__ import annotations

from collections.abc import Iterator

from ...spec import Json, escape
from ..document import Document, build_key_pointer, ensure_mapping
from ..finding import Finding
from ..matching import is_range, match_media_types, match_statuses, strip_parameters
from ..normalized_schema import BINARY
from .base import Context, Direction, OperationPair, Pair, register_operation_check
from .parameters import find_schema

_TEXT_TYPES = ("xml", "x-www-form-urlencoded", "text/", "form-data")
"""Parts of the names of media types in which every value is text."""

Places = tuple[str, str]
"""A JSON pointer into each spec."""


@register_operation_check
def check_request_body(pair: OperationPair) -> Iterator[Finding | Pair]:
    """Compare whether there is a request body, whether it is required, and what it holds."""
    had, has = "requestBody" in pair.old, "requestBody" in pair.new
    old_pointer, new_pointer = (f"{operation.pointer}/requestBody" for operation in (pair.before, pair.after))
    if has and not had:
        kind = "required" if pair.comparison.new.get_mapping(new_pointer).get("required") is True else "optional"
        yield pair.find_at(f"request-body-added-{kind}", "request body", (None, new_pointer))
    elif had and not has:
        yield pair.find_at("request-body-removed", "request body", (old_pointer, None))
    if not (had and has):
        return
    places = pair.comparison.old.follow(old_pointer), pair.comparison.new.follow(new_pointer)
    old, new = _get_values(pair, places)
    was_required, is_required = (value.get("required") is True for value in (old, new))
    if was_required != is_required:
        at = build_key_pointer(places[0], old, "required"), build_key_pointer(places[1], new, "required")
        yield pair.find_at(f"request-body-became-{'required' if is_required else 'optional'}", "request body", at)
    yield from pair.find_prose(old, new, places, "request body")
    yield from _compare_content(pair, places, pair.directions[0], frozenset())


@register_operation_check
def check_responses(pair: OperationPair) -> Iterator[Finding | Pair]:
    """Compare which responses there are, and each that both sides have."""
    old, new = (
        {
            code: f"{operation.pointer}/responses/{escape(code)}"
            for code in ensure_mapping(value.get("responses"))
            if not code.startswith("x-")
        }
        for operation, value in ((pair.before, pair.old), (pair.after, pair.new))
    )
    statuses = match_statuses(list(old), list(new))
    for code in statuses.removed:
        rule = f"response-{_name_outcome(code)}-status-removed"
        yield pair.find_at(rule, f"{code} response", (old[code], None), code)
    for code in statuses.added:
        yield pair.find_at(
            f"response-{_name_outcome(code)}-status-added", f"{code} response", (None, new[code]), None, code
        )
    has_success = any(code.startswith("2") for code in new)
    for before, after in statuses.pairs:
        is_success = after.startswith("2") or (after == "default" and not has_success)
        guards = frozenset(() if is_success or pair.is_incoming else {"error-body"})
        if len(before) == len(after) == 3 and before.upper() != after.upper():
            kind = "specialized" if is_range(before) else "generalized"
            rule = f"response-{_name_outcome(after)}-status-{kind}"
            yield pair.find_at(rule, f"{after} response", (old[before], new[after]), before, after)
        places = pair.comparison.old.follow(old[before]), pair.comparison.new.follow(new[after])
        yield from _compare_response(pair, places, after, guards)


def _compare_response(
    pair: OperationPair, places: Places, code: str, guards: frozenset[str]
) -> Iterator[Finding | Pair]:
    old, new = _get_values(pair, places)
    what = f"{code} response"
    yield from pair.find_prose(old, new, places, what)
    if old.get("links") != new.get("links"):
        yield pair.find_at("docs-link-changed", what, places, old.get("links"), new.get("links"))
    if not (_is_without_body(code) or pair.after.method == "HEAD"):
        yield from _compare_content(pair, places, pair.directions[1], guards)
    yield from _compare_headers(pair, places, guards)


def _name_outcome(code: str) -> str:
    return "success" if code.startswith("2") else "non-success"


def _is_without_body(code: str) -> bool:
    """Return whether a response of a status has no body, whatever the spec says of one (RFC 9110, 15)."""
    return code in ("204", "205", "304") or code.startswith("1")


# --- media types -------------------------------------------------------------------------------------------------


def _compare_content(
    pair: OperationPair, places: Places, direction: Direction, guards: frozenset[str]
) -> Iterator[Finding | Pair]:
    """Compare the media types of a body, and what each holds."""
    old, new = (ensure_mapping(value.get("content")) for value in _get_values(pair, places))
    removed, added, matched = match_media_types(old, new)
    prefix = "request-body" if direction == "request" else "response"
    what = pair.format_label(places[1])
    rule = _find_rename_rule(removed, added) if direction == "response" else ""
    if rule:
        names = removed.pop(), added.pop()
        matched.append(names)
        yield pair.find_at(rule, what, _build_media_places(places, *names), names[0].lower(), names[1].lower())
    for name in removed:
        pointer = _build_media_places(places, name, "")[0]
        yield pair.find_at(f"{prefix}-media-type-removed", what, (pointer, None), name.lower(), None, guards)
    for name in added:
        pointer = _build_media_places(places, "", name)[1]
        yield pair.find_at(f"{prefix}-media-type-added", what, (None, pointer), None, name.lower(), guards)
    for before, after in matched:
        media = _build_media_places(places, before, after)
        both = pair.comparison.old.follow(media[0]), pair.comparison.new.follow(media[1])
        yield from _compare_media(pair, both, direction, guards, after)


def _build_media_places(places: Places, before: str, after: str) -> Places:
    return f"{places[0]}/content/{escape(before)}", f"{places[1]}/content/{escape(after)}"


def _find_rename_rule(removed: list[str], added: list[str]) -> str:
    """Return the rule for one media type whose name changed; "" if it is another media type.

    `application/problem+json` is a special `application/json`; parameters of another value are another name.
    """
    if len(removed) != 1 or len(added) != 1:
        return ""
    before, after = strip_parameters(removed[0]), strip_parameters(added[0])
    if before == after:
        return "response-media-type-name-changed"
    if before.endswith(f"+{after.partition('/')[2]}"):
        return "response-media-type-name-generalized"
    return "response-media-type-name-specialized" if after.endswith(f"+{before.partition('/')[2]}") else ""


def _compare_media(
    pair: OperationPair, places: Places, direction: Direction, guards: frozenset[str], media_type: str
) -> Iterator[Finding | Pair]:
    old, new = _get_values(pair, places)
    what = pair.format_label(places[1])
    for key in ("example", "examples"):
        if old.get(key) != new.get(key):
            pointers = build_key_pointer(places[0], old, key), build_key_pointer(places[1], new, key)
            yield pair.find_at("docs-example-changed", what, pointers, old.get(key), new.get(key))
    if old.get("encoding") != new.get("encoding"):
        rule = f"{'request-body' if direction == 'request' else 'response'}-media-type-encoding-changed"
        yield pair.find_at(rule, what, places, old.get("encoding"), new.get("encoding"), guards)
    context = Context(direction, "body", is_text=any(part in media_type for part in _TEXT_TYPES), guards=guards)
    if "itemSchema" in old and "itemSchema" in new:
        yield (f"{places[0]}/itemSchema",), (f"{places[1]}/itemSchema",), context.enter()
    had, has = "schema" in old, "schema" in new
    if had and has:
        yield (f"{places[0]}/schema",), (f"{places[1]}/schema",), context
    elif had != has and not _is_binary(pair.comparison.old if had else pair.comparison.new, places[0 if had else 1]):
        rule = f"{direction}-body-media-type-schema-{'added' if has else 'removed'}"
        pointers = build_key_pointer(places[0], old, "schema"), build_key_pointer(places[1], new, "schema")
        yield pair.find_at(rule, what, pointers, guards=guards)


def _is_binary(document: Document, media: str) -> bool:
    """Return whether a schema says no more than that the body is bytes, which OpenAPI 3.1 says without a schema."""
    schema = document.get_schema((f"{media}/schema",))
    return schema.kinds == {"string"} and schema.keywords == {"contentMediaType": BINARY}


# --- headers -----------------------------------------------------------------------------------------------------


def _compare_headers(pair: OperationPair, places: Places, guards: frozenset[str]) -> Iterator[Finding | Pair]:
    """Compare which headers a response has, and each that both sides have."""
    old, new = (
        {name.lower(): f"{place}/headers/{escape(name)}" for name in document.list_keys(f"{place}/headers")}
        for document, place in zip(pair.documents, places, strict=True)
    )
    for name in [name for name in old if name not in new]:
        required = _name_requirement(pair.comparison.old, old[name])
        rule = f"{required}-response-header-removed"
        yield pair.find_at(rule, f"header {name}", (old[name], None), guards=guards)
    for name in [name for name in new if name not in old]:
        required = _name_requirement(pair.comparison.new, new[name])
        rule = f"webhook-{required}-response-header-added" if pair.is_incoming else "response-header-added"
        yield pair.find_at(rule, f"header {name}", (None, new[name]), guards=guards)
    for name in [name for name in old if name in new]:
        both = pair.comparison.old.follow(old[name]), pair.comparison.new.follow(new[name])
        yield from _compare_header(pair, both, f"header {name}", guards)


def _compare_header(pair: OperationPair, places: Places, what: str, guards: frozenset[str]) -> Iterator[Finding | Pair]:
    old, new = _get_values(pair, places)
    required = _name_requirement(pair.comparison.new, places[1])
    if _name_requirement(pair.comparison.old, places[0]) != required:
        yield pair.find_at(f"response-header-became-{required}", what, places, guards=guards)
    yield from pair.find_prose(old, new, places, what)
    schemas = find_schema(places[0], old), find_schema(places[1], new)
    if all(schemas):
        context = Context(pair.directions[1], "header", is_text=True, guards=guards)
        yield (schemas[0],), (schemas[1],), context
    elif any(schemas):
        before, after = (side.get_value(at) if at else None for side, at in zip(pair.documents, schemas, strict=True))
        yield pair.find_at("response-header-keyword-changed", what, places, before, after, guards)


def _name_requirement(document: Document, pointer: str) -> str:
    return "required" if document.get_mapping(pointer).get("required") is True else "optional"


def _get_values(pair: OperationPair, places: Places) -> tuple[dict[str, Json], dict[str, Json]]:
    return pair.comparison.old.get_mapping(places[0]), pair.comparison.new.get_mapping(places[1])
