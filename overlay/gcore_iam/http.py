"""The httpx clients that requests go through: credentials where they belong, and this library's errors.

Both clients do the same; what they do without waiting for the network is written once, above them.
"""

from __future__ import annotations

import platform
import re
from collections.abc import Generator, Mapping
from typing import Any, NoReturn, Self, TypeVar

import httpx
from gcore_iam_client import Client
from gcore_iam_client.errors import InvalidBody, UnexpectedStatus
from gcore_iam_client.types import Operation, Response

from ._version import __version__
from .auth import APIKey
from .errors import APIConnectionError, APITimeoutError, ConfigurationError, DecodeError, status_error

T = TypeVar("T")

DEFAULT_TIMEOUT = httpx.Timeout(30.0, connect=5.0)
"""Seconds: 5 to connect, 30 for each read, each write, and the wait for a connection of the pool."""

_LOOPBACK = ("localhost", "127.0.0.1", "::1")
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # a token of RFC 9110, section 5.6.2


class HeaderAuth(httpx.Auth):
    """Puts credentials on requests to one origin, for operations that take them."""

    def __init__(self, auth: APIKey, base_url: httpx.URL) -> None:
        self._auth = auth
        self._origin = _origin(base_url)

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        operation = request.extensions.get("operation")
        wanted = not isinstance(operation, Operation) or operation.requires_auth
        if wanted and _origin(request.url) == self._origin:
            request.headers["Authorization"] = self._auth.header
        yield request


def settings(
    auth: APIKey,
    *,
    base_url: str,
    timeout: float | httpx.Timeout | None,
    headers: Mapping[str, str] | None,
) -> dict[str, Any]:
    """The arguments that both httpx clients take.

    Raises:
        ConfigurationError: An argument cannot be right; the message says what is allowed.
    """
    url = _base_url(base_url)
    return {
        "auth": HeaderAuth(auth, url),
        "base_url": url,
        "timeout": _timeout(timeout),
        "headers": _headers(headers),
        "follow_redirects": False,
        # Off for loopback: a proxy named by the environment would see the credentials in clear.
        "trust_env": url.host not in _LOOPBACK,
    }


class HTTPClient(httpx.Client):
    """An `httpx.Client` that raises this library's errors, also for answers that are not a success."""

    def send(self, request: httpx.Request, **options: Any) -> httpx.Response:
        """Send one request; see `httpx.Client.send`.

        Raises:
            APIConnectionError: No answer came; `APITimeoutError` when it took too long.
            APIStatusError: The answer is not a success.
            ConfigurationError: The client is closed.
        """
        check_open(self)
        try:
            response = super().send(request, **options)
            if not response.is_success:
                response.read()
        except httpx.HTTPError as error:
            raise_transport_error(error, request)
        return checked(response)


class AsyncHTTPClient(httpx.AsyncClient):
    """An `httpx.AsyncClient` that raises this library's errors, also for answers that are not a success."""

    async def send(self, request: httpx.Request, **options: Any) -> httpx.Response:
        """Send one request; see `httpx.AsyncClient.send`.

        Raises:
            APIConnectionError: No answer came; `APITimeoutError` when it took too long.
            APIStatusError: The answer is not a success.
            ConfigurationError: The client is closed.
        """
        check_open(self)
        try:
            response = await super().send(request, **options)
            if not response.is_success:
                await response.aread()
        except httpx.HTTPError as error:
            raise_transport_error(error, request)
        return checked(response)


def check_open(client: httpx.Client | httpx.AsyncClient) -> None:
    """Raise ConfigurationError when a client has been closed."""
    if client.is_closed:
        raise ConfigurationError("the client is closed; make a new one")


def checked(response: httpx.Response) -> httpx.Response:
    """The answer, when it is a success.

    Raises:
        APIStatusError: It is not.
    """
    if response.is_success:
        return response
    request = response.request
    raise status_error(
        response.status_code, response.headers, response.content, method=request.method, url=_shown(request.url)
    )


def raise_transport_error(error: httpx.HTTPError, request: httpx.Request) -> NoReturn:
    """Raise this library's error for a failure of httpx's, which stays its cause."""
    method, url = request.method, _shown(request.url)
    if isinstance(error, httpx.DecodingError):
        raise DecodeError(f"the body's content encoding is broken: {error}", operation=operation_of(request)) from error
    if isinstance(error, httpx.TimeoutException):
        step = type(error).__name__.removesuffix("Timeout").lower()
        seconds = request.extensions.get("timeout", {}).get(step)
        raise APITimeoutError(f"{method} {url}: {step} timed out after {seconds} s", method=method, url=url) from error
    detail = str(error) or type(error).__name__
    raise APIConnectionError(f"{method} {url}: {detail}", method=method, url=url) from error


