"""Builds the exception for a response that is not a success.

Error bodies have six forms: `{"errors": {field: [message]}}`, `{"errors": {field: message}}`, the same with nested
fields, `{"message": message}`, `{"detail": message}`, and a list of messages or of any of these. For any response,
both the size of an exception and the time to build it are bounded.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.client import responses
from itertools import islice
from typing import Any

from ._redaction import MASK, MAX_HEADER_LENGTH, Redactor, mask_secret_fields
from ._secrets import SECRET_KEYS, find_body_secrets, is_secret_key
from .errors import (
    AlreadyInvitedError,
    APIStatusError,
    AuthenticationError,
    BadRequestError,
    ConflictError,
    Json,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    ServerError,
)

MAX_PARSED_BYTES = 2**20
"""Larger bodies are not decoded as JSON."""

MAX_BODY_LENGTH = 2**16
"""Maximum number of characters of a body that an error keeps. It keeps the beginning of a longer body as text."""

MAX_BODY_DEPTH = 100
"""Maximum depth of a decoded body that an error keeps: an error with a deeper body cannot be pickled."""

MAX_MESSAGES = 100

MAX_MESSAGE_LENGTH = 1000
"""Characters of each message in `errors`."""

MAX_SUMMARY_LENGTH = 500
"""Characters of `message`."""

MAX_KEY_LENGTH = 100
"""Characters of each part of a field path, of which there are at most `MAX_PATH_PARTS`."""

MAX_PATH_PARTS = 20

MAX_ISSUED_SECRETS = 16
"""How many secrets of a body are also masked in the rest of the response. In the body, all are masked."""

MAX_RETRY_AFTER = 1e9
"""Seconds: about 30 years, near the limit of `time.sleep`."""

_KEYS_WITHOUT_FIELD = frozenset({"errors", "non_field_errors"})
"""Keys, in the place of a field, of messages that belong to no field: the spec's, and that of Django REST framework."""

_ENVELOPE_KEYS = _KEYS_WITHOUT_FIELD | {"message", "detail"}

_KNOWN_KEYS = SECRET_KEYS | _ENVELOPE_KEYS
"""Keys of the API. They are never masked, even if a user's password is the same word."""

_CLASS_BY_STATUS: Mapping[int, type[APIStatusError]] = {
    400: BadRequestError,
    401: AuthenticationError,
    403: PermissionDeniedError,
    404: NotFoundError,
    409: ConflictError,
    422: BadRequestError,
    429: RateLimitError,
}


def build_status_error(
    status: int,
    headers: Mapping[str, str],
    content: bytes,
    *,
    method: str,
    url: str,
    secrets: Iterable[str] = (),
    now: datetime | None = None,
    operation: str | None = None,
) -> APIStatusError:
    """Build the error for a response that is not a success.

    Args:
        status: The HTTP status.
        headers: The headers, by lower-case name.
        content: The body.
        method: The request's HTTP method.
        url: The request's URL, without its query.
        secrets: The secrets that the error must not show.
        now: The current time, for a `Retry-After` date; None reads the clock.
        operation: The `operationId`, if it is known.
    """
    body, is_json = _parse(content)
    redactor = _build_redactor(body, secrets)
    errors: dict[str, list[str]] = {}
    if is_json:
        for path, message in islice(_find_messages(body), MAX_MESSAGES):
            line = " ".join(redactor.redact(message, max_length=MAX_MESSAGE_LENGTH, allow_line_breaks=True).split())
            errors.setdefault(_format_path(path, redactor), []).append(redactor.redact(line))
    return _choose_class(status, errors, operation)(
        status,
        errors=errors,
        message=_summarize(status, errors, headers, content, redactor),
        request_id=_redact_request_id(headers, redactor),
        retry_after=parse_retry_after(headers.get("retry-after"), now),
        body=_redact_content(body, content, redactor, is_json=is_json),
        method=redactor.redact(method, max_length=MAX_HEADER_LENGTH),
        url=redactor.redact(url),
    )


