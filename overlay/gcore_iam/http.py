"""What goes over the wire and what comes back, without waiting for it: settings, credentials, errors, logging.

The clients that wait are in `aio/http.py` and, for sync code, in `sync/http.py`.
"""

from __future__ import annotations

import logging
import os
import re
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from ipaddress import IPv6Address
from typing import TYPE_CHECKING, NoReturn, Protocol, TypeVar
from urllib.request import getproxies

import httpx
from gcore_iam_client import Client
from gcore_iam_client.errors import InvalidBody, UnexpectedStatus
from gcore_iam_client.types import Operation, Response

from . import background
from ._error_responses import build_status_error
from ._event_loop import warn_if_event_loop_is_running
from ._redaction import Redactor, find_body_secrets, find_proxy_secrets, find_secrets, write_log
from ._response_body import ACCEPT_ENCODING, BodyTooLargeError
from ._urls import parse_url
from ._version import __version__
from .errors import (
    AmbiguousOutcomeError,
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    ConfigurationError,
    DecodeError,
    IAMError,
    RateLimitError,
    ResponseTooLargeError,
)
from .raw import noted
from .retry import Call, Effect, Outcome, RetryPolicy, effect_of

if TYPE_CHECKING:
    from collections.abc import Callable

    import tenacity

T = TypeVar("T")

logger = logging.getLogger("gcore_iam")

DEFAULT_BASE_URL = "https://api.gcore.com"

DEFAULT_TIMEOUT = httpx.Timeout(30.0, connect=5.0)
"""Seconds: 5 to connect, 30 for each read, each write, and the wait for a connection of the pool."""

LIMITS_OF_ONE_POOL = httpx.Limits(max_connections=100, max_keepalive_connections=100)
"""Connections of a client whose requests may go through a proxy; all others have several pools."""

_LONGEST_TIMEOUT = 1e6
"""Seconds: sockets cannot wait for much longer; `httpx.Timeout(None)` waits without end."""

LOOPBACK = ("localhost", "127.0.0.1", "::1")

_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # a token of RFC 9110, section 5.6.2

WITHOUT_CREDENTIALS = ("/iam/auth/jwt/login", "/iam/auth/jwt/refresh", "/iam/auth/password/forgot")
"""Paths of the operations that take no credentials, for requests that no generated function has made."""

_OWN_HEADERS = frozenset({"host", "content-type", "content-length", "transfer-encoding", "connection"})

_DEFAULT_PORTS = {"http": 80, "https": 443}

_MAX_DETAIL_LENGTH = 500
"""Characters of another library's error message, or of a path, that a message of ours shows."""

_MAX_TOKEN_BODY = 2**16
"""Bytes: no response that issues tokens is larger."""

_UNSENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError, httpx.UnsupportedProtocol)
"""Failures before anything of a request was sent."""

# --- one call ------------------------------------------------------------------------------------------------------


def begin(
    request: httpx.Request, policy: RetryPolicy, known_secrets: Callable[[], Iterable[str]] = tuple
) -> Call[httpx.Response]:
    """The call that a request is for.

    Args:
        request: The request.
        policy: When to retry.
        known_secrets: Gives secrets that the server may repeat although this request does not hold them.
    """

    def find_all_secrets() -> set[str]:
        return find_secrets(request) | find_proxy_secrets(getproxies()) | set(known_secrets())

    outer = next(iter(_BUDGET.get()), None)
    operation = request.extensions.get("operation")
    if isinstance(operation, Operation):
        return Call(policy, operation.id, request.method, shown(request.url), outer, find_all_secrets)
    # A request that no generated function has made: its path may hold anything.
    redactor = Redactor(find_all_secrets())
    path = redactor.redact(request.url.path, max_length=_MAX_DETAIL_LENGTH)
    return Call(policy, path, request.method, redactor.redact(shown(request.url)), outer, find_all_secrets)


