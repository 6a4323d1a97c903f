"""Performs the steps of a session, for one caller at a time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator
from contextlib import suppress
from functools import partial
from typing import Any, Protocol, TypeVar

from .._concurrency.callbacks import resolve_callback_async, run_in_thread_async
from ..auth.refresh_lock import refresh_lock_async
from ..auth.session import Session
from ..auth.shield import InFlight, complete_async, shield_async
from ..auth.steps import ChangePassword, Done, HasTokens, Load, LogIn, Refresh, Save, SelectAccount, Step, advance
from ..call import Deadline
from ..errors import AmbiguousOutcomeError, DecodeError, IAMError
from ..events import Emit, TokensRefreshed

T = TypeVar("T")
P = TypeVar("P", bound=HasTokens)

_OPERATIONS: dict[type, str] = {
    LogIn: "iamLoginUser",
    Refresh: "iamRefreshToken",
    SelectAccount: "iamSelectAccount",
    ChangePassword: "iamChangePassword",
}
"""The operation that issues tokens in each step."""


class AsyncExchange(Protocol):
    """Gets session tokens from the API; each method returns an access token and a refresh token."""

    async def login(
        self, username: str, password: str, one_time_password: str | None, deadline: Deadline | None
    ) -> tuple[str, str]:
        """Call operation iamLoginUser."""
        ...

    async def refresh(self, refresh: str) -> tuple[str, str]:
        """Call operation iamRefreshToken."""
        ...

    async def select_account(self, client_id: int, access: str, deadline: Deadline | None) -> tuple[str, str]:
        """Call operation iamSelectAccount."""
        ...


class AsyncSessionDriver:
    """Gets and renews the tokens of a session by performing its steps.

    Args:
        session: The session.
        origin: The origin of the API that the tokens are sent to.
        exchange: Gets session tokens.
        in_flight: The exchanges of tokens that are in flight.
        emit: Reports events; None if there is no event callback.
    """

    def __init__(
        self, session: Session, origin: str, exchange: AsyncExchange, in_flight: InFlight, emit: Emit | None
    ) -> None:
        self._session = session
        self._emit = emit
        self._origin = origin
        self._exchange = exchange
        self._in_flight = in_flight

    @property
    def secrets(self) -> set[str]:
        """The secrets that the session may have sent or received."""
        return self._session.secrets

    async def get_access_token(self, deadline: Deadline | None) -> str:
        """Get a valid access token.

        Args:
            deadline: The deadline of the call, and of a login that it needs; it does not end a refresh.
        """
        self._session.bind(self._origin)
        access = self._session.valid_access_token
        return access if access is not None else (await self.renew(None, deadline))[0]

    async def renew(self, rejected: str | None, deadline: Deadline | None) -> tuple[str, bool]:
        """Get another access token after the API has rejected one; return it, and whether this call had it issued."""
        async with refresh_lock_async(self._session):
            return await self._perform_steps(self._session.renew_steps(rejected), deadline)

    async def change_password(self, password: str, change: Callable[[], Awaitable[P]]) -> P:
        """Change the password of the session's user while holding the lock of the session.

        Args:
            password: The new password.
            change: Sends the request, and returns the new pair, with which the session continues.

        Returns:
            The result of `change`.
        """
        async with refresh_lock_async(self._session):
            await self.get_access_token(None)  # now, while an interrupt can still end a login
            try:
                changed: P = await self._perform_steps(self._session.adopt_steps(password, change), None)
            except BaseException as error:
                if isinstance(error, AmbiguousOutcomeError | DecodeError) or not isinstance(error, Exception):
                    self._session.remember_candidate_password(password)
                raise
            return changed

    async def change_username(self, username: str) -> None:
        """Continue with another email address of the user."""

        async def change() -> None:
            async with refresh_lock_async(self._session):
                await self._perform_steps(self._session.change_username_steps(username), None)

        await complete_async(change)

    async def _perform_steps(self, steps: Generator[Step, Any, T], deadline: Deadline | None) -> T:
        """Perform the steps of a session, and return their result.

        Issued tokens are saved even if the caller is interrupted: an exchange that spends a single-use refresh token or
        the password is shielded, and the new pair is saved before the interrupt is raised.
        """
        unsaved_before = self._session.unsaved_pair
        issued_by: str | None = None
        try:
            step = advance(steps)
            while not isinstance(step, Done):
                performed = step
                perform = partial(self._perform_step, steps, step, deadline)
                if isinstance(step, Refresh | ChangePassword):
                    self._in_flight.add(steps)
                    step = await shield_async(perform, partial(self._in_flight.wait_for, steps))
                else:
                    step = await perform()
                issued_by = _OPERATIONS.get(type(performed), issued_by)
                if isinstance(performed, Save) and issued_by is not None and self._emit is not None:
                    self._emit(TokensRefreshed(issued_by))
        except BaseException:
            if self._session.unsaved_pair is not unsaved_before:
                with suppress(Exception):  # the session keeps the pair, and saves it with the next renewal
                    await complete_async(self._save_unsaved)
            raise
        else:
            result: T = step.result
            return result
        finally:
            try:
                self._in_flight.remove(steps)
            finally:  # once more, in case Ctrl-C ended the first try; otherwise closing the client would wait
                self._in_flight.remove(steps)

    async def _save_unsaved(self) -> None:
        steps = self._session.save_unsaved_steps()
        step = advance(steps)
        while not isinstance(step, Done):
            step = await self._perform_step(steps, step, None)

    async def _perform_step(
        self, steps: Generator[Step, Any, object], step: Step, deadline: Deadline | None
    ) -> Step | Done:
        """Perform one step, and return the next one."""
        try:
            result = await self._execute(step, deadline)
        except IAMError as error:
            return advance(steps, error=error)
        return advance(steps, result)

    async def _execute(self, step: Step, deadline: Deadline | None) -> object:
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
            return await self._exchange.login(step.username, step.password, code, deadline)
        return await self._exchange.select_account(step.client_id, step.access, deadline)
