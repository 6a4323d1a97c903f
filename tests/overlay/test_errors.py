"""Errors: what each status becomes, what each body shape says, and that nothing secret shows."""

from __future__ import annotations

import copy
import pickle
import socket
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from gcore_iam import (
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    AuthenticationError,
    BadRequestError,
    ConfigurationError,
    ConflictError,
    DecodeError,
    IAMClient,
    IAMError,
    NotFoundError,
    PaginationError,
    PermissionDeniedError,
    RateLimitError,
    ServerError,
)
from gcore_iam._error_responses import build_status_error

from .conftest import Handler

BY_STATUS = {
    400: BadRequestError,
    401: AuthenticationError,
    403: PermissionDeniedError,
    404: NotFoundError,
    409: ConflictError,
    422: BadRequestError,
    429: RateLimitError,
    500: ServerError,
    502: ServerError,
    503: ServerError,
    520: ServerError,
    599: ServerError,
    302: APIStatusError,
    402: APIStatusError,
    418: APIStatusError,
}


def build(content: bytes, status: int = 400, **headers: str) -> APIStatusError:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return build_status_error(status, named, content, method="GET", url="https://api.gcore.com/iam/users")


@pytest.mark.parametrize(("status", "cls"), BY_STATUS.items())
def test_each_status_has_its_error(status: int, cls: type, build_iam: Callable[[Handler], IAMClient]) -> None:
    with build_iam(lambda _: httpx.Response(status, json={"message": "no"})) as iam:
        with pytest.raises(IAMError) as caught:
            iam.users.get(5)
        assert type(caught.value) is cls
        with pytest.raises(cls):
            iam.users.list().collect()
        with pytest.raises(cls):
            iam.account.get()


@pytest.mark.parametrize(
    ("body", "errors"),
    [
        (b'{"errors": {"email": ["is required", "is odd"]}}', {"email": ["is required", "is odd"]}),
        (b'{"errors": {"email": "is required"}}', {"email": ["is required"]}),
        (b'{"errors": {"client_user": {"role": ["is unknown"]}}}', {"client_user.role": ["is unknown"]}),
        (b'{"message": "Not allowed"}', {"": ["Not allowed"]}),
        (b'["already invited", "twice"]', {"": ["already invited", "twice"]}),
        (b'[{"errors": {"new_email": "is the same"}}]', {"new_email": ["is the same"]}),
        (b'{"errors": {"errors": ["No active account"]}}', {"": ["No active account"]}),
        (b'{"errors": {"non_field_errors": ["no", "never"]}}', {"": ["no", "never"]}),
        (b'{"errors": {"client_user": {"non_field_errors": "no"}}}', {"client_user": ["no"]}),
        (b'{"non_field_errors": ["no"]}', {"": ["no"]}),
        (b'{"detail": "Not found."}', {"": ["Not found."]}),
        (b'{"errors": {"message": ["too long"]}}', {"message": ["too long"]}),
        (b'{"message": "m", "token": "s3", "request": {"password": "p"}}', {"": ["m"]}),
        (b'{"password": "p"}', {}),
        (b"5", {}),
        (b"<html>", {}),
        (b"", {}),
        (b"null", {}),
        (b"{}", {}),
        (b'{"errors": {"a": null, "b": 5}}', {"b": ["5"]}),
        (b"[" * 100_000, {}),
        (b"\xff\xfe", {}),
    ],
)
def test_messages_are_found_in_every_shape(body: bytes, errors: dict[str, list[str]]) -> None:
    error = build(body)
    assert error.errors == errors
    for messages in errors.values():
        for message in messages:
            assert message in error.message
    assert error.message
    assert "\n" not in error.message


def test_a_body_too_deep_to_be_pickled_is_kept_as_text() -> None:
    text = '{"a":' * 600 + "1" + "}" * 600
    error = build(text.encode())
    assert error.body == text
    assert pickle.loads(pickle.dumps(error)).body == text


def test_a_response_without_a_message_is_named_by_its_status() -> None:
    assert build(b"", 502).message == "Bad Gateway"
    assert build(b"<html>", 502, content_type="text/html; charset=x").message == "Bad Gateway (text/html, 6 bytes)"
    assert build(b"", 520).message == "unregistered status"


