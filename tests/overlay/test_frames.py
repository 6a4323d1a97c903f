"""No local variable of this library's frames, or of httpx's, shows a secret, whatever fails."""

from __future__ import annotations

import asyncio
import inspect
import json
import logging
import socket
import traceback
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, NoReturn, Unpack

import anyio
import httpx
import pytest
from gcore_iam import (
    APIKey,
    AsyncIAMClient,
    BearerToken,
    ConfigurationError,
    DecodeError,
    FileTokenStore,
    IAMClient,
    IAMError,
    MemoryTokenStore,
    RetryPolicy,
    Session,
)
from gcore_iam._tracebacks import clear_locals
from gcore_iam.auth import TokenPair
from gcore_iam.auth.token_store import TokenStore
from gcore_iam.retry import Attempt
from gcore_iam.testing import HTML, FakeIAM, Reset, Status, Truncate
from gcore_iam.testing.faults import Fault
from gcore_iam_client.types import encode_json

from .conftest import Auth, ClientKind, ClientOptions, EitherClient, resolve
from .frames import find_leaks, walk_stack, walk_traceback

ACCOUNT, EMAIL = 1001, "ada@example.com"
PASSWORD, NEW, CODE = "s3cret-password-1", "s3cret-new-pw-22", "s3cret-918273"
REFRESH, ACCESS, KEY = "s3cret.refresh.token", "s3cret.access.token", "1_s3cretkey"
TESTS = str(Path(__file__).parent)
MARKS = ("s3cret", "eyJ")
"""What each secret begins with: those of the test, and tokens that the API issues."""

CALLS: dict[str, Callable[[EitherClient], object]] = {
    "login": lambda iam: iam.auth.login(EMAIL, PASSWORD),
    "login with a code": lambda iam: iam.auth.login(EMAIL, PASSWORD, CODE),
    "refresh": lambda iam: iam.auth.refresh(REFRESH),
    "select account": lambda iam: iam.auth.select_account(ACCOUNT),
    "forgot password": lambda iam: iam.auth.forgot_password(EMAIL),
    "change password": lambda iam: iam.users.change_password(1, PASSWORD, NEW),
    "update email": lambda iam: iam.users.update_email(1, "b@example.com", PASSWORD),
    "invite": lambda iam: iam.users.invite(ACCOUNT, "new@example.com", 2),
    "create token": lambda iam: iam.tokens.create(ACCOUNT, "ci", 2),
    "rotate": lambda iam: iam.tokens.rotate(ACCOUNT, 1, lambda _: None),
    "raw login": lambda iam: iam.with_raw_response.auth.login(EMAIL, PASSWORD, CODE),
    "user": lambda iam: iam.users.get(1),
    "users": lambda iam: iam.users.list(page_size=1).collect(),
}

FAULTS: dict[str, tuple[Fault, ...]] = {
    "400": (Status(400),),
    "401": (Status(401),),
    "429": (Status(429),),
    "500": (Status(500),),
    "reset": (Reset(),),
    "HTML": (HTML(),),
    "truncated": (Truncate(),),
    "broken off": (Truncate(announced=True),),
}


def check_error(error: BaseException) -> None:
    assert find_leaks(walk_traceback(error), MARKS, TESTS) == set()
    traceback.TracebackException.from_exception(error, capture_locals=True)  # no `repr` fails


def check_stack(*_: object) -> None:
    """Take the place of a user's callback, in which a monitor would show the frames that run."""
    assert find_leaks(walk_stack(), MARKS, TESTS) == set()


def make_session(client_id: int | None = None, store: TokenStore | None = None) -> Session:
    return Session(EMAIL, PASSWORD, one_time_password=CODE, client_id=client_id, store=store)


