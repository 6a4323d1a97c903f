"""No secret in any log record, repr, str, traceback, pickled error or warning, whatever is called and goes wrong."""

from __future__ import annotations

import copy
import html
import json
import logging
import pickle
import re
import socket
import threading
import traceback
import warnings
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from gcore_iam import (
    AmbiguousOutcomeError,
    APIKey,
    AuthenticationError,
    BadRequestError,
    FileTokenStore,
    IAMError,
    RateLimitError,
    RetryPolicy,
    Session,
)
from gcore_iam.testing import HTML, EmptyBody, FakeIAM, Hang, Missing, NotUTF8, Null, Reset, Status, Truncate
from gcore_iam.testing.faults import Fault

from .conftest import AnyKindTransport, ClientKind, EitherClient

ACCOUNT = 1001
MARK = "c4n4ry"
PASSWORD = f"{MARK}-pässword-1"
SECRETS = {
    "new password": f"{MARK}-new-password",
    "one-time code": f"{MARK}-123456",
    "refresh": f"{MARK}-refresh-token",
    "access": f"{MARK}-access-token",
    "header": f"{MARK}-header",
}

CALLS: dict[str, Callable[[EitherClient], object]] = {
    "login": lambda iam: iam.auth.login("ada@example.com", PASSWORD),
    "login with code": lambda iam: iam.auth.login("ada@example.com", PASSWORD, SECRETS["one-time code"]),
    "wrong login": lambda iam: iam.auth.login("ada@example.com", SECRETS["new password"]),
    "refresh": lambda iam: iam.auth.refresh(SECRETS["refresh"]),
    "select account": lambda iam: iam.auth.select_account(ACCOUNT),
    "forgot password": lambda iam: iam.auth.forgot_password("ada@example.com"),
    "account": lambda iam: iam.account.get(),
    "create account": lambda iam: iam.account.create("Another Ltd"),
    "logins": lambda iam: iam.account.logins(max_items=3).collect(),
    "users": lambda iam: iam.users.list().collect(),
    "user": lambda iam: iam.users.get(1),
    "update user": lambda iam: iam.users.update(5, name="n"),
    "update email": lambda iam: iam.users.update_email(1, "b@example.com", PASSWORD),
    "wrong update email": lambda iam: iam.users.update_email(1, "b@example.com", SECRETS["new password"]),
    "wrong password": lambda iam: iam.users.change_password(1, SECRETS["new password"], PASSWORD),
    "change password": lambda iam: iam.users.change_password(1, PASSWORD, SECRETS["new password"]),
    "invite": lambda iam: iam.users.invite(ACCOUNT, "new@example.com", 2),
    "role": lambda iam: iam.users.get_role(ACCOUNT, 5),
    "set role": lambda iam: iam.users.set_role(ACCOUNT, 5, 2),
    "revoke": lambda iam: iam.users.revoke(ACCOUNT, 6),
    "tokens": lambda iam: iam.tokens.list(ACCOUNT),
    "create token": lambda iam: iam.tokens.create(ACCOUNT, "ci", 2),
    "token": lambda iam: iam.tokens.get(ACCOUNT, 1),
    "rotate": lambda iam: iam.tokens.rotate(ACCOUNT, 2, lambda _: None),
    "delete token": lambda iam: iam.tokens.delete(ACCOUNT, 2),
    "legacy create": lambda iam: iam.tokens.legacy.create(ACCOUNT, "ci", 2),
    "legacy tokens": lambda iam: iam.tokens.legacy.list(ACCOUNT),
    "legacy token": lambda iam: iam.tokens.legacy.get(ACCOUNT, 1),
    "legacy delete": lambda iam: iam.tokens.legacy.delete(ACCOUNT, 2),
    "raw response": lambda iam: iam.with_raw_response.tokens.create(ACCOUNT, "ci", 2),
}

FAULTS: dict[str, tuple[Fault, ...]] = {
    "none": (),
    "401": (Status(401),),
    "403": (Status(403),),
    "404": (Status(404),),
    "429": (Status(429),),
    "500": (Status(500),),
    "502 HTML": (Status(502), HTML()),
    "503": (Status(503, after_work=True),),
    "reset": (Reset(),),
    "reset after the work": (Reset(after_work=True),),
    "no response": (Hang(),),
    "HTML": (HTML(),),
    "empty": (EmptyBody(),),
    "not UTF-8": (NotUTF8(),),
    "truncated": (Truncate(),),
    "broken off": (Truncate(announced=True),),
    "key missing": (Missing("id"),),
    "token missing": (Missing("access"),),
    "null": (Null("refresh"),),
}


def collect_texts(thing: object) -> list[str]:
    """Everything that a program or a person may see of something."""
    seen = [repr(thing), str(thing), repr([thing])]
    if isinstance(thing, BaseException):
        seen += traceback.format_exception(thing)  # those of its causes too
        seen += [repr(thing.__cause__), repr(vars(thing.__cause__))] if thing.__cause__ else []
        if isinstance(thing, IAMError):
            seen.append(pickle.dumps(thing).decode("latin-1"))
            seen += [repr(copy.copy(thing)), repr(copy.deepcopy(thing)), repr(vars(thing))]
    return seen


