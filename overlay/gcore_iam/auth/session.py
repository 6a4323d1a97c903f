"""Authentication with a login session: which tokens to use, when to renew them, and how.

Nothing here waits for the network or a file. A session yields steps, such as `Session.renew_steps`; a driver performs
them, in `sync/session.py` or `aio/session.py`.
"""

from __future__ import annotations

import base64
import hashlib
import json
import threading
import time
from collections.abc import Awaitable, Callable, Generator
from typing import Any, Protocol, Self, TypeAlias, TypeVar
from weakref import WeakKeyDictionary

import attrs

from .. import _fork
from ..errors import (
    AmbiguousOutcomeError,
    APIStatusError,
    AuthenticationError,
    BadRequestError,
    ConfigurationError,
    DecodeError,
    IAMError,
    RateLimitError,
    ServerError,
)
from .api_key import is_credential
from .store import MemoryTokenStore, TokenPair, TokenStore

MARGIN = 60.0
"""Seconds before its end from which on an access token is not used any more."""

_REFUSED = "refused:"
"""What a stored refresh token begins with in place of tokens that must not be sent again; their digests follow."""

_MAX_REFUSED = 16
"""Refresh tokens whose refusal is stored."""

T = TypeVar("T")

OneTimePassword: TypeAlias = "str | Callable[[], str | Awaitable[str]]"


@attrs.define(eq=False)
class Load:
    """Read the store; give the pair, or None."""


@attrs.define(eq=False)
class Save:
    """Write a pair to the store."""

    tokens: TokenPair


@attrs.define(eq=False)
class LogIn:
    """Log in; give the access token, the refresh token."""

    username: str
    password: str = attrs.field(repr=False)
    one_time_password: OneTimePassword | None = attrs.field(repr=False)


@attrs.define(eq=False)
class Refresh:
    """Exchange a refresh token; give the access token, the refresh token."""

    refresh: str = attrs.field(repr=False)


@attrs.define(eq=False)
class SelectAccount:
    """Open a session in an account with an access token; give the access token, the refresh token."""

    client_id: int
    access: str = attrs.field(repr=False)


class HasTokens(Protocol):
    """What an operation returns that issues tokens."""

    access: str
    refresh: str


@attrs.define(eq=False)
class ChangePassword:
    """Change the password of the session's user by calling a function; give the pair that it returns."""

    change: Callable[[], Any]


Step: TypeAlias = Load | Save | LogIn | Refresh | SelectAccount | ChangePassword


@attrs.define(eq=False)
class Done:
    """The end of the steps, with their result."""

    result: Any


def advance(steps: Generator[Step, Any, object], answer: object = None, error: IAMError | None = None) -> Step | Done:
    """Report what the last step gave, and return the next one.

    Args:
        steps: The steps of a session.
        answer: What the last step gave; None for the first step.
        error: What the last step raised.
    """
    try:
        return steps.send(answer) if error is None else steps.throw(error)
    except StopIteration as end:
        return Done(end.value)


