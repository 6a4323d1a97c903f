"""The credentials of a client: get and renew the value of the `Authorization` header."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from .._concurrency.callbacks import resolve_callback_async
from ..auth.api_key import APIKey, build_header
from ..auth.bearer import Bearer
from ..call import Authorization, Deadline

if TYPE_CHECKING:
    from ..auth.session import HasTokens, Session
    from ..auth.shield import InFlight
    from ..events import Emit
    from .session_driver import AsyncExchange

P = TypeVar("P", bound="HasTokens")

Auth: TypeAlias = "APIKey | Session | Bearer | None"


class AsyncCredentials:
    """The credentials of a client.

    Args:
        auth: A key, a session, or one access token; None for no credentials.
        origin: The origin of the API that they are sent to.
        exchange: Gets session tokens.
        in_flight: The exchanges of tokens that are in flight.
        emit: Reports events; None if there is no event callback.

    Attributes:
        auth: The argument.
        fixed: The authorization with a constant key; None for any other credentials.
        outer: The credentials of the client for whose session this client gets tokens; None for any other client.
    """

    def __init__(
        self, auth: Auth, origin: str, exchange: AsyncExchange, in_flight: InFlight, emit: Emit | None
    ) -> None:
        self.auth = auth
        self.fixed = Authorization(auth.fixed_header) if isinstance(auth, APIKey) and auth.fixed_header else None
        self.outer: AsyncCredentials | None = None
        self._session = None
        if auth is not None and not isinstance(auth, APIKey | Bearer):
            from .session_driver import AsyncSessionDriver

            self._session = AsyncSessionDriver(auth, origin, exchange, in_flight, emit)

    def find_secrets(self) -> set[str]:
        """Find the secrets that a server may repeat in a response, those of an outer client included."""
        secrets = set() if self.outer is None else self.outer.find_secrets()
        if isinstance(self.auth, APIKey):
            secrets |= self.auth.secrets
        elif isinstance(self.auth, Bearer):
            secrets.add(self.auth.access)
        elif self._session is not None:
            secrets |= self._session.secrets
        return secrets

    async def authorize(self, deadline: Deadline | None) -> Authorization | None:
        """Get the authorization of an attempt; None for a request without credentials.

        Args:
            deadline: The deadline of the call, and of the login that it may need.
        """
        if self.fixed is not None:
            return self.fixed
        if isinstance(self.auth, APIKey):
            return Authorization(build_header(await resolve_callback_async(self.auth.ask, "the API key")))
        if isinstance(self.auth, Bearer):
            return Authorization(f"Bearer {self.auth.access}")
        if self._session is None:
            return None
        return Authorization(f"Bearer {await self._session.get_access_token(deadline)}")

    async def renew(self, rejected: Authorization, deadline: Deadline | None) -> Authorization | None:
        """Get another authorization after the API has rejected one; None if there is no other."""
        if self._session is None:
            return None
        access, is_new = await self._session.renew(rejected.value.removeprefix("Bearer "), deadline)
        return Authorization(f"Bearer {access}", is_new)

    async def change_password(self, password: str, change: Callable[[], Awaitable[P]]) -> P:
        """Change the user's password; a session continues with the new pair and the new password.

        Args:
            password: The new password.
            change: Sends the request, and returns the new pair.

        Returns:
            The result of `change`.
        """
        return await (change() if self._session is None else self._session.change_password(password, change))

    async def change_username(self, username: str) -> None:
        """Change the username of the session, if there is one."""
        if self._session is not None:
            await self._session.change_username(username)
