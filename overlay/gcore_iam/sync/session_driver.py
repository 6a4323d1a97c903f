# Derived from aio/session_driver.py by `make generate`. Do not edit: change that file.

"""Performs the steps of a session, for one caller at a time."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import suppress
from functools import partial
from typing import Any, Protocol, TypeVar

from .._concurrency import resolve_callback, run_in_thread
from ..auth.refresh_lock import refresh_lock
from ..auth.session import (
    ChangePassword,
    Done,
    HasTokens,
    Load,
    LogIn,
    Refresh,
    Save,
    SelectAccount,
    Session,
    Step,
    advance,
)
from ..auth.shield import InFlight, complete, shield
from ..call import Deadline
from ..errors import AmbiguousOutcomeError, DecodeError, IAMError
from ..events import Emit, TokensRefreshed

T = TypeVar("T")

_OPERATIONS: dict[type, str] = {
    LogIn: "iamLoginUser",
    Refresh: "iamRefreshToken",
    SelectAccount: "iamSelectAccount",
    ChangePassword: "iamChangePassword",
}
"""The operation that issues tokens in each step."""
P = TypeVar("P", bound=HasTokens)


class Exchange(Protocol):
    """Gets session tokens from the API; each method gives an access and a refresh token."""

    def login(
        self, username: str, password: str, one_time_password: str | None, deadline: Deadline | None
    ) -> tuple[str, str]:
        """Operation iamLoginUser."""
        ...

    def refresh(self, refresh: str) -> tuple[str, str]:
        """Operation iamRefreshToken."""
        ...

    def select_account(self, client_id: int, access: str, deadline: Deadline | None) -> tuple[str, str]:
        """Operation iamSelectAccount."""
        ...


class SessionDriver:
    """Gets the tokens of a session: performs its steps.

    Args:
        session: The session.
        origin: The API that they are for.
        exchange: Gets session tokens.
        in_flight: The exchanges of tokens that are under way.
        emit: Reports events; None when nobody listens.
    """

    def __init__(
        self, session: Session, origin: str, exchange: Exchange, in_flight: InFlight, emit: Emit | None
    ) -> None:
        self._session = session
        self._emit = emit
        self._origin = origin
        self._exchange = exchange
        self._in_flight = in_flight

    @property
    def secrets(self) -> set[str]:
        """What the session may have sent or received."""
        return self._session.secrets

    def get_access_token(self, deadline: Deadline | None) -> str:
        """Get an access token that can be used.

        Args:
            deadline: The end of the call that needs it, and of a login; a refresh is not cut short.
        """
        self._session.bind(self._origin)
        access = self._session.valid_access_token
        return access if access is not None else (self.renew(None, deadline))[0]

    def renew(self, rejected: str | None, deadline: Deadline | None) -> tuple[str, bool]:
        """Get another access token after the API has refused one, and whether it was issued just now."""
        with refresh_lock(self._session):
            return self._drive(self._session.renew_steps(rejected), deadline)

    def change_password(self, password: str, change: Callable[[], P]) -> P:
        """Change the password of the session's user, while nobody else renews the tokens.

        Args:
            password: The new password.
            change: Sends the request, and returns the new pair, with which the session goes on.

        Returns:
            What `change` returns.
        """
        with refresh_lock(self._session):
            self.get_access_token(None)  # here, where the caller may interrupt a login
            try:
                changed: P = self._drive(self._session.adopt_steps(password, change), None)
            except BaseException as error:
                if isinstance(error, AmbiguousOutcomeError | DecodeError) or not isinstance(error, Exception):
                    self._session.remember_candidate_password(password)
                raise
            return changed

    def change_username(self, username: str) -> None:
        """Go on with another email address of the user."""

        def work() -> None:
            with refresh_lock(self._session):
                self._drive(self._session.change_username_steps(username), None)

        complete(work)

    def _drive(self, steps: Generator[Step, Any, T], deadline: Deadline | None) -> T:
        """Perform the steps of a session, and return what they come to.

        What the server issues is saved even if the caller is interrupted: an exchange that spends a single-use refresh
        token, or the password, runs shielded, and the pair that it brings is saved before the interrupt is raised.
        """
        before = self._session.unsaved
        issued_by: str | None = None
        try:
            step = advance(steps)
            while not isinstance(step, Done):
                performed = step
                perform = partial(self._perform, steps, step, deadline)
                if isinstance(step, Refresh | ChangePassword):
                    self._in_flight.begin(steps)
                    step = shield(perform, partial(self._in_flight.wait_for, steps))
                else:
                    step = perform()
                issued_by = _OPERATIONS.get(type(performed), issued_by)
                if isinstance(performed, Save) and issued_by is not None and self._emit is not None:
                    self._emit(TokensRefreshed(issued_by))
        except BaseException:
            if self._session.unsaved is not before:
                with suppress(Exception):  # the pair stays in memory, and is saved with the next renewal
                    complete(self._save_unsaved)
            raise
        else:
            result: T = step.result
            return result
        finally:
            try:
                self._in_flight.end(steps)
            finally:  # again, if Ctrl-C broke it off: closing the client would wait for it
                self._in_flight.end(steps)

    def _save_unsaved(self) -> None:
        steps = self._session.save_unsaved_steps()
        step = advance(steps)
        while not isinstance(step, Done):
            step = self._perform(steps, step, None)

    def _perform(self, steps: Generator[Step, Any, object], step: Step, deadline: Deadline | None) -> Step | Done:
        """Perform one step, and return the next one."""
        try:
            result = self._get_result(step, deadline)
        except IAMError as error:
            return advance(steps, error=error)
        return advance(steps, result)

    def _get_result(self, step: Step, deadline: Deadline | None) -> object:
        store = self._session.store
        if isinstance(step, Load):
            return run_in_thread(store.load)
        if isinstance(step, Save):
            return complete(partial(run_in_thread, store.save, step.tokens))
        if isinstance(step, Refresh):
            return self._exchange.refresh(step.refresh)
        if isinstance(step, ChangePassword):
            return step.change()
        if isinstance(step, LogIn):
            code = step.one_time_password
            if callable(code):
                code = resolve_callback(code, "one_time_password")
                self._session.remember_code(code)
            return self._exchange.login(step.username, step.password, code, deadline)
        return self._exchange.select_account(step.client_id, step.access, deadline)
