"""What is tried again, how often the server sees it, and what becomes of it in the end."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import attrs
import httpx
import pytest
from gcore_iam import (
    AmbiguousOutcomeError,
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    ConfigurationError,
    ConflictError,
    IAMClient,
    NotFoundError,
    RateLimitError,
    RetryPolicy,
    ServerError,
    Session,
)
from gcore_iam.retry import IDEMPOTENT_WRITES, Attempt, Effect, effect_of
from gcore_iam.testing import FakeIAM, Hang, Reset, Status, Truncate
from gcore_iam_client.api.api_tokens import iam_delete_api_token_v2
from gcore_iam_client.api.users import iam_update_client_user_role, iam_update_user

from .conftest import ClientKind

ACCOUNT = 1001
PASSWORD = "correct-horse-battery"


@attrs.frozen
class Row:
    """One operation: what calls it, and what it does when it runs twice."""

    operation: str
    effect: Effect
    call: Callable[[Any], Any]


ROWS = [
    Row("iamGetUser", Effect.READ, lambda iam: iam.users.get(5)),
    Row("iamGetUsers", Effect.READ, lambda iam: iam.users.list(max_items=3).collect()),
    Row("iamGetAccountDetails", Effect.READ, lambda iam: iam.account.get()),
    Row("iamGetLastLoginTime", Effect.READ, lambda iam: iam.account.logins(max_items=3).collect()),
    Row("iamGetApiTokensV2", Effect.READ, lambda iam: iam.tokens.list(ACCOUNT)),
    Row("iamGetApiTokenV2", Effect.READ, lambda iam: iam.tokens.get(ACCOUNT, 1)),
    Row("iamGetClientUserRole", Effect.READ, lambda iam: iam.users.get_role(ACCOUNT, 5)),
    Row("iamSelectAccount", Effect.READ, lambda iam: iam.auth.select_account(ACCOUNT)),
    Row("iamUpdateClientUserRole", Effect.IDEMPOTENT, lambda iam: iam.users.set_role(ACCOUNT, 5, 2)),
    Row("iamUpdateUser", Effect.IDEMPOTENT, lambda iam: iam.users.update(5, name="New")),
    Row("iamRevokeClientUserAccess", Effect.DELETE, lambda iam: iam.users.revoke(ACCOUNT, 6)),
    Row("iamDeleteApiTokenV2", Effect.DELETE, lambda iam: iam.tokens.delete(ACCOUNT, 2)),
    Row("iamCreateApiTokenV2", Effect.NON_IDEMPOTENT, lambda iam: iam.tokens.create(ACCOUNT, "ci", "Users")),
    Row("iamInviteUser", Effect.NON_IDEMPOTENT, lambda iam: iam.users.invite(ACCOUNT, "new@example.com", 2)),
    Row("iamCreateAccount", Effect.NON_IDEMPOTENT, lambda iam: iam.account.create("Another Ltd")),
    Row(
        "iamUpdateUserEmail",
        Effect.NON_IDEMPOTENT,
        lambda iam: iam.users.update_email(1, "other@example.com", PASSWORD),
    ),
    Row("iamChangePassword", Effect.NON_IDEMPOTENT, lambda iam: iam.users.change_password(1, PASSWORD, "another one")),
    Row("iamLoginUser", Effect.NON_IDEMPOTENT, lambda iam: iam.auth.login("ada@example.com", PASSWORD)),
    Row("iamForgotPassword", Effect.NON_IDEMPOTENT, lambda iam: iam.auth.forgot_password("ada@example.com")),
]
READ_OR_REPEATABLE = [row for row in ROWS if row.effect is not Effect.NON_IDEMPOTENT]
ONCE = [row for row in ROWS if row.effect is Effect.NON_IDEMPOTENT]

PASSING = {
    "reset": (Reset(), APIConnectionError),
    "reset after the work": (Reset(after_work=True), APIConnectionError),
    "no answer": (Hang(), APITimeoutError),
    "no answer after the work": (Hang(after_work=True), APITimeoutError),
    "502": (Status(502), ServerError),
    "503": (Status(503), ServerError),
    "503 after the work": (Status(503, after_work=True), ServerError),
    "504": (Status(504), ServerError),
    "504 after the work": (Status(504, after_work=True), ServerError),
}
"""Faults that may be gone a moment later, and leave open whether the work was done; the error that each gives."""

SURELY_NOT_DONE = {
    "429": (Status(429), RateLimitError),
    "429 with Retry-After": (Status(429, retry_after=7), RateLimitError),
    "503 with Retry-After": (Status(503, retry_after=7), ServerError),
}


def prepared() -> FakeIAM:
    """A fake whose first user can do everything, with a token to delete and a user who has none."""
    fake = FakeIAM([{"email": "ada@example.com", "groups": [{"id": 1}]}, *({"groups": [{"id": 2}]} for _ in range(9))])
    with IAMClient(fake.api_key, base_url="http://localhost", transport=fake.transport()) as iam:
        assert iam.tokens.create(ACCOUNT, "old", 2).id == 2
    return fake


def run(
    client_kind: ClientKind, fake: FakeIAM, row: Row, transport: Any = None, policy: RetryPolicy | None = None
) -> tuple[int, list[float], BaseException | None]:
    """How often the server was asked, how long was waited in between, and what was raised."""
    waits: list[float] = []
    policy = attrs.evolve(policy or RetryPolicy(), sleep=waits.append)
    before = fake.calls[row.operation]
    error: BaseException | None = None
    try:
        client_kind.run(
            row.call, fake.api_key, base_url="http://localhost", transport=transport or fake.transport(), retries=policy
        )
    except Exception as raised:  # noqa: BLE001 - the tests look at it
        error = raised
    return fake.calls[row.operation] - before, waits, error


# --- the table -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", PASSING)
@pytest.mark.parametrize("row", READ_OR_REPEATABLE, ids=lambda row: row.operation)
def test_what_may_run_twice_is_tried_again(client_kind: ClientKind, row: Row, fault: str) -> None:
    fake = prepared()
    fake.inject(PASSING[fault][0], times=2)
    asked, waits, error = run(client_kind, fake, row)
    assert error is None
    assert asked == 3
    assert len(waits) == 2
    assert not fake.faults


@pytest.mark.parametrize("fault", PASSING)
@pytest.mark.parametrize("row", READ_OR_REPEATABLE, ids=lambda row: row.operation)
def test_three_retries_are_the_most(client_kind: ClientKind, row: Row, fault: str) -> None:
    fake = prepared()
    fake.inject(PASSING[fault][0], times=None)
    asked, waits, error = run(client_kind, fake, row)
    assert type(error) is PASSING[fault][1]
    assert isinstance(error, APIConnectionError | APIStatusError)
    assert (asked, len(waits), error.attempts) == (4, 3, 4)


@pytest.mark.parametrize("fault", PASSING)
@pytest.mark.parametrize("row", ONCE, ids=lambda row: row.operation)
def test_what_must_not_run_twice_is_not_when_it_may_have_run(client_kind: ClientKind, row: Row, fault: str) -> None:
    fake = prepared()
    fake.inject(PASSING[fault][0], times=None)
    asked, waits, error = run(client_kind, fake, row)
    assert (asked, waits) == (1, [])
    assert isinstance(error, AmbiguousOutcomeError)
    assert type(error.__cause__) is PASSING[fault][1]
    assert (error.operation, error.attempts) == (row.operation, 1)
    assert row.operation in str(error)
    assert error.advice in str(error)


@pytest.mark.parametrize("fault", SURELY_NOT_DONE)
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.operation)
def test_everything_is_tried_again_when_it_surely_did_not_run(client_kind: ClientKind, row: Row, fault: str) -> None:
    fake = prepared()
    fake.inject(SURELY_NOT_DONE[fault][0], times=3)
    asked, waits, error = run(client_kind, fake, row)
    assert error is None
    assert (asked, len(waits)) == (4, 3)
    if "Retry-After" in fault:
        assert waits == [7.0, 7.0, 7.0]
    fake = prepared()
    fake.inject(SURELY_NOT_DONE[fault][0], times=None)
    asked, waits, error = run(client_kind, fake, row)
    assert type(error) is SURELY_NOT_DONE[fault][1]
    assert asked == 4


@pytest.mark.parametrize("status", [408, 500, 520, 524])
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.operation)
def test_a_failure_that_is_not_passing_is_told_at_once(client_kind: ClientKind, row: Row, status: int) -> None:
    fake = prepared()
    fake.inject(Status(status, after_work=True), times=None)
    asked, waits, error = run(client_kind, fake, row)
    assert (asked, waits) == (1, [])
    if row.effect is Effect.NON_IDEMPOTENT:  # the work was done, and nobody could know
        assert isinstance(error, AmbiguousOutcomeError)
        error = error.__cause__
    assert isinstance(error, APIStatusError)
    assert error.status == status


def test_a_predicate_does_not_make_an_unclear_outcome_clear(client_kind: ClientKind) -> None:
    fake = prepared()
    fake.inject(Status(504, after_work=True))
    fake.inject(Status(429), after=1, times=None)
    asked, _, error = run(client_kind, fake, ONCE[0], policy=RetryPolicy(predicate=lambda _: True))
    assert isinstance(error, AmbiguousOutcomeError)
    assert asked == 4


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 422, 501])
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.operation)
def test_an_answer_that_will_not_change_is_not_asked_for_again(client_kind: ClientKind, row: Row, status: int) -> None:
    fake = prepared()
    fake.inject(Status(status), times=None)
    asked, waits, error = run(client_kind, fake, row)
    assert (asked, waits) == (1, [])
    assert isinstance(error, APIStatusError)
    assert (error.status, error.attempts) == (status, 1)
    assert isinstance(error, ConflictError) == (status == 409)


class Unreachable(httpx.BaseTransport, httpx.AsyncBaseTransport):
    """Fails a number of times before anything is sent."""

    def __init__(self, fake: FakeIAM, failure: httpx.RequestError, times: int) -> None:
        self._onward = fake.transport()
        self._failure = failure
        self._left = times

    def _fail(self) -> None:
        if self._left:
            self._left -= 1
            raise self._failure

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self._fail()
        return self._onward.handle_request(request)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self._fail()
        return await self._onward.handle_async_request(request)


UNSENT = [httpx.ConnectError("refused"), httpx.ConnectTimeout(""), httpx.PoolTimeout(""), httpx.ProxyError("407")]


@pytest.mark.parametrize("failure", UNSENT, ids=lambda failure: type(failure).__name__)
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.operation)
def test_a_request_that_was_not_sent_is_sent_again(
    client_kind: ClientKind, row: Row, failure: httpx.RequestError
) -> None:
    fake = prepared()
    asked, waits, error = run(client_kind, fake, row, Unreachable(fake, failure, 3))
    assert (asked, len(waits), error) == (1, 3, None)
    fake = prepared()
    asked, _, error = run(client_kind, fake, row, Unreachable(fake, failure, 4))
    assert asked == 0
    assert isinstance(error, APIConnectionError)
    assert (error.sent, error.attempts) == (False, 4)
    assert isinstance(error, TimeoutError) == isinstance(failure, httpx.TimeoutException)


def test_a_body_that_breaks_off_leaves_a_write_unclear(client_kind: ClientKind) -> None:
    for row in ROWS:
        fake = prepared()
        if row.operation in ("iamUpdateClientUserRole", "iamDeleteApiTokenV2", "iamRevokeClientUserAccess"):
            continue  # their answers have no body
        fake.inject(Truncate(announced=True))
        asked, _, error = run(client_kind, fake, row)
        assert asked == (1 if row.effect is Effect.NON_IDEMPOTENT else 2)
        assert isinstance(error, AmbiguousOutcomeError) == (row.effect is Effect.NON_IDEMPOTENT)


def test_the_first_attempts_may_surely_fail_and_the_last_one_unclearly(client_kind: ClientKind) -> None:
    fake = prepared()
    fake.inject(Status(429), times=2)
    fake.inject(Reset(after_work=True), after=2)
    asked, _, error = run(client_kind, fake, ONCE[0])
    assert isinstance(error, AmbiguousOutcomeError)
    assert (asked, error.attempts) == (3, 3)
    assert sum(token["name"] == "ci" for token in fake.tokens) == 1


# --- over real HTTP --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.operation)
def test_the_same_over_http(client_kind: ClientKind, row: Row) -> None:
    fake = prepared()
    with fake.serve() as url:
        options: dict[str, Any] = {"base_url": url, "retries": RetryPolicy(base=0), "timeout": 0.2}
        fake.inject(Status(429), times=1)
        fake.inject(Reset(after_work=True), after=1)
        if row.effect is Effect.NON_IDEMPOTENT:
            with pytest.raises(AmbiguousOutcomeError):
                client_kind.run(row.call, fake.api_key, **options)
            assert fake.calls[row.operation] == (3 if row.operation == "iamCreateApiTokenV2" else 2)
        else:
            fake.inject(Hang(), after=2)
            client_kind.run(row.call, fake.api_key, **options)
            assert fake.calls[row.operation] == 4


def test_a_refused_connection_is_tried_again_and_told(client_kind: ClientKind) -> None:
    with FakeIAM().serve() as url:
        pass  # nobody listens there any more
    waits: list[float] = []
    for row in (ROWS[0], ONCE[0]):
        with pytest.raises(APIConnectionError) as caught:
            client_kind.run(row.call, "42_k", base_url=url, retries=RetryPolicy(2, sleep=waits.append))
        assert not caught.value.sent
        assert caught.value.attempts == 3
    assert len(waits) == 4


# --- deletions -------------------------------------------------------------------------------------------------------


def test_a_deletion_that_worked_unheard_is_a_success(client_kind: ClientKind) -> None:
    for fault in (Reset(after_work=True), Status(502, after_work=True), Status(503, retry_after=1, after_work=True)):
        for call, operation in ((ROWS[11].call, "iamDeleteApiTokenV2"), (ROWS[10].call, "iamRevokeClientUserAccess")):
            fake = prepared()
            fake.inject(fault)
            asked, _, error = run(client_kind, fake, Row(operation, Effect.DELETE, call))
            assert (asked, error) == (2, None)


def test_a_generated_deletion_is_a_success_as_well() -> None:
    fake = prepared()
    with IAMClient(fake.api_key, base_url="http://localhost", transport=fake.transport(), retries=quick()) as iam:
        fake.inject(Reset(after_work=True))
        response = iam_delete_api_token_v2.sync_detailed(ACCOUNT, 2, client=iam.api)
        assert response.status_code == 204


def test_deleting_what_never_was_is_not_found(client_kind: ClientKind) -> None:
    fake = prepared()
    fake.inject(Status(429))
    asked, _, error = run(
        client_kind, fake, Row("iamDeleteApiTokenV2", Effect.DELETE, lambda iam: iam.tokens.delete(1001, 9))
    )
    assert isinstance(error, NotFoundError)
    assert asked == 2


# --- the policy ----------------------------------------------------------------------------------------------------


def quick(**settings: Any) -> RetryPolicy:
    return RetryPolicy(**{"sleep": lambda _: None, **settings})


async def coroutine_function(_: object) -> bool:
    return False


def test_a_predicate_that_gives_something_else_is_told(client_kind: ClientKind) -> None:
    fake = prepared()
    fake.inject(Reset(), times=None)
    asked, _, error = run(client_kind, fake, ONCE[0], policy=RetryPolicy(predicate=lambda _: "no"))  # type: ignore[arg-type,return-value]
    assert isinstance(error, ConfigurationError)
    assert asked == 1


def test_waits_grow_to_the_cap_and_are_random() -> None:
    fake = FakeIAM()
    fake.inject(Status(502), times=None)
    seen: list[list[float]] = []
    for _ in range(60):
        waits: list[float] = []
        policy = RetryPolicy(6, sleep=waits.append)
        iam = IAMClient(fake.api_key, base_url="http://localhost", transport=fake.transport(), retries=policy)
        with iam, pytest.raises(ServerError):
            iam.users.get(1)
        seen.append(waits)
    for column, most in zip(zip(*seen, strict=True), (0.5, 1, 2, 4, 8, 8), strict=True):
        assert 0 <= min(column) < most / 4
        assert most * 3 / 4 < max(column) <= most


@pytest.mark.parametrize("seconds", [61, 3600])
def test_a_long_retry_after_is_honoured(client_kind: ClientKind, seconds: int) -> None:
    fake = prepared()
    fake.inject(Status(429, retry_after=seconds))
    assert run(client_kind, fake, ROWS[0]) == (2, [float(seconds)], None)


def test_a_retry_after_may_be_a_date(client_kind: ClientKind) -> None:
    fake = prepared()
    fake.inject(Status(503, retry_after=datetime.now(UTC) + timedelta(seconds=100)))
    asked, waits, error = run(client_kind, fake, ROWS[0])
    assert (asked, error) == (2, None)
    assert 95 < waits[0] <= 100


def test_a_wait_that_would_end_after_the_deadline_is_not_begun(client_kind: ClientKind) -> None:
    fake = prepared()
    fake.inject(Status(429, retry_after=30), times=None)
    asked, waits, error = run(client_kind, fake, ROWS[0], policy=RetryPolicy(deadline=20))
    assert isinstance(error, RateLimitError)
    assert (asked, waits, error.retry_after) == (1, [], 30)
    assert error.__notes__ == ["Not tried again: 30 s more would have passed the deadline of 20 s."]


def test_a_deadline_ends_an_attempt_that_hangs(client_kind: ClientKind) -> None:
    fake = prepared()
    with fake.serve() as url:
        fake.inject(Hang(), times=None)
        began = time.monotonic()
        with pytest.raises(APITimeoutError):
            client_kind.run(ROWS[0].call, fake.api_key, base_url=url, retries=RetryPolicy(deadline=0.4, base=0))
        assert time.monotonic() - began < 5


def test_a_deadline_is_for_the_login_as_well(client_kind: ClientKind) -> None:
    fake = prepared()
    with fake.serve() as url:
        fake.inject(Hang(), path="/iam/auth/jwt/login", times=None)
        began = time.monotonic()
        with pytest.raises(AmbiguousOutcomeError):
            client_kind.run(
                ROWS[0].call,
                Session("ada@example.com", PASSWORD),
                base_url=url,
                retries=RetryPolicy(deadline=0.3, base=0),
            )
        assert time.monotonic() - began < 5


class Trickle(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A body that never stops a read for long, and takes 10 s in all."""

    def __init__(self) -> None:
        self._left = 1000

    def __iter__(self) -> Any:
        return self

    def __aiter__(self) -> Any:
        return self

    def __next__(self) -> bytes:
        self._left -= 1
        time.sleep(0.01)
        if self._left < 0:
            raise StopIteration
        return b" "

    async def __anext__(self) -> bytes:
        return next(self)


