"""The life of a call without I/O: `call_flow` is sent what came of each step by hand."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from types import SimpleNamespace
from typing import Any

import attrs
import pytest
from gcore_iam import (
    AmbiguousOutcomeError,
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    AuthenticationError,
    ConfigurationError,
    DecodeError,
    IAMError,
    NotFoundError,
    RateLimitError,
    RetryPolicy,
    ServerError,
    events,
)
from gcore_iam import call as call_module
from gcore_iam import retry as retry_module
from gcore_iam.call import (
    MAX_RENEWALS,
    AttemptResult,
    Authorization,
    Authorize,
    CallContext,
    Deadline,
    Send,
    Sleep,
    Step,
    call_flow,
    start_deadline,
)
from gcore_iam.errors import CallCancelled
from gcore_iam.retry import Attempt, Effect

from .retry_table import OPERATIONS, Row, connection_error, each_cell, status_error, timeout_error

URL = "https://api.example.com/iam/things/5"
KEY = Authorization("APIKey 42_k")
REPEATABLE = [effect for effect in Effect if effect is not Effect.NON_IDEMPOTENT]


@attrs.frozen
class Operation:
    """An operation, as the flow sees it."""

    id: str
    method: str
    path: str = "/iam/things/{thingId}"
    requires_auth: bool = True
    success: tuple[int, ...] = (200,)


@attrs.define
class Clock:
    """A clock that stands still until it is moved."""

    now: float = 1000.0

    def monotonic(self) -> float:
        return self.now


@attrs.define
class FlowRun:
    """What a flow did: its steps, and how it ended.

    Attributes:
        steps: The steps, as they were yielded.
        response: What the flow returned.
        error: What the flow raised.
    """

    steps: list[Step]
    response: object = None
    error: BaseException | None = None

    @property
    def kinds(self) -> list[str]:
        """The names of the steps."""
        return [type(step).__name__ for step in self.steps]

    @property
    def sends(self) -> int:
        """How often the request was sent."""
        return self.kinds.count("Send")

    @property
    def delays(self) -> list[float]:
        """The seconds of each wait."""
        return [step.seconds for step in self.steps if isinstance(step, Sleep)]

    @property
    def sent_credentials(self) -> list[str | None]:
        """The credentials of each request."""
        sent = [step.authorization for step in self.steps if isinstance(step, Send)]
        return [None if authorization is None else authorization.value for authorization in sent]


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock of the flow; the fixture also makes each random delay the longest one."""
    clock = Clock()
    for module in (call_module, events):
        monkeypatch.setattr(module, "time", clock)
    monkeypatch.setattr(retry_module, "random", SimpleNamespace(uniform=lambda _, longest: longest))
    return clock


def make_call(effect: Effect = Effect.READ, policy: RetryPolicy | None = None, **settings: Any) -> CallContext:
    """The call of an operation with an effect."""
    operation = Operation(*OPERATIONS[effect], **settings.pop("operation", {}))
    return CallContext(operation, URL, policy or RetryPolicy(), **settings)


def respond(outcome: object) -> AttemptResult[Any]:
    """The result of an attempt: an error, or a response."""
    if isinstance(outcome, APIStatusError):
        return AttemptResult(None, outcome, outcome.status, "r-1")
    if isinstance(outcome, IAMError):
        return AttemptResult(None, outcome)
    return AttemptResult(outcome, None, 200, "r-1")


