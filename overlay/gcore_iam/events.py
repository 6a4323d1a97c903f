"""The events that `IAMClient(on_event=…)` reports of each call: frozen classes without secrets.

The thread or task that makes a call also calls the callback, in the same context, with one event at a time. A
refresh or a change of password runs in a separate thread or task. Its events reach the callback after its end, in the
thread or task that waits for it. A caller that is interrupted reports them before it raises. A request for a page ahead
of the caller runs in a separate thread or task, in a copy of the pager's context. If the callback raises, the error is
logged and the call continues.

    CallStarted (AttemptStarted AttemptFinished [RetryScheduled])+ CallFinished

Times are seconds. `url_template` is the path of the spec with its parameters in braces, so that it holds no ids.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeAlias

import attrs

from ._operation_info import OperationInfo
from ._redaction import DEBUG, ERROR, INFO, logger, write_log


@attrs.frozen
class CallStarted:
    """A call begins.

    Attributes:
        operation: The `operationId`.
        method: The HTTP method.
        url_template: The path template of the operation, such as `/iam/users/{userId}`.
        url: The URL without its query and credentials.
    """

    operation: str
    method: str
    url_template: str
    url: str


@attrs.frozen
class AttemptStarted:
    """An attempt of a call begins; the request is about to be sent.

    Attributes:
        attempt: The number of the attempt, from 1.
    """

    operation: str
    method: str
    url_template: str
    url: str
    attempt: int


@attrs.frozen
class AttemptFinished:
    """An attempt ended, with a response or an error.

    Attributes:
        attempt: The number of the attempt, from 1.
        status: The HTTP status; None when no response came.
        request_id: The `X-Request-ID` of the response; None when it has none.
        duration: Seconds from the start of the attempt.
        error: The class of the error; None after a success.
    """

    operation: str
    method: str
    url_template: str
    url: str
    attempt: int
    status: int | None
    request_id: str | None
    duration: float
    error: str | None


@attrs.frozen
class RetryScheduled:
    """The call waits before its next attempt.

    Attributes:
        attempt: The number of the attempt that failed, from 1; also the number of the retry.
        retries: How many retries the policy allows.
        delay: Seconds until the next attempt.
        status: The HTTP status of the response that failed; None when no response came.
        error: The class of the error.
    """

    operation: str
    method: str
    url_template: str
    url: str
    attempt: int
    retries: int
    delay: float
    status: int | None
    error: str


@attrs.frozen
class CallFinished:
    """A call ended, with a response or an error.

    Attributes:
        attempts: How many attempts the call made.
        status: The HTTP status of the last response; None when the last attempt had none.
        request_id: The `X-Request-ID` of the last response; None when it has none.
        duration: Seconds from the start of the call, waits included.
        error: The class of the error that the call raises; None after a success.
    """

    operation: str
    method: str
    url_template: str
    url: str
    attempts: int
    status: int | None
    request_id: str | None
    duration: float
    error: str | None


@attrs.frozen
class TokensRefreshed:
    """A session has new tokens, and has stored them.

    Attributes:
        operation: What issued them: "iamRefreshToken", "iamLoginUser", "iamSelectAccount" or "iamChangePassword".
    """

    operation: str


@attrs.frozen
class PageRead:
    """A pager returns a page.

    Attributes:
        operation: The `operationId`.
        number: The number of the page in this iteration, from 1.
        offset: The position of its first item in the list, from 0.
        items: How many of its items no earlier page had.
        total: How many items the list has, according to the server; None if it sent no count.
    """

    operation: str
    number: int
    offset: int
    items: int
    total: int | None


Event: TypeAlias = (
    CallStarted | AttemptStarted | AttemptFinished | RetryScheduled | CallFinished | TokensRefreshed | PageRead
)
"""Any event."""

Emit: TypeAlias = Callable[[Event], None]


class CallReporter:
    """Builds the events of one call, and emits them. The constructor emits the start of the call.

    Args:
        operation: The operation of the call.
        url: The URL without its query and credentials.
        emit: Called with each event.

    The methods take an error as the name of its class.
    """

    def __init__(self, operation: OperationInfo, url: str, emit: Emit) -> None:
        self._call_fields = (operation.id, operation.method, operation.path, url)
        self._emit = emit
        self._attempt = 0
        self._call_start = self._attempt_start = time.monotonic()
        emit(CallStarted(*self._call_fields))

    def start_attempt(self, attempt: int) -> None:
        """Emit `AttemptStarted`."""
        self._attempt = attempt
        self._emit(AttemptStarted(*self._call_fields, attempt))
        self._attempt_start = time.monotonic()

    def finish_attempt(self, status: int | None, request_id: str | None, error: str | None) -> None:
        """Emit `AttemptFinished`."""
        duration = time.monotonic() - self._attempt_start
        self._emit(AttemptFinished(*self._call_fields, self._attempt, status, request_id, duration, error))

    def schedule_retry(self, retries: int, delay: float, status: int | None, error: str) -> None:
        """Emit `RetryScheduled`."""
        self._emit(RetryScheduled(*self._call_fields, self._attempt, retries, delay, status, error))

    def finish_call(self, status: int | None, request_id: str | None, error: str | None) -> None:
        """Emit `CallFinished`."""
        duration = time.monotonic() - self._call_start
        self._emit(CallFinished(*self._call_fields, self._attempt, status, request_id, duration, error))


def build_emit(on_event: Callable[[Event], object] | None) -> Emit:
    """Build the function that reports events to the log and to the user's callback, if there is one."""
    if on_event is None:
        return log_event

    def emit(event: Event) -> None:
        log_event(event)
        call_listener(on_event, event)

    return emit


def call_listener(on_event: Callable[[Event], object], event: Event) -> None:
    """Call the user's callback; log what it raises."""
    try:
        on_event(event)
    except Exception as error:  # noqa: BLE001 - the user's code must not end the call
        name = type(event).__name__
        write_log(logger, ERROR, "%s: on_event raised for %s; the call goes on", event.operation, name, error=error)


def log_event(event: Event) -> None:
    """Write the log line of an event: attempts at DEBUG, retries at INFO."""
    if isinstance(event, AttemptFinished):
        write_log(
            logger,
            DEBUG,
            "%s %s %s: %s in %.0f ms, attempt %d, request id %s",
            event.operation,
            event.method,
            event.url,
            event.error if event.status is None else event.status,
            event.duration * 1000,
            event.attempt,
            event.request_id,
        )
    elif isinstance(event, RetryScheduled):
        write_log(
            logger,
            INFO,
            "%s %s %s: retry %d of %d in %.2f s, after %s",
            event.operation,
            event.method,
            event.url,
            event.attempt,
            event.retries,
            event.delay,
            event.error if event.status is None else event.status,
        )