def test_a_deadline_ends_a_body_that_trickles_in(client_kind: ClientKind) -> None:
    transport = httpx.MockTransport(lambda _: httpx.Response(200, stream=Trickle()))
    began = time.monotonic()
    with pytest.raises(APITimeoutError, match=r"the deadline of 0\.2 s has passed"):
        client_kind.run(ROWS[0].call, "42_k", transport=transport, retries=RetryPolicy(deadline=0.2, base=0))
    assert time.monotonic() - began < 5


def test_a_deadline_far_away_changes_nothing(client_kind: ClientKind) -> None:
    fake = prepared()
    for row in ROWS[:6]:
        assert run(client_kind, fake, row, policy=RetryPolicy(deadline=60)) == (1, [], None)


def test_a_number_is_a_number_of_retries(client_kind: ClientKind) -> None:
    fake = prepared()
    fake.inject(Status(502), times=None)
    for retries in (0, 1):
        with pytest.raises(ServerError) as caught:
            client_kind.run(
                ROWS[0].call,
                fake.api_key,
                base_url="http://localhost",
                transport=fake.transport(),
                retries=attrs.evolve(RetryPolicy.of(retries), base=0),
            )
        assert caught.value.attempts == retries + 1


def test_a_predicate_decides_instead(client_kind: ClientKind) -> None:
    seen: list[Attempt] = []

    def conflicts_too(attempt: Attempt) -> bool:
        seen.append(attempt)
        return getattr(attempt.error, "status", None) == 409

    fake = prepared()
    fake.inject(Status(409))
    assert run(client_kind, fake, ONCE[0], policy=RetryPolicy(predicate=conflicts_too))[0] == 2
    fake.inject(Status(502))
    asked, _, error = run(client_kind, fake, ROWS[0], policy=RetryPolicy(predicate=conflicts_too))
    assert asked == 1
    assert isinstance(error, ServerError)
    first, second = seen
    assert (first.operation, first.method, first.effect, first.number) == (
        "iamCreateApiTokenV2",
        "POST",
        Effect.NON_IDEMPOTENT,
        1,
    )
    assert (first.retryable, first.may_have_run) == (False, False)
    assert (second.retryable, second.may_have_run) == (True, True)


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"retries": -1}, "retries"),
        ({"retries": True}, "retries"),
        ({"retries": 1.5}, "retries"),
        ({"base": -1}, "base"),
        ({"cap": "8"}, "cap"),
        ({"base": None}, "base"),
        ({"deadline": float("nan")}, "deadline"),
        ({"cap": float("inf")}, "cap"),
        ({"predicate": 5}, "predicate"),
        ({"sleep": 5}, "sleep"),
        ({"sleep": lambda: None}, "sleep must be a function of one argument"),
        ({"predicate": lambda: True}, "predicate must be a function of one argument"),
        ({"predicate": coroutine_function}, "predicate is a coroutine function"),
    ],
)
def test_a_policy_that_cannot_be_is_refused(settings: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigurationError, match=told):
        RetryPolicy(**settings)
    with pytest.raises(ConfigurationError, match="retries"):
        IAMClient("42_k", retries="3")  # type: ignore[arg-type]