class Session:
    """A login session: it logs in when it is first used, renews its tokens in time, and logs in again when it must.

    May be shared by any number of threads, tasks and clients, sync and async at once: of all of them one renews the
    tokens, and the others wait for it. Clients that share one must have the same base URL. The password never shows in
    a repr.

    Access tokens are renewed 60 seconds before their end, and when the API refuses one. Each refresh token is used
    once, and the pair that it buys is stored before it is used.

    Wrong credentials are a `BadRequestError` of whichever call needs the login: the API refuses a login with 400. After
    `iam.users.change_password` and `iam.users.update_email` the session goes on with the new password and address.

    Args:
        username: The user's email address.
        password: The user's password.
        one_time_password: For users with two-step verification: the code, or a function without parameters that
            gives it, asked at each login. With `AsyncIAMClient` it may be a coroutine function.
        client_id: The account to work in, 1 or more; None for the user's first one.
        store: Where to keep the tokens; None for memory.

    Raises:
        ConfigurationError: An argument is not what it should be.

    Source: operations iamLoginUser, iamRefreshToken, iamSelectAccount; RFC 6750; RFC 7519, section 4.1.4.

    Example:
        session = Session("ada@example.com", "…", store=FileTokenStore("~/.cache/my-tool/tokens.json"))
        with IAMClient(session) as iam:
            print(iam.account.get().company_name)
    """

    def __init__(
        self,
        username: str,
        password: str,
        *,
        one_time_password: OneTimePassword | None = None,
        client_id: int | None = None,
        store: TokenStore | None = None,
    ) -> None:
        from .._validation import check_id, check_text

        if one_time_password is not None and not callable(one_time_password):
            check_text("one_time_password", one_time_password)
        self._username: str | None = check_text("username", username)
        self._password = check_text("password", password)
        self._one_time_password = one_time_password
        self._client_id = None if client_id is None else check_id("client_id", client_id)
        self._given: TokenPair | None = None
        self._begin(store)

    @classmethod
    def from_tokens(cls, access: str, refresh: str, *, store: TokenStore | None = None) -> Self:
        """Go on with a session that somebody else has opened. It ends when its refresh token does.

        Args:
            access: The access token, with or without `Bearer ` in front.
            refresh: The refresh token.
            store: Where to keep the tokens; None for memory. Tokens that it holds already come first: they may descend
                from these.

        Raises:
            ConfigurationError: One of them cannot be a token.
        """
        session = cls.__new__(cls)
        session._username = None
        session._password = ""
        session._one_time_password = None
        session._client_id = None
        bare = _token("access", access)
        session._given = TokenPair(bare, _token("refresh", refresh), _times(bare)[1], "")
        session._begin(store)
        return session

    def _begin(self, store: TokenStore | None) -> None:
        for method in ("load", "save", "lock"):
            if store is not None and not callable(getattr(store, method, None)):
                raise ConfigurationError(f"store has no method {method}; see gcore_iam.auth.TokenStore")
        self._store: TokenStore = MemoryTokenStore() if store is None else store
        self._current: TokenPair | None = None
        self._ends: float | None = None
        self._unsaved: TokenPair | None = None
        self._origin: str | None = None
        self.mutex = threading.Lock()
        self._margin = MARGIN
        self._candidate_passwords: list[str] = []
        self._loaded: TokenPair | None = None
        self._before: TokenPair | None = None
        self._last_code: str | None = None
        self._spent: set[str] = set()
        self._inherited: set[str] = set()
        if isinstance(self._store, MemoryTokenStore):
            _SAVED_IN.setdefault(self._store, _fork.generation())
        _fork.register(self)

    def after_fork(self) -> None:
        """Leave to the parent process what belongs to it: its locks, and refresh tokens that no shared store guards."""
        self.mutex = threading.Lock()
        if isinstance(self._store, MemoryTokenStore):
            pairs = (self._current, self._given, self._unsaved)
            self._inherited |= {pair.refresh for pair in pairs if pair is not None}
        self._unsaved = None

    @property
    def store(self) -> TokenStore:
        """Where the tokens are kept."""
        return self._store

    @property
    def secrets(self) -> set[str]:
        """What the session may have sent, or received: a server may repeat it in any response."""
        pairs = (self._current, self._given, self._unsaved, self._loaded, self._before)
        secrets = {token for pair in pairs if pair is not None for token in (pair.access, pair.refresh)}
        codes = (self._one_time_password, self._last_code)
        secrets |= {self._password, *self._candidate_passwords}
        return secrets | {code for code in codes if isinstance(code, str)}

    def remember_code(self, code: str | None) -> None:
        """Remember the one-time code of the latest login, for `secrets`."""
        self._last_code = code

    def __repr__(self) -> str:
        username: str | None = self.__dict__.get("_username")  # missing when the constructor has failed
        client_id: int | None = self.__dict__.get("_client_id")
        who = "from tokens" if username is None else repr(username)
        return f"<Session {who}{'' if client_id is None else f', account {client_id}'}>"

    def bind(self, origin: str) -> None:
        """Remember which API the tokens belong to.

        Raises:
            ConfigurationError: They belong to another one.
        """
        if self._origin is None:
            self._origin = origin
        elif self._origin != origin:
            raise ConfigurationError(
                f"this session belongs to {self._origin}; its tokens must not go to {origin}: make another Session"
            )

    @property
    def valid_access_token(self) -> str | None:
        """The access token, unless there is none or its end is near."""
        current, ends = self._current, self._ends
        return None if current is None or (ends is not None and _now() >= ends - self._margin) else current.access

    def renew_steps(self, rejected: str | None) -> Generator[Step, Any, tuple[str, bool]]:
        """Yield the steps that lead to a valid access token; the caller holds the lock of the session.

        Args:
            rejected: An access token that the API has refused; None when there was none.

        Returns:
            The access token, and whether it was issued just now.

        Raises:
            AuthenticationError: The session has ended, and there is no password to log in with.
            ConfigurationError: The store belongs to another session.
        """
        if (access := self.valid_access_token) is not None and access != rejected:
            return access, False
        yield from self._load_steps()
        if (access := self.valid_access_token) is not None and access != rejected:
            return access, False
        if self._unsaved is not None:
            unsaved = self._unsaved
            yield from self._save_steps(unsaved)
            if (access := self.valid_access_token) is not None and access != rejected:
                return access, False
        refusal: IAMError | None = None
        for refresh in self._refresh_tokens():
            began = _now()
            try:
                issued: tuple[str, str] = yield Refresh(refresh)
                _check_issued(issued, "iamRefreshToken")
            except (RateLimitError, ServerError):
                raise
            except AmbiguousOutcomeError as error:
                if self._username is None:
                    raise  # the refresh token may still be good, and there is nothing else
                refusal = error
            except (APIStatusError, DecodeError) as error:
                refusal = error
            else:
                self._spent.add(refresh)
                return (yield from self._store_steps(issued, began)), True
            yield from self._refuse_steps(refresh)
            if not isinstance(refusal, APIStatusError):
                break
        if self._username is None:
            raise self._build_end_error(refusal)
        began = _now()
        issued = yield from self._log_in_steps(self._username)
        _check_issued(issued, "iamLoginUser")
        if self._client_id is not None:
            issued = yield SelectAccount(self._client_id, issued[0])
            _check_issued(issued, "iamSelectAccount")
        return (yield from self._store_steps(issued, began)), True

    def _load_steps(self) -> Generator[Step, Any, None]:
        """Yield the steps that take over what the store holds."""
        stored: object = yield Load()
        if stored is not None and not isinstance(stored, TokenPair):
            raise ConfigurationError(
                f"{self._store!r}: load() must give a TokenPair or None, not {type(stored).__name__}"
            )
        if stored != self._before:
            self._unsaved = None  # somebody else has renewed the tokens since they could not be saved
        self._loaded = stored
        if stored is not None:
            self._check_owner(stored)
            self._check_process(stored)
            if stored != self._current:  # its end is known already, by a clock that nobody sets
                self._set_current(stored)
        elif self._current is None and self._given is not None:
            self._set_current(self._given)

    def _check_process(self, stored: TokenPair) -> None:
        """Remember the refresh token as the parent's if a process before the fork saved it."""
        if isinstance(self._store, MemoryTokenStore) and _SAVED_IN.get(self._store) != _fork.generation():
            self._inherited.add(stored.refresh)

    def _refresh_tokens(self) -> list[str]:
        """Return the refresh tokens that may be sent."""
        pairs = [pair for pair in (self._current, self._given) if pair is not None]
        refused = [digest for pair in pairs for digest in _refused_digests(pair)]
        return [
            refresh
            for refresh in dict.fromkeys(pair.refresh for pair in pairs)
            if not refresh.startswith(_REFUSED)
            and refresh not in self._spent
            and refresh not in self._inherited
            and _digest(refresh) not in refused
        ]

    def _refuse_steps(self, refresh: str) -> Generator[Step, Any, None]:
        """Yield the steps after which no session of the store sends a refresh token again, also after a restart."""
        self._spent.add(refresh)
        assert self._current is not None  # noqa: S101 - the token is its own, or that of `_given` beside it
        refused = _refused_digests(self._current) or [_digest(self._current.refresh)]
        kept = list(dict.fromkeys([*refused, _digest(refresh)]))[-_MAX_REFUSED:]
        tokens = attrs.evolve(self._current, refresh=_REFUSED + ",".join(kept), owner=self._owner)
        yield from self._save_steps(tokens)

    def _build_end_error(self, refusal: IAMError | None) -> IAMError:
        """Build the error for a session that can neither refresh its tokens nor log in."""
        pairs = (self._current, self._given)
        if refusal is None and any(pair is not None and pair.refresh in self._inherited for pair in pairs):
            return ConfigurationError(
                "this session's refresh token belongs to the parent process, and serves once: make the Session in this "
                "process after the fork, or give it a store that processes share, such as FileTokenStore"
            )
        if refusal is None:
            refusal = AuthenticationError(
                401,
                errors={},
                message="the API has refused the session's refresh token before, so it was not sent again",
                request_id=None,
                retry_after=None,
                body=None,
                method="POST",
                url=f"{self._origin}/iam/auth/jwt/refresh",
            )
        if isinstance(refusal, AuthenticationError | DecodeError):
            refusal.add_note("The session has ended; open another one, with a new login.")
        return refusal

    def _log_in_steps(self, username: str) -> Generator[Step, Any, tuple[str, str]]:
        try:
            issued: tuple[str, str] = yield LogIn(username, self._password, self._one_time_password)
        except BadRequestError as error:
            for password in reversed(self._candidate_passwords):
                try:
                    issued = yield LogIn(username, password, self._one_time_password)
                except BadRequestError:
                    continue
                self._password = password
                break
            else:
                error.add_note("The session could not log in: the API refuses wrong credentials with 400.")
                raise
        self._candidate_passwords.clear()
        return issued

    def remember_candidate_password(self, password: str) -> None:
        """Remember a password that may be the user's, to try when the API refuses the present one."""
        if self._username is not None:
            self._candidate_passwords.append(password)

    def change_username_steps(self, username: str) -> Generator[Step, Any, None]:
        """Yield the steps after the user's email address has changed."""
        if self._username is None:
            return
        stored: TokenPair | None = yield Load()
        is_ours = stored is not None and stored.owner == self._owner
        self._username = username
        if stored is not None and is_ours:
            self._check_process(stored)
            yield from self._save_steps(attrs.evolve(stored, owner=self._owner))

    def adopt_steps(self, password: str, change: Callable[[], Any]) -> Generator[Step, Any, Any]:
        """Yield the steps that change the user's password and take over the new password and the new pair.

        Args:
            password: The new password.
            change: Sends the request, and returns the new pair.
        """
        began = _now()
        issued: HasTokens = yield ChangePassword(change)
        if self._username is not None:
            self._password = password
            self._candidate_passwords.clear()
        pair = (issued.access, issued.refresh)
        _check_issued(pair, "iamChangePassword")
        yield from self._store_steps(pair, began)
        return issued

    @property
    def unsaved(self) -> TokenPair | None:
        """The pair that was issued but not saved."""
        return self._unsaved

    def save_unsaved_steps(self) -> Generator[Step, Any, None]:
        """Yield the steps that save the pair that was issued but not saved."""
        if self._unsaved is not None:
            yield from self._save_steps(self._unsaved)

    def _store_steps(self, issued: tuple[str, str], began: float) -> Generator[Step, Any, str]:
        access, refresh = issued
        lifetime = _lifetime(access)
        expires_at = None if lifetime is None else time.time() - (_now() - began) + lifetime
        tokens = TokenPair(access, refresh, expires_at, self._owner)
        yield from self._save_steps(tokens)
        return access

    def _save_steps(self, tokens: TokenPair) -> Generator[Step, Any, None]:
        self._before = self._loaded
        self._unsaved = tokens  # if saving fails: its predecessor is used up, so this one must not be lost
        yield Save(tokens)
        self._unsaved, self._loaded = None, tokens
        if isinstance(self._store, MemoryTokenStore) and tokens.refresh not in self._inherited:
            _SAVED_IN[self._store] = _fork.generation()
        if self._current is None or self._current.access != tokens.access:
            self._set_current(tokens)
        self._current = tokens

    def _set_current(self, tokens: TokenPair) -> None:
        ends = None if tokens.expires_at is None else _now() + tokens.expires_at - time.time()
        self._current, self._ends = tokens, ends
        # A token that lives for less than two minutes is used for half its life, or everybody would renew it at once.
        issued, end = _times(tokens.access)
        self._margin = MARGIN if end is None or issued is None else min(MARGIN, max(0.0, end - issued) / 2)

    @property
    def _owner(self) -> str:
        who = self._username
        if self._given is not None:  # whoever the tokens belong to, as far as they say
            claims = _claims(self._given.access)
            who = next((f"user {claims[key]}" for key in ("user_id", "sub") if key in claims), None)
        return " ".join(str(part) for part in (self._origin, who, self._client_id) if part is not None)

    def _check_owner(self, stored: TokenPair) -> None:
        if stored.owner != self._owner:
            raise ConfigurationError(
                f"{self._store!r} holds the session of {stored.owner!r}, not of {self._owner!r}; "
                "give each its own store"
            )


