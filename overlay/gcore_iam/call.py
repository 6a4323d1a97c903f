"""Decides what a call does, without I/O: what to send, when to renew credentials, when to retry, what to raise.

`call_flow` is a generator. It yields each step, receives the result of the step by `send`, and returns the response or
raises. A driver (`gcore_iam.aio.driver`, `gcore_iam.sync.driver`) performs the steps:

| step | what the driver does | what it sends back |
|---|---|---|
| `Authorize` | gets the value of the `Authorization` header | an `Authorization`, or None for no header |
| `Send` | sends the request once and reads the response | an `AttemptResult` |
| `Sleep` | waits | None |

The driver throws the exception of a failed step into the generator. This module reads no request and no response.
"""

from __future__ import annotations

import time
from collections.abc import Generator
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeAlias, TypeVar

import attrs

from ._redaction import INFO, logger, write_log
from .errors import AmbiguousOutcomeError, APIConnectionError, APIStatusError, APITimeoutError, IAMError, RateLimitError
from .retry import RetryPolicy, is_missing, is_repeatable, may_have_deleted, may_have_run, retry_delay

if TYPE_CHECKING:
    from ._operation_info import OperationInfo
    from .events import CallReporter, Emit

R = TypeVar("R")

MAX_RENEWALS = 3
"""How many times one attempt is sent again after a 401, each time with other tokens."""


@attrs.frozen
class Deadline:
    """The end of a call.

    Attributes:
        seconds: How long the call may take; for messages.
        at: When it ends, by `time.monotonic()`.
    """

    seconds: float
    at: float

    @property
    def remaining(self) -> float:
        """Seconds until the end, 0 or more."""
        return max(0.0, self.at - time.monotonic())


def start_deadline(seconds: float | None, outer: Deadline | None) -> Deadline | None:
    """Start the deadline of a call, no later than that of an outer call.

    Args:
        seconds: How long the call may take; None for no bound except `outer`.
        outer: The deadline of the call that needs this one, such as a login; None for none.

    Returns:
        The earlier of the two; None for no bound.
    """
    if outer is not None and (seconds is None or outer.remaining <= seconds):
        return outer
    return None if seconds is None else Deadline(seconds, time.monotonic() + seconds)


class CallControl(Protocol):
    """Lets a pager cancel and slow down the requests that it sends ahead of its caller."""

    def check(self) -> None:
        """Raise CallCancelled if the result is no longer wanted."""

    def report_rate_limit(self) -> None:
        """Report a 429 to the pager. The thread or task of the request calls this."""


@attrs.define(eq=False, repr=False)
class CallContext:
    """Everything that a call needs apart from its request.

    Attributes:
        operation: The operation of the spec.
        url: The URL without its query and credentials; for messages and events.
        policy: When to retry.
        deadline: The end of the call; None for no bound.
        emit: Reports events; None when there is no listener.
        control: Lets a pager cancel the call and slow it down; None for a call that a user makes.
    """

    operation: OperationInfo
    url: str
    policy: RetryPolicy
    deadline: Deadline | None = None
    emit: Emit | None = None
    control: CallControl | None = None

    def build_reporter(self, emit: Emit) -> CallReporter:
        """Emit the start of the call, and build the reporter of its other events."""
        from .events import CallReporter

        return CallReporter(self.operation, self.url, emit)

    def build_deadline_error(self) -> APITimeoutError:
        """Build the error for an attempt that was not sent because the deadline had passed."""
        seconds = 0.0 if self.deadline is None else self.deadline.seconds
        method = self.operation.method
        message = f"{method} {self.url}: the deadline of {seconds:.3g} s has passed before anything was sent"
        return APITimeoutError(message, method=method, url=self.url, sent=False)

    def build_ambiguous_error(self, error: APIConnectionError | APIStatusError) -> AmbiguousOutcomeError:
        """Build the error for a write that may have run, from the error of its last attempt."""
        return AmbiguousOutcomeError(
            str(error),
            operation=self.operation.id,
            method=self.operation.method,
            url=self.url,
            attempts=error.attempts,
            status=getattr(error, "status", None),
            request_id=getattr(error, "request_id", None),
        )


@attrs.frozen
class Authorization:
    """The value of the `Authorization` header, a secret.

    Attributes:
        value: The whole value, scheme included.
        is_new: Whether it was issued for this call. A 401 for it is final.
    """

    value: str = attrs.field(repr=False)
    is_new: bool = False


