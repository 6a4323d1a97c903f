"""`iam.tokens.legacy`: API tokens by the deprecated operations of version 1."""

from __future__ import annotations

import builtins
from datetime import UTC, datetime
from typing import Final

from gcore_iam_client.types import UNSET, Unset

from ... import models
from ..._reconcile import attach_reconciler
from ..._request_values import build_role_filter, build_token
from ..._resource import Resource
from ..._validation import check_id
from ..._validation.models import check_bool, check_optional_id
from ..._warnings import deprecated, warn_caller
from ...raw_response import RawResource, Unwrap, get_model, keep_response, raw_async
from ..driver import AsyncBoundClient
from .token_search import ADVICE, find_token

REMOVAL_DATE = "2026-07-17"
"""When Gcore removes version 1 of these operations, as the spec announces."""


class AsyncLegacyTokens(Resource):
    """API tokens by the operations of version 1, which are deprecated. Each method warns."""

    # mypy reports a deprecated method only if the text of its decorator is a literal.

    def __init__(self, client: AsyncBoundClient, unwrap: Unwrap = get_model) -> None:
        self._client = client
        self._unwrap = unwrap

    @deprecated("deprecated; announced for removal on 2026-07-17; use iam.tokens.list")
    async def list(
        self,
        client_id: int,
        *,
        role: models.Group | int | str | Unset = UNSET,
        issued_by: int | Unset = UNSET,
        not_issued_by: int | Unset = UNSET,
        deleted: bool | Unset = UNSET,
    ) -> builtins.list[models.TokenResponse]:
        """List the API tokens of an account, without their secrets.

        Deprecated: use `iam.tokens.list`, whose parameters and errors are the same.

        Source: operation iamGetApiTokens.
        """
        from gcore_iam_client.api.api_tokens import iam_get_api_tokens

        _warn("list")
        return self._unwrap(
            await iam_get_api_tokens.asyncio_detailed(
                client_id=check_id("client_id", client_id),
                role=build_role_filter(role),
                issued_by=check_optional_id("issued_by", issued_by),
                not_issued_by=check_optional_id("not_issued_by", not_issued_by),
                deleted=check_bool("deleted", deleted),
                client=self._client,
            )
        )

    @deprecated("deprecated; announced for removal on 2026-07-17; use iam.tokens.get")
    async def get(self, client_id: int, token_id: int) -> models.TokenResponse:
        """Get one API token, without its secret.

        Deprecated: use `iam.tokens.get`, whose parameters and errors are the same.

        Source: operation iamGetApiToken.
        """
        from gcore_iam_client.api.api_tokens import iam_get_api_token

        _warn("get")
        return self._unwrap(
            await iam_get_api_token.asyncio_detailed(
                check_id("client_id", client_id), check_id("token_id", token_id), client=self._client
            )
        )

    @deprecated("deprecated; announced for removal on 2026-07-17; use iam.tokens.create")
    async def create(
        self,
        client_id: int,
        name: str,
        role: models.Group | int | str,
        *,
        exp_date: datetime | Unset | None = None,
        description: str | Unset | None = UNSET,
    ) -> models.CreateTokenResponse:
        """Issue an API token, whose key looks like `1234$abcdef`.

        Deprecated: use `iam.tokens.create`, whose parameters and errors are the same.

        Source: operation iamCreateApiToken.
        """
        from gcore_iam_client.api.api_tokens import iam_create_api_token

        _warn("create")
        number = check_id("client_id", client_id)
        body = build_token(name, role, exp_date, description)
        start = datetime.now(UTC)
        with attach_reconciler(ADVICE, lambda: find_token(self._client, number, name, start)):
            return self._unwrap(
                await iam_create_api_token.asyncio_detailed(client_id=number, body=body, client=self._client)
            )

    @deprecated("deprecated; announced for removal on 2026-07-17; use iam.tokens.delete")
    async def delete(self, client_id: int, token_id: int) -> None:
        """Delete an API token for good.

        Deprecated: use `iam.tokens.delete`, whose parameters and errors are the same.

        Source: operation iamDeleteApiToken.
        """
        from gcore_iam_client.api.api_tokens import iam_delete_api_token

        _warn("delete")
        return self._unwrap(
            await iam_delete_api_token.asyncio_detailed(
                check_id("client_id", client_id), check_id("token_id", token_id), client=self._client
            )
        )


class AsyncRawLegacyTokens(RawResource):
    """`iam.tokens.legacy`, with status and headers."""

    def __init__(self, client: AsyncBoundClient) -> None:
        self._client = client
        tokens = AsyncLegacyTokens(client, keep_response)
        self.list: Final = raw_async(tokens.list)
        self.get: Final = raw_async(tokens.get)
        self.create: Final = raw_async(tokens.create)
        self.delete: Final = raw_async(tokens.delete)


def _warn(method: str) -> None:
    warn_caller(f"deprecated; announced for removal on {REMOVAL_DATE}; use iam.tokens.{method}", DeprecationWarning)
