"""Sessions: logging in, renewing in time, once for everybody who shares them, and nothing lost on the way."""

from __future__ import annotations

import asyncio
import base64
import contextlib
import json
import os
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import anyio
import anyio.to_thread
import httpx
import pytest
from gcore_iam import (
    AmbiguousOutcomeError,
    APIConnectionError,
    APIKey,
    APITimeoutError,
    AsyncIAMClient,
    AuthenticationError,
    BadRequestError,
    ConfigurationError,
    DecodeError,
    FileTokenStore,
    IAMClient,
    MemoryTokenStore,
    PermissionDeniedError,
    RetryPolicy,
    Session,
)
from gcore_iam.auth import TokenPair
from gcore_iam.auth import session as session_module
from gcore_iam.auth.steps import LogIn, Refresh
from gcore_iam.testing import HTML, Delay, FakeIAM, Reset, Status

from .conftest import ClientKind, connections_of

ACCOUNT, OTHER_ACCOUNT = 1001, 2002
PASSWORD = "correct-horse-battery"
EMAIL = "ada@example.com"
BASE = "http://localhost"


def new_fake(**first: Any) -> FakeIAM:
    return FakeIAM([{"email": EMAIL, "groups": [{"id": 1}], **first}, {"email": "bob@example.com"}])


@pytest.fixture
def fake() -> FakeIAM:
    return new_fake()


def get(client_kind: ClientKind, fake: FakeIAM, session: Session, **options: Any) -> Any:
    """One call with a session."""
    return client_kind.run(
        lambda iam: iam.users.get(1),
        session,
        base_url=BASE,
        transport=fake.transport(),
        retries=RetryPolicy(sleep=lambda _: None),
        **options,
    )


def counts(fake: FakeIAM) -> tuple[int, int, int]:
    return fake.calls["iamLoginUser"], fake.calls["iamRefreshToken"], fake.calls["iamSelectAccount"]


# --- its life --------------------------------------------------------------------------------------------------------


def test_it_logs_in_on_first_use_and_not_again(client_kind: ClientKind, fake: FakeIAM) -> None:
    session = Session(EMAIL, PASSWORD)
    assert counts(fake) == (0, 0, 0)
    assert get(client_kind, fake, session).email == EMAIL
    get(client_kind, fake, session)
    assert counts(fake) == (1, 0, 0)
    assert fake.requests[0].path == "/iam/auth/jwt/login"
    assert "authorization" not in fake.requests[0].headers
    assert fake.requests[-1].headers["authorization"] == "Bearer ***"


def signs_in(fake: FakeIAM, user: dict[str, Any]) -> bool:
    """Whether a user can log in with a password alone."""
    with IAMClient(fake.api_key, base_url=BASE, transport=fake.transport()) as iam:
        try:
            iam.auth.login(user["email"], PASSWORD)
        except BadRequestError:
            return False
    return True


def test_it_selects_its_account(client_kind: ClientKind) -> None:
    fake = FakeIAM(users=40)
    both = [
        user["email"]
        for user in fake.users
        if {item["client_id"] for item in user["client_and_roles"]} == {ACCOUNT, OTHER_ACCOUNT} and signs_in(fake, user)
    ]
    session = Session(both[0], PASSWORD, client_id=OTHER_ACCOUNT)
    options = {"base_url": BASE, "transport": fake.transport()}
    assert client_kind.run(lambda iam: iam.account.get(), session, **options).id == OTHER_ACCOUNT
    fake.clock.advance(hours=2)
    assert client_kind.run(lambda iam: iam.account.get(), session, **options).id == OTHER_ACCOUNT
    assert (fake.calls["iamRefreshToken"], fake.calls["iamSelectAccount"]) == (1, 1)


def test_an_account_that_may_not_be_entered_is_told(client_kind: ClientKind, fake: FakeIAM) -> None:
    with pytest.raises(PermissionDeniedError):
        get(client_kind, fake, Session("bob@example.com", PASSWORD, client_id=OTHER_ACCOUNT))


def test_it_renews_after_a_401_once(client_kind: ClientKind, fake: FakeIAM) -> None:
    session = Session(EMAIL, PASSWORD)
    get(client_kind, fake, session)
    for refreshed in (1, 2, 3):
        fake.clock.advance(hours=1)
        get(client_kind, fake, session)
        assert counts(fake) == (1, refreshed, 0)


