"""Request bodies, responses, headers, media types."""

from __future__ import annotations

from collections.abc import Iterator

from ...media_types import get_essence, is_bodiless, is_within
from ...spec import escape
from ..document import Document, ensure_mapping
from ..finding import Finding, format_label
from ..matching import Matching, is_range, match_media_types, match_statuses
from ..normalized_schema import BINARY
from .base import Context, Direction, ObjectPair, OperationPair, Pair, get_requirement, register_operation_check
from .parameters import find_schema

_FORMS = ("application/x-www-form-urlencoded", "multipart/form-data")
"""Media types whose values are written as text, beside XML and `text/*`."""


@register_operation_check
def check_request_body(pair: OperationPair) -> Iterator[Finding | Pair]:
    """Compare whether there is a request body, whether it is required, and what it holds."""
    had, has = "requestBody" in pair.old, "requestBody" in pair.new
    what, (old, new) = "request body", (f"{pointer}/requestBody" for pointer in pair.pointers)
    if had and has:
        body = pair.enter(old, new, what)
        yield from body.compare_required("request-body")
        yield from body.compare_prose("description")
        yield from _compare_content(body, pair.directions[0])
    elif has:
        yield pair.find_inside(
            f"request-body-added-{get_requirement(pair.comparison.new.get_mapping(new))}", what, (None, new)
        )
    elif had:
        yield pair.find_inside("request-body-removed", what, (old, None))


@register_operation_check
def check_responses(pair: OperationPair) -> Iterator[Finding | Pair]:
    """Compare which responses there are, and each that both sides have."""
    old, new = (
        {
            code: f"{pointer}/responses/{escape(code)}"
            for code in ensure_mapping(value.get("responses"))
            if not code.startswith("x-")
        }
        for pointer, value in zip(pair.pointers, (pair.old, pair.new), strict=True)
    )
    statuses = match_statuses(list(old), list(new))
    for code in statuses.removed:
        rule = f"response-{_get_outcome(code)}-status-removed"
        yield pair.find_inside(rule, f"{code} response", (old[code], None), code)
    for code in statuses.added:
        rule = f"response-{_get_outcome(code)}-status-added"
        yield pair.find_inside(rule, f"{code} response", (None, new[code]), None, code)
    has_success = any(code.startswith("2") for code in new)
    for before, after in statuses.pairs:
        what = f"{after} response"
        if len(before) == len(after) == 3 and before.upper() != after.upper():
            kind = "specialized" if is_range(before) else "generalized"
            rule = f"response-{_get_outcome(after)}-status-{kind}"
            yield pair.find_inside(rule, what, (old[before], new[after]), before, after)
        is_success = after.startswith("2") or (after == "default" and not has_success)
        guards = () if is_success or pair.is_incoming else ("error-body",)
        response = pair.enter(old[before], new[after], what, *guards)
        yield from response.compare_prose("description")
        if response.old.get("links") != response.new.get("links"):
            yield response.find("docs-link-changed", "", response.old.get("links"), response.new.get("links"))
        if not (is_bodiless(after) or pair.after.method == "HEAD"):
            yield from _compare_content(response, pair.directions[1])
        yield from _compare_headers(response)


def _get_outcome(code: str) -> str:
    return "success" if code.startswith("2") else "non-success"


# --- media types -------------------------------------------------------------------------------------------------


def _compare_content(body: ObjectPair, direction: Direction) -> Iterator[Finding | Pair]:
    """Compare the media types of a body, and what each holds."""
    old, new = (ensure_mapping(value.get("content")) for value in (body.old, body.new))
    places = [
        {name: f"{pointer}/content/{escape(name)}" for name in content}
        for pointer, content in zip(body.pointers, (old, new), strict=True)
    ]
    matching = match_media_types(old, new)
    within = _match_ranges(matching, direction)
    prefix = "request-body" if direction == "request" else "response"
    what = format_label(body.pointers[1], body.comparison.names[1])
    rule = _find_rename_rule(matching) if direction == "response" else ""
    if rule:
        before, after = matching.removed.pop(), matching.added.pop()
        matching.pairs.append((before, after))
        pointers = places[0][before], places[1][after]
        yield body.find_inside(rule, what, pointers, before.lower(), after.lower())
    for before, after in within if direction == "response" else ():
        pointers = places[0][before], places[1][after]
        yield body.find_inside("response-media-type-name-specialized", what, pointers, before.lower(), after.lower())
    for name in matching.removed:
        yield body.find_inside(f"{prefix}-media-type-removed", what, (places[0][name], None), name.lower(), None)
    for name in matching.added:
        yield body.find_inside(f"{prefix}-media-type-added", what, (None, places[1][name]), None, name.lower())
    for before, after in [*matching.pairs, *within]:
        media = body.enter(places[0][before], places[1][after])
        yield from media.compare_prose("example", "examples")
        if media.old.get("encoding") != media.new.get("encoding"):
            yield media.find(
                f"{prefix}-media-type-encoding-changed", "", media.old.get("encoding"), media.new.get("encoding")
            )
        yield from _compare_schemas(media, direction, after)


