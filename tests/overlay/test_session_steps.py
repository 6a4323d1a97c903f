"""The steps of a session without I/O: the test performs each by hand and sends its result back."""

from __future__ import annotations

import pickle
import re
from collections.abc import Generator
from pathlib import Path
from typing import Any

import attrs
import pytest
from gcore_iam import (
    AmbiguousOutcomeError,
    AuthenticationError,
    BadRequestError,
    ConfigurationError,
    DecodeError,
    FileTokenStore,
    IAMError,
    LoginError,
    MemoryTokenStore,
    PermissionDeniedError,
    ServerError,
    Session,
    _fork,
)
from gcore_iam.auth import TokenPair, token_parsing
from gcore_iam.auth import session as session_module
from gcore_iam.auth.rejected_tokens import add_rejected_token, is_record, is_rejected
from gcore_iam.auth.steps import (
    ChangePassword,
    Done,
    Load,
    LogIn,
    Refresh,
    Save,
    SelectAccount,
    Step,
    advance,
)

from .retry_table import connection_error, status_error
from .session_server import EMAIL, PASSWORD, encode_token

ORIGIN = "https://api.example.com"
OWNER = f"{ORIGIN} {EMAIL}"
FIRST, SECOND = ("a1", "r1"), ("a2", "r2")
STORED = TokenPair("a1", "r1", None, OWNER)


@attrs.define
class Clock:
    """A clock that stands still until it is moved, in place of the module `time`.

    Attributes:
        seconds: What the monotonic clock shows.
        wall_offset: How far the wall clock is from the monotonic one.
    """

    seconds: float = 5000.0
    wall_offset: float = 1_700_000_000.0

    def monotonic(self) -> float:
        return self.seconds

    def time(self) -> float:
        return self.seconds + self.wall_offset


@pytest.fixture(autouse=True)
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    for module in (session_module, token_parsing):
        monkeypatch.setattr(module, "time", clock)
    return clock


def encode_lifetime(clock: Clock, seconds: float, issued: float = 0) -> str:
    """A token that was issued a number of seconds from now, and lives for a number of seconds."""
    return encode_token({"iat": clock.time() + issued, "exp": clock.time() + issued + seconds})


def ambiguous_error() -> AmbiguousOutcomeError:
    """The error of a refresh whose response was lost."""
    return AmbiguousOutcomeError("no response", operation="iamRefreshToken", method="POST", url=ORIGIN, attempts=1)


def make_session(**arguments: Any) -> Session:
    """A session with a password, bound to the API."""
    session = Session(EMAIL, PASSWORD, **arguments)
    session.bind(ORIGIN)
    return session


def make_session_from_tokens(access: str = "a1", refresh: str = "r1", **arguments: Any) -> Session:
    """A session without a password, bound to the API."""
    session = Session.from_tokens(access, refresh, **arguments)
    session.bind(ORIGIN)
    return session


def perform(
    steps: Generator[Step, Any, Any], *outcomes: tuple[type, object], performed: list[Any] | None = None
) -> tuple[list[Any], Any]:
    """Perform steps by hand.

    Args:
        steps: The steps of a session.
        outcomes: The class of each step that must come, and what comes of it: a result, an error that the session
            gets, or an error of the store or an interrupt, which ends the steps.
        performed: Where to collect the steps if they end with an error; None for nowhere.

    Returns:
        The steps, and what they return.
    """
    performed = [] if performed is None else performed
    try:
        step = advance(steps)
        for kind, outcome in outcomes:
            assert type(step) is kind
            performed.append(step)
            if isinstance(outcome, BaseException) and not isinstance(outcome, IAMError):
                steps.close()
                raise outcome
            step = advance(steps, error=outcome) if isinstance(outcome, IAMError) else advance(steps, outcome)
    except BaseException:
        assert len(performed) == len(outcomes)
        raise
    assert isinstance(step, Done)
    return performed, step.result


def log_in(session: Session, issued: tuple[str, str] = FIRST) -> TokenPair:
    """Log a session in for the first time, and return the pair that it saves."""
    performed, _ = perform(session.renew_steps(None), (Load, None), (LogIn, issued), (Save, None))
    saved: TokenPair = performed[-1].tokens
    return saved


# --- the first login -------------------------------------------------------------------------------------------------


def test_the_first_use_logs_in_and_saves_the_pair() -> None:
    session = make_session()
    assert session.valid_access_token is None
    performed, result = perform(session.renew_steps(None), (Load, None), (LogIn, FIRST), (Save, None))
    _, login, save = performed
    assert (login.username, login.password, login.one_time_password) == (EMAIL, PASSWORD, None)
    assert save.tokens == TokenPair("a1", "r1", None, OWNER)
    assert save.issued_by == "iamLoginUser"
    assert result == ("a1", True)
    assert session.valid_access_token == "a1"


def test_a_valid_token_takes_no_steps() -> None:
    session = make_session()
    log_in(session)
    assert perform(session.renew_steps(None)) == ([], ("a1", False))


def test_the_pair_is_not_used_before_it_is_saved() -> None:
    session = make_session()
    steps = session.renew_steps(None)
    assert isinstance(advance(steps), Load)
    assert isinstance(advance(steps, None), LogIn)
    assert isinstance(advance(steps, FIRST), Save)
    assert session.valid_access_token is None


def test_a_one_time_password_goes_with_each_login() -> None:
    for code in ("123456", lambda: "123456"):
        session = make_session(one_time_password=code)
        performed, _ = perform(session.renew_steps(None), (Load, None), (LogIn, FIRST), (Save, None))
        assert performed[1].one_time_password == code


