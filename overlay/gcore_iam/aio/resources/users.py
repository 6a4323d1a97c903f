"""`iam.users`: the users of the account."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import ConfigurationError, DecodeError
from ..http import unwrap
from ..pagination import AsyncPager, Pager, Received, Window

if TYPE_CHECKING:
    import builtins

    from gcore_iam_client import Client
    from gcore_iam_client.models import PaginatedUsersArray, User, UserPublic


class Users:
    """The users of the account."""

    def __init__(self, api: Client) -> None:
        self._api = api

    def list(self, *, page_size: int = 100, start: int = 0, max_items: int | None = None) -> Pager[User]:
        """Iterate over every user, whatever the number of pages.

        Nothing is sent before the pager is iterated.

        Args:
            page_size: Users to ask for at once, 1 to 1000.
            start: Users to skip, 0 or more.
            max_items: Users to stop after, 0 or more; None for all.

        Returns:
            The users, in the server's order.

        Raises:
            ConfigurationError: An argument is out of its range.
            IAMError: While iterating: any other failure; see `gcore_iam.errors`.

        Source: operation iamGetUsers.
        """
        from gcore_iam_client.api.users import iam_get_users

        def fetch(offset: int, limit: int) -> Received[User]:
            return _received(unwrap(iam_get_users.sync_detailed(limit=limit, offset=offset, client=self._api)))

        return Pager(fetch, Window(page_size, start, max_items))

    def get(self, user_id: int) -> UserPublic:
        """Get one user.

        Args:
            user_id: The user's id, 1 or more.

        Returns:
            The user.

        Raises:
            ConfigurationError: The id cannot be one.
            NotFoundError: There is no such user in the account.
            AuthenticationError: The credentials are wrong.
            IAMError: Any other failure; see `gcore_iam.errors`.

        Source: operation iamGetUser.
        """
        from gcore_iam_client.api.users import iam_get_user

        return unwrap(iam_get_user.sync_detailed(user_id=_id("user_id", user_id), client=self._api))


class AsyncUsers:
    """The users of the account."""

    def __init__(self, api: Client) -> None:
        self._api = api

    def list(self, *, page_size: int = 100, start: int = 0, max_items: int | None = None) -> AsyncPager[User]:
        """Iterate over every user, whatever the number of pages.

        Nothing is sent before the pager is iterated.

        Args:
            page_size: Users to ask for at once, 1 to 1000.
            start: Users to skip, 0 or more.
            max_items: Users to stop after, 0 or more; None for all.

        Returns:
            The users, in the server's order.

        Raises:
            ConfigurationError: An argument is out of its range.
            IAMError: While iterating: any other failure; see `gcore_iam.errors`.

        Source: operation iamGetUsers.
        """
        from gcore_iam_client.api.users import iam_get_users

        async def fetch(offset: int, limit: int) -> Received[User]:
            return _received(unwrap(await iam_get_users.asyncio_detailed(limit=limit, offset=offset, client=self._api)))

        return AsyncPager(fetch, Window(page_size, start, max_items))

    async def get(self, user_id: int) -> UserPublic:
        """Get one user.

        Args:
            user_id: The user's id, 1 or more.

        Returns:
            The user.

        Raises:
            ConfigurationError: The id cannot be one.
            NotFoundError: There is no such user in the account.
            AuthenticationError: The credentials are wrong.
            IAMError: Any other failure; see `gcore_iam.errors`.

        Source: operation iamGetUser.
        """
        from gcore_iam_client.api.users import iam_get_user

        return unwrap(await iam_get_user.asyncio_detailed(user_id=_id("user_id", user_id), client=self._api))


def _received(answer: PaginatedUsersArray | builtins.list[User]) -> Received[User]:
    if isinstance(answer, list):
        return Received(answer, total=len(answer), whole=True)
    # The types promise both, but a null passes the models wherever it comes.
    if not isinstance(answer.results, list):
        problem = "key 'results' must be an array, not null"
        raise DecodeError(problem, operation="iamGetUsers", model="PaginatedUsersArray", key="results")
    return Received(answer.results, total=answer.count if isinstance(answer.count, int) else None)


def _id(name: str, value: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value < 2**63:
        raise ConfigurationError(f"{name} must be a whole number from 1 to 2**63 - 1")
    return value
