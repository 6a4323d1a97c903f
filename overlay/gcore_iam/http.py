"""The httpx clients that requests go through: credentials where they belong, and this library's errors.

Both clients do the same; what they do without waiting for the network is written once, above them.
"""

from __future__ import annotations

import platform
import sys
from collections.abc import Awaitable, Callable, Generator, Mapping
from typing import Any, NoReturn, ParamSpec, TypeVar

import httpx
from gcore_iam_client.errors import InvalidBody, UnexpectedStatus
from gcore_iam_client.types import Operation, Response

from ._version import __version__
from .auth import APIKey
from .errors import APIConnectionError, APITimeoutError, ConfigurationError, DecodeError, status_error

P = ParamSpec("P")
T = TypeVar("T")

DEFAULT_TIMEOUT = httpx.Timeout(30.0, connect=5.0)
"""Seconds: 5 to connect, 30 for each read, each write, and the wait for a connection of the pool."""

_LOOPBACK = ("localhost", "127.0.0.1", "::1")


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
    }


class HTTPClient(httpx.Client):
    """An `httpx.Client` that raises this library's errors, also for answers that are not a success."""

    def send(self, request: httpx.Request, **options: Any) -> httpx.Response:
        """Send one request; see `httpx.Client.send`.

        Raises:
            APIConnectionError: No answer came; `APITimeoutError` when it took too long.
            APIStatusError: The answer is not a success.
        """
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
        """
        try:
            response = await super().send(request, **options)
            if not response.is_success:
                await response.aread()
        except httpx.HTTPError as error:
            raise_transport_error(error, request)
        return checked(response)


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
        raise APITimeoutError(f"{method} {url}: no {step} in time", method=method, url=url) from error
    detail = str(error) or type(error).__name__
    raise APIConnectionError(f"{method} {url}: {detail}", method=method, url=url) from error


def operation_of(request: httpx.Request) -> str:
    """The operation id of a request that a generated function made; its path for any other."""
    operation = request.extensions.get("operation")
    return operation.id if isinstance(operation, Operation) else request.url.path


# --- calling generated functions -----------------------------------------------------------------------------------


def call(function: Callable[P, Response[T]], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call a generated `sync_detailed` and give what its answer holds.

    Raises:
        DecodeError: A success that is not what the description says.
        IAMError: What `HTTPClient.send` raises.
    """
    try:
        return unwrap(function(*args, **kwargs))
    except (InvalidBody, UnexpectedStatus) as error:
        raise decode_error(error, function) from error


async def acall(function: Callable[P, Awaitable[Response[T]]], *args: P.args, **kwargs: P.kwargs) -> T:
    """Call a generated `asyncio_detailed` and give what its answer holds; see `call`."""
    try:
        return unwrap(await function(*args, **kwargs))
    except (InvalidBody, UnexpectedStatus) as error:
        raise decode_error(error, function) from error


def unwrap(response: Response[T]) -> T:
    """What a success holds; the generated client raises for any other status, so there is always something."""
    return response.parsed  # type: ignore[return-value] # pyright: ignore[reportReturnType]


def decode_error(error: InvalidBody | UnexpectedStatus, function: Callable[..., object]) -> DecodeError:
    """This library's error for one that a generated function raised."""
    operation: Operation = sys.modules[function.__module__].OPERATION
    if isinstance(error, UnexpectedStatus):
        return DecodeError(f"the description knows no success {error.status_code}", operation=operation.id)
    model = None if error.model == operation.id else error.model
    problem = f"{model}: {error.problem}" if model else error.problem
    return DecodeError(problem, operation=operation.id, model=model, key=error.key)


# --- arguments -----------------------------------------------------------------------------------------------------


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
    try:
        given = httpx.Headers(dict(value or {}))
    except (TypeError, ValueError, AttributeError) as error:
        raise ConfigurationError("headers must map str to str") from error
    if "authorization" in given:
        raise ConfigurationError("headers must not hold Authorization; credentials go into auth")
    python = ".".join(platform.python_version_tuple()[:2])
    headers = httpx.Headers({"User-Agent": f"gcore-iam/{__version__} python/{python}", "Accept": "application/json"})
    headers.update(given)
    return headers


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port


def _shown(url: httpx.URL) -> str:
    return str(url.copy_with(query=None, fragment=None))