def test_an_account_is_selected_after_the_login() -> None:
    session = make_session(client_id=2002)
    outcomes = [(Load, None), (LogIn, FIRST), (SelectAccount, SECOND), (Save, None)]
    performed, result = perform(session.renew_steps(None), *outcomes)
    assert (performed[2].client_id, performed[2].access) == (2002, "a1")
    assert performed[3].tokens == TokenPair("a2", "r2", None, f"{OWNER} 2002")
    assert performed[3].issued_by == "iamSelectAccount"
    assert result == ("a2", True)


def test_a_refresh_keeps_the_account() -> None:
    session = make_session(client_id=2002)
    perform(session.renew_steps(None), (Load, None), (LogIn, FIRST), (SelectAccount, SECOND), (Save, None))
    stored = TokenPair("a2", "r2", None, f"{OWNER} 2002")
    performed, _ = perform(session.renew_steps("a2"), (Load, stored), (Refresh, ("a3", "r3")), (Save, None))
    assert performed[-1].tokens.owner == f"{OWNER} 2002"


def test_an_account_that_is_refused_saves_nothing() -> None:
    session = make_session(client_id=2002)
    with pytest.raises(PermissionDeniedError):
        perform(session.renew_steps(None), (Load, None), (LogIn, FIRST), (SelectAccount, status_error(403)))
    assert session.unsaved_pair is None
    assert session.valid_access_token is None


def test_a_refused_login_says_what_the_api_does() -> None:
    session = make_session()
    with pytest.raises(BadRequestError) as caught:
        perform(session.renew_steps(None), (Load, None), (LogIn, status_error(400)))
    assert str(caught.value).endswith("; the session could not log in: check its username and its password")


@pytest.mark.parametrize("error", [status_error(500), ambiguous_error(), connection_error(sent=False)])
def test_a_login_that_fails_is_raised(error: IAMError) -> None:
    session = make_session()
    with pytest.raises(type(error)):
        perform(session.renew_steps(None), (Load, None), (LogIn, error))
    log_in(session)  # the next use tries again


# --- expiry ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("lifetime", "elapsed", "is_valid"),
    [
        (3600, 0, True),
        (3600, 3539, True),
        (3600, 3540, False),  # 60 seconds before it expires
        (3600, 9999, False),
        (120, 59, True),
        (120, 60, False),
        (60, 29, True),  # half of a short lifetime
        (60, 30, False),
        (2, 0.5, True),
        (2, 1, False),
    ],
)
def test_a_token_is_renewed_before_it_expires(lifetime: float, elapsed: float, is_valid: bool, clock: Clock) -> None:
    access = encode_lifetime(clock, lifetime)
    session = make_session()
    log_in(session, (access, "r1"))
    clock.seconds += elapsed
    assert session.valid_access_token == (access if is_valid else None)


def test_the_time_of_a_login_counts_for_the_expiry(clock: Clock) -> None:
    session = make_session()
    steps = session.renew_steps(None)
    advance(steps)
    advance(steps, None)
    access = encode_lifetime(clock, 3600)
    clock.seconds += 40
    step = advance(steps, (access, "r1"))
    assert isinstance(step, Save)
    assert step.tokens.expires_at == clock.time() + 3560
    advance(steps)
    clock.seconds += 3499
    assert session.valid_access_token == access
    clock.seconds += 1
    assert session.valid_access_token is None


def test_the_time_of_a_password_change_counts_for_the_expiry(clock: Clock) -> None:
    session = make_session()
    log_in(session)
    steps = session.adopt_steps("n3w", unused)
    advance(steps)
    access = encode_lifetime(clock, 3600)
    clock.seconds += 40
    step = advance(steps, Issued(access, "r2"))
    assert isinstance(step, Save)
    assert step.tokens.expires_at == clock.time() + 3560


def test_each_new_token_has_its_own_expiry(clock: Clock) -> None:
    session = make_session()
    saved = log_in(session, (encode_lifetime(clock, 120), "r1"))
    clock.seconds += 60
    access = encode_lifetime(clock, 3600)
    performed, _ = perform(session.renew_steps(None), (Load, saved), (Refresh, (access, "r2")), (Save, None))
    assert performed[-1].issued_by == "iamRefreshToken"
    clock.seconds += 3539
    assert session.valid_access_token == access
    clock.seconds += 1
    assert session.valid_access_token is None


def test_given_tokens_expire_too(clock: Clock) -> None:
    access = encode_lifetime(clock, 3600)
    session = make_session_from_tokens(access)
    assert perform(session.renew_steps(None), (Load, None))[1] == (access, False)
    clock.seconds += 3540
    assert session.valid_access_token is None


@pytest.mark.parametrize("offset", [-86_400 * 365, 86_400 * 365])
def test_a_wrong_wall_clock_does_no_harm(offset: float, clock: Clock) -> None:
    access = encode_lifetime(clock, 3600)
    clock.wall_offset += offset
    session = make_session()
    log_in(session, (access, "r1"))
    assert session.valid_access_token == access
    clock.seconds += 3540
    assert session.valid_access_token is None


@pytest.mark.parametrize("offset", [-86_400, 86_400])
def test_a_wall_clock_that_is_set_later_does_no_harm(offset: float, clock: Clock) -> None:
    session = make_session()
    saved = log_in(session, (encode_lifetime(clock, 3600), "r1"))
    clock.wall_offset += offset
    assert session.valid_access_token == saved.access
    clock.seconds += 3540
    perform(session.renew_steps(None), (Load, saved), (Refresh, SECOND), (Save, None))


