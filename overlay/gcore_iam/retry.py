"""What is tried again, and when. It sees outcomes, never requests; waiting is left to tenacity.

What may be repeated depends on what an operation does when it runs twice:

| effect | operations | repeated after |
|---|---|---|
| READ | GET | no connection, a broken one, a timeout, 429, 502, 503, 504 |
| IDEMPOTENT | PUT of a role, PATCH of a user | the same |
| DELETE | DELETE | the same; a 404 after an attempt that may have worked is a success |
| ONCE | every other POST, PUT and PATCH | only if it surely did not run: no connection, 429, 503 with Retry-After |

A ONCE that may have run ends with an AmbiguousOutcomeError, also after a 408, a 500 or what a gateway has of its own.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterable
from enum import Enum
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import attrs

from .auth.waiting import check_taker, check_taker_async
from .errors import (
    AmbiguousOutcomeError,
    APIConnectionError,
    APIStatusError,
    ConfigurationError,
    IAMError,
)

if TYPE_CHECKING:
    import tenacity

R = TypeVar("R")

Sleep = Callable[[float], "Awaitable[object] | object"]


class Effect(Enum):
    """What an operation does when it runs twice."""

    READ = "read"
    IDEMPOTENT = "idempotent write"
    DELETE = "delete"
    ONCE = "write that is not idempotent"


REPEATABLE = frozenset({"iamUpdateClientUserRole", "iamUpdateUser"})
"""Writes that set the same values again when they are repeated, as the API's description says."""

_BY_METHOD = {"GET": Effect.READ, "HEAD": Effect.READ, "OPTIONS": Effect.READ, "DELETE": Effect.DELETE}

_PASSING = frozenset({429, 502, 503, 504})
"""Statuses that may be gone a moment later."""


_NOT_RUN = frozenset({501, 505, 511})
"""Server errors that say that the operation did not run (RFC 9110, RFC 6585)."""


def effect_of(operation: str, method: str) -> Effect:
    """What an operation does when it runs twice; one that nothing is known about is not repeated.

    Args:
        operation: The `operationId`, or anything else for a request that is none of the description's.
        method: The HTTP method, in capitals.
    """
    return Effect.IDEMPOTENT if operation in REPEATABLE else _BY_METHOD.get(method, Effect.ONCE)


@attrs.frozen
class Attempt:
    """One failed attempt, for a predicate of one's own.

    Attributes:
        operation: The `operationId`; the path of a request that is none of the description's.
        method: The HTTP method.
        effect: What the operation does when it runs twice.
        number: Which attempt it was, from 1.
        error: What went wrong.
        may_have_run: Whether the operation may have run all the same.
        retryable: Whether it would be tried again without the predicate.
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
    """How often, how long and after what a call is tried again.

    Before the n-th retry passes a random time of up to `base * 2 ** (n - 1)` seconds, at most `cap` ("full jitter"),
    or what the server asks for by `Retry-After`, whatever its size.

    Args:
        retries: Attempts after the first one, 0 or more.
        base: Seconds, 0 or more.
        cap: Seconds, 0 or more.
        deadline: Seconds, 0 or more, for all attempts of one call, the time between them, and a login that it needs;
            None for no bound. It ends an attempt wherever it is, and a wait that would end after it is not begun: the
            error is raised at once. Over an `http_client` or `transport` of yours, sync code can only bound each read
            and write, and check between the parts of a body. Looking up a host cannot be interrupted in sync code. A
            refresh of session tokens is not cut short, and nothing is sent when it ends too late.
        predicate: Decides instead of the table whether to try again, as long as there are retries left. It gets an
            `Attempt`, whose `retryable` is what the table says.
        sleep: Passes a number of seconds; for tests. In async code it may be a coroutine function. None for the real
            thing.

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
        if isinstance(self.retries, bool) or not isinstance(self.retries, int) or self.retries < 0:
            raise ConfigurationError("retries must be a RetryPolicy, or a whole number of 0 or more")
        for name in ("base", "cap", "deadline"):
            value = getattr(self, name)
            if name == "deadline" and value is None:
                continue
            if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < float("inf"):
                raise ConfigurationError(f"{name} must be a number of seconds, 0 or more")
        if self.predicate is not None:
            check_taker("predicate", self.predicate)
        if self.sleep is not None:
            check_taker_async("sleep", self.sleep)

    @classmethod
    def of(cls, value: RetryPolicy | int | None) -> RetryPolicy:
        """A policy from what a client takes as `retries`: itself, a number of retries, or None for the default.

        Raises:
            ConfigurationError: It is none of these.
        """
        if isinstance(value, RetryPolicy):
            return value
        return cls() if value is None else cls(value)


def may_have_run(error: APIConnectionError | APIStatusError) -> bool:
    """Whether the operation may have run although this went wrong."""
    if isinstance(error, APIConnectionError):
        return error.sent
    if error.status == 503:
        return error.retry_after is None
    return error.status == 408 or (error.status >= 500 and error.status not in _NOT_RUN)


def is_retryable(effect: Effect, error: APIConnectionError | APIStatusError) -> bool:
    """Whether the table at the top of this module says to try again."""
    passing = isinstance(error, APIConnectionError) or error.status in _PASSING
    return passing and not (effect is Effect.ONCE and may_have_run(error))


