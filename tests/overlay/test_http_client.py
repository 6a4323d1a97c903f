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
def test_headers_of_the_users_client_are_sent(fake: FakeIAM, kind: Any, http_kind: Any) -> None:
    own = http_kind(transport=fake.transport(), headers={"X-Team": "ops", "User-Agent": "mytool/1.0"})
    headers = get_user(fake, kind, own)
    assert (headers["x-team"], headers["user-agent"]) == ("ops", "mytool/1.0")
    headers = get_user(fake, kind, own, headers={"X-Team": "other"})
    assert (headers["x-team"], headers["user-agent"]) == ("other", "mytool/1.0")


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
