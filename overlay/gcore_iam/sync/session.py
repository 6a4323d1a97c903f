# Derived from aio/session.py by `make generate`. Do not edit: change that file.

"""Drives a session: does step by step what it wants, one caller at a time."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from typing import Any, Protocol, TypeVar

from ..auth.exclusive import Running, exclusive, unbroken
from ..auth.session import Load, LogIn, Refresh, Save, Session, Step
from ..auth.waiting import asked, blocking
from ..errors import AmbiguousOutcomeError, DecodeError, IAMError

T = TypeVar("T")


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
        running: Counts exchanges of tokens as long as they go on.
    """

    def __init__(self, session: Session, origin: str, exchange: Exchange, running: Running) -> None:
        self._session = session
        self._origin = origin
        self._exchange = exchange
        self._running = running

    @property
    def secrets(self) -> set[str]:
        """What the session may have sent or received."""
        return self._session.secrets

    def access(self) -> str:
        """An access token that can be used."""
        self._session.bind(self._origin)
        access = self._session.usable
        return access if access is not None else (self.renewed(None))[0]

    def renewed(self, rejected: str | None) -> tuple[str, bool]:
        """Another access token after the API has refused one, and whether it was issued just now."""

        def work() -> tuple[str, bool]:
            with exclusive(self._session):
                return self._drive(self._session.renewal(rejected))

        return self.unbroken(work)

    @contextmanager
    def replacing(self, password: str) -> Iterator[Callable[[str, str], None]]:
        """Change the password of the session, while nobody else renews its tokens.

        Gives what takes over the new access token and refresh token.

        Args:
            password: The new one.
        """

        def adopt(access: str, refresh: str) -> None:
            self._drive(self._session.adoption(access, refresh, password))

        with exclusive(self._session):
            try:
                yield adopt
            except BaseException as error:
                if isinstance(error, AmbiguousOutcomeError | DecodeError) or not isinstance(error, Exception):
                    self._session.doubt(password)
                raise

    def renamed(self, username: str) -> None:
        """Go on with another email address of the user."""

        def work() -> None:
            with exclusive(self._session):
                self._drive(self._session.renaming(username))

        self.unbroken(work)

    def unbroken(self, work: Callable[[], T]) -> T:
        """Do something that changes the tokens, to its end even if the caller is cancelled meanwhile."""
        return unbroken(work)

    def _drive(self, steps: Generator[Step, Any, T]) -> T:
        """Do step by step what a session wants, and give what it comes to."""
        is_exchanging = False
        try:
            step = next(steps)
            while True:
                if isinstance(step, Refresh) and not is_exchanging:
                    is_exchanging = True  # until its successor is saved
                    self._running.begin()
                try:
                    answer = self._do(step)
                except IAMError as error:
                    step = steps.throw(error)
                else:
                    step = steps.send(answer)
        except StopIteration as end:
            result: T = end.value
            return result
        finally:
            if is_exchanging:
                self._running.end()

    def _do(self, step: Step) -> object:
        store = self._session.store
        if isinstance(step, Load):
            return blocking(store.load)
        if isinstance(step, Save):
            return blocking(store.save, step.tokens)
        if isinstance(step, Refresh):
            return self._exchange.refresh(step.refresh)
        if isinstance(step, LogIn):
            code = step.one_time_password
            if callable(code):
                code = asked(code, "one_time_password")
                self._session.remember_code(code)
            return self._exchange.login(step.username, step.password, code)
        return self._exchange.select_account(step.client_id, step.access)