@pytest.mark.parametrize(
    "access",
    [
        "opaque",
        "a.b.c",
        "x.e30",
        encode_token([]),
        encode_token({}),
        encode_token({"exp": "soon"}),
        encode_token({"exp": None}),
        encode_token({"exp": True}),
        encode_token({"exp": 10**400}),
    ],
)
def test_a_token_without_expiry_serves_until_it_is_rejected(access: str, clock: Clock) -> None:
    session = make_session()
    saved = log_in(session, (access, "r1"))
    assert saved.expires_at is None
    clock.seconds += 10**6
    assert session.valid_access_token == access
    perform(session.renew_steps(access), (Load, saved), (Refresh, SECOND), (Save, None))


@pytest.mark.parametrize(
    ("expires", "issued"),
    [
        (-7200, None),
        (0, None),
        (30, None),
        (90, None),
        (120, None),
        (-3600, -3600),
        (-3600, 0),
    ],
)
def test_a_server_clock_behind_ours_costs_no_refresh(expires: float, issued: float | None, clock: Clock) -> None:
    claims = {"exp": clock.time() + expires, **({} if issued is None else {"iat": clock.time() + issued})}
    access = encode_token(claims)
    session, other = make_session(), make_session()
    saved = log_in(session, (access, "r1"))
    assert saved.expires_at is None
    assert session.valid_access_token == access
    assert perform(other.renew_steps(None), (Load, saved))[1] == (access, False)  # nor in another process


def test_lifetimes_are_compared_within_the_token(clock: Clock) -> None:
    access = encode_lifetime(clock, 3600, issued=-7200)
    session, other = make_session(), make_session()
    saved = log_in(session, (access, "r1"))
    assert saved.expires_at == clock.time() + 3600
    assert session.valid_access_token == access
    assert perform(other.renew_steps(None), (Load, saved))[1] == (access, False)


def test_a_lifetime_may_be_in_the_expiry_alone(clock: Clock) -> None:
    access = encode_token({"exp": clock.time() + 3600})
    session = make_session()
    assert log_in(session, (access, "r1")).expires_at == clock.time() + 3600
    clock.seconds += 3539
    assert session.valid_access_token == access
    clock.seconds += 1
    assert session.valid_access_token is None


# --- refresh ---------------------------------------------------------------------------------------------------------


def test_a_rejected_token_is_refreshed() -> None:
    session = make_session()
    saved = log_in(session)
    performed, result = perform(session.renew_steps("a1"), (Load, saved), (Refresh, SECOND), (Save, None))
    assert performed[1].refresh == "r1"
    assert performed[2].tokens == TokenPair("a2", "r2", None, OWNER)
    assert (result, session.valid_access_token) == (("a2", True), "a2")


def test_a_token_that_was_replaced_meanwhile_takes_no_steps() -> None:
    session = make_session()
    saved = log_in(session)
    perform(session.renew_steps("a1"), (Load, saved), (Refresh, SECOND), (Save, None))
    assert perform(session.renew_steps("a1")) == ([], ("a2", False))


def test_a_pair_that_another_process_has_stored_is_used() -> None:
    session = make_session()
    log_in(session)
    newer = TokenPair("a2", "r2", None, OWNER)
    assert perform(session.renew_steps("a1"), (Load, newer))[1] == ("a2", False)
    performed, _ = perform(session.renew_steps("a2"), (Load, newer), (Refresh, ("a3", "r3")), (Save, None))
    assert performed[1].refresh == "r2"


def test_an_expired_stored_pair_is_refreshed(clock: Clock) -> None:
    stored = TokenPair("a1", "r1", clock.time() + 59, OWNER)
    session = make_session()
    performed, result = perform(session.renew_steps(None), (Load, stored), (Refresh, SECOND), (Save, None))
    assert (performed[1].refresh, result) == ("r1", ("a2", True))


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 422])
def test_a_refused_refresh_leads_to_a_login(status: int) -> None:
    session = make_session()
    saved = log_in(session)
    outcomes = [(Load, saved), (Refresh, status_error(status)), (Save, None), (LogIn, SECOND), (Save, None)]
    performed, result = perform(session.renew_steps("a1"), *outcomes)
    record = performed[2].tokens
    assert is_rejected("r1", record)
    assert "r1" not in record.refresh.removeprefix("refused:").split(",")
    assert (record.access, record.owner) == ("a1", OWNER)
    assert performed[4].tokens == TokenPair("a2", "r2", None, OWNER)
    assert result == ("a2", True)


@pytest.mark.parametrize("error", [ambiguous_error(), DecodeError("no JSON", operation="iamRefreshToken")])
def test_a_refresh_that_was_lost_leads_to_a_login(error: IAMError) -> None:
    session = make_session()
    saved = log_in(session)
    perform(session.renew_steps("a1"), (Load, saved), (Refresh, error), (Save, None), (LogIn, SECOND), (Save, None))
    assert session.valid_access_token == "a2"


@pytest.mark.parametrize(
    "error", [status_error(429), status_error(501), status_error(503, 7), connection_error(sent=False)]
)
def test_a_refresh_that_did_not_run_is_sent_again(error: IAMError) -> None:
    for session in (make_session(), make_session_from_tokens()):
        stored = log_in(session) if "ada" in repr(session) else None
        with pytest.raises(type(error)):
            perform(session.renew_steps("a1"), (Load, stored), (Refresh, error))
        performed, _ = perform(session.renew_steps("a1"), (Load, stored), (Refresh, SECOND), (Save, None))
        assert performed[1].refresh == "r1"