def describe_response(
    status: int, headers: Mapping[str, str], content: bytes | None, method: str, url: str, secrets: Iterable[str]
) -> dict[str, Any]:
    """Describe a success for a `DecodeError`: its status, request id, body, method and URL, without secrets.

    Args:
        status: The HTTP status.
        headers: The headers, by lower-case name.
        content: The body; None if it was dropped.
        method: The request's HTTP method.
        url: The request's URL, without its query.
        secrets: The secrets that the error must not show.
    """
    body, is_json = _parse(content or b"")
    redactor = _build_redactor(body, secrets)
    kept: Json = None
    if content is not None:
        # Such a response may hold a new token, under whatever key. A page of HTML comes from a proxy.
        may_hold_token = method != "GET" or "/auth/" in url
        if not may_hold_token or content.lstrip().startswith(b"<"):
            kept = _redact_content(body, content, redactor, is_json=is_json)
        elif is_json and len(content) <= MAX_BODY_LENGTH and not _is_deeper_than(body, MAX_BODY_DEPTH):
            kept = _mask_texts(body)
        else:
            kept = MASK
    return {
        "status": status,
        "request_id": _redact_request_id(headers, redactor),
        "body": kept,
        "method": method,
        "url": redactor.redact(url),
    }


def _build_redactor(body: Json, secrets: Iterable[str]) -> Redactor:
    issued = islice(find_body_secrets(body, skipped_keys=_ENVELOPE_KEYS), MAX_ISSUED_SECRETS)
    return Redactor([*secrets, *issued])


def _redact_request_id(headers: Mapping[str, str], redactor: Redactor) -> str | None:
    request_id = headers.get("x-request-id")
    return None if request_id is None else redactor.redact(request_id, max_length=MAX_HEADER_LENGTH)


def _choose_class(status: int, errors: Mapping[str, list[str]], operation: str | None) -> type[APIStatusError]:
    cls = _CLASS_BY_STATUS.get(status, ServerError if status >= 500 else APIStatusError)
    if cls is BadRequestError and operation == "iamInviteUser":
        # The spec: "User {user ID} has already been invited to client {account ID}", in a list without field names.
        messages = (message for path in ("", "email") for message in errors.get(path, ()))
        if any("already" in message.lower() for message in messages):
            return AlreadyInvitedError
    return cls


def parse_retry_after(value: str | None, now: datetime | None = None) -> float | None:
    """Parse a `Retry-After` header (RFC 9110, section 10.2.3): a number of seconds, or a date.

    Args:
        value: The header.
        now: The current time, for a date; None reads the clock.

    Returns:
        Seconds to wait, from 0 to 1e9; None if the header is missing or not valid.
    """
    if value is None:
        return None
    seconds = value.strip()  # `float` does not strip all of these characters, such as "\x1f"
    if seconds.isascii() and seconds.isdecimal():
        return min(float(seconds), MAX_RETRY_AFTER)
    if len(value) > MAX_HEADER_LENGTH:
        return None
    try:
        moment = parsedate_to_datetime(value)
    except (ValueError, TypeError, OverflowError):
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return min(max(0.0, (moment - (now or datetime.now(UTC))).total_seconds()), MAX_RETRY_AFTER)


def _parse(content: bytes) -> tuple[Json, bool]:
    """Decode a body; return it, and whether it was decoded. A body that is too large or no JSON is not."""
    if len(content) > MAX_PARSED_BYTES:
        return None, False
    try:
        return json.loads(content.decode("utf-8", "replace")), True
    except (ValueError, RecursionError):
        return None, False


def _find_messages(
    body: Json, path: tuple[str, ...] | None = None, depth: int = 0
) -> Iterator[tuple[tuple[str, ...], str]]:
    """Find each message of an error body, and its field path.

    The outermost `errors`, `message` or `detail` is not part of a path, and neither is a key that stands for no field.
    Other keys beside the outermost one are skipped: they may hold anything, even the request with its credentials.
    """
    if depth > MAX_BODY_DEPTH:
        return
    if isinstance(body, dict):
        for key, value in body.items():
            if path is not None or key in _ENVELOPE_KEYS:
                is_field = path is not None and key not in _KEYS_WITHOUT_FIELD
                yield from _find_messages(value, (*(path or ()), key) if is_field else path or (), depth + 1)
    elif isinstance(body, list):
        for item in body:
            yield from _find_messages(item, path, depth + 1)
    elif body is not None and (path is not None or isinstance(body, str)):
        yield path or (), str(body)


