"""API keys that come from a function."""

from __future__ import annotations

from collections.abc import Generator
from functools import partial
from itertools import repeat
from typing import Any

import pytest
from gcore_iam import APIKey, ConfigurationError, IAMClient
from gcore_iam.testing import FakeIAM, Status

from .conftest import ClientKind
from .session_server import BASE, USERS, get_user

pytestmark = pytest.mark.fake_iam(USERS)


def test_a_function_is_asked_before_each_attempt(client_kind: ClientKind, fake: FakeIAM) -> None:
    keys = ["42_wrong", f"APIKey {fake.api_key}"]

    def get_key() -> str:
        return keys[0] if fake.calls["iamGetUser"] == 0 else keys[1]

    async def get_key_async() -> str:
        return get_key()

    fake.inject(Status(503, retry_after=0))
    key = APIKey(get_key_async if client_kind.is_async else get_key)
    assert get_user(client_kind, fake, key).id == 1
    sent = [request.revealed().headers["authorization"] for request in fake.requests]
    assert sent == ["APIKey 42_wrong", f"APIKey {fake.api_key}"]
    assert "42" not in repr(APIKey(get_key))


def test_an_invalid_key_of_a_function_is_not_sent(client_kind: ClientKind, fake: FakeIAM) -> None:
    keys: list[Any] = ["", "two words", "é", None, 5]
    for key in keys:
        with pytest.raises(ConfigurationError):
            get_user(client_kind, fake, APIKey(partial(next, repeat(key))))
    assert fake.requests == ()


def test_a_coroutine_function_is_for_async_code(fake: FakeIAM) -> None:
    async def get_key() -> str:
        return fake.api_key

    iam = IAMClient(APIKey(get_key), base_url=BASE, transport=fake.transport())
    with iam, pytest.raises(ConfigurationError, match="AsyncIAMClient"):
        iam.users.get(1)


class Later:
    """Something to await that is no coroutine, such as a future."""

    def __await__(self) -> Generator[None, None, str]:
        yield
        return "42_k"


def test_a_function_that_returns_a_future_is_for_async_code(fake: FakeIAM) -> None:
    iam = IAMClient(APIKey(Later), base_url=BASE, transport=fake.transport())
    with iam, pytest.raises(ConfigurationError, match="AsyncIAMClient"):
        iam.users.get(1)
    assert fake.requests == ()


def test_a_key_that_is_not_in_the_environment_is_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GCORE_API_KEY", raising=False)
    with pytest.raises(ConfigurationError, match="set the environment variable GCORE_API_KEY"):
        APIKey.from_environment()
