"""`oneOf` and `anyOf`: which members belong together, which were added or removed."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import TypeAlias

import attrs

from ...spec import Json
from ..document import Document
from ..finding import Finding
from ..normalized_schema import Pointers, Schema
from .base import Inside, SchemaPair
from .discriminators import check_discriminator, check_discriminator_mapping
from .kinds import FULL_FORMATS, format_type, takes_all, type_change
from .types import check_null

Members: TypeAlias = tuple[Pointers, ...]
Key: TypeAlias = Callable[[Document, Pointers], Json]


@attrs.define
class Matching:
    """The members of two unions."""

    pairs: list[tuple[Pointers, Pointers]]
    removed: list[Pointers]
    added: list[Pointers]


def compare_unions(pair: SchemaPair) -> tuple[list[Finding | Inside], bool]:
    """Compare the unions of two schemas.

    Returns:
        What was found, and whether the union is all that there is to compare.
    """
    found: list[Finding | Inside] = list(_compare_more_unions(pair))
    old, new = pair.old, pair.new
    if not old.union and not new.union:
        return found, False
    before, after = _members(old, new), _members(new, old)
    if not before or not after:  # a condition beside properties of its own was added or removed
        keyword = _kind_of(old.union_keyword or new.union_keyword)
        found += [pair.find(f"{keyword}-removed", old.union_keyword, "a condition", None) for _ in before]
        found += [pair.find(f"{keyword}-added", new.union_keyword, None, "a condition") for _ in after]
        return found, False
    matching = _match(pair, before, after)
    is_wrapped = bool(new.union) and not old.union
    if not matching.pairs and bool(old.union) != bool(new.union) and _are_plain_types(pair, before, after):
        return [*found, *_compare_plain_types(pair, before, after)], True
    if is_wrapped and not old.alternatives and not matching.pairs:
        return [*found, _find_wrapped(pair)], True
    found += [Inside(one, other, is_member=True) for one, other in matching.pairs]
    found += _compare_members(pair, before, after, matching)
    if old.union and new.union:
        return found, False  # what stands beside it holds as well
    found += [*check_null(pair), *check_discriminator(pair), *check_discriminator_mapping(pair)]
    return found, not (old.union and old.properties) and not (new.union and new.properties)


def _compare_members(pair: SchemaPair, before: Members, after: Members, matching: Matching) -> Iterator[Finding]:
    """Find the members that were added or removed; a response of a type that no member had is another type."""
    old, new = pair.documents
    keyword = _kind_of(pair.new.union_keyword or pair.old.union_keyword)
    kinds = _kinds(old, before), _kinds(new, after)
    lost = (kinds[0] - kinds[1]) & {"array", "object"}
    gained = {kind for kind in kinds[1] - kinds[0] if not (kind == "integer" and "number" in kinds[0])}
    names = _name(old, before), _name(new, after)
    added = matching.added
    if matching.removed and lost and not pair.is_request:
        yield pair.find("type-changed", "type", *names)
    else:
        for member in matching.removed:
            pointers = member[0], pair.new.pointer
            yield pair.find(
                f"{keyword}-removed", pair.old.union_keyword, _name(old, (member,)), None, pointers=pointers
            )
    if added and gained and kinds[0] and not pair.is_request and not lost:
        yield pair.find("type-generalized", "type", *names)
        added = [member for member in added if not new.schema(member).kinds & gained]
    for member in added:
        pointers = pair.old.pointer, member[0]
        yield pair.find(f"{keyword}-added", pair.new.union_keyword, None, _name(new, (member,)), pointers=pointers)


def _compare_more_unions(pair: SchemaPair) -> Iterator[Finding | Inside]:
    """Compare the members of further unions, as far as there are as many of them."""
    old, new = pair.old.more_unions, pair.new.more_unions
    for before, after in zip(old, new, strict=False):
        matching = _match(pair, before, after)
        yield from (Inside(one, other, is_member=True) for one, other in matching.pairs)
        for member in matching.removed:
            yield pair.find("one-of-removed", "oneOf", _name(pair.comparison.old, (member,)), None)
        for member in matching.added:
            yield pair.find("one-of-added", "oneOf", None, _name(pair.comparison.new, (member,)))
    for _ in old[len(new) :]:
        yield pair.find("one-of-removed", "oneOf", "a condition", None)
    for _ in new[len(old) :]:
        yield pair.find("one-of-added", "oneOf", None, "a condition")


def _are_plain_types(pair: SchemaPair, before: Members, after: Members) -> bool:
    """Return whether a type and the members of a union say no more than which scalar types there are."""
    for document, members in zip(pair.documents, (before, after), strict=True):
        for schema in map(document.schema, members):
            form = schema.keywords.get("format")
            is_plain = schema.keywords.keys() <= {"format"} and schema.enum is None
            if not (is_plain and schema.kinds) or schema.kinds & {"array", "object"}:
                return False
            if form is not None and not any((kind, form) in FULL_FORMATS for kind in schema.kinds):
                return False
    return True


def _compare_plain_types(pair: SchemaPair, before: Members, after: Members) -> Iterator[Finding]:
    old, new = pair.documents
    kinds = frozenset(_kinds(old, before)), frozenset(_kinds(new, after))
    if not (takes_all(kinds[0], kinds[1]) and takes_all(kinds[1], kinds[0])):
        yield pair.find(type_change(pair, *kinds), "type", _name(old, before), _name(new, after))
    yield from check_null(pair)


def _find_wrapped(pair: SchemaPair) -> Finding:
    if pair.context.scope == "body":
        return pair.find("wrapped-in-one-of", pair.new.union_keyword, pair.old.name or format_type(pair.old), None)
    return pair.find("type-changed", "type", format_type(pair.old), _name(pair.comparison.new, pair.new.union))


# --- which members belong together -------------------------------------------------------------------------------


def _match(pair: SchemaPair, before: Members, after: Members) -> Matching:
    """Match members from the surest sign to the weakest; each sign but the content must be one of a kind."""
    matching = Matching([], [], [])
    removed, added = dict.fromkeys(before), dict.fromkeys(after)
    old, new = pair.documents
    kept = {old.schema(member).name for member in before} & {new.schema(member).name for member in after} - {""}
    for key in (_content, _component, _title, _kind, _number):
        rivals, candidates = _by_key(old, removed, key), _by_key(new, added, key)
        for sign, members in rivals.items():
            for one in list(members):
                if key is not _content and len(members) != 1:
                    break
                same: Iterator[Pointers] = iter(candidates.get(sign, ()))
                if key in (_content, _kind, _number):
                    same = (other for other in same if not _are_two_components(pair, one, other, kept))
                first = list(itertools.islice(same, 2))
                if first and (key is _content or len(first) == 1):
                    matching.pairs.append((one, first[0]))
                    del members[one], removed[one], added[first[0]], candidates[sign][first[0]]
    matching.removed, matching.added = list(removed), list(added)
    return matching


def _by_key(document: Document, members: dict[Pointers, None], key: Key) -> dict[Json, dict[Pointers, None]]:
    found: dict[Json, dict[Pointers, None]] = {}
    for member in members:
        sign = key(document, member)
        if sign is not None:
            found.setdefault(sign, {})[member] = None
    return found


def _are_two_components(pair: SchemaPair, one: Pointers, other: Pointers, kept: set[str]) -> bool:
    """Return whether one component took the place of another one that is still there, so that none was renamed.

    Not if one of them is a member on both sides: then the members have only changed places.
    """
    names = pair.comparison.old.schema(one).name, pair.comparison.new.schema(other).name
    if kept & set(names):
        return False
    known = [document.root.get("components", {}).get("schemas", {}) for document in pair.documents]
    return names[0] != names[1] and all(name in schemas for name in names for schemas in known)


def _content(document: Document, member: Pointers) -> Json:
    return document.signature(member)


def _component(document: Document, member: Pointers) -> Json:
    return document.schema(member).name or None


def _title(document: Document, member: Pointers) -> Json:
    return document.schema(member).title or None


def _kind(document: Document, member: Pointers) -> Json:
    return document.schema(member).kinds or None


def _number(document: Document, member: Pointers) -> Json:
    kinds = document.schema(member).kinds
    return "number" if kinds and kinds <= {"integer", "number"} else None


def _members(schema: Schema, other: Schema) -> Members:
    """Return the members of a union, or the schema as the only one; none if the schema is more than a union."""
    if schema.union:
        return schema.union
    if schema.alternatives and other.union:
        return schema.alternatives
    return (schema.pointers,) if schema.kinds or schema.properties else ()


def _kind_of(keyword: str) -> str:
    return keyword.replace("Of", "-of").lower()


def _kinds(document: Document, members: Members) -> set[str]:
    return {kind for member in members for kind in document.schema(member).kinds}


def _name(document: Document, members: Members) -> str:
    """Return what members are called in reports."""
    schemas = map(document.schema, members)
    return " or ".join(schema.name or schema.title or format_type(schema) for schema in schemas)