@attrs.define(eq=False, repr=False)
class Authorize:
    """Step: get credentials. `rejected` holds those that the API has just rejected; None before the first request."""

    rejected: Authorization | None = None


@attrs.define(eq=False, repr=False)
class Send:
    """Step: send the request once. `authorization` is None for a request without credentials."""

    authorization: Authorization | None


@attrs.define(eq=False, repr=False)
class Sleep:
    """Step: wait before the next attempt."""

    seconds: float


Step: TypeAlias = Authorize | Send | Sleep

_AUTHORIZE = Authorize()


@attrs.define(eq=False, repr=False)
class AttemptResult(Generic[R]):
    """The result of one attempt: a success, or an error.

    Attributes:
        response: The response, when it is a success.
        error: The error; None for a success.
        status: The HTTP status; None when no response came.
        request_id: The `X-Request-ID` of the response.
    """

    response: R | None
    error: IAMError | None = None
    status: int | None = None
    request_id: str | None = None


def call_flow(call: CallContext) -> Generator[Step, Any, Any]:
    """Decide step by step what a call does.

    Args:
        call: Everything that the call needs apart from its request.

    Returns:
        The response of the attempt that succeeded; None for a deletion that an earlier attempt has done.

    Raises:
        APIConnectionError: No response came.
        APIStatusError: The response is not a success.
        AmbiguousOutcomeError: The outcome of a write that must not be repeated is unknown.
        IAMError: Any other failure of a step.

    Source: the table in `gcore_iam.retry`; RFC 9110, section 9.2.2.
    """
    operation, policy, deadline, control = call.operation, call.policy, call.deadline, call.control
    result = AttemptResult[Any](None)
    number = 0
    may_be_deleted = is_unclear = False
    failure: str | None = None
    reporter = None if call.emit is None else call.build_reporter(call.emit)
    try:
        while True:
            number += 1
            if control is not None:
                control.check()
            authorization = (yield _AUTHORIZE) if operation.requires_auth else None
            renewals = 0
            while True:
                if reporter is not None:
                    reporter.start_attempt(number)
                try:
                    if deadline is not None and not deadline.remaining:
                        result = AttemptResult(None, call.build_deadline_error())
                    else:
                        result = yield Send(authorization)
                except BaseException as raised:  # a cancellation, or an error in a hook of the user's httpx client
                    if reporter is not None:
                        reporter.finish_attempt(None, None, type(raised).__name__)
                    raise
                if reporter is not None:
                    cause = None if result.error is None else type(result.error).__name__
                    reporter.finish_attempt(result.status, result.request_id, cause)
                if result.error is None:
                    return result.response
                if result.status != 401 or authorization is None or authorization.is_new or renewals == MAX_RENEWALS:
                    break
                renewed = yield Authorize(authorization)
                if renewed is None:
                    break
                authorization = renewed
                renewals += 1
            error = result.error
            assert error is not None  # noqa: S101 - a success has been returned
            if not isinstance(error, APIConnectionError | APIStatusError):
                raise error
            error.attempts = number
            if isinstance(error, RateLimitError) and control is not None:
                control.report_rate_limit()
            if may_be_deleted and operation.success and is_missing(operation.id, operation.method, error):
                template = "%s %s %s: an earlier attempt has deleted it, so this is a success"
                write_log(logger, INFO, template, operation.id, operation.method, call.url)
                return None
            may_be_deleted = may_be_deleted or may_have_deleted(error)
            is_unclear = is_unclear or may_have_run(error)
            delay = retry_delay(policy, operation.id, operation.method, number, error)
            if delay is not None and deadline is not None and delay >= deadline.remaining:
                if deadline.remaining or not isinstance(error, APITimeoutError):  # else the message has the deadline
                    wait = f"a wait of {delay:.3g} s would end after the deadline of {deadline.seconds:.3g} s"
                    error.add_advice(f"not retried after attempt {number}, because {wait}")
                delay = None
            if delay is None and is_unclear and not is_repeatable(operation.id, operation.method):
                raise call.build_ambiguous_error(error) from error
            if delay is None:
                raise error
            if reporter is not None:
                reporter.schedule_retry(policy.retries, delay, result.status, type(error).__name__)
            yield Sleep(delay)
    except BaseException as error:
        failure = type(error).__name__
        raise
    finally:
        if reporter is not None:
            reporter.finish_call(result.status, result.request_id, failure)
