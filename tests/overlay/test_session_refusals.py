"""A refresh that is refused or cannot be read, end to end: the refresh token is sent once.

The rules are tested in `test_session_steps.py`, without I/O.
"""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from gcore_iam import AuthenticationError, DecodeError, FileTokenStore, IAMClient, IAMError, MemoryTokenStore, Session
from gcore_iam.events import Event, TokensRefreshed
from gcore_iam.testing import HTML, EmptyBody, FakeIAM, Fault, NotUTF8, Null, Reset, Status

from .conftest import ClientKind
from .session_server import BASE, EMAIL, LOGIN, PASSWORD, REFRESH, USERS, count_exchanges, get_user, issue_pair

pytestmark = pytest.mark.fake_iam(USERS)


@pytest.mark.parametrize(
    "fault",
    [Status(400), Status(500), Reset(after_work=True), EmptyBody(), HTML(), NotUTF8(), Null("access")],
    ids=repr,
)
def test_a_failed_refresh_leads_to_a_login(client_kind: ClientKind, fake: FakeIAM, fault: Fault) -> None:
    session = Session(EMAIL, PASSWORD)
    get_user(client_kind, fake, session)
    fake.clock.advance(hours=1)
    fake.inject(fault, path=REFRESH)
    for _ in range(2):
        get_user(client_kind, fake, session)
    assert count_exchanges(fake) == (2, 1, 0)


UNUSABLE = [
    b"",
    b"{}",
    b"[]",
    b"null",
    b'"text"',
    b"\xff\xfe",
    b'{"access": null, "refresh": null}',
    b'{"access": "a", "refresh": null}',
    b'{"access": null, "refresh": "r"}',
    b'{"access": 5, "refresh": 6}',
    b'{"access": "a b", "refresh": "c"}',
    b'{"access": "a", "refresh": "c\\u0000"}',
    b'{"access": "a\\r\\nX: y", "refresh": "c"}',
    b'{"access": "", "refresh": ""}',
    b'{"access": ["a"], "refresh": {"b": 1}}',
    b'{"access": "\\ud800", "refresh": "c"}',
    b'{"access": "a", "refresh": "refused:0"}',
    b'[{"access": "a", "refresh": "c"}]',
]


@pytest.mark.parametrize("body", UNUSABLE)
def test_a_refresh_without_tokens_leads_to_a_login(fake: FakeIAM, body: bytes) -> None:
    onward = fake.transport()

    def handle(request: httpx.Request) -> httpx.Response:
        if request.url.path == REFRESH:
            return httpx.Response(200, content=body)
        return onward.handle_request(request)

    with IAMClient(Session(EMAIL, PASSWORD), base_url=BASE, transport=httpx.MockTransport(handle)) as iam:
        for logins in (1, 2):
            assert iam.users.get(1).id == 1
            assert fake.calls["iamLoginUser"] == logins
            fake.clock.advance(hours=1)


@pytest.mark.parametrize("issued", [{"access": None, "refresh": "r"}, {"access": "a", "refresh": "two words"}])
def test_a_login_without_tokens_is_a_decode_error(client_kind: ClientKind, issued: dict[str, object]) -> None:
    transport = httpx.MockTransport(lambda _: httpx.Response(200, json=issued))
    with pytest.raises(DecodeError):
        client_kind.run(lambda iam: iam.users.get(1), Session(EMAIL, PASSWORD), transport=transport)


@pytest.mark.parametrize("fault", [Status(401), Status(422), HTML()], ids=repr)
def test_a_refused_token_is_sent_once(client_kind: ClientKind, fake: FakeIAM, fault: Fault, tmp_path: Path) -> None:
    path = tmp_path / "tokens.json"
    access, refresh = issue_pair(fake)
    fake.clock.advance(hours=1)
    fake.inject(fault, path=REFRESH, times=None)
    session = Session.from_tokens(access, refresh, store=FileTokenStore(path))
    with pytest.raises(IAMError):
        get_user(client_kind, fake, session)
    for later in (session, Session.from_tokens(access, refresh, store=FileTokenStore(path))):
        with pytest.raises(AuthenticationError, match="not sent again") as caught:
            get_user(client_kind, fake, later)
        assert "make a new Session, with a new login" in str(caught.value)
    assert fake.calls["iamRefreshToken"] == 1
    assert refresh not in json.loads(path.read_text("utf-8"))["refresh"]


def test_only_issued_tokens_are_reported_as_refreshed(client_kind: ClientKind, fake: FakeIAM) -> None:
    """A session also saves that a refresh token was refused."""
    operations: list[str] = []

    def on_event(event: Event) -> None:
        if isinstance(event, TokensRefreshed):
            operations.append(event.operation)

    session = Session(EMAIL, PASSWORD)
    for is_rejected in (False, False, True):
        if is_rejected:
            fake.inject(Status(401), path=REFRESH)
        get_user(client_kind, fake, session, on_event=on_event)
        fake.clock.advance(hours=1)
    assert operations == ["iamLoginUser", "iamRefreshToken", "iamLoginUser"]


def test_a_refused_token_is_not_sent_after_a_failed_login(client_kind: ClientKind, fake: FakeIAM) -> None:
    session = Session(EMAIL, PASSWORD)
    get_user(client_kind, fake, session)
    fake.clock.advance(hours=1)
    fake.inject(HTML(), path=REFRESH, times=None)
    fake.inject(Status(400), path=LOGIN, times=2)
    for _ in range(2):
        with pytest.raises(IAMError):
            get_user(client_kind, fake, session)
    get_user(client_kind, fake, session)
    assert fake.calls["iamRefreshToken"] == 1


def test_threads_and_clients_send_a_refused_token_once(fake: FakeIAM) -> None:
    access, refresh = issue_pair(fake)
    fake.clock.advance(hours=1)
    fake.inject(Status(401), path=REFRESH, times=None)
    store = MemoryTokenStore()
    sessions = [Session.from_tokens(access, refresh, store=store) for _ in range(4)]

    def fail(session: Session) -> bool:
        with IAMClient(session, base_url=url, retries=0) as iam, pytest.raises(AuthenticationError):
            iam.users.get(1)
        return True

    with fake.serve() as url, ThreadPoolExecutor(20) as pool:
        assert all(pool.map(fail, sessions * 5))
    assert fake.calls["iamRefreshToken"] == 1
