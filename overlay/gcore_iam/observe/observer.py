"""Observes the responses of clients."""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Self

import attrs
from gcore_iam_client import SPEC_DATE, SPEC_VERSION

from .. import _fork
from .._operation_info import OperationInfo
from .._validation import check_callback, check_share
from ..errors import ConfigurationError
from .check_task import CheckTask, log_failure
from .checker import ObservedResponse
from .observation import Observation, Observations
from .recorder import Recorder
from .statuses import StatusCounter
from .worker import CheckWorker

_CLOSE_TIMEOUT = 10.0


@attrs.frozen
class ResponseCounts:
    """How many responses an observer has met.

    Attributes:
        statuses: How many responses had each status, by `operationId` and status.
        checked: How many were compared with the spec.
        dropped: How many were to be compared, but could not be queued: the queue was full or closed.
        dropped_facts: How often a fact was left out, because the observer keeps 1000 different ones.
    """

    statuses: Mapping[tuple[str, int], int]
    checked: int
    dropped: int
    dropped_facts: int


class Observer:
    """Records where responses differ from the spec that this client is generated from. May be shared by clients.

    Give it to a client as `observer`. It compares responses with the spec in a thread of its own, after the caller has
    its result. It keeps observations, such as that `/results/*/lang` held `fr`, and no value that could be personal or
    secret; see `Observation`. It never raises into a call.

    Args:
        sample: The share of responses to compare with the spec, from 0 to 1. The statuses of all are counted.
        path: The file to add the observations to; None for none. Any number of processes may share it. It is written
            every 10 seconds while there is something new, by `flush()` and `close()`, and when the program ends.
        on_finding: A function that gets an observation of each new fact, in the thread of the observer; None for none.
            An exception in it is logged and changes nothing.

    Raises:
        ConfigurationError: An argument is not valid.

    Example:
        with Observer(sample=0.01, path="observations.json") as observer, IAMClient(observer=observer) as iam:
            print(iam.account.get().id)
    """

    def __init__(
        self,
        sample: float = 1.0,
        path: str | os.PathLike[str] | None = None,
        on_finding: Callable[[Observation], object] | None = None,
    ) -> None:
        check_share("sample", sample)
        self._sample = sample
        self._recorder = Recorder(path, SPEC_DATE or SPEC_VERSION)
        self._statuses = StatusCounter()
        listener = None if on_finding is None else check_callback("on_finding", on_finding)
        self._task = CheckTask(self._recorder, self._statuses, listener)
        self._worker = CheckWorker(self._task)
        _fork.register(self)

    def after_fork(self) -> None:
        """Start without observations in a forked child: the parent saves its own."""
        self._recorder.reset()
        self._statuses.reset()
        self._task.checked = 0

    @property
    def observations(self) -> Observations:
        """What has been observed since the start of this process; `flush()` first, to wait for the last responses."""
        return self._recorder.get_observations()

    @property
    def counts(self) -> ResponseCounts:
        """How many responses there were, and how many of them were checked."""
        return ResponseCounts(
            self._statuses.get_counts(), self._task.checked, self._worker.dropped, self._recorder.dropped
        )

    def observe(self, operation: OperationInfo, status: int, headers: Mapping[str, str], body: bytes) -> None:
        """Take a response, to check it later. Clients call this; it returns at once and never raises.

        Args:
            operation: The operation of the request.
            status: The HTTP status.
            headers: The headers; their names may be looked up in lower case.
            body: The body as it came, decompressed.
        """
        try:
            is_first = self._statuses.count(operation.id, status)
            if random.random() < self._sample:  # noqa: S311 - not for cryptography
                response = ObservedResponse(
                    operation.id,
                    status,
                    body,
                    headers.get("content-type", ""),
                    headers.get("sunset"),
                    headers.get("deprecation"),
                )
                self._worker.submit(response)
            elif is_first:
                self._worker.request_status_check()
        except Exception as error:  # noqa: BLE001 - an observer must not end a call
            log_failure("%s: a response could not be observed: %s", operation.id, error)

    def flush(self, timeout: float | None = None) -> bool:
        """Wait until the queued responses have been checked, and write the file.

        Args:
            timeout: Seconds to wait; None for as long as it takes.

        Returns:
            False if the time was not enough, or in `on_finding`. True otherwise: all responses have been checked,
            except those that were dropped. The file is written in any case.

        Raises:
            ConfigurationError: The file cannot be read or written.
        """
        is_complete = self._worker.drain(timeout)
        self._recorder.save()
        return is_complete

    def close(self) -> None:
        """Check the responses so far, within 10 seconds, and write the file. Later responses are not observed.

        Raises:
            ConfigurationError: The file cannot be read or written.
        """
        try:
            self.flush(_CLOSE_TIMEOUT)
        finally:
            self._worker.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, exc_type: type[BaseException] | None, exc: BaseException | None, traceback: TracebackType | None
    ) -> None:
        try:
            self.close()
        except ConfigurationError as error:
            if exc is None:
                raise
            log_failure("%s: the observations could not be saved: %s", "observer", error)  # `exc` says more

    def __repr__(self) -> str:
        return f"Observer(sample={self._sample!r})"
