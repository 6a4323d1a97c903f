"""Proposes corrections of a spec for what production showed, for a person to accept.

Each proposal is an entry in the form of `spec/corrections.yaml`. Proposals are applied one after the other, so that the
entries for two facts at one place fit each other, and a fact that an entry has corrected needs no other one.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeAlias

import attrs
import jsonpath

from .corrections import Correction, apply
from .drift.finding import format_label
from .drift.observed import correct, describe_observation
from .drift.observed.places import ANY, SpecPlaces
from .drift.observed.statements import state
from .drift.render.common import format_line, pluralize
from .errors import CodegenError
from .observations import Kind, Observation
from .schemas import find_free_name, is_annotation
from .spec import Json, Spec, check, unescape
from .yaml_edit import dump_yaml

_Edit: TypeAlias = tuple[str, dict[str, Json]]
"""The JSON pointer of the mapping to change, and what to merge into it."""

_HEADING = "# Proposed for what production showed: look at each entry before it stays.\n"
_SCALARS = frozenset({"string", "integer", "number", "boolean"})
_NAMES: Mapping[Kind, str] = {
    "undocumented_field": "declared",
    "unannounced_null": "may-be-null",
    "missing_required_key": "may-be-missing",
    "other_type": "has-other-types",
    "unreadable_timestamp": "is-no-timestamp",
    "undocumented_status": "has-status",
    "undocumented_media_type": "has-media-type",
    "deprecation_header": "is-deprecated",
    "sunset_header": "is-deprecated",
}
"""How the ids of entries end."""

_NOT_NEEDED: Mapping[Kind, str] = {
    "undocumented_enum_value": "enums are open",
    "deprecated_operation": "only another version of the spec deprecates the operation",
}
"""Kinds of facts that no entry is for, with the reason."""


class _NoCorrectionError(Exception):
    """A fact has no correction that could be made without a person; says why."""


@attrs.frozen
class Proposals:
    """What to add to `spec/corrections.yaml`."""

    entries: tuple[dict[str, Json], ...]
    remarks: tuple[str, ...]
    """The facts without an entry, each with the reason."""

    def render(self) -> str:
        """Return YAML that can be appended to `spec/corrections.yaml`."""
        remarks = [f"# - {format_line(remark)}\n" for remark in self.remarks]
        parts = [_HEADING] if self.entries else []
        parts += [dump_yaml([entry], width=110) for entry in self.entries]
        parts += ["".join(["# Without a correction:\n", *remarks])] if remarks else []
        return "\n".join(parts) or "# There is nothing to correct.\n"


def propose(spec: Spec, corrections: tuple[Correction, ...], observations: Sequence[Observation]) -> Proposals:
    """Propose corrections of a spec.

    Args:
        spec: The vendored spec.
        corrections: What it is known to get wrong.
        observations: What production showed.

    Returns:
        An entry for each fact that the corrected spec does not say, as far as a program can make one.
    """
    current = correct(spec, corrections)
    ids = {correction.id for correction in corrections}
    entries: list[dict[str, Json]] = []
    remarks: list[str] = []
    for observation in observations:
        try:
            entry = _make_entry(current, observation, ids)
            current = _apply(current, entry, observation)
        except (_NoCorrectionError, CodegenError) as error:
            place = f"{observation.operation} {observation.status} {observation.pointer}".strip()
            remarks.append(f"{describe_observation(observation)} in {place}: {str(error).splitlines()[0]}")
            continue
        ids.add(entry["id"])
        entries.append(entry)
    return Proposals(tuple(entries), tuple(remarks))


def _make_entry(spec: Spec, observation: Observation, ids: set[str]) -> dict[str, Json]:
    places = SpecPlaces.read(spec)
    statement = state(places, places.by_id.get(observation.operation), observation)
    if statement is None:
        raise _NoCorrectionError("the spec has no such place; was a client of another version observed?")
    if statement.agrees:
        raise _NoCorrectionError(f"the spec or an entry above says so: {statement.text}")
    if observation.kind in _NOT_NEEDED:
        raise _NoCorrectionError(f"needs no correction, because {_NOT_NEEDED[observation.kind]}")
    pointer, what = _EDITS[observation.kind](places, observation)
    days = [moment.date().isoformat() for moment in (observation.first_seen, observation.last_seen)]
    seen = (
        f"Observed {pluralize(observation.count, 'time')} from {days[0]} to {days[1]}, spec {observation.spec_version}"
    )
    place = f"{observation.operation}, status {observation.status}"
    inside = f" at {observation.pointer}" if observation.pointer else ""
    return {
        "id": _make_id(f"{_format_label(pointer, observation)} {_NAMES[observation.kind]}", ids),
        "rule": "merge",
        "where": write_path(spec.document, pointer),
        "matches": 1,
        "what": what,
        "why": format_line(f"{seen}: {describe_observation(observation)}{inside} in {place}."),
    }


def _apply(spec: Spec, entry: dict[str, Json], observation: Observation) -> Spec:
    """Apply an entry as `make generate` does, and make sure that the spec says then what was seen."""
    document = copy.deepcopy(spec.document)
    path = jsonpath.compile(entry["where"])
    keys = ("id", "rule", "where", "matches", "why", "what")
    given = {key: entry[key] for key in keys}
    apply((Correction(**given, may_match_more=False, place="proposal", path=path),), document, lenient=False)
    corrected = Spec(attrs.evolve(spec.file, value=document))
    check(corrected)
    places = SpecPlaces.read(corrected)
    statement = state(places, places.by_id[observation.operation], observation)
    if statement is None or not statement.agrees:
        raise _NoCorrectionError("no single entry makes the spec say so")
    return corrected


def _make_id(text: str, ids: set[str]) -> str:
    name = "observed-" + "-".join(re.findall(r"[a-z0-9]+", text.lower()))
    return find_free_name(name, ids.__contains__, "-")


def _format_label(pointer: str, observation: Observation) -> str:
    """Return what an entry is about, for its id."""
    if observation.kind == "undocumented_status":
        return f"{observation.operation} {observation.status}"
    if observation.kind in ("undocumented_field", "missing_required_key"):
        return f"{format_label(pointer, {})} {observation.tokens[-1]}"
    return observation.operation if observation.kind in _OPERATION_KINDS else format_label(pointer, {})


def write_path(document: Json, pointer: str) -> str:
    """Write a JSON pointer (RFC 6901) into a document as a JSONPath (RFC 9535)."""
    path, node = "$", document
    for token in map(unescape, pointer.split("/")[1:]):
        if isinstance(node, list):
            path, node = f"{path}[{token}]", node[int(token)]
            continue
        node = node[token]
        is_plain = re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", token)
        name = token.replace("\\", "\\\\").replace("'", "\\'")
        path += f".{token}" if is_plain else f"['{name}']"
    return path


# --- what to change ------------------------------------------------------------------------------------------------


def _edit_status(places: SpecPlaces, observation: Observation) -> _Edit:
    operation = places.by_id[observation.operation]
    response = {"description": "Observed in production; the vendor's spec does not list it."}
    return f"{operation.pointer}/responses", {observation.status: response}


def _edit_media_type(places: SpecPlaces, observation: Observation) -> _Edit:
    if not observation.detail:
        raise _NoCorrectionError("the media type was not recorded")
    if observation.status.startswith("2"):
        raise _NoCorrectionError("a person must find out what such a body holds")
    response = places.find_response(places.by_id[observation.operation], observation.status)
    return str(response), {"content": {observation.detail: {}}}


def _edit_deprecation(places: SpecPlaces, observation: Observation) -> _Edit:
    pointer = places.by_id[observation.operation].pointer
    sunset = observation.detail if observation.kind == "sunset_header" else ""
    if sunset and "x-sunset" in places.document.get_mapping(pointer):
        raise _NoCorrectionError("the spec or an entry above has another date")
    return pointer, {"deprecated": True} | ({"x-sunset": sunset} if sunset else {})


def _edit_field(places: SpecPlaces, observation: Observation) -> _Edit:
    name = observation.tokens[-1]
    if name == ANY:
        raise _NoCorrectionError("its name was not recorded")
    values = places.find_values(_find_response(places, observation), observation.tokens[:-1])
    objects = [schema for schema in places.expand(values) if not schema.kinds or "object" in schema.kinds]
    return _require_one([pointer for schema in objects for pointer in schema.pointers]), {"properties": {name: {}}}


def _edit_required(places: SpecPlaces, observation: Observation) -> _Edit:
    name = observation.tokens[-1]
    values = places.find_values(_find_response(places, observation), observation.tokens[:-1])
    starts = [pointer for schema in places.expand(values) for pointer in schema.pointers]
    pointer = _require_one([pointer for start in starts for pointer in _find_holders(places, start, name)])
    return pointer, {"required": [key for key in places.document.get_value(pointer)["required"] if key != name] or None}


def _find_holders(places: SpecPlaces, pointer: str, name: str) -> Iterator[str]:
    """Yield the places from which a schema has a required key: itself, its `$ref`, the members of its `allOf`."""
    pointer = places.document.follow(pointer)
    value = places.document.get_value(pointer)
    if isinstance(value, dict):
        if name in (value.get("required") or ()):
            yield pointer
        for index in range(len(value.get("allOf") or ())):
            yield from _find_holders(places, f"{pointer}/allOf/{index}", name)


def _edit_null(places: SpecPlaces, observation: Observation) -> _Edit:
    pointer, value = _find_value(places, observation)
    enum = {"enum": [*value["enum"], None]} if "enum" in value else {}
    unions = [key for key in ("oneOf", "anyOf") if key in value]
    if _is_3_0(places):
        if "type" not in value:
            raise _NoCorrectionError("OpenAPI 3.0 has null only beside a type")
        return pointer, {"nullable": True, **enum}
    if "type" in value and "const" not in value and not unions:
        return pointer, {"type": [*_list_types(value), "null"], **enum}
    if len(unions) == 1 and all(key in unions or is_annotation(key) for key in value):
        return pointer, {unions[0]: [*value[unions[0]], {"type": "null"}]}
    return pointer, _wrap(value, {"type": "null"})


def _edit_type(places: SpecPlaces, observation: Observation) -> _Edit:
    pointer, value = _find_value(places, observation)
    kind = observation.detail
    if kind not in _SCALARS | {"object", "array"}:
        raise _NoCorrectionError("the type is none of JSON")
    types = _list_types(value)
    is_plain = all(key == "type" or is_annotation(key) for key in value)
    if is_plain and {kind, *types} <= _SCALARS | {"null"} and not _is_3_0(places):
        others = [name for name in types if (name, kind) != ("integer", "number")]
        return pointer, {"type": [*others, kind] if others else kind}
    return pointer, _wrap(value, {"type": kind} | ({"items": {}} if kind == "array" else {}))


def _edit_timestamp(places: SpecPlaces, observation: Observation) -> _Edit:
    values = places.find_values(_find_response(places, observation), observation.tokens)
    schemas = [schema for schema in places.expand(values) if "format" in schema.where]
    return _require_one([schema.get_pointer("format").rpartition("/")[0] for schema in schemas]), {"format": None}


def _wrap(value: dict[str, Json], other: dict[str, Json]) -> dict[str, Json]:
    """Return what makes a schema a union of what it says and of something else; annotations stay where they are."""
    inner = {key: item for key, item in value.items() if not is_annotation(key)}
    return {**dict.fromkeys(inner), "anyOf": [inner, other]}


def _find_value(places: SpecPlaces, observation: Observation) -> tuple[str, dict[str, Json]]:
    values = places.find_values(_find_response(places, observation), observation.tokens)
    pointer = _require_one([pointer for value in values for pointer in value])
    return pointer, places.document.get_value(pointer)


def _find_response(places: SpecPlaces, observation: Observation) -> str:
    return str(places.find_response(places.by_id[observation.operation], observation.status))


def _require_one(pointers: Sequence[str]) -> str:
    unique = list(dict.fromkeys(pointers))
    if len(unique) != 1:
        raise _NoCorrectionError(f"{len(unique)} schemas say what comes there; a person must choose")
    return unique[0]


def _list_types(value: dict[str, Json]) -> list[str]:
    kinds = value.get("type", [])
    return kinds if isinstance(kinds, list) else [kinds]


def _is_3_0(places: SpecPlaces) -> bool:
    return str(places.document.root.get("openapi", "")).startswith("3.0")


_EDITS: Mapping[Kind, Callable[[SpecPlaces, Observation], _Edit]] = {
    "undocumented_field": _edit_field,
    "unannounced_null": _edit_null,
    "missing_required_key": _edit_required,
    "other_type": _edit_type,
    "unreadable_timestamp": _edit_timestamp,
    "undocumented_status": _edit_status,
    "undocumented_media_type": _edit_media_type,
    "deprecation_header": _edit_deprecation,
    "sunset_header": _edit_deprecation,
}
_OPERATION_KINDS = ("deprecation_header", "sunset_header", "undocumented_media_type")