UNUSABLE = [
    (None, None),
    ("a", None),
    (None, "r"),
    (5, 6),
    ("a b", "c"),
    ("a", "c\0"),
    ("a\r\nX: y", "c"),
    ("", ""),
    (["a"], {"b": 1}),
    ("\ud800", "c"),
    ("é", "c"),
    ("a", "refused:0"),
    ("refused:0", "c"),
]


@pytest.mark.parametrize("issued", UNUSABLE)
def test_an_unusable_refresh_leads_to_a_login(issued: tuple[Any, Any]) -> None:
    session = make_session()
    saved = log_in(session)
    perform(session.renew_steps("a1"), (Load, saved), (Refresh, issued), (Save, None), (LogIn, SECOND), (Save, None))
    assert session.valid_access_token == "a2"


@pytest.mark.parametrize("issued", UNUSABLE)
def test_a_login_without_tokens_is_a_decode_error(issued: tuple[Any, Any]) -> None:
    session = make_session()
    with pytest.raises(DecodeError, match="iamLoginUser: the response holds no tokens"):
        perform(session.renew_steps(None), (Load, None), (LogIn, issued))
    session = make_session(client_id=2002)
    with pytest.raises(DecodeError, match="iamSelectAccount: the response holds no tokens"):
        perform(session.renew_steps(None), (Load, None), (LogIn, FIRST), (SelectAccount, issued))
    assert session.unsaved_pair is None


def test_a_refused_token_is_not_sent_again_after_a_failed_login() -> None:
    session = make_session()
    saved = log_in(session)
    outcomes = [(Load, saved), (Refresh, status_error(401)), (Save, None), (LogIn, status_error(500))]
    with pytest.raises(ServerError):
        perform(session.renew_steps("a1"), *outcomes)
    perform(session.renew_steps("a1"), (Load, saved), (LogIn, SECOND), (Save, None))


def test_a_refused_refresh_keeps_the_access_token() -> None:
    session = make_session_from_tokens()
    with pytest.raises(AuthenticationError):
        perform(session.renew_steps("a1"), (Load, None), (Refresh, status_error(401)), (Save, None))
    assert session.valid_access_token == "a1"


# --- sessions from tokens --------------------------------------------------------------------------------------------

HAS_ENDED = "; the session has ended: make a new Session, with a new login"


def test_a_token_that_ends_before_it_begins_has_no_margin(clock: Clock) -> None:
    access = encode_lifetime(clock, -100, issued=200)
    session = make_session_from_tokens(access)
    perform(session.renew_steps(None), (Load, None))
    clock.seconds += 99
    assert session.valid_access_token == access
    clock.seconds += 1
    assert session.valid_access_token is None


def test_given_tokens_are_used_before_any_refresh() -> None:
    session = make_session_from_tokens("Bearer a1")
    assert perform(session.renew_steps(None), (Load, None))[1] == ("a1", False)
    performed, _ = perform(session.renew_steps("a1"), (Load, None), (Refresh, SECOND), (Save, None))
    assert performed[-1].tokens == TokenPair("a2", "r2", None, ORIGIN)


def test_stored_tokens_are_used_before_given_ones() -> None:
    session = make_session_from_tokens()
    stored = TokenPair("a2", "r2", None, ORIGIN)
    assert perform(session.renew_steps(None), (Load, stored))[1] == ("a2", False)


@pytest.mark.parametrize("status", [400, 401, None])
def test_a_session_from_tokens_ends_with_its_refresh_token(status: int | None) -> None:
    error: IAMError = DecodeError("x", operation="iamRefreshToken") if status is None else status_error(status)
    session = make_session_from_tokens()
    with pytest.raises(type(error)) as caught:
        perform(session.renew_steps("a1"), (Load, None), (Refresh, error), (Save, None))
    has_advice = str(caught.value).endswith(HAS_ENDED)
    assert has_advice == isinstance(error, AuthenticationError | DecodeError)


def refuse_refresh(session: Session) -> TokenPair:
    """Let the API refuse the refresh token of a session from tokens; return the record that is saved."""
    performed: list[Any] = []
    with pytest.raises(AuthenticationError):
        perform(
            session.renew_steps("a1"),
            (Load, None),
            (Refresh, status_error(401)),
            (Save, None),
            performed=performed,
        )
    record: TokenPair = performed[-1].tokens
    return record


def test_a_refused_token_is_never_sent_again() -> None:
    session = make_session_from_tokens()
    record = refuse_refresh(session)
    for later in (session, make_session_from_tokens()):  # the same one, and one in another process
        with pytest.raises(AuthenticationError, match="so it was not sent again") as caught:
            perform(later.renew_steps("a1"), (Load, record))
        assert str(caught.value).endswith(HAS_ENDED)
        assert caught.value.url == f"{ORIGIN}/iam/auth/jwt/refresh"


def test_the_given_token_is_sent_if_its_successor_is_refused() -> None:
    session = make_session_from_tokens()
    stored = TokenPair("a2", "r2", None, ORIGIN)
    outcomes = [(Refresh, status_error(401)), (Save, None)] * 2
    with pytest.raises(AuthenticationError):
        perform(session.renew_steps("a2"), (Load, stored), *outcomes)
    session = make_session_from_tokens()
    performed, result = perform(
        session.renew_steps("a2"), (Load, stored), *outcomes[:2], (Refresh, ("a3", "r3")), (Save, None)
    )
    assert [step.refresh for step in performed if isinstance(step, Refresh)] == ["r2", "r1"]
    assert result == ("a3", True)