def test_the_operations_that_may_be_repeated_exist() -> None:
    assert {iam_update_client_user_role.OPERATION.id, iam_update_user.OPERATION.id} == IDEMPOTENT_WRITES


def test_an_unknown_operation_is_not_repeated_unless_it_reads_or_deletes() -> None:
    methods = ("GET", "HEAD", "DELETE", "POST", "PUT", "PATCH")
    effects = [effect_of("/iam/new", method) for method in methods]
    assert effects == [
        Effect.READ,
        Effect.READ,
        Effect.DELETE,
        Effect.NON_IDEMPOTENT,
        Effect.NON_IDEMPOTENT,
        Effect.NON_IDEMPOTENT,
    ]


# --- looking whether it happened -------------------------------------------------------------------------------------


def unclear(client_kind: ClientKind, fake: FakeIAM, row: Row, fault: Any) -> Any:
    """What `reconcile()` finds after a write was left unclear."""

    def call(iam: Any) -> Any:
        try:
            row.call(iam)
        except AmbiguousOutcomeError as error:
            return error.reconcile()

    async def acall(iam: Any) -> Any:
        try:
            await row.call(iam)
        except AmbiguousOutcomeError as error:
            return await error.reconcile()

    fake.inject(fault)
    options = {"base_url": "http://localhost", "transport": fake.transport(), "retries": quick()}
    return client_kind.run(acall if client_kind.is_async else call, fake.api_key, **options)


