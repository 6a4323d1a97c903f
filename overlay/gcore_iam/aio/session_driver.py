"""Performs the steps of a session, for one caller at a time."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import attrs

from .._bound_client import format_origin
from .._concurrency.callbacks import resolve_callback_async, run_in_thread_async
from .._concurrency.refresh_lock import refresh_lock_async
from .._concurrency.shield import complete_async, shield_async
from .._secret_text import hide_text
from .._validation import is_credential
from ..auth.session import Session
from ..auth.steps import ChangePassword, Done, HasTokens, IssuingStep, Load, LogIn, Refresh, Save, Step, advance
from ..call import Authorization, Deadline
from ..errors import AmbiguousOutcomeError, DecodeError, IAMError
from ..raw_response import get_model
from ..retry import RetryPolicy
from . import session_calls
from .in_flight import InFlight

if TYPE_CHECKING:
    from ..events import Event
    from .driver import AsyncBoundClient

T = TypeVar("T")


class AsyncSessionDriver:
    """Gets and renews the tokens of a session by performing its steps.

    Args:
        session: The session.
        client: The client whose settings and connections the requests for tokens use.
        in_flight: The exchanges of tokens that are in flight over these connections.
    """

    def __init__(self, session: Session, client: AsyncBoundClient, in_flight: InFlight) -> None:
        self._session = session
        self._client = client
        self._in_flight = in_flight
        self._origin = format_origin(client.config.base_url)

    async def get_access_token(self, deadline: Deadline | None) -> str:
        """Get a valid access token.

        Args:
            deadline: The deadline of the call, and of a login that it needs; it does not end a refresh.
        """
        self._session.bind(self._origin)
        access = self._session.valid_access_token
        return access if access is not None else (await self.renew(None, deadline))[0]

    async def renew(self, rejected: str | None, deadline: Deadline | None) -> tuple[str, bool]:
        """Get another access token after the API has rejected one; return it, and whether this call issued it."""
        async with refresh_lock_async(self._session):
            return await self._perform_steps(self._session.renew_steps(rejected), deadline)

    async def change_password(self, password: str, change: Callable[[AsyncBoundClient], Awaitable[HasTokens]]) -> None:
        """Change the password of the session's user while holding the lock of the session.

        Args:
            password: The new password.
            change: Sends the request with a client, and returns the new pair, with which the session continues.
        """
        async with refresh_lock_async(self._session):
            await self.get_access_token(None)  # before the shielded step, so that an interrupt can end a login
            try:
                await self._perform_steps(self._session.adopt_steps(password, change), None)
            except BaseException as error:
                if isinstance(error, AmbiguousOutcomeError | DecodeError) or not isinstance(error, Exception):
                    self._session.remember_candidate_password(password)
                raise

    async def change_username(self, username: str) -> None:
        """Use the user's new email address from now on."""

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
        try:
            return await self._perform_all(steps, deadline)
        except BaseException:
            if self._session.unsaved_pair is not unsaved_before:
                with suppress(Exception):  # the session keeps the pair, and saves it with the next renewal
                    await complete_async(self._save_unsaved)
            raise
        finally:
            try:
                self._in_flight.remove(steps)
            finally:  # again, in case Ctrl-C ended the first try: `close` of the client would wait
                self._in_flight.remove(steps)

    async def _perform_all(self, steps: Generator[Step, Any, T], deadline: Deadline | None) -> T:
        # A function of its own: Python 3.12 and 3.13 may leave the jump of a loop out of the `try` around it, so that
        # Ctrl-C at that moment skips `except` and `finally`.
        step = advance(steps)
        while not isinstance(step, Done):
            performed = step
            if isinstance(step, Refresh | ChangePassword):
                self._in_flight.add(steps)
                step = await self._perform_shielded(steps, step, deadline)
            else:
                step = await self._perform_step(steps, step, deadline)
            if isinstance(performed, Save) and performed.issued_by is not None:
                self._report_issued_tokens(performed.issued_by)
        result: T = step.result
        return result

    async def _save_unsaved(self) -> None:
        await self._perform_steps(self._session.save_unsaved_steps(), None)

    async def _perform_shielded(
        self, steps: Generator[Step, Any, object], step: Step, deadline: Deadline | None
    ) -> Step | Done:
        """Perform a step that interrupts do not end. Its events reach the callback in this thread and task."""
        events: list[Event] = []
        driver, on_event = self, self._client.config.on_event
        if on_event is not None:
            config = attrs.evolve(self._client.config, on_event=events.append)
            driver = AsyncSessionDriver(self._session, self._client.view(config, self._session), self._in_flight)
        try:
            perform = partial(driver._perform_step, steps, step, deadline)
            return await shield_async(perform, partial(self._in_flight.wait_for, steps))
        finally:
            if on_event is not None:
                from ..events import call_listener

                for event in tuple(events):
                    call_listener(on_event, event)

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
        if isinstance(step, Load):
            return await run_in_thread_async(self._session.store.load)
        if isinstance(step, Save):
            return await complete_async(partial(run_in_thread_async, self._session.store.save, step.tokens))
        if isinstance(step, ChangePassword):
            return await step.change(self._client)
        return await self._request_tokens(step, deadline)

    async def _request_tokens(self, step: IssuingStep, deadline: Deadline | None) -> tuple[str, str]:
        if isinstance(step, Refresh):
            # Without a deadline: an interrupted exchange would spend the refresh token and lose the new pair.
            client = self._build_client(None, None, attrs.evolve(self._client.config.retries, deadline=None))
            response = await session_calls.refresh(client, step.refresh)
        elif isinstance(step, LogIn):
            code = step.one_time_password
            if callable(code):
                code = hide_text(await resolve_callback_async(code, "one_time_password"))
                self._session.remember_code(code)
            client = self._build_client(None, deadline)
            response = await session_calls.log_in(client, step.username, step.password, code)
        else:
            client = self._build_client(Authorization(f"Bearer {step.access}"), deadline)
            response = await session_calls.select_account(client, step.client_id)
        token = get_model(response)
        if not (is_credential(token.access) and is_credential(token.refresh)):
            operation = session_calls.find_operation(step.operation)
            path = operation.path.replace("{clientId}", str(getattr(step, "client_id", "")))
            problem = "the response holds no tokens"
            raise client.build_decode_error(problem, operation, path, response, model="Token", key=None)
        return hide_text(token.access), hide_text(token.refresh)

    def _build_client(
        self, authorization: Authorization | None, deadline: Deadline | None, retries: RetryPolicy | None = None
    ) -> AsyncBoundClient:
        """Build a client that requests tokens over the connections of the session's client."""
        config = self._client.config if retries is None else attrs.evolve(self._client.config, retries=retries)
        client = self._client.view(config, authorization, outer=deadline)
        client.credentials.parent = self._client.credentials
        return client

    def _report_issued_tokens(self, operation: str) -> None:
        emit = self._client.config.build_emit()
        if emit is not None:
            from ..events import TokensRefreshed

            emit(TokensRefreshed(operation))
