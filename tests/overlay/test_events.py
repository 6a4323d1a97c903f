"""Events: what `on_event` receives of calls, attempts, retries, sessions and pages."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import threading
import typing
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar

import anyio
import attrs
import httpx
import pytest
import trio
from gcore_iam import AsyncIAMClient, IAMClient, NotFoundError, RetryPolicy, ServerError, Session, events, models
from gcore_iam.testing import FakeIAM, Reset, Status

from .conftest import ClientKind, ClientOptions, EitherClient, resolve
from .page_transport import run
from .session_server import encode_token

USERS = 30

pytestmark = pytest.mark.fake_iam(USERS)
PASSWORD = "correct-horse-battery"


def record(
    client_kind: ClientKind, fake: FakeIAM, call: Callable[[EitherClient], object], auth: Session | None = None
) -> list[events.Event]:
    """The events of a call, which may fail."""
    seen: list[events.Event] = []
    options: ClientOptions = {
        "base_url": "http://localhost",
        "transport": fake.transport(),
        "retries": RetryPolicy(2, base=0),
        "on_event": seen.append,
    }
    with contextlib.suppress(NotFoundError, ServerError):
        client_kind.run(call, auth or fake.api_key, **options)
    return seen


def list_kinds(seen: list[events.Event]) -> list[str]:
    return [type(event).__name__ for event in seen]


ONE_CALL = ["CallStarted", "AttemptStarted", "AttemptFinished", "CallFinished"]


def test_a_call_reports_its_attempt(client_kind: ClientKind, fake: FakeIAM) -> None:
    seen = record(client_kind, fake, lambda iam: iam.users.get(1))
    assert list_kinds(seen) == ONE_CALL
    started, _, attempt, finished = seen
    assert isinstance(started, events.CallStarted)
    assert isinstance(attempt, events.AttemptFinished)
    assert isinstance(finished, events.CallFinished)
    assert (started.operation, started.method, started.url_template, started.url) == (
        "iamGetUser",
        "GET",
        "/iam/users/{userId}",
        "http://localhost/iam/users/1",
    )
    assert (attempt.attempt, attempt.status, attempt.error) == (1, 200, None)
    assert attempt.request_id is not None
    assert (finished.attempts, finished.status, finished.request_id) == (1, 200, attempt.request_id)
    assert 0 <= attempt.duration <= finished.duration


def test_a_retry_reports_its_delay_and_reason(client_kind: ClientKind, fake: FakeIAM) -> None:
    fake.inject(Status(429, retry_after=0), times=1)
    seen = record(client_kind, fake, lambda iam: iam.users.get(1))
    assert list_kinds(seen) == [*ONE_CALL[:3], "RetryScheduled", *ONE_CALL[1:]]
    retry = seen[3]
    assert isinstance(retry, events.RetryScheduled)
    assert (retry.attempt, retry.retries, retry.delay, retry.status, retry.error) == (1, 2, 0, 429, "RateLimitError")


def test_a_failed_call_reports_its_error(client_kind: ClientKind, fake: FakeIAM) -> None:
    seen = record(client_kind, fake, lambda iam: iam.users.get(999))
    finished = seen[-1]
    assert isinstance(finished, events.CallFinished)
    assert (finished.status, finished.error, finished.attempts) == (404, "NotFoundError", 1)


def test_an_attempt_without_a_response_has_no_status(client_kind: ClientKind, fake: FakeIAM) -> None:
    fake.inject(Reset(), times=1)
    seen = record(client_kind, fake, lambda iam: iam.users.get(1))
    attempt = seen[2]
    assert isinstance(attempt, events.AttemptFinished)
    assert (attempt.status, attempt.error) == (None, "APIConnectionError")


def test_a_cancelled_call_reports_its_end(fake: FakeIAM) -> None:
    seen: list[events.Event] = []
    fake.inject(Status(502), times=None)

    async def main() -> None:
        with anyio.CancelScope() as scope:

            async def cancel(seconds: float) -> None:
                scope.cancel()
                await anyio.sleep(seconds)

            transport, retries = fake.transport(), RetryPolicy(base=30, cap=30, sleep=cancel)
            options: ClientOptions = {"base_url": "http://localhost", "transport": transport, "retries": retries}
            options["on_event"] = seen.append
            async with AsyncIAMClient(fake.api_key, **options) as iam:
                await iam.users.get(1)
        assert scope.cancelled_caught

    anyio.run(main)
    finished = seen[-1]
    assert isinstance(finished, events.CallFinished)
    assert finished.error == "CancelledError"


def test_an_attempt_ends_with_an_event_whatever_ends_it() -> None:
    seen: list[events.Event] = []

    def fail(request: httpx.Request) -> httpx.Response:
        raise ZeroDivisionError

    transport = httpx.MockTransport(fail)
    iam = IAMClient("42_k", transport=transport, on_event=seen.append)
    with iam, pytest.raises(ZeroDivisionError):
        iam.users.get(1)
    assert list_kinds(seen) == ONE_CALL
    attempt = seen[2]
    assert isinstance(attempt, events.AttemptFinished)
    assert (attempt.status, attempt.error) == (None, "ZeroDivisionError")


def test_a_session_reports_its_tokens(client_kind: ClientKind, fake: FakeIAM) -> None:
    session = Session(fake.users[0]["email"], PASSWORD)
    seen = record(client_kind, fake, lambda iam: iam.users.get(1), auth=session)
    assert list_kinds(seen) == ["CallStarted", *ONE_CALL, "TokensRefreshed", *ONE_CALL[1:]]
    assert seen[5] == events.TokensRefreshed("iamLoginUser")


def find_caller() -> object:
    """Find the running task, or the thread outside async code."""
    try:
        return asyncio.current_task()
    except RuntimeError:
        with contextlib.suppress(RuntimeError):
            return trio.lowlevel.current_task()
    return threading.get_ident()


@pytest.mark.parametrize("changes_password", [False, True])
def test_a_session_reports_where_it_is_used(client_kind: ClientKind, fake: FakeIAM, changes_password: bool) -> None:
    """A refresh and a change of password run in a thread or task of their own."""
    session = Session(fake.users[0]["email"], PASSWORD)
    record(client_kind, fake, lambda iam: iam.users.get(1), auth=session)
    fake.clock.advance(hours=1)
    places: list[tuple[str, object]] = []
    callers: list[object] = []

    def use(iam: EitherClient) -> object:
        callers.append(find_caller())
        return iam.users.change_password(1, PASSWORD, "n3w-password") if changes_password else iam.users.get(1)

    options: ClientOptions = {"base_url": "http://localhost", "transport": fake.transport()}
    options["on_event"] = lambda event: places.append((event.operation, find_caller()))
    client_kind.run(use, session, **options)
    counts = Counter(operation for operation, _ in places)
    assert counts["iamRefreshToken"] == 5  # four events of the call, and `TokensRefreshed`
    assert counts["iamChangePassword"] == (7 if changes_password else 0)  # two attempts: the first one got a 401
    assert {place for _, place in places} == set(callers)


def test_callers_that_share_a_refresh_report_where_they_run(client_kind: ClientKind, fake: FakeIAM) -> None:
    session = Session(fake.users[0]["email"], PASSWORD)
    record(client_kind, fake, lambda iam: iam.users.get(1), auth=session)
    fake.clock.advance(hours=1)
    places: list[tuple[str, bool]] = []

    def build_callback() -> Callable[[events.Event], None]:
        caller = find_caller()
        return lambda event: places.append((event.operation, find_caller() == caller))

    def use(iam: IAMClient) -> None:
        with ThreadPoolExecutor(30) as threads:
            list(threads.map(lambda _: iam.with_options(on_event=build_callback()).users.get(1), range(30)))

    async def use_async(iam: AsyncIAMClient) -> None:
        async def call() -> None:
            await iam.with_options(on_event=build_callback()).users.get(1)

        async with anyio.create_task_group() as tasks:
            for _ in range(30):
                tasks.start_soon(call)

    options: ClientOptions = {"base_url": "http://localhost", "transport": fake.transport()}
    client_kind.run_either(use, use_async, session, **options)
    assert all(is_caller for _, is_caller in places)
    assert Counter(places)["iamRefreshToken", True] == 5


def test_an_interrupted_caller_reports_before_it_raises() -> None:
    seen: list[events.Event] = []
    exchanged = anyio.Event()

    async def respond(request: httpx.Request) -> httpx.Response:
        exchanged.set()
        with anyio.CancelScope(shield=True):
            await anyio.lowlevel.checkpoint()
        return httpx.Response(200, json={"access": "a.b.c", "refresh": "d.e.f"})

    async def main() -> None:
        session = Session.from_tokens(encode_token({"exp": 1, "iat": 0}), "d")
        iam = AsyncIAMClient(session, transport=httpx.MockTransport(respond), on_event=seen.append)
        async with iam, anyio.create_task_group() as tasks:
            tasks.start_soon(iam.users.get, 1)
            await exchanged.wait()
            tasks.cancel_scope.cancel()

    anyio.run(main)
    assert [
        kind for kind, event in zip(list_kinds(seen), seen, strict=True) if event.operation == "iamRefreshToken"
    ] == ONE_CALL


def test_a_pager_reports_its_pages(client_kind: ClientKind, fake: FakeIAM) -> None:
    seen = record(client_kind, fake, lambda iam: iam.users.list(page_size=10, prefetch=1).collect())
    pages = [event for event in seen if isinstance(event, events.PageRead)]
    assert [(page.operation, page.number, page.offset, page.items, page.total) for page in pages] == [
        ("iamGetUsers", 1, 0, 10, USERS),
        ("iamGetUsers", 2, 10, 10, USERS),
        ("iamGetUsers", 3, 20, 10, USERS),
    ]


def test_an_error_in_the_callback_changes_nothing(
    client_kind: ClientKind, fake: FakeIAM, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(event: events.Event) -> None:
        raise RuntimeError("no")

    options: ClientOptions = {"base_url": "http://localhost", "transport": fake.transport(), "on_event": fail}
    assert client_kind.run(lambda iam: iam.users.get(1), fake.api_key, **options).id == 1
    lines = [record.getMessage() for record in caplog.records]
    assert len([line for line in lines if line.startswith("iamGetUser: on_event raised for ")]) == len(ONE_CALL)


def test_a_view_may_have_a_callback_of_its_own(fake: FakeIAM) -> None:
    first: list[events.Event] = []
    second: list[events.Event] = []
    with IAMClient(fake.api_key, base_url="http://localhost", transport=fake.transport(), on_event=first.append) as iam:
        iam.with_options(on_event=second.append).users.get(1)
        assert (list_kinds(first), list_kinds(second)) == ([], ONE_CALL)
        iam.with_options(timeout=5).users.get(1)
        assert list_kinds(first) == ONE_CALL


CALLER: ContextVar[str] = ContextVar("caller", default="nobody")


@pytest.mark.parametrize("backend", ["sync", "asyncio", "trio"])
def test_pages_ahead_report_in_the_pagers_context(fake: FakeIAM, backend: str) -> None:
    callers: set[str] = set()
    threads: set[str] = set()

    def look(event: events.Event) -> None:
        callers.add(CALLER.get())
        threads.add(threading.current_thread().name)

    async def read(iam: EitherClient) -> list[models.User]:
        CALLER.set("reader")
        return await resolve(iam.users.list(page_size=5, prefetch=4).collect())

    options: ClientOptions = {"base_url": "http://localhost", "transport": fake.transport(), "on_event": look}
    assert len(run(ClientKind(backend), read, fake.api_key, **options)) == USERS
    assert callers == {"reader"}
    assert (len(threads) > 1) == (backend == "sync")


def test_events_hold_no_secret(client_kind: ClientKind, fake: FakeIAM) -> None:
    seen = record(client_kind, fake, lambda iam: iam.auth.login(fake.users[0]["email"], PASSWORD))
    text = " ".join(map(repr, seen))
    assert PASSWORD not in text
    assert fake.api_key not in text


def test_events_are_frozen_attrs_classes() -> None:
    for cls in typing.get_args(events.Event):
        assert attrs.has(cls)
        with pytest.raises(attrs.exceptions.FrozenInstanceError):
            setattr(cls.__new__(cls), "operation", "x")  # noqa: B010 - of any class


def test_nothing_is_built_when_nobody_listens(fake: FakeIAM, monkeypatch: pytest.MonkeyPatch) -> None:
    built: list[object] = []
    monkeypatch.setattr("gcore_iam.events.CallStarted", lambda *values: built.append(values))
    logging.getLogger("gcore_iam").setLevel(logging.WARNING)
    try:
        with IAMClient(fake.api_key, base_url="http://localhost", transport=fake.transport()) as iam:
            iam.users.get(1)
    finally:
        logging.getLogger("gcore_iam").setLevel(logging.NOTSET)
    assert built == []


def test_an_interrupt_in_a_callback_ends_the_call(client_kind: ClientKind, fake: FakeIAM) -> None:
    def interrupt(_: events.Event) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        client_kind.run(
            lambda iam: iam.users.get(1),
            fake.api_key,
            base_url="http://localhost",
            transport=fake.transport(),
            on_event=interrupt,
        )
    assert fake.requests == ()


def test_a_client_with_a_callback_still_writes_its_log(fake: FakeIAM, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG", "gcore_iam")
    seen: list[events.Event] = []
    with IAMClient(fake.api_key, base_url="http://localhost", transport=fake.transport(), on_event=seen.append) as iam:
        iam.users.get(1)
    assert len(seen) == len(ONE_CALL)
    assert [record.getMessage().partition(" in ")[0] for record in caplog.records if record.name == "gcore_iam"] == [
        "iamGetUser GET http://localhost/iam/users/1: 200"
    ]


def test_a_callback_must_take_one_event() -> None:
    for wrong in (5, lambda: None):
        with pytest.raises(ValueError, match="on_event must be a function"):
            IAMClient("42_k", on_event=wrong)  # type: ignore[arg-type]