def run_flow(
    call: CallContext,
    outcomes: Iterable[object],
    *,
    authorizations: Iterable[object] = (),
    clock: Clock | None = None,
    attempt_seconds: float = 0,
    sleep: object = None,
) -> FlowRun:
    """Perform the steps of a flow by hand.

    Args:
        call: The call.
        outcomes: What came of each `Send`, in order: an error, or a response. Other exceptions are thrown in.
        authorizations: What came of each `Authorize`, in order; then the key, which cannot be renewed.
        clock: Moved by attempts and waits.
        attempt_seconds: How long each attempt takes.
        sleep: An exception that each wait raises.
    """
    sending, authorizing = iter(outcomes), iter(authorizations)
    flow, run = call_flow(call), FlowRun([])
    try:
        step = next(flow)
        while True:
            assert len(run.steps) < 100
            run.steps.append(step)
            result: object = None
            if isinstance(step, Authorize):
                result = next(authorizing, KEY if step.rejected is None else None)
            elif isinstance(step, Send):
                result = next(sending)
                if clock is not None:
                    clock.now += attempt_seconds
            else:
                result = sleep
                if clock is not None:
                    clock.now += step.seconds
            if isinstance(result, BaseException) and not (isinstance(step, Send) and isinstance(result, IAMError)):
                step = flow.throw(result)
            else:
                step = flow.send(respond(result) if isinstance(step, Send) else result)
    except StopIteration as end:
        run.response = end.value
    except BaseException as error:  # noqa: BLE001 - the tests look at it
        run.error = error
    return run


def repeat_error(build: Callable[[], IAMError]) -> Iterable[object]:
    """Build a new error for each attempt."""
    return iter(build, object())


# --- one attempt -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("effect", Effect)
def test_a_success_ends_the_call(effect: Effect) -> None:
    run = run_flow(make_call(effect), ["response"])
    assert (run.response, run.kinds) == ("response", ["Authorize", "Send"])
    assert run.sent_credentials == ["APIKey 42_k"]


def test_an_operation_without_credentials_gets_none() -> None:
    run = run_flow(make_call(operation={"requires_auth": False}), ["response"])
    assert (run.kinds, run.sent_credentials) == (["Send"], [None])


def test_a_client_without_credentials_sends_none() -> None:
    run = run_flow(make_call(), ["response"], authorizations=[None])
    assert (run.kinds, run.sent_credentials) == (["Authorize", "Send"], [None])


# --- the table -------------------------------------------------------------------------------------------------------


@each_cell
def test_each_row_ends_as_the_table_says(row: Row, effect: Effect) -> None:
    run = run_flow(make_call(effect, RetryPolicy(2)), repeat_error(row.build_error))
    decision = row.decide(effect)
    attempts = 3 if decision == "retry" else 1
    assert (run.sends, len(run.delays)) == (attempts, attempts - 1)
    error = run.error
    if decision == "ambiguous":
        assert isinstance(error, AmbiguousOutcomeError)
        assert error.attempts == 1
        error = error.__cause__
    assert isinstance(error, APIConnectionError | APIStatusError)
    assert type(error) is type(row.build_error())
    assert error.attempts == attempts


@each_cell
def test_each_retried_row_may_succeed_in_the_end(row: Row, effect: Effect) -> None:
    run = run_flow(make_call(effect), [row.build_error(), row.build_error(), row.build_error(), "response"])
    assert (run.response == "response") == (row.decide(effect) == "retry")


@pytest.mark.parametrize("retries", [0, 1, 3, 6])
def test_a_call_makes_its_retries_and_no_more(retries: int) -> None:
    run = run_flow(make_call(policy=RetryPolicy(retries)), repeat_error(lambda: status_error(502)))
    assert isinstance(run.error, ServerError)
    assert (run.sends, len(run.delays), run.error.attempts) == (retries + 1, retries, retries + 1)


def test_each_attempt_asks_for_credentials_anew() -> None:
    run = run_flow(make_call(), [status_error(502), "response"], authorizations=[KEY, Authorization("APIKey 43_k")])
    assert run.kinds == ["Authorize", "Send", "Sleep", "Authorize", "Send"]
    assert run.sent_credentials == ["APIKey 42_k", "APIKey 43_k"]
    assert all(step.rejected is None for step in run.steps if isinstance(step, Authorize))


def test_delays_are_those_of_the_policy() -> None:
    errors = [status_error(502), status_error(429, 61), timeout_error(sent=True), status_error(503, 0)]
    run = run_flow(make_call(policy=RetryPolicy(4)), [*errors, "response"])
    assert (run.response, run.delays) == ("response", [0.5, 61, 2, 0])