def test_a_long_message_is_cut_and_the_body_kept() -> None:
    error = build(b'{"message": "' + b"x" * 10_000 + b'"}')
    assert len(error.message) == 500
    assert isinstance(error.body, dict)
    assert error.body["message"] == "x" * 10_000


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120.0),
        ("0", 0.0),
        ("0\x1f", 0.0),
        ("\x1c7\u2003", 7.0),
        ("100000", 100_000.0),
        ("Mon, 01 Jan 2024 00:00:30 GMT", 30.0),
        ("Mon, 01 Jan 2024 00:00:30 -0000", 30.0),
        ("Sun, 31 Dec 2023 00:00:00 GMT", 0.0),
        ("soon", None),
        ("\u0661\u0662", None),
        ("9" * 400, 1e9),
        ("Fri, 31 Dec 9999 23:59:59 GMT", 1e9),
        (f"Fri, 31 Dec {'9' * 30} 23:59:59 GMT", None),
        ("-5", None),
        ("", None),
    ],
)
def test_retry_after_is_read_as_seconds_or_date(value: str, seconds: float | None) -> None:
    error = build_status_error(
        429, {"retry-after": value}, b"", method="GET", url="u", now=datetime(2024, 1, 1, tzinfo=UTC)
    )
    assert error.retry_after == seconds


@pytest.mark.skipif(not hasattr(time, "tzset"), reason="the system has no variable for the time zone")
def test_a_date_without_a_zone_is_in_utc_everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "JST-9")
        time.tzset()
        error = build_status_error(
            429,
            {"retry-after": "Mon, 01 Jan 2024 00:00:30 -0000"},
            b"",
            method="GET",
            url="u",
            now=datetime(2024, 1, 1, tzinfo=UTC),
        )
    time.tzset()
    assert error.retry_after == 30


def test_no_retry_after_is_none() -> None:
    assert build(b"", 429).retry_after is None


EXAMPLES: list[IAMError] = [
    *(build_status_error(status, {}, b'{"message": "no"}', method="GET", url="u") for status in BY_STATUS),
    ConfigurationError("bad"),
    APIConnectionError("refused", method="GET", url="u"),
    APITimeoutError("late", method="GET", url="u"),
    DecodeError("odd", operation="iamGetUser", model="User", key="id"),
    PaginationError("odd", offset=5),
]


@pytest.mark.parametrize("error", EXAMPLES, ids=lambda error: type(error).__name__)
@pytest.mark.parametrize("make", [copy.copy, copy.deepcopy, lambda error: pickle.loads(pickle.dumps(error))])
def test_errors_survive_copies(error: IAMError, make: Callable[[Any], Any]) -> None:
    again = make(error)
    assert type(again) is type(error)
    assert str(again) == str(error)
    assert again.args == error.args
    assert again.__dict__ == error.__dict__


@pytest.mark.parametrize(
    ("error", "builtin"),
    [
        (ConfigurationError, ValueError),
        (APIConnectionError, ConnectionError),
        (APITimeoutError, TimeoutError),
        (AuthenticationError, PermissionError),
        (PermissionDeniedError, PermissionError),
        (NotFoundError, LookupError),
        (DecodeError, ValueError),
    ],
)
def test_errors_are_also_what_a_python_programmer_would_catch(error: type, builtin: type) -> None:
    assert issubclass(error, builtin)
    assert issubclass(error, IAMError)


def test_a_refused_connection_is_a_connection_error() -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{unused.getsockname()[1]}"
        with IAMClient("42_k3y-mark", base_url=url, retries=0) as iam, pytest.raises(APIConnectionError) as caught:
            iam.users.get(5)
    assert caught.value.method == "GET"
    assert caught.value.url == f"{url}/iam/users/5"
    assert "mark" not in str(caught.value)


def test_a_silent_server_is_a_timeout() -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with (
            IAMClient("42_k", base_url=url, retries=0, timeout=httpx.Timeout(5, read=0.05)) as iam,
            pytest.raises(APITimeoutError, match=r"read timed out after 0.05 s"),
        ):
            iam.users.get(5)


def test_a_query_does_not_show_in_an_error(
    build_iam: Callable[[Handler], IAMClient],
) -> None:
    with build_iam(lambda _: httpx.Response(500)) as iam, pytest.raises(ServerError) as caught:
        iam.users.list().collect()
    assert caught.value.url == "https://api.gcore.com/iam/users"


@pytest.mark.parametrize(
    "error",
    [
        ConfigurationError("refused."),
        APIConnectionError("refused.", method="GET", url="u"),
        APITimeoutError("refused", method="GET", url="u"),
        DecodeError("refused.", operation="iamGetUser"),
        PaginationError("refused", offset=0),
    ],
    ids=lambda error: type(error).__name__,
)
def test_advice_ends_the_message(error: IAMError) -> None:
    error.add_advice("do it later")
    assert str(error).endswith("refused; do it later")
    assert "do it later" in repr(error)
    assert str(pickle.loads(pickle.dumps(error))) == str(error)