def test_a_spent_token_is_not_sent_after_its_successor() -> None:
    session = make_session_from_tokens()
    performed, _ = perform(session.renew_steps("a1"), (Load, None), (Refresh, SECOND), (Save, None))
    with pytest.raises(AuthenticationError):
        perform(
            session.renew_steps("a2"),
            (Load, performed[-1].tokens),
            (Refresh, status_error(401)),
            (Save, None),
        )


def test_an_emptied_store_does_not_bring_back_given_tokens() -> None:
    session = make_session_from_tokens()
    perform(session.renew_steps("a1"), (Load, None), (Refresh, SECOND), (Save, None))
    performed, _ = perform(session.renew_steps("a2"), (Load, None), (Refresh, ("a3", "r3")), (Save, None))
    assert performed[1].refresh == "r2"


def test_a_lost_successor_is_not_followed_by_the_given_token() -> None:
    session = make_session_from_tokens()
    stored = TokenPair("a2", "r2", None, ORIGIN)
    error = DecodeError("no JSON", operation="iamRefreshToken")
    with pytest.raises(DecodeError):
        perform(session.renew_steps("a2"), (Load, stored), (Refresh, error), (Save, None))


def test_an_ambiguous_refresh_without_password_is_raised() -> None:
    session = make_session_from_tokens()
    with pytest.raises(AmbiguousOutcomeError):
        perform(session.renew_steps("a1"), (Load, None), (Refresh, ambiguous_error()))
    performed, _ = perform(session.renew_steps("a1"), (Load, None), (Refresh, SECOND), (Save, None))
    assert performed[1].refresh == "r1"  # the API may not have seen it


def test_a_copy_without_password_keeps_an_ambiguous_token(tmp_path: Path) -> None:
    session = make_session(store=FileTokenStore(tmp_path / "tokens.json"))
    saved = log_in(session)
    copied = copy_by_pickle(session)
    with pytest.raises(AmbiguousOutcomeError):
        perform(copied.renew_steps("a1"), (Load, saved), (Refresh, ambiguous_error()))
    perform(copied.renew_steps("a1"), (Load, saved), (Refresh, SECOND), (Save, None))


def test_new_tokens_serve_in_a_store_with_refused_ones() -> None:
    record = refuse_refresh(make_session_from_tokens())
    session = make_session_from_tokens("a9", "r9")
    performed, _ = perform(session.renew_steps("a1"), (Load, record), (Refresh, SECOND), (Save, None))
    assert performed[1].refresh == "r9"


def test_a_record_holds_the_last_16_rejected_tokens() -> None:
    pair = STORED
    for number in range(1, 21):
        pair = add_rejected_token(pair, f"r{number}")
    assert is_record(pair.refresh)
    refused = [number for number in range(1, 21) if is_rejected(f"r{number}", pair)]
    assert refused == list(range(5, 21))
    assert add_rejected_token(pair, "r20") == pair


# --- stores ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stored", [{"access": "a", "refresh": "r"}, "a", 5])
def test_a_store_must_return_a_pair(stored: object) -> None:
    message = rf"load\(\) must return a TokenPair or None, not {type(stored).__name__}"
    with pytest.raises(ConfigurationError, match=message):
        perform(make_session().renew_steps(None), (Load, stored))


@pytest.mark.parametrize("owner", ["", ORIGIN, f"{ORIGIN} bob@example.com", f"{OWNER} 7", f"https://b.example {EMAIL}"])
def test_a_pair_of_another_session_is_refused(owner: str) -> None:
    message = f"holds the session of {owner!r}, not of {OWNER!r}; give each session its own store"
    with pytest.raises(ConfigurationError, match=re.escape(message) + "$"):
        perform(make_session().renew_steps(None), (Load, attrs.evolve(STORED, owner=owner)))


@pytest.mark.parametrize(
    ("claims", "user"), [({"user_id": 5, "sub": "x"}, " user 5"), ({"sub": "x"}, " user x"), ({"exp": None}, "")]
)
def test_given_tokens_belong_to_the_user_in_their_claims(claims: dict[str, Any], user: str) -> None:
    session = make_session_from_tokens(encode_token(claims))
    performed, _ = perform(session.renew_steps(encode_token(claims)), (Load, None), (Refresh, SECOND), (Save, None))
    assert performed[-1].tokens.owner == f"{ORIGIN}{user}"
    other = make_session_from_tokens(encode_token({"user_id": 6}))
    with pytest.raises(ConfigurationError, match="own store"):
        perform(other.renew_steps(None), (Load, performed[-1].tokens))


def test_a_pair_that_was_not_saved_is_saved_later() -> None:
    session = make_session()
    saved = log_in(session)
    with pytest.raises(OSError, match="full"):
        perform(session.renew_steps("a1"), (Load, saved), (Refresh, SECOND), (Save, OSError("full")))
    assert session.unsaved_pair == TokenPair("a2", "r2", None, OWNER)
    assert session.valid_access_token == "a1"
    with pytest.raises(OSError, match="full"):
        perform(session.renew_steps("a1"), (Load, saved), (Save, OSError("full")))
    performed, result = perform(session.renew_steps("a1"), (Load, saved), (Save, None))
    assert performed[1].tokens == TokenPair("a2", "r2", None, OWNER)
    assert result == ("a2", False)
    assert session.unsaved_pair is None


