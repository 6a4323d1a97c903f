"""Calls the operations that issue session tokens."""

from __future__ import annotations

from gcore_iam_client import Client
from gcore_iam_client.types import Operation, Response

from .. import models
from .._reconcile import attach_reconciler


def find_operation(operation: str) -> Operation:
    """Find an operation that issues session tokens."""
    from gcore_iam_client.api.account import iam_login_user, iam_refresh_token, iam_select_account

    known = (iam_login_user.OPERATION, iam_refresh_token.OPERATION, iam_select_account.OPERATION)
    return next(each for each in known if each.id == operation)


async def log_in(client: Client, username: str, password: str, one_time_password: str | None) -> Response[models.Token]:
    """Call operation iamLoginUser."""
    from gcore_iam_client.api.account import iam_login_user
    from gcore_iam_client.models import LoginRequest

    body = LoginRequest(username, password)
    if one_time_password is not None:
        body.one_time_password = one_time_password
    with attach_reconciler("log in again: an unused session expires by itself", None):
        return await iam_login_user.asyncio_detailed(body=body, client=client)


async def refresh(client: Client, token: str) -> Response[models.Token]:
    """Call operation iamRefreshToken."""
    from gcore_iam_client.api.account import iam_refresh_token
    from gcore_iam_client.models import RefreshRequest

    with attach_reconciler("log in again: the refresh token may have been spent", None):
        return await iam_refresh_token.asyncio_detailed(body=RefreshRequest(token), client=client)


async def select_account(client: Client, client_id: int) -> Response[models.Token]:
    """Call operation iamSelectAccount."""
    from gcore_iam_client.api.account import iam_select_account

    return await iam_select_account.asyncio_detailed(client_id=client_id, client=client)
