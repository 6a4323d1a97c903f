"""What each kind of client sends, and what it reports of responses."""

from __future__ import annotations

import gc
from itertools import chain, repeat
from types import SimpleNamespace

import httpx
import pytest
from gcore_iam import ConfigurationError, RetryPolicy
from gcore_iam import call as call_module
from gcore_iam.aio import driver as aio_driver
from gcore_iam.events import AttemptFinished, CallFinished, Event
from gcore_iam.sync import driver as sync_driver
from gcore_iam.testing import FakeIAM
from gcore_iam_client.api.users import iam_get_user

from .conftest import ClientKind, EitherClient, resolve
from .page_transport import run

pytestmark = pytest.mark.fake_iam(3)


def test_a_changed_copy_of_the_api_client_sends_nothing(client_kind: ClientKind, fake: FakeIAM) -> None:
    async def use(iam: EitherClient) -> None:
        copy = iam.api.with_headers({"X-Test": "1"})
        function = iam_get_user.asyncio_detailed if client_kind.is_async else iam_get_user.sync_detailed
        with pytest.raises(ConfigurationError, match="made by with_headers"):
            await resolve(function(1, client=copy))

    run(client_kind, use, fake.api_key, base_url="http://localhost", transport=fake.transport())
    assert fake.requests == ()


def test_a_client_keeps_some_parsed_urls_but_calls_any(
    client_kind: ClientKind, fake: FakeIAM, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (aio_driver, sync_driver):
        monkeypatch.setattr(module, "_MAX_URLS", 1)

    async def use(iam: EitherClient) -> list[int]:
        return [(await resolve(iam.users.get(number))).id for number in (1, 2, 1, 3, 2)]

    assert run(client_kind, use, fake.api_key, base_url="http://localhost", transport=fake.transport()) == [
        1, 2, 1, 3, 2,
    ]  # fmt: skip


def test_a_client_keeps_a_number_of_parsed_urls(
    client_kind: ClientKind, fake: FakeIAM, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in (aio_driver, sync_driver):
        monkeypatch.setattr(module, "_MAX_URLS", 2)
    transport = httpx.MockTransport(lambda _: httpx.Response(200, json=fake.users[0]))

    async def use(iam: EitherClient) -> int:
        for number in range(1, 6):
            await resolve(iam.users.get(number))
        gc.collect()
        urls = [item for item in gc.get_objects() if isinstance(item, httpx.URL) and item.host == "kept.example"]
        return len({url.path for url in urls if url.path.startswith("/iam/users/")})

    assert run(client_kind, use, "42_k", base_url="https://kept.example", transport=transport) == 2


def test_a_deadline_that_passes_now_leaves_a_timeout(client_kind: ClientKind, monkeypatch: pytest.MonkeyPatch) -> None:
    """A socket with a timeout of 0 does not wait at all, and raises another error."""
    timeouts: list[dict[str, float]] = []

    def handle(request: httpx.Request) -> httpx.Response:
        timeouts.append(request.extensions["timeout"])
        return httpx.Response(200, json=[])

    moments = chain([1000.0, 1000.0], repeat(1002.0))
    monkeypatch.setattr(call_module, "time", SimpleNamespace(monotonic=lambda: next(moments)))
    transport, policy = httpx.MockTransport(handle), RetryPolicy(deadline=1)
    assert client_kind.run(lambda iam: iam.tokens.list(1), "42_k", transport=transport, retries=policy) == []
    [timeout] = timeouts
    assert {step for step, seconds in timeout.items() if 0 < seconds < 0.1} == {"connect", "read", "write", "pool"}


def test_headers_of_one_request_are_not_those_of_the_next(client_kind: ClientKind, fake: FakeIAM) -> None:
    async def use(iam: EitherClient) -> None:
        await resolve(iam.users.update(1, name="Ada"))
        await resolve(iam.users.get(1))

    run(client_kind, use, fake.api_key, base_url="http://localhost", transport=fake.transport())
    assert ["content-type" in request.headers for request in fake.requests] == [True, False]


def test_only_requests_to_the_origin_of_the_api_have_the_key(client_kind: ClientKind) -> None:
    keys: dict[str, str | None] = {}

    def handle(request: httpx.Request) -> httpx.Response:
        keys[request.url.host] = request.headers.get("authorization")
        return httpx.Response(200)

    async def use(iam: EitherClient) -> None:
        http = iam.api.get_async_httpx_client() if client_kind.is_async else iam.api.get_httpx_client()
        for host in ("api.example", "other.example"):
            await resolve(http.get(f"https://{host}/iam/users/1"))

    run(client_kind, use, "42_k", base_url="https://api.example", transport=httpx.MockTransport(handle))
    assert keys == {"api.example": "APIKey 42_k", "other.example": None}


def test_an_event_has_no_request_id_if_the_response_has_none(client_kind: ClientKind) -> None:
    events: list[Event] = []
    transport = httpx.MockTransport(lambda _: httpx.Response(200, json=[]))
    client_kind.run(
        lambda iam: iam.tokens.list(1), "42_k", base_url="http://localhost", transport=transport, on_event=events.append
    )
    ends = [event for event in events if isinstance(event, AttemptFinished | CallFinished)]
    assert [(event.status, event.request_id) for event in ends] == [(200, None)] * 2


def test_deprecated_methods_have_raw_responses_too(client_kind: ClientKind, fake: FakeIAM) -> None:
    with pytest.warns(DeprecationWarning, match=r"use iam\.tokens\.list"):
        response = client_kind.run(
            lambda iam: iam.with_raw_response.tokens.legacy.list(1001),
            fake.api_key,
            base_url="http://localhost",
            transport=fake.transport(),
        )
    assert response.status == 200
    assert [token.id for token in response.model] == [1]
