"""The retry table, the policy and the delays: pure functions, without a client."""

from __future__ import annotations

import pkgutil
import random
from collections.abc import Callable
from importlib import import_module
from types import SimpleNamespace
from typing import Any

import gcore_iam_client.api
import pytest
from gcore_iam import APIConnectionError, APIStatusError, ConfigurationError, IAMClient, RetryPolicy
from gcore_iam import retry as retry_module
from gcore_iam.retry import (
    IDEMPOTENT_WRITES,
    Attempt,
    Effect,
    describe_success,
    find_effect,
    is_retryable,
    may_have_deleted,
    may_have_run,
    retry_delay,
)

from .retry_table import OPERATIONS, ROWS, Row, connection_error, each_cell, status_error, timeout_error

EFFECTS = {
    "iamChangePassword": Effect.NON_IDEMPOTENT,
    "iamCreateAccount": Effect.NON_IDEMPOTENT,
    "iamCreateApiToken": Effect.NON_IDEMPOTENT,
    "iamCreateApiTokenV2": Effect.NON_IDEMPOTENT,
    "iamDeleteApiToken": Effect.DELETE,
    "iamDeleteApiTokenV2": Effect.DELETE,
    "iamForgotPassword": Effect.NON_IDEMPOTENT,
    "iamGetAccountDetails": Effect.READ,
    "iamGetApiToken": Effect.READ,
    "iamGetApiTokens": Effect.READ,
    "iamGetApiTokenV2": Effect.READ,
    "iamGetApiTokensV2": Effect.READ,
    "iamGetClientUserRole": Effect.READ,
    "iamGetLastLoginTime": Effect.READ,
    "iamGetUser": Effect.READ,
    "iamGetUsers": Effect.READ,
    "iamInviteUser": Effect.NON_IDEMPOTENT,
    "iamLoginUser": Effect.NON_IDEMPOTENT,
    "iamRefreshToken": Effect.NON_IDEMPOTENT,
    "iamRevokeClientUserAccess": Effect.DELETE,
    "iamSelectAccount": Effect.READ,
    "iamUpdateClientUserRole": Effect.IDEMPOTENT,
    "iamUpdateUser": Effect.IDEMPOTENT,
    "iamUpdateUserEmail": Effect.NON_IDEMPOTENT,
}
"""Every operation of the spec, and what it does when it runs twice."""


def list_operations() -> dict[str, str]:
    """The method of each operation of the generated client, by its id."""
    package = gcore_iam_client.api
    modules = (import_module(item.name) for item in pkgutil.walk_packages(package.__path__, f"{package.__name__}."))
    return {module.OPERATION.id: module.OPERATION.method for module in modules if hasattr(module, "OPERATION")}


def get_delay(
    policy: RetryPolicy,
    error: APIConnectionError | APIStatusError | None = None,
    number: int = 1,
    effect: Effect = Effect.READ,
) -> float | None:
    """The delay after a failed attempt, of an operation with this effect."""
    return retry_delay(policy, *OPERATIONS[effect], number, status_error(502) if error is None else error)


@pytest.fixture
def jitter(monkeypatch: pytest.MonkeyPatch) -> list[tuple[float, float]]:
    """Replaces the random numbers by the upper bound; the list holds the bounds of each."""
    bounds: list[tuple[float, float]] = []

    def uniform(low: float, high: float) -> float:
        bounds.append((low, high))
        return high

    monkeypatch.setattr(retry_module, "random", SimpleNamespace(uniform=uniform))
    return bounds


# --- effects ---------------------------------------------------------------------------------------------------------


def test_each_operation_of_the_spec_has_its_effect() -> None:
    assert {name: find_effect(name, method) for name, method in list_operations().items()} == EFFECTS


def test_the_idempotent_writes_exist_in_the_spec() -> None:
    assert set(list_operations()) >= IDEMPOTENT_WRITES