def test_it_renews_60_seconds_before_the_end_by_a_monotonic_clock(
    client_kind: ClientKind, fake: FakeIAM, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = 1_000_000.0
    monkeypatch.setattr(session_module, "_read_clock", lambda: now)
    session = Session(EMAIL, PASSWORD)
    get(client_kind, fake, session)
    now += 3600 - 61
    get(client_kind, fake, session)
    assert counts(fake) == (1, 0, 0)
    now += 2
    get(client_kind, fake, session)
    assert counts(fake) == (1, 1, 0)
    assert [request.status for request in fake.requests].count(401) == 0


def test_a_wrong_clock_of_this_machine_does_no_harm(
    client_kind: ClientKind, fake: FakeIAM, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + 86_400 * 365)
    session = Session(EMAIL, PASSWORD)
    for _ in range(3):
        get(client_kind, fake, session)
    assert counts(fake) == (1, 0, 0)


def test_it_logs_in_again_when_the_refresh_token_has_ended(client_kind: ClientKind, fake: FakeIAM) -> None:
    session = Session(EMAIL, PASSWORD)
    get(client_kind, fake, session)
    fake.clock.advance(hours=25)
    get(client_kind, fake, session)
    assert counts(fake) == (2, 1, 0)


def test_it_logs_in_again_when_a_refresh_is_left_unclear(client_kind: ClientKind, fake: FakeIAM) -> None:
    session = Session(EMAIL, PASSWORD)
    get(client_kind, fake, session)
    fake.clock.advance(hours=1)
    fake.inject(Reset(after_work=True), path="/iam/auth/jwt/refresh")
    get(client_kind, fake, session)
    assert counts(fake) == (2, 1, 0)


def test_a_fresh_token_that_is_refused_is_not_renewed_for_ever(client_kind: ClientKind, fake: FakeIAM) -> None:
    session = Session(EMAIL, PASSWORD)
    fake.inject(Status(401), path="/iam/users/{userId}", times=None)
    with pytest.raises(AuthenticationError):
        get(client_kind, fake, session)
    assert fake.calls["iamGetUser"] == 2


def test_a_wrong_password_is_told_as_the_api_tells_it(client_kind: ClientKind, fake: FakeIAM) -> None:
    with pytest.raises(BadRequestError, match="No active account") as caught:
        get(client_kind, fake, Session(EMAIL, "wr0ng-mark"))
    assert "wr0ng-mark" not in str(caught.value)
    assert any("could not log in" in note for note in caught.value.__notes__)
    assert fake.calls["iamGetUser"] == 0


def test_a_failing_login_is_no_failure_of_the_call_itself(client_kind: ClientKind, fake: FakeIAM) -> None:
    """A token creation whose login fails was not left unclear: it was never sent."""
    fake.inject(Reset(), path="/iam/auth/jwt/login", times=None)
    with pytest.raises(AmbiguousOutcomeError) as caught:
        client_kind.run(
            lambda iam: iam.tokens.create(ACCOUNT, "ci", 2),
            Session(EMAIL, PASSWORD),
            base_url=BASE,
            transport=fake.transport(),
        )
    assert caught.value.operation == "iamLoginUser"
    assert "log in again" in str(caught.value)
    assert counts(fake) == (1, 0, 0)


# --- two-step verification -------------------------------------------------------------------------------------------


def test_a_one_time_password_may_be_a_text_or_a_function(client_kind: ClientKind) -> None:
    fake = new_fake(two_fa=True)
    asked: list[str] = []

    def code() -> str:
        asked.append(fake.one_time_password(1))
        return asked[-1]

    async def code_async() -> str:
        return code()

    get(client_kind, fake, Session(EMAIL, PASSWORD, one_time_password=fake.one_time_password(1)))
    session = Session(EMAIL, PASSWORD, one_time_password=code)
    get(client_kind, fake, session)
    fake.clock.advance(hours=25)
    get(client_kind, fake, session)
    assert len(asked) == 2
    if client_kind.is_async:
        get(client_kind, fake, Session(EMAIL, PASSWORD, one_time_password=code_async))
    else:
        with pytest.raises(ConfigurationError, match="one_time_password is for async code"):
            get(client_kind, fake, Session(EMAIL, PASSWORD, one_time_password=code_async))
    with pytest.raises(BadRequestError, match="one_time_password"):
        get(client_kind, fake, Session(EMAIL, PASSWORD))
    with pytest.raises(ConfigurationError, match="must return a str"):
        get(client_kind, fake, Session(EMAIL, PASSWORD, one_time_password=lambda: 123456))  # type: ignore[arg-type]


# --- from tokens -----------------------------------------------------------------------------------------------------


def pair(fake: FakeIAM) -> tuple[str, str]:
    with IAMClient(fake.api_key, base_url=BASE, transport=fake.transport()) as iam:
        token = iam.auth.login(EMAIL, PASSWORD)
    return token.access, token.refresh


def test_a_session_from_tokens_goes_on(client_kind: ClientKind, fake: FakeIAM) -> None:
    access, refresh = pair(fake)
    session = Session.from_tokens(f"Bearer {access}", refresh)
    get(client_kind, fake, session)
    assert counts(fake) == (1, 0, 0)
    fake.clock.advance(hours=1)
    get(client_kind, fake, session)
    get(client_kind, fake, session)
    assert counts(fake) == (1, 1, 0)


def test_a_session_from_tokens_ends_and_says_what_to_do(client_kind: ClientKind, fake: FakeIAM) -> None:
    session = Session.from_tokens(*pair(fake))
    fake.clock.advance(hours=25)
    with pytest.raises(AuthenticationError) as caught:
        get(client_kind, fake, session)
    assert any("new login" in note for note in caught.value.__notes__)
    assert counts(fake) == (1, 1, 0)


def test_a_session_from_tokens_keeps_its_pair_when_a_refresh_is_left_unclear(
    client_kind: ClientKind, fake: FakeIAM
) -> None:
    session = Session.from_tokens(*pair(fake))
    fake.clock.advance(hours=1)
    fake.inject(Reset(), path="/iam/auth/jwt/refresh")
    with pytest.raises(AmbiguousOutcomeError):
        get(client_kind, fake, session)
    get(client_kind, fake, session)  # the server had not seen it: the token still serves


def test_a_session_from_tokens_prefers_what_its_store_holds(
    client_kind: ClientKind, fake: FakeIAM, tmp_path: Path
) -> None:
    access, refresh = pair(fake)
    for refreshed in (1, 2):
        fake.clock.advance(hours=1)
        session = Session.from_tokens(access, refresh, store=FileTokenStore(tmp_path / "tokens"))
        get(client_kind, fake, session)
        assert counts(fake) == (1, refreshed, 0)


# --- a new password --------------------------------------------------------------------------------------------------


def test_the_pair_of_a_password_change_is_adopted(client_kind: ClientKind, fake: FakeIAM) -> None:
    session = Session(EMAIL, PASSWORD)
    options: dict[str, Any] = {"base_url": BASE, "transport": fake.transport()}
    client_kind.run(lambda iam: iam.users.change_password(1, PASSWORD, "n3w"), session, **options)
    get(client_kind, fake, session)
    assert counts(fake) == (1, 0, 0)
    fake.clock.advance(hours=25)
    get(client_kind, fake, session)  # with the new password
    assert counts(fake) == (2, 1, 0)


def test_the_pair_of_a_password_change_is_adopted_with_expired_tokens(client_kind: ClientKind, fake: FakeIAM) -> None:
    session = Session(EMAIL, PASSWORD)
    get(client_kind, fake, session)
    fake.clock.advance(hours=1)
    options: dict[str, Any] = {"base_url": BASE, "transport": fake.transport()}
    client_kind.run(lambda iam: iam.users.change_password(1, PASSWORD, "n3w"), session, **options)
    get(client_kind, fake, session)
    assert counts(fake) == (1, 1, 0)


def test_calls_during_a_password_change_wait_for_the_new_pair(fake: FakeIAM) -> None:
    session = Session(EMAIL, PASSWORD)
    failures: list[Exception] = []
    with fake.serve() as url, IAMClient(session, base_url=url) as iam:
        iam.users.get(1)
        done = threading.Event()

        def read() -> None:
            while not done.is_set():
                try:
                    iam.users.get(1)
                except Exception as error:  # noqa: BLE001 - any is one too many
                    failures.append(error)
                    return

        threads = [threading.Thread(target=read) for _ in range(8)]
        for thread in threads:
            thread.start()
        old = PASSWORD
        for new in ("a", "b", "c", "d"):
            fake.inject(Delay(0.05), path="/iam/users/{userId}/password")
            iam.users.change_password(1, old, new)
            old = new
        done.set()
        for thread in threads:
            thread.join()
    assert failures == []
    assert counts(fake) == (1, 0, 0)


def test_a_changed_address_leaves_a_newer_pair_in_the_store(
    client_kind: ClientKind, fake: FakeIAM, tmp_path: Path
) -> None:
    path = tmp_path / "tokens.json"
    first, second = (Session(EMAIL, PASSWORD, store=FileTokenStore(path)) for _ in range(2))
    get(client_kind, fake, first)
    get(client_kind, fake, second)
    fake.clock.advance(hours=1)
    get(client_kind, fake, second)
    newer = FileTokenStore(path).load()
    options: dict[str, Any] = {"base_url": BASE, "transport": fake.transport()}
    client_kind.run(lambda iam: iam.users.update_email(1, "new@example.com", PASSWORD), first, **options)
    stored = FileTokenStore(path).load()
    assert newer is not None
    assert stored is not None
    assert (stored.access, stored.refresh) == (newer.access, newer.refresh)
    assert "new@example.com" in stored.owner


def test_a_changed_address_is_adopted(client_kind: ClientKind, fake: FakeIAM, tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    session = Session(EMAIL, PASSWORD, store=FileTokenStore(path))
    options: dict[str, Any] = {"base_url": BASE, "transport": fake.transport()}
    client_kind.run(lambda iam: iam.users.update_email(1, "new@example.com", PASSWORD), session, **options)
    get(client_kind, fake, session)
    get(client_kind, fake, Session("new@example.com", PASSWORD, store=FileTokenStore(path)))
    assert counts(fake) == (1, 0, 0)
    fake.clock.advance(hours=25)
    get(client_kind, fake, session)
    assert counts(fake) == (2, 1, 0)


@pytest.mark.parametrize("fault", [Status(504, after_work=True), Status(504), HTML()])
def test_a_password_change_that_is_left_unclear_breaks_no_session(
    client_kind: ClientKind, fake: FakeIAM, fault: Any
) -> None:
    session = Session(EMAIL, PASSWORD)
    options: dict[str, Any] = {"base_url": BASE, "transport": fake.transport()}
    fake.inject(fault, method="PUT")
    with pytest.raises((AmbiguousOutcomeError, DecodeError)):
        client_kind.run(lambda iam: iam.users.change_password(1, PASSWORD, "n3w"), session, **options)
    fake.clock.advance(hours=25)
    get(client_kind, fake, session)
    fake.clock.advance(hours=25)
    get(client_kind, fake, session)


@pytest.mark.parametrize("status", [400, 403, 404, 500])
def test_it_logs_in_again_whatever_refuses_the_refresh(client_kind: ClientKind, fake: FakeIAM, status: int) -> None:
    session = Session(EMAIL, PASSWORD)
    get(client_kind, fake, session)
    fake.clock.advance(hours=1)
    fake.inject(Status(status), path="/iam/auth/jwt/refresh")
    get(client_kind, fake, session)
    assert counts(fake) == (2, 1, 0)


def test_tokens_of_another_user_are_not_used(client_kind: ClientKind, fake: FakeIAM) -> None:
    store = MemoryTokenStore()
    first = Session.from_tokens(*pair(fake), store=store)
    fake.clock.advance(hours=1)
    get(client_kind, fake, first)  # renewed, and stored
    with IAMClient(fake.api_key, base_url=BASE, transport=fake.transport()) as iam:
        other = iam.auth.login("bob@example.com", PASSWORD)
    with pytest.raises(ConfigurationError, match="own store"):
        get(client_kind, fake, Session.from_tokens(other.access, other.refresh, store=store))


def test_a_key_has_nothing_to_adopt(client_kind: ClientKind, fake: FakeIAM) -> None:
    token = client_kind.run(
        lambda iam: iam.users.change_password(1, PASSWORD, "n3w"),
        fake.api_key,
        base_url=BASE,
        transport=fake.transport(),
    )
    assert token.access


# --- one renewal for everybody ---------------------------------------------------------------------------------------


def test_200_threads_share_one_renewal(fake: FakeIAM) -> None:
    session = Session(EMAIL, PASSWORD)
    with fake.serve() as url, IAMClient(session, base_url=url) as iam, ThreadPoolExecutor(200) as pool:
        start = threading.Barrier(200)

        def one(_: int) -> int:
            start.wait()
            return iam.users.get(1).id

        assert list(pool.map(one, range(200))) == [1] * 200
        assert counts(fake) == (1, 0, 0)
        fake.clock.advance(hours=1)
        assert list(pool.map(one, range(200))) == [1] * 200
        assert counts(fake) == (1, 1, 0)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_500_tasks_share_one_renewal(fake: FakeIAM, backend: str) -> None:
    session = Session(EMAIL, PASSWORD)
    got: list[int] = []

    async def main(url: str) -> None:
        async with AsyncIAMClient(session, base_url=url) as iam:

            async def one() -> None:
                got.append((await iam.users.get(1)).id)

            for _ in range(2):
                async with anyio.create_task_group() as group:
                    for _ in range(500):
                        group.start_soon(one)
                fake.clock.advance(hours=1)

    with fake.serve() as url:
        anyio.run(main, url, backend=backend)
    assert got == [1] * 1000
    assert counts(fake) == (1, 1, 0)


def test_threads_and_tasks_of_several_clients_share_one_renewal(fake: FakeIAM) -> None:
    session = Session(EMAIL, PASSWORD)
    got: list[int] = []

    def in_threads(url: str) -> None:
        with IAMClient(session, base_url=url) as iam, ThreadPoolExecutor(20) as pool:
            got.extend(pool.map(lambda _: iam.users.get(1).id, range(60)))

    def in_tasks(url: str) -> None:
        async def main() -> None:
            async with AsyncIAMClient(session, base_url=url) as iam:
                got.extend(user.id for user in await asyncio.gather(*(iam.users.get(1) for _ in range(60))))

        asyncio.run(main())

    with fake.serve() as url:
        for expected in (0, 1, 2):
            runs = [threading.Thread(target=kind, args=(url,)) for kind in (in_threads, in_tasks) * 2]
            for thread in runs:
                thread.start()
            for thread in runs:
                thread.join()
            assert counts(fake) == (1, expected, 0)
            fake.clock.advance(hours=1)
    assert got == [1] * 720


def test_a_late_401_for_an_old_token_leaves_the_newer_one_alone(fake: FakeIAM) -> None:
    """The first request is refused with the old token only after a second one has renewed it."""
    session = Session(EMAIL, PASSWORD)
    onward = fake.transport()
    refused, go_on = threading.Event(), threading.Event()

    def handle(request: httpx.Request) -> httpx.Response:
        response = onward.handle_request(request)
        if response.status_code == 401 and threading.current_thread().name == "late":
            refused.set()
            assert go_on.wait(10)
        return response

    with IAMClient(session, base_url=BASE, transport=httpx.MockTransport(handle)) as iam:
        iam.users.get(1)
        fake.clock.advance(hours=1)
        got: list[int] = []
        late = threading.Thread(target=lambda: got.append(iam.users.get(1).id), name="late")
        late.start()
        assert refused.wait(10)
        iam.users.get(1)
        go_on.set()
        late.join()
    assert got == [1]
    assert counts(fake) == (1, 1, 0)


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_cancelled_caller_loses_no_refresh_token(fake: FakeIAM, backend: str) -> None:
    session = Session.from_tokens(*pair(fake))

    async def main(url: str) -> None:
        async with AsyncIAMClient(session, base_url=url) as iam:
            await iam.users.get(1)
            fake.clock.advance(hours=1)
            fake.inject(Delay(0.3), path="/iam/auth/jwt/refresh")
            with anyio.move_on_after(0.1) as scope:
                await iam.users.get(1)
            assert scope.cancelled_caught
            assert (await iam.users.get(1)).id == 1

    with fake.serve() as url:
        anyio.run(main, url, backend=backend)
    assert counts(fake) == (1, 1, 0)


def test_a_caller_that_asyncio_cancels_loses_no_refresh_token(fake: FakeIAM) -> None:
    session = Session.from_tokens(*pair(fake))

    async def main(url: str) -> None:
        async with AsyncIAMClient(session, base_url=url) as iam:
            fake.clock.advance(hours=1)
            fake.inject(Delay(0.3), path="/iam/auth/jwt/refresh")
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(iam.users.get(1), 0.1)
            assert (await iam.users.get(1)).id == 1

    with fake.serve() as url:
        asyncio.run(main(url))
    assert counts(fake) == (1, 1, 0)


def test_closing_the_client_waits_for_a_renewal_that_goes_on(fake: FakeIAM) -> None:
    session = Session.from_tokens(*pair(fake))

    async def main(url: str) -> None:
        async with AsyncIAMClient(session, base_url=url) as iam:
            fake.clock.advance(hours=1)
            fake.inject(Delay(0.3), path="/iam/auth/jwt/refresh")
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(iam.users.get(1), 0.1)
        async with AsyncIAMClient(session, base_url=url) as iam:
            assert (await iam.users.get(1)).id == 1

    with fake.serve() as url:
        asyncio.run(main(url))
    assert counts(fake) == (1, 1, 0)


def test_closing_a_sync_client_waits_for_a_renewal_in_another_thread(fake: FakeIAM) -> None:
    session = Session.from_tokens(*pair(fake))
    with fake.serve() as url:
        iam = IAMClient(session, base_url=url)
        iam.users.get(1)
        fake.clock.advance(hours=1)
        fake.inject(Delay(0.3), path="/iam/auth/jwt/refresh")
        with ThreadPoolExecutor(1) as pool:
            call = pool.submit(iam.users.get, 1)
            time.sleep(0.15)
            iam.close()
            assert isinstance(call.exception(), ConfigurationError | None)
        with IAMClient(session, base_url=url) as again:
            assert again.users.get(1).id == 1
    assert counts(fake) == (1, 1, 0)


def test_closing_waits_for_a_renewal_on_trio(fake: FakeIAM) -> None:
    session = Session.from_tokens(*pair(fake))

    async def main(url: str) -> None:
        iam = AsyncIAMClient(session, base_url=url)
        fake.clock.advance(hours=1)
        fake.inject(Delay(0.3), path="/iam/auth/jwt/refresh")

        async def call() -> None:
            with contextlib.suppress(ConfigurationError):
                await iam.users.get(1)

        async with anyio.create_task_group() as group:
            group.start_soon(call)
            await anyio.sleep(0.15)
            await iam.aclose()
        async with AsyncIAMClient(session, base_url=url) as again:
            assert (await again.users.get(1)).id == 1

    with fake.serve() as url:
        anyio.run(main, url, backend="trio")
    assert counts(fake) == (1, 1, 0)


def test_what_closing_waits_for_is_waited_for_in_another_event_loop(fake: FakeIAM) -> None:
    session = Session.from_tokens(*pair(fake))

    async def use(iam: AsyncIAMClient) -> None:
        async with iam:
            await iam.users.get(1)

    with fake.serve() as url:
        iam = AsyncIAMClient(session, base_url=url)
        fake.clock.advance(hours=1)
        fake.inject(Delay(0.5), path="/iam/auth/jwt/refresh")
        thread = threading.Thread(target=lambda: asyncio.run(use(iam)))
        thread.start()
        for _ in range(2000):  # until the request is there
            if fake.calls["iamRefreshToken"]:
                break
            time.sleep(0.005)
        assert session.store.load() is None
        asyncio.run(asyncio.wait_for(connections_of(iam).in_flight.drain_async(), 10))
        assert session.store.load() is not None
        thread.join()
    assert counts(fake) == (1, 1, 0)


def test_a_deadline_does_not_cut_a_refresh(client_kind: ClientKind, fake: FakeIAM) -> None:
    session = Session.from_tokens(*pair(fake))
    with fake.serve() as url:
        fake.clock.advance(hours=1)
        fake.inject(Delay(1.5), path="/iam/auth/jwt/refresh")
        with pytest.raises(APITimeoutError) as caught:
            client_kind.run(
                lambda iam: iam.tokens.create(ACCOUNT, "ci", 2),
                session,
                base_url=url,
                retries=RetryPolicy(deadline=1.0, base=0),
            )
        assert not caught.value.sent  # nothing is sent when the time is over
        assert len(fake.tokens) == 1
        assert client_kind.run(lambda iam: iam.users.get(1), session, base_url=url).id == 1
    assert counts(fake) == (1, 1, 0)


@pytest.mark.filterwarnings("ignore:a sync client of gcore_iam blocks:RuntimeWarning")
def test_a_sync_client_of_another_session_with_the_same_store_is_told_too(fake: FakeIAM) -> None:
    store = MemoryTokenStore()

    async def main(url: str) -> None:
        async with AsyncIAMClient(Session(EMAIL, PASSWORD, store=store), base_url=url) as iam:
            fake.inject(Delay(1.0), path="/iam/auth/jwt/login")
            task = asyncio.create_task(iam.users.get(1))
            await asyncio.sleep(0.1)
            with pytest.raises(ConfigurationError, match="would block"):
                sync_iam.users.get(1)
            await task

    with fake.serve() as url, IAMClient(Session(EMAIL, PASSWORD, store=store), base_url=url) as sync_iam:
        asyncio.run(main(url))


def test_sessions_of_one_store_do_not_use_up_the_worker_threads(fake: FakeIAM) -> None:
    store = MemoryTokenStore()

    async def main(url: str) -> None:
        clients = [AsyncIAMClient(Session(EMAIL, PASSWORD, store=store), base_url=url) for _ in range(60)]
        await asyncio.wait_for(asyncio.gather(*(iam.users.get(1) for iam in clients)), 20)
        for iam in clients:
            await iam.aclose()

    with fake.serve() as url:
        asyncio.run(main(url))
    assert counts(fake) == (1, 0, 0)


def test_threads_that_wait_for_a_renewal_do_not_keep_it_from_its_own(fake: FakeIAM) -> None:
    session = Session(EMAIL, PASSWORD)

    async def main(url: str) -> None:
        async with AsyncIAMClient(session, base_url=url) as iam, anyio.create_task_group() as group:
            fake.inject(Delay(0.2), path="/iam/auth/jwt/login")
            group.start_soon(iam.users.get, 1)
            await anyio.sleep(0.1)
            with anyio.fail_after(20):
                async with anyio.create_task_group() as threads:
                    for _ in range(45):
                        threads.start_soon(anyio.to_thread.run_sync, sync_iam.users.get, 1)

    with fake.serve() as url, IAMClient(session, base_url=url) as sync_iam:
        anyio.run(main, url)
    assert counts(fake) == (1, 0, 0)


def test_tasks_that_were_begun_during_a_renewal_wait_like_others(fake: FakeIAM) -> None:
    async def main() -> None:
        tasks: list[asyncio.Task[Any]] = []

        async def later() -> None:
            await asyncio.sleep(0.05)
            await iam.users.get(1)

        async def code() -> str:
            tasks.extend(asyncio.create_task(later()) for _ in range(5))
            return "123456"

        session = Session(EMAIL, PASSWORD, one_time_password=code)
        async with AsyncIAMClient(session, base_url=BASE, transport=fake.transport()) as iam:
            await iam.users.get(1)
            fake.clock.advance(hours=1)
            await asyncio.gather(*tasks)

    asyncio.run(main())
    assert counts(fake) == (1, 1, 0)


@pytest.mark.filterwarnings("ignore:a sync client of gcore_iam blocks:RuntimeWarning")
def test_a_sync_client_that_would_block_the_renewal_is_told(fake: FakeIAM) -> None:
    session = Session(EMAIL, PASSWORD)

    async def main(url: str) -> None:
        async with AsyncIAMClient(session, base_url=url) as iam:
            fake.inject(Delay(1.0), path="/iam/auth/jwt/login")
            task = asyncio.create_task(iam.users.get(1))
            await asyncio.sleep(0.1)
            with pytest.raises(ConfigurationError, match="would block"):
                sync_iam.users.get(1)
            await task
            assert sync_iam.users.get(1).id == 1

    with fake.serve() as url, IAMClient(session, base_url=url) as sync_iam:
        asyncio.run(main(url))


def test_a_token_that_lives_for_a_minute_is_not_renewed_by_everybody() -> None:
    asked: list[str] = []

    def handle(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path)
        if request.url.path.endswith("login"):
            now = time.time()
            return httpx.Response(200, json={"access": jwt({"iat": now, "exp": now + 60}), "refresh": "r"})
        return httpx.Response(200, json=[])

    iam = IAMClient(Session(EMAIL, PASSWORD), transport=httpx.MockTransport(handle))
    with iam, ThreadPoolExecutor(20) as pool:
        list(pool.map(lambda _: iam.users.list().collect(), range(50)))
    assert asked.count("/iam/auth/jwt/login") == 1


# --- stores ----------------------------------------------------------------------------------------------------------


class Recording(MemoryTokenStore):
    """A store of the user's own, which notes what is done with it."""

    def __init__(self, fake: FakeIAM) -> None:
        super().__init__()
        self.seen: list[str] = []
        self._fake = fake
        self._locked = False

    def load(self) -> TokenPair | None:
        assert self._locked
        return super().load()

    def save(self, tokens: TokenPair) -> None:
        assert self._locked
        self.seen.append(f"saved after {self._fake.requests[-1].path}")
        super().save(tokens)

    @contextmanager
    def lock(self) -> Iterator[None]:
        self._locked = True
        yield
        self._locked = False


def test_the_new_pair_is_stored_before_it_is_used(client_kind: ClientKind, fake: FakeIAM) -> None:
    store = Recording(fake)
    session = Session(EMAIL, PASSWORD, store=store)
    get(client_kind, fake, session)
    fake.clock.advance(hours=1)
    get(client_kind, fake, session)
    assert store.seen == ["saved after /iam/auth/jwt/login", "saved after /iam/auth/jwt/refresh"]


def test_a_store_that_cannot_save_fails_before_the_pair_is_used(
    client_kind: ClientKind, fake: FakeIAM, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(ConfigurationError, match="cannot be"):
        get(client_kind, fake, Session(EMAIL, PASSWORD, store=FileTokenStore(tmp_path / "file" / "tokens")))
    assert fake.calls["iamGetUser"] == 0


def test_a_pair_that_could_not_be_saved_is_saved_later_and_not_lost(client_kind: ClientKind, fake: FakeIAM) -> None:
    class Full(MemoryTokenStore):
        is_full = False

        def save(self, tokens: TokenPair) -> None:
            if self.is_full:
                raise OSError(28, "No space left on device")
            super().save(tokens)

    store = Full()
    session = Session.from_tokens(*pair(fake), store=store)
    fake.clock.advance(hours=1)
    store.is_full = True
    for _ in range(2):
        with pytest.raises(OSError, match="No space left"):
            get(client_kind, fake, session)
    store.is_full = False
    get(client_kind, fake, session)
    assert counts(fake) == (1, 1, 0)
    assert store.load() == session._current_pair


def test_a_pair_that_could_not_be_saved_replaces_no_newer_one(client_kind: ClientKind, fake: FakeIAM) -> None:
    class Flaky(MemoryTokenStore):
        fails = False

        def save(self, tokens: TokenPair) -> None:
            if self.fails:
                raise OSError(5, "Input/output error")
            super().save(tokens)

    store = Flaky()
    first, second = Session(EMAIL, PASSWORD, store=store), Session(EMAIL, PASSWORD, store=store)
    get(client_kind, fake, first)
    fake.clock.advance(hours=1)
    store.fails = True
    with pytest.raises(OSError, match="Input/output"):
        get(client_kind, fake, first)
    store.fails = False
    get(client_kind, fake, second)  # has to log in, for the refresh token in the store is used up
    newer = store.load()
    get(client_kind, fake, first)
    assert store.load() == newer


def test_sessions_that_share_a_memory_store_share_their_tokens(client_kind: ClientKind, fake: FakeIAM) -> None:
    store = MemoryTokenStore()
    for _ in range(3):
        get(client_kind, fake, Session(EMAIL, PASSWORD, store=store))
    assert counts(fake) == (1, 0, 0)


def test_a_store_that_gives_something_else_is_told(client_kind: ClientKind, fake: FakeIAM) -> None:
    class Odd(MemoryTokenStore):
        def load(self) -> Any:
            return {"access": "a", "refresh": "r"}

    with pytest.raises(ConfigurationError, match=r"load\(\) must return a TokenPair or None, not dict"):
        get(client_kind, fake, Session(EMAIL, PASSWORD, store=Odd()))


def test_a_file_outlives_the_program(client_kind: ClientKind, fake: FakeIAM, tmp_path: Path) -> None:
    path = tmp_path / "folder" / "tokens.json"
    for _ in range(3):
        get(client_kind, fake, Session(EMAIL, PASSWORD, store=FileTokenStore(path)))
    assert counts(fake) == (1, 0, 0)
    fake.clock.advance(hours=1)
    for _ in range(3):
        get(client_kind, fake, Session(EMAIL, PASSWORD, store=FileTokenStore(path)))
    assert counts(fake) == (1, 1, 0)


def test_file_and_folder_are_for_their_owner_alone(tmp_path: Path) -> None:
    old = os.umask(0)
    try:
        store = FileTokenStore(tmp_path / "folder" / "tokens.json")
        with store.lock():
            store.save(TokenPair("a", "r", None, "o"))
    finally:
        os.umask(old)
    assert store.load() == TokenPair("a", "r", None, "o")
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in [tmp_path / "folder", *tmp_path.rglob("t*")]}
    assert modes == {"folder": 0o700, "tokens.json": 0o600, "tokens.json.lock": 0o600}


def test_a_failing_write_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = FileTokenStore(tmp_path / "tokens.json")
    store.save(TokenPair("a", "r", None, "o"))

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ConfigurationError, match="No space left"):
        store.save(TokenPair("b", "s", None, "o"))
    assert store.load() == TokenPair("a", "r", None, "o")
    assert [path.name for path in tmp_path.iterdir()] == ["tokens.json"]


@pytest.mark.parametrize(
    "content",
    ["{", "[]", "{}", '{"access": "a"}', '{"access": 1, "refresh": "r"}', '{"access": "a b", "refresh": "r"}',
     '{"access": "a", "refresh": "r", "expires_at": "soon"}', '{"access": "a", "refresh": "r", "owner": 5}',
     '{"access": "a", "refresh": "r"}',
     '{"access": "a", "refresh": "r", "more": 5}', "\udcff"],
)  # fmt: skip
def test_a_file_of_something_else_is_left_alone(tmp_path: Path, content: str) -> None:
    path = tmp_path / "tokens.json"
    path.touch(0o600)
    path.write_bytes(content.encode("utf-8", "surrogateescape"))
    with pytest.raises(ConfigurationError, match="not a file of tokens"):
        FileTokenStore(path).load()
    assert path.read_bytes() == content.encode("utf-8", "surrogateescape")


def test_a_file_that_others_can_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    FileTokenStore(path).save(TokenPair("a", "r", None, "o"))
    path.chmod(0o640)
    with pytest.raises(ConfigurationError, match="chmod 600"):
        FileTokenStore(path).load()


def test_a_file_that_stays_locked_is_told(tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    second = FileTokenStore(path, timeout=0.05).lock()
    with FileTokenStore(path).lock(), pytest.raises(ConfigurationError, match="held by another process"), second:
        pass


def test_a_store_of_another_session_is_not_touched(client_kind: ClientKind, fake: FakeIAM) -> None:
    store = MemoryTokenStore()
    get(client_kind, fake, Session(EMAIL, PASSWORD, store=store))
    kept = store.load()
    for other in (
        Session("bob@example.com", PASSWORD, store=store),
        Session(EMAIL, PASSWORD, client_id=7, store=store),
    ):
        with pytest.raises(ConfigurationError, match="own store"):
            get(client_kind, fake, other)
    assert store.load() == kept
    assert counts(fake) == (1, 0, 0)


def test_tokens_do_not_go_to_another_api(client_kind: ClientKind, fake: FakeIAM) -> None:
    session = Session(EMAIL, PASSWORD)
    get(client_kind, fake, session)
    with pytest.raises(ConfigurationError, match="must not go to"):
        client_kind.run(lambda iam: iam.users.get(1), session, base_url="https://elsewhere.example.com")


PROCESS = """
import sys
from gcore_iam import FileTokenStore, IAMClient, Session

url, path = sys.argv[1:]
session = Session("ada@example.com", "correct-horse-battery", store=FileTokenStore(path))
with IAMClient(session, base_url=url) as iam:
    print("ready", flush=True)
    for line in sys.stdin:
        print(iam.users.get(1).id, flush=True)
"""


def test_two_processes_share_a_file_over_50_expiries(fake: FakeIAM, tmp_path: Path) -> None:
    expiries = 50
    with fake.serve() as url:
        arguments = [sys.executable, "-c", PROCESS, url, str(tmp_path / "tokens.json")]
        children = [
            subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(2)
        ]
        try:
            for child in children:
                assert child.stdout is not None
                assert child.stdout.readline() == "ready\n"
            for _ in range(expiries + 1):
                for child in children:
                    assert child.stdin is not None
                    child.stdin.write("go\n")
                    child.stdin.flush()
                for child in children:
                    assert child.stdout is not None
                    assert child.stdout.readline() == "1\n"
                fake.clock.advance(hours=1)
        finally:
            for child in children:
                child.communicate()
    assert [child.returncode for child in children] == [0, 0]
    assert counts(fake) == (1, expiries, 0)


# --- what cannot be --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"username": ""}, "username"),
        ({"username": 5}, "username"),
        ({"password": ""}, "password"),
        ({"password": None}, "password"),
        ({"one_time_password": ""}, "one_time_password"),
        ({"one_time_password": 123456}, "one_time_password"),
        ({"client_id": 0}, "client_id"),
        ({"client_id": True}, "client_id"),
        ({"store": object()}, "TokenStore"),
        ({"store": "tokens.json"}, "TokenStore"),
    ],
)
def test_arguments_that_cannot_be_right_are_refused(arguments: dict[str, Any], told: str) -> None:
    with pytest.raises(ConfigurationError, match=told):
        Session(**{"username": EMAIL, "password": PASSWORD, **arguments})


