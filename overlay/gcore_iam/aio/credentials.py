"""What goes into the `Authorization` header, asked before each attempt."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from ..auth.api_key import APIKey, header
from ..auth.bearer import Bearer
from ..auth.waiting import resolve_callback_async

if TYPE_CHECKING:
    from ..auth.session import HasTokens, Session
    from ..auth.shield import InFlight
    from .session import AsyncExchange

P = TypeVar("P", bound="HasTokens")

Auth: TypeAlias = "APIKey | Session | Bearer | None"


class AsyncCredentials:
    """Gives the value of the `Authorization` header, and does what that takes.

    Args:
        auth: Whose credentials; None for none at all.
        origin: The API that they are for.
        exchange: Gets session tokens.
        in_flight: Counts exchanges of tokens as long as they go on.
    """

    def __init__(self, auth: Auth, origin: str, exchange: AsyncExchange, in_flight: InFlight) -> None:
        self.auth = auth
        self.outer: AsyncCredentials | None = None
        self._session = None
        if auth is not None and not isinstance(auth, APIKey | Bearer):
            from .session import AsyncSessionTokens

            self._session = AsyncSessionTokens(auth, origin, exchange, in_flight)

    def find_secrets(self) -> set[str]:
        """Find what a server may repeat in any response: the key or session, and that of an outer call."""
        secrets = set() if self.outer is None else self.outer.find_secrets()
        if isinstance(self.auth, APIKey):
            secrets |= self.auth.secrets
        elif isinstance(self.auth, Bearer):
            secrets.add(self.auth.access)
        elif self._session is not None:
            secrets |= self._session.secrets
        return secrets

    async def authorization(self) -> str | None:
        """The header's value for an attempt; None for no header."""
        if isinstance(self.auth, APIKey):
            return header(await resolve_callback_async(self.auth.ask, "the API key"))
        if isinstance(self.auth, Bearer):
            return f"Bearer {self.auth.access}"
        return None if self._session is None else f"Bearer {await self._session.access()}"

    async def renewed(self, rejected: str) -> tuple[str, bool] | None:
        """Another value after the API has refused one, and whether it was issued just now; None when there is none."""
        if self._session is None:
            return None
        access, is_new = await self._session.renewed(rejected.removeprefix("Bearer "))
        return f"Bearer {access}", is_new

    async def change_password(self, password: str, change: Callable[[], Awaitable[P]]) -> P:
        """Change the password of the credentials' user; a session goes on with the new pair and the new password.

        Args:
            password: The new password.
            change: Sends the request, and returns the new pair.

        Returns:
            What `change` returns.
        """
        return await (change() if self._session is None else self._session.change_password(password, change))

    async def renamed(self, username: str) -> None:
        """Let the session, if there is one, go on with another email address of its user."""
        if self._session is not None:
            await self._session.renamed(username)