@pytest.mark.parametrize("effect", Effect)
def test_an_error_that_is_no_response_is_not_retried(effect: Effect) -> None:
    error = DecodeError("the body's content encoding is broken", operation="iamGetUser")
    run = run_flow(make_call(effect), [error])
    assert (run.error, run.sends) == (error, 1)


# --- ambiguous outcomes ----------------------------------------------------------------------------------------------


def test_an_ambiguous_outcome_names_operation_and_cause() -> None:
    cause = status_error(504)
    error = run_flow(make_call(Effect.NON_IDEMPOTENT), [cause]).error
    assert isinstance(error, AmbiguousOutcomeError)
    assert error.__cause__ is cause
    assert (error.operation, error.method, error.url) == ("iamCreateApiTokenV2", "POST", URL)
    assert "iamCreateApiTokenV2 may or may not have happened" in str(error)
    assert str(cause) in str(error)
    assert error.advice in str(error)


def test_a_write_may_fail_surely_and_then_ambiguously() -> None:
    outcomes = [status_error(429), connection_error(sent=False), connection_error(sent=True)]
    run = run_flow(make_call(Effect.NON_IDEMPOTENT), outcomes)
    assert isinstance(run.error, AmbiguousOutcomeError)
    assert (run.sends, run.error.attempts) == (3, 3)


def test_a_write_that_surely_failed_is_not_ambiguous() -> None:
    outcomes = [connection_error(sent=False), status_error(503, 1), status_error(409)]
    run = run_flow(make_call(Effect.NON_IDEMPOTENT), outcomes)
    assert (run.error, run.sends) == (outcomes[2], 3)


def test_a_later_sure_failure_leaves_the_outcome_ambiguous() -> None:
    policy = RetryPolicy(predicate=lambda _: True)
    outcomes = [status_error(504), status_error(429), status_error(429), status_error(429)]
    run = run_flow(make_call(Effect.NON_IDEMPOTENT, policy), outcomes)
    assert isinstance(run.error, AmbiguousOutcomeError)
    assert (run.sends, run.error.__cause__) == (4, outcomes[3])


@pytest.mark.parametrize("effect", REPEATABLE)
def test_what_may_be_repeated_is_never_ambiguous(effect: Effect) -> None:
    run = run_flow(make_call(effect, RetryPolicy(0)), [connection_error(sent=True)])
    assert type(run.error) is APIConnectionError


# --- deletions -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "first",
    [connection_error(sent=True), timeout_error(sent=True), status_error(502), status_error(503, 1), status_error(504)],
    ids=lambda error: type(error).__name__,
)
def test_a_404_after_a_deletion_that_may_have_run_is_done(first: IAMError, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "gcore_iam")
    run = run_flow(make_call(Effect.DELETE), [first, status_error(404)])
    assert (run.response, run.error, run.sends) == (None, None, 2)
    assert caplog.messages == [
        f"iamDeleteApiTokenV2 DELETE {URL}: an earlier attempt has deleted it, so this is a success"
    ]


def test_a_deletion_is_remembered_over_later_failures() -> None:
    outcomes = [connection_error(sent=True), status_error(429), connection_error(sent=False), status_error(404)]
    assert run_flow(make_call(Effect.DELETE), outcomes).error is None


@pytest.mark.parametrize("first", [connection_error(sent=False), status_error(429, 1), timeout_error(sent=False)])
def test_a_404_after_a_deletion_that_did_not_run_is_raised(first: IAMError) -> None:
    run = run_flow(make_call(Effect.DELETE), [first, status_error(404)])
    assert isinstance(run.error, NotFoundError)
    assert run.error.attempts == 2


def test_a_404_in_the_first_attempt_is_raised() -> None:
    run = run_flow(make_call(Effect.DELETE), [status_error(404)])
    assert isinstance(run.error, NotFoundError)


@pytest.mark.parametrize("status", [400, 403, 409, 410])
def test_other_statuses_after_a_deletion_are_raised(status: int) -> None:
    run = run_flow(make_call(Effect.DELETE), [connection_error(sent=True), status_error(status)])
    assert isinstance(run.error, APIStatusError)
    assert run.error.status == status