def _format_path(path: tuple[str, ...], redactor: Redactor) -> str:
    parts = [
        key if key in _KNOWN_KEYS else redactor.redact(key, max_length=MAX_KEY_LENGTH) for key in path[:MAX_PATH_PARTS]
    ]
    if len(path) > MAX_PATH_PARTS:
        parts.append("…")
    return parts[0] if len(parts) == 1 else redactor.redact(".".join(parts))


def _redact_content(body: Json, content: bytes, redactor: Redactor, *, is_json: bool) -> Json:
    """Build the body that an error keeps: decoded if it is JSON and small, otherwise as text."""
    if is_json and len(content) <= MAX_BODY_LENGTH and not _is_deeper_than(body, MAX_BODY_DEPTH):
        return _redact_body(body, redactor)
    text = content[: 4 * MAX_BODY_LENGTH + 4].decode("utf-8", "replace")  # a character takes at most four bytes
    text = redactor.redact(text, max_length=MAX_BODY_LENGTH, allow_line_breaks=True)
    return mask_secret_fields(text)


def _is_deeper_than(body: Json, depth: int) -> bool:
    """Return whether a body has more levels; no recursion, because a deep body would exceed Python's limit."""
    level: list[Json] = [body]
    for _ in range(depth + 1):
        containers = [node for node in level if isinstance(node, list | dict)]
        if not containers:
            return False
        level = [child for node in containers for child in (node.values() if isinstance(node, dict) else node)]
    return True


def _redact_body(body: Json, redactor: Redactor, *, is_message: bool = False) -> Json:
    """Mask the secrets in a body.

    The values under an envelope key are messages: a message about the field `token` is not a token.
    """
    if isinstance(body, str):
        text = redactor.redact(body, allow_line_breaks=True)
        return text if is_message else mask_secret_fields(text)
    if isinstance(body, list):
        return [_redact_body(item, redactor, is_message=is_message) for item in body]
    if isinstance(body, dict):
        return {
            (key if key in _KNOWN_KEYS else redactor.redact(key)): _mask_value(value, redactor)
            if is_secret_key(key) and not is_message
            else _redact_body(value, redactor, is_message=is_message or key in _ENVELOPE_KEYS)
            for key, value in body.items()
        }
    if body is None or isinstance(body, bool):
        return body
    text = str(body)
    return body if redactor.mask(text) == text else MASK


def _mask_texts(body: Json) -> Json:
    """Mask each text and each number in a body, and each key that is no word."""
    if isinstance(body, list):
        return [_mask_texts(item) for item in body]
    if isinstance(body, dict):
        return {key if key.isidentifier() and key.isascii() else MASK: _mask_texts(item) for key, item in body.items()}
    return body if body is None or isinstance(body, bool) else MASK


def _mask_value(value: Json, redactor: Redactor) -> Json:
    """Mask the value of a secret key; in a list, each value."""
    if isinstance(value, list):
        return [_mask_value(item, redactor) for item in value]
    if isinstance(value, dict):
        return _redact_body(value, redactor)
    return value if value is None or isinstance(value, bool) else MASK


def _summarize(
    status: int, errors: Mapping[str, list[str]], headers: Mapping[str, str], content: bytes, redactor: Redactor
) -> str:
    parts = [f"{path}: {' '.join(texts)}" if path else " ".join(texts) for path, texts in errors.items()]
    summary = " ".join("; ".join(parts).split())
    if not summary:
        phrase = responses.get(status, "unregistered status")
        media_type = headers.get("content-type", "").split(";")[0]
        media_type = redactor.redact(media_type, max_length=MAX_HEADER_LENGTH) or "no content type"
        summary = f"{phrase} ({media_type}, {len(content)} bytes)" if content else phrase
    return summary if len(summary) <= MAX_SUMMARY_LENGTH else summary[: MAX_SUMMARY_LENGTH - 1] + "…"
