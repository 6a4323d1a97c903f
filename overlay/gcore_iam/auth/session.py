"""Decides which tokens of a login session to use, when to renew them, and how; without I/O.

The generators of a session, such as `Session.renew_steps`, yield steps. A driver performs them, in
`aio/session_driver.py` or `sync/session_driver.py`.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator
from typing import Any, Self

import attrs

from .. import _fork
from .._secret_text import hide_text
from .._validation import check_id, check_instance, check_methods, check_text, is_credential
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
from .login_refusal import build_login_error
from .pickled_session import build_state
from .refresh_token_guard import RefreshTokenGuard
from .rejected_tokens import add_rejected_token, is_record
from .steps import (
    ChangePassword,
    HasTokens,
    IssuingStep,
    Load,
    LogIn,
    OneTimePassword,
    Refresh,
    Save,
    SelectAccount,
    Step,
)
from .token_parsing import REFRESH_MARGIN, get_lifetime, get_refresh_margin, get_validity, parse_token, parse_user
from .token_store import MemoryTokenStore, TokenPair, TokenStore


class Session:
    """A login session: logs in when it is first used, renews its tokens in time, and logs in again if necessary.

    Any number of threads, tasks and clients, sync and async at once, may share a session: one of them renews the
    tokens, and the others wait for it. Clients that share a session must have the same base URL. The repr hides the
    password.

    The session renews an access token 60 seconds before it expires, and if the API rejects it. It sends each refresh
    token once, and saves the new pair before it uses it.

    With wrong credentials, the call that needs the login raises `LoginError`. After `iam.users.change_password` or
    `iam.users.update_email` the session uses the new password or address. A worker process may get a pickled copy.

    Args:
        username: The user's email address.
        password: The user's password.
        one_time_password: For users with two-step verification: the code, or a function without parameters that
            returns it, called at each login. With `AsyncIAMClient` it may be a coroutine function.
        client_id: The account to work in, 1 or more; None for the user's first one.
        store: Where to keep the tokens; None for memory.
        pickle_password: Whether a pickle of the session holds the password and the one-time code in clear, so that a
            worker process can log in.

    Raises:
        ConfigurationError: An argument is invalid.

    Source: operations iamLoginUser, iamRefreshToken, iamSelectAccount; RFC 6750; RFC 7519, section 4.1.4.

    Example:
        session = Session("ada@example.com", "…", store=FileTokenStore("~/.cache/my-tool/tokens.json"))
        with IAMClient(session) as iam:
            print(iam.account.get().company_name)
    """

    _username: str | None = None
    """None for a session from tokens."""
    _password: str = ""
    _one_time_password: OneTimePassword | None = None
    _client_id: int | None = None
    _origin: str | None = None
    _initial_pair: TokenPair | None = None
    """The pair of a session from tokens."""
    _current_pair: TokenPair | None = None
    _stored_pair: TokenPair | None = None
    """The pair that was in the store when it was last loaded or saved."""
    _replaced_pair: TokenPair | None = None
    """The pair that the last save replaced or, if it failed, should have replaced."""
    unsaved_pair: TokenPair | None = None
    """The pair that was issued but not saved; None if there is none."""
    _expires_at: float | None = None
    """When the current access token expires, by `time.monotonic()`."""
    _refresh_margin: float = REFRESH_MARGIN
    _last_code: str | None = None

    def __init__(
        self,
        username: str,
        password: str,
        *,
        one_time_password: OneTimePassword | None = None,
        client_id: int | None = None,
        store: TokenStore | None = None,
        pickle_password: bool = False,
    ) -> None:
        password, one_time_password = hide_text(password), hide_text(one_time_password)
        if one_time_password is not None and not callable(one_time_password):
            check_text("one_time_password", one_time_password)
        self._username = check_text("username", username)
        self._password = check_text("password", password)
        self._one_time_password = one_time_password
        self._client_id = None if client_id is None else check_id("client_id", client_id)
        self._pickle_password = pickle_password is True
        self._initialize(store)

    @classmethod
    def from_tokens(cls, access: str, refresh: str, *, store: TokenStore | None = None) -> Self:
        """Make a session from tokens that were issued elsewhere. It ends when its refresh token expires.

        Args:
            access: The access token, with or without `Bearer ` in front.
            refresh: The refresh token.
            store: Where to keep the tokens; None for memory. If it holds a pair already, the session uses that pair
                first, because it may be a successor of these tokens.

        Raises:
            ConfigurationError: An argument cannot be a token.
        """
        access, refresh = hide_text(access), hide_text(refresh)
        session = cls.__new__(cls)
        access, refresh = parse_token("access", access), parse_token("refresh", refresh)
        session._initial_pair = TokenPair(str(access), str(refresh), get_validity(access)[1], "")
        session._initialize(store)
        return session

    def _initialize(self, store: TokenStore | None) -> None:
        self._store: TokenStore = MemoryTokenStore() if store is None else store
        allowed = "a FileTokenStore, a MemoryTokenStore or a gcore_iam.auth.TokenStore of your own"
        check_methods("store", self._store, ("load", "save", "lock"), allowed)
        self._guard = RefreshTokenGuard(self._store)
        self._candidate_passwords: list[str] = []
        self.mutex: threading.Lock = threading.Lock()
        _fork.register(self)

    def __getstate__(self) -> dict[str, Any]:
        """Get what a pickle holds: tokens, but no password unless `pickle_password` is True, and no lock."""
        return build_state(vars(self))

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Restore a session with new locks; its refresh token may be sent only if the store is shared."""
        self._initialize(state["_store"])
        vars(self).update({**state, "_store": self._store})
        if self._current_pair is not None:
            self._set_current(self._current_pair)
        if state["_store"] is None:
            self._guard.on_fork((self._current_pair, self._initial_pair))

    def after_fork(self) -> None:
        """Replace the locks, and leave refresh tokens to the parent process unless the store is shared with it."""
        self.mutex = threading.Lock()
        self._guard.on_fork((self._current_pair, self._initial_pair, self.unsaved_pair))
        self.unsaved_pair = None

    @property
    def store(self) -> TokenStore:
        """The store of the tokens."""
        return self._store

    @property
    def secrets(self) -> set[str]:
        """The secrets that the session may have sent or received, to mask them in messages and logs."""
        pairs = (self._current_pair, self._initial_pair, self.unsaved_pair, self._stored_pair, self._replaced_pair)
        secrets = {token for pair in pairs if pair is not None for token in (pair.access, pair.refresh)}
        texts = (self._password, *self._candidate_passwords, self._one_time_password, self._last_code)
        return secrets | {text for text in texts if isinstance(text, str)}

    def remember_code(self, code: str | None) -> None:
        """Remember the one-time code of the latest login, for `secrets`."""
        self._last_code = code

    def __repr__(self) -> str:
        source = "from tokens" if self._username is None else repr(self._username)
        return f"<Session {source}{'' if self._client_id is None else f', account {self._client_id}'}>"

    def bind(self, origin: str) -> None:
        """Bind the session to the origin of an API, so that its tokens are sent nowhere else.

        Raises:
            ConfigurationError: The session belongs to another origin.
        """
        if self._origin is None:
            self._origin = origin
        elif self._origin != origin:
            raise ConfigurationError(
                f"this session belongs to {self._origin}; its tokens must not go to {origin}: make another Session"
            )

    @property
    def valid_access_token(self) -> str | None:
        """The access token; None if there is none, or if it expires soon."""
        current, expires_at = self._current_pair, self._expires_at
        is_expiring = expires_at is not None and time.monotonic() >= expires_at - self._refresh_margin
        return None if current is None or is_expiring else hide_text(current.access)

    def renew_steps(self, rejected: str | None) -> Generator[Step, Any, tuple[str, bool]]:
        """Yield the steps that get a valid access token; the caller must hold the lock of the session.

        Args:
            rejected: An access token that the API has rejected; None if there is none.

        Returns:
            The access token, and whether it was issued during these steps.

        Raises:
            AuthenticationError: The session has ended, and there is no password to log in with.
            ConfigurationError: The store belongs to another session.
        """
        for steps in ((), self._load_steps(), self.save_unsaved_steps()):  # the cheapest first
            yield from steps
            if (access := self.valid_access_token) is not None and access != rejected:
                return access, False
        refresh_error: IAMError | None = None
        pairs = (self._current_pair, self._initial_pair)
        for refresh in map(hide_text, self._guard.select(pairs)):
            try:
                tokens = yield from self._issue_steps(Refresh(refresh))
            except (RateLimitError, ServerError):
                raise
            except AmbiguousOutcomeError as error:
                if not self._password:
                    raise  # the refresh token may still be valid, and there is no password
                refresh_error = error
            except (APIStatusError, DecodeError) as error:
                refresh_error = error
            else:
                self._guard.mark_spent(refresh)
                yield from self._save_steps(tokens, Refresh.operation)
                return tokens.access, True
            yield from self._save_rejected_steps(refresh)
            if not isinstance(refresh_error, APIStatusError):
                break
        if self._username is None or not self._password:
            end = refresh_error or self._guard.build_error(pairs, f"{self._origin}/iam/auth/jwt/refresh")
            if isinstance(end, AuthenticationError | DecodeError):
                end.add_advice("the session has ended: make a new Session, with a new login")
            raise end
        tokens, operation = (yield from self._log_in_steps(self._username)), LogIn.operation
        if self._client_id is not None:
            select = SelectAccount(self._client_id, tokens.access)
            tokens, operation = (yield from self._issue_steps(select)), select.operation
        yield from self._save_steps(tokens, operation)
        return tokens.access, True

    def _load_steps(self) -> Generator[Step, Any, None]:
        """Yield the steps that load the stored pair, and make it the current one."""
        stored: TokenPair | None = yield Load()
        check_instance(f"{self._store!r}: load()", stored, TokenPair | None, "a TokenPair or None", verb="return")
        if stored != self._replaced_pair:
            self.unsaved_pair = None  # another session has renewed the tokens since the save failed
        self._stored_pair = stored
        if stored is not None:
            if stored.owner != self._owner:
                raise ConfigurationError(
                    f"{self._store!r} holds the session of {stored.owner!r}, not of {self._owner!r}; "
                    "give each session its own store"
                )
            self._guard.on_load(stored)
            if stored != self._current_pair:  # otherwise its expiry is known already
                self._set_current(stored)
        elif self._current_pair is None and self._initial_pair is not None:
            self._set_current(self._initial_pair)

    def _save_rejected_steps(self, refresh: str) -> Generator[Step, Any, None]:
        """Yield the steps that save a rejected refresh token, so that no session with this store sends it again."""
        self._guard.mark_spent(refresh)
        assert self._current_pair is not None  # noqa: S101 - the token is from this pair or `_initial_pair`
        tokens = add_rejected_token(self._current_pair, refresh)
        yield from self._save_steps(attrs.evolve(tokens, owner=self._owner))

    def _log_in_steps(self, username: str) -> Generator[Step, Any, TokenPair]:
        login_error: APIStatusError | None = None
        for password in (self._password, *reversed(self._candidate_passwords)):
            try:
                tokens = yield from self._issue_steps(LogIn(username, password, self._one_time_password))
            except (BadRequestError, AuthenticationError) as error:
                login_error = login_error or error
            else:
                self._password = password
                self._candidate_passwords.clear()
                return tokens
        assert login_error is not None  # noqa: S101 - for type checkers
        try:
            raise build_login_error(login_error) from None
        finally:
            del login_error  # its traceback refers to this frame: a cycle

    def _issue_steps(self, step: IssuingStep) -> Generator[Step, Any, TokenPair]:
        """Yield a step that issues tokens, and return them as a pair of this session."""
        start = time.monotonic()
        issued: tuple[str, str] = yield step
        return self._build_pair(issued, step.operation, start)

    def _build_pair(self, issued: tuple[str, str], operation: str, start: float) -> TokenPair:
        """Build the pair of issued tokens, whose request was sent at `start`; raise DecodeError if they are invalid."""
        if not all(is_credential(token) and not is_record(token) for token in issued):
            raise DecodeError("the response holds no tokens", operation=operation, model="Token")
        access, refresh = issued
        lifetime = get_lifetime(access)
        expires_at = None if lifetime is None else time.time() - (time.monotonic() - start) + lifetime
        return TokenPair(str(access), str(refresh), expires_at, self._owner)

    def remember_candidate_password(self, password: str) -> None:
        """Remember a password that may be the user's, to try if the API refuses the current one."""
        if self._username is not None:
            self._candidate_passwords.append(password)

    def change_username_steps(self, username: str) -> Generator[Step, Any, None]:
        """Yield the steps that change the session's username after the user's email address has changed."""
        if self._username is None:
            return
        stored: TokenPair | None = yield Load()
        is_own = stored is not None and stored.owner == self._owner
        self._username = username
        if stored is not None and is_own:
            self._guard.on_load(stored)
            yield from self._save_steps(attrs.evolve(stored, owner=self._owner))

    def adopt_steps(self, password: str, change: Callable[[Any], Any]) -> Generator[Step, Any, HasTokens]:
        """Yield the steps that change the user's password, and continue with the new password and the new pair.

        Args:
            password: The new password.
            change: Sends the request with a client, and returns the new pair.

        Returns:
            The result of `change`.
        """
        start = time.monotonic()
        issued: HasTokens = yield ChangePassword(change)
        if self._username is not None:
            self._password = password
            self._candidate_passwords.clear()
        pair = hide_text(issued.access), hide_text(issued.refresh)
        tokens = self._build_pair(pair, ChangePassword.operation, start)
        yield from self._save_steps(tokens, ChangePassword.operation)
        return issued

    def save_unsaved_steps(self) -> Generator[Step, Any, None]:
        """Yield the steps that save `unsaved_pair`, if there is one."""
        if self.unsaved_pair is not None:
            yield from self._save_steps(self.unsaved_pair)

    def _save_steps(self, tokens: TokenPair, issued_by: str | None = None) -> Generator[Step, Any, None]:
        self._replaced_pair = self._stored_pair
        self.unsaved_pair = tokens  # kept if saving fails, because the previous refresh token is spent
        yield Save(tokens, issued_by)
        self.unsaved_pair, self._stored_pair = None, tokens
        self._guard.on_save(tokens)
        if self._current_pair is None or self._current_pair.access != tokens.access:
            self._set_current(tokens)
        self._current_pair = tokens

    def _set_current(self, tokens: TokenPair) -> None:
        expires_at = tokens.expires_at
        self._expires_at = None if expires_at is None else time.monotonic() + expires_at - time.time()
        self._refresh_margin = get_refresh_margin(tokens.access)
        self._current_pair = tokens

    @property
    def _owner(self) -> str:
        user = self._username
        if self._initial_pair is not None:
            user = parse_user(self._initial_pair.access)
        return " ".join(str(part) for part in (self._origin, user, self._client_id) if part is not None)

    usable = valid_access_token  # this and what follows are deprecated names

    def renewal(self, rejected: str | None) -> Generator[Step, Any, tuple[str, bool]]:
        return self.renew_steps(rejected)

    def renaming(self, username: str) -> Generator[Step, Any, None]:
        return self.change_username_steps(username)

    def doubt(self, password: str) -> None:
        self.remember_candidate_password(password)

    def adoption(self, access: str, refresh: str, password: str) -> Generator[Step, Any, str]:
        steps = self.adopt_steps(hide_text(password), bool)
        next(steps)
        yield steps.send(TokenPair(hide_text(access), hide_text(refresh), None, ""))
        next(steps, None)
        return access
