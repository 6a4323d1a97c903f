"""What a spec says about an observation: one small function for each kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import attrs

from ...media_types import get_essence
from ...observations import Kind, Observation
from ...spec import escape
from ..finding import format_label
from ..matching import Operation
from ..normalized_schema import Pointers, Schema
from .places import ANY, SpecPlaces, is_declared

_KINDS = frozenset({"string", "integer", "number", "boolean", "object", "array"})
_MAX_VALUES = 10
"""Values of an enum that a sentence lists."""

_DEPTH = 10
"""Levels of unions inside of unions that are read."""


@attrs.frozen
class Statement:
    """What a spec says about an observation."""

    text: str
    """The statement, for a person."""
    pointers: tuple[str, ...]
    """JSON pointers of the places that say so, the most telling first."""
    agrees: bool = attrs.field(kw_only=True)
    """Whether the spec says what was observed."""
    against: frozenset[str] = attrs.field(default=frozenset(), kw_only=True)
    """The parts of the statement that the observation contradicts."""


def state(places: SpecPlaces, operation: Operation | None, observation: Observation) -> Statement | None:
    """Return what a spec says about an observation; None if it has no such place."""
    if operation is None:
        return None
    if observation.kind in _ABOUT_OPERATIONS:
        return _ABOUT_OPERATIONS[observation.kind](places, operation, observation)
    response = places.find_response(operation, observation.status)
    if response is None:
        return None
    if observation.kind == "undocumented_media_type":
        return _state_media_type(places, response, observation)
    return _ABOUT_VALUES[observation.kind](places, response, observation)


def _state_status(places: SpecPlaces, operation: Operation, observation: Observation) -> Statement:
    agrees = places.find_response(operation, observation.status) is not None
    text = f"{operation.name} {'has' if agrees else 'has no'} response {observation.status}"
    return Statement(text, (f"{operation.pointer}/responses/{observation.status}", operation.pointer), agrees=agrees)


def _state_deprecated(places: SpecPlaces, operation: Operation, _: Observation) -> Statement:
    is_deprecated = places.document.get_mapping(operation.pointer).get("deprecated") is True
    text = f"{operation.name} is {'deprecated' if is_deprecated else 'not deprecated'}"
    return Statement(text, (f"{operation.pointer}/deprecated", operation.pointer), agrees=is_deprecated)


def _state_sunset(places: SpecPlaces, operation: Operation, observation: Observation) -> Statement:
    plain = _state_deprecated(places, operation, observation)
    sunset = str(places.document.get_mapping(operation.pointer).get("x-sunset") or "")[:10]
    if not sunset:
        return plain
    is_other = observation.detail not in ("", sunset)
    against = frozenset({sunset} if is_other else ())
    pointers = (f"{operation.pointer}/x-sunset", *plain.pointers)
    text = f"{plain.text}, with the sunset {sunset}"
    return Statement(text, pointers, agrees=plain.agrees and not is_other, against=against)


def _state_media_type(places: SpecPlaces, response: str, observation: Observation) -> Statement:
    names = {get_essence(name): name for name in places.document.list_keys(f"{response}/content")}
    seen = get_essence(observation.detail)
    found = next((name for name in (seen, f"{seen.partition('/')[0]}/*", "*/*") if name in names), None)
    pointers = (f"{response}/content/{escape(names[found])}",) if found else (f"{response}/content", response)
    listing = ", ".join(f"`{name}`" for name in names) or "none"
    text = f"the media types of response {observation.status} are: {listing}"
    return Statement(text, pointers, agrees=found is not None)


def _state_field(places: SpecPlaces, response: str, observation: Observation) -> Statement | None:
    name = observation.tokens[-1]
    holders = places.expand(places.find_values(response, observation.tokens[:-1]))
    objects = [schema for schema in holders if not schema.kinds or "object" in schema.kinds]
    declaring = [schema for schema in objects if is_declared(schema, name)]
    if not objects:
        return None
    if declaring:
        schema = declaring[0]
        text = f"`{_format_label(schema.pointer)}` declares `{name}`" if name in schema.properties else ""
        text = text or f"`{_format_label(schema.pointer)}` takes other properties"
        pointers = schema.properties.get(name, (schema.get_pointer("additionalProperties"),))
        return Statement(text, (*pointers, schema.pointer), agrees=True)
    closing = {"additionalProperties", "unevaluatedProperties"}
    is_closed = all(closing & schema.closed for schema in objects)
    names = " and ".join(dict.fromkeys(f"`{_format_label(schema.pointer)}`" for schema in objects))
    what = "other properties" if name == ANY else f"`{name}`"
    text = f"{names} {'forbids' if is_closed else 'does not declare'} {what}"
    pointers = tuple(schema.get_pointer(key) for schema in objects for key in (*sorted(closing & schema.closed), ""))
    return Statement(text, pointers, agrees=False, against=frozenset({"closed"} if is_closed else ()))


def _state_missing(places: SpecPlaces, response: str, observation: Observation) -> Statement | None:
    name = observation.tokens[-1]
    values = places.find_values(response, observation.tokens[:-1])
    holders = places.expand(values)
    if not holders:
        return None
    declaring = [schema for schema in holders if name in schema.properties or name in schema.required]
    if not declaring:
        return Statement(f"`{_format_label(holders[0].pointer)}` has no `{name}`", (holders[0].pointer,), agrees=True)
    requiring = [schema for schema in declaring if name in schema.required]
    schema = (requiring or declaring)[0]
    text = f"`{_format_label(schema.pointer)}.{name}` is {'required' if requiring else 'optional'}"
    pointers = (*schema.properties.get(name, ()), schema.get_pointer("required"))
    return Statement(text, pointers, agrees=not requiring)


def _state_null(places: SpecPlaces, response: str, observation: Observation) -> Statement | None:
    statement = _state_value(
        places,
        response,
        observation,
        lambda schema: schema.takes_null,
        ("nullable", "type"),
        is_united=False,  # what a union says of null is in `takes_null`
    )
    if statement is None or statement.agrees or not observation.tokens:
        return statement
    missing = _state_missing(places, response, observation)
    if missing is None or missing.agrees:
        return statement
    pointers = (*statement.pointers, *missing.pointers)
    against = statement.against | {"required"}
    return attrs.evolve(statement, text=f"{statement.text}, and required", pointers=pointers, against=against)


def _state_enum(places: SpecPlaces, response: str, observation: Observation) -> Statement | None:
    def is_taken(schema: Schema) -> bool:
        values = (schema.keywords["const"],) if "const" in schema.keywords else schema.enum
        if values is None:
            is_number = observation.detail.lstrip("-").isdecimal() and bool(schema.kinds & {"integer", "number"})
            return not schema.kinds or "string" in schema.kinds or is_number
        return observation.detail in map(str, values)

    return _state_value(places, response, observation, is_taken, ("enum", "const", "type"))


def _state_type(places: SpecPlaces, response: str, observation: Observation) -> Statement | None:
    kinds = {observation.detail} | ({"number"} if observation.detail == "integer" else set())
    return _state_value(
        places, response, observation, lambda schema: not schema.kinds or bool(schema.kinds & kinds), ("type",)
    )


def _state_timestamp(places: SpecPlaces, response: str, observation: Observation) -> Statement | None:
    def is_taken(schema: Schema) -> bool:
        is_text = not schema.kinds or "string" in schema.kinds
        return is_text and schema.keywords.get("format") not in ("date-time", "date")

    return _state_value(places, response, observation, is_taken, ("format", "type"))


def _state_value(
    places: SpecPlaces,
    response: str,
    observation: Observation,
    is_taken: Callable[[Schema], bool],
    keywords: Sequence[str],
    *,
    is_united: bool = True,
) -> Statement | None:
    """Return what a spec says about a value.

    Args:
        places: The spec.
        response: JSON pointer of the response.
        observation: What was observed.
        is_taken: Whether a schema accepts the value, without its unions.
        keywords: The keywords that decide, which reports point at.
        is_united: Whether a member of each union must take the value, too.
    """
    values = places.find_values(response, observation.tokens)
    if not values:
        return None
    schemas = places.expand(values)
    agrees = any(_is_value_taken(places, value, is_taken, _DEPTH if is_united else 0) for value in values)
    text = f"`{_format_label(values[0][0])}` is {', or '.join(dict.fromkeys(map(_describe_schema, schemas)))}"
    at = [schema.get_pointer(keyword) for schema in schemas for keyword in keywords]
    pointers = dict.fromkeys([*at, *(pointer for value in values for pointer in value)])
    kinds = {kind for schema in schemas for kind in schema.kinds}
    kinds |= {"integer"} if "number" in kinds else set()
    against = _KINDS - kinds if kinds else frozenset()
    return Statement(text, tuple(pointers), agrees=agrees, against=against)


def _is_value_taken(places: SpecPlaces, value: Pointers, is_taken: Callable[[Schema], bool], depth: int) -> bool:
    schema = places.document.get_schema(value)
    unions = [union for union in (schema.union, *schema.more_unions) if union and depth]
    return is_taken(schema) and all(
        any(_is_value_taken(places, member, is_taken, depth - 1) for member in union) for union in unions
    )


def _describe_schema(schema: Schema) -> str:
    """Describe a schema in a few words."""
    kinds = "` or `".join(sorted(schema.kinds))
    text = f"`{kinds}`" if kinds else "one of several" if schema.union else "anything"
    if schema.keywords.get("format"):
        text += f" of the format `{schema.keywords['format']}`"
    if schema.enum is not None:
        values = ", ".join(f"`{value}`" for value in schema.enum[:_MAX_VALUES])
        text += f" out of {values}{' …' if len(schema.enum) > _MAX_VALUES else ''}"
    return f"{text} or null" if schema.is_nullable else text


def _format_label(pointer: str) -> str:
    return format_label(pointer, {})


_ABOUT_OPERATIONS: Mapping[Kind, Callable[[SpecPlaces, Operation, Observation], Statement]] = {
    "undocumented_status": _state_status,
    "deprecated_operation": _state_deprecated,
    "deprecation_header": _state_deprecated,
    "sunset_header": _state_sunset,
}

_ABOUT_VALUES: Mapping[Kind, Callable[[SpecPlaces, str, Observation], Statement | None]] = {
    "undocumented_field": _state_field,
    "undocumented_enum_value": _state_enum,
    "unannounced_null": _state_null,
    "missing_required_key": _state_missing,
    "other_type": _state_type,
    "unreadable_timestamp": _state_timestamp,
}
