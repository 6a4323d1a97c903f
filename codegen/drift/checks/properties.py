"""Properties of an object: added, removed, renamed, required, read-only, write-only."""

from __future__ import annotations

import difflib
import re
from collections import Counter
from collections.abc import Iterator

from ...limits import MAX_NAME_COMPARISONS
from ...spec import Json
from ..document import ensure_mapping
from ..finding import Finding, format_label
from .base import InnerPair, SchemaPair, register_schema_check
from .lifecycle import classify_removal

_LONG_NAME = 100
"""Letters of a name above which only equal names are similar: the comparison takes quadratic time."""


@register_schema_check
def check_properties(pair: SchemaPair) -> Iterator[Finding | InnerPair]:
    """Compare which properties there are, and each that both have."""
    old, new = pair.old.properties, pair.new.properties
    if not pair.has_common_kind or not (old or new):
        return
    renames = _find_renames(pair, [name for name in old if name not in new], [name for name in new if name not in old])
    renamed = set(renames.values())
    for name in [name for name in old if name not in new and name not in renames]:
        yield _find_removed(pair, name)
    for name in [name for name in new if name not in old and name not in renamed]:
        yield _find_added(pair, name)
    for before, after in renames.items():
        yield _find_renamed(pair, before, after)
        yield from _compare(pair, before, after)
    for name in [name for name in old if name in new]:
        yield from _compare(pair, name, name)


@register_schema_check
def check_undeclared_required(pair: SchemaPair) -> Iterator[Finding]:
    """Compare the required properties that no side declares."""
    names = (pair.old.required ^ pair.new.required) - pair.old.properties.keys() - pair.new.properties.keys()
    for name in sorted(names) if pair.has_common_kind else ():
        kind = "became-required" if name in pair.new.required else "became-optional"
        yield pair.enter("undeclared").find(kind, "required", what=f"{pair.label}.{name}")


def _find_added(pair: SchemaPair, name: str) -> Finding:
    pointers = pair.new.properties[name]
    guards = _find_guards(pair, None, name)
    is_required = name in pair.new.required
    if not pair.is_request:
        rule = f"response-{_build_property_kind(guards, is_required=is_required)}-added"
    elif not is_required:
        rule = "new-optional-request-property"
    elif pair.context.location == "header":
        rule = "new-required-request-header-property"
    else:
        has_default = "default" in pair.comparison.new.get_schema(pointers).keywords
        rule = f"new-required-request-property{'-with-default' if has_default else ''}"
    what = format_label(pointers[0], pair.comparison.names[1])
    return pair.find(rule, after=name, what=what, pointers=(None, pointers[0]), guards=guards)


def _find_removed(pair: SchemaPair, name: str) -> Finding:
    pointers = pair.old.properties[name]
    guards = _find_guards(pair, name, None)
    schema = pair.comparison.old.get_schema(pointers)
    action = classify_removal(schema.keywords, pair.comparison.today)
    before: Json = name
    what = format_label(pointers[0], pair.comparison.names[0])
    if action in ("removed-with-deprecation", "removed-before-sunset") and not guards:
        rule, before = f"{pair.context.direction}-property-{action}", schema.keywords.get("x-sunset")
    elif pair.is_request:
        rule = "request-property-removed"
        guards |= _find_removal_guards(pair, name)
    else:
        rule = f"response-{_build_property_kind(guards, is_required=name in pair.old.required)}-removed"
    return pair.find(rule, before=before, what=what, pointers=(pointers[0], None), guards=guards)


def _build_property_kind(guards: frozenset[str], *, is_required: bool) -> str:
    return f"{'required' if is_required else 'optional'}-{'write-only-' if 'write-only' in guards else ''}property"


def _find_removal_guards(pair: SchemaPair, name: str) -> frozenset[str]:
    """Return why a program can do without a property of the old spec: it could be missing, or it is ignored."""
    if not pair.is_request:
        return frozenset(() if name in pair.old.required else {"was-optional"})
    is_closed = {"additionalProperties", "unevaluatedProperties"} & pair.new.closed
    return frozenset(() if is_closed else {"ignored"})


def _find_guards(pair: SchemaPair, before: str | None, after: str | None) -> frozenset[str]:
    """Return the guards of a property, from each side that has it."""
    schemas = [
        document.get_schema(schema.properties[name])
        for document, schema, name in zip(pair.documents, (pair.old, pair.new), (before, after), strict=True)
        if name is not None
    ]
    flag, guard = ("readOnly", "read-only") if pair.is_request else ("writeOnly", "write-only")
    return frozenset({guard} if all(schema.has(flag) for schema in schemas) else ())


# --- a property that both sides have -----------------------------------------------------------------------------


