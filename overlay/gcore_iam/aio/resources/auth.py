"""`iam.auth`: session tokens and forgotten passwords."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...arguments import identifier, text
from ...http import reconciled, unwrap
from ...raw import raw_async

if TYPE_CHECKING:
    from gcore_iam_client.models import ForgotPasswordResponse, Token

    from ..http import AsyncHTTPClient


class AsyncAuth:
    """Session tokens by hand, and forgotten passwords.

    None of this changes what the client itself authenticates with: that is the argument `auth` of the client, for which
    a `gcore_iam.Session` does all of this by itself.
    """

    def __init__(self, http: AsyncHTTPClient) -> None:
        self._api = http.api

    async def login(self, username: str, password: str, one_time_password: str | None = None) -> Token:
        """Log in with email address and password. Sent without the client's credentials.

        Args:
            username: The user's email address.
            password: The user's password.
            one_time_password: The code of users with two-step verification; None for others.

        Returns:
            An access token for an hour and a refresh token for a day, for the user's first account.

        Raises:
            ConfigurationError: An argument is empty.
            BadRequestError: The login was refused.
            AmbiguousOutcomeError: It is unclear whether a session was opened.
            IAMError: Any other failure; see `gcore_iam.errors`.

        Source: operation iamLoginUser.
        """
        from gcore_iam_client.api.account import iam_login_user
        from gcore_iam_client.models import LoginRequest

        body = LoginRequest(text("username", username), text("password", password))
        if one_time_password is not None:
            body.one_time_password = text("one_time_password", one_time_password)
        with reconciled("log in again: a session that nobody uses ends by itself", None):
            return unwrap(await iam_login_user.asyncio_detailed(body=body, client=self._api))

    async def refresh(self, refresh: str) -> Token:
        """Exchange a refresh token for a new pair. Sent without the client's credentials.

        A refresh token serves once: store the new pair before you use it.

        Args:
            refresh: The refresh token.

        Returns:
            The new pair.

        Raises:
            ConfigurationError: The token is empty.
            AuthenticationError: The token is not genuine, too old, or was used before.
            AmbiguousOutcomeError: It is unclear whether the token has been used up.
            IAMError: Any other failure; see `gcore_iam.errors`.

        Source: operation iamRefreshToken.
        """
        from gcore_iam_client.api.account import iam_refresh_token
        from gcore_iam_client.models import RefreshRequest

        body = RefreshRequest(text("refresh", refresh))
        with reconciled("log in again: the refresh token may have been used up", None):
            return unwrap(await iam_refresh_token.asyncio_detailed(body=body, client=self._api))

    async def select_account(self, client_id: int) -> Token:
        """Open a session in another account of the user.

        Args:
            client_id: The account's id, 1 or more.

        Returns:
            A pair of tokens for that account.

        Raises:
            ConfigurationError: The id cannot be one.
            AuthenticationError: The credentials are wrong.
            PermissionDeniedError: The user may not enter the account.
            NotFoundError: There is no such account.
            IAMError: Any other failure; see `gcore_iam.errors`.

        Source: operation iamSelectAccount.
        """
        from gcore_iam_client.api.account import iam_select_account

        return unwrap(
            await iam_select_account.asyncio_detailed(client_id=identifier("client_id", client_id), client=self._api)
        )

    async def forgot_password(self, email: str) -> ForgotPasswordResponse:
        """Have a link for a new password emailed. Sent without the client's credentials.

        Args:
            email: The address that the user is registered with.

        Returns:
            What became of the request.

        Raises:
            ConfigurationError: The address is empty.
            BadRequestError: The address is refused.
            AmbiguousOutcomeError: It is unclear whether an email was sent.
            IAMError: Any other failure; see `gcore_iam.errors`.

        Source: operation iamForgotPassword.
        """
        from gcore_iam_client.api.account import iam_forgot_password
        from gcore_iam_client.models import EmailRequest

        body = EmailRequest(text("email", email))
        with reconciled("look into the mailbox before you ask for another email", None):
            return unwrap(await iam_forgot_password.asyncio_detailed(body=body, client=self._api))


class AsyncRawAuth:
    """`iam.auth`, with status and headers."""

    def __init__(self, auth: AsyncAuth) -> None:
        self.login = raw_async(auth.login)
        self.refresh = raw_async(auth.refresh)
        self.select_account = raw_async(auth.select_account)
        self.forgot_password = raw_async(auth.forgot_password)
