# Derived from aio/credentials.py by `make generate`. Do not edit: change that file.

"""What goes into the `Authorization` header, asked before each attempt."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from typing import Any, Protocol, TypeVar

from ..auth.api_key import APIKey, header
from ..auth.exclusive import Running, exclusive, unbroken
from ..auth.session import Bearer, Load, LogIn, Refresh, Save, Session, Step
from ..auth.waiting import asked, blocking
from ..errors import AmbiguousOutcomeError, DecodeError, IAMError

T = TypeVar("T")

Auth = APIKey | Session | Bearer | None


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


class Credentials:
    """Gives the value of the `Authorization` header, and does what that takes.

    Args:
        auth: Whose credentials; None for none at all.
        origin: The API that they are for.
        exchange: Gets session tokens.
        running: Counts exchanges of tokens as long as they go on.
    """

    def __init__(self, auth: Auth, origin: str, exchange: Exchange, running: Running) -> None:
        self.auth = auth
        self._origin = origin
        self._exchange = exchange
        self._running = running

    def authorization(self) -> str | None:
        """The header's value for an attempt; None for no header."""
        if isinstance(self.auth, APIKey):
            return header(asked(self.auth.ask, "the API key"))
        if self.auth is None:
            return None
        if isinstance(self.auth, Bearer):
            return f"Bearer {self.auth.access}"
        self.auth.bind(self._origin)
        access = self.auth.usable
        return f"Bearer {access if access is not None else (self._renew(self.auth, None))[0]}"

    def renewed(self, rejected: str) -> tuple[str, bool] | None:
        """Another value after the API has refused one, and whether it was issued just now; None when there is none."""
        if not isinstance(self.auth, Session):
            return None
        access, is_new = self._renew(self.auth, rejected.removeprefix("Bearer "))
        return f"Bearer {access}", is_new

    @contextmanager
    def replacing(self, password: str) -> Iterator[Callable[[str, str], None]]:
        """Change the password of the session, while nobody else renews its tokens.

        Gives what takes over the new access token and refresh token.

        Args:
            password: The new one.
        """
        session = self.auth

        def adopt(access: str, refresh: str) -> None:
            if isinstance(session, Session):
                self._drive(session.adoption(access, refresh, password))

        if not isinstance(session, Session):
            yield adopt
            return
        with exclusive(session):
            try:
                yield adopt
            except BaseException as error:
                if isinstance(error, AmbiguousOutcomeError | DecodeError) or not isinstance(error, Exception):
                    session.doubt(password)
                raise

    def renamed(self, username: str) -> None:
        """Let the session go on with another email address of its user."""
        session = self.auth
        if isinstance(session, Session):

            def work() -> None:
                with exclusive(session):
                    self._drive(session.renaming(username))

            unbroken(work)

    def unbroken(self, work: Callable[[], T]) -> T:
        """Do something that changes the session's tokens, to its end even if the caller is cancelled meanwhile."""
        return unbroken(work) if isinstance(self.auth, Session) else work()

    def _renew(self, session: Session, rejected: str | None) -> tuple[str, bool]:
        def work() -> tuple[str, bool]:
            with exclusive(session):
                return self._drive(session.renewal(rejected))

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
        assert isinstance(self.auth, Session)  # noqa: S101 - nobody else has steps
        store = self.auth.store
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
            return self._exchange.login(step.username, step.password, code)
        return self._exchange.select_account(step.client_id, step.access)
