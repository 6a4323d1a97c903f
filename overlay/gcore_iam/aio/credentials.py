"""What goes into the `Authorization` header, asked before each attempt."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Generator
from contextlib import asynccontextmanager
from typing import Any, Protocol, TypeVar

from ..auth.api_key import APIKey, header
from ..auth.exclusive import Running, exclusive_async, unbroken_async
from ..auth.session import Bearer, Load, LogIn, Refresh, Save, Session, Step
from ..auth.waiting import asked_async, blocking_async
from ..errors import AmbiguousOutcomeError, DecodeError, IAMError

T = TypeVar("T")

Auth = APIKey | Session | Bearer | None


class AsyncExchange(Protocol):
    """Gets session tokens from the API; each method gives an access and a refresh token."""

    async def login(self, username: str, password: str, one_time_password: str | None) -> tuple[str, str]:
        """Operation iamLoginUser."""
        ...

    async def refresh(self, refresh: str) -> tuple[str, str]:
        """Operation iamRefreshToken."""
        ...

    async def select_account(self, client_id: int, access: str) -> tuple[str, str]:
        """Operation iamSelectAccount."""
        ...


class AsyncCredentials:
    """Gives the value of the `Authorization` header, and does what that takes.

    Args:
        auth: Whose credentials; None for none at all.
        origin: The API that they are for.
        exchange: Gets session tokens.
        running: Counts exchanges of tokens as long as they go on.
    """

    def __init__(self, auth: Auth, origin: str, exchange: AsyncExchange, running: Running) -> None:
        self.auth = auth
        self._origin = origin
        self._exchange = exchange
        self._running = running

    async def authorization(self) -> str | None:
        """The header's value for an attempt; None for no header."""
        if isinstance(self.auth, APIKey):
            return header(await asked_async(self.auth.ask, "the API key"))
        if self.auth is None:
            return None
        if isinstance(self.auth, Bearer):
            return f"Bearer {self.auth.access}"
        self.auth.bind(self._origin)
        access = self.auth.usable
        return f"Bearer {access if access is not None else (await self._renew(self.auth, None))[0]}"

    async def renewed(self, rejected: str) -> tuple[str, bool] | None:
        """Another value after the API has refused one, and whether it was issued just now; None when there is none."""
        if not isinstance(self.auth, Session):
            return None
        access, is_new = await self._renew(self.auth, rejected.removeprefix("Bearer "))
        return f"Bearer {access}", is_new

    @asynccontextmanager
    async def replacing(self, password: str) -> AsyncIterator[Callable[[str, str], Awaitable[None]]]:
        """Change the password of the session, while nobody else renews its tokens.

        Gives what takes over the new access token and refresh token.

        Args:
            password: The new one.
        """
        session = self.auth

        async def adopt(access: str, refresh: str) -> None:
            if isinstance(session, Session):
                await self._drive(session.adoption(access, refresh, password))

        if not isinstance(session, Session):
            yield adopt
            return
        async with exclusive_async(session):
            try:
                yield adopt
            except BaseException as error:
                if isinstance(error, AmbiguousOutcomeError | DecodeError) or not isinstance(error, Exception):
                    session.doubt(password)
                raise

    async def renamed(self, username: str) -> None:
        """Let the session go on with another email address of its user."""
        session = self.auth
        if isinstance(session, Session):

            async def work() -> None:
                async with exclusive_async(session):
                    await self._drive(session.renaming(username))

            await unbroken_async(work)

    async def unbroken(self, work: Callable[[], Awaitable[T]]) -> T:
        """Do something that changes the session's tokens, to its end even if the caller is cancelled meanwhile."""
        return await (unbroken_async(work) if isinstance(self.auth, Session) else work())

    async def _renew(self, session: Session, rejected: str | None) -> tuple[str, bool]:
        async def work() -> tuple[str, bool]:
            async with exclusive_async(session):
                return await self._drive(session.renewal(rejected))

        return await unbroken_async(work)

    async def _drive(self, steps: Generator[Step, Any, T]) -> T:
        """Do step by step what a session wants, and give what it comes to."""
        is_exchanging = False
        try:
            step = next(steps)
            while True:
                if isinstance(step, Refresh) and not is_exchanging:
                    is_exchanging = True  # until its successor is saved
                    self._running.begin()
                try:
                    answer = await self._do(step)
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

    async def _do(self, step: Step) -> object:
        assert isinstance(self.auth, Session)  # noqa: S101 - nobody else has steps
        store = self.auth.store
        if isinstance(step, Load):
            return await blocking_async(store.load)
        if isinstance(step, Save):
            return await blocking_async(store.save, step.tokens)
        if isinstance(step, Refresh):
            return await self._exchange.refresh(step.refresh)
        if isinstance(step, LogIn):
            code = step.one_time_password
            if callable(code):
                code = await asked_async(code, "one_time_password")
            return await self._exchange.login(step.username, step.password, code)
        return await self._exchange.select_account(step.client_id, step.access)