def _match_ranges(matching: Matching[str], direction: Direction) -> list[tuple[str, str]]:
    """Find media types that are one of a range now, in a response, or were one, in a request, and take them out."""
    if direction == "request":
        found = [(name, wider) for name in matching.removed for wider in matching.added if is_within(name, wider)]
    else:
        found = [(wider, name) for name in matching.added for wider in matching.removed if is_within(name, wider)]
        matched = {after for _, after in found}
        matching.added[:] = [name for name in matching.added if name not in matched]
    matched = {before for before, _ in found}
    matching.removed[:] = [name for name in matching.removed if name not in matched]
    return found


def _find_rename_rule(matching: Matching[str]) -> str:
    """Return the rule for one media type whose name changed; "" if it is another media type.

    `application/problem+json` is a special `application/json`. A changed parameter value is a rename.
    """
    if len(matching.removed) != 1 or len(matching.added) != 1:
        return ""
    before, after = get_essence(matching.removed[0]), get_essence(matching.added[0])
    if before == after:
        return "response-media-type-name-changed"
    if before.endswith(f"+{after.partition('/')[2]}"):
        return "response-media-type-name-generalized"
    return "response-media-type-name-specialized" if after.endswith(f"+{before.partition('/')[2]}") else ""


def _compare_schemas(media: ObjectPair, direction: Direction, media_type: str) -> Iterator[Finding | Pair]:
    context = Context(direction, "body", is_text=_has_only_text(media_type), guards=media.guards)
    old, new = media.pointers
    if "itemSchema" in media.old and "itemSchema" in media.new:
        yield (f"{old}/itemSchema",), (f"{new}/itemSchema",), context.enter()
    had, has = "schema" in media.old, "schema" in media.new
    if had and has:
        yield (f"{old}/schema",), (f"{new}/schema",), context
    elif had != has and not _is_binary(*((media.comparison.old, old) if had else (media.comparison.new, new))):
        yield media.find(f"{direction}-body-media-type-schema-{'added' if has else 'removed'}", "schema")


def _has_only_text(media_type: str) -> bool:
    """Return whether every value in a body of a media type is written as text."""
    essence = get_essence(media_type)
    return essence in _FORMS or essence.startswith("text/") or essence.endswith(("/xml", "+xml"))


def _is_binary(document: Document, media: str) -> bool:
    """Return whether a schema says no more than that the body is bytes, which OpenAPI 3.1 says without a schema."""
    schema = document.get_schema((f"{media}/schema",))
    return schema.kinds == {"string"} and schema.keywords == {"contentMediaType": BINARY}


# --- headers -----------------------------------------------------------------------------------------------------


def _compare_headers(response: ObjectPair) -> Iterator[Finding | Pair]:
    """Compare which headers a response has, and each that both sides have."""
    old, new = (
        {
            name.lower(): f"{place}/headers/{escape(name)}"
            for name in document.list_keys(f"{place}/headers")
            if name.lower() != "content-type"  # OpenAPI says that it is ignored (Response Object, `headers`)
        }
        for document, place in zip(response.documents, response.pointers, strict=True)
    )
    for name in [name for name in old if name not in new]:
        required = get_requirement(response.comparison.old.get_mapping(old[name]))
        yield response.find_inside(f"{required}-response-header-removed", f"header {name}", (old[name], None))
    for name in [name for name in new if name not in old]:
        required = get_requirement(response.comparison.new.get_mapping(new[name]))
        rule = f"webhook-{required}-response-header-added" if response.is_incoming else "response-header-added"
        yield response.find_inside(rule, f"header {name}", (None, new[name]))
    for name in [name for name in old if name in new]:
        header = response.enter(old[name], new[name], f"header {name}")
        yield from header.compare_required("response-header", "")
        yield from header.compare_prose("description")
        schemas = find_schema(header.pointers[0], header.old), find_schema(header.pointers[1], header.new)
        if all(schemas):
            context = Context(response.directions[1], "header", is_text=True, guards=header.guards)
            yield (schemas[0],), (schemas[1],), context
        elif any(schemas):
            values = (side.get_value(at) if at else None for side, at in zip(header.documents, schemas, strict=True))
            yield header.find("response-header-keyword-changed", "", *values)