AUTHS: dict[str, Callable[[], Auth]] = {
    "key": lambda: APIKey(KEY),
    "bearer": lambda: BearerToken(ACCESS),
    "key function": lambda: APIKey(lambda: KEY),
    "session": make_session,
    "session with a function": lambda: Session(EMAIL, PASSWORD, one_time_password=lambda: CODE),
    "session in an account": lambda: make_session(client_id=ACCOUNT),
    "session from tokens": lambda: Session.from_tokens(ACCESS, REFRESH),
}


def collect_errors(
    kind: ClientKind, calls: Iterable[Callable[[EitherClient], object]], auth: Auth, **options: Unpack[ClientOptions]
) -> list[IAMError]:
    """Make calls with one client, without retries, and collect their errors."""
    errors: list[IAMError] = []

    def use(iam: IAMClient) -> None:
        for call in calls:
            try:
                call(iam)
            except IAMError as error:
                errors.append(error)

    async def use_async(iam: AsyncIAMClient) -> None:
        for call in calls:
            try:
                await resolve(call(iam))
            except IAMError as error:
                errors.append(error)

    options.setdefault("retries", 0)
    kind.run_either(use, use_async, auth, **options)
    return errors


@pytest.fixture(params=["sync", "asyncio"])
def kind(request: pytest.FixtureRequest) -> ClientKind:
    return ClientKind(request.param)


@pytest.fixture(scope="module")
def served_fake() -> Iterator[tuple[FakeIAM, str]]:
    """One fake for all tests, and its base URL."""
    users: list[dict[str, Any]] = [{"email": EMAIL, "groups": [{"id": 1}]}, {}]
    fake = FakeIAM(users, password=PASSWORD, api_key=KEY)
    with fake.serve() as url:
        yield fake, url


@pytest.mark.parametrize("fault", FAULTS)
def test_no_frame_of_a_failed_call_shows_a_secret(
    kind: ClientKind, served_fake: tuple[FakeIAM, str], fault: str
) -> None:
    fake, url = served_fake
    fake.reset()
    errors: list[IAMError] = []
    for name in ("user", "change password"):
        fake.inject(*FAULTS[fault], times=2)
        errors += collect_errors(kind, [CALLS[name]], make_session(), base_url=url)
        fake.clear_faults()
    fake.inject(*FAULTS[fault], times=None)
    errors += collect_errors(kind, CALLS.values(), KEY, base_url=url)
    fake.clear_faults()
    assert len(errors) >= 4
    for error in errors:
        check_error(error)