@pytest.mark.parametrize("token", ["", " ", "a b", "é", "a\nb", None, 5, "Bearer "])
def test_tokens_that_cannot_be_are_refused(token: Any) -> None:
    with pytest.raises(ConfigurationError, match="access must be a token"):
        Session.from_tokens(token, "r")
    with pytest.raises(ConfigurationError, match="refresh must be a token"):
        Session.from_tokens("a", token)


@pytest.mark.parametrize("path", ["", " ", None, 5])
def test_a_path_that_cannot_be_is_refused(path: Any) -> None:
    with pytest.raises(ConfigurationError, match="path"):
        FileTokenStore(path)
    with pytest.raises(ConfigurationError, match="timeout"):
        FileTokenStore("x", timeout=0)


@pytest.mark.parametrize(
    "issued", [{"access": None, "refresh": "r"}, {"access": "a", "refresh": "two words"}, {"access": 5, "refresh": ""}]
)
def test_an_answer_without_tokens_is_a_decode_error(client_kind: ClientKind, issued: dict[str, Any]) -> None:
    transport = httpx.MockTransport(lambda _: httpx.Response(200, json=issued))
    with pytest.raises(DecodeError):
        client_kind.run(lambda iam: iam.users.get(1), Session(EMAIL, PASSWORD), transport=transport)


