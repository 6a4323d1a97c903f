# Derived from aio/session.py by `make generate`. Do not edit: change that file.

"""Drives a session: does step by step what it wants, one caller at a time."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import suppress
from functools import partial
from typing import Any, Protocol, TypeVar

from ..auth.refresh_lock import refresh_lock
from ..auth.session import ChangePassword, Done, HasTokens, Load, LogIn, Refresh, Save, Session, Step, advance
from ..auth.shield import InFlight, complete, shield
from ..auth.waiting import resolve_callback, run_in_thread
from ..background import undisturbed
from ..errors import AmbiguousOutcomeError, DecodeError, IAMError

T = TypeVar("T")
P = TypeVar("P", bound=HasTokens)


class Exchange(Protocol):
    """Gets session tokens from the API; each method gives an access and a refresh token."""

    def login(self, username: str, password: str, one_time_password: str | None) -> tuple[str, str]:
        """Operation iamLoginUser."""
        ...

    def refresh(self, refresh: str) -> tuple[str, str]:
        """Operation iamRefreshToken."""
        ...

    def select_account(self, client_id: int, access: str) -> tuple[str, str]:
        """Operation iamSelectAccount."""
        ...


class SessionTokens:
    """The tokens of a session, and what has to be done to have them.

    Args:
        session: Whose.
        origin: The API that they are for.
        exchange: Gets session tokens.
        in_flight: Counts exchanges of tokens as long as they go on.
    """

    def __init__(self, session: Session, origin: str, exchange: Exchange, in_flight: InFlight) -> None:
        self._session = session
        self._origin = origin
        self._exchange = exchange
        self._in_flight = in_flight

    @property
    def secrets(self) -> set[str]:
        """What the session may have sent or received."""
        return self._session.secrets

    def access(self) -> str:
        """An access token that can be used."""
        self._session.bind(self._origin)
        access = self._session.valid_access_token
        return access if access is not None else (self.renewed(None))[0]

    def renewed(self, rejected: str | None) -> tuple[str, bool]:
        """Another access token after the API has refused one, and whether it was issued just now."""
        with refresh_lock(self._session):
            return self._drive(self._session.renew_steps(rejected))

    def change_password(self, password: str, change: Callable[[], P]) -> P:
        """Change the password of the session's user, while nobody else renews the tokens.

        Args:
            password: The new password.
            change: Sends the request, and returns the new pair, with which the session goes on.

        Returns:
            What `change` returns.
        """
        with refresh_lock(self._session):
            self.access()  # here, where the caller may interrupt a login
            try:
                changed: P = self._drive(self._session.adopt_steps(password, change))
            except BaseException as error:
                if isinstance(error, AmbiguousOutcomeError | DecodeError) or not isinstance(error, Exception):
                    self._session.remember_candidate_password(password)
                raise
            return changed

    def renamed(self, username: str) -> None:
        """Go on with another email address of the user."""

        def work() -> None:
            with refresh_lock(self._session):
                self._drive(self._session.change_username_steps(username))

        complete(work)

    def _drive(self, steps: Generator[Step, Any, T]) -> T:
        """Perform the steps of a session, and return what they come to.

        What the server issues is saved even if the caller is interrupted: an exchange that spends a single-use refresh
        token, or the password, runs shielded, and the pair that it brings is saved before the interrupt is raised.
        """
        before = self._session.unsaved
        try:
            step = advance(steps)
            while not isinstance(step, Done):
                perform = partial(self._perform, steps, step)
                if isinstance(step, Refresh | ChangePassword):
                    self._in_flight.begin(steps)
                    step = shield(perform, partial(self._in_flight.wait_for, steps))
                else:
                    step = perform()
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
            step = self._perform(steps, step)

    def _perform(self, steps: Generator[Step, Any, object], step: Step) -> Step | Done:
        """Perform one step, and return the next one."""
        try:
            with undisturbed():
                answer = self._answer(step)
        except IAMError as error:
            return advance(steps, error=error)
        return advance(steps, answer)

    def _answer(self, step: Step) -> object:
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
            return self._exchange.login(step.username, step.password, code)
        return self._exchange.select_account(step.client_id, step.access)
