"""Drives a session: does step by step what it wants, one caller at a time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator
from contextlib import suppress
from functools import partial
from typing import Any, Protocol, TypeVar

from ..auth.refresh_lock import refresh_lock_async
from ..auth.session import ChangePassword, Done, HasTokens, Load, LogIn, Refresh, Save, Session, Step, advance
from ..auth.shield import InFlight, complete_async, shield_async
from ..auth.waiting import resolve_callback_async, run_in_thread_async
from ..background import undisturbed
from ..errors import AmbiguousOutcomeError, DecodeError, IAMError

T = TypeVar("T")
P = TypeVar("P", bound=HasTokens)


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
        in_flight: Counts exchanges of tokens as long as they go on.
    """

    def __init__(self, session: Session, origin: str, exchange: AsyncExchange, in_flight: InFlight) -> None:
        self._session = session
        self._origin = origin
        self._exchange = exchange
        self._in_flight = in_flight

    @property
    def secrets(self) -> set[str]:
        """What the session may have sent or received."""
        return self._session.secrets

    async def access(self) -> str:
        """An access token that can be used."""
        self._session.bind(self._origin)
        access = self._session.valid_access_token
        return access if access is not None else (await self.renewed(None))[0]

    async def renewed(self, rejected: str | None) -> tuple[str, bool]:
        """Another access token after the API has refused one, and whether it was issued just now."""
        async with refresh_lock_async(self._session):
            return await self._drive(self._session.renew_steps(rejected))

    async def change_password(self, password: str, change: Callable[[], Awaitable[P]]) -> P:
        """Change the password of the session's user, while nobody else renews the tokens.

        Args:
            password: The new password.
            change: Sends the request, and returns the new pair, with which the session goes on.

        Returns:
            What `change` returns.
        """
        async with refresh_lock_async(self._session):
            await self.access()  # here, where the caller may interrupt a login
            try:
                changed: P = await self._drive(self._session.adopt_steps(password, change))
            except BaseException as error:
                if isinstance(error, AmbiguousOutcomeError | DecodeError) or not isinstance(error, Exception):
                    self._session.remember_candidate_password(password)
                raise
            return changed

    async def renamed(self, username: str) -> None:
        """Go on with another email address of the user."""

        async def work() -> None:
            async with refresh_lock_async(self._session):
                await self._drive(self._session.change_username_steps(username))

        await complete_async(work)

    async def _drive(self, steps: Generator[Step, Any, T]) -> T:
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
                    step = await shield_async(perform, partial(self._in_flight.wait_for, steps))
                else:
                    step = await perform()
        except BaseException:
            if self._session.unsaved is not before:
                with suppress(Exception):  # the pair stays in memory, and is saved with the next renewal
                    await complete_async(self._save_unsaved)
            raise
        else:
            result: T = step.result
            return result
        finally:
            try:
                self._in_flight.end(steps)
            finally:  # again, if Ctrl-C broke it off: closing the client would wait for it
                self._in_flight.end(steps)

    async def _save_unsaved(self) -> None:
        steps = self._session.save_unsaved_steps()
        step = advance(steps)
        while not isinstance(step, Done):
            step = await self._perform(steps, step)

    async def _perform(self, steps: Generator[Step, Any, object], step: Step) -> Step | Done:
        """Perform one step, and return the next one."""
        try:
            with undisturbed():
                answer = await self._answer(step)
        except IAMError as error:
            return advance(steps, error=error)
        return advance(steps, answer)

    async def _answer(self, step: Step) -> object:
        store = self._session.store
        if isinstance(step, Load):
            return await run_in_thread_async(store.load)
        if isinstance(step, Save):
            return await complete_async(partial(run_in_thread_async, store.save, step.tokens))
        if isinstance(step, Refresh):
            return await self._exchange.refresh(step.refresh)
        if isinstance(step, ChangePassword):
            return await step.change()
        if isinstance(step, LogIn):
            code = step.one_time_password
            if callable(code):
                code = await resolve_callback_async(code, "one_time_password")
                self._session.remember_code(code)
            return await self._exchange.login(step.username, step.password, code)
        return await self._exchange.select_account(step.client_id, step.access)
