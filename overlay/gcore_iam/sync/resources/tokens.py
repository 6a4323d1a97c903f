# Derived from aio/resources/tokens.py by `make generate`. Do not edit: change that file.

"""`iam.tokens`: permanent API tokens."""

from __future__ import annotations

import builtins
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cached_property
from typing import Final

from gcore_iam_client.types import UNSET, Unset

from ... import models
from ..._reconcile import attach_reconciler
from ..._request_values import build_role_filter, build_token
from ..._resource import Resource
from ..._validation import check_callback, check_id
from ..._validation.models import check_bool, check_optional_id
from ..._warnings import deprecated
from ...raw_response import RawResource, Unwrap, get_model, keep_response, raw
from .. import resources
from ..driver import BoundClient
from .token_search import ADVICE, find_token


class Tokens(Resource):
    """Permanent API tokens."""

    def __init__(self, client: BoundClient, unwrap: Unwrap = get_model) -> None:
        self._client = client
        self._unwrap = unwrap

    @cached_property
    def legacy(self) -> resources.LegacyTokens:
        """API tokens by the operations of version 1; deprecated, announced for removal on 2026-07-17."""
        return resources.LegacyTokens(self._client)

    def list(
        self,
        client_id: int,
        *,
        role: models.Group | int | str | Unset = UNSET,
        issued_by: int | Unset = UNSET,
        not_issued_by: int | Unset = UNSET,
        deleted: bool | Unset = UNSET,
    ) -> builtins.list[models.TokenResponse]:
        """List the API tokens of an account. Administrators get all tokens, other users their own.

        Args:
            client_id: The account's id, 1 or more.
            role: Only tokens with this role: its id, its name, or a `models.Group`.
            issued_by: Only tokens of the user with this id.
            not_issued_by: No tokens of the user with this id.
            deleted: True for deleted tokens, False for the others.

        Returns:
            The tokens, without their secrets.

        Raises:
            ConfigurationError: An argument is not valid.
            PermissionDeniedError: The role of the caller does not allow it.
            NotFoundError: There is no such account.
            IAMError: Any other failure; see `gcore_iam.errors`.

        Source: operation iamGetApiTokensV2.
        """
        from gcore_iam_client.api.api_tokens import iam_get_api_tokens_v2

        return self._unwrap(
            iam_get_api_tokens_v2.sync_detailed(
                client_id=check_id("client_id", client_id),
                role=build_role_filter(role),
                issued_by=check_optional_id("issued_by", issued_by),
                not_issued_by=check_optional_id("not_issued_by", not_issued_by),
                deleted=check_bool("deleted", deleted),
                client=self._client,
            )
        )

    def get(self, client_id: int, token_id: int) -> models.TokenResponse:
        """Get one API token, without its secret.

        Args:
            client_id: The account's id, 1 or more.
            token_id: The token's id, 1 or more.

        Returns:
            The token.

        Raises:
            ConfigurationError: An id is not a whole number from 1 to 2**63 - 1.
            PermissionDeniedError: The role of the caller does not allow it.
            NotFoundError: The account has no such token.
            IAMError: Any other failure; see `gcore_iam.errors`.

        Source: operation iamGetApiTokenV2.
        """
        from gcore_iam_client.api.api_tokens import iam_get_api_token_v2

        return self._unwrap(
            iam_get_api_token_v2.sync_detailed(
                check_id("client_id", client_id), check_id("token_id", token_id), client=self._client
            )
        )

    def create(
        self,
        client_id: int,
        name: str,
        role: models.Group | int | str,
        *,
        exp_date: datetime | Unset | None = None,
        description: str | Unset | None = UNSET,
    ) -> models.CreateTokenResponseV2:
        """Issue an API token. Only this response contains its secret.

        Args:
            client_id: The account's id, 1 or more.
            name: A name to recognize the token by.
            role: The token's role, no higher than the caller's: its id, its name, or a `models.Group`.
            exp_date: When the token expires, with a time zone; None for never.
            description: Free text about the token; None is the same as leaving it out.

        Returns:
            The token; `token` is the key.

        Raises:
            ConfigurationError: An argument is not valid.
            BadRequestError: The role is unknown or too high, or the API refuses another value.
            AmbiguousOutcomeError: It is unclear whether the token was issued; `reconcile()` finds out.
            IAMError: Any other failure; see `gcore_iam.errors`.

        Source: operation iamCreateApiTokenV2.
        """
        from gcore_iam_client.api.api_tokens import iam_create_api_token_v2

        number = check_id("client_id", client_id)
        body = build_token(name, role, exp_date, description)
        start = datetime.now(UTC)
        with attach_reconciler(ADVICE, lambda: find_token(self._client, number, name, start)):
            return self._unwrap(iam_create_api_token_v2.sync_detailed(client_id=number, body=body, client=self._client))

    def delete(self, client_id: int, token_id: int) -> None:
        """Delete an API token for good.

        Args:
            client_id: The account's id, 1 or more.
            token_id: The token's id, 1 or more.

        Raises:
            ConfigurationError: An id is not a whole number from 1 to 2**63 - 1.
            PermissionDeniedError: The role of the caller does not allow it.
            NotFoundError: The account has no such token.
            IAMError: Any other failure; see `gcore_iam.errors`.

        Source: operation iamDeleteApiTokenV2.
        """
        from gcore_iam_client.api.api_tokens import iam_delete_api_token_v2

        return self._unwrap(
            iam_delete_api_token_v2.sync_detailed(
                check_id("client_id", client_id), check_id("token_id", token_id), client=self._client
            )
        )

    def rotate(
        self,
        client_id: int,
        token_id: int,
        hand_over: Callable[[models.CreateTokenResponseV2], object],
        *,
        name: str | Unset | None = UNSET,
        role: models.Group | int | str | Unset | None = UNSET,
        exp_date: datetime | Unset | None = UNSET,
        description: str | Unset | None = UNSET,
    ) -> models.CreateTokenResponseV2:
        """Replace an API token: create a new one, use it once, hand it over, and then delete the old one.

        If a stage fails, at least one token still works. The new token belongs to the caller, even if another user
        issued the old one. A client that uses the old token itself needs `APIKey(function)`, or its later calls fail.

        Args:
            client_id: The account's id, 1 or more.
            token_id: The id of the token to replace, 1 or more.
            hand_over: A function that stores the key of the new token (`.token`) where it is needed, before it returns.
                The old token works until then. In async code it may be a coroutine function.
            name: The new token's name; left out or None for the name of the old one.
            role: The new token's role; left out or None for the role of the old one.
            exp_date: When the new token expires, with a time zone; None for never. When left out, the lifetime is that
                of the old token.
            description: Free text about the new token; left out or None for the text of the old one.

        Returns:
            The new token; `token` is the key.

        Raises:
            ConfigurationError: An argument is not valid.
            NotFoundError: The account has no such token.
            TokenRotationError: A stage failed; the error says which one, and which tokens exist now.
            IAMError: The old token could not be read; nothing has changed.

        Source: operations iamGetApiTokenV2, iamCreateApiTokenV2, iamDeleteApiTokenV2.
        """
        from .rotation import TokenRotation

        check_callback("hand_over", hand_over)
        old = self.get(client_id, token_id)
        rotation = TokenRotation(self._client, self, client_id, old, name, role, exp_date, description)
        return rotation.run(hand_over)


class RawTokens(RawResource):
    """`iam.tokens`, with status and headers; without `rotate`."""

    def __init__(self, client: BoundClient) -> None:
        self._client = client
        tokens = Tokens(client, keep_response)
        self.list: Final = raw(tokens.list)
        self.get: Final = raw(tokens.get)
        self.create: Final = raw(tokens.create)
        self.delete: Final = raw(tokens.delete)

    @property
    @deprecated("deprecated; announced for removal on 2026-07-17; use iam.with_raw_response.tokens")
    def legacy(self) -> resources.RawLegacyTokens:
        """`iam.tokens.legacy`, with status and headers."""
        return resources.RawLegacyTokens(self._client)
