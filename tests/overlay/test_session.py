"""Sessions end to end: each kind of client logs in, renews tokens, and adopts new ones.

The rules are tested in `test_session_steps.py`, without I/O.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest
from gcore_iam import (
    AmbiguousOutcomeError,
    APIConnectionError,
    AuthenticationError,
    BadRequestError,
    ConfigurationError,
    DecodeError,
    FileTokenStore,
    IAMClient,
    Session,
    models,
)
from gcore_iam.testing import HTML, FakeIAM, Fault, Reset, Status

from .conftest import Auth, ClientKind
from .session_server import (
    ACCOUNT,
    BASE,
    EMAIL,
    LOGIN,
    OTHER_ACCOUNT,
    PASSWORD,
    USERS,
    count_exchanges,
    from_tokens,
    get_user,
    run,
)

pytestmark = pytest.mark.fake_iam(USERS)


# --- tokens ----------------------------------------------------------------------------------------------------------


def test_the_first_call_logs_in(client_kind: ClientKind, fake: FakeIAM, url: str) -> None:
    session = Session(EMAIL, PASSWORD)
    assert count_exchanges(fake) == (0, 0, 0)
    for _ in range(2):
        assert client_kind.run(lambda iam: iam.users.get(1), session, base_url=url).email == EMAIL
    assert count_exchanges(fake) == (1, 0, 0)
    assert fake.requests[0].path == LOGIN
    assert "authorization" not in fake.requests[0].headers
    assert fake.requests[-1].headers["authorization"] == "Bearer ***"


def test_a_rejected_token_is_refreshed_once(client_kind: ClientKind, fake: FakeIAM, url: str) -> None:
    session = Session(EMAIL, PASSWORD)
    for refreshes in (0, 1, 2):
        client_kind.run(lambda iam: iam.users.get(1), session, base_url=url)
        client_kind.run(lambda iam: iam.users.get(1), session, base_url=url)
        assert count_exchanges(fake) == (1, refreshes, 0)
        fake.clock.advance(hours=1)


def test_a_new_token_that_is_rejected_is_final(client_kind: ClientKind, fake: FakeIAM) -> None:
    fake.inject(Status(401), path="/iam/users/{userId}", times=None)
    with pytest.raises(AuthenticationError):
        get_user(client_kind, fake, Session(EMAIL, PASSWORD))
    assert fake.calls["iamGetUser"] == 2


def test_an_expired_refresh_token_leads_to_a_login(client_kind: ClientKind, fake: FakeIAM) -> None:
    session = Session(EMAIL, PASSWORD)
    get_user(client_kind, fake, session)
    fake.clock.advance(hours=25)
    get_user(client_kind, fake, session)
    assert count_exchanges(fake) == (2, 1, 0)


def test_given_tokens_are_used_and_refreshed(client_kind: ClientKind, fake: FakeIAM) -> None:
    session = from_tokens(fake)
    get_user(client_kind, fake, session)
    assert count_exchanges(fake) == (1, 0, 0)
    fake.clock.advance(hours=1)
    get_user(client_kind, fake, session)
    get_user(client_kind, fake, session)
    assert count_exchanges(fake) == (1, 1, 0)


def can_log_in(fake: FakeIAM, email: str) -> bool:
    """Whether a user can log in with a password alone."""
    with IAMClient(fake.api_key, base_url=BASE, transport=fake.transport()) as iam:
        try:
            iam.auth.login(email, PASSWORD)
        except BadRequestError:
            return False
    return True


def test_a_session_works_in_its_account(client_kind: ClientKind) -> None:
    fake = FakeIAM(users=40)
    email = next(
        user["email"]
        for user in fake.users
        if {item["client_id"] for item in user["client_and_roles"]} == {ACCOUNT, OTHER_ACCOUNT}
        and can_log_in(fake, user["email"])
    )
    session = Session(email, PASSWORD, client_id=OTHER_ACCOUNT)
    for _ in range(2):
        assert run(client_kind, fake, session, lambda iam: iam.account.get()).id == OTHER_ACCOUNT
        fake.clock.advance(hours=2)
    assert count_exchanges(fake)[1:] == (1, 1)


def test_tokens_go_to_one_api(client_kind: ClientKind, fake: FakeIAM) -> None:
    session = Session(EMAIL, PASSWORD)
    get_user(client_kind, fake, session)
    with pytest.raises(ConfigurationError, match="must not go to"):
        client_kind.run(lambda iam: iam.users.get(1), session, base_url="https://elsewhere.example.com")


# --- failures --------------------------------------------------------------------------------------------------------


def test_a_wrong_password_shows_no_password(client_kind: ClientKind, fake: FakeIAM) -> None:
    with pytest.raises(BadRequestError, match="No active account") as caught:
        get_user(client_kind, fake, Session(EMAIL, "wr0ng-mark"))
    assert "wr0ng-mark" not in str(caught.value)
    assert "the session could not log in" in str(caught.value)
    assert "could not log in" not in caught.value.message
    assert fake.calls["iamGetUser"] == 0


def test_a_failed_login_leaves_the_write_unsent(client_kind: ClientKind, fake: FakeIAM) -> None:
    fake.inject(Reset(), path=LOGIN, times=None)
    with pytest.raises(AmbiguousOutcomeError, match="log in again") as caught:
        run(client_kind, fake, Session(EMAIL, PASSWORD), lambda iam: iam.tokens.create(ACCOUNT, "ci", 2))
    assert caught.value.operation == "iamLoginUser"
    assert count_exchanges(fake) == (1, 0, 0)


def test_a_refresh_without_connection_is_sent_later(client_kind: ClientKind, fake: FakeIAM) -> None:
    session = Session(EMAIL, PASSWORD)
    get_user(client_kind, fake, session)
    fake.clock.advance(hours=1)
    onward = fake.transport()

    def handle(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("refresh"):
            raise httpx.ConnectError("refused")
        return onward.handle_request(request)

    with pytest.raises(APIConnectionError, match="/iam/auth/jwt/refresh"):
        get_user(client_kind, fake, session, transport=httpx.MockTransport(handle))
    get_user(client_kind, fake, session)
    assert count_exchanges(fake) == (1, 1, 0)


# --- two-step verification -------------------------------------------------------------------------------------------


two_step_verification = pytest.mark.fake_iam([{**USERS[0], "two_fa": True}])


@two_step_verification
def test_a_one_time_password_may_be_a_str(client_kind: ClientKind, fake: FakeIAM) -> None:
    session = Session(EMAIL, PASSWORD, one_time_password=fake.one_time_password(1))
    assert get_user(client_kind, fake, session).id == 1
    with pytest.raises(BadRequestError, match="one_time_password"):
        get_user(client_kind, fake, Session(EMAIL, PASSWORD))


@two_step_verification
@pytest.mark.parametrize("code", [None, "000000"])
def test_a_refused_second_factor_says_what_to_do(client_kind: ClientKind, fake: FakeIAM, code: str | None) -> None:
    with pytest.raises(BadRequestError) as caught:
        get_user(client_kind, fake, Session(EMAIL, PASSWORD, one_time_password=code))
    assert "pass one_time_password=function" in str(caught.value)


@two_step_verification
def test_a_function_is_asked_at_each_login(client_kind: ClientKind, fake: FakeIAM) -> None:
    codes: list[str] = []

    def get_code() -> str:
        codes.append(fake.one_time_password(1))
        return codes[-1]

    session = Session(EMAIL, PASSWORD, one_time_password=get_code)
    for _ in range(2):
        get_user(client_kind, fake, session)
        fake.clock.advance(hours=25)
    assert len(codes) == 2


@two_step_verification
def test_a_coroutine_function_is_for_async_clients(client_kind: ClientKind, fake: FakeIAM) -> None:
    async def get_code() -> str:
        return fake.one_time_password(1)

    session = Session(EMAIL, PASSWORD, one_time_password=get_code)
    if client_kind.is_async:
        assert get_user(client_kind, fake, session).id == 1
    else:
        with pytest.raises(ConfigurationError, match="one_time_password is for async code"):
            get_user(client_kind, fake, session)


@two_step_verification
def test_a_function_must_return_a_code(client_kind: ClientKind, fake: FakeIAM) -> None:
    number: Any = 123456
    with pytest.raises(ConfigurationError, match="must return a str"):
        get_user(client_kind, fake, Session(EMAIL, PASSWORD, one_time_password=lambda: number))


# --- a new password, a new address -----------------------------------------------------------------------------------


def change_password(client_kind: ClientKind, fake: FakeIAM, auth: Auth) -> models.Token:
    return run(client_kind, fake, auth, lambda iam: iam.users.change_password(1, PASSWORD, "n3w"))


def test_a_new_password_continues_the_session(client_kind: ClientKind, fake: FakeIAM) -> None:
    session = Session(EMAIL, PASSWORD)
    change_password(client_kind, fake, session)
    get_user(client_kind, fake, session)
    assert count_exchanges(fake) == (1, 0, 0)
    fake.clock.advance(hours=25)
    get_user(client_kind, fake, session)
    assert count_exchanges(fake) == (2, 1, 0)


def test_a_password_change_refreshes_expired_tokens(client_kind: ClientKind, fake: FakeIAM) -> None:
    session = Session(EMAIL, PASSWORD)
    get_user(client_kind, fake, session)
    fake.clock.advance(hours=1)
    change_password(client_kind, fake, session)
    get_user(client_kind, fake, session)
    assert count_exchanges(fake) == (1, 1, 0)


@pytest.mark.parametrize("fault", [Status(504, after_work=True), Status(504), HTML()], ids=repr)
def test_an_ambiguous_password_change_is_survived(client_kind: ClientKind, fake: FakeIAM, fault: Fault) -> None:
    session = Session(EMAIL, PASSWORD)
    fake.inject(fault, method="PUT")
    with pytest.raises((AmbiguousOutcomeError, DecodeError)):
        change_password(client_kind, fake, session)
    for _ in range(2):
        fake.clock.advance(hours=25)
        get_user(client_kind, fake, session)


def test_a_client_with_a_key_adopts_no_pair(client_kind: ClientKind, fake: FakeIAM) -> None:
    assert change_password(client_kind, fake, fake.api_key).access


def test_a_new_address_continues_the_session(client_kind: ClientKind, fake: FakeIAM, tmp_path: Path) -> None:
    path, address = tmp_path / "tokens.json", "new@example.com"
    session = Session(EMAIL, PASSWORD, store=FileTokenStore(path))
    run(client_kind, fake, session, lambda iam: iam.users.update_email(1, address, PASSWORD))
    get_user(client_kind, fake, session)
    get_user(client_kind, fake, Session(address, PASSWORD, store=FileTokenStore(path)))
    assert count_exchanges(fake) == (1, 0, 0)
    fake.clock.advance(hours=25)
    get_user(client_kind, fake, session)
    assert count_exchanges(fake) == (2, 1, 0)
