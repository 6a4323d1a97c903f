# Derived from aio/resources/tokens.py by `make generate`. Do not edit: change that file.

"""`iam.tokens`: permanent API tokens."""

from __future__ import annotations

import contextlib
import inspect
import os
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from gcore_iam_client.types import UNSET, Unset

from ...arguments import flag, identifier, moment, optional_identifier, optional_text, role_filter, text
from ...arguments import role as checked_role
from ...auth.api_key import APIKey
from ...auth.waiting import check_taker, invoke_callback
from ...errors import (
    AmbiguousOutcomeError,
    APIConnectionError,
    APIStatusError,
    AuthenticationError,
    ConfigurationError,
    DecodeError,
    NotFoundError,
    TokenRotationError,
)
from ...http import reconciled, unwrap
from ...raw import raw

if TYPE_CHECKING:
    import builtins

    from gcore_iam_client.models import CreateTokenResponse, CreateTokenResponseV2, Group, Token2, TokenResponse

    from ..http import HTTPClient

_PACKAGE = f"{Path(__file__).parents[2]}{os.sep}"

REMOVAL = "2026-07-17"
"""When Gcore removes version 1 of these operations, as the API's description announces."""


class Tokens:
    """Permanent API tokens."""

    def __init__(self, http: HTTPClient) -> None:
        self._http = http
        self._api = http.api

    @cached_property
    def legacy(self) -> LegacyTokens:
        """The same by the operations of version 1, which Gcore removes on 2026-07-17."""
        return LegacyTokens(self._http)

    def list(
        self,
        client_id: int,
        *,
        role: Group | int | str | Unset = UNSET,
        issued_by: int | Unset = UNSET,
        not_issued_by: int | Unset = UNSET,
        deleted: bool | Unset = UNSET,
    ) -> builtins.list[TokenResponse]:
        """List the API tokens of an account: those of everybody for administrators, for others their own.

        Args:
            client_id: The account's id, 1 or more.
            role: Only tokens with this role: its id, its name, or a `models.Group`.
            issued_by: Only tokens of the user with this id.
            not_issued_by: No tokens of the user with this id.
            deleted: True for deleted tokens, False for the others.

        Returns:
            The tokens, without their secrets.

        Raises:
            ConfigurationError: An argument is not what it should be.
            PermissionDeniedError: The role of the caller does not allow it.
            NotFoundError: There is no such account.
            IAMError: Any other failure; see `gcore_iam.errors`.

        Source: operation iamGetApiTokensV2.
        """
        from gcore_iam_client.api.api_tokens import iam_get_api_tokens_v2

        return unwrap(
            iam_get_api_tokens_v2.sync_detailed(
                client_id=identifier("client_id", client_id),
                role=role_filter(role),
                issued_by=optional_identifier("issued_by", issued_by),
                not_issued_by=optional_identifier("not_issued_by", not_issued_by),
                deleted=flag("deleted", deleted),
                client=self._api,
            )
        )

    def get(self, client_id: int, token_id: int) -> TokenResponse:
        """Get one API token, without its secret.

        Args:
            client_id: The account's id, 1 or more.
            token_id: The token's id, 1 or more.

        Returns:
            The token.

        Raises:
            ConfigurationError: An id cannot be one.
            PermissionDeniedError: The role of the caller does not allow it.
            NotFoundError: The account has no such token.
            IAMError: Any other failure; see `gcore_iam.errors`.

        Source: operation iamGetApiTokenV2.
        """
        from gcore_iam_client.api.api_tokens import iam_get_api_token_v2

        return unwrap(
            iam_get_api_token_v2.sync_detailed(
                client_id=identifier("client_id", client_id),
                token_id=identifier("token_id", token_id),
                client=self._api,
            )
        )

    def create(
        self,
        client_id: int,
        name: str,
        role: Group | int | str,
        *,
        exp_date: datetime | None = None,
        description: str | Unset = UNSET,
    ) -> CreateTokenResponseV2:
        """Issue an API token. Its secret is in the answer, and nowhere else ever again.

        Args:
            client_id: The account's id, 1 or more.
            name: A name that tells the token from others.
            role: The token's role, no higher than the caller's: its id, its name, or a `models.Group`.
            exp_date: When the token ends, with a time zone; None for never.
            description: Free text about the token.

        Returns:
            The token; `token` is the key.

        Raises:
            ConfigurationError: An argument is not what it should be.
            BadRequestError: The role is unknown or too high, or the API refuses another value.
            AmbiguousOutcomeError: It is unclear whether the token was issued; `reconcile()` looks.
            IAMError: Any other failure; see `gcore_iam.errors`.

        Source: operation iamCreateApiTokenV2.
        """
        from gcore_iam_client.api.api_tokens import iam_create_api_token_v2

        number = identifier("client_id", client_id)
        body = _new(name, role, exp_date, description)
        began = datetime.now(UTC)
        with reconciled(_ADVICE, lambda: self._find(number, name, began)):
            return unwrap(iam_create_api_token_v2.sync_detailed(client_id=number, body=body, client=self._api))

    def _find(self, client_id: int, name: str, began: datetime) -> TokenResponse | None:
        """The token of that name which the caller has issued since a moment of this machine's clock."""
        from gcore_iam_client.api.account import iam_get_account_details

        answer = iam_get_account_details.sync_detailed(client=self._api)
        since = _of_server(began, answer.headers.get("date"))
        tokens = self.list(client_id, issued_by=unwrap(answer).current_user)
        return _newest(tokens, name, since)

    def delete(self, client_id: int, token_id: int) -> None:
        """Delete an API token for good.

        Args:
            client_id: The account's id, 1 or more.
            token_id: The token's id, 1 or more.

        Raises:
            ConfigurationError: An id cannot be one.
            PermissionDeniedError: The role of the caller does not allow it.
            NotFoundError: The account has no such token.
            IAMError: Any other failure; see `gcore_iam.errors`.

        Source: operation iamDeleteApiTokenV2.
        """
        from gcore_iam_client.api.api_tokens import iam_delete_api_token_v2

        unwrap(
            iam_delete_api_token_v2.sync_detailed(
                client_id=identifier("client_id", client_id),
                token_id=identifier("token_id", token_id),
                client=self._api,
            )
        )

    def rotate(
        self,
        client_id: int,
        token_id: int,
        hand_over: Callable[[CreateTokenResponseV2], object],
        *,
        name: str | Unset = UNSET,
        role: Group | int | str | Unset = UNSET,
        exp_date: datetime | Unset | None = UNSET,
        description: str | Unset = UNSET,
    ) -> CreateTokenResponseV2:
        """Replace an API token: create another one, use it once, hand it over, and only then delete the old one.

        Whatever fails on the way, a token that works is left. The new token belongs to the caller, whoever issued the
        old one.

        Args:
            client_id: The account's id, 1 or more.
            token_id: The id of the token to replace, 1 or more.
            hand_over: Gets the new token and must put its key (`.token`) where it is needed before it returns; the old
                token works until then. In async code it may be a coroutine function.
            name: The new token's name; that of the old one when left out.
            role: The new token's role; that of the old one when left out.
            exp_date: When the new token ends, with a time zone, or None for never; when left out it lives as long as
                the old one was meant to.
            description: Free text about the new token; that of the old one when left out.

        Returns:
            The new token; `token` is the key.

        Raises:
            ConfigurationError: An argument is not what it should be.
            NotFoundError: The account has no such token.
            TokenRotationError: It stopped halfway; it says where, and which tokens exist now.
            IAMError: The old token could not be read; nothing has changed.

        Source: operations iamGetApiTokenV2, iamCreateApiTokenV2, iamDeleteApiTokenV2.
        """
        from gcore_iam_client.models import ClientUser

        check_taker("hand_over", hand_over)
        old = self.get(client_id, token_id)
        if not isinstance(old.client_user, ClientUser):
            problem = "the answer does not say which role the token has"
            raise DecodeError(problem, operation="iamGetApiTokenV2", model="TokenResponse", key="client_user")
        new_name = old.name if isinstance(name, Unset) else name
        new_role = old.client_user.role if isinstance(role, Unset) else role
        end = _renewed(old) if isinstance(exp_date, Unset) else exp_date
        words = (old.description or UNSET) if isinstance(description, Unset) else description
        _new(new_name, new_role, end, words)  # checked before anything is said to have failed halfway

        def stopped(stage: str, told: str, new_id: int | None = None, *existing: int) -> TokenRotationError:
            return TokenRotationError(told, stage=stage, old_id=token_id, new_id=new_id, existing=existing)

        told = f"token {token_id} goes on working; whether there is a new one called {new_name!r} is not known"
        with _noted(told):
            try:
                new = self.create(client_id, new_name, new_role, exp_date=end, description=words)
                identifier("the new token's id", new.id)
            except (APIConnectionError, APIStatusError) as error:  # unclear ones are neither
                told = f"no new token was created ({error}); token {token_id} goes on working"
                raise stopped("create", told, None, token_id) from error
            except Exception as error:
                more = ": call reconcile() of this error's cause" if isinstance(error, AmbiguousOutcomeError) else ""
                raise stopped("create", f"{error}; {told}{more}", None, token_id) from error
        both = f"tokens {token_id} and {new.id} exist"
        with _noted(f"{both}; the new one was not handed over, so delete it"):
            try:
                self._verify(client_id, new)
            except Exception as error:
                existing, done = self._taken_back(client_id, token_id, new.id)
                told = f"the new token {new.id} did not work ({error}) and {done}; token {token_id} goes on working"
                raise stopped("verify", told, new.id, *existing) from error
        # The function may hand the new token over before it fails, so both are left alone.
        told = f"{both} and work: delete {new.id} unless its key has arrived somewhere"
        with _noted(told):
            try:
                invoke_callback(hand_over, new)
            except Exception as error:
                told = f"handing the new token over failed ({type(error).__name__}); {told}"
                raise stopped("hand over", told, new.id, token_id, new.id) from error
        told = f"token {new.id} has taken over, but token {token_id} was not deleted, as far as is known"
        with _noted(told), contextlib.suppress(NotFoundError):  # then somebody else has deleted it
            try:
                self._delete_old(client_id, token_id, new)
            except NotFoundError:
                raise
            except Exception as error:
                raise stopped("delete", f"{told} ({error}): delete it", new.id, token_id, new.id) from error
        return new

    def _verify(self, client_id: int, new: CreateTokenResponseV2) -> None:
        """Use a new token once."""
        found = self._as(new).get(client_id, new.id)
        if found.id != new.id:
            raise DecodeError("another token was found", operation="iamGetApiTokenV2", model="TokenResponse", key="id")

    def _as(self, new: CreateTokenResponseV2) -> Tokens:
        return Tokens(self._http.view(auth=APIKey(new.token)))

    def _taken_back(self, client_id: int, old_id: int, new_id: int) -> tuple[tuple[int, ...], str]:
        """Delete a new token that does not work; which of the two exist then, and what was done."""
        try:
            self.delete(client_id, new_id)
        except NotFoundError:
            return (old_id,), "does not exist"
        except Exception as error:  # noqa: BLE001 - told; what failed before is what matters
            return (old_id, new_id), f"could not be deleted again ({type(error).__name__}): delete it"
        return (old_id,), "was deleted again"

    def _delete_old(self, client_id: int, token_id: int, new: CreateTokenResponseV2) -> None:
        try:
            self.delete(client_id, token_id)
        except AuthenticationError:
            # The client may have been using the old token, or have been told about the new one too late.
            self._as(new).delete(client_id, token_id)


