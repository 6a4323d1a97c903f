"""Settings of an httpx client of the user's own: each is used, or refused; none is dropped in silence."""

from __future__ import annotations

import types
from collections.abc import Mapping
from typing import Any, TypeAlias

import anyio
import httpx
import pytest
from gcore_iam import AsyncIAMClient, ConfigurationError, IAMClient
from gcore_iam.testing import FakeIAM

from .conftest import ClientOptions

HttpClient: TypeAlias = httpx.Client | httpx.AsyncClient

EACH_HTTP_CLIENT = pytest.mark.parametrize("cls", [httpx.Client, httpx.AsyncClient])


def get_user(key: str, http_client: HttpClient, headers: Mapping[str, str] | None = None) -> None:
    """Get a user, with the client that takes this client of httpx."""
    options: ClientOptions = {"base_url": "http://localhost", "headers": headers}
    if isinstance(http_client, httpx.AsyncClient):
        anyio.run(AsyncIAMClient(key, http_client=http_client, **options).users.get, 1)
    else:
        IAMClient(key, http_client=http_client, **options).users.get(1)


def read_headers(fake: FakeIAM, http_client: HttpClient, headers: Mapping[str, str] | None = None) -> dict[str, str]:
    """Get a user, and return the headers of the request."""
    get_user(fake.api_key, http_client, headers)
    return dict(fake.requests[-1].headers)


@EACH_HTTP_CLIENT
def test_one_httpx_client_serves_several_clients(fake: FakeIAM, cls: type[HttpClient]) -> None:
    """Although httpx has kept the cookie of a response in it."""

    sent: list[httpx.Headers] = []

    def respond(request: httpx.Request) -> httpx.Response:
        sent.append(request.headers)
        return httpx.Response(200, headers={"set-cookie": "sid=1; Path=/"}, json=fake.users[0])

    own = cls(transport=httpx.MockTransport(respond))

    for _ in range(2):
        get_user(fake.api_key, own)
    assert len(own.cookies) == 1
    assert not any("cookie" in headers for headers in sent)
    own.cookies.set("a", "b")
    with pytest.raises(ConfigurationError, match="http_client has cookies of its own"):
        get_user(fake.api_key, own)
    own = cls(cookies=httpx.Cookies())
    own.cookies.set("a", "b", domain="localhost")
    with pytest.raises(ConfigurationError, match="http_client has cookies of its own"):
        get_user(fake.api_key, own)


@EACH_HTTP_CLIENT
def test_headers_of_the_users_client_are_sent(fake: FakeIAM, cls: type[HttpClient]) -> None:
    own = cls(transport=fake.transport(), headers={"X-Team": "ops", "User-Agent": "mytool/1.0"})
    headers = read_headers(fake, own)
    assert (headers["x-team"], headers["user-agent"]) == ("ops", "mytool/1.0")
    headers = read_headers(fake, own, {"X-Team": "other"})
    assert (headers["x-team"], headers["user-agent"]) == ("other", "mytool/1.0")


@EACH_HTTP_CLIENT
def test_auth_of_the_users_client_replaces_no_key(fake: FakeIAM, cls: type[HttpClient]) -> None:
    get_user(fake.api_key, cls(transport=fake.transport(), auth=("ada", "s3cret")))
    assert fake.requests[-1].revealed().headers["authorization"] == f"APIKey {fake.api_key}"


@pytest.mark.parametrize(("settings", "seconds"), [({}, 30.0), ({"timeout": 7}, 7.0), ({"timeout": 30}, 30.0)])
@EACH_HTTP_CLIENT
def test_a_timeout_that_the_user_has_set_is_kept(
    fake: FakeIAM, cls: type[HttpClient], settings: dict[str, Any], seconds: float
) -> None:
    timeouts: list[dict[str, float]] = []

    def respond(request: httpx.Request) -> httpx.Response:
        timeouts.append(request.extensions["timeout"])
        return httpx.Response(200, json=fake.users[0])

    get_user(fake.api_key, cls(transport=httpx.MockTransport(respond), **settings))
    [timeout] = timeouts
    assert (timeout["read"], timeout["connect"]) == (seconds, 5.0 if not settings else seconds)


@EACH_HTTP_CLIENT
def test_defaults_of_httpx_are_not_sent(fake: FakeIAM, cls: type[HttpClient]) -> None:
    headers = read_headers(fake, cls(transport=fake.transport()))
    assert headers["user-agent"].startswith("gcore-iam/")
    assert headers["accept"] == "application/json"
    assert headers["accept-encoding"] == "gzip, deflate"


@EACH_HTTP_CLIENT
@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"params": {"trace": "1"}}, "http_client has params of its own"),
        ({"cookies": {"a": "b"}}, "http_client has cookies of its own"),
        ({"headers": {"Authorization": "Basic s3cret"}}, "http_client: headers must not hold Authorization"),
        ({"headers": {"Content-Type": "text/plain"}}, "http_client: headers must not hold content-type"),
    ],
)
def test_a_setting_that_would_be_dropped_is_refused(
    cls: type[HttpClient], settings: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigurationError, match=message) as caught:
        get_user("42_k", cls(**settings))
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize("name", ["http_client", "transport", "timeout"])
def test_an_object_of_another_package_is_named(name: str) -> None:
    """As those of httpx2, which has classes of the same names."""
    module = types.ModuleType("httpx2")
    exec("class Client: pass", module.__dict__)  # noqa: S102
    options: dict[str, Any] = {name: module.Client()}
    with pytest.raises(ConfigurationError, match=rf"{name} must be .*httpx\..*, not httpx2\.Client"):
        IAMClient("42_k", **options)
