"""httpx2, which openai, anthropic and mcp use, beside httpx in one program."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
import pytest
from gcore_iam import ConfigurationError, IAMClient
from gcore_iam.testing import FakeIAM

from tests.ecosystem.support import require
from tests.overlay.conftest import ClientKind

httpx2 = require("httpx2")


def test_a_client_works_beside_httpx2(client_kind: ClientKind, fake: FakeIAM, url: str) -> None:
    assert client_kind.run(lambda iam: iam.users.get(1), fake.api_key, base_url=url).id == 1
    with httpx2.Client() as client:
        response = client.get(f"{url}/iam/users/1", headers={"Authorization": f"APIKey {fake.api_key}"})
    assert response.status_code == 200


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (lambda: {"http_client": httpx2.Client()}, "http_client must be an httpx.Client, not httpx2.Client"),
        (
            lambda: {"transport": httpx2.MockTransport(lambda _: httpx2.Response(200))},
            "transport must be an httpx.BaseTransport, not httpx2.MockTransport",
        ),
        (lambda: {"timeout": httpx2.Timeout(3)}, "timeout must be a number of seconds above 0, .* or an httpx.Timeout"),
    ],
)
def test_an_object_of_httpx2_is_refused_by_its_name(options: Callable[[], dict[str, Any]], message: str) -> None:
    with pytest.raises(ConfigurationError, match=message):
        IAMClient("42_k", **options())
    assert httpx.Client is not httpx2.Client
