"""Gets and renews the value of the `Authorization` header."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeAlias

from .._concurrency.callbacks import resolve_callback_async
from .._secret_text import hide_text
from ..auth.anonymous import Anonymous
from ..auth.header_credentials import HeaderCredentials
from ..call import Authorization, Deadline

if TYPE_CHECKING:
    from ..auth.session import Session
    from ..auth.steps import HasTokens
    from .driver import AsyncBoundClient
    from .in_flight import InFlight
    from .session_driver import AsyncSessionDriver

Auth: TypeAlias = "HeaderCredentials | Session | Anonymous | Authorization | None"


class AsyncCredentials:
    """The credentials of a client.

    Args:
        auth: A key, an access token, a session, or a constant authorization; None for no credentials.
        client: The client.
        in_flight: The exchanges of tokens that are in flight over the client's connections.

    Attributes:
        auth: The argument.
        constant_authorization: The authorization of every request; None if it can change, or if there is none.
        parent: If this client only requests tokens for the session of another client, the credentials of that client.
    """

    def __init__(self, auth: Auth, client: AsyncBoundClient, in_flight: InFlight) -> None:
        self.auth = auth
        self.constant_authorization: Authorization | None = None
        self.parent: AsyncCredentials | None = None
        self._client = client
        self._session: AsyncSessionDriver | None = None
        if isinstance(auth, HeaderCredentials):
            self.constant_authorization = Authorization(auth.fixed_header) if auth.fixed_header else None
        elif isinstance(auth, Authorization):
            self.constant_authorization = auth
        elif auth is not None and not isinstance(auth, Anonymous):
            from .session_driver import AsyncSessionDriver  # here, because a client with a key needs none of it

            self._session = AsyncSessionDriver(auth, client, in_flight)

    def find_secrets(self) -> set[str]:
        """Find the secrets that a server may repeat in a response, those of the parent included."""
        secrets = set() if self.parent is None else self.parent.find_secrets()
        if isinstance(self.auth, Authorization):
            secrets.add(self.auth.value.partition(" ")[2])
        elif self.auth is not None and not isinstance(self.auth, Anonymous):
            secrets |= self.auth.secrets
        return secrets

    async def authorize(self, deadline: Deadline | None) -> Authorization:
        """Get the authorization of an attempt, unless it is constant.

        Args:
            deadline: The deadline of the call, and of the login that it may need.

        Raises:
            ConfigurationError: The client has no credentials.
        """
        if isinstance(self.auth, Anonymous):
            raise self.auth.build_error()
        if isinstance(self.auth, HeaderCredentials):
            secret = hide_text(await resolve_callback_async(self.auth.ask, f"the {self.auth.noun}"))
            return Authorization(self.auth.build_header(secret))
        assert self._session is not None  # noqa: S101 - only clients with other credentials have none
        return Authorization(f"Bearer {await self._session.get_access_token(deadline)}")

    async def renew(self, rejected: Authorization, deadline: Deadline | None) -> Authorization | None:
        """Get another authorization after the API has rejected one; None if there is no other."""
        if self._session is None:
            return None
        access, is_new = await self._session.renew(hide_text(rejected.value.removeprefix("Bearer ")), deadline)
        return Authorization(f"Bearer {access}", is_new)

    async def change_password(self, password: str, change: Callable[[AsyncBoundClient], Awaitable[HasTokens]]) -> None:
        """Change the user's password; a session continues with the new pair and the new password.

        Args:
            password: The new password.
            change: Sends the request with a client, and returns the new pair.
        """
        await (change(self._client) if self._session is None else self._session.change_password(password, change))

    async def change_username(self, username: str) -> None:
        """Change the username of the session, if there is one."""
        if self._session is not None:
            await self._session.change_username(username)