def retrying(call: Call[httpx.Response], state: tenacity.RetryCallState) -> None:
    """Tell the log that a call is tried again."""
    outcome = state.outcome.result() if state.outcome else Outcome[httpx.Response]()
    seconds = state.next_action.sleep if state.next_action else 0.0
    write_log(
        logger,
        logging.INFO,
        "%s %s: retry %d of %d in %.2f s, after %s",
        call.method,
        call.url,
        state.attempt_number,
        call.policy.retries,
        seconds,
        _told(outcome),
        secrets=call.secrets,
    )


_BUDGET: ContextVar[Sequence[Call[httpx.Response]]] = ContextVar("gcore_iam_budget", default=())
"""The call that a login is needed for: its deadline is the login's as well."""


@contextmanager
def within(call: Call[httpx.Response] | None) -> Iterator[None]:
    """Let calls that are made meanwhile end when this one has to."""
    holder = [] if call is None else [call]
    token = _BUDGET.set(holder)
    try:
        yield
    finally:
        holder.clear()  # tasks that were begun meanwhile have inherited it
        _BUDGET.reset(token)


def too_late(call: Call[httpx.Response], request: httpx.Request) -> Outcome[httpx.Response]:
    """The outcome of an attempt whose time was over before it began."""
    told = f"{request.method} {call.url}: the deadline of {call.budget:.3g} s has passed before anything was sent"
    return Outcome(error=APITimeoutError(told, method=request.method, url=call.url, sent=False))


def limit(request: httpx.Request, call: Call[httpx.Response]) -> None:
    """Let an attempt take no longer than the call may; a second attempt starts from the request's own timeouts."""
    remaining = call.remaining
    if remaining is not None:
        given = request.extensions.setdefault("gcore_iam_timeout", request.extensions.get("timeout", {}))
        steps = ("connect", "read", "write", "pool")
        least = max(remaining, 0.001)  # 0 would mean that nothing may wait at all
        request.extensions["timeout"] = {
            step: least if given.get(step) is None else min(given[step], least) for step in steps
        }


def concluded(call: Call[httpx.Response], outcome: Outcome[httpx.Response], request: httpx.Request) -> httpx.Response:
    """The answer of a call.

    Raises:
        IAMError: There is none, or it is not a success.
    """
    error = outcome.error
    if error is None:
        assert outcome.response is not None  # noqa: S101 - one of the two
        return outcome.response
    operation = request.extensions.get("operation")
    if (
        call.is_gone
        and isinstance(error, APIStatusError)
        and error.status == 404
        and isinstance(operation, Operation)
        and operation.success
    ):
        template = "%s %s: gone since an earlier attempt, so this is a success"
        write_log(logger, logging.INFO, template, call.method, call.url, secrets=call.secrets)
        return httpx.Response(operation.success[0], request=request)
    failure = call.failure(error)
    if failure is error:
        raise error
    raise failure from error


def succeeded(
    call: Call[httpx.Response], response: httpx.Response, began: float, body_error: Exception | None = None
) -> Outcome[httpx.Response]:
    """Return the outcome of a response; the status of an error response counts although its body cannot be read."""
    error = None if response.is_success else _status_error(call, response)
    if error is not None and body_error is not None:
        is_too_large = isinstance(body_error, BodyTooLargeError)
        reason = "is larger than max_response_bytes" if is_too_large else "cannot be decompressed"
        error.add_note(f"The body of this response {reason}, and was dropped.")
    if isinstance(error, RateLimitError):
        background.limited()
    outcome = Outcome(response if error is None else None, error)
    _log(call, outcome, response, began)
    return outcome


