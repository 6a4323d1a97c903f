"""Compares the authentication of two specs: sets of alternatives, and the schemes that they name."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias

import attrs

from ...spec import Json, escape
from ..document import Document, ensure_mapping
from ..finding import Finding
from ..matching import Operation
from .base import (
    Comparison,
    ObjectPair,
    OperationPair,
    compare_values,
    register_document_check,
    register_operation_check,
)

_SCHEMES = "/components/securitySchemes"
_COMPONENT = "api-security-component"

_HTTP_SCHEMES = frozenset(
    {"basic", "bearer", "concealed", "digest", "dpop", "gnap", "hoba", "mutual", "negotiate", "oauth", "privatetoken"}
    | {"scram-sha-1", "scram-sha-256", "vapid"}
)
"""IANA's registry of HTTP authentication schemes, in small letters."""

_TYPES = frozenset({"apikey", "http", "oauth2", "openidconnect", "mutualtls"})


Alternative: TypeAlias = Mapping[str, frozenset[str]]
"""Credentials that are needed together: the names of the schemes, each with its scopes; none for open access."""


@register_operation_check
def check_operation_security(pair: OperationPair) -> Iterator[Finding]:
    """Compare what an operation asks for, unless both sides leave it to the document."""
    own = "security" in pair.old, "security" in pair.new
    if any(own) and not pair.is_incoming:
        old, new = (
            f"{operation.pointer}/security" if is_own else operation.pointer
            for operation, is_own in zip((pair.before, pair.after), own, strict=True)
        )
        effective = _list_effective(pair.comparison.old, pair.before), _list_effective(pair.comparison.new, pair.after)
        yield from _compare(pair.comparison, *effective, "api", (old, new))


@register_document_check
def check_global_security(comparison: Comparison) -> Iterator[Finding]:
    """Compare what the document asks for, unless it only moved between the document and its operations."""
    old, new = comparison.old, comparison.new
    outgoing = [(before, after) for before, after in comparison.matched.pairs if not before.is_incoming]
    if outgoing and all(_list_effective(old, before) == _list_effective(new, after) for before, after in outgoing):
        return
    inherited = [pair for pair in outgoing if not _has_own(old, pair[0]) and not _has_own(new, pair[1])]
    guards = frozenset({"unused"} if outgoing and not inherited else ())
    alternatives = _list_alternatives(old, "/security"), _list_alternatives(new, "/security")
    yield from _compare(comparison, *alternatives, "api-global", ("/security", "/security"), guards)


def _has_own(side: Document, operation: Operation) -> bool:
    return "security" in side.get_mapping(operation.pointer)


def _list_effective(side: Document, operation: Operation) -> list[Alternative]:
    return _list_alternatives(side, f"{operation.pointer}/security" if _has_own(side, operation) else "/security")


def _list_alternatives(side: Document, pointer: str) -> list[Alternative]:
    """List the security alternatives at a place; open access if there are none."""
    found: list[Alternative] = [
        {name: frozenset(scopes or ()) for name, scopes in requirement.items()}
        for requirement in side.get_items(pointer)
        if isinstance(requirement, dict)
    ]
    return found or [{}]