@pytest.mark.parametrize("effect", [Effect.READ, Effect.IDEMPOTENT])
def test_a_404_after_another_operation_is_raised(effect: Effect) -> None:
    run = run_flow(make_call(effect), [connection_error(sent=True), status_error(404)])
    assert isinstance(run.error, NotFoundError)


def test_a_deletion_without_a_known_success_raises_its_404() -> None:
    call = make_call(Effect.DELETE, operation={"success": ()})
    assert isinstance(run_flow(call, [connection_error(sent=True), status_error(404)]).error, NotFoundError)


# --- the predicate ---------------------------------------------------------------------------------------------------


def test_a_predicate_gets_each_failed_attempt() -> None:
    seen: list[Attempt] = []

    def is_conflict_or_timeout(attempt: Attempt) -> bool:
        seen.append(attempt)
        return isinstance(attempt.error, APITimeoutError) or getattr(attempt.error, "status", None) == 409

    outcomes = [status_error(409), timeout_error(sent=True), status_error(502)]
    run = run_flow(make_call(policy=RetryPolicy(predicate=is_conflict_or_timeout)), outcomes)
    assert (run.error, run.sends) == (outcomes[2], 3)
    assert [attempt.error for attempt in seen] == outcomes
    assert {(attempt.operation, attempt.method, attempt.effect) for attempt in seen} == {
        ("iamGetUser", "GET", Effect.READ)
    }
    assert [(attempt.number, attempt.may_have_run, attempt.retryable) for attempt in seen] == [
        (1, False, False),
        (2, True, True),
        (3, True, True),
    ]


def test_a_predicate_may_be_a_function_without_a_signature() -> None:
    """As some functions of C are: their arguments cannot be checked."""
    assert RetryPolicy(predicate=bool).predicate is bool


def test_a_predicate_may_repeat_a_write() -> None:
    policy = RetryPolicy(predicate=lambda _: True)
    run = run_flow(make_call(Effect.NON_IDEMPOTENT, policy), [status_error(504), "response"])
    assert (run.response, run.sends) == ("response", 2)


def test_a_predicate_that_returns_no_bool_ends_the_call() -> None:
    answer: Any = "no"
    run = run_flow(make_call(policy=RetryPolicy(predicate=lambda _: answer)), [status_error(502)])
    assert isinstance(run.error, ConfigurationError)
    assert run.sends == 1


# --- a 401 -----------------------------------------------------------------------------------------------------------


def tokens(*values: str, is_new: bool = False) -> list[Authorization]:
    """Access tokens; the last one may be new."""
    *first, last = values
    return [*(Authorization(value) for value in first), Authorization(last, is_new)]


def test_a_401_is_answered_with_a_new_token() -> None:
    call = make_call(policy=RetryPolicy(0))
    run = run_flow(call, [status_error(401), "response"], authorizations=tokens("old", "new", is_new=True))
    assert (run.response, run.kinds) == ("response", ["Authorize", "Send", "Authorize", "Send"])
    assert run.sent_credentials == ["old", "new"]
    rejected = [step.rejected for step in run.steps if isinstance(step, Authorize)]
    assert rejected == [None, Authorization("old")]


def test_a_401_for_a_new_token_is_final() -> None:
    outcomes = [status_error(401), status_error(401)]
    authorizations = [*tokens("old", "new", is_new=True), Authorization("newer")]
    run = run_flow(make_call(), outcomes, authorizations=authorizations)
    assert (run.error, run.sends, run.delays) == (outcomes[1], 2, [])
    assert outcomes[1].attempts == 1


def test_a_401_for_tokens_of_others_is_answered_three_times() -> None:
    run = run_flow(make_call(), repeat_error(lambda: status_error(401)), authorizations=tokens(*"abcdefgh"))
    assert isinstance(run.error, AuthenticationError)
    assert run.sent_credentials == ["a", "b", "c", "d"]
    assert run.kinds[-1] == "Send"
    assert MAX_RENEWALS == 3


def test_a_401_for_a_key_is_raised() -> None:
    run = run_flow(make_call(), [status_error(401)], authorizations=[KEY, None])
    assert isinstance(run.error, AuthenticationError)
    assert run.kinds == ["Authorize", "Send", "Authorize"]


