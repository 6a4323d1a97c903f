"""Drives a session: does step by step what it wants, one caller at a time."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Generator
from contextlib import asynccontextmanager
from typing import Any, Protocol, TypeVar

from ..auth.exclusive import Running, exclusive_async, unbroken_async
from ..auth.session import Load, LogIn, Refresh, Save, Session, Step
from ..auth.waiting import asked_async, blocking_async
from ..errors import AmbiguousOutcomeError, DecodeError, IAMError

T = TypeVar("T")


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


class AsyncSessionTokens:
    """The tokens of a session, and what has to be done to have them.

    Args:
        session: Whose.
        origin: The API that they are for.
        exchange: Gets session tokens.
        running: Counts exchanges of tokens as long as they go on.
    """

    def __init__(self, session: Session, origin: str, exchange: AsyncExchange, running: Running) -> None:
        self._session = session
        self._origin = origin
        self._exchange = exchange
        self._running = running

    @property
    def secrets(self) -> set[str]:
        """What the session may have sent or received."""
        return self._session.secrets

    async def access(self) -> str:
        """An access token that can be used."""
        self._session.bind(self._origin)
        access = self._session.usable
        return access if access is not None else (await self.renewed(None))[0]

    async def renewed(self, rejected: str | None) -> tuple[str, bool]:
        """Another access token after the API has refused one, and whether it was issued just now."""

        async def work() -> tuple[str, bool]:
            async with exclusive_async(self._session):
                return await self._drive(self._session.renewal(rejected))

        return await self.unbroken(work)

    @asynccontextmanager
    async def replacing(self, password: str) -> AsyncIterator[Callable[[str, str], Awaitable[None]]]:
        """Change the password of the session, while nobody else renews its tokens.

        Gives what takes over the new access token and refresh token.

        Args:
            password: The new one.
        """

        async def adopt(access: str, refresh: str) -> None:
            await self._drive(self._session.adoption(access, refresh, password))

        async with exclusive_async(self._session):
            try:
                yield adopt
            except BaseException as error:
                if isinstance(error, AmbiguousOutcomeError | DecodeError) or not isinstance(error, Exception):
                    self._session.doubt(password)
                raise

    async def renamed(self, username: str) -> None:
        """Go on with another email address of the user."""

        async def work() -> None:
            async with exclusive_async(self._session):
                await self._drive(self._session.renaming(username))

        await self.unbroken(work)

    async def unbroken(self, work: Callable[[], Awaitable[T]]) -> T:
        """Do something that changes the tokens, to its end even if the caller is cancelled meanwhile."""
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
        store = self._session.store
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
                self._session.remember_code(code)
            return await self._exchange.login(step.username, step.password, code)
        return await self._exchange.select_account(step.client_id, step.access)