def _compare(
    comparison: Comparison,
    before: Sequence[Alternative],
    after: Sequence[Alternative],
    prefix: str,
    places: tuple[str, str],
    guards: frozenset[str] = frozenset(),
) -> Iterator[Finding]:
    """Compare two sets of alternatives: are the credentials that a program sends today still enough?"""
    what, ending = ("the API", "s") if prefix == "api-global" else ("operations", "")
    renamed = _find_renamed_schemes(comparison.old, comparison.new)
    before = [{renamed.get(name, name): scopes for name, scopes in one.items()} for one in before]

    def find(kind: str, text: str, values: tuple[Json, Json], schemes: Alternative, *, breaks: bool) -> Finding:
        is_known = all(_is_known(comparison, name, renamed) for name in schemes)
        extra = ({"still-accepted"} if not breaks else set()) | ({"unknown-scheme"} if not is_known else set())
        return Finding(f"{prefix}-security-{kind}", text, *places, *values, guards | extra)

    broken = [one for one in before if not any(_is_satisfied(other, one) for other in after)]
    removed, added = _subtract_schemes(before, after), _subtract_schemes(after, before)
    is_closed = {} in broken
    for one in removed:
        if one or one not in broken or not added:
            values = _format_alternative(one), None
            yield find("removed", f"{what} no longer accept{ending}", values, one, breaks=one in broken)
    for other in added:
        if other or len(after) > 1:  # else the alternatives that are not needed any more are reported as removed
            text = f"{what} {'require' if is_closed else 'also accept'}{ending}"
            yield find("added", text, (None, _format_alternative(other)), other, breaks=is_closed)
    for one in before:
        for other in [other for other in after if other.keys() == one.keys()]:
            for name in sorted(one):
                for scope in sorted(one[name] - other[name]):
                    yield find("scope-removed", what, (scope, None), one, breaks=False)
                for scope in sorted(other[name] - one[name]):
                    yield find("scope-added", what, (None, scope), one, breaks=one in broken)


def _is_satisfied(needed: Alternative, given: Alternative) -> bool:
    """Return whether the credentials of one alternative are enough for another one."""
    return all(name in given and scopes <= given[name] for name, scopes in needed.items())


def _subtract_schemes(some: Sequence[Alternative], others: Sequence[Alternative]) -> list[Alternative]:
    """Return the alternatives of which no other one needs the same schemes."""
    return [one for one in some if not any(one.keys() == other.keys() for other in others)]


def _format_alternative(alternative: Alternative) -> str:
    return " and ".join(sorted(alternative)) or "no authentication"


def _is_known(comparison: Comparison, name: str, renamed: Mapping[str, str]) -> bool:
    """Return whether the new spec defines a scheme, or the old one if the new one dropped it."""
    if _get_definition(comparison.new, name):
        return _is_defined(comparison.new, name)
    original = {after: before for before, after in renamed.items()}
    return _is_defined(comparison.old, original.get(name, name))


# --- schemes -----------------------------------------------------------------------------------------------------


def _get_definition(side: Document, name: str) -> dict[str, Json]:
    schemes = ensure_mapping(ensure_mapping(side.root.get("components")).get("securitySchemes"))
    return side.get_mapping(f"{_SCHEMES}/{escape(name)}") if name in schemes else {}


def _is_defined(side: Document, name: str) -> bool:
    """Return whether a spec defines a scheme, of a type and an HTTP scheme that exist."""
    scheme = _get_definition(side, name)
    kind = str(scheme.get("type", "")).lower()
    return kind in _TYPES and (kind != "http" or str(scheme.get("scheme", "")).lower() in _HTTP_SCHEMES)


def _find_renamed_schemes(old: Document, new: Document) -> dict[str, str]:
    """Find the schemes whose name changed and whose definition did not."""
    removed, added = (side.list_keys(_SCHEMES) for side in (old, new))
    fresh = {name: _get_content(new, name) for name in added if name not in removed}
    found = {}
    for name in [name for name in removed if name not in added]:
        same = [other for other, content in fresh.items() if content == _get_content(old, name)]
        if same:
            found[name] = same[0]
            del fresh[same[0]]
    return found


def _get_content(side: Document, name: str) -> dict[str, Json]:
    scheme = _get_definition(side, name)
    return {key: value for key, value in scheme.items() if key != "description" and not key.startswith("x-")}


