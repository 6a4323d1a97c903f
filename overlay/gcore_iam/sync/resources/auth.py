# Derived from aio/resources/auth.py by `make generate`. Do not edit: change that file.

"""`iam.auth`: session tokens and forgotten passwords."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...arguments import identifier, text
from ...http import reconciled, unwrap
from ...raw import raw

if TYPE_CHECKING:
    from gcore_iam_client.models import ForgotPasswordResponse, Token

    from ..http import HTTPClient


class Auth:
    """Session tokens by hand, and forgotten passwords.

    None of this changes what the client itself authenticates with: that is the argument `auth` of the client, for which
    a `gcore_iam.Session` does all of this by itself.
    """

    def __init__(self, http: HTTPClient) -> None:
        self._api = http.api

    def login(self, username: str, password: str, one_time_password: str | None = None) -> Token:
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
            return unwrap(iam_login_user.sync_detailed(body=body, client=self._api))

    def refresh(self, refresh: str) -> Token:
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
            return unwrap(iam_refresh_token.sync_detailed(body=body, client=self._api))

    def select_account(self, client_id: int) -> Token:
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

        return unwrap(iam_select_account.sync_detailed(client_id=identifier("client_id", client_id), client=self._api))

    def forgot_password(self, email: str) -> ForgotPasswordResponse:
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
            return unwrap(iam_forgot_password.sync_detailed(body=body, client=self._api))


class RawAuth:
    """`iam.auth`, with status and headers."""

    def __init__(self, auth: Auth) -> None:
        self.login = raw(auth.login)
        self.refresh = raw(auth.refresh)
        self.select_account = raw(auth.select_account)
        self.forgot_password = raw(auth.forgot_password)
