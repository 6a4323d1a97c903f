"""Keeps the observations of an observer, within bounds, until they are saved."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable

from .facts import Fact
from .file import LOCK_TIMEOUT, ObservationFile
from .observation import Identity, Observation, Observations, add_to_file, merge_into
from .statuses import StatusCount

MAX_FACTS = 1000
"""How many distinct facts an observer keeps."""


class Recorder:
    """Makes observations of facts and keeps them. May be shared by threads.

    Args:
        path: The path of the file to save them to; None for none.
        spec_version: The version of the spec that responses are compared with.

    Raises:
        ConfigurationError: The path cannot be used.
    """

    def __init__(self, path: str | os.PathLike[str] | None, spec_version: str) -> None:
        self._file = None if path is None else ObservationFile(path)
        self._spec_version = spec_version
        self.reset()

    def reset(self) -> None:
        """Forget everything, as in a forked child: the parent saves what it has found."""
        self._lock = threading.Lock()
        self._save_lock = threading.Lock()
        self._observations: dict[Identity, Observation] = {}
        self._unsaved: dict[Identity, Observation] = {}
        self.dropped: int = 0

    def record(self, seen: StatusCount, facts: Iterable[Fact]) -> list[Observation]:
        """Count facts; return the observations of those that are new.

        Args:
            seen: The responses that show them.
            facts: The facts.
        """
        first_seen, last_seen = (moment.replace(microsecond=0) for moment in (seen.first_seen, seen.last_seen))
        found: list[Observation] = []
        for fact in facts:
            observation = Observation(
                seen.operation,
                str(seen.status),
                fact.pointer,
                fact.kind,
                fact.detail,
                seen.count,
                first_seen,
                last_seen,
                self._spec_version,
            )
            with self._lock:
                is_new = observation.identity not in self._observations
                dropped = merge_into(self._observations, (observation,), MAX_FACTS)
                self.dropped += dropped
                if not dropped:
                    merge_into(self._unsaved, (observation,), MAX_FACTS)
                    if is_new:
                        found.append(observation)
        return found

    def get_observations(self) -> Observations:
        """Return what has been recorded since the start of the process."""
        with self._lock:
            return Observations(self._observations.values())

    def save(self, timeout: float = LOCK_TIMEOUT) -> None:
        """Merge what has not been saved yet into the file, if there is one.

        Raises:
            ConfigurationError: The file cannot be read or written; the next call tries again.
        """
        if self._file is None:
            return
        with self._save_lock:
            with self._lock:
                unsaved, self._unsaved = self._unsaved, {}
            if not unsaved:
                return
            try:
                add_to_file(Observations(unsaved.values()), self._file, timeout)
            except BaseException:
                with self._lock:
                    merge_into(self._unsaved, unsaved.values(), MAX_FACTS)
                raise