class LegacyTokens:
    """API tokens by the operations of version 1. Each method warns: Gcore removes them on 2026-07-17."""

    def __init__(self, http: HTTPClient) -> None:
        self._http = http
        self._api = http.api

    def list(
        self,
        client_id: int,
        *,
        role: Group | int | str | Unset = UNSET,
        issued_by: int | Unset = UNSET,
        not_issued_by: int | Unset = UNSET,
        deleted: bool | Unset = UNSET,
    ) -> builtins.list[TokenResponse]:
        """List the API tokens of an account; see `iam.tokens.list`, which is to be used instead.

        Args:
            client_id: The account's id, 1 or more.
            role: Only tokens with this role: its id, its name, or a `models.Group`.
            issued_by: Only tokens of the user with this id.
            not_issued_by: No tokens of the user with this id.
            deleted: True for deleted tokens, False for the others.

        Returns:
            The tokens, without their secrets.

        Raises:
            ConfigurationError: An argument is not what it should be.
            IAMError: Any other failure; see `gcore_iam.errors`.

        Source: operation iamGetApiTokens.
        """
        from gcore_iam_client.api.api_tokens import iam_get_api_tokens

        _warn("list")
        return unwrap(
            iam_get_api_tokens.sync_detailed(
                client_id=identifier("client_id", client_id),
                role=role_filter(role),
                issued_by=optional_identifier("issued_by", issued_by),
                not_issued_by=optional_identifier("not_issued_by", not_issued_by),
                deleted=flag("deleted", deleted),
                client=self._api,
            )
        )

    def get(self, client_id: int, token_id: int) -> TokenResponse:
        """Get one API token; see `iam.tokens.get`, which is to be used instead.

        Args:
            client_id: The account's id, 1 or more.
            token_id: The token's id, 1 or more.

        Returns:
            The token, without its secret.

        Raises:
            ConfigurationError: An id cannot be one.
            NotFoundError: The account has no such token.
            IAMError: Any other failure; see `gcore_iam.errors`.

        Source: operation iamGetApiToken.
        """
        from gcore_iam_client.api.api_tokens import iam_get_api_token

        _warn("get")
        return unwrap(
            iam_get_api_token.sync_detailed(
                client_id=identifier("client_id", client_id),
                token_id=identifier("token_id", token_id),
                client=self._api,
            )
        )

    def create(
        self,
        client_id: int,
        name: str,
        role: Group | int | str,
        *,
        exp_date: datetime | None = None,
        description: str | Unset = UNSET,
    ) -> CreateTokenResponse:
        """Issue an API token spelled like `1234$abcdef`; see `iam.tokens.create`, which is to be used instead.

        Args:
            client_id: The account's id, 1 or more.
            name: A name that tells the token from others.
            role: The token's role, no higher than the caller's: its id, its name, or a `models.Group`.
            exp_date: When the token ends, with a time zone; None for never.
            description: Free text about the token.

        Returns:
            The token; `token` is the key.

        Raises:
            ConfigurationError: An argument is not what it should be.
            BadRequestError: The role is unknown or too high, or the API refuses another value.
            AmbiguousOutcomeError: It is unclear whether the token was issued; `reconcile()` looks.
            IAMError: Any other failure; see `gcore_iam.errors`.

        Source: operation iamCreateApiToken.
        """
        from gcore_iam_client.api.api_tokens import iam_create_api_token

        _warn("create")
        number = identifier("client_id", client_id)
        body = _new(name, role, exp_date, description)
        began = datetime.now(UTC)
        with reconciled(_ADVICE, lambda: Tokens(self._http)._find(number, name, began)):
            return unwrap(iam_create_api_token.sync_detailed(client_id=number, body=body, client=self._api))

    def delete(self, client_id: int, token_id: int) -> None:
        """Delete an API token for good; see `iam.tokens.delete`, which is to be used instead.

        Args:
            client_id: The account's id, 1 or more.
            token_id: The token's id, 1 or more.

        Raises:
            ConfigurationError: An id cannot be one.
            NotFoundError: The account has no such token.
            IAMError: Any other failure; see `gcore_iam.errors`.

        Source: operation iamDeleteApiToken.
        """
        from gcore_iam_client.api.api_tokens import iam_delete_api_token

        _warn("delete")
        unwrap(
            iam_delete_api_token.sync_detailed(
                client_id=identifier("client_id", client_id),
                token_id=identifier("token_id", token_id),
                client=self._api,
            )
        )