@pytest.mark.parametrize(
    ("method", "effect"),
    [
        ("GET", Effect.READ),
        ("HEAD", Effect.READ),
        ("OPTIONS", Effect.READ),
        ("DELETE", Effect.DELETE),
        ("POST", Effect.NON_IDEMPOTENT),
        ("PUT", Effect.NON_IDEMPOTENT),
        ("PATCH", Effect.NON_IDEMPOTENT),
        ("PURGE", Effect.NON_IDEMPOTENT),
    ],
)
def test_an_unknown_operation_goes_by_its_method(method: str, effect: Effect) -> None:
    assert find_effect("/iam/new", method) is effect


@pytest.mark.parametrize("effect", Effect)
def test_an_unreadable_success_is_done_for_one_effect(effect: Effect) -> None:
    message = describe_success(*OPERATIONS[effect])
    if effect is Effect.NON_IDEMPOTENT:
        assert message.startswith("; the server says that the work is done, so do not repeat it")
        assert message.endswith("look what there is")
    else:
        assert message == ""


# --- the table -------------------------------------------------------------------------------------------------------


@each_cell
def test_each_row_says_whether_to_retry(row: Row, effect: Effect) -> None:
    error = row.build_error()
    is_retried = row.decide(effect) == "retry"
    assert is_retryable(effect, error) == is_retried
    assert (get_delay(RetryPolicy(), error, effect=effect) is not None) == is_retried


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_each_row_says_whether_it_may_have_run(row: Row) -> None:
    assert may_have_run(row.build_error()) == row.may_have_run


@pytest.mark.parametrize(
    ("error", "may_have_worked"),
    [
        (connection_error(sent=False), False),
        (connection_error(sent=True), True),
        (status_error(499), False),
        (status_error(500), True),
        (status_error(503, 1), True),
    ],
)
def test_a_delete_may_have_worked_after_any_server_error(
    error: APIConnectionError | APIStatusError, may_have_worked: bool
) -> None:
    assert may_have_deleted(error) == may_have_worked


# --- the number of retries -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("retries", [0, 1, 3, 7])
def test_a_policy_allows_its_number_of_retries(retries: int) -> None:
    policy = RetryPolicy(retries)
    allowed = [n for n in range(1, retries + 3) if get_delay(policy, number=n) is not None]
    assert allowed == list(range(1, retries + 1))


def test_three_retries_are_the_default() -> None:
    assert RetryPolicy().retries == 3


# --- delays ----------------------------------------------------------------------------------------------------------


def test_delays_double_up_to_the_cap(jitter: list[tuple[float, float]]) -> None:
    delays = [get_delay(RetryPolicy(7), number=n) for n in range(1, 8)]
    assert delays == [0.5, 1, 2, 4, 8, 8, 8]
    assert {low for low, _ in jitter} == {0}


def test_base_and_cap_set_the_delays(jitter: list[tuple[float, float]]) -> None:
    policy = RetryPolicy(5, base=3, cap=20)
    assert [get_delay(policy, number=n) for n in range(1, 6)] == [3, 6, 12, 20, 20]
    assert get_delay(RetryPolicy(base=0)) == 0
    assert get_delay(RetryPolicy(base=9, cap=2)) == 2


def test_a_large_attempt_number_does_not_overflow(jitter: list[tuple[float, float]]) -> None:
    assert get_delay(RetryPolicy(10**6), number=10**6) == 8


def test_delays_are_random() -> None:
    random.seed(20)
    delays = {get_delay(RetryPolicy(), number=3) for _ in range(200)}
    assert len(delays) > 150
    numbers = [delay for delay in delays if delay is not None]
    assert 0 <= min(numbers) < 0.2
    assert 1.8 < max(numbers) <= 2


@pytest.mark.parametrize("seconds", [0, 0.25, 7, 61, 3600])
@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_replaces_the_random_delay(status: int, seconds: float, jitter: list[tuple[float, float]]) -> None:
    delay = get_delay(RetryPolicy(), status_error(status, seconds))
    assert delay == seconds
    assert isinstance(delay, float)
    assert jitter == []


def test_retry_after_adds_no_retry() -> None:
    assert get_delay(RetryPolicy(2), status_error(429, 1), number=3) is None


# --- the predicate ---------------------------------------------------------------------------------------------------


