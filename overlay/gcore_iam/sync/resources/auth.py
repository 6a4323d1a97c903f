# Derived from aio/resources/auth.py by `make generate`. Do not edit: change that file.

"""`iam.auth`: the operations that issue session tokens, and the reset of a forgotten password."""

from __future__ import annotations

from typing import Final

from ... import models
from ..._reconcile import attach_reconciler
from ..._resource import Resource
from ..._secret_text import hide_text
from ..._validation import check_id, check_text
from ...raw_response import RawResource, Unwrap, get_model, keep_response, raw
from .. import session_calls
from ..driver import BoundClient


class Auth(Resource):
    """Operations that issue session tokens, and the reset of a forgotten password.

    These methods do not change the credentials of the client. To use a client with a session, pass a
    `gcore_iam.Session` to its constructor; it logs in and renews its tokens by itself.
    """

    def __init__(self, client: BoundClient, unwrap: Unwrap = get_model) -> None:
        self._client = client
        self._unwrap = unwrap

    def login(self, username: str, password: str, one_time_password: str | None = None) -> models.Token:
        """Log in with email address and password. Sent without the client's credentials.

        Args:
            username: The user's email address.
            password: The user's password.
            one_time_password: The current code of a user with two-step verification; None for other users.

        Returns:
            An access token, valid for an hour, and a refresh token, valid for a day, for the user's first account.

        Raises:
            ConfigurationError: An argument is empty.
            BadRequestError: The API rejects the login.
            AmbiguousOutcomeError: It is unknown whether a session was opened.
            IAMError: Any other failure; see `gcore_iam.errors`.

        Source: operation iamLoginUser.
        """
        password, one_time_password = hide_text(password), hide_text(one_time_password)
        check_text("username", username)
        check_text("password", password)
        if one_time_password is not None:
            check_text("one_time_password", one_time_password)
        return self._unwrap(session_calls.log_in(self._client, username, password, one_time_password))

    def refresh(self, refresh: str) -> models.Token:
        """Exchange a refresh token for a new pair. Sent without the client's credentials.

        A refresh token can be used once: store the new pair before you use it.

        Args:
            refresh: The refresh token.

        Returns:
            The new pair.

        Raises:
            ConfigurationError: The token is empty.
            AuthenticationError: The token is invalid, has expired, or was used before.
            AmbiguousOutcomeError: It is unknown whether the token was used.
            IAMError: Any other failure; see `gcore_iam.errors`.

        Source: operation iamRefreshToken.
        """
        refresh = hide_text(refresh)
        return self._unwrap(session_calls.refresh(self._client, check_text("refresh", refresh)))

    def select_account(self, client_id: int) -> models.Token:
        """Open a session in another account of the user.

        Args:
            client_id: The account's id, 1 or more.

        Returns:
            A pair of tokens for that account.

        Raises:
            ConfigurationError: The id is not a whole number from 1 to 2**63 - 1.
            AuthenticationError: The credentials are wrong.
            PermissionDeniedError: The user has no access to the account.
            NotFoundError: The account does not exist.
            IAMError: Any other failure; see `gcore_iam.errors`.

        Source: operation iamSelectAccount.
        """
        return self._unwrap(session_calls.select_account(self._client, check_id("client_id", client_id)))

    def forgot_password(self, email: str) -> models.ForgotPasswordResponse:
        """Request an email with a link to set a new password. Sent without the client's credentials.

        Args:
            email: The email address of the user.

        Returns:
            The result of the request.

        Raises:
            ConfigurationError: The address is empty.
            BadRequestError: The API rejects the address.
            AmbiguousOutcomeError: It is unknown whether an email was sent.
            IAMError: Any other failure; see `gcore_iam.errors`.

        Source: operation iamForgotPassword.
        """
        from gcore_iam_client.api.account import iam_forgot_password
        from gcore_iam_client.models import EmailRequest

        body = EmailRequest(check_text("email", email))
        with attach_reconciler("look into the mailbox before you request another email", None):
            return self._unwrap(iam_forgot_password.sync_detailed(body=body, client=self._client))


class RawAuth(RawResource):
    """The methods of `iam.auth`, which return a `RawResponse` here."""

    def __init__(self, client: BoundClient) -> None:
        self._client = client
        auth = Auth(client, keep_response)
        self.login: Final = raw(auth.login)
        self.refresh: Final = raw(auth.refresh)
        self.select_account: Final = raw(auth.select_account)
        self.forgot_password: Final = raw(auth.forgot_password)