def jwt(claims: Any) -> str:
    return "x." + base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=") + ".x"


@pytest.mark.parametrize(
    "access",
    [
        "opaque",
        "a.b.c",
        jwt([]),
        jwt({}),
        jwt({"exp": "soon"}),
        jwt({"exp": None}),
        jwt({"exp": True}),
        jwt({"exp": 10**400}),
        "x.e30",
    ],
)
def test_tokens_that_do_not_say_when_they_end_are_used_until_they_are_refused(
    client_kind: ClientKind, access: str
) -> None:
    seen: list[str] = []

    def handle(request: httpx.Request) -> httpx.Response:
        seen.append(request.url.path)
        if request.url.path.endswith(("login", "refresh")):
            return httpx.Response(200, json={"access": access, "refresh": "r"})
        return httpx.Response(200, json=[])

    session = Session(EMAIL, PASSWORD)
    for _ in range(2):
        client_kind.run(lambda iam: iam.users.list().collect(), session, transport=httpx.MockTransport(handle))
    assert seen == ["/iam/auth/jwt/login", "/iam/users", "/iam/users"]


def test_nothing_of_a_session_shows_a_secret() -> None:
    session = Session("ada@example.com", "p4ss-mark", one_time_password="0tp-mark")
    tokens = Session.from_tokens("acc-mark", "ref-mark")
    shown = repr([session, tokens, TokenPair("acc-mark", "ref-mark", None, "o"), session.store])
    shown += repr(next(session.renew_steps(None))) + repr(Refresh("r-mark")) + repr(LogIn("u", "p-mark", "o-mark"))
    assert "mark" not in shown
    assert "ada@example.com" in shown


