"""Which failures of a transport mean that the request was sent: what the retry table goes by."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from gcore_iam import APIConnectionError, APITimeoutError, RetryPolicy
from gcore_iam._transport_errors import build_transport_error
from gcore_iam.call import CallContext

URL = "https://api.example.com/iam/users/5"


def build(error: Exception) -> Any:
    """The library's error for a failed attempt."""
    operation: Any = SimpleNamespace(id="iamGetUser", method="GET")
    request = httpx.Request("GET", URL, extensions={"timeout": {"connect": 5.0, "read": 30.0, "pool": 5.0}})
    call = CallContext(operation, URL, RetryPolicy())
    return build_transport_error(error, request, call, find_secrets=set)


@pytest.mark.parametrize(
    ("error", "was_sent"),
    [
        (httpx.ConnectError("refused"), False),
        (httpx.ConnectTimeout(""), False),
        (httpx.PoolTimeout(""), False),
        (httpx.ProxyError("407"), False),
        (httpx.UnsupportedProtocol("ftp"), False),
        (httpx.ReadError("reset"), True),
        (httpx.ReadTimeout(""), True),
        (httpx.WriteError("reset"), True),
        (httpx.WriteTimeout(""), True),
        (httpx.CloseError("reset"), True),
        (httpx.RemoteProtocolError("the peer closed the connection"), True),
        (httpx.LocalProtocolError("bad header"), True),
        (ConnectionResetError("reset"), True),
        (EOFError(), True),
    ],
    ids=lambda value: type(value).__name__,
)
def test_an_error_says_whether_the_request_was_sent(error: Exception, was_sent: bool) -> None:
    built = build(error)
    assert isinstance(built, APIConnectionError)
    assert built.sent == was_sent
    assert (built.method, built.url, built.attempts) == ("GET", URL, 1)
    assert isinstance(built, APITimeoutError) == isinstance(error, httpx.TimeoutException)


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (httpx.ConnectTimeout(""), "connect timed out after 5 s"),
        (httpx.ReadTimeout(""), "read timed out after 30 s"),
        (httpx.WriteTimeout(""), "write timed out"),
    ],
)
def test_a_timeout_names_its_step_and_its_seconds(error: Exception, message: str) -> None:
    assert str(build(error)) == f"GET {URL}: {message}"
