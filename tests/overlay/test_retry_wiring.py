"""Retries end to end: each kind of client follows the retry table over real HTTP.

The table itself is tested in `test_retry.py`, the life of a call in `test_call_flow.py`.
"""

from __future__ import annotations

import logging
import time
from datetime import UTC, datetime, timedelta
from typing import Any, Self, Unpack

import httpx
import pytest
from gcore_iam import (
    AmbiguousOutcomeError,
    APIConnectionError,
    APITimeoutError,
    ConfigurationError,
    IAMClient,
    RateLimitError,
    RetryPolicy,
    ServerError,
    Session,
)
from gcore_iam.retry import Effect
from gcore_iam.testing import FakeIAM, Hang, Reset, Status, Truncate
from gcore_iam_client.api.api_tokens import iam_delete_api_token_v2

from .conftest import ClientKind, ClientOptions
from .retried_operations import (
    ACCOUNT,
    BY_OPERATION,
    CALLS,
    EMAIL,
    ONE_OF_EACH_EFFECT,
    PASSWORD,
    USERS,
    OperationCall,
    create_old_token,
)

pytestmark = pytest.mark.fake_iam(USERS)

READ, CREATE = BY_OPERATION["iamGetUser"], BY_OPERATION["iamCreateApiTokenV2"]
one_of_each_effect = pytest.mark.parametrize("call", ONE_OF_EACH_EFFECT, ids=lambda call: call.operation)


@pytest.fixture(autouse=True)
def _old_token(fake: FakeIAM) -> None:
    create_old_token(fake)


class Caller:
    """Makes calls of one kind of client to a server, and records what is waited for.

    Attributes:
        waits: The seconds of each wait between attempts.
        error: What the last call raised; None after a success.
    """

    def __init__(self, client_kind: ClientKind, fake: FakeIAM, **connection: Unpack[ClientOptions]) -> None:
        self.waits: list[float] = []
        self.error: BaseException | None = None
        self._client_kind = client_kind
        self._fake = fake
        self._connection = connection

    def count_requests(self, call: OperationCall, **policy: Any) -> int:
        """Make a call, and return how often the server saw it."""
        before = self._fake.calls[call.operation]
        retries = RetryPolicy(**{"sleep": self.waits.append, **policy})
        self.error = None
        try:
            options: ClientOptions = {**self._connection, "retries": retries}
            self._client_kind.run(call.call, self._fake.api_key, **options)
        except Exception as error:  # noqa: BLE001 - the tests look at it
            self.error = error
        return self._fake.calls[call.operation] - before


@pytest.fixture
def caller(client_kind: ClientKind, fake: FakeIAM, url: str) -> Caller:
    """Makes calls over real HTTP."""
    return Caller(client_kind, fake, base_url=url)


@pytest.fixture
def local_caller(client_kind: ClientKind, fake: FakeIAM) -> Caller:
    """Makes calls in process, where a timeout takes no time."""
    return Caller(client_kind, fake, base_url="http://localhost", transport=fake.transport())


# --- one operation of each effect ------------------------------------------------------------------------------------


@one_of_each_effect
def test_a_broken_connection_is_retried_by_effect(call: OperationCall, caller: Caller, fake: FakeIAM) -> None:
    fake.inject(Status(429))
    fake.inject(Reset(after_work=True), after=1)
    fake.inject(Status(502), after=2)
    requests = caller.count_requests(call)
    if call.effect is Effect.NON_IDEMPOTENT:
        assert requests == 2
        assert isinstance(caller.error, AmbiguousOutcomeError)
        assert isinstance(caller.error.__cause__, APIConnectionError)
        assert caller.error.attempts == 2
        assert [token["name"] for token in fake.tokens].count("ci") == 1
    else:
        assert (requests, caller.error, len(caller.waits)) == (4, None, 3)
    assert all(0 <= wait <= 2 for wait in caller.waits)


@one_of_each_effect
def test_a_timeout_is_retried_by_effect(call: OperationCall, local_caller: Caller, fake: FakeIAM) -> None:
    fake.inject(Hang())
    requests = local_caller.count_requests(call)
    if call.effect is Effect.NON_IDEMPOTENT:
        assert requests == 1
        assert isinstance(local_caller.error, AmbiguousOutcomeError)
        assert isinstance(local_caller.error.__cause__, APITimeoutError)
    else:
        assert (requests, local_caller.error) == (2, None)