@register_document_check
def check_schemes(comparison: Comparison) -> Iterator[Finding]:
    """Compare the security schemes of the components."""
    old, new = comparison.old, comparison.new
    names = old.list_keys(_SCHEMES), new.list_keys(_SCHEMES)
    used = {name for before, _ in comparison.matched.pairs for one in _list_effective(old, before) for name in one}
    used |= {name for one in _list_alternatives(old, "/security") for name in one}
    for name in [name for name in names[0] if name not in names[1]]:
        yield Finding(f"{_COMPONENT}-removed", name, f"{_SCHEMES}/{escape(name)}", None)
    for name in [name for name in names[1] if name not in names[0]]:
        yield Finding(f"{_COMPONENT}-added", name, None, f"{_SCHEMES}/{escape(name)}")
    for name in [name for name in names[0] if name in names[1]]:
        is_known = _is_defined(old, name) and _is_defined(new, name)
        guards = (set() if name in used else {"unused"}) | (set() if is_known else {"unknown-scheme"})
        pointer = f"{_SCHEMES}/{escape(name)}"
        yield from _compare_scheme(ObjectPair(comparison, (pointer, pointer), name, guards=frozenset(guards)), name)


def _compare_scheme(pair: ObjectPair, name: str) -> Iterator[Finding]:
    old, new = pair.old, pair.new
    kinds = [str(scheme.get("type", "")).lower() for scheme in (old, new)]
    places = [_format_location(scheme) for scheme in (old, new)]
    if kinds[0] != kinds[1]:
        yield pair.find(f"{_COMPONENT}-type-changed", "type", old.get("type"), new.get("type"))
    elif kinds[0] in ("apikey", "http") and places[0] != places[1]:
        yield pair.find(f"{_COMPONENT}-place-changed", "name" if "name" in new else "scheme", *places)
    for key in ("description", "bearerFormat"):
        what, place = f"the security scheme {name}", f"{_SCHEMES}/{escape(name)}/{key}"
        yield from compare_values("docs-description-changed", what, place, old.get(key), new.get(key))
    key = "openIdConnectUrl"
    if old.get(key) != new.get(key):
        yield pair.find(f"{_COMPONENT}-oauth-url-changed", key, old.get(key), new.get(key))
    flows = ensure_mapping(old.get("flows")), ensure_mapping(new.get("flows"))
    if kinds[0] == kinds[1] and flows[0].keys() != flows[1].keys():
        more = frozenset(() if flows[0].keys() - flows[1].keys() else {"still-accepted"})
        found = pair.find(f"{_COMPONENT}-type-changed", "flows", list(flows[0]), list(flows[1]))
        yield attrs.evolve(found, guards=found.guards | more)
    for flow in [flow for flow in flows[0] if flow in flows[1]]:
        ours, theirs = ensure_mapping(flows[0][flow]), ensure_mapping(flows[1][flow])
        for key in ("authorizationUrl", "tokenUrl", "refreshUrl"):
            if ours.get(key) != theirs.get(key):
                rule = f"{_COMPONENT}-oauth-{'token-' if key == 'tokenUrl' else ''}url-changed"
                yield pair.find(rule, "flows", ours.get(key), theirs.get(key))
        before, after = ensure_mapping(ours.get("scopes")), ensure_mapping(theirs.get("scopes"))
        for scope in [scope for scope in before if scope not in after]:
            yield pair.find(f"{_COMPONENT}-oauth-scope-removed", "flows", scope, None)
        for scope in [scope for scope in after if scope not in before]:
            yield pair.find(f"{_COMPONENT}-oauth-scope-added", "flows", None, scope)
        for scope in [scope for scope in before if scope in after and before[scope] != after[scope]]:
            yield pair.find(f"{_COMPONENT}-oauth-scope-changed", "flows", scope, scope)


def _format_location(scheme: dict[str, Json]) -> str:
    """Format the place in a request where a client sends the credentials."""
    if str(scheme.get("type", "")).lower() == "http":
        return f"Authorization: {str(scheme.get('scheme', '')).lower()}"
    name = str(scheme.get("name"))
    return f"{scheme.get('in')} {name.lower() if scheme.get('in') == 'header' else name}"