def test_a_pair_that_was_not_saved_replaces_no_newer_one() -> None:
    session = make_session()
    saved = log_in(session)
    with pytest.raises(OSError, match="full"):
        perform(session.renew_steps("a1"), (Load, saved), (Refresh, SECOND), (Save, OSError("full")))
    newer = TokenPair("a3", "r3", None, OWNER)
    assert perform(session.renew_steps("a1"), (Load, newer))[1] == ("a3", False)
    assert session.unsaved_pair is None


def test_an_unsaved_pair_can_be_saved_by_itself() -> None:
    session = make_session()
    assert perform(session.save_unsaved_steps()) == ([], None)
    with pytest.raises(KeyboardInterrupt):
        perform(session.renew_steps(None), (Load, None), (LogIn, FIRST), (Save, KeyboardInterrupt()))
    performed, _ = perform(session.save_unsaved_steps(), (Save, None))
    assert performed[0].tokens == STORED
    assert (session.unsaved_pair, session.valid_access_token) == (None, "a1")


# --- a new password --------------------------------------------------------------------------------------------------


@attrs.frozen
class Issued:
    """What a change of the password returns."""

    access: str
    refresh: str


def unused(client: object) -> None:
    """Stands for the request that changes the password; these tests send none."""


def test_deprecated_names_of_a_session_still_work() -> None:
    session = make_session()
    performed, result = perform(session.renewal(None), (Load, None), (LogIn, FIRST), (Save, None))
    assert (result, session.usable) == (("a1", True), "a1")
    assert perform(session.renewal("a1"), (Load, performed[-1].tokens), (Refresh, FIRST), (Save, None))[1][1]
    session.doubt("perhaps")
    assert "perhaps" in session.secrets
    performed, result = perform(session.adoption("a2", "r2", "n3w"), (Save, None))
    assert (performed[0].tokens, result, session.usable) == (TokenPair("a2", "r2", None, OWNER), "a2", "a2")
    assert session.secrets >= {"n3w", "r2"}
    performed, _ = perform(session.renaming("new@example.com"), (Load, performed[0].tokens), (Save, None))
    assert "new@example.com" in performed[1].tokens.owner


def test_a_new_password_brings_a_new_pair() -> None:
    session = make_session()
    log_in(session)
    issued = Issued(*SECOND)
    performed, result = perform(session.adopt_steps("n3w", unused), (ChangePassword, issued), (Save, None))
    assert performed[0].change is unused
    assert performed[1].tokens == TokenPair("a2", "r2", None, OWNER)
    assert performed[1].issued_by == "iamChangePassword"
    assert (result, session.valid_access_token) == (issued, "a2")
    refused = [(Load, performed[1].tokens), (Refresh, status_error(401)), (Save, None)]
    performed, _ = perform(session.renew_steps("a2"), *refused, (LogIn, ("a3", "r3")), (Save, None))
    assert performed[3].password == "n3w"


def test_a_new_password_that_is_refused_changes_nothing() -> None:
    session = make_session()
    log_in(session)
    with pytest.raises(BadRequestError):
        perform(session.adopt_steps("n3w", unused), (ChangePassword, status_error(400)))
    assert (session.valid_access_token, session.unsaved_pair) == ("a1", None)


@pytest.mark.parametrize("issued", [Issued("a b", "r"), Issued("a", "refused:0"), Issued("", "")])
def test_a_new_password_must_bring_tokens(issued: Issued) -> None:
    session = make_session()
    log_in(session)
    with pytest.raises(DecodeError, match=r"^iamChangePassword: the response holds no tokens$") as caught:
        perform(session.adopt_steps("n3w", unused), (ChangePassword, issued))
    assert caught.value.model == "Token"
    refused = [(Refresh, status_error(401)), (Save, None)]
    performed, _ = perform(session.renew_steps("a1"), (Load, STORED), *refused, (LogIn, SECOND), (Save, None))
    assert performed[3].password == "n3w"  # the API has changed it


def test_a_password_change_continues_given_tokens() -> None:
    session = make_session_from_tokens()
    perform(session.renew_steps(None), (Load, None))
    performed, _ = perform(session.adopt_steps("n3w", unused), (ChangePassword, Issued(*SECOND)), (Save, None))
    assert performed[1].tokens == TokenPair("a2", "r2", None, ORIGIN)
    assert "n3w" not in session.secrets


def test_a_candidate_password_is_tried_after_the_known_one() -> None:
    session = make_session()
    for password in ("first", "second"):
        session.remember_candidate_password(password)
    refused = (LogIn, status_error(400))
    performed, _ = perform(session.renew_steps(None), (Load, None), refused, refused, (LogIn, FIRST), (Save, None))
    logins = [step.password for step in performed if isinstance(step, LogIn)]
    assert logins == [PASSWORD, "second", "first"]
    assert "second" not in session.secrets  # the password is known now
    assert "first" in session.secrets


def test_candidate_passwords_are_dropped_after_a_login() -> None:
    session = make_session()
    session.remember_candidate_password("n3w")
    log_in(session)
    assert "n3w" not in session.secrets


def test_candidate_passwords_may_all_be_refused() -> None:
    session = make_session()
    session.remember_candidate_password("n3w")
    first = status_error(400)
    with pytest.raises(BadRequestError) as caught:
        perform(session.renew_steps(None), (Load, None), (LogIn, first), (LogIn, status_error(401)))
    assert isinstance(caught.value, LoginError)
    assert (caught.value.message, caught.value.status, caught.value.__cause__) == (first.message, 400, None)
    assert "could not log in" in str(caught.value)
    assert "n3w" in session.secrets  # tried again next time