def test_a_predicate_replaces_the_table() -> None:
    always, never = RetryPolicy(predicate=lambda _: True), RetryPolicy(predicate=lambda _: False)
    assert get_delay(always, status_error(409)) is not None
    assert get_delay(never, status_error(502)) is None


def test_a_predicate_gets_the_attempt() -> None:
    seen: list[Attempt] = []

    def is_wanted(attempt: Attempt) -> bool:
        seen.append(attempt)
        return True

    error = timeout_error(sent=True)
    get_delay(RetryPolicy(predicate=is_wanted), error, 2, Effect.NON_IDEMPOTENT)
    assert seen == [
        Attempt(*OPERATIONS[Effect.NON_IDEMPOTENT], Effect.NON_IDEMPOTENT, 2, error, may_have_run=True, retryable=False)
    ]


@each_cell
def test_a_predicate_learns_whether_the_attempt_may_have_run(row: Row, effect: Effect) -> None:
    seen: list[bool] = []

    def is_wanted(attempt: Attempt) -> bool:
        seen.append(attempt.may_have_run)
        return True

    get_delay(RetryPolicy(predicate=is_wanted), row.build_error(), 1, effect)
    assert seen == [row.may_have_run]


def test_a_predicate_adds_no_retry() -> None:
    policy = RetryPolicy(2, predicate=lambda _: True)
    assert [get_delay(policy, number=n) is None for n in (1, 2, 3)] == [False, False, True]


@pytest.mark.parametrize("decision", ["no", None, 1, 0])
def test_a_predicate_must_return_a_bool(decision: Any) -> None:
    policy = RetryPolicy(predicate=lambda _: decision)
    with pytest.raises(
        ConfigurationError, match=f"^predicate must return True or False, not {type(decision).__name__}"
    ):
        get_delay(policy, connection_error(sent=True))


# --- the arguments of a policy ---------------------------------------------------------------------------------------


async def coroutine_function(_: object) -> bool:
    return False


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"retries": -1}, "retries must be a RetryPolicy, or a whole number of 0 or more"),
        ({"retries": True}, "retries"),
        ({"retries": 1.5}, "retries"),
        ({"base": -1}, "base must be a number of seconds, 0 or more"),
        ({"base": None}, "base"),
        ({"base": True}, "base"),
        ({"cap": "8"}, "cap"),
        ({"cap": float("inf")}, "cap"),
        ({"deadline": float("nan")}, "deadline"),
        ({"deadline": -0.1}, "deadline"),
        ({"predicate": 5}, "predicate"),
        ({"predicate": lambda: True}, "predicate must be a function of one argument"),
        (
            {"predicate": coroutine_function},
            "predicate must be an ordinary function, not a coroutine function: it is not awaited",
        ),
        ({"sleep": 5}, "sleep"),
        ({"sleep": lambda: None}, "sleep must be a function of one argument"),
    ],
)
def test_a_policy_refuses_an_argument_out_of_range(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=f"^{message}"):
        RetryPolicy(**settings)


@pytest.mark.parametrize(
    "settings",
    [
        {"retries": 0},
        {"base": 0},
        {"cap": 0},
        {"deadline": 0},
        {"deadline": None},
        {"predicate": lambda _: True},
        {"sleep": coroutine_function},
    ],
)
def test_a_policy_takes_the_limits_of_its_ranges(settings: dict[str, Any]) -> None:
    policy = RetryPolicy(**settings)
    assert all(getattr(policy, name) == value for name, value in settings.items())


def test_a_client_takes_a_policy_or_a_number() -> None:
    policy = RetryPolicy(5)
    assert RetryPolicy.of(policy) is policy
    assert RetryPolicy.of(2) == RetryPolicy(2)
    assert RetryPolicy.of(0).retries == 0
    assert RetryPolicy.of(None) == RetryPolicy()


@pytest.mark.parametrize("make", [RetryPolicy.of, lambda value: IAMClient("42_k", retries=value)])
def test_retries_of_another_type_are_refused(make: Callable[[Any], object]) -> None:
    with pytest.raises(ConfigurationError, match="retries"):
        make("3")
