"""Reads observation files: what production showed of an API beside what its spec says.

The client writes them. Build time and run time share no imports, so that this module knows the format by itself.
"""

from __future__ import annotations

import datetime
import json
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Literal, TypeAlias, cast, get_args

import attrs

from .errors import CodegenError
from .limits import MAX_BYTES, LimitError, clip_text
from .spec import Json, unescape

FORMAT = 1
"""The version of the format."""

Kind: TypeAlias = Literal[
    "undocumented_field",
    "undocumented_enum_value",
    "unannounced_null",
    "missing_required_key",
    "other_type",
    "unreadable_timestamp",
    "undocumented_status",
    "undocumented_media_type",
    "deprecated_operation",
    "sunset_header",
    "deprecation_header",
]

KINDS: tuple[Kind, ...] = get_args(Kind)

_TEXTS = ("operation", "status", "pointer", "kind", "detail", "spec_version", "first_seen", "last_seen")
_MAX_TEXT = 1_000
"""Characters of a text of an observation."""


@attrs.frozen(order=True)
class Observation:
    """A fact that production showed, with how often and when."""

    operation: str
    """The operation id."""
    status: str
    """The status of the response."""
    pointer: str
    """JSON pointer into the response body, with `*` for an index and for a key of a map; "" for the whole response."""
    kind: Kind
    detail: str
    """The value, the type or the date that came, "" if there is none or it was not kept."""
    spec_version: str
    """Of the spec that the client was made from."""
    count: int
    first_seen: datetime.datetime
    last_seen: datetime.datetime

    @property
    def tokens(self) -> tuple[str, ...]:
        """The parts of the pointer, unescaped."""
        return tuple(map(unescape, self.pointer.split("/")[1:]))


def load_observations(paths: Iterable[Path]) -> tuple[Observation, ...]:
    """Read observation files.

    Returns:
        The observations of all files, sorted. Those that several files have are one, with their counts added up.

    Raises:
        CodegenError: A file cannot be read, or is no observation file. Names the file and the entry.
    """
    merged: dict[tuple[str, ...], Observation] = {}
    for path in paths:
        for found in _read(path):
            key = (found.operation, found.status, found.pointer, found.kind, found.detail, found.spec_version)
            known = merged.get(key)
            merged[key] = found if known is None else _unite(known, found)
    return tuple(sorted(merged.values()))


def _unite(one: Observation, other: Observation) -> Observation:
    return attrs.evolve(
        one,
        count=one.count + other.count,
        first_seen=min(one.first_seen, other.first_seen),
        last_seen=max(one.last_seen, other.last_seen),
    )


def _read(path: Path) -> Sequence[Observation]:
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise CodegenError(f"{path}: cannot be read: {error.strerror}") from error
    if len(data) > MAX_BYTES:
        raise LimitError(f"{path}: is larger than {MAX_BYTES:,} bytes", "MAX_BYTES")
    try:
        content: Json = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise CodegenError(f"{path}: is not JSON: {error}") from None
    if not isinstance(content, dict) or not isinstance(content.get("observations"), list):
        raise CodegenError(f"{path}: is no observation file: an object with `format` and `observations` is expected")
    if content.get("format") != FORMAT or isinstance(content["format"], bool):
        version = clip_text(repr(content.get("format")))
        raise CodegenError(f"{path}: `format` is {version}, and only {FORMAT} can be read")
    return [
        _parse(entry, f"{path}: observation {number}") for number, entry in enumerate(content["observations"], start=1)
    ]


def _parse(entry: Json, place: str) -> Observation:
    if not isinstance(entry, dict):
        raise CodegenError(f"{place}: an object is expected")
    for key in _TEXTS:
        if not isinstance(entry.get(key), str):
            raise CodegenError(f"{place}: needs `{key}`, a text")
        if len(entry[key]) > _MAX_TEXT:
            raise CodegenError(f"{place}: `{key}` has more than {_MAX_TEXT:,} characters")
    count = entry.get("count")
    if not isinstance(count, int) or isinstance(count, bool) or count < 1:
        raise CodegenError(f"{place}: needs `count`, a whole number of 1 or more")
    if entry["kind"] not in KINDS:
        raise CodegenError(f"{place}: unknown kind {clip_text(entry['kind'])!r}; known: {', '.join(KINDS)}")
    if not entry["operation"]:
        raise CodegenError(f"{place}: `operation` is empty")
    if not re.fullmatch(r"[1-5][0-9]{2}", entry["status"]):
        raise CodegenError(f"{place}: `status` is {clip_text(entry['status'])!r}, not a status such as '200'")
    if entry["pointer"] and not entry["pointer"].startswith("/"):
        raise CodegenError(f"{place}: `pointer` is {clip_text(entry['pointer'])!r}, not a JSON pointer")
    if entry["kind"] in ("undocumented_field", "missing_required_key") and not entry["pointer"]:
        raise CodegenError(f"{place}: `pointer` must name a key")
    return Observation(
        **{key: entry[key] for key in ("operation", "status", "pointer", "detail", "spec_version")},
        kind=cast("Kind", entry["kind"]),
        count=count,
        first_seen=_parse_moment(entry["first_seen"], f"{place}: `first_seen`"),
        last_seen=_parse_moment(entry["last_seen"], f"{place}: `last_seen`"),
    )


def _parse_moment(text: str, place: str) -> datetime.datetime:
    try:
        moment = datetime.datetime.fromisoformat(text)
    except ValueError:
        raise CodegenError(f"{place} is {clip_text(text)!r}, not a moment such as 2026-11-29T06:00:00+00:00") from None
    return moment if moment.tzinfo else moment.replace(tzinfo=datetime.UTC)