def failed(
    call: Call[httpx.Response],
    error: Exception,
    request: httpx.Request,
    began: float,
    max_response_bytes: int | None = None,
) -> Outcome[httpx.Response]:
    """Return the outcome of a failed attempt; what failed becomes the cause of this library's error."""
    ours: IAMError
    redactor = Redactor(call.secrets())
    method, url = redactor.redact(request.method), redactor.redact(shown(request.url))
    call.method, call.url = method, url
    # What broke the rules of HTTP may be quoted in the message: a header with a secret, an answer in clear.
    quotes = not isinstance(error, httpx.HTTPError | OSError) or isinstance(error, httpx.ProtocolError)
    if isinstance(error, httpx.HTTPStatusError):  # raised by an event hook of the user's client
        ours = _status_error(call, error.response)
    elif isinstance(error, httpx.DecodingError):
        detail = redactor.redact(str(error), max_length=_MAX_DETAIL_LENGTH)
        problem = f"the body's content encoding is broken: {detail}{_done_by(request)}"
        ours = DecodeError(problem, operation=call.operation)
    elif isinstance(error, BodyTooLargeError) and max_response_bytes is not None:
        ours = ResponseTooLargeError(
            f"the body is larger than max_response_bytes ({max_response_bytes} bytes){_done_by(request)}",
            operation=call.operation,
            max_response_bytes=max_response_bytes,
        )
    elif isinstance(error, httpx.TimeoutException):
        step = type(error).__name__.removesuffix("Timeout").lower()
        seconds = request.extensions.get("timeout", {}).get(step)
        timing = f"{step} timed out after {seconds:.3g} s" if seconds is not None else f"{step} timed out"
        if call.budget is not None and call.remaining == 0:
            timing = f"the deadline of {call.budget:.3g} s has passed ({timing})"
        ours = APITimeoutError(f"{method} {url}: {timing}", method=method, url=url, sent=not isinstance(error, _UNSENT))
    else:
        detail = redactor.redact(str(error), max_length=_MAX_DETAIL_LENGTH) or type(error).__name__
        if not isinstance(error, httpx.HTTPError | httpx.InvalidURL | OSError):
            detail = f"the connection is unusable ({type(error).__name__})"
        elif quotes:
            detail = "the server closed the connection, or does not speak HTTP"
        ours = APIConnectionError(
            f"{method} {url}: {detail}", method=method, url=url, sent=not isinstance(error, _UNSENT)
        )
    if not quotes and _is_safe_to_show(error, redactor):
        ours.__cause__ = error
    outcome = Outcome[httpx.Response](error=ours)
    _log(call, outcome, None, began)
    return outcome


def is_rejected(outcome: Outcome[httpx.Response]) -> bool:
    """Whether the API has refused the credentials."""
    return isinstance(outcome.error, APIStatusError) and outcome.error.status == 401


def _log(
    call: Call[httpx.Response], outcome: Outcome[httpx.Response], response: httpx.Response | None, began: float
) -> None:
    write_log(
        logger,
        logging.DEBUG,
        "%s %s: %s in %.0f ms, attempt %d, request id %s",
        call.method,
        call.url,
        _told(outcome) if response is None else response.status_code,
        (time.monotonic() - began) * 1000,
        call.attempts,
        None if response is None else response.headers.get("x-request-id"),
        secrets=lambda: {*call.secrets(), *_find_issued_secrets(response)},
    )


def _find_issued_secrets(response: httpx.Response | None) -> Iterator[str]:
    """Find the tokens that a response holds: its headers may repeat them."""
    try:
        if response is None or len(response.content) > _MAX_TOKEN_BODY:
            return iter(())
        return find_body_secrets(response.json())
    except (ValueError, RuntimeError):  # no JSON, nested too deep, or not read yet
        return iter(())


def _told(outcome: Outcome[httpx.Response]) -> str:
    error = outcome.error
    return str(error.status) if isinstance(error, APIStatusError) else type(error).__name__


def _status_error(call: Call[httpx.Response], response: httpx.Response) -> APIStatusError:
    try:
        content = response.content
    except httpx.ResponseNotRead:  # a hook of the user's client raised before there was a body
        content = b""
    error = build_status_error(
        response.status_code,
        response.headers,
        content,
        method=response.request.method,
        url=shown(response.request.url),
        secrets=call.secrets(),
    )
    call.method, call.url = error.method, error.url
    return error


