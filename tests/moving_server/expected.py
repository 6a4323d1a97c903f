"""What an observer must see of the differences that the drift review finds between two versions of the spec."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterator, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any, TypeAlias

from gcore_iam.observe import ObservationKind as Kind

from codegen.drift.load import parse_input
from codegen.drift.wire import find_differences
from codegen.json_pointer import resolve, unescape
from codegen.spec import METHODS, Spec

from .versions import Document

if TYPE_CHECKING:
    from codegen.drift.finding import Finding

Fact: TypeAlias = tuple[str, str, str, Kind, str]
"""Operation, status, pointer, kind and detail of an observation."""

KINDS: Mapping[str, Kind] = {
    "api-path-removed-without-deprecation": Kind.UNDOCUMENTED_STATUS,
    "api-path-removed-with-deprecation": Kind.UNDOCUMENTED_STATUS,
    "response-success-status-added": Kind.UNDOCUMENTED_STATUS,
    "response-non-success-status-added": Kind.UNDOCUMENTED_STATUS,
    "response-required-property-removed": Kind.MISSING_REQUIRED_KEY,
    "response-property-became-optional": Kind.MISSING_REQUIRED_KEY,
    "response-required-property-added": Kind.UNDOCUMENTED_FIELD,
    "response-optional-property-added": Kind.UNDOCUMENTED_FIELD,
    "response-property-renamed": Kind.UNDOCUMENTED_FIELD,
    "response-property-became-nullable": Kind.UNANNOUNCED_NULL,
    "response-property-enum-value-added": Kind.UNDOCUMENTED_ENUM_VALUE,
    "response-body-type-changed": Kind.OTHER_TYPE,
    "response-body-type-generalized": Kind.OTHER_TYPE,
    "response-property-type-changed": Kind.OTHER_TYPE,
    "response-property-type-generalized": Kind.OTHER_TYPE,
    "response-property-list-of-types-widened": Kind.OTHER_TYPE,
}
"""The kind of observation by which a difference shows in responses, by the rule of the drift review."""

INVISIBLE = frozenset(
    {
        # The server sends less than before, and nothing that the client does not know.
        "response-optional-property-removed", "response-property-became-required",
        "response-property-became-not-nullable", "response-property-enum-value-removed",
        "response-property-list-of-types-narrowed", "response-property-type-specialized",
        "response-non-success-status-removed", "response-body-any-of-removed", "response-body-one-of-removed",
        # The same bodies, written in another way.
        "response-property-all-of-added", "response-property-all-of-removed", "response-body-all-of-added",
        "response-body-all-of-removed", "response-body-any-of-added", "response-body-one-of-added",
        "response-optional-property-became-read-only", "response-required-property-became-not-read-only",
    }
)  # fmt: skip
"""Rules about responses whose differences no response shows."""

_TODAY = datetime.date(2026, 1, 1)


def expect_facts(old: Document, new: Document) -> set[Fact]:
    """Return the facts that a client of one version must observe of a server of another version.

    Raises:
        KeyError: A rule about responses is neither in `KINDS` nor in `INVISIBLE`.
    """
    before, after = _parse(json.dumps(old)), _parse(json.dumps(new))
    differences = find_differences(before, after, _TODAY)
    return {fact for finding in differences for fact in _translate(finding, before.document)}


def _translate(finding: Finding, old: Document) -> Iterator[Fact]:
    """Yield the facts by which a difference shows, none if it does not show in responses."""
    if not finding.rule.startswith(("response-", "api-path-removed")) or finding.rule in INVISIBLE:
        return
    kind = KINDS[finding.rule]
    _, path, method, *place = map(unescape, finding.pointer.split("/")[1:])
    operation = old["paths"][path][method]
    status, pointer = (place[1], _find_body_pointer(place[5:])) if place else ("404", "")  # a path that is gone
    name = operation["operationId"]
    if kind is Kind.UNDOCUMENTED_STATUS:
        if status not in operation["responses"]:
            yield name, status, "", kind, ""
    elif finding.rule == "response-property-renamed":
        holder, _, renamed = pointer.rpartition("/")
        yield name, status, f"{holder}/{finding.after}", kind, ""
        if renamed in resolve(old, f"#{finding.pointer.rpartition('/properties/')[0]}").get("required", ()):
            yield name, status, pointer, Kind.MISSING_REQUIRED_KEY, ""
    elif (finding.before, finding.after) == ("string (date-time)", "string"):
        yield name, status, pointer, Kind.UNREADABLE_TIMESTAMP, ""
    elif kind is Kind.OTHER_TYPE:
        for added in _find_types(finding.after) - _find_types(finding.before):
            yield name, status, pointer, kind, added
    else:
        yield name, status, pointer, kind, str(finding.after) if kind is Kind.UNDOCUMENTED_ENUM_VALUE else ""


def _find_types(text: str) -> set[str]:
    """Return the types that a text of the review names, such as `string (date-time) or null`."""
    return {name.partition(" (")[0] for name in text.split(" or ")}


def _find_body_pointer(tokens: list[str]) -> str:
    """Return where values of a schema stand in a body, from the tokens of the schema's pointer."""
    pointer, rest = "", iter(tokens)
    for token in rest:
        if token == "properties":
            pointer += f"/{next(rest)}"
        elif token in ("items", "additionalProperties"):
            pointer += "/*"
    return pointer


@cache
def _parse(text: str) -> Spec:
    """Parse a spec without references and request bodies, so that each place of a response is one by itself.

    Once, since each version is compared with this client's and with its neighbours; nothing changes what it returns.
    """
    document: Document = json.loads(text)
    paths = {
        path: {method: _inline(document, spec) for method, spec in item.items() if method in METHODS}
        for path, item in document["paths"].items()
    }
    for item in paths.values():
        for operation in item.values():
            operation.pop("requestBody", None)
    whole = {"openapi": "3.1.0", "info": {"title": "Gcore IAM", "version": "1"}, "paths": paths}
    return parse_input(json.dumps(whole).encode(), "spec.json", generating=False).spec


def _inline(document: Document, node: Any) -> Any:
    """Replace references by what they refer to."""
    if isinstance(node, list):
        return [_inline(document, inner) for inner in node]
    if not isinstance(node, dict):
        return node
    inlined = {key: _inline(document, value) for key, value in node.items() if key != "$ref"}
    return {**_inline(document, resolve(document, node["$ref"])), **inlined} if "$ref" in node else inlined