def test_a_401_without_credentials_is_raised() -> None:
    for call in (make_call(operation={"requires_auth": False}), make_call()):
        run = run_flow(call, [status_error(401)], authorizations=[None])
        assert isinstance(run.error, AuthenticationError)
        assert run.kinds[-1] == "Send"


@pytest.mark.parametrize("status", [400, 403, 407])
def test_other_statuses_renew_nothing(status: int) -> None:
    assert run_flow(make_call(), [status_error(status)]).kinds == ["Authorize", "Send"]


def test_a_renewal_is_no_attempt() -> None:
    outcomes = [status_error(502), status_error(401), status_error(502), status_error(401), "response"]
    run = run_flow(make_call(policy=RetryPolicy(2)), outcomes, authorizations=tokens(*"abcdefgh"))
    assert run.response == "response"
    assert run.sent_credentials == ["a", "b", "c", "d", "e"]
    assert run.delays == [0.5, 1]


def test_a_write_is_sent_again_after_a_401() -> None:
    run = run_flow(make_call(Effect.NON_IDEMPOTENT), [status_error(401), "response"], authorizations=tokens("a", "b"))
    assert (run.response, run.sends) == ("response", 2)


def test_a_failed_login_ends_the_call() -> None:
    login_error = status_error(400)
    run = run_flow(make_call(Effect.NON_IDEMPOTENT), [], authorizations=[login_error])
    assert (run.error, run.kinds) == (login_error, ["Authorize"])
    run = run_flow(make_call(), [status_error(401)], authorizations=[KEY, login_error])
    assert (run.error, run.sends) == (login_error, 1)


# --- deadlines -------------------------------------------------------------------------------------------------------


def test_a_wait_that_ends_after_the_deadline_is_not_begun(clock: Clock) -> None:
    call = make_call(deadline=start_deadline(20, None))
    error = status_error(429, 30)
    run = run_flow(call, [error], clock=clock)
    assert (run.error, run.sends, run.delays) == (error, 1, [])
    cause = "not retried after attempt 1, because a wait of 30 s would end after the deadline of 20 s"
    assert str(error).endswith(f"; {cause}")


@pytest.mark.parametrize(("retry_after", "sends"), [(4.5, 2), (5.0, 1), (5.5, 1)])
def test_the_time_of_an_attempt_counts(retry_after: float, sends: int, clock: Clock) -> None:
    call = make_call(deadline=start_deadline(8, None))
    run = run_flow(call, [status_error(429, retry_after), "response"], clock=clock, attempt_seconds=3)
    assert (run.sends, len(run.delays)) == (sends, sends - 1)
    assert (run.response == "response") == (sends == 2)


def test_nothing_is_sent_after_the_deadline(clock: Clock) -> None:
    call = make_call(Effect.NON_IDEMPOTENT, deadline=start_deadline(2.5, None))
    clock.now += 2.5
    run = run_flow(call, [], clock=clock)
    assert isinstance(run.error, APITimeoutError)
    assert (run.kinds, run.error.sent, run.error.attempts) == (["Authorize"], False, 1)
    assert str(run.error) == f"POST {URL}: the deadline of 2.5 s has passed before anything was sent"
    assert (run.error.method, run.error.url) == ("POST", URL)


def test_a_login_may_use_up_the_deadline(clock: Clock) -> None:
    flow = call_flow(make_call(deadline=start_deadline(2, None)))
    assert isinstance(next(flow), Authorize)
    clock.now += 3
    with pytest.raises(APITimeoutError, match="before anything was sent"):
        flow.send(KEY)


def test_a_deadline_that_ends_a_write_is_ambiguous(clock: Clock) -> None:
    call = make_call(Effect.NON_IDEMPOTENT, deadline=start_deadline(2, None))
    run = run_flow(call, [timeout_error(sent=True)], clock=clock, attempt_seconds=2)
    assert isinstance(run.error, AmbiguousOutcomeError)