def _compare(pair: SchemaPair, before: str, after: str) -> Iterator[Finding | InnerPair]:
    """Compare what the object says of a property; the property itself is the pair inside."""
    old, new = pair.old.properties[before], pair.new.properties[after]
    was_required, is_required = before in pair.old.required, after in pair.new.required
    if was_required == is_required and pair.comparison.is_untouched(old, new):
        return
    guards = _find_guards(pair, before, after)
    schemas = pair.comparison.old.get_schema(old), pair.comparison.new.get_schema(new)
    what, pointers = format_label(new[0], pair.comparison.names[1]), (old[0], new[0])
    if was_required != is_required:
        kind = "became-required" if is_required else "became-optional"
        if is_required and pair.is_request and "default" in schemas[1].keywords:
            kind = "became-required-with-default"
        yield pair.enter(*guards).find(kind, what=what, pointers=pointers)
    for flag, name in (("readOnly", "read-only"), ("writeOnly", "write-only")):
        was, has = schemas[0].has(flag), schemas[1].has(flag)
        if was and not has and flag == "readOnly" and pair.is_request and was_required and is_required:
            rule = "request-property-became-required"  # what was left out until now must be sent
            yield pair.find(rule, what=what, pointers=pointers, guards=guards)
        if was != has:
            quantity = "required" if is_required else "optional"
            rule = f"{pair.context.direction}-{quantity}-property-became-{'' if has else 'not-'}{name}"
            at = schemas[0].get_pointer(flag), schemas[1].get_pointer(flag)
            yield pair.find(rule, what=what, pointers=at, guards=guards)
    yield InnerPair(old, new, tuple(guards))


# --- renames -----------------------------------------------------------------------------------------------------


def _find_renamed(pair: SchemaPair, before: str, after: str) -> Finding:
    pointers = pair.old.properties[before][0], pair.new.properties[after][0]
    guards = _find_guards(pair, before, after)
    if not _is_alike(before, after, by_letter=True):
        guards |= _find_removal_guards(pair, before)
    context = pair.context.enter()
    rule = f"{context.direction}-{context.scope}-renamed"
    what = format_label(pointers[0], pair.comparison.names[0])
    return pair.find(rule, before=before, after=after, what=what, pointers=pointers, guards=guards)


def _find_renames(pair: SchemaPair, removed: list[str], added: list[str]) -> dict[str, str]:
    """Match each removed property with the added one of the same content, if the match is no accident.

    It is none if the names are alike, the content says much, or no other property has the same description. Properties
    with the same description are matched before those whose description changed.
    """
    found: dict[str, str] = {}
    if not removed or not added:
        return found
    texts = tuple(
        Counter(_get_description(pair, side, name) for name in schema.properties)
        for side, schema in enumerate((pair.old, pair.new))
    )
    for is_described in (True, False):
        old, new = (
            {name: _build_content_key(pair, side, name, is_described=is_described) for name in names}
            for side, names in enumerate((removed, added))
        )
        counts, names = (Counter(old.values()), Counter(new.values())), {key: name for name, key in new.items()}
        for before, key in old.items():
            is_free = before not in found and all(count[key] == 1 for count in counts)
            if is_free and names[key] not in found.values() and _is_rename(pair, before, names[key], texts):
                found[before] = names[key]
    return found


def _build_content_key(pair: SchemaPair, side: int, name: str, *, is_described: bool) -> Json:
    pointers = (pair.old, pair.new)[side].properties[name]
    return pair.documents[side].compute_signature(pointers), is_described and _get_description(pair, side, name)


def _get_description(pair: SchemaPair, side: int, name: str) -> str:
    pointers = (pair.old, pair.new)[side].properties[name]
    return str(pair.documents[side].get_schema(pointers).prose.get("description") or "")


def _is_rename(pair: SchemaPair, before: str, after: str, texts: tuple[Counter[str], ...]) -> bool:
    schema = pair.documents[0].get_schema(pair.old.properties[before])
    if schema.properties or schema.parts or schema.union or schema.enum:
        return True
    return _has_same_description(pair, before, after, texts) or _can_be_alike(pair, before, after)


def _has_same_description(pair: SchemaPair, before: str, after: str, texts: tuple[Counter[str], ...]) -> bool:
    """Return whether two properties are described alike and no other one is, and both or none are required.

    The description of a component is one of its kind of value. It counts only if one name is in the other one.
    """
    text = _get_description(pair, 0, before)
    if not text or text != _get_description(pair, 1, after) or any(count[text] > 1 for count in texts):
        return False
    if (before in pair.old.required) != (after in pair.new.required):
        return False
    places = zip(pair.documents, (pair.old.properties[before], pair.new.properties[after]), strict=True)
    is_own = all("description" in ensure_mapping(document.get_value(pointers[0])) for document, pointers in places)
    one, other = (set(_split_words(name)) for name in (before, after))
    return is_own or one <= other or other <= one


def _split_words(name: str) -> list[str]:
    return re.findall(r"[a-z0-9]+", re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower())


def _can_be_alike(pair: SchemaPair, before: str, after: str) -> bool:
    pair.comparison.name_comparisons += 1
    return _is_alike(before, after, by_letter=pair.comparison.name_comparisons <= MAX_NAME_COMPARISONS)


def _is_alike(one: str, other: str, *, by_letter: bool) -> bool:
    """Return whether one name may be another one, changed."""
    plain = [re.sub(r"[\W_]", "", name).lower() for name in (one, other)]
    if plain[0] == plain[1]:
        return True
    if not by_letter or max(map(len, plain)) > _LONG_NAME:
        return False
    return difflib.SequenceMatcher(None, plain[0], plain[1]).ratio() >= 0.7