def _is_safe_to_show(error: BaseException, redactor: Redactor) -> bool:
    """Whether a traceback may show an error: none of its chain repeats a secret or holds unprintable characters."""
    chain: list[BaseException] = []
    cause: BaseException | None = error
    while cause is not None and cause not in chain:
        chain.append(cause)
        cause = cause.__cause__ or cause.__context__
    return all(redactor.redact(text, allow_line_breaks=True) == text for text in map(str, chain))


def wants_credentials(request: httpx.Request, base_url: httpx.URL) -> bool:
    """Whether credentials belong on a request: it goes to the base URL's origin, and its operation takes them."""
    operation = request.extensions.get("operation")
    if isinstance(operation, Operation):
        takes_them = operation.requires_auth
    else:
        takes_them = not request.url.path.endswith(WITHOUT_CREDENTIALS)
    return takes_them and origin_of(request.url) == origin_of(base_url)


def origin_of(url: httpx.URL) -> tuple[str, str, int | None]:
    """The origin of a URL (RFC 6454): scheme, host as it goes over the wire, and port, with the scheme's default."""
    host = url.raw_host.decode("ascii").lower()
    if ":" in host:
        with suppress(ValueError):  # an address that Python cannot read is compared as it is written
            host = str(IPv6Address(host))
        host = f"[{host}]"
    return url.scheme, host, _DEFAULT_PORTS.get(url.scheme) if url.port is None else url.port


def origin(url: httpx.URL) -> str:
    """The origin of a URL as a text (RFC 6454, section 6.2). Two texts are equal only if the origins are."""
    scheme, host, port = origin_of(url)
    return f"{scheme}://{host}" + ("" if port == _DEFAULT_PORTS.get(scheme) else f":{port}")


def shown(url: httpx.URL) -> str:
    """A URL as messages show it: without its query, where secrets may be, and without a user."""
    # Put together by hand: `copy_with` reads the whole URL again, which costs as much as a third of a call.
    return f"{url.scheme}://{url.netloc.decode('ascii')}{url.raw_path.partition(b'?')[0].decode('ascii')}"


# --- generated functions -------------------------------------------------------------------------------------------


class _Closable(Protocol):
    @property
    def is_closed(self) -> bool: ...


def check_open(*clients: _Closable) -> None:
    """Raise ConfigurationError when a client has been closed."""
    if any(client.is_closed for client in clients):
        raise ConfigurationError("the client is closed; make a new one")


class BoundClient(Client):
    """The generated client over one of this library's httpx clients, for functions of its colour only.

    Whatever would make the generated client open connections of its own is refused: they would have neither
    credentials nor this library's errors.
    """

    def get_httpx_client(self) -> httpx.Client:
        """The client for synchronous functions.

        Raises:
            ConfigurationError: There is none.
        """
        if self._client is None:
            raise ConfigurationError(f"no connection for sync code: {_UNBOUND} IAMClient")
        warn_if_event_loop_is_running()
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
            raise DecodeError(problem + _done(operation), operation=operation.id) from error
        model = None if error.model == operation.id else error.model
        problem = f"{model}: {error.problem}" if model else error.problem
        raise DecodeError(problem + _done(operation), operation=operation.id, model=model, key=error.key) from error


def _done_by(request: httpx.Request) -> str:
    """What an unreadable success means for the operation of a request."""
    operation = request.extensions.get("operation")
    return _done(operation) if isinstance(operation, Operation) else ""


def _done(operation: Operation) -> str:
    """What an unreadable success means for a write."""
    if effect_of(operation.id, operation.method) is not Effect.ONCE:
        return ""
    return "; the server says that the work is done, so do not repeat it, but look what there is"


_UNBOUND = (
    "this is the generated client of the other kind of code, or one made by with_headers, with_cookies or "
    "with_timeout; give those settings to the constructor of"
)


def unwrap(response: Response[T]) -> T:
    """What a success holds; the generated client raises for any other status, so there is always something."""
    noted(response)
    return response.parsed  # type: ignore[return-value] # pyright: ignore[reportReturnType]


