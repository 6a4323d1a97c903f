"""`iam.account`: the account that the credentials belong to."""

from __future__ import annotations

from typing import Final

import gcore_iam

from ... import models
from ..._reconcile import attach_reconciler
from ..._resource import Resource
from ..._validation import check_text
from ...raw_response import RawResource, Unwrap, get_model, keep_response, raw_async
from ..driver import AsyncBoundClient


class AsyncAccount(Resource):
    """The account that the credentials belong to."""

    def __init__(self, client: AsyncBoundClient, unwrap: Unwrap = get_model) -> None:
        self._client = client
        self._unwrap = unwrap

    async def get(self) -> models.ClientBase:
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

    async def create(self, company: str) -> models.CreateAccountRequest:
        """Open another account for the user that the credentials belong to.

        Args:
            company: The name of the company.

        Returns:
            The id and the company of the new account.

        Raises:
            ConfigurationError: The name is empty.
            BadRequestError: The API refuses the name, for instance because it is taken.
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
        consistency: gcore_iam.Consistency = "strict",
        resume: gcore_iam.Checkpoint | None = None,
    ) -> gcore_iam.AsyncPager[models.LastLoginTimeItem]:
        """Iterate over all logins to the account, on however many pages.

        The pager sends nothing before it is iterated. It returns every login that is in the list from the start to the
        end of an iteration exactly once, even if users log in meanwhile. Logins are compared by all their fields,
        because their `id` is the account's.

        Args:
            page_size: Logins per request, 1 to 1000.
            start: Logins to skip, 0 or more.
            max_items: Logins to stop after, 0 or more; None for all.
            prefetch: Pages to request ahead of the caller, 1 to 64; 1 requests a page only when it is needed.
            consistency: "strict" keeps the promise above, and requests one more login per page; "fast" does neither.
            resume: Where to continue: a `checkpoint()` of such a pager, instead of `start`.

        Returns:
            The logins, in the server's order.

        Raises:
            ConfigurationError: An argument is out of its range, or `resume` is not a checkpoint of the list of logins.
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
    """`iam.account`, with status and headers; without `logins`."""

    def __init__(self, client: AsyncBoundClient) -> None:
        self._client = client
        account = AsyncAccount(client, keep_response)
        self.get: Final = raw_async(account.get)
        self.create: Final = raw_async(account.create)


async def _find_account(client: AsyncBoundClient, company: str) -> models.UserClientAndRolesItem | None:
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
