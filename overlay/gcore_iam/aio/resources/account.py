"""`iam.account`: the account that the credentials belong to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..http import unwrap

if TYPE_CHECKING:
    from gcore_iam_client import Client
    from gcore_iam_client.models import ClientBase


class Account:
    """The account that the credentials belong to."""

    def __init__(self, api: Client) -> None:
        self._api = api

    def get(self) -> ClientBase:
        """Get the account: its company, users, services and features.

        Returns:
            The account.

        Raises:
            AuthenticationError: The credentials are wrong.
            IAMError: Any other failure; see `gcore_iam.errors`.

        Source: operation iamGetAccountDetails.
        """
        from gcore_iam_client.api.account import iam_get_account_details

        return unwrap(iam_get_account_details.sync_detailed(client=self._api))


class AsyncAccount:
    """The account that the credentials belong to."""

    def __init__(self, api: Client) -> None:
        self._api = api

    async def get(self) -> ClientBase:
        """Get the account: its company, users, services and features.

        Returns:
            The account.

        Raises:
            AuthenticationError: The credentials are wrong.
            IAMError: Any other failure; see `gcore_iam.errors`.

        Source: operation iamGetAccountDetails.
        """
        from gcore_iam_client.api.account import iam_get_account_details

        return unwrap(await iam_get_account_details.asyncio_detailed(client=self._api))