@pytest.mark.parametrize("auth", AUTHS)
def test_no_frame_of_a_failed_connection_shows_a_secret(kind: ClientKind, auth: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:  # the port stays unused when it is closed
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    errors = collect_errors(kind, CALLS.values(), AUTHS[auth](), base_url=url)
    assert len(errors) == len(CALLS)
    for error in errors:
        check_error(error)


@pytest.mark.parametrize("name", ["login with a code", "change password", "user"])
def test_no_frame_of_a_timeout_shows_a_secret(kind: ClientKind, name: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:  # accepts connections, and never responds
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        with pytest.raises(IAMError) as caught:
            kind.run(CALLS[name], AUTHS["key"](), base_url=url, timeout=0.05, retries=0)
    check_error(caught.value)


def test_no_frame_of_a_cancelled_call_shows_a_secret() -> None:
    async def main(url: str, call: Callable[[EitherClient], object]) -> BaseException:
        async with AsyncIAMClient(KEY, base_url=url, retries=0) as iam:
            task = asyncio.ensure_future(resolve(call(iam)))
            await anyio.sleep(0.05)
            task.cancel()
            try:
                await task
            except asyncio.CancelledError as error:
                return error
        raise AssertionError

    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        for name in ("login with a code", "change password", "user"):
            check_error(asyncio.run(main(url, CALLS[name])))


class BrokenStore(MemoryTokenStore):
    """A store that cannot save."""

    def save(self, tokens: TokenPair) -> None:
        raise OSError("full")


def fail() -> str:
    raise RuntimeError("a function of the user has failed")


def test_no_frame_beside_a_failed_callback_shows_a_secret(kind: ClientKind, served_fake: tuple[FakeIAM, str]) -> None:
    _, url = served_fake
    for auth in (
        APIKey(fail),
        BearerToken(fail),
        Session(EMAIL, PASSWORD, one_time_password=fail),
        make_session(store=BrokenStore()),
    ):
        with pytest.raises((RuntimeError, OSError)) as caught:
            kind.run(CALLS["user"], auth, base_url=url)
        check_error(caught.value)


def test_no_frame_of_a_failed_handover_shows_a_secret(kind: ClientKind, served_fake: tuple[FakeIAM, str]) -> None:
    fake, url = served_fake
    fake.reset()

    def hand_over(_: object) -> None:
        check_stack()
        fail()

    with pytest.raises(IAMError) as caught:
        kind.run(lambda iam: iam.tokens.rotate(ACCOUNT, 1, hand_over), KEY, base_url=url)
    check_error(caught.value)


class WatchedStore(MemoryTokenStore):
    """A store that looks at the frames that run."""

    def load(self) -> TokenPair | None:
        check_stack()
        return super().load()

    def save(self, tokens: TokenPair) -> None:
        check_stack()
        super().save(tokens)


def test_no_frame_around_a_callback_shows_a_secret(
    kind: ClientKind, served_fake: tuple[FakeIAM, str], caplog: pytest.LogCaptureFixture
) -> None:
    fake, url = served_fake

    def get_code() -> str:
        check_stack()
        return CODE

    def get_key() -> str:
        check_stack()
        return KEY

    def may_retry(attempt: Attempt) -> bool:
        check_stack()
        return attempt.number < 2

    policy = RetryPolicy(1, sleep=check_stack, predicate=may_retry)
    for auth in (
        lambda: APIKey(get_key),
        lambda: Session(EMAIL, PASSWORD, one_time_password=get_code, store=WatchedStore()),
        lambda: Session(EMAIL, PASSWORD, client_id=ACCOUNT, store=WatchedStore()),
    ):
        fake.reset()
        fake.inject(Status(503), times=1)
        for error in collect_errors(kind, CALLS.values(), auth(), base_url=url, retries=policy, on_event=check_stack):
            check_error(error)
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]  # `on_event` may not raise


def test_no_frame_of_a_failed_event_callback_shows_a_secret(
    kind: ClientKind, served_fake: tuple[FakeIAM, str], caplog: pytest.LogCaptureFixture
) -> None:
    fake, url = served_fake
    fake.reset()
    kind.run(CALLS["user"], make_session(), base_url=url, on_event=lambda _: fail())
    errors = [record.exc_info[1] for record in caplog.records if record.exc_info]
    assert len(errors) > 5
    for error in errors:
        assert error is not None
        check_error(error)


def test_no_frame_around_a_hook_of_httpx_shows_a_secret(served_fake: tuple[FakeIAM, str]) -> None:
    fake, url = served_fake
    fake.reset()

    def hook(_: object) -> None:
        check_stack()
        raise RuntimeError("the hook fails")

    for name in ("request", "response"):
        with httpx.Client(event_hooks={name: [hook]}) as http_client:
            for call in CALLS.values():
                with pytest.raises(RuntimeError) as caught:
                    call(IAMClient(KEY, base_url=url, http_client=http_client))
                check_error(caught.value)


INVALID: dict[str, Callable[[Any], Any]] = {
    "login without a name": lambda iam: iam.auth.login("", PASSWORD, CODE),
    "login with bytes": lambda iam: iam.auth.login(EMAIL, PASSWORD.encode(), CODE),
    "login with a surrogate": lambda iam: iam.auth.login(EMAIL, PASSWORD + "\ud800", CODE),
    "login with a wrong code": lambda iam: iam.auth.login(EMAIL, PASSWORD, [CODE]),
    "refresh with bytes": lambda iam: iam.auth.refresh(REFRESH.encode()),
    "change the password of nobody": lambda iam: iam.users.change_password("1", PASSWORD, NEW),
    "change to bytes": lambda iam: iam.users.change_password(1, PASSWORD, NEW.encode()),
    "change from a surrogate": lambda iam: iam.users.change_password(1, PASSWORD + "\ud800", NEW),
    "change to no address": lambda iam: iam.users.update_email(1, " ", PASSWORD),
    "change an address with bytes": lambda iam: iam.users.update_email(1, "b@example.com", PASSWORD.encode()),
    "a session without a name": lambda _: Session("", PASSWORD, one_time_password=CODE),
    "a session with bytes": lambda _: Session(EMAIL, PASSWORD.encode(), one_time_password=CODE),  # type: ignore[arg-type]
    "a session with a wrong code": lambda _: Session(EMAIL, PASSWORD, one_time_password=[CODE]),  # type: ignore[arg-type]
    "a session with a wrong account": lambda _: Session(EMAIL, PASSWORD, one_time_password=CODE, client_id=0),
    "a session with a wrong store": lambda _: Session(EMAIL, PASSWORD, store=4),  # type: ignore[arg-type]
    "a session from a broken token": lambda _: Session.from_tokens(ACCESS, REFRESH + " x"),
    "a session from a broken access token": lambda _: Session.from_tokens(f"Bearer {ACCESS}\n x", REFRESH),
    "a broken key": lambda _: IAMClient(KEY + " x"),
    "a key of bytes": lambda _: IAMClient(KEY.encode()),  # type: ignore[arg-type]
    "a key and a wrong URL": lambda _: IAMClient(KEY, base_url="nowhere"),
    "a view with a broken key": lambda iam: iam.with_options(auth=f"APIKey {KEY} x"),
    "a view with a wrong timeout": lambda iam: iam.with_options(auth=KEY, timeout=-1),
    "a key as a header": lambda _: IAMClient(KEY, headers={"X-Api-Key": KEY, "Authorization": KEY}),
    "a broken header": lambda iam: iam.with_options(headers={"X-Api-Key": KEY, "X-Other-Key": f" {KEY}"}),
    "a header and a wrong bound": lambda _: IAMClient(KEY, headers={"X-Api-Key": KEY}, max_response_bytes=0),
    "a list of headers": lambda _: IAMClient(KEY, headers=[("X-Api-Key", KEY)]),  # type: ignore[arg-type]
    "a key in a client of httpx": lambda _: IAMClient(KEY, http_client=httpx.Client(headers={"Authorization": KEY})),
    "a broken access token": lambda _: BearerToken(ACCESS + "\n x"),
    "a list of keys": lambda _: APIKey([KEY]),  # type: ignore[arg-type]
}


@pytest.mark.parametrize("name", INVALID)
def test_no_frame_of_a_wrong_argument_shows_a_secret(kind: ClientKind, name: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        kind.run(INVALID[name], KEY, base_url="http://localhost:9")
    check_error(caught.value)


@pytest.mark.parametrize("result", [f"{KEY} x", KEY.encode(), [KEY]])
def test_no_frame_of_a_wrong_callback_result_shows_a_secret(kind: ClientKind, result: Any) -> None:
    for auth in (APIKey(lambda: result), Session(EMAIL, PASSWORD, one_time_password=lambda: result)):
        with pytest.raises(IAMError) as caught:
            kind.run(CALLS["user"], auth, base_url="http://localhost:9", retries=0)
        check_error(caught.value)


def test_no_frame_of_a_wrong_key_in_the_environment_shows_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GCORE_API_KEY", f"{KEY} x")
    with pytest.raises(ConfigurationError) as caught:
        IAMClient()
    check_error(caught.value)


def test_no_frame_of_a_token_file_shows_a_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "tokens.json"
    store = FileTokenStore(path)
    store.save(TokenPair(ACCESS, REFRESH, None, "owner"))
    path.write_text(path.read_text().replace("owner", "other"))
    path.write_text(json.dumps({"token": REFRESH}))
    with pytest.raises(ConfigurationError) as caught:
        store.load()
    check_error(caught.value)

    def fail_to_sync(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("gcore_iam.auth.token_file.os.fsync", fail_to_sync)
    with pytest.raises(ConfigurationError) as caught:
        store.save(TokenPair(ACCESS, REFRESH, None, "owner"))
    check_error(caught.value)


@pytest.mark.parametrize(
    "body",
    [
        {"access": ACCESS, "refresh": 5},
        {"access": ACCESS},
        {"refresh": REFRESH, "token": KEY, "access": None},
        {"access": f"{ACCESS} x", "refresh": REFRESH, "token": KEY},
        [ACCESS],
        ACCESS,
    ],
)
def test_no_frame_shows_tokens_that_cannot_be_used(kind: ClientKind, body: object) -> None:
    """Nor does the body that the error keeps."""
    transport = httpx.MockTransport(lambda _: httpx.Response(200, json=body))
    issuing = (
        "login",
        "login with a code",
        "refresh",
        "select account",
        "change password",
        "create token",
        "raw login",
    )
    calls = [CALLS[name] for name in issuing]
    errors = collect_errors(kind, calls, KEY, base_url="http://localhost", transport=transport)
    errors += collect_errors(kind, [CALLS["user"]], make_session(), base_url="http://localhost", transport=transport)
    assert any(isinstance(error, DecodeError) for error in errors)
    for error in errors:
        check_error(error)
        assert not any(mark in repr(vars(error)) for mark in MARKS)


def test_no_frame_of_the_json_encoder_shows_a_secret() -> None:
    for value in (object(), float("nan")):
        with pytest.raises((TypeError, ValueError)) as caught:
            encode_json({"password": PASSWORD, "other": value})
        check_error(caught.value)


def test_frames_of_the_user_keep_their_variables(kind: ClientKind, served_fake: tuple[FakeIAM, str]) -> None:
    _, url = served_fake

    def get_key() -> str:
        attempt = "mine"
        raise RuntimeError(attempt)

    with pytest.raises(RuntimeError) as caught:
        kind.run(CALLS["user"], APIKey(get_key), base_url=url)
    frames = {frame.f_code.co_name: dict(frame.f_locals) for frame in walk_traceback(caught.value)}
    assert frames["get_key"]["attempt"] == "mine"
    assert "self" in inspect.signature(IAMClient.__init__).parameters


def test_frames_of_the_errors_of_a_group_are_cleared() -> None:
    """As anyio raises one when it has tried each address of a host."""

    def fail() -> NoReturn:
        errors: list[ValueError] = []
        try:
            json.loads(PASSWORD)
        except ValueError as error:
            errors.append(error)
        raise ExceptionGroup("none of the addresses", errors)

    with pytest.raises(ExceptionGroup) as caught:
        fail()
    assert find_leaks(walk_traceback(caught.value), MARKS, TESTS)
    clear_locals(caught.value)
    assert find_leaks(walk_traceback(caught.value), MARKS, TESTS) == set()


def test_an_error_that_was_handled_before_keeps_its_variables() -> None:
    def parse(text: str) -> int:
        return int(json.loads(text)["x"])

    try:
        parse('{"x": ')
    except ValueError as handled:
        with pytest.raises(IAMError):
            IAMClient(KEY, base_url="http://localhost:9", retries=0).users.get(1)
        names = {frame.f_code.co_name: dict(frame.f_locals) for frame in walk_traceback(handled)}
        assert names["raw_decode"]["s"] == '{"x": '


def test_the_walker_finds_what_monitors_show() -> None:
    """Without it, the tests above would pass if the walker found nothing."""
    request = httpx.Headers({"Authorization": f"APIKey {KEY}"})
    body = encode_json({"password": PASSWORD})

    def leak(_: object, __: object = body, ___: object = request) -> None:
        assert find_leaks(walk_stack(), MARKS, "/other") != set()

    leak(KEY)