class RawTokens:
    """`iam.tokens`, with status and headers; without `rotate`, which asks more than once."""

    def __init__(self, tokens: Tokens) -> None:
        self.list = raw(tokens.list)
        self.get = raw(tokens.get)
        self.create = raw(tokens.create)
        self.delete = raw(tokens.delete)
        self.legacy = RawLegacyTokens(tokens.legacy)


class RawLegacyTokens:
    """`iam.tokens.legacy`, with status and headers."""

    def __init__(self, tokens: LegacyTokens) -> None:
        self.list = raw(tokens.list)
        self.get = raw(tokens.get)
        self.create = raw(tokens.create)
        self.delete = raw(tokens.delete)


_ADVICE = (
    "do not create another one before you have looked: reconcile() looks for a token of this name that you have issued "
    "meanwhile. Its key is lost, so delete it then"
)


def _warn(method: str) -> None:
    frame = inspect.currentframe()
    level = 0
    while frame is not None and frame.f_code.co_filename.startswith(_PACKAGE):
        frame, level = frame.f_back, level + 1
    warnings.warn(
        f"Gcore removes version 1 of the token operations on {REMOVAL}; use iam.tokens.{method}",
        DeprecationWarning,
        stacklevel=level + 1,
    )


@contextmanager
def _noted(told: str) -> Iterator[None]:
    """Say which tokens exist when something ends a rotation that is no failure of it: Ctrl-C, a cancelled task."""
    try:
        yield
    except Exception:
        raise
    except BaseException as error:
        error.add_note(f"A rotation of API tokens was interrupted: {told}.")
        raise