def test_a_session_from_tokens_keeps_no_password() -> None:
    session = make_session_from_tokens()
    session.remember_candidate_password("n3w")
    assert session.secrets == {"", "a1", "r1"}


# --- a new email address ---------------------------------------------------------------------------------------------


def test_a_new_address_renames_the_stored_pair() -> None:
    session = make_session()
    log_in(session)
    newer = TokenPair("a2", "r2", None, OWNER)  # another process has renewed the tokens
    performed, _ = perform(session.change_username_steps("new@example.com"), (Load, newer), (Save, None))
    assert performed[1].tokens == TokenPair("a2", "r2", None, f"{ORIGIN} new@example.com")
    assert session.valid_access_token == "a2"


@pytest.mark.parametrize("is_renamed", [True, False])
def test_a_wall_clock_that_is_set_moves_no_expiry(is_renamed: bool, clock: Clock) -> None:
    session = make_session()
    access = encode_lifetime(clock, 3600)
    saved = perform(session.renew_steps(None), (Load, None), (LogIn, (access, "r1")), (Save, None))[0][-1].tokens
    clock.wall_offset += 86_400
    if is_renamed:
        perform(session.change_username_steps("new@example.com"), (Load, saved), (Save, None))
    assert perform(session.renew_steps(None))[1] == (access, False)
    clock.seconds += 3600
    assert session.valid_access_token is None


@pytest.mark.parametrize("stored", [None, attrs.evolve(STORED, owner=f"{ORIGIN} bob@example.com")])
def test_a_new_address_leaves_other_pairs_alone(stored: TokenPair | None) -> None:
    session = make_session()
    perform(session.change_username_steps("new@example.com"), (Load, stored))
    performed, _ = perform(session.renew_steps(None), (Load, None), (LogIn, FIRST), (Save, None))
    assert performed[1].username == "new@example.com"


def test_a_session_from_tokens_has_no_address_to_change() -> None:
    assert perform(make_session_from_tokens().change_username_steps("new@example.com")) == ([], None)


# --- forked processes ------------------------------------------------------------------------------------------------


def test_a_child_process_leaves_the_refresh_token_to_its_parent() -> None:
    session = make_session()
    saved = log_in(session)
    session.after_fork()
    assert session.valid_access_token == "a1"
    perform(session.renew_steps("a1"), (Load, saved), (LogIn, SECOND), (Save, None))


def test_a_child_process_has_locks_of_its_own() -> None:
    session = make_session()
    with session.mutex:
        session.after_fork()
        assert session.mutex.acquire(blocking=False)


