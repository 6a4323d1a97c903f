"""Decides which failed attempts are retried, and after how long.

The decision depends on the effect of an operation: what it does when it runs twice.

| effect | operations | retried after |
|---|---|---|
| READ | GET | no connection, a broken one, a timeout, 429, 502, 503, 504 |
| IDEMPOTENT | PUT of a role, PATCH of a user | the same |
| DELETE | DELETE | the same; a 404 after an attempt that may have worked is a success |
| NON_IDEMPOTENT | other POST, PUT, PATCH | only if it certainly did not run: no connection, 429, 503 with Retry-After |

A NON_IDEMPOTENT call that may have run raises AmbiguousOutcomeError, also after a 408 and after most statuses from 500.
"""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from enum import Enum

import attrs

from ._validation import check_callback, check_callback_async, check_instance, check_int, check_seconds
from .errors import APIConnectionError, APIStatusError

Sleep = Callable[[float], "Awaitable[object] | object"]


class Effect(Enum):
    """What an operation does when it runs twice."""

    READ = "read"
    IDEMPOTENT = "idempotent write"
    DELETE = "delete"
    NON_IDEMPOTENT = "write that is not idempotent"


IDEMPOTENT_WRITES = frozenset({"iamUpdateClientUserRole", "iamUpdateUser"})
"""Writes that set the same values again when they are repeated, as the spec says."""

_BY_METHOD = {"GET": Effect.READ, "HEAD": Effect.READ, "OPTIONS": Effect.READ, "DELETE": Effect.DELETE}

_TRANSIENT = frozenset({429, 502, 503, 504})
"""Statuses of temporary failures."""


_NOT_RUN = frozenset({501, 505, 511})
"""Statuses from 500 that mean that the operation did not run (RFC 9110, RFC 6585)."""


def find_effect(operation: str, method: str) -> Effect:
    """Return the effect of an operation; a write that is not in the spec counts as not idempotent.

    Args:
        operation: The `operationId`, or anything else for a request that is not in the spec.
        method: The HTTP method, in capitals.
    """
    return Effect.IDEMPOTENT if operation in IDEMPOTENT_WRITES else _BY_METHOD.get(method, Effect.NON_IDEMPOTENT)


def is_repeatable(operation: str, method: str) -> bool:
    """Return whether an operation does the same when it runs twice."""
    return find_effect(operation, method) is not Effect.NON_IDEMPOTENT


def describe_success(operation: str, method: str) -> str:
    """Return what to add to an error message about an unreadable success; empty if the operation may be repeated."""
    if is_repeatable(operation, method):
        return ""
    return "; the server says that the work is done, so do not repeat it, but look what there is"


@attrs.frozen
class Attempt:
    """One failed attempt, as `RetryPolicy.predicate` gets it.

    Attributes:
        operation: The `operationId`; the path of a request that is not in the spec.
        method: The HTTP method.
        effect: What the operation does when it runs twice.
        number: Which attempt it was, from 1.
        error: The error of the attempt.
        may_have_run: Whether the operation may have run although the attempt failed.
        retryable: Whether the table in `gcore_iam.retry` allows a retry.
    """

    operation: str
    method: str
    effect: Effect
    number: int
    error: APIConnectionError | APIStatusError
    may_have_run: bool
    retryable: bool