# --- keys that are rotated -------------------------------------------------------------------------------------------


def test_a_key_may_come_from_a_function_asked_at_each_attempt(client_kind: ClientKind, fake: FakeIAM) -> None:
    keys = ["42_wrong", f"APIKey {fake.api_key}"]

    def key() -> str:
        return keys[0] if fake.calls["iamGetUser"] == 0 else keys[1]

    async def key_async() -> str:
        return key()

    fake.inject(Status(503, retry_after=0))
    source: Callable[[], Any] = key_async if client_kind.is_async else key
    assert get(client_kind, fake, APIKey(source)).id == 1  # type: ignore[arg-type]
    sent = [request.revealed().headers["authorization"] for request in fake.requests]
    assert sent == ["APIKey 42_wrong", f"APIKey {fake.api_key}"]
    assert "42" not in repr(APIKey(key))


@pytest.mark.parametrize("key", ["", "two words", "é", None, 5])
def test_what_a_function_gives_is_checked_before_anything_is_sent(
    client_kind: ClientKind, fake: FakeIAM, key: Any
) -> None:
    with pytest.raises(ConfigurationError):
        get(client_kind, fake, APIKey(lambda: key))  # type: ignore[arg-type]
    assert fake.requests == ()


def test_a_coroutine_function_is_for_async_code(fake: FakeIAM) -> None:
    async def key() -> str:
        return fake.api_key

    iam = IAMClient(APIKey(key), base_url=BASE, transport=fake.transport())
    with iam, pytest.raises(ConfigurationError, match="AsyncIAMClient"):
        iam.users.get(1)


