"""`oneOf` and `anyOf`: which members belong together, which were added or removed."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from typing import TypeAlias

from ...spec import Json
from ..document import Document
from ..finding import Finding
from ..matching import Matching
from ..normalized_schema import Pointers, Schema
from .base import InnerPair, SchemaPair
from .discriminators import check_discriminator, check_discriminator_mapping
from .kinds import FULL_FORMATS, classify_type_change, format_type, is_superset
from .types import check_null

Members: TypeAlias = tuple[Pointers, ...]
Key: TypeAlias = Callable[[Document, Pointers], Json]


_NUMBERS = ({"integer"}, {"number"}, {"integer", "number"})

_KEYS: Mapping[str, Key] = {
    "content": lambda document, member: document.compute_signature(member),
    "component": lambda document, member: document.get_schema(member).name or None,
    "title": lambda document, member: document.get_schema(member).title or None,
    "kind": lambda document, member: document.get_schema(member).kinds or None,
    "number": lambda document, member: document.get_schema(member).kinds in _NUMBERS or None,
}
"""What members of two unions that belong together have in common, from the surest sign to the weakest."""


def compare_unions(pair: SchemaPair) -> tuple[list[Finding | InnerPair], bool]:
    """Compare the unions of two schemas.

    Returns:
        The findings, and whether nothing but the union is left to compare.
    """
    found: list[Finding | InnerPair] = list(_compare_more_unions(pair))
    old, new = pair.old, pair.new
    if not old.union and not new.union:
        return found, False
    before, after = _list_members(old, new), _list_members(new, old)
    if not before or not after:  # a condition beside properties of its own was added or removed
        keyword = _format_kind(old.union_keyword or new.union_keyword)
        found += [pair.find(f"{keyword}-removed", old.union_keyword, "a condition", None) for _ in before]
        found += [pair.find(f"{keyword}-added", new.union_keyword, None, "a condition") for _ in after]
        return found, False
    matching = _match(pair, before, after)
    is_wrapped = bool(new.union) and not old.union
    if not matching.pairs and bool(old.union) != bool(new.union) and _has_only_plain_types(pair, before, after):
        return [*found, *_compare_plain_types(pair, before, after)], True
    if is_wrapped and not old.alternatives and not matching.pairs:
        return [*found, _find_wrapped(pair)], True
    found += [InnerPair(one, other, is_member=True) for one, other in matching.pairs]
    found += _compare_members(pair, before, after, matching)
    if old.union and new.union:
        return found, False  # the keywords beside it hold as well
    found += [*check_null(pair), *check_discriminator(pair), *check_discriminator_mapping(pair)]
    return found, not (old.union and old.properties) and not (new.union and new.properties)


def _compare_members(
    pair: SchemaPair, before: Members, after: Members, matching: Matching[Pointers]
) -> Iterator[Finding]:
    """Find the members that were added or removed; a response of a type that no member had is another type."""
    old, new = pair.documents
    keyword = _format_kind(pair.new.union_keyword or pair.old.union_keyword)
    kinds = _collect_kinds(old, before), _collect_kinds(new, after)
    removed_kinds = (kinds[0] - kinds[1]) & {"array", "object"}
    added_kinds = {kind for kind in kinds[1] - kinds[0] if not (kind == "integer" and "number" in kinds[0])}
    names = _format_names(old, before), _format_names(new, after)
    added = matching.added
    if matching.removed and removed_kinds and not pair.is_request:
        yield pair.find("type-changed", "type", *names)
    else:
        for member in matching.removed:
            pointers = member[0], pair.new.pointer
            yield pair.find(
                f"{keyword}-removed", pair.old.union_keyword, _format_names(old, (member,)), None, pointers=pointers
            )
    if added and added_kinds and kinds[0] and not pair.is_request and not removed_kinds:
        yield pair.find("type-generalized", "type", *names)
        added = [member for member in added if not new.get_schema(member).kinds & added_kinds]
    for member in added:
        pointers = pair.old.pointer, member[0]
        yield pair.find(
            f"{keyword}-added", pair.new.union_keyword, None, _format_names(new, (member,)), pointers=pointers
        )


def _compare_more_unions(pair: SchemaPair) -> Iterator[Finding | InnerPair]:
    """Compare the members of further unions, as far as there are as many of them."""
    old, new = pair.old.more_unions, pair.new.more_unions
    for before, after in zip(old, new, strict=False):
        matching = _match(pair, before, after)
        yield from (InnerPair(one, other, is_member=True) for one, other in matching.pairs)
        for member in matching.removed:
            yield pair.find("one-of-removed", "oneOf", _format_names(pair.comparison.old, (member,)), None)
        for member in matching.added:
            yield pair.find("one-of-added", "oneOf", None, _format_names(pair.comparison.new, (member,)))
    for _ in old[len(new) :]:
        yield pair.find("one-of-removed", "oneOf", "a condition", None)
    for _ in new[len(old) :]:
        yield pair.find("one-of-added", "oneOf", None, "a condition")


def _has_only_plain_types(pair: SchemaPair, before: Members, after: Members) -> bool:
    """Return whether a type and the members of a union say no more than which scalar types there are."""
    for document, members in zip(pair.documents, (before, after), strict=True):
        for schema in map(document.get_schema, members):
            form = schema.keywords.get("format")
            is_plain = schema.keywords.keys() <= {"format"} and schema.enum is None
            if not (is_plain and schema.kinds) or schema.kinds & {"array", "object"}:
                return False
            if form is not None and not any((kind, form) in FULL_FORMATS for kind in schema.kinds):
                return False
    return True


def _compare_plain_types(pair: SchemaPair, before: Members, after: Members) -> Iterator[Finding | InnerPair]:
    old, new = pair.documents
    kinds = frozenset(_collect_kinds(old, before)), frozenset(_collect_kinds(new, after))
    if not (is_superset(kinds[0], kinds[1]) and is_superset(kinds[1], kinds[0])):
        yield pair.find(
            classify_type_change(pair, *kinds), "type", _format_names(old, before), _format_names(new, after)
        )
    yield from check_null(pair)


def _find_wrapped(pair: SchemaPair) -> Finding:
    if pair.context.scope == "body":
        return pair.find("wrapped-in-one-of", pair.new.union_keyword, pair.old.name or format_type(pair.old), None)
    return pair.find("type-changed", "type", format_type(pair.old), _format_names(pair.comparison.new, pair.new.union))


# --- which members belong together -------------------------------------------------------------------------------


def _match(pair: SchemaPair, before: Members, after: Members) -> Matching[Pointers]:
    """Match members from the surest sign to the weakest; each sign but the content must be one of a kind."""
    pairs = []
    removed, added = dict.fromkeys(before), dict.fromkeys(after)
    old, new = pair.documents
    names = [{document.get_schema(one).name for one in side} for document, side in ((old, before), (new, after))]
    common = names[0] & names[1] - {""}
    for name, key in _KEYS.items():
        rivals, candidates = _group_by_key(old, removed, key), _group_by_key(new, added, key)
        for sign, members in rivals.items():
            for one in list(members):
                if name != "content" and len(members) != 1:
                    break
                same: Iterator[Pointers] = iter(candidates.get(sign, ()))
                if name not in ("component", "title"):
                    same = (other for other in same if not _is_component_swap(pair, one, other, common))
                first = list(itertools.islice(same, 2))
                if first and (name == "content" or len(first) == 1):
                    pairs.append((one, first[0]))
                    del members[one], removed[one], added[first[0]], candidates[sign][first[0]]
    return Matching(list(removed), list(added), pairs)


def _group_by_key(document: Document, members: dict[Pointers, None], key: Key) -> dict[Json, dict[Pointers, None]]:
    found: dict[Json, dict[Pointers, None]] = {}
    for member in members:
        sign = key(document, member)
        if sign is not None:
            found.setdefault(sign, {})[member] = None
    return found


def _is_component_swap(pair: SchemaPair, one: Pointers, other: Pointers, common: set[str]) -> bool:
    """Return whether one component took the place of another one that is still there, so that none was renamed.

    Not if one of them is a member on both sides: then the members have only changed places.
    """
    names = pair.comparison.old.get_schema(one).name, pair.comparison.new.get_schema(other).name
    if common & set(names):
        return False
    components = [document.root.get("components", {}).get("schemas", {}) for document in pair.documents]
    return names[0] != names[1] and all(name in schemas for name in names for schemas in components)


def _list_members(schema: Schema, other: Schema) -> Members:
    """Return the members of a union, or the schema as the only one; none if the schema is more than a union."""
    if schema.union:
        return schema.union
    if schema.alternatives and other.union:
        return schema.alternatives
    return (schema.pointers,) if schema.kinds or schema.properties else ()


def _format_kind(keyword: str) -> str:
    return keyword.replace("Of", "-of").lower()


def _collect_kinds(document: Document, members: Members) -> set[str]:
    return {kind for member in members for kind in document.get_schema(member).kinds}


def _format_names(document: Document, members: Members) -> str:
    """Format the names of members for a report."""
    schemas = map(document.get_schema, members)
    return " or ".join(schema.name or schema.title or format_type(schema) for schema in schemas)