@contextmanager
def reconciled(advice: str, look: Callable[[], object] | None) -> Iterator[None]:
    """Tell an AmbiguousOutcomeError how to find out.

    Args:
        advice: What to do, in words.
        look: Looks whether it happened; None where the API has no way to see it.
    """
    try:
        yield
    except AmbiguousOutcomeError as error:
        error.advise(advice, look)
        raise


# --- settings ------------------------------------------------------------------------------------------------------


def check_kind(name: str, value: object, kind: type) -> None:
    """Raise ConfigurationError unless an argument is left out or of the kind that a client takes."""
    if value is not None and not isinstance(value, kind):
        raise ConfigurationError(f"{name} must be an httpx.{kind.__name__}, not {type(value).__name__}")


def checked_base_url(value: str | None, *, allow_http: bool) -> httpx.URL:
    """The base URL of a client; None asks the environment.

    Raises:
        ConfigurationError: It cannot be one, or is plain http to another machine and that is not allowed.
    """
    name = "base_url"
    if value is None:
        name = "the environment variable GCORE_BASE_URL"
        value = os.environ.get("GCORE_BASE_URL") or DEFAULT_BASE_URL
    if not isinstance(value, str):
        raise ConfigurationError(f"base_url must be a str, not {type(value).__name__}")
    try:
        url = parse_url(value)
    except ValueError as error:
        raise ConfigurationError(f"{name} must be a URL such as https://api.gcore.com: {error}") from None
    if url.scheme not in ("http", "https"):
        raise ConfigurationError(f"{name} must be an absolute https URL, such as https://api.gcore.com")
    if url.userinfo or url.query or url.fragment:
        raise ConfigurationError(f"{name} must have no user, password, query or fragment")
    if url.scheme == "http" and url.host not in LOOPBACK and allow_http is not True:
        raise ConfigurationError(
            f"{name} must be https: over plain http to {url.host} anyone on the way could read the credentials; "
            "allow_http=True sends them all the same"
        )
    return url


def checked_timeout(value: float | httpx.Timeout | None, default: httpx.Timeout) -> httpx.Timeout:
    """The timeouts of a client.

    Raises:
        ConfigurationError: It is not a number above 0.
    """
    if value is None:
        return default
    if isinstance(value, httpx.Timeout):
        return value
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= _LONGEST_TIMEOUT:
        raise ConfigurationError("timeout must be a number of seconds above 0, at most 1e6, or an httpx.Timeout")
    return httpx.Timeout(value)


def own_headers() -> httpx.Headers:
    """What every request carries."""
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    return httpx.Headers(
        {
            "User-Agent": f"gcore-iam/{__version__} python/{python}",
            "Accept": "application/json",
            "Accept-Encoding": ACCEPT_ENCODING,
        }
    )


def checked_headers(value: Mapping[str, str] | None) -> httpx.Headers:
    """The headers that a user adds.

    Raises:
        ConfigurationError: A name or value cannot stand in a header, or is for `auth`.
    """
    headers = httpx.Headers()
    if value is None:
        return headers
    if not isinstance(value, Mapping):
        raise ConfigurationError(f"headers must be a mapping, not {type(value).__name__}")
    for name, text in value.items():
        if not isinstance(name, str) or not _HEADER_NAME.fullmatch(name):
            raise ConfigurationError(f"{name!r} is not the name of a header")
        if name.lower() == "authorization":
            raise ConfigurationError("headers must not hold Authorization; credentials go into auth")
        if name.lower() in _OWN_HEADERS:
            raise ConfigurationError(f"headers must not hold {name}; the client sets it for each request")
        # The message leaves the value out: it may be a secret of somebody's proxy.
        if not isinstance(text, str) or not text.isascii() or not text.isprintable() or text != text.strip():
            raise ConfigurationError(
                f"the value of header {name} must be a str of printable ASCII characters without spaces around it"
            )
        headers[name] = text
    return headers
