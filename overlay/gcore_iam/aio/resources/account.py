"""`iam.account`: the account that the credentials belong to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..._reconcile import attach_reconciler
from ..._validation import check_text
from ...raw_response import RawResource, Unwrap, get_model, keep_response, raw_async

if TYPE_CHECKING:
    from gcore_iam_client.models import (
        ClientBase,
        CreateAccountRequest,
        LastLoginTimeItem,
        UserClientAndRolesItem,
    )

    from ...pagination.checkpoint import Checkpoint
    from ...pagination.options import Consistency
    from ..driver import AsyncBoundClient
    from ..pager import AsyncPager


class AsyncAccount:
    """The account that the credentials belong to."""

    def __init__(self, client: AsyncBoundClient, unwrap: Unwrap = get_model) -> None:
        self._client = client
        self._unwrap = unwrap

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

        return self._unwrap(await iam_get_account_details.asyncio_detailed(client=self._client))

    async def create(self, company: str) -> CreateAccountRequest:
        """Open one more account for the user who makes the call.

        Args:
            company: The name of the company that the account is for.

        Returns:
            The new account: its id and company.

        Raises:
            ConfigurationError: The name is empty.
            BadRequestError: The name is refused, for instance because it is taken.
            PermissionDeniedError: The role does not allow it.
            AmbiguousOutcomeError: It is unclear whether the account was opened; `reconcile()` finds out.
            IAMError: Any other failure; see `gcore_iam.errors`.

        Source: operation iamCreateAccount.
        """
        from gcore_iam_client.api.account import iam_create_account
        from gcore_iam_client.models import CreateAccountRequestInput

        body = CreateAccountRequestInput(check_text("company", company))
        advice = "reconcile() looks among the accounts of the user"
        with attach_reconciler(advice, lambda: _find_account(self._client, company)):
            return self._unwrap(await iam_create_account.asyncio_detailed(body=body, client=self._client))

    def logins(
        self,
        *,
        page_size: int = 100,
        start: int = 0,
        max_items: int | None = None,
        prefetch: int = 4,
        consistency: Consistency = "strict",
        resume: Checkpoint | None = None,
    ) -> AsyncPager[LastLoginTimeItem]:
        """Iterate over every login to the account, whatever the number of pages.

        Nothing is sent before the pager is iterated. Every login that is in the list from the start to the end of an
        iteration is returned exactly once, also if users log in meanwhile. Logins are compared by all their
        fields: their `id` is that of the account.

        Args:
            page_size: Logins per request, 1 to 1000.
            start: Logins to skip, 0 or more.
            max_items: Logins to stop after, 0 or more; None for all.
            prefetch: Pages to request ahead of the reader, 1 to 64; 1 requests each page when it is needed.
            consistency: "strict" keeps the promise above, for one login more per page; "fast" takes pages as they come.
            resume: Where to go on: what `checkpoint()` of such a pager has given, in place of `start`.

        Returns:
            The logins, in the server's order.

        Raises:
            ConfigurationError: An argument is out of its range, or `resume` is no checkpoint of a list of logins.
            PermissionDeniedError: While iterating: the role does not allow it.
            PaginationError: While iterating: the server's pages contradict each other.
            IAMError: While iterating: any other failure; see `gcore_iam.errors`.

        Source: operation iamGetLastLoginTime.
        """
        from gcore_iam_client.api.account import iam_get_last_login_time

        from ..._paginate import paginate

        return paginate(
            iam_get_last_login_time.asyncio_detailed,
            client=self._client,
            page_size=page_size,
            start=start,
            max_items=max_items,
            prefetch=prefetch,
            consistency=consistency,
            resume=resume,
        )


class AsyncRawAccount(RawResource):
    """`iam.account`, with status and headers; without `logins`, which sends more than one request."""

    def __init__(self, client: AsyncBoundClient) -> None:
        account = AsyncAccount(client, keep_response)
        self.get = raw_async(account.get)
        self.create = raw_async(account.create)


async def _find_account(client: AsyncBoundClient, company: str) -> UserClientAndRolesItem | None:
    from .users import AsyncUsers

    user_id = (await AsyncAccount(client).get()).current_user
    name = company.strip().casefold()
    found = [
        account
        async for user in AsyncUsers(client).list(page_size=1000)
        if user.id == user_id
        for account in user.client_and_roles or ()
        if str(account.client_company_name).casefold() == name
    ]
    return found[0] if found else None