def operation_of(request: httpx.Request) -> str:
    """The operation id of a request that a generated function made; its path for any other."""
    operation = request.extensions.get("operation")
    return operation.id if isinstance(operation, Operation) else request.url.path


# --- generated functions -------------------------------------------------------------------------------------------


class BoundClient(Client):
    """The generated client over one of this library's httpx clients, for functions of its colour only.

    Whatever would make the generated client open connections of its own is refused: they would have neither
    credentials nor this library's errors.
    """

    @classmethod
    def around(cls, http: HTTPClient | AsyncHTTPClient) -> Self:
        """The generated client that sends with an httpx client of ours."""
        client = cls(str(http.base_url), raise_on_unexpected_status=True)
        return client.set_httpx_client(http) if isinstance(http, HTTPClient) else client.set_async_httpx_client(http)

    def get_httpx_client(self) -> httpx.Client:
        """The client for synchronous functions.

        Raises:
            ConfigurationError: There is none.
        """
        if self._client is None:
            raise ConfigurationError(f"no connection for sync code: {_UNBOUND} IAMClient")
        return self._client

    def get_async_httpx_client(self) -> httpx.AsyncClient:
        """The client for asynchronous functions.

        Raises:
            ConfigurationError: There is none.
        """
        if self._async_client is None:
            raise ConfigurationError(f"no connection for async code: {_UNBOUND} AsyncIAMClient")
        return self._async_client

    def refuse(self, error: InvalidBody | UnexpectedStatus, operation: Operation) -> NoReturn:
        """Raise this library's error for a success that a generated function cannot read.

        Raises:
            DecodeError: Always.
        """
        if isinstance(error, UnexpectedStatus):
            problem = f"the description knows no success {error.status_code}"
            raise DecodeError(problem, operation=operation.id) from error
        model = None if error.model == operation.id else error.model
        problem = f"{model}: {error.problem}" if model else error.problem
        raise DecodeError(problem, operation=operation.id, model=model, key=error.key) from error


_UNBOUND = (
    "this is the generated client of the other kind of code, or one made by with_headers, with_cookies or "
    "with_timeout; give those settings to the constructor of"
)


def unwrap(response: Response[T]) -> T:
    """What a success holds; the generated client raises for any other status, so there is always something."""
    return response.parsed  # type: ignore[return-value] # pyright: ignore[reportReturnType]


# --- arguments -----------------------------------------------------------------------------------------------------


def check_transport(transport: object, kind: type) -> None:
    """Raise ConfigurationError unless a transport is left out or of the kind that a client takes."""
    if transport is not None and not isinstance(transport, kind):
        raise ConfigurationError(f"transport must be an httpx.{kind.__name__}, not {type(transport).__name__}")


def _base_url(value: str) -> httpx.URL:
    if not isinstance(value, str):
        raise ConfigurationError(f"base_url must be a str, not {type(value).__name__}")
    try:
        url = httpx.URL(value.strip())
    except httpx.InvalidURL as error:
        raise ConfigurationError(f"base_url is not a URL: {error}") from error
    if url.scheme not in ("http", "https") or not url.host:
        raise ConfigurationError("base_url must be an absolute https URL, such as https://api.gcore.com")
    if url.userinfo or url.query or url.fragment:
        raise ConfigurationError("base_url must have no user, password, query or fragment")
    if url.scheme == "http" and url.host not in _LOOPBACK:
        raise ConfigurationError(
            f"base_url must be https: over plain http to {url.host} anyone on the way could read the credentials"
        )
    return url


def _timeout(value: float | httpx.Timeout | None) -> httpx.Timeout:
    if value is None:
        return DEFAULT_TIMEOUT
    if isinstance(value, httpx.Timeout):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
        raise ConfigurationError("timeout must be a number of seconds above 0, or an httpx.Timeout")
    return httpx.Timeout(value)


def _headers(value: Mapping[str, str] | None) -> httpx.Headers:
    python = ".".join(platform.python_version_tuple()[:2])
    headers = httpx.Headers({"User-Agent": f"gcore-iam/{__version__} python/{python}", "Accept": "application/json"})
    if value is None:
        return headers
    if not isinstance(value, Mapping):
        raise ConfigurationError(f"headers must be a mapping, not {type(value).__name__}")
    for name, text in value.items():
        if not isinstance(name, str) or not _HEADER_NAME.fullmatch(name):
            raise ConfigurationError(f"{name!r} is not the name of a header")
        if name.lower() == "authorization":
            raise ConfigurationError("headers must not hold Authorization; credentials go into auth")
        # The message leaves the value out: it may be a secret of somebody's proxy.
        if not isinstance(text, str) or not text.isascii() or not text.isprintable():
            raise ConfigurationError(f"the value of header {name} must be a str of printable ASCII characters")
        headers[name] = text
    return headers


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port


def _shown(url: httpx.URL) -> str:
    return str(url.copy_with(query=None, fragment=None))
