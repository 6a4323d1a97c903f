"""Observations: facts about the responses of an operation, each with its count."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, TypeAlias

import attrs

from ..errors import ConfigurationError
from .file import ObservationFile

_FORMAT = 1
MAX_TEXT = 512
"""Characters that a text of an observation may have."""

Identity: TypeAlias = tuple[str, str, str, str, str, str]
"""Operation, status, pointer, kind, detail and spec version of an observation."""


class ObservationKind(StrEnum):
    """What an observation is about."""

    UNDOCUMENTED_FIELD = "undocumented_field"
    """The spec does not list the field at the end of the pointer."""
    UNDOCUMENTED_ENUM_VALUE = "undocumented_enum_value"
    """The enum of the spec does not list the value, which `detail` holds if it looks like an identifier."""
    UNANNOUNCED_NULL = "unannounced_null"
    """The value is null, and the spec does not allow it."""
    MISSING_REQUIRED_KEY = "missing_required_key"
    """The key at the end of the pointer is missing, and the spec requires it."""
    OTHER_TYPE = "other_type"
    """The value has another JSON type than the spec says; `detail` names the type that came."""
    UNREADABLE_TIMESTAMP = "unreadable_timestamp"
    """The string is not a date-time or date."""
    UNDOCUMENTED_STATUS = "undocumented_status"
    """The spec does not list the status."""
    UNDOCUMENTED_MEDIA_TYPE = "undocumented_media_type"
    """The spec does not list the media type, which `detail` holds if it is a common one."""
    DEPRECATED_OPERATION = "deprecated_operation"
    """The operation was called, and the spec says that it is deprecated."""
    SUNSET_HEADER = "sunset_header"
    """The response has a `Sunset` header (RFC 8594); `detail` is its date."""
    DEPRECATION_HEADER = "deprecation_header"
    """The response has a `Deprecation` header (RFC 9745); `detail` is its date."""


@attrs.frozen
class Observation:
    """A fact about the responses of an operation, and its count. It holds no value that could be personal or secret.

    Attributes:
        operation: The `operationId`.
        status: The HTTP status of the responses, as text.
        pointer: A JSON pointer (RFC 6901) in the body, with `*` for every index of an array and every key of a map; ""
            if the fact concerns the whole response.
        kind: What it is about.
        detail: The value, type, media type or date that was observed, depending on the kind; "" for none.
        count: How many responses showed it.
        first_seen: When the first of them came, in UTC.
        last_seen: When the last of them came, in UTC.
        spec_version: The version of the spec that the responses were compared with.
    """

    operation: str
    status: str
    pointer: str
    kind: ObservationKind
    detail: str
    count: int
    first_seen: datetime
    last_seen: datetime
    spec_version: str

    @property
    def identity(self) -> Identity:
        """What tells this fact from others: operation, status, pointer, kind, detail and spec version."""
        return (self.operation, self.status, self.pointer, self.kind.value, self.detail, self.spec_version)

    def to_dict(self) -> dict[str, Any]:
        """Convert the observation to its JSON form."""
        return {
            "operation": self.operation,
            "pointer": self.pointer,
            "kind": self.kind.value,
            "detail": self.detail,
            "status": self.status,
            "count": self.count,
            "first_seen": self.first_seen.isoformat(),
            "last_seen": self.last_seen.isoformat(),
            "spec_version": self.spec_version,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Observation:
        """Build an observation from its JSON form.

        Raises:
            ValueError: The form is not that of an observation.
        """
        try:
            texts = {name: data[name] for name in ("operation", "status", "pointer", "detail", "spec_version")}
            count, moments = data["count"], [datetime.fromisoformat(data[name]) for name in ("first_seen", "last_seen")]
            kind = ObservationKind(data["kind"])
            first_seen, last_seen = (moment.astimezone(UTC) for moment in moments)
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise ValueError("a key of an observation is missing, or its value is not valid") from error
        for text in texts.values():
            if not isinstance(text, str) or len(text) > MAX_TEXT or not text.isprintable():
                raise ValueError(f"a text is no printable string, or has more than {MAX_TEXT} characters")
        if isinstance(count, bool) or not isinstance(count, int) or count < 1:
            raise ValueError("`count` must be a whole number of 1 or more")
        if any(moment.utcoffset() is None for moment in moments):
            raise ValueError("a time has no time zone")
        return cls(**texts, kind=kind, count=count, first_seen=first_seen, last_seen=last_seen)

    def merge(self, other: Observation) -> Observation:
        """Combine two observations of the same fact: the sum of their counts, and the earliest and the latest time."""
        return attrs.evolve(
            self,
            count=self.count + other.count,
            first_seen=min(self.first_seen, other.first_seen),
            last_seen=max(self.last_seen, other.last_seen),
        )


def merge_into(target: dict[Identity, Observation], observations: Iterable[Observation], max_count: int) -> int:
    """Add observations to a dict by identity, which grows to at most `max_count`; return how many were left out."""
    dropped = 0
    for observation in observations:
        known = target.get(observation.identity)
        if known is not None:
            target[observation.identity] = known.merge(observation)
        elif len(target) < max_count:
            target[observation.identity] = observation
        else:
            dropped += 1
    return dropped


MAX_OBSERVATIONS = 10_000
"""How many observations a collection and a file hold: those with the smallest identities."""


class Observations:
    """A collection of observations that does not change, in the order of their identities.

    Args:
        observations: The observations. Those of the same fact are merged.
    """

    __slots__ = ("_observations",)

    def __init__(self, observations: Iterable[Observation] = ()) -> None:
        merged: dict[Identity, Observation] = {}
        merge_into(merged, observations, sys.maxsize)
        # By identity, not by arrival: then the order of merging makes no difference.
        self._observations = tuple(merged[identity] for identity in sorted(merged)[:MAX_OBSERVATIONS])

    def __iter__(self) -> Iterator[Observation]:
        return iter(self._observations)

    def __len__(self) -> int:
        return len(self._observations)

    def __getitem__(self, index: int) -> Observation:
        return self._observations[index]

    def __eq__(self, other: object) -> bool:
        return self._observations == other._observations if isinstance(other, Observations) else NotImplemented

    def __hash__(self) -> int:
        return hash(self._observations)

    def __repr__(self) -> str:
        return f"Observations({list(self._observations)!r})"

    def merge(self, other: Observations) -> Observations:
        """Combine two collections; the counts of the same fact are added. The order of merging makes no difference.

        Args:
            other: The other collection, such as that of another process.
        """
        return Observations((*self, *other))

    @staticmethod
    def load(path: str | os.PathLike[str]) -> Observations:
        """Read a file of observations.

        Args:
            path: The path of the file.

        Raises:
            ConfigurationError: The file is missing, cannot be read, or has other content.
        """
        file = ObservationFile(path)
        return _parse(file.read(), file)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the collection to a file, in place of what it holds.

        Args:
            path: The path of the file. It is created with the permissions 0600.

        Raises:
            ConfigurationError: The file cannot be written.
        """
        file = ObservationFile(path)
        with file.lock():
            file.replace(_encode(self))

    def to_dict(self) -> dict[str, Any]:
        """Convert the collection to the JSON form of a file."""
        return {"format": _FORMAT, "observations": [observation.to_dict() for observation in self]}