class TokenCollector(AnyKindTransport):
    """Sends requests to a fake, and keeps the API tokens that it issues."""

    def __init__(self, fake: FakeIAM) -> None:
        self._inner = fake.transport()
        self.issued: set[str] = set()

    def _collect(self, response: httpx.Response) -> httpx.Response:
        self.issued.update(re.findall(r"\d+[_$][0-9A-Fa-f]{16,}", response.text) if response.is_success else ())
        return response

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        response = self._inner.handle_request(request)
        response.read()
        return self._collect(response)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await self._inner.handle_async_request(request)
        await response.aread()
        return self._collect(response)


CASES = [
    (("sync", "asyncio", "trio")[(index + shift) % 3], fault, auth_kind)
    for index, fault in enumerate(FAULTS)
    for shift, auth_kind in enumerate(("key", "session"))
]
"""The client kind, the fault and the credentials: every fault with both credentials, in turn for each client kind."""


@pytest.mark.parametrize(("client_kind", "fault", "auth_kind"), CASES, indirect=["client_kind"])
def test_no_secret_shows(
    client_kind: ClientKind,
    fault: str,
    auth_kind: str,
    caplog: pytest.LogCaptureFixture,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    caplog.set_level(logging.DEBUG)
    seen: list[str] = []
    keys: set[str] = set()
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        for name, call in CALLS.items():
            fake = FakeIAM(
                [{"email": "ada@example.com", "groups": [{"id": 1}]}, *({"groups": [{"id": 2}]} for _ in range(6))],
                password=PASSWORD,
                api_key=f"1_{MARK}key",
                logins=3,
            )
            transport = TokenCollector(fake)
            auth: APIKey | Session = APIKey(fake.api_key)
            if auth_kind == "session":
                store = FileTokenStore(tmp_path / f"{name}.json")
                auth = Session("ada@example.com", PASSWORD, one_time_password=SECRETS["one-time code"], store=store)
            if FAULTS[fault]:
                fake.inject(*FAULTS[fault], times=None, after=1 if name == "rotate" else 0)
            raised: list[BaseException] = []

            def call_and_inspect(
                iam: EitherClient, call: Callable[[EitherClient], object] = call, seen: list[str] = seen
            ) -> object:
                seen.extend(collect_texts(iam) + collect_texts(iam.api) + collect_texts(vars(iam)))
                return call(iam)

            try:
                result = client_kind.run(
                    call_and_inspect,
                    auth,
                    base_url="http://localhost",
                    transport=transport,
                    headers={"X-Secret": SECRETS["header"]},
                    retries=RetryPolicy(sleep=lambda _: None),
                )
                seen += collect_texts(result)
            except IAMError as error:
                raised.append(error)
                seen += collect_texts(error)
            seen += collect_texts(auth)
            keys |= transport.issued
            assert raised or fault not in ("401", "403", "500", "reset", "no response"), name
    seen += [str(warning.message) for warning in warned]
    seen += [record.getMessage() + repr(vars(record)) for record in caplog.records]
    out, err = capsys.readouterr()
    seen += [out, err]
    assert len(caplog.records) >= len(CALLS)
    everything = "\n".join(seen)
    assert MARK not in everything
    assert not [key for key in keys if key in everything]
    assert keys or fault != "none"
    assert "eyJ" not in everything  # how session tokens begin: '{"' in base64url


def test_the_canary_sings() -> None:
    """What the test above looks for would be found."""
    assert MARK in "".join(collect_texts(IAMError(PASSWORD)))
    assert f"{MARK}key" in "".join(collect_texts({"header": f"APIKey 1_{MARK}key"}))


@pytest.mark.parametrize("shape", [lambda echo: {"errors": {"password": [echo]}}, lambda echo: {"message": echo}, str])
def test_a_server_that_repeats_a_secret_is_not_repeated(client_kind: ClientKind, shape: Callable[[str], Any]) -> None:
    """Also when the secret needs escapes in JSON."""
    password = f'{MARK}-"é\\'

    def handle(request: httpx.Request) -> httpx.Response:
        echo = f"{password} and {request.headers.get('authorization')}"
        return httpx.Response(400, json=shape(echo))

    transport = httpx.MockTransport(handle)
    for call in (lambda iam: iam.users.change_password(1, password, "n"), lambda iam: iam.auth.login("u", password)):
        with pytest.raises(IAMError) as caught:
            client_kind.run(call, f"42_{MARK}", transport=transport)
        assert MARK not in "".join(collect_texts(caught.value))


@pytest.mark.parametrize("spell", [html.escape, quote, lambda text: json.dumps(text).replace("/", "\\/")])
def test_a_secret_in_another_spelling_is_not_repeated(client_kind: ClientKind, spell: Callable[[str], str]) -> None:
    password = f"{MARK}/s3cr&t é"
    transport = httpx.MockTransport(lambda _: httpx.Response(400, text=f'{{"message": "{spell(password)}"}}'))
    with pytest.raises(IAMError) as caught:
        client_kind.run(lambda iam: iam.auth.login("u", password), "42_k", transport=transport)
    assert MARK not in "".join(collect_texts(caught.value))


def test_secrets_of_an_error_response_are_not_kept(client_kind: ClientKind) -> None:
    answer = httpx.Response(
        500, json={"token": f"9_{MARK}", "inner": [{"access": MARK}]}, headers={"X-Request-ID": f"42_{MARK}"}
    )
    with pytest.raises(IAMError) as caught:
        client_kind.run(lambda iam: iam.tokens.list(1), f"42_{MARK}", transport=httpx.MockTransport(lambda _: answer))
    assert MARK not in "".join(collect_texts(caught.value))


def test_a_server_that_does_not_speak_http_is_not_quoted(client_kind: ClientKind) -> None:
    def serve(listener: socket.socket) -> None:
        for _ in range(1):
            connection, _ = listener.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(b'{"access":"' + MARK.encode() + b'"}\r\n\r\n')

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = threading.Thread(target=serve, args=(listener,))
        thread.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with pytest.raises(IAMError) as caught:
            client_kind.run(lambda iam: iam.auth.login("u", "p"), "42_k", base_url=url)
        thread.join()
    assert MARK not in "".join(collect_texts(caught.value))


@pytest.mark.parametrize("password", ["password", "errors", "e", "1"])
def test_an_ordinary_word_as_a_password_spoils_no_message(client_kind: ClientKind, password: str) -> None:
    answer = httpx.Response(
        429, json={"errors": {"password": ["Wrong, try 1 more time"]}}, headers={"Retry-After": "120"}
    )
    transport = httpx.MockTransport(lambda _: answer)
    with pytest.raises(RateLimitError) as caught:
        client_kind.run(lambda iam: iam.auth.login("u", password), "42_k", transport=transport, retries=0)
    assert caught.value.errors == {"password": ["Wrong, try 1 more time"]}
    assert caught.value.retry_after == 120


@pytest.mark.parametrize(
    "spelled",
    ["c4n4ry&#39;&quot;x", "c4n4ry&apos;&#34;x", "c4n4ry%27%22x", "c4n4ry\\u0027\\u0022x", "c4n4ry&#x27;&quot;x"],
)
def test_a_secret_with_quotes_is_found_in_every_spelling(client_kind: ClientKind, spelled: str) -> None:
    transport = httpx.MockTransport(lambda _: httpx.Response(400, text=f"<p>{spelled}</p>"))
    with pytest.raises(BadRequestError) as caught:
        client_kind.run(lambda iam: iam.auth.login("u", "c4n4ry'\"x"), "42_k", transport=transport)
    assert caught.value.body == "<p>***</p>"


def test_a_message_about_a_secret_is_kept(client_kind: ClientKind) -> None:
    body = {"errors": {"password": "is too short", "token": {"name": "is taken"}}}
    transport = httpx.MockTransport(lambda _: httpx.Response(400, json=body))
    with pytest.raises(BadRequestError) as caught:
        client_kind.run(lambda iam: iam.tokens.list(1), "42_k", transport=transport)
    assert caught.value.errors == {"password": ["is too short"], "token.name": ["is taken"]}
    assert caught.value.body == body


def raise_in_process(base_url: str) -> None:
    """For a process pool: the error travels back pickled."""
    from gcore_iam import IAMClient

    with IAMClient("1_wrong", base_url=base_url, retries=0) as iam:
        iam.users.get(1)


def test_errors_survive_a_process_pool() -> None:
    context = get_context("spawn")
    with FakeIAM().serve() as url, ProcessPoolExecutor(1, mp_context=context) as pool:
        error = pool.submit(raise_in_process, url).exception(30)
    assert isinstance(error, AuthenticationError)
    assert (error.status, error.attempts) == (401, 1)
    assert error.request_id


def test_an_ambiguous_outcome_survives_copies(client_kind: ClientKind) -> None:
    fake = FakeIAM()
    fake.inject(Reset())
    with pytest.raises(AmbiguousOutcomeError) as caught:
        client_kind.run(
            lambda iam: iam.tokens.create(ACCOUNT, "ci", 2, exp_date=datetime(2090, 1, 1, tzinfo=UTC)),
            fake.api_key,
            base_url="http://localhost",
            transport=fake.transport(),
        )
    for other in (pickle.loads(pickle.dumps(caught.value)), copy.copy(caught.value), copy.deepcopy(caught.value)):
        assert str(other) == str(caught.value)
        assert vars(other) == {**vars(caught.value), "_find_outcome": None}
        with pytest.raises(IAMError, match="from here"):
            other.reconcile()
