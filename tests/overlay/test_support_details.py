"""What support asks for: each error shows the method, the path, the status and the request id."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any, Unpack

import httpx
import pytest
from gcore_iam import (
    AlreadyInvitedError,
    AmbiguousOutcomeError,
    APIConnectionError,
    AuthenticationError,
    BadRequestError,
    ConfigurationError,
    ConflictError,
    DecodeError,
    IAMError,
    LoginError,
    NotFoundError,
    ResponseTooLargeError,
    Session,
    TokenRotationError,
)
from gcore_iam.testing import FakeIAM, Missing, Reset, Status, Truncate

from .conftest import ClientKind, ClientOptions, EitherClient
from .session_server import BASE, EMAIL, PASSWORD, USERS, get_user, run

pytestmark = pytest.mark.fake_iam(USERS, password=PASSWORD)
ACCOUNT = 1001


def raise_error(
    client_kind: ClientKind, fake: FakeIAM, call: Callable[[EitherClient], object], **options: Unpack[ClientOptions]
) -> Any:
    without_retries: ClientOptions = {"retries": 0, **options}
    with pytest.raises(IAMError) as caught:
        run(client_kind, fake, fake.api_key, call, **without_retries)
    return caught.value


def respond(client_kind: ClientKind, response: httpx.Response, call: Callable[[EitherClient], object]) -> Any:
    transport = httpx.MockTransport(lambda _: response)
    with pytest.raises(IAMError) as caught:
        client_kind.run(call, "42_s3cret", base_url=BASE, transport=transport, retries=0)
    return caught.value


# --- decode errors ---------------------------------------------------------------------------------------------------


def test_a_decode_error_tells_which_response_it_is_about(client_kind: ClientKind, fake: FakeIAM) -> None:
    fake.inject(Missing("email"))
    error = raise_error(client_kind, fake, lambda iam: iam.users.get(1))
    assert isinstance(error, DecodeError)
    assert (error.status, error.method, error.url) == (200, "GET", f"{BASE}/iam/users/1")
    assert error.request_id
    assert isinstance(error.body, dict)
    assert error.body["id"] == 1
    assert error.request_id in str(error)
    for other in (pickle.loads(pickle.dumps(error)), copy.copy(error)):
        assert (other.body, other.request_id, repr(other)) == (error.body, error.request_id, repr(error))


def test_a_body_that_is_no_json_is_kept(client_kind: ClientKind, fake: FakeIAM) -> None:
    fake.inject(Truncate(keep=10))
    error = raise_error(client_kind, fake, lambda iam: iam.users.get(1))
    assert (error.status, len(error.body)) == (200, 10)


def test_a_kept_body_masks_secrets(client_kind: ClientKind) -> None:
    headers = {"X-Request-ID": "r-42_s3cret"}
    response = httpx.Response(200, json={"token": "7_new", "note": "42_s3cret", "n": [1]}, headers=headers)
    error = respond(client_kind, response, lambda iam: iam.users.get(1))
    assert (error.body, error.request_id) == ({"token": "***", "note": "***", "n": [1]}, "r-***")


@pytest.mark.parametrize(
    "call",
    [
        lambda iam: iam.auth.login(EMAIL, "pw"),
        lambda iam: iam.auth.select_account(1),
        lambda iam: iam.tokens.create(ACCOUNT, "ci", 2),
    ],
)
@pytest.mark.parametrize(
    "content", [b'{"acess": "s3cret"}', b'{"x\xff": "s3cret", "s3cret\xff": 1', b"s3cret", b'["s3cret"]']
)
def test_no_text_of_a_response_that_issues_tokens_is_kept(
    client_kind: ClientKind, call: Callable[[EitherClient], object], content: bytes
) -> None:
    """The key of a token may be broken, too."""
    error = respond(client_kind, httpx.Response(200, content=content), call)
    assert isinstance(error, DecodeError)
    assert error.status == 200
    assert "s3cret" not in repr(vars(error)) + str(error)


def test_a_proxys_page_is_kept_in_place_of_tokens(client_kind: ClientKind) -> None:
    error = respond(client_kind, httpx.Response(200, text="<p>Log in</p>"), lambda iam: iam.auth.login(EMAIL, "pw"))
    assert error.body == "<p>Log in</p>"


def test_a_body_that_is_too_large_has_its_status(client_kind: ClientKind, fake: FakeIAM) -> None:
    error = raise_error(client_kind, fake, lambda iam: iam.users.get(1), max_response_bytes=10)
    assert isinstance(error, ResponseTooLargeError)
    assert (error.status, error.method, error.body, error.max_response_bytes) == (200, "GET", None, 10)
    assert error.request_id


def test_a_broken_content_encoding_has_its_status(client_kind: ClientKind) -> None:
    stream = httpx.ByteStream(b"no gzip")
    response = httpx.Response(200, stream=stream, headers={"Content-Encoding": "gzip", "X-Request-ID": "r1"})
    error = respond(client_kind, response, lambda iam: iam.users.get(1))
    assert isinstance(error, DecodeError)
    assert (error.status, error.request_id, error.url) == (200, "r1", f"{BASE}/iam/users/1")


def test_a_role_without_a_name_has_its_response(client_kind: ClientKind) -> None:
    response = httpx.Response(200, json={}, headers={"X-Request-ID": "r1"})
    error = respond(client_kind, response, lambda iam: iam.users.get_role(ACCOUNT, 5))
    assert isinstance(error, DecodeError)
    assert (error.status, error.request_id, error.body, error.method) == (200, "r1", {}, "GET")


@pytest.mark.parametrize("value", [None, 5, "", "a b"])
def test_a_session_without_tokens_has_its_response(client_kind: ClientKind, value: Any) -> None:
    body = {"access": value, "refresh": "s3cret"}
    transport = httpx.MockTransport(lambda _: httpx.Response(200, json=body, headers={"X-Request-ID": "r1"}))
    with pytest.raises(DecodeError, match="the response holds no tokens") as caught:
        client_kind.run(lambda iam: iam.users.get(1), Session(EMAIL, PASSWORD), base_url=BASE, transport=transport)
    error = caught.value
    assert (error.status, error.request_id, error.url) == (200, "r1", f"{BASE}/iam/auth/jwt/login")
    assert isinstance(error.body, dict)
    assert error.body["refresh"] == "***"


# --- representations -------------------------------------------------------------------------------------------------


def test_the_repr_of_an_error_shows_its_request(client_kind: ClientKind, fake: FakeIAM) -> None:
    error = raise_error(client_kind, fake, lambda iam: iam.users.get(99))
    assert isinstance(error, NotFoundError)
    details = f"method='GET', path='/iam/users/99', status=404, request_id={error.request_id!r}"
    assert repr(error) == f"NotFoundError({str(error)!r}, {details})"


def test_the_repr_of_a_lost_response_says_outcome_unknown(client_kind: ClientKind, fake: FakeIAM) -> None:
    def create(iam: EitherClient) -> object:
        return iam.tokens.create(ACCOUNT, "ci", 2)

    path = f"/iam/v2/clients/{ACCOUNT}/tokens"
    fake.inject(Reset())
    error = raise_error(client_kind, fake, create)
    assert isinstance(error, AmbiguousOutcomeError)
    assert "may or may not have happened" in repr(error)
    assert repr(error).endswith(f"method='POST', path={path!r})")
    fake.inject(Status(500))
    error = raise_error(client_kind, fake, create)
    expected = f"path={path!r}, status=500, request_id={error.request_id!r})"
    assert repr(error).endswith(expected)
    assert repr(pickle.loads(pickle.dumps(error))).endswith(expected)


def test_the_repr_of_a_connection_error_shows_its_request(client_kind: ClientKind, fake: FakeIAM) -> None:
    fake.inject(Reset())
    error = raise_error(client_kind, fake, lambda iam: iam.users.get(1))
    assert isinstance(error, APIConnectionError)
    assert repr(error).endswith("method='GET', path='/iam/users/1')")


def test_the_repr_of_a_rotation_shows_the_request_that_failed(client_kind: ClientKind, fake: FakeIAM) -> None:
    def rotate(iam: EitherClient) -> object:
        return iam.tokens.rotate(ACCOUNT, 1, lambda _: None)

    fake.inject(Status(403), after=1)
    error = raise_error(client_kind, fake, rotate)
    assert isinstance(error, TokenRotationError)
    assert f"method='POST', path='/iam/v2/clients/{ACCOUNT}/tokens', status=403, request_id=" in repr(error)


def test_the_repr_of_other_errors_shows_their_message() -> None:
    assert repr(ConfigurationError("no key")) == "ConfigurationError('no key')"


# --- errors by content -----------------------------------------------------------------------------------------------


def test_a_person_who_is_invited_already_is_told_apart(client_kind: ClientKind, fake: FakeIAM) -> None:
    email = str(fake.users[1]["email"])
    error = raise_error(client_kind, fake, lambda iam: iam.users.invite(ACCOUNT, email, 2))
    assert type(error) is AlreadyInvitedError
    assert isinstance(error, BadRequestError)
    assert "already been invited" in error.message
    other = raise_error(client_kind, fake, lambda iam: iam.users.invite(ACCOUNT, "x@example.com", "No such role"))
    assert type(other) is BadRequestError


@pytest.mark.parametrize(
    ("status", "body", "cls"),
    [
        (400, ["User 5 has already been invited to client 7"], AlreadyInvitedError),
        (400, {"message": "Already a member of this account"}, AlreadyInvitedError),
        (422, {"errors": {"email": ["is ALREADY in use"]}}, AlreadyInvitedError),
        (400, ["This user cannot be added to this client."], BadRequestError),
        (400, {"errors": {"name": ["is already taken"]}}, BadRequestError),
        (409, ["User 5 has already been invited to client 7"], ConflictError),
    ],
)
def test_the_content_decides_whether_someone_is_invited_already(
    client_kind: ClientKind, status: int, body: object, cls: type[IAMError]
) -> None:
    response = httpx.Response(status, json=body)
    assert type(respond(client_kind, response, lambda iam: iam.users.invite(7, "x@example.com", 2))) is cls
    if status == 400:
        assert type(respond(client_kind, response, lambda iam: iam.users.get(1))) is BadRequestError


@pytest.mark.parametrize("cls", [LoginError, AuthenticationError, BadRequestError])
def test_a_wrong_password_of_a_session_is_a_login_error(
    client_kind: ClientKind, fake: FakeIAM, cls: type[IAMError]
) -> None:
    with pytest.raises(cls) as caught:
        get_user(client_kind, fake, Session(EMAIL, "wrong-password-1"))
    error = caught.value
    assert isinstance(error, LoginError)
    assert (error.status, error.method, error.url) == (400, "POST", f"{BASE}/iam/auth/jwt/login")
    assert "No active account found" in error.message
    assert error.request_id
    assert isinstance(pickle.loads(pickle.dumps(error)), LoginError)
    assert error.__suppress_context__


@pytest.mark.parametrize(("status", "code"), [(400, None), (401, "123456"), (422, "123456")])
def test_a_missing_or_wrong_code_is_a_login_error(client_kind: ClientKind, status: int, code: str | None) -> None:
    body = {"errors": {"one_time_password": ["Enter the code."]}}
    transport = httpx.MockTransport(lambda _: httpx.Response(status, json=body))
    with pytest.raises(LoginError) as caught:
        client_kind.run(
            lambda iam: iam.users.get(1),
            Session(EMAIL, PASSWORD, one_time_password=code),
            base_url=BASE,
            transport=transport,
        )
    assert (caught.value.status, caught.value.errors) == (status, body["errors"])
    assert "Enter the code." in caught.value.message
    assert "one_time_password: Enter the code; the user has two-step verification: pass one_time" in str(caught.value)
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)