def _now() -> float:
    """Seconds of a clock that nobody sets."""
    return time.monotonic()


def _token(name: str, value: str) -> str:
    bare = value.strip() if isinstance(value, str) else value
    if isinstance(bare, str) and bare.lower().startswith("bearer"):
        bare = bare[len("bearer") :].strip()
    if not is_credential(bare):
        raise ConfigurationError(f"{name} must be a token: visible ASCII characters without white space")
    return bare


def _claims(token: str) -> dict[str, Any]:
    """The claims of a JSON Web Token (RFC 7519), unverified; empty for other tokens."""
    try:
        payload = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (IndexError, ValueError, RecursionError):
        return {}
    return claims if isinstance(claims, dict) else {}


def _numeric(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1e12:
        return None
    return float(value)


def _times(token: str) -> tuple[float | None, float | None]:
    """When a token was issued and when it ends, in seconds since 1970; None for what it does not say."""
    claims = _claims(token)
    return _numeric(claims.get("iat")), _numeric(claims.get("exp"))


def _lifetime(token: str) -> float | None:
    """Seconds that a token lives, if it was issued just now; None when nobody knows.

    By the server's clock alone where it names both ends, so that a wrong clock does no harm. Where a token names its
    end only, and that is near or past by this machine's clock, the clocks may differ: the token is then used until the
    API refuses it, for refreshing it would bring another one that seems to be over.
    """
    issued, end = _times(token)
    if end is None:
        return None
    if issued is None:
        left = end - time.time()
        return left if left > 2 * MARGIN else None
    return end - issued if end > issued else None


def _check_issued(issued: tuple[str, str], operation: str) -> None:
    """Raise DecodeError unless a success holds two tokens."""
    if not all(is_credential(token) and not token.startswith(_REFUSED) for token in issued):
        raise DecodeError("the answer holds no tokens", operation=operation, model="Token")


def _digest(refresh: str) -> str:
    return hashlib.sha256(refresh.encode()).hexdigest()[:32]


def _refused_digests(pair: TokenPair) -> list[str]:
    """Return the digests of the refresh tokens that a stored pair says were refused."""
    return pair.refresh.removeprefix(_REFUSED).split(",") if pair.refresh.startswith(_REFUSED) else []


_SAVED_IN: WeakKeyDictionary[MemoryTokenStore, int] = WeakKeyDictionary()
"""The process (`fork.generation`) that has saved the pair that a store holds."""