@attrs.define(eq=False)
class Outcome(Generic[R]):
    """What one attempt brought: an answer that is a success, or an error."""

    response: R | None = None
    error: IAMError | None = None


@attrs.define(eq=False)
class Call(Generic[R]):
    """The attempts of one call, and what becomes of them."""

    policy: RetryPolicy
    operation: str
    method: str
    url: str
    """Without its query."""
    outer: Call[R] | None = attrs.field(default=None, repr=False)
    """The call that this one is made for."""
    secrets: Callable[[], Iterable[str]] = attrs.field(default=tuple, repr=False)
    """Gives what nothing that this call shows may contain."""
    effect: Effect = attrs.field(init=False)
    budget: float | None = attrs.field(init=False)
    """Seconds for all attempts; None for no bound."""
    started: float = attrs.field(init=False, factory=time.monotonic)
    attempts: int = attrs.field(init=False, default=0)
    _may_have_run: bool = attrs.field(init=False, default=False)
    _is_unclear: bool = attrs.field(init=False, default=False)

    def __attrs_post_init__(self) -> None:
        self.effect = effect_of(self.operation, self.method)
        bounds = [self.policy.deadline, None if self.outer is None else self.outer.remaining]
        self.budget = min((bound for bound in bounds if bound is not None), default=None)

    @property
    def deadline(self) -> float | None:
        """When the last attempt must have ended, by `time.monotonic()`; None without a bound."""
        return None if self.budget is None else self.started + self.budget

    @property
    def remaining(self) -> float | None:
        """Seconds until the deadline, 0 or more; None without one."""
        return None if self.deadline is None else max(0.0, self.deadline - time.monotonic())

    def settings(self, retrying: Callable[[tenacity.RetryCallState], None]) -> dict[str, object]:
        """The arguments of `tenacity.Retrying` and `tenacity.AsyncRetrying`, but for `sleep`.

        Args:
            retrying: Told before each wait.
        """
        import tenacity  # here: nothing is tried again in most processes, and loading it takes as long as a few calls

        return {
            "retry": tenacity.retry_if_result(self._wants_retry),
            "stop": self._has_no_retry_left,
            "wait": self._wait,
            "before_sleep": retrying,
            "retry_error_callback": self._give_up,
        }

    def _wants_retry(self, outcome: Outcome[R]) -> bool:
        error = outcome.error
        if not isinstance(error, APIConnectionError | APIStatusError):
            return False
        self._is_unclear = self._is_unclear or may_have_run(error)
        # Not `may_have_run`: what a gateway says of a Retry-After is good enough to repeat, not to call a 404 an error.
        unsure = error.sent if isinstance(error, APIConnectionError) else error.status >= 500
        self._may_have_run = self._may_have_run or unsure
        retryable = is_retryable(self.effect, error)
        if self.policy.predicate is not None:
            retryable = _decided(
                self.policy.predicate,
                Attempt(self.operation, self.method, self.effect, self.attempts, error, may_have_run(error), retryable),
            )
        return retryable

    def _wait(self, state: tenacity.RetryCallState) -> float:
        asked = getattr(_last(state).error, "retry_after", None)
        if asked is not None:
            return float(asked)
        import tenacity

        return tenacity.wait_random_exponential(multiplier=self.policy.base, max=self.policy.cap)(state)

    def _has_no_retry_left(self, state: tenacity.RetryCallState) -> bool:
        """Return whether the next attempt would be one too many, or would begin after the deadline."""
        is_too_late = self.remaining is not None and state.upcoming_sleep >= self.remaining
        return state.attempt_number > self.policy.retries or is_too_late

    def _give_up(self, state: tenacity.RetryCallState) -> Outcome[R]:
        outcome: Outcome[R] = _last(state)
        if self.budget is not None and self.attempts <= self.policy.retries and outcome.error is not None:
            outcome.error.add_note(
                f"Not tried again: {state.upcoming_sleep:.3g} s more would have passed "
                f"the deadline of {self.budget:.3g} s."
            )
        return outcome

    @property
    def is_gone(self) -> bool:
        """Whether a 404 means that an earlier attempt of this deletion worked."""
        return self.effect is Effect.DELETE and self._may_have_run and self.attempts > 1

    def failure(self, error: IAMError) -> IAMError:
        """What to raise for the error of the last attempt."""
        if isinstance(error, APIConnectionError | APIStatusError):
            error.attempts = self.attempts
            if self.effect is Effect.ONCE and self._is_unclear:
                return AmbiguousOutcomeError(
                    str(error),
                    operation=self.operation,
                    method=self.method,
                    url=self.url,
                    attempts=self.attempts,
                )
        return error


def _decided(predicate: Callable[[Attempt], bool], attempt: Attempt) -> bool:
    decision = predicate(attempt)
    if not isinstance(decision, bool):  # a coroutine, for instance, would count as True
        raise ConfigurationError(f"predicate must give True or False, not {type(decision).__name__}")
    return decision


def _last(state: tenacity.RetryCallState) -> Outcome[Any]:
    outcome = state.outcome
    assert outcome is not None  # noqa: S101 - tenacity asks after an attempt
    result: Outcome[Any] = outcome.result()
    return result