@pytest.mark.parametrize("is_renamed", [False, True])
def test_a_new_session_leaves_a_copied_token_to_the_parent(is_renamed: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    store = MemoryTokenStore()
    saved = log_in(make_session(store=store))
    session = make_session(store=store)
    monkeypatch.setattr(_fork, "_generation", _fork.get_generation() + 1)
    if is_renamed:
        steps = session.change_username_steps("new@example.com")
        saved = perform(steps, (Load, saved), (Save, None))[0][-1].tokens
        session = Session("new@example.com", PASSWORD, store=store)
        session.bind(ORIGIN)
    perform(session.renew_steps("a1"), (Load, saved), (LogIn, SECOND), (Save, None))


def test_a_child_process_leaves_an_unsaved_pair_to_its_parent() -> None:
    session = make_session()
    saved = log_in(session)
    with pytest.raises(OSError, match="full"):
        perform(session.renew_steps("a1"), (Load, saved), (Refresh, SECOND), (Save, OSError("full")))
    session.after_fork()
    perform(session.renew_steps("a1"), (Load, saved), (LogIn, ("a3", "r3")), (Save, None))


def test_a_child_process_without_password_must_log_in() -> None:
    session = make_session_from_tokens()
    session.after_fork()
    with pytest.raises(ConfigurationError, match="belongs to the parent process"):
        perform(session.renew_steps("a1"), (Load, None))


def test_processes_share_the_tokens_of_a_shared_store(tmp_path: Path) -> None:
    session = make_session(store=FileTokenStore(tmp_path / "tokens.json"))
    saved = log_in(session)
    session.after_fork()
    perform(session.renew_steps("a1"), (Load, saved), (Refresh, SECOND), (Save, None))


# --- pickled sessions ------------------------------------------------------------------------------------------------


def copy_by_pickle(session: Session) -> Session:
    """A copy of a session, as a worker process gets it."""
    pickled = pickle.dumps(session)
    copied: Session = pickle.loads(pickled)
    return copied


def test_a_copy_uses_the_access_token_until_it_expires(clock: Clock) -> None:
    session = make_session(client_id=2002)
    access = encode_lifetime(clock, 3600)
    outcomes = [(Load, None), (LogIn, FIRST), (SelectAccount, (access, "r2")), (Save, None)]
    perform(session.renew_steps(None), *outcomes)
    copied = copy_by_pickle(session)
    assert copied.valid_access_token == access
    assert repr(copied) == repr(session)
    assert copied.mutex is not session.mutex
    assert copied.store is not session.store
    clock.seconds += 3540
    assert copied.valid_access_token is None


def test_a_copy_has_no_password_and_no_refresh_token() -> None:
    session = make_session(one_time_password="123456")
    saved = log_in(session)
    pickled = pickle.dumps(session)
    for secret in (PASSWORD, "123456", saved.refresh):
        assert secret.encode() not in pickled
    copied = copy_by_pickle(session)
    with pytest.raises(ConfigurationError, match="not by pickle"):
        perform(copied.renew_steps("a1"), (Load, None))


def test_a_copy_with_the_password_logs_in() -> None:
    session = make_session(pickle_password=True, one_time_password="123456")
    session.remember_candidate_password("n3w")
    copied = copy_by_pickle(copy_by_pickle(session))
    performed, _ = perform(copied.renew_steps(None), (Load, None), (LogIn, FIRST), (Save, None))
    assert (performed[1].password, performed[1].one_time_password) == (PASSWORD, "123456")


@pytest.mark.parametrize("pickle_password", ["no", 1, None])
def test_only_true_puts_the_password_into_a_pickle(pickle_password: Any) -> None:
    session = make_session(pickle_password=pickle_password)
    log_in(session)
    assert PASSWORD.encode() not in pickle.dumps(session)


def test_a_copy_shares_the_tokens_of_a_shared_store(tmp_path: Path) -> None:
    session = make_session(store=FileTokenStore(tmp_path / "tokens.json"))
    saved = log_in(session)
    copied = copy_by_pickle(session)
    assert repr(copied.store) == repr(session.store)
    perform(copied.renew_steps("a1"), (Load, saved), (Refresh, SECOND), (Save, None))


def test_a_session_that_could_do_nothing_is_not_pickled() -> None:
    with pytest.raises(ConfigurationError, match="pickle_password=True"):
        pickle.dumps(make_session())


# --- the session itself ----------------------------------------------------------------------------------------------


def test_a_session_belongs_to_one_origin() -> None:
    session = make_session()
    session.bind(ORIGIN)
    with pytest.raises(ConfigurationError, match=r"its tokens must not go to https://elsewhere\.example"):
        session.bind("https://elsewhere.example")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"username": ""}, "username"),
        ({"username": 5}, "username"),
        ({"password": ""}, "password"),
        ({"password": None}, "password"),
        ({"one_time_password": ""}, "one_time_password"),
        ({"one_time_password": 123456}, "one_time_password"),
        ({"client_id": 0}, "client_id"),
        ({"client_id": True}, "client_id"),
        ({"store": object()}, "store must be a FileTokenStore, .*, not object, which has no method load$"),
        ({"store": "tokens.json"}, "store must be a FileTokenStore, .*, not str, which has no method load$"),
        ({"store": FileTokenStore}, "store must be a FileTokenStore, .*, not the class gcore_iam.FileTokenStore$"),
    ],
)
def test_invalid_arguments_are_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigurationError, match=f"^{message}"):
        Session(**{"username": EMAIL, "password": PASSWORD, **arguments})


@pytest.mark.parametrize("token", ["", " ", "a b", "é", "a\nb", None, 5, "Bearer "])
def test_invalid_tokens_are_refused(token: Any) -> None:
    with pytest.raises(ConfigurationError, match="access must be a token"):
        Session.from_tokens(token, "r")
    with pytest.raises(ConfigurationError, match="refresh must be a token"):
        Session.from_tokens("a", token)


def test_a_session_knows_all_its_secrets() -> None:
    session = make_session(one_time_password=lambda: "123456")
    saved = log_in(session)
    session.remember_code("123456")
    session.remember_candidate_password("n3w")
    with pytest.raises(OSError, match="full"):
        perform(session.renew_steps("a1"), (Load, saved), (Refresh, SECOND), (Save, OSError("full")))
    assert session.secrets == {PASSWORD, "n3w", "123456", "a1", "r1", "a2", "r2"}


def test_a_replaced_pair_is_still_a_secret() -> None:
    session = make_session()
    saved = log_in(session)
    perform(session.renew_steps("a1"), (Load, saved), (Refresh, SECOND), (Save, None))
    assert session.secrets == {PASSWORD, "a1", "r1", "a2", "r2"}


def test_a_session_and_its_steps_show_no_secret() -> None:
    session = Session(EMAIL, "p4ss-mark", one_time_password="0tp-mark", client_id=7)
    shown: list[object] = [
        session,
        Session.from_tokens("acc-mark", "ref-mark"),
        TokenPair("acc-mark", "ref-mark", None, "o"),
        session.store,
        LogIn(EMAIL, "p-mark", "o-mark"),
        Refresh("r-mark"),
        SelectAccount(5, "a-mark"),
        Save(TokenPair("acc-mark", "ref-mark", None, "o")),
    ]
    assert "mark" not in repr(shown)
    assert repr(session) == f"<Session {EMAIL!r}, account 7>"
    assert repr(Session.from_tokens("a", "r")) == "<Session from tokens>"


def test_a_session_that_was_not_made_has_a_repr() -> None:
    assert repr(Session.__new__(Session)) == "<Session from tokens>"


def test_a_store_of_ones_own_is_kept() -> None:
    store = MemoryTokenStore()
    assert make_session(store=store).store is store
    assert make_session_from_tokens(store=store).store is store
    assert isinstance(make_session().store, MemoryTokenStore)


def test_advance_returns_the_result_at_the_end() -> None:
    def steps() -> Generator[Step, Any, int]:
        stored: int = yield Load()
        return stored + 1

    running = steps()
    assert isinstance(advance(running), Load)
    done = advance(running, 4)
    assert isinstance(done, Done)
    assert done.result == 5
