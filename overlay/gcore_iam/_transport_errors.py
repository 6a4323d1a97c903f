"""Converts exceptions of a transport to this library's errors."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import httpx

from ._redaction import Redactor
from ._response_body import BodyTooLargeError
from .call import CallContext
from .errors import (
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    DecodeError,
    IAMError,
    ResponseTooLargeError,
)
from .retry import describe_success

_PACKAGES = frozenset({"anyio", "h11", "h2", "hpack", "httpcore", "httpx", "hyperframe", "socksio", "trio"})
"""Packages that send requests. httpx converts most of their exceptions, but not those of a connection in an invalid
state, for instance after a KeyboardInterrupt."""

_UNSENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError, httpx.UnsupportedProtocol)
"""Failures before a request was sent."""

_MAX_DETAIL_LENGTH = 500
"""Characters of another library's error message that a message of ours shows."""


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
    *,
    find_secrets: Callable[[], Iterable[str]],
    max_response_bytes: int | None,
) -> IAMError:
    """Build this library's error for a failed attempt. The exception becomes its cause if it shows no secret.

    Args:
        error: The exception of the transport.
        request: The request, with its timeouts.
        call: The call that the request belongs to.
        find_secrets: Returns the secrets that no message may show.
        max_response_bytes: The bound for response bodies; None for none.
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
    if isinstance(error, httpx.HTTPStatusError):  # raised by an event hook of the user's client
        ours = build_response_error(error.response, url, find_secrets())
    elif isinstance(error, httpx.DecodingError):
        problem = f"the body's content encoding is broken: {detail}{hint}"
        ours = DecodeError(problem, operation=operation.id)
    elif isinstance(error, BodyTooLargeError) and max_response_bytes is not None:
        problem = f"the body is larger than max_response_bytes ({max_response_bytes} bytes){hint}"
        ours = ResponseTooLargeError(problem, operation=operation.id, max_response_bytes=max_response_bytes)
    elif isinstance(error, httpx.TimeoutException):
        step = type(error).__name__.removesuffix("Timeout").lower()
        seconds = request.extensions.get("timeout", {}).get(step)
        timing = f"{step} timed out after {seconds:.3g} s" if seconds is not None else f"{step} timed out"
        if call.deadline is not None and not call.deadline.remaining:
            timing = f"the deadline of {call.deadline.seconds:.3g} s has passed ({timing})"
        ours = APITimeoutError(f"{method} {url}: {timing}", method=method, url=url, sent=was_sent)
    else:
        if not isinstance(error, httpx.HTTPError | httpx.InvalidURL | OSError):
            detail = f"the connection is unusable ({type(error).__name__})"
        elif may_quote:
            detail = "the server closed the connection, or does not speak HTTP"
        ours = APIConnectionError(f"{method} {url}: {detail}", method=method, url=url, sent=was_sent)
    if not may_quote and _is_safe_to_show(error, redactor):
        ours.__cause__ = error
    return ours


def build_response_error(
    response: httpx.Response, url: str, secrets: Iterable[str], body_error: Exception | None = None
) -> APIStatusError:
    """Build the error for a response that is not a success.

    Args:
        response: The response.
        url: The URL of the request, for messages.
        secrets: The secrets that no message may show.
        body_error: Why the body was dropped; None if it was read.
    """
    from ._error_responses import build_status_error  # most programs have no use for it at their start

    try:
        content = response.content
    except httpx.ResponseNotRead:  # an event hook of the user's client raised before the body was read
        content = b""
    error = build_status_error(
        response.status_code, response.headers, content, method=response.request.method, url=url, secrets=secrets
    )
    if body_error is not None:
        is_too_large = isinstance(body_error, BodyTooLargeError)
        reason = "is larger than max_response_bytes" if is_too_large else "cannot be decompressed"
        error.add_note(f"The body of this response {reason}, and was dropped.")
    return error


def _is_safe_to_show(error: BaseException, redactor: Redactor) -> bool:
    """Return whether a traceback may show an error: its chain has no secrets and no unprintable characters."""
    chain: list[BaseException] = []
    cause: BaseException | None = error
    while cause is not None and cause not in chain:
        chain.append(cause)
        cause = cause.__cause__ or cause.__context__
    return all(redactor.redact(text, allow_line_breaks=True) == text for text in map(str, chain))