def test_a_deadline_far_away_changes_nothing(clock: Clock) -> None:
    outcomes = [status_error(502), status_error(502), status_error(502), "response"]
    bounded = run_flow(make_call(deadline=start_deadline(60, None)), outcomes, clock=clock)
    free = run_flow(make_call(), outcomes)
    assert (bounded.kinds, bounded.response, bounded.delays) == (free.kinds, free.response, free.delays)


def test_the_earlier_of_two_deadlines_counts(clock: Clock) -> None:
    outer = Deadline(10, clock.now + 10)
    assert start_deadline(None, None) is None
    assert start_deadline(None, outer) is outer
    assert start_deadline(11, outer) is outer
    assert start_deadline(10, outer) is outer
    assert start_deadline(4, outer) == Deadline(4, clock.now + 4)
    assert start_deadline(0, None) == Deadline(0, clock.now)


def test_of_an_outer_deadline_the_rest_counts(clock: Clock) -> None:
    outer = Deadline(10, clock.now + 10)
    clock.now += 8
    assert start_deadline(4, outer) is outer


def test_the_remaining_time_is_never_negative(clock: Clock) -> None:
    deadline = Deadline(2, clock.now + 2)
    assert deadline.remaining == 2
    clock.now += 5
    assert deadline.remaining == 0


# --- events ----------------------------------------------------------------------------------------------------------

NAMES = ("iamGetUser", "GET", "/iam/things/{thingId}", URL)


def record(
    outcomes: Iterable[object], clock: Clock, policy: RetryPolicy | None = None, **options: Any
) -> list[events.Event]:
    """The events of a call whose attempts take two seconds each."""
    seen: list[events.Event] = []
    call = make_call(policy=policy, emit=seen.append)
    run_flow(call, outcomes, clock=clock, attempt_seconds=2, **options)
    return seen


def test_a_call_reports_its_only_attempt(clock: Clock) -> None:
    assert record(["response"], clock) == [
        events.CallStarted(*NAMES),
        events.AttemptStarted(*NAMES, 1),
        events.AttemptFinished(*NAMES, 1, 200, "r-1", 2, None),
        events.CallFinished(*NAMES, 1, 200, "r-1", 2, None),
    ]


def test_the_time_of_a_listener_is_not_that_of_an_attempt(clock: Clock) -> None:
    seen: list[events.Event] = []

    def listen(event: events.Event) -> None:
        clock.now += 5
        seen.append(event)

    run_flow(make_call(emit=listen), ["response"], clock=clock, attempt_seconds=2)
    assert seen[2] == events.AttemptFinished(*NAMES, 1, 200, "r-1", 2, None)


def test_a_retry_is_reported_with_its_delay_and_reason(clock: Clock) -> None:
    assert record([status_error(429, 7), connection_error(sent=True), "response"], clock) == [
        events.CallStarted(*NAMES),
        events.AttemptStarted(*NAMES, 1),
        events.AttemptFinished(*NAMES, 1, 429, "r-1", 2, "RateLimitError"),
        events.RetryScheduled(*NAMES, 1, 3, 7, 429, "RateLimitError"),
        events.AttemptStarted(*NAMES, 2),
        events.AttemptFinished(*NAMES, 2, None, None, 2, "APIConnectionError"),
        events.RetryScheduled(*NAMES, 2, 3, 1, None, "APIConnectionError"),
        events.AttemptStarted(*NAMES, 3),
        events.AttemptFinished(*NAMES, 3, 200, "r-1", 2, None),
        events.CallFinished(*NAMES, 3, 200, "r-1", 14, None),
    ]


def test_a_failed_call_reports_its_error(clock: Clock) -> None:
    seen = record([status_error(404)], clock)
    assert seen[-1] == events.CallFinished(*NAMES, 1, 404, "r-1", 2, "NotFoundError")


def test_an_ambiguous_call_reports_what_it_raises() -> None:
    seen: list[events.Event] = []
    run_flow(make_call(Effect.NON_IDEMPOTENT, emit=seen.append), [status_error(504)])
    finished = seen[-1]
    assert isinstance(finished, events.CallFinished)
    assert (finished.status, finished.error) == (504, "AmbiguousOutcomeError")


