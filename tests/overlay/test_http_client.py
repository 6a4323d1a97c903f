"""Settings of an httpx client of the user's own: each is used, or refused; none is dropped in silence."""

from __future__ import annotations

import types
from typing import Any

import anyio
import httpx
import pytest
from gcore_iam import AsyncIAMClient, ConfigurationError, IAMClient
from gcore_iam.testing import FakeIAM

CLIENTS = [(IAMClient, httpx.Client), (AsyncIAMClient, httpx.AsyncClient)]


def get_user(fake: FakeIAM, kind: type[Any], http_client: Any, **options: Any) -> dict[str, str]:
    """Get a user, and return the headers of the request."""
    iam = kind(fake.api_key, base_url="http://localhost", http_client=http_client, **options)
    if kind is IAMClient:
        iam.users.get(1)
    else:
        anyio.run(iam.users.get, 1)
    return dict(fake.requests[-1].headers)


@pytest.mark.parametrize(("kind", "http_kind"), CLIENTS)
def test_one_httpx_client_serves_several_clients(fake: FakeIAM, kind: Any, http_kind: Any) -> None:
    """Although httpx has kept the cookie of a response in it."""

    sent: list[httpx.Headers] = []

    def respond(request: httpx.Request) -> httpx.Response:
        sent.append(request.headers)
        return httpx.Response(200, headers={"set-cookie": "sid=1; Path=/"}, json=fake.users[0])

    own = http_kind(transport=httpx.MockTransport(respond))

    def get_user() -> None:
        iam = kind(fake.api_key, base_url="http://localhost", http_client=own)
        iam.users.get(1) if kind is IAMClient else anyio.run(iam.users.get, 1)

    for _ in range(2):
        get_user()
    assert len(own.cookies) == 1
    assert not any("cookie" in headers for headers in sent)
    own.cookies.set("a", "b")
    with pytest.raises(ConfigurationError, match="http_client has cookies of its own"):
        get_user()
    own = http_kind(cookies=httpx.Cookies())
    own.cookies.set("a", "b", domain="localhost")
    with pytest.raises(ConfigurationError, match="http_client has cookies of its own"):
        get_user()


@pytest.mark.parametrize(("kind", "http_kind"), CLIENTS)
def test_headers_of_the_users_client_are_sent(fake: FakeIAM, kind: Any, http_kind: Any) -> None:
    own = http_kind(transport=fake.transport(), headers={"X-Team": "ops", "User-Agent": "mytool/1.0"})
    headers = get_user(fake, kind, own)
    assert (headers["x-team"], headers["user-agent"]) == ("ops", "mytool/1.0")
    headers = get_user(fake, kind, own, headers={"X-Team": "other"})
    assert (headers["x-team"], headers["user-agent"]) == ("other", "mytool/1.0")


@pytest.mark.parametrize(("kind", "http_kind"), CLIENTS)
def test_auth_of_the_users_client_replaces_no_key(fake: FakeIAM, kind: Any, http_kind: Any) -> None:
    get_user(fake, kind, http_kind(transport=fake.transport(), auth=("ada", "s3cret")))
    assert fake.requests[-1].revealed().headers["authorization"] == f"APIKey {fake.api_key}"


@pytest.mark.parametrize(("settings", "seconds"), [({}, 30.0), ({"timeout": 7}, 7.0), ({"timeout": 30}, 30.0)])
@pytest.mark.parametrize(("kind", "http_kind"), CLIENTS)
def test_a_timeout_that_the_user_has_set_is_kept(
    fake: FakeIAM, kind: Any, http_kind: Any, settings: dict[str, Any], seconds: float
) -> None:
    timeouts: list[dict[str, float]] = []

    def respond(request: httpx.Request) -> httpx.Response:
        timeouts.append(request.extensions["timeout"])
        return httpx.Response(200, json=fake.users[0])

    iam = kind(fake.api_key, http_client=http_kind(transport=httpx.MockTransport(respond), **settings))
    iam.users.get(1) if kind is IAMClient else anyio.run(iam.users.get, 1)
    [timeout] = timeouts
    assert (timeout["read"], timeout["connect"]) == (seconds, 5.0 if not settings else seconds)


@pytest.mark.parametrize(("kind", "http_kind"), CLIENTS)
def test_defaults_of_httpx_are_not_sent(fake: FakeIAM, kind: Any, http_kind: Any) -> None:
    headers = get_user(fake, kind, http_kind(transport=fake.transport()))
    assert headers["user-agent"].startswith("gcore-iam/")
    assert headers["accept"] == "application/json"
    assert headers["accept-encoding"] == "gzip, deflate"


@pytest.mark.parametrize(("kind", "http_kind"), CLIENTS)
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
    kind: Any, http_kind: Any, settings: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigurationError, match=message) as caught:
        kind("42_k", http_client=http_kind(**settings))
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize("name", ["http_client", "transport", "timeout"])
def test_an_object_of_another_package_is_named(name: str) -> None:
    """As those of httpx2, which has classes of the same names."""
    module = types.ModuleType("httpx2")
    exec("class Client: pass", module.__dict__)  # noqa: S102
    options: dict[str, Any] = {name: module.Client()}
    with pytest.raises(ConfigurationError, match=rf"{name} must be .*httpx\..*, not httpx2\.Client"):
        IAMClient("42_k", **options)