@attrs.frozen
class RetryPolicy:
    """Says how many times a call is retried, after which errors, and after how long.

    The n-th retry follows after a random time of up to `base * 2 ** (n - 1)` seconds, at most `cap` ("full jitter"). If
    the response has a `Retry-After`, the retry follows after exactly that time.

    Args:
        retries: Attempts after the first one, 0 or more.
        base: Seconds, 0 or more.
        cap: Seconds, 0 or more.
        deadline: Seconds, 0 or more, for all attempts of one call, the time between them, and a login that it needs;
            None for no bound. The deadline ends a running attempt. If the wait for a retry would end after it, the call
            raises its error at once. Over an `http_client` or `transport` of yours, sync code can only bound each read
            and write, and check the time between the parts of a body. Sync code cannot interrupt the lookup of a host.
            The deadline does not end a refresh of session tokens; a call sends nothing after a refresh that ends late.
        predicate: Decides instead of the table whether to retry, as long as retries are left. It gets an `Attempt`,
            whose `retryable` is the decision of the table.
        sleep: Called with the number of seconds to wait; for tests. In async code it may be a coroutine function. None
            for `time.sleep`, or `anyio.sleep` in async code.

    Raises:
        ConfigurationError: An argument is out of its range.

    Source: RFC 9110, sections 9.2.2 and 10.2.3; "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
    """

    retries: int = 3
    base: float = attrs.field(default=0.5, kw_only=True)
    cap: float = attrs.field(default=8.0, kw_only=True)
    deadline: float | None = attrs.field(default=None, kw_only=True)
    predicate: Callable[[Attempt], bool] | None = attrs.field(default=None, kw_only=True)
    sleep: Sleep | None = attrs.field(default=None, kw_only=True)

    def __attrs_post_init__(self) -> None:
        check_int("retries", self.retries, 0, alternative="a RetryPolicy, or ")
        check_seconds("base", self.base)
        check_seconds("cap", self.cap)
        if self.deadline is not None:
            check_seconds("deadline", self.deadline)
        if self.predicate is not None:
            check_callback("predicate", self.predicate)
        if self.sleep is not None:
            check_callback_async("sleep", self.sleep)

    @classmethod
    def of(cls, value: RetryPolicy | int | None) -> RetryPolicy:
        """Convert the `retries` argument of a client: a policy, a number of retries, or None for the default.

        Raises:
            ConfigurationError: It is none of these.
        """
        if isinstance(value, RetryPolicy):
            return value
        return cls() if value is None else cls(value)


def may_have_run(error: APIConnectionError | APIStatusError) -> bool:
    """Return whether an operation may have run although its attempt failed with this error."""
    if isinstance(error, APIConnectionError):
        return error.sent
    if error.status == 503:
        return error.retry_after is None
    return error.status == 408 or (error.status >= 500 and error.status not in _NOT_RUN)


def may_have_deleted(error: APIConnectionError | APIStatusError) -> bool:
    """Return whether a delete may have worked although its attempt failed: even with a 503 with Retry-After."""
    return error.sent if isinstance(error, APIConnectionError) else error.status >= 500


def is_missing(operation: str, method: str, error: APIConnectionError | APIStatusError) -> bool:
    """Return whether an error says that what a delete is for does not exist: a success if an earlier attempt ran."""
    status = error.status if isinstance(error, APIStatusError) else None
    return status == 404 and find_effect(operation, method) is Effect.DELETE


def is_retryable(effect: Effect, error: APIConnectionError | APIStatusError) -> bool:
    """Return whether the table at the top of this module allows a retry."""
    is_transient = isinstance(error, APIConnectionError) or error.status in _TRANSIENT
    return is_transient and not (effect is Effect.NON_IDEMPOTENT and may_have_run(error))


def retry_delay(
    policy: RetryPolicy, operation: str, method: str, number: int, error: APIConnectionError | APIStatusError
) -> float | None:
    """Decide whether to retry after a failed attempt, and how long to wait before.

    Args:
        policy: The retry policy of the call.
        operation: The `operationId`.
        method: The HTTP method.
        number: Which attempt failed, from 1.
        error: The error of the attempt.

    Returns:
        Seconds to wait before the next attempt; None for no retry.

    Raises:
        ConfigurationError: The predicate of the policy returns neither True nor False.
    """
    effect = find_effect(operation, method)
    is_retried = is_retryable(effect, error)
    if policy.predicate is not None:
        attempt = Attempt(operation, method, effect, number, error, may_have_run(error), is_retried)
        decision: object = policy.predicate(attempt)
        check_instance("predicate", decision, bool, "True or False", verb="return")  # a coroutine would count as True
        is_retried = decision is True
    if not is_retried or number > policy.retries:
        return None
    retry_after = getattr(error, "retry_after", None)
    if retry_after is not None:
        return float(retry_after)
    longest = min(policy.cap, policy.base * 2 ** min(number - 1, 60))
    return random.uniform(0, longest)  # noqa: S311 - jitter
