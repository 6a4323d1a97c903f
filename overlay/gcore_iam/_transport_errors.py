"""Converts exceptions of a transport to this library's errors."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import httpx

from ._redaction import Redactor
from ._response_body import BodyTooLargeError
from .call import CallContext
from .errors import (
    APIConnectionError,
    APITimeoutError,
    DecodeError,
    IAMError,
    ResponseTooLargeError,
)
from .retry import describe_success

_PACKAGES = frozenset({"anyio", "h11", "h2", "hpack", "httpcore", "httpx", "hyperframe", "socksio", "trio"})
"""Packages that send requests. httpx converts most of their exceptions, but not those of a connection in an invalid
state, such as after a KeyboardInterrupt."""

_UNSENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError, httpx.UnsupportedProtocol)
"""Exceptions raised before the request is sent."""

_MAX_DETAIL_LENGTH = 500
"""Maximum number of characters that a message quotes from the error message of another library."""


def is_transport_error(error: Exception) -> bool:
    """Return whether an exception comes from a transport, and not from other code, such as the user's event hooks."""
    if isinstance(error, IAMError):
        return False
    package = type(error).__module__.partition(".")[0]
    return package in _PACKAGES or isinstance(error, BodyTooLargeError | OSError | EOFError)


def build_transport_error(
    error: Exception,
    request: httpx.Request,
    call: CallContext,
    proxy: str | None = None,
    *,
    find_secrets: Callable[[], Iterable[str]],
) -> IAMError:
    """Build this library's error for a failed attempt; the exception becomes its cause if it shows no secret.

    Args:
        error: The exception of the transport.
        request: The request, with its timeouts.
        call: The call that the request belongs to.
        proxy: The proxy of the request, for the message; None if there is none, or it is not known.
        find_secrets: Returns the secrets that no message may show.
    """
    ours: IAMError
    operation = call.operation
    redactor = Redactor(find_secrets())
    method, url = operation.method, redactor.redact(call.url)
    hint = describe_success(operation.id, operation.method)
    detail = redactor.redact(str(error), max_length=_MAX_DETAIL_LENGTH) or type(error).__name__
    # Messages about invalid HTTP may quote it: a header with a secret, or a response.
    may_quote = not isinstance(error, httpx.HTTPError | OSError) or isinstance(error, httpx.ProtocolError)
    was_sent = not isinstance(error, _UNSENT)
    route = "" if proxy is None else redactor.redact(f", through the proxy {proxy}")
    if isinstance(error, httpx.HTTPStatusError):  # raised by an event hook of the user's client
        ours = build_response_error(error.response, call, find_secrets())
    elif isinstance(error, httpx.DecodingError):  # raised by such a hook, which reads the body
        problem = f"the body's content encoding is broken: {detail}{hint}"
        ours = DecodeError(problem, operation=operation.id, method=method, url=url)
    elif isinstance(error, httpx.TimeoutException):
        step = type(error).__name__.removesuffix("Timeout").lower()
        seconds = request.extensions.get("timeout", {}).get(step)
        timing = f"{step} timed out after {seconds:.3g} s" if seconds is not None else f"{step} timed out"
        if call.deadline is not None and not call.deadline.remaining:
            timing = f"the deadline of {call.deadline.seconds:.3g} s has passed ({timing})"
        ours = APITimeoutError(f"{method} {url}: {timing}{route}", method=method, url=url, sent=was_sent)
    else:
        if not isinstance(error, httpx.HTTPError | httpx.InvalidURL | OSError):
            detail = f"the connection is unusable ({type(error).__name__})"
        elif may_quote:
            detail = "the server closed the connection, or does not speak HTTP"
        elif isinstance(error, httpx.ProxyError):
            detail = f"the proxy does not connect to the server: {detail}"
        ours = APIConnectionError(f"{method} {url}: {detail}{route}", method=method, url=url, sent=was_sent)
    if not may_quote and _is_safe_to_show(error, redactor):
        ours.__cause__ = error
    return ours


def build_response_error(
    response: httpx.Response,
    call: CallContext,
    secrets: Iterable[str],
    body_error: Exception | None = None,
    max_response_bytes: int | None = None,
) -> IAMError:
    """Build the error for a response that is not a success, or whose body cannot be read.

    Args:
        response: The response.
        call: The call that the response belongs to.
        secrets: The secrets that no message may show.
        body_error: The exception for which the body was dropped; None if it was read.
        max_response_bytes: The bound for response bodies; None for none.
    """
    is_too_large = isinstance(body_error, BodyTooLargeError)
    if body_error is not None and response.is_success:
        return _build_body_error(response, call, secrets, body_error, max_response_bytes if is_too_large else None)
    from ._error_responses import build_status_error  # here, because most programs never need it

    error = build_status_error(
        response.status_code,
        response.headers,
        _get_content(response),
        method=response.request.method,
        url=call.url,
        secrets=secrets,
        operation=call.operation.id,
    )
    if body_error is not None:
        reason = "is larger than max_response_bytes" if is_too_large else "cannot be decompressed"
        error.add_note(f"The body of this response {reason}, and was dropped.")
    return error


def _get_content(response: httpx.Response) -> bytes:
    """Get the body of a response; empty if it was dropped, or an event hook of the user raised before it was read."""
    try:
        return response.content
    except httpx.ResponseNotRead:
        return b""


def _build_body_error(
    response: httpx.Response,
    call: CallContext,
    secrets: Iterable[str],
    body_error: Exception,
    max_response_bytes: int | None,
) -> DecodeError:
    """Build the error for a success whose body is too large, or has a broken content encoding."""
    from ._error_responses import describe_response

    operation, method = call.operation.id, call.operation.method
    details = describe_response(response.status_code, response.headers, None, method, call.url, secrets)
    hint = describe_success(operation, method)
    if max_response_bytes is not None:
        problem = f"the body is larger than max_response_bytes ({max_response_bytes} bytes){hint}"
        return ResponseTooLargeError(problem, operation=operation, max_response_bytes=max_response_bytes, **details)
    detail = Redactor(secrets).redact(str(body_error), max_length=_MAX_DETAIL_LENGTH)
    error = DecodeError(f"the body's content encoding is broken: {detail}{hint}", operation=operation, **details)
    error.__cause__ = body_error
    return error


def _is_safe_to_show(error: BaseException, redactor: Redactor) -> bool:
    """Return whether a traceback may show an error: its chain has no secrets and no unprintable characters."""
    chain: list[BaseException] = []
    cause: BaseException | None = error
    while cause is not None and cause not in chain:
        chain.append(cause)
        cause = cause.__cause__ or cause.__context__
    return all(redactor.redact(text, allow_line_breaks=True) == text for text in map(str, chain))