@one_of_each_effect
def test_a_503_with_retry_after_is_always_retried(call: OperationCall, caller: Caller, fake: FakeIAM) -> None:
    fake.inject(Status(503, retry_after=61), times=3)
    assert (caller.count_requests(call), caller.error, caller.waits) == (4, None, [61.0, 61.0, 61.0])


@one_of_each_effect
def test_a_status_that_stays_is_not_retried(call: OperationCall, caller: Caller, fake: FakeIAM) -> None:
    fake.inject(Status(500), times=None)
    assert (caller.count_requests(call), caller.waits) == (1, [])
    assert isinstance(caller.error, AmbiguousOutcomeError) == (call.effect is Effect.NON_IDEMPOTENT)


@one_of_each_effect
def test_a_refused_connection_is_always_retried(call: OperationCall, client_kind: ClientKind) -> None:
    with FakeIAM().serve() as url:
        pass  # nothing listens there any more
    waits: list[float] = []
    with pytest.raises(APIConnectionError) as caught:
        client_kind.run(call.call, "42_k", base_url=url, retries=RetryPolicy(2, sleep=waits.append))
    assert (caught.value.sent, caught.value.attempts, len(waits)) == (False, 3, 2)


@pytest.mark.parametrize("call", [READ, CREATE], ids=lambda call: call.operation)
def test_a_body_that_ends_early_is_a_broken_connection(call: OperationCall, caller: Caller, fake: FakeIAM) -> None:
    fake.inject(Truncate(announced=True))
    is_write = call.effect is Effect.NON_IDEMPOTENT
    assert caller.count_requests(call) == (1 if is_write else 2)
    assert isinstance(caller.error, AmbiguousOutcomeError) == is_write


# --- every operation -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.operation)
def test_each_method_is_retried_by_its_effect(call: OperationCall, fake: FakeIAM) -> None:
    caller = Caller(ClientKind("sync"), fake, base_url="http://localhost", transport=fake.transport())
    is_write = call.effect is Effect.NON_IDEMPOTENT
    fake.inject(Status(504))
    assert caller.count_requests(call) == (1 if is_write else 2)
    assert isinstance(caller.error, AmbiguousOutcomeError) == is_write
    if isinstance(caller.error, AmbiguousOutcomeError):
        assert caller.error.operation == call.operation
        assert isinstance(caller.error.__cause__, ServerError)


# --- deletions -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("operation", ["iamDeleteApiTokenV2", "iamRevokeClientUserAccess"])
def test_a_deletion_that_has_worked_is_a_success(operation: str, caller: Caller, fake: FakeIAM) -> None:
    fake.inject(Reset(after_work=True))
    assert (caller.count_requests(BY_OPERATION[operation]), caller.error) == (2, None)


def test_a_generated_deletion_has_its_success_status(fake: FakeIAM, url: str) -> None:
    fake.inject(Reset(after_work=True))
    with IAMClient(fake.api_key, base_url=url, retries=RetryPolicy(base=0)) as iam:
        response = iam_delete_api_token_v2.sync_detailed(ACCOUNT, 2, client=iam.api)
    assert response.status_code == 204


# --- the policy of a client ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("retries", [0, 1])
def test_a_client_makes_its_number_of_retries(retries: int, caller: Caller, fake: FakeIAM) -> None:
    fake.inject(Status(502), times=None)
    assert caller.count_requests(READ, retries=retries) == retries + 1
    assert isinstance(caller.error, ServerError)
    assert caller.error.attempts == retries + 1


def test_a_client_takes_a_number_of_retries(fake: FakeIAM, url: str) -> None:
    fake.inject(Status(502), times=None)
    with IAMClient(fake.api_key, base_url=url, retries=0) as iam, pytest.raises(ServerError) as caught:
        iam.users.get(1)
    assert caught.value.attempts == 1


def test_a_client_asks_its_predicate(caller: Caller, fake: FakeIAM) -> None:
    fake.inject(Status(409))
    assert caller.count_requests(CREATE, predicate=lambda attempt: attempt.error.status == 409) == 2
    assert caller.error is None