def test_a_renewal_reports_two_requests_of_one_attempt(clock: Clock) -> None:
    seen = record([status_error(401), "response"], clock, authorizations=tokens("a", "b"))
    numbers = [event.attempt for event in seen if isinstance(event, events.AttemptStarted)]
    assert numbers == [1, 1]
    assert seen[-1] == events.CallFinished(*NAMES, 1, 200, "r-1", 4, None)


@pytest.mark.parametrize("error", [ZeroDivisionError(), asyncio.CancelledError(), KeyboardInterrupt()])
def test_an_attempt_that_raises_reports_its_end(error: BaseException, clock: Clock) -> None:
    seen = record([error], clock)
    assert seen[2:] == [
        events.AttemptFinished(*NAMES, 1, None, None, 2, type(error).__name__),
        events.CallFinished(*NAMES, 1, None, None, 2, type(error).__name__),
    ]


def test_a_failed_login_reports_no_attempt(clock: Clock) -> None:
    seen = record([], clock, authorizations=[status_error(400)])
    assert seen == [events.CallStarted(*NAMES), events.CallFinished(*NAMES, 0, None, None, 0, "BadRequestError")]


def test_a_cancelled_wait_ends_the_call(clock: Clock) -> None:
    seen = record([status_error(502)], clock, sleep=asyncio.CancelledError())
    assert [type(event) for event in seen[-2:]] == [events.RetryScheduled, events.CallFinished]
    assert seen[-1] == events.CallFinished(*NAMES, 1, 502, "r-1", 2.5, "CancelledError")


def test_an_attempt_after_the_deadline_is_reported() -> None:
    seen: list[events.Event] = []
    run_flow(make_call(emit=seen.append, deadline=start_deadline(0, None)), [])
    assert [type(event).__name__ for event in seen] == [
        "CallStarted", "AttemptStarted", "AttemptFinished", "CallFinished",
    ]  # fmt: skip
    assert seen[2] == events.AttemptFinished(*NAMES, 1, None, None, 0, "APITimeoutError")


def test_a_retried_error_is_not_reported_without_a_listener() -> None:
    assert run_flow(make_call(emit=None), [status_error(502), "response"]).response == "response"


def test_a_call_without_deadline_can_name_one_that_has_passed() -> None:
    error = make_call().build_deadline_error()
    assert str(error) == f"GET {URL}: the deadline of 0 s has passed before anything was sent"
    assert (error.method, error.url, error.sent) == ("GET", URL, False)


# --- requests of a pager ---------------------------------------------------------------------------------------------


@attrs.define
class Control:
    """Governs a call as a pager does.

    Attributes:
        checks: How often the flow may go on before the result is no longer wanted.
        rate_limits: How often it reported a 429.
    """

    checks: int = 100
    rate_limits: int = 0

    def check(self) -> None:
        self.checks -= 1
        if self.checks < 0:
            raise CallCancelled

    def report_rate_limit(self) -> None:
        self.rate_limits += 1


def test_an_unwanted_call_sends_nothing_more() -> None:
    run = run_flow(make_call(control=Control(checks=2)), repeat_error(lambda: status_error(502)))
    assert isinstance(run.error, CallCancelled)
    assert (run.sends, run.kinds[-1]) == (2, "Sleep")
    assert run_flow(make_call(control=Control(checks=0)), []).steps == []


def test_each_429_is_reported_to_the_pager() -> None:
    control = Control()
    outcomes = [status_error(429), status_error(503, 1), status_error(429, 1), "response"]
    run = run_flow(make_call(control=control), outcomes)
    assert (run.response, control.rate_limits, control.checks) == ("response", 2, 96)
    control = Control()
    run = run_flow(make_call(policy=RetryPolicy(0), control=control), [status_error(429)])
    assert isinstance(run.error, RateLimitError)
    assert control.rate_limits == 1


# --- secrets ---------------------------------------------------------------------------------------------------------


def test_steps_and_credentials_show_no_secret() -> None:
    secret = Authorization("Bearer t0ken-mark")
    assert "mark" not in repr([secret, Authorize(secret), Send(secret)])