LOOKED_UP = {row.operation: row for row in ONCE[:4]}


@pytest.mark.parametrize("operation", LOOKED_UP)
def test_reconcile_finds_what_happened_and_nothing_else(client_kind: ClientKind, operation: str) -> None:
    row = LOOKED_UP[operation]
    assert unclear(client_kind, prepared(), row, Reset()) is None
    found = unclear(client_kind, prepared(), row, Reset(after_work=True))
    shown = {
        "iamCreateApiTokenV2": lambda: found.name == "ci",
        "iamInviteUser": lambda: found.email == "new@example.com",
        "iamCreateAccount": lambda: found.client_company_name == "Another Ltd",
        "iamUpdateUserEmail": lambda: found.email == "other@example.com",
    }
    assert shown[operation]()


def test_reconcile_is_not_taken_in_by_an_older_token_of_the_same_name(client_kind: ClientKind) -> None:
    fake = prepared()
    run(client_kind, fake, ONCE[0])
    fake.clock.advance(minutes=5)
    assert unclear(client_kind, fake, ONCE[0], Reset()) is None
    found = unclear(client_kind, fake, ONCE[0], Reset(after_work=True))
    assert found.id == max(token["id"] for token in fake.tokens)


def test_reconcile_says_when_the_api_cannot_show_it() -> None:
    fake = prepared()
    with IAMClient(fake.api_key, base_url="http://localhost", transport=fake.transport()) as iam:
        fake.inject(Reset())
        with pytest.raises(AmbiguousOutcomeError) as caught:
            iam.users.change_password(1, PASSWORD, "another one")
        with pytest.raises(ConfigurationError, match="log in with the new password"):
            caught.value.reconcile()
        fake.inject(Reset())
        with pytest.raises(AmbiguousOutcomeError) as caught:
            iam.users.invite(2002, "new@example.com", 2)
        with pytest.raises(ConfigurationError, match="account 1001 only"):
            caught.value.reconcile()


# --- logging ---------------------------------------------------------------------------------------------------------


def test_each_attempt_is_one_line_and_each_retry_another(
    client_kind: ClientKind, caplog: pytest.LogCaptureFixture
) -> None:
    fake = prepared()
    fake.inject(Status(502), times=1)
    caplog.set_level(logging.DEBUG, "gcore_iam")
    run(client_kind, fake, ROWS[1])
    lines = [(record.levelname, record.getMessage()) for record in caplog.records if record.name == "gcore_iam"]
    assert [level for level, _ in lines] == ["DEBUG", "INFO", "DEBUG"]
    assert lines[0][1].startswith("iamGetUsers GET http://localhost/iam/users: 502 in ")
    assert "attempt 1, request id " in lines[0][1]
    assert "retry 1 of 3" in lines[1][1]
    assert lines[1][1].endswith("after 502")
    assert lines[2][1].startswith("iamGetUsers GET http://localhost/iam/users: 200 in ")