# --- fork ------------------------------------------------------------------------------------------------------------


FORK = """
import os, sys, threading
from gcore_iam import IAMClient, Session

session = Session("ada@example.com", "correct-horse-battery")
with IAMClient(session, base_url=sys.argv[1]) as iam:
    iam.users.get(1)
    held = threading.Event(); over = threading.Event()
    def hold():
        with session.mutex, session.store.lock():
            held.set(); over.wait()
    holder = threading.Thread(target=hold); holder.start(); held.wait()
    child = os.fork()
    if child == 0:
        again = Session("ada@example.com", "correct-horse-battery", store=session.store)  # has to look into the store
        print("child", iam.with_options(auth=again).users.get(1).id, flush=True)
        os._exit(0)
    over.set(); holder.join()
    assert os.waitpid(child, 0)[1] == 0
    print("parent", iam.users.get(1).id, flush=True)
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_child_process_has_connections_and_locks_of_its_own(fake: FakeIAM) -> None:
    with fake.serve() as url:
        run = subprocess.run(
            [
                sys.executable,
                "-X",
                "dev",
                "-W",
                "error",
                "-W",
                "ignore:.*multi-threaded:DeprecationWarning",
                "-c",
                FORK,
                url,
            ],
            capture_output=True,
            text=True,
            check=False,
            timeout=30,
        )
    assert run.returncode == 0, run.stderr
    assert run.stdout == "child 1\nparent 1\n"
    assert run.stderr == ""
    assert fake.connections_opened == 2


def test_a_refused_connection_while_refreshing_is_told(client_kind: ClientKind, fake: FakeIAM) -> None:
    session = Session(EMAIL, PASSWORD)
    get(client_kind, fake, session)
    fake.clock.advance(hours=1)
    onward = fake.transport()

    def handle(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("refresh"):
            raise httpx.ConnectError("refused")
        return onward.handle_request(request)

    with pytest.raises(APIConnectionError, match="/iam/auth/jwt/refresh"):
        client_kind.run(
            lambda iam: iam.users.get(1),
            session,
            base_url=BASE,
            transport=httpx.MockTransport(handle),
            retries=RetryPolicy(sleep=lambda _: None),
        )
    get(client_kind, fake, session)
    assert counts(fake) == (1, 1, 0)