def add_to_file(observations: Observations, file: ObservationFile, timeout: float) -> None:
    """Merge observations into a file that several processes may share.

    Args:
        observations: The observations.
        file: The file.
        timeout: Seconds to wait for another process.

    Raises:
        ConfigurationError: The file cannot be read or written, or has other content.
    """
    with file.lock(timeout):
        content = file.read_if_present()
        known = _parse(content, file) if content.strip() else Observations()
        file.replace(_encode(known.merge(observations)))


def _encode(observations: Observations) -> bytes:
    return json.dumps(observations.to_dict(), indent=1).encode() + b"\n"


def _parse(content: bytes, file: ObservationFile) -> Observations:
    try:
        return _decode(content)
    except ValueError as error:
        message = f"{file} is not a file of observations: {error}; choose another path"
    raise ConfigurationError(message)


def _decode(content: bytes) -> Observations:
    """Decode the content of a file; raise a ValueError, whose message shows nothing of the content."""
    try:
        data = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise ValueError("it is not JSON") from error
    if not isinstance(data, dict) or data.get("format") != _FORMAT:
        raise ValueError(f"its `format` is not {_FORMAT}")
    if not isinstance(data.get("observations"), list):
        raise ValueError("its `observations` are not a list")  # noqa: TRY004 - the content is wrong, no argument
    return Observations(map(Observation.from_dict, data["observations"]))
