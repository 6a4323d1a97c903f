"""Discriminators."""

from __future__ import annotations

from collections.abc import Iterator

from ...spec import Json
from ..finding import Finding
from .base import SchemaPair, register_schema_check


@register_schema_check
def check_discriminator(pair: SchemaPair) -> Iterator[Finding]:
    """Compare whether there is a discriminator, and its property."""
    before, after = pair.get_values("discriminator")
    names = [value.get("propertyName") if isinstance(value, dict) else None for value in (before, after)]
    if isinstance(before, dict) != isinstance(after, dict):
        kind = "discriminator-added" if isinstance(after, dict) else "discriminator-removed"
        yield pair.find(kind, "discriminator", *names)
    elif names[0] != names[1]:
        yield pair.find("discriminator-property-name-changed", "discriminator", *names)


@register_schema_check
def check_discriminator_mapping(pair: SchemaPair) -> Iterator[Finding]:
    """Compare the values that a discriminator maps to schemas."""
    before, after = pair.get_values("discriminator")
    if not isinstance(before, dict) or not isinstance(after, dict):
        return
    ends = before.get("defaultMapping"), after.get("defaultMapping")
    if ends[0] != ends[1]:
        guards = frozenset({"still-accepted"} if ends[0] is None else ())
        yield pair.find("discriminator-mapping-changed", "discriminator", *ends, guards=guards)
    old, new = before.get("mapping") or {}, after.get("mapping") or {}
    for value in [value for value in new if value not in old]:
        yield pair.find("discriminator-mapping-added", "discriminator", None, value)
    members = {pair.comparison.new.get_schema(member).name for member in pair.new.union}
    for value in [value for value in old if value not in new]:
        guards = frozenset({"still-accepted"} if value in members else ())  # the name of a member needs no mapping
        yield pair.find("discriminator-mapping-deleted", "discriminator", value, None, guards=guards)
    for value in [value for value in old if value in new and _get_name(old[value]) != _get_name(new[value])]:
        yield pair.find("discriminator-mapping-changed", "discriminator", old[value], new[value])


def _get_name(target: Json) -> str:
    """Return the name of the component that a value maps to, which may be written as a reference."""
    return str(target).rpartition("/")[2]