def _new(name: str, role: Group | int | str, exp_date: datetime | None, description: str | Unset) -> Token2:
    from gcore_iam_client.models import Token2, Token2ClientUser

    if description != "":
        optional_text("description", description)
    return Token2(
        name=text("name", name),
        exp_date=moment("exp_date", exp_date),
        client_user=Token2ClientUser(role=checked_role("role", role)),
        description=description,
    )


def _renewed(old: TokenResponse) -> datetime | None:
    """When a token ends that lives as long from now on as another one was meant to."""
    if old.exp_date is None:
        return None
    if not isinstance(old.exp_date, datetime) or not isinstance(old.created, datetime):
        raise ConfigurationError("the old token's dates cannot be read; say when the new one ends: exp_date=")
    try:
        return datetime.now(UTC) + max(old.exp_date - old.created, timedelta(days=1))
    except OverflowError:  # as good as for ever
        return old.exp_date


def _of_server(moment: datetime, date: str | None) -> datetime:
    """A moment of this machine's clock by the server's clock, which shows `date` (RFC 9110, section 6.6.1) now."""
    from email.utils import parsedate_to_datetime

    try:
        shown = parsedate_to_datetime(date) if date is not None else None
    except (ValueError, TypeError, OverflowError):
        shown = None
    try:
        return moment if shown is None else moment + (shown.astimezone(UTC) - datetime.now(UTC))
    except OverflowError:
        return moment


def _newest(tokens: builtins.list[TokenResponse], name: str, since: datetime) -> TokenResponse | None:
    """The newest token of a name; 5 s are for a `Date` in whole seconds and for answers that are a little old."""
    found: TokenResponse | None = None
    for token in tokens:
        is_new = not isinstance(token.created, datetime) or token.created >= since - timedelta(seconds=5)
        if token.name == name and is_new and isinstance(token.id, int) and (found is None or token.id > found.id):
            found = token
    return found
