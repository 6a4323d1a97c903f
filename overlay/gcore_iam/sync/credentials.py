# Derived from aio/credentials.py by `make generate`. Do not edit: change that file.

"""The credentials of a client: the value of the `Authorization` header, and what it takes to get it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias, TypeVar

from .._concurrency import resolve_callback
from ..auth.api_key import APIKey, build_header
from ..auth.bearer import Bearer
from ..call import Authorization, Deadline
from ..events import Emit

if TYPE_CHECKING:
    from ..auth.session import HasTokens, Session
    from ..auth.shield import InFlight
    from .session_driver import Exchange

P = TypeVar("P", bound="HasTokens")

Auth: TypeAlias = "APIKey | Session | Bearer | None"


class Credentials:
    """The credentials of a client.

    Args:
        auth: A key, a session, or one access token; None for no credentials.
        origin: The API that they are for.
        exchange: Gets session tokens.
        in_flight: The refreshes of sessions that are under way.
        emit: Reports events; None when nobody listens.

    Attributes:
        auth: As given.
        fixed: The authorization of a key that does not change; None for everything else.
        outer: The credentials of the client whose session this client gets tokens for; None for any other client.
    """

    def __init__(self, auth: Auth, origin: str, exchange: Exchange, in_flight: InFlight, emit: Emit | None) -> None:
        self.auth = auth
        self.fixed = Authorization(auth.fixed_header) if isinstance(auth, APIKey) and auth.fixed_header else None
        self.outer: Credentials | None = None
        self._session = None
        if auth is not None and not isinstance(auth, APIKey | Bearer):
            from .session_driver import SessionDriver

            self._session = SessionDriver(auth, origin, exchange, in_flight, emit)

    def find_secrets(self) -> set[str]:
        """Find what a server may repeat in any response: the key or session, and that of an outer client."""
        secrets = set() if self.outer is None else self.outer.find_secrets()
        if isinstance(self.auth, APIKey):
            secrets |= self.auth.secrets
        elif isinstance(self.auth, Bearer):
            secrets.add(self.auth.access)
        elif self._session is not None:
            secrets |= self._session.secrets
        return secrets

    def authorize(self, deadline: Deadline | None) -> Authorization | None:
        """Get the authorization of an attempt; None for a request without credentials.

        Args:
            deadline: The end of the call; a login that it needs ends with it.
        """
        if self.fixed is not None:
            return self.fixed
        if isinstance(self.auth, APIKey):
            return Authorization(build_header(resolve_callback(self.auth.ask, "the API key")))
        if isinstance(self.auth, Bearer):
            return Authorization(f"Bearer {self.auth.access}")
        if self._session is None:
            return None
        return Authorization(f"Bearer {self._session.get_access_token(deadline)}")

    def renew(self, rejected: Authorization, deadline: Deadline | None) -> Authorization | None:
        """Get another authorization after the API has refused one; None when there is none."""
        if self._session is None:
            return None
        access, is_new = self._session.renew(rejected.value.removeprefix("Bearer "), deadline)
        return Authorization(f"Bearer {access}", is_new)

    def change_password(self, password: str, change: Callable[[], P]) -> P:
        """Change the password of the credentials' user; a session goes on with the new pair and the new password.

        Args:
            password: The new password.
            change: Sends the request, and returns the new pair.

        Returns:
            What `change` returns.
        """
        return change() if self._session is None else self._session.change_password(password, change)

    def change_username(self, username: str) -> None:
        """Let the session, if there is one, go on with another email address of its user."""
        if self._session is not None:
            self._session.change_username(username)
