"""Access tokens, no credentials, and sessions that travel to a worker process by pickle."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import gcore_iam
import httpx
import pytest
from gcore_iam import (
    Anonymous,
    AsyncIAMClient,
    AuthenticationError,
    BearerToken,
    ConfigurationError,
    FileTokenStore,
    IAMClient,
    MemoryTokenStore,
    Session,
)
from gcore_iam.testing import FakeIAM

from .conftest import ClientKind, EitherClient
from .session_server import BASE, EMAIL, PASSWORD, USERS, count_exchanges, get_user, issue_pair, run

pytestmark = pytest.mark.fake_iam(USERS, password=PASSWORD)

# --- access tokens ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("prefix", ["", "Bearer ", " bearer  "])
def test_an_access_token_is_sent_as_it_is(client_kind: ClientKind, fake: FakeIAM, prefix: str) -> None:
    access, _ = issue_pair(fake)
    assert get_user(client_kind, fake, BearerToken(prefix + access)).email == EMAIL
    assert fake.requests[-1].revealed().headers["authorization"] == f"Bearer {access}"


def test_a_function_gives_the_access_token_of_each_call(client_kind: ClientKind, fake: FakeIAM) -> None:
    pairs = [issue_pair(fake)[0], issue_pair(fake)[0]]
    waiting = list(pairs)

    async def give() -> str:
        return waiting.pop(0)

    auth = BearerToken(give if client_kind.is_async else lambda: waiting.pop(0))

    def use(iam: IAMClient) -> None:
        iam.users.get(1)
        iam.users.get(1)

    async def use_async(iam: AsyncIAMClient) -> None:
        await iam.users.get(1)
        await iam.users.get(1)

    client_kind.run_either(use, use_async, auth, base_url=BASE, transport=fake.transport())
    sent = [request.revealed().headers["authorization"] for request in fake.requests[-2:]]
    assert sent == [f"Bearer {access}" for access in pairs]


def test_an_expired_access_token_is_an_authentication_error(client_kind: ClientKind, fake: FakeIAM) -> None:
    access, _ = issue_pair(fake)
    fake.clock.advance(hours=2)
    with pytest.raises(AuthenticationError):
        get_user(client_kind, fake, BearerToken(access))
    assert count_exchanges(fake) == (1, 0, 0)


@pytest.mark.parametrize("access", ["", "Bearer", "a b", "é", 5, None, b"abc"])
def test_what_is_no_access_token_is_refused(access: Any) -> None:
    with pytest.raises(ConfigurationError, match="access token"):
        BearerToken(access)


def test_an_access_token_in_place_of_a_key_is_pointed_out() -> None:
    with pytest.raises(ConfigurationError, match="goes into a BearerToken"):
        IAMClient("Bearer eyJ.access.token")


def test_an_access_token_is_masked() -> None:
    assert repr(BearerToken("s3cret")) == "BearerToken('***')"
    assert repr(BearerToken(lambda: "s3cret")) == "BearerToken(<function>)"
    assert pickle.loads(pickle.dumps(BearerToken("s3cret"))).header == "Bearer s3cret"


def test_a_server_that_repeats_an_access_token_is_not_repeated(client_kind: ClientKind) -> None:
    transport = httpx.MockTransport(lambda request: httpx.Response(400, text=request.headers["authorization"]))
    with pytest.raises(gcore_iam.BadRequestError) as caught:
        client_kind.run(lambda iam: iam.users.get(1), BearerToken("s3cret"), base_url=BASE, transport=transport)
    assert caught.value.body == "***"


# --- no credentials --------------------------------------------------------------------------------------------------


def build_without_key(fake: FakeIAM, monkeypatch: pytest.MonkeyPatch, *arguments: Anonymous | None) -> IAMClient:
    monkeypatch.delenv("GCORE_API_KEY", raising=False)
    return IAMClient(*arguments, base_url=BASE, transport=fake.transport())


@pytest.mark.parametrize("arguments", [(), (None,), (Anonymous(),)])
def test_operations_without_credentials_need_no_key(
    fake: FakeIAM, monkeypatch: pytest.MonkeyPatch, arguments: tuple[Anonymous | None, ...]
) -> None:
    with build_without_key(fake, monkeypatch, *arguments) as iam:
        token = iam.auth.login(EMAIL, PASSWORD)
        assert iam.auth.refresh(token.refresh).access
        assert iam.auth.forgot_password(EMAIL).status == "sent"
    assert not any("authorization" in request.headers for request in fake.requests)


@pytest.mark.parametrize(
    "call",
    [
        lambda iam: iam.users.get(1),
        lambda iam: iam.users.list().collect(),
        lambda iam: iam.tokens.create(1001, "ci", 2),
        lambda iam: iam.auth.select_account(1001),
    ],
)
def test_a_call_that_needs_credentials_says_what_to_do(
    client_kind: ClientKind, fake: FakeIAM, call: Callable[[EitherClient], object]
) -> None:
    with pytest.raises(ConfigurationError, match=r"GCORE_API_KEY.*BearerToken or a Session"):
        run(client_kind, fake, Anonymous(), call)
    assert not fake.requests


def test_anonymous_shows_what_it_is() -> None:
    assert repr(Anonymous()) == "Anonymous()"


def test_a_view_can_have_credentials(fake: FakeIAM, monkeypatch: pytest.MonkeyPatch) -> None:
    with build_without_key(fake, monkeypatch) as iam:
        access = iam.auth.login(EMAIL, PASSWORD).access
        assert iam.with_options(auth=BearerToken(access)).users.get(1).email == EMAIL
        with pytest.raises(ConfigurationError):
            iam.with_options(auth=fake.api_key).with_options(auth=Anonymous()).users.get(1)


def test_a_request_of_ones_own_has_no_credentials(fake: FakeIAM, monkeypatch: pytest.MonkeyPatch) -> None:
    with build_without_key(fake, monkeypatch) as iam:
        assert iam.api.get_httpx_client().get("/iam/users/1").status_code == 401
    assert "authorization" not in fake.requests[-1].headers


def test_an_empty_key_in_the_environment_is_refused_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GCORE_API_KEY", "")
    with pytest.raises(ConfigurationError, match="GCORE_API_KEY: the API key is empty"):
        IAMClient()


# --- pickled sessions ------------------------------------------------------------------------------------------------


def copy_by_pickle(session: Session) -> Session:
    copied = pickle.loads(pickle.dumps(session))
    assert isinstance(copied, Session)
    return copied


def test_a_pickled_session_uses_its_access_token(client_kind: ClientKind, fake: FakeIAM) -> None:
    session = Session(EMAIL, PASSWORD, client_id=1001)
    get_user(client_kind, fake, session)
    exchanges = count_exchanges(fake)
    pickled = pickle.dumps(session)
    assert PASSWORD.encode() not in pickled
    assert get_user(client_kind, fake, pickle.loads(pickled)).email == EMAIL
    assert count_exchanges(fake) == exchanges


def test_a_pickled_session_never_spends_the_refresh_token(client_kind: ClientKind, fake: FakeIAM) -> None:
    session = Session(EMAIL, PASSWORD)
    get_user(client_kind, fake, session)
    copied = copy_by_pickle(session)
    fake.clock.advance(hours=2)
    with pytest.raises(ConfigurationError, match="not by pickle"):
        get_user(client_kind, fake, copied)
    assert get_user(client_kind, fake, session).email == EMAIL
    assert count_exchanges(fake) == (1, 1, 0)


def test_a_pickle_holds_the_password_where_the_user_says_so(client_kind: ClientKind, fake: FakeIAM) -> None:
    session = Session(EMAIL, PASSWORD, pickle_password=True)
    copied = copy_by_pickle(copy_by_pickle(session))
    assert get_user(client_kind, fake, copied).email == EMAIL
    fake.clock.advance(hours=25)
    assert get_user(client_kind, fake, copy_by_pickle(copied)).email == EMAIL
    assert PASSWORD not in repr(copied) + repr(vars(copied))


def test_a_session_that_could_do_nothing_is_not_pickled() -> None:
    with pytest.raises(ConfigurationError, match="pickle_password=True"):
        pickle.dumps(Session(EMAIL, PASSWORD, store=MemoryTokenStore()))


def test_a_pickled_session_shares_a_token_file(client_kind: ClientKind, fake: FakeIAM, tmp_path: Path) -> None:
    session = Session(EMAIL, PASSWORD, store=FileTokenStore(tmp_path / "tokens"))
    with pytest.raises(ConfigurationError, match="pickled without its password"):
        get_user(client_kind, fake, copy_by_pickle(session))
    get_user(client_kind, fake, session)
    copied = copy_by_pickle(session)
    fake.clock.advance(hours=2)
    assert get_user(client_kind, fake, copied).email == EMAIL
    assert get_user(client_kind, fake, session).email == EMAIL
    assert count_exchanges(fake) == (1, 1, 0)


def test_a_pickle_from_tokens_leaves_the_refresh_token_here(client_kind: ClientKind, fake: FakeIAM) -> None:
    session = Session.from_tokens(*issue_pair(fake))
    copied = copy_by_pickle(session)
    assert get_user(client_kind, fake, copied).email == EMAIL
    fake.clock.advance(hours=2)
    with pytest.raises(ConfigurationError, match="belongs to the parent process"):
        get_user(client_kind, fake, copied)
    assert get_user(client_kind, fake, session).email == EMAIL


def test_a_pickled_session_stays_with_its_origin(client_kind: ClientKind, fake: FakeIAM) -> None:
    session = Session(EMAIL, PASSWORD)
    get_user(client_kind, fake, session)
    with pytest.raises(ConfigurationError, match="belongs to"):
        get_user(client_kind, fake, copy_by_pickle(session), base_url="https://other.example.com")


def get_email(session: Session, url: str) -> str:
    """For a process pool."""
    with IAMClient(session, base_url=url) as iam:
        return str(iam.users.get(1).email)


@pytest.mark.slow
def test_a_session_works_in_a_process_pool(fake: FakeIAM) -> None:
    with fake.serve() as url, ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        session = Session(EMAIL, PASSWORD, pickle_password=True)
        assert pool.submit(get_email, session, url).result(60) == EMAIL