def test_a_predicate_without_a_decision_ends_the_call(caller: Caller, fake: FakeIAM) -> None:
    fake.inject(Status(502), times=None)
    assert caller.count_requests(READ, predicate=lambda _: "no") == 1
    assert isinstance(caller.error, ConfigurationError)


def test_a_retry_after_may_be_a_date(caller: Caller, fake: FakeIAM) -> None:
    fake.inject(Status(503, retry_after=datetime.now(UTC) + timedelta(seconds=3600)))
    assert (caller.count_requests(READ), caller.error) == (2, None)
    assert 3000 < caller.waits[0] <= 3600


def test_a_sleep_function_may_be_a_coroutine_function(client_kind: ClientKind, fake: FakeIAM, url: str) -> None:
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    fake.inject(Status(429, retry_after=7))
    options: ClientOptions = {"base_url": url, "retries": RetryPolicy(sleep=sleep)}
    if client_kind.is_async:
        assert client_kind.run(lambda iam: iam.users.get(5), fake.api_key, **options).id == 5
        assert waits == [7]
    else:
        with pytest.raises(ConfigurationError, match="AsyncIAMClient"):
            client_kind.run(READ.call, fake.api_key, **options)


# --- deadlines -------------------------------------------------------------------------------------------------------


def test_a_wait_past_the_deadline_is_not_begun(caller: Caller, fake: FakeIAM) -> None:
    fake.inject(Status(429, retry_after=3600), times=None)
    assert (caller.count_requests(READ, deadline=1800), caller.waits) == (1, [])
    assert isinstance(caller.error, RateLimitError)
    assert caller.error.retry_after == 3600


@pytest.mark.slow
def test_a_deadline_ends_an_attempt_that_hangs(caller: Caller, fake: FakeIAM) -> None:
    fake.inject(Hang(), times=None)
    began = time.monotonic()
    caller.count_requests(READ, deadline=0.4, base=0)
    assert isinstance(caller.error, APITimeoutError)
    assert time.monotonic() - began < 10


@pytest.mark.slow
def test_a_deadline_is_for_the_login_too(client_kind: ClientKind, fake: FakeIAM, url: str) -> None:
    fake.inject(Hang(), path="/iam/auth/jwt/login", times=None)
    began = time.monotonic()
    with pytest.raises(AmbiguousOutcomeError):
        client_kind.run(READ.call, Session(EMAIL, PASSWORD), base_url=url, retries=RetryPolicy(deadline=0.4, base=0))
    assert time.monotonic() - began < 10


class Trickle(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A body that never lets a read wait for long, and takes 10 s in all."""

    def __init__(self) -> None:
        self._left = 1000

    def __iter__(self) -> Self:
        return self

    def __aiter__(self) -> Self:
        return self

    def __next__(self) -> bytes:
        self._left -= 1
        time.sleep(0.01)
        if self._left < 0:
            raise StopIteration
        return b" "

    async def __anext__(self) -> bytes:
        return next(self)


@pytest.mark.slow
def test_a_deadline_ends_a_body_that_trickles_in(client_kind: ClientKind) -> None:
    transport = httpx.MockTransport(lambda _: httpx.Response(200, stream=Trickle()))
    began = time.monotonic()
    with pytest.raises(APITimeoutError, match=r"the deadline of 0\.2 s has passed"):
        client_kind.run(READ.call, "42_k", transport=transport, retries=RetryPolicy(deadline=0.2, base=0))
    assert time.monotonic() - began < 8


# --- log lines -------------------------------------------------------------------------------------------------------


def test_attempts_and_retries_have_log_lines(caller: Caller, fake: FakeIAM, caplog: pytest.LogCaptureFixture) -> None:
    fake.inject(Status(502))
    caplog.set_level(logging.DEBUG, "gcore_iam")
    caller.count_requests(READ)
    lines = [(record.levelname, record.getMessage()) for record in caplog.records if record.name == "gcore_iam"]
    assert [level for level, _ in lines] == ["DEBUG", "INFO", "DEBUG"]
    first, retry, second = (message for _, message in lines)
    assert first.startswith("iamGetUser GET http://127.0.0.1:")
    assert "/iam/users/5: 502 in " in first
    assert "attempt 1, request id " in first
    assert "retry 1 of 3" in retry
    assert retry.endswith("after 502")
    assert "/iam/users/5: 200 in " in second
