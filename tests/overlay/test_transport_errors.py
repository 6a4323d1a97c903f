"""Which failures of a transport mean that the request was sent: what the retry table goes by."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
from gcore_iam import APIConnectionError, APITimeoutError, DecodeError, RetryPolicy
from gcore_iam._transport_errors import build_transport_error
from gcore_iam.call import CallContext

from .conftest import ClientKind, EitherClient, resolve
from .page_transport import run

URL = "https://api.example.com/iam/users/5"


def build(error: Exception, *secrets: str) -> Any:
    """The library's error for a failed attempt of a request with some secrets."""
    operation: Any = SimpleNamespace(id="iamGetUser", method="GET")
    request = httpx.Request("GET", URL, extensions={"timeout": {"connect": 5.0, "read": 30.0, "pool": 5.0}})
    call = CallContext(operation, URL, RetryPolicy())
    return build_transport_error(error, request, call, find_secrets=lambda: secrets)


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


@pytest.mark.parametrize("link", ["__cause__", "__context__"])
def test_a_cause_whose_chain_shows_a_secret_is_left_out(link: str) -> None:
    error = httpx.ConnectError("refused")
    setattr(error, link, ValueError("bad header: 42_s3cret"))
    assert build(error).__cause__ is error
    assert build(error, "42_s3cret").__cause__ is None


# --- exceptions in event hooks of the user ---------------------------------------------------------------------------


def add_hook(iam: EitherClient, client_kind: ClientKind, hook: Callable[[httpx.Response], object]) -> None:
    """Add a hook for responses to the httpx client of a client; what it returns is awaited in async code."""

    async def hook_async(response: httpx.Response) -> None:
        await resolve(hook(response))

    if client_kind.is_async:
        iam.api.get_async_httpx_client().event_hooks = {"response": [hook_async]}
    else:
        iam.api.get_httpx_client().event_hooks = {"response": [hook]}


def test_an_error_of_another_call_in_a_hook_is_raised_as_it_is(client_kind: ClientKind) -> None:
    """A call within a hook may fail; this one is not retried for that."""
    error = APITimeoutError("of another call", method="GET", url="u", sent=True)
    responses: list[httpx.Response] = []

    def fail(response: httpx.Response) -> None:
        responses.append(response)
        raise error

    async def use(iam: EitherClient) -> None:
        add_hook(iam, client_kind, fail)
        with pytest.raises(APITimeoutError) as caught:
            await resolve(iam.tokens.list(1))
        assert caught.value is error

    transport = httpx.MockTransport(lambda _: httpx.Response(200, json=[]))
    run(client_kind, use, "42_k", base_url="http://localhost", transport=transport)
    assert len(responses) == 1


@pytest.mark.filterwarnings("ignore:Async generator 'httpx:ResourceWarning")  # it leaves them to trio's collection
def test_a_hook_may_read_a_body_that_is_broken(client_kind: ClientKind) -> None:
    async def use(iam: EitherClient) -> None:
        add_hook(iam, client_kind, lambda response: response.aread() if client_kind.is_async else response.read())
        with pytest.raises(DecodeError, match="content encoding is broken") as caught:
            await resolve(iam.tokens.list(1))
        assert caught.value.url == "http://localhost/iam/v2/clients/1/tokens"

    def respond(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, headers={"Content-Encoding": "gzip"}, stream=httpx.ByteStream(b"no gzip"))

    run(client_kind, use, "42_k", base_url="http://localhost", transport=httpx.MockTransport(respond))
