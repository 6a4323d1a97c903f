# Derived from aio/resources/users.py by `make generate`. Do not edit: change that file.

"""`iam.users`: the users of the account, their roles, and invitations."""

from __future__ import annotations

from collections.abc import Iterable
from operator import attrgetter
from typing import Final

from gcore_iam_client.types import UNSET, Response, Unset

import gcore_iam

from ... import models
from ..._reconcile import attach_reconciler
from ..._request_values import build_role
from ..._resource import Resource
from ..._secret_text import hide_text
from ..._validation import check_id, check_text
from ..._validation.models import check_auth_types, check_language, check_nullable_text, check_optional_text
from ...errors import ConfigurationError
from ...raw_response import RawResource, Unwrap, get_model, keep_response, raw
from ..driver import BoundClient


class Users(Resource):
    """The users of the account, their roles, and invitations."""

    def __init__(self, client: BoundClient, unwrap: Unwrap = get_model) -> None:
        self._client = client
        self._unwrap = unwrap

    def list(
        self,
        *,
        page_size: int = 100,
        start: int = 0,
        max_items: int | None = None,
        prefetch: int = 4,
        consistency: gcore_iam.Consistency = "strict",
        resume: gcore_iam.Checkpoint | None = None,
    ) -> gcore_iam.Pager[models.User]:
        """Iterate over all users, on however many pages.

        The pager sends nothing before it is iterated. It returns every user who exists from the start to the end of an
        iteration exactly once, even if others add and delete users meanwhile.

        Args:
            page_size: Users per request, 1 to 1000.
            start: Users to skip, 0 or more.
            max_items: Users to stop after, 0 or more; None for all.
            prefetch: Pages to request ahead of the caller, 1 to 64; 1 requests a page only when it is needed.
            consistency: "strict" keeps the promise above, and requests one more user per page; "fast" does neither.
            resume: Where to continue: a `checkpoint()` of such a pager, instead of `start`.

        Returns:
            The users, in the server's order.

        Raises:
            ConfigurationError: An argument is out of its range, or `resume` is not a checkpoint of the list of users.
            PaginationError: While iterating: the server's pages contradict each other.
            IAMError: While iterating: any other failure; see `gcore_iam.errors`.

        Source: operation iamGetUsers.
        """
        from gcore_iam_client.api.users import iam_get_users

        from ..._paginate import paginate

        return paginate(
            iam_get_users.sync_detailed,
            client=self._client,
            key=attrgetter("id"),
            page_size=page_size,
            start=start,
            max_items=max_items,
            prefetch=prefetch,
            consistency=consistency,
            resume=resume,
        )

    def get(self, user_id: int) -> models.UserPublic:
        """Get one user.

        Args:
            user_id: The user's id, 1 or more.

        Returns:
            The user.

        Raises:
            ConfigurationError: The id is not a whole number from 1 to 2**63 - 1.
            NotFoundError: There is no such user in the account.
            AuthenticationError: The credentials are wrong.
            IAMError: Any other failure; see `gcore_iam.errors`.

        Source: operation iamGetUser.
        """
        from gcore_iam_client.api.users import iam_get_user

        return self._unwrap(iam_get_user.sync_detailed(check_id("user_id", user_id), client=self._client))

    def update(
        self,
        user_id: int,
        *,
        name: str | Unset | None = UNSET,
        phone: str | Unset | None = UNSET,
        lang: models.Language | str | Unset | None = UNSET,
        email: str | Unset | None = UNSET,
        auth_types: Iterable[models.AuthType | str] | Unset | None = UNSET,
    ) -> models.User:
        """Change details of a user; arguments that are left out change nothing.

        `name=None` and `phone=None` remove the value: the API has null for it. For all other arguments, None is the
        same as leaving them out.

        Args:
            user_id: The user's id, 1 or more.
            name: The user's name; None for none.
            phone: The user's phone number; None for none.
            lang: The language of the control panel and of emails, such as "en".
            email: The email address.
            auth_types: The ways of signing in, such as `["password"]`.

        Returns:
            The user after the change.

        Raises:
            ConfigurationError: No change is given, or an argument is not valid.
            BadRequestError: The API refuses a value.
            PermissionDeniedError: The role does not allow it.
            NotFoundError: There is no such user in the account.
            IAMError: Any other failure; see `gcore_iam.errors`.

        Source: operation iamUpdateUser.
        """
        from gcore_iam_client.api.users import iam_update_user
        from gcore_iam_client.models import PutUser

        body = PutUser(
            email=check_optional_text("email", email),
            name=check_nullable_text("name", name),
            lang=check_language(lang),
            phone=check_nullable_text("phone", phone),
            auth_types=check_auth_types(auth_types),
        )
        if not body.to_dict():
            raise ConfigurationError("nothing to change: give name, phone, lang, email or auth_types")
        return self._unwrap(iam_update_user.sync_detailed(check_id("user_id", user_id), client=self._client, body=body))

    def update_email(self, user_id: int, new_email: str, password: str) -> models.UpdateUserEmailResponse:
        """Change one's own email address.

        A client with a `Session` logs in with the new address from then on.

        Args:
            user_id: The id of the user that the credentials belong to, 1 or more.
            new_email: The new address.
            password: The user's password.

        Returns:
            The address after the change.

        Raises:
            ConfigurationError: An argument is not valid.
            BadRequestError: The password is wrong, or the API refuses the address.
            AmbiguousOutcomeError: It is unclear whether the address was changed; `reconcile()` finds out.
            IAMError: Any other failure; see `gcore_iam.errors`.

        Source: operation iamUpdateUserEmail.
        """
        from gcore_iam_client.api.users import iam_update_user_email
        from gcore_iam_client.models import UpdateUserEmailRequest

        password = hide_text(password)
        number = check_id("user_id", user_id)
        body = UpdateUserEmailRequest(
            new_email=check_text("new_email", new_email), password=check_text("password", password)
        )

        def find_outcome() -> models.UserPublic | None:
            user = Users(self._client).get(number)
            if not _is_same(user.email, new_email):
                return None
            self._client.credentials.change_username(new_email)
            return user

        with attach_reconciler("reconcile() reads which address the user has", find_outcome):
            response = iam_update_user_email.sync_detailed(user_id=number, body=body, client=self._client)
        self._client.credentials.change_username(new_email)
        return self._unwrap(response)

    def change_password(self, user_id: int, old: str, new: str) -> models.Token:
        """Change one's own password, which ends all sessions of the user.

        A client with a `Session` uses the new tokens and the new password from then on.

        Args:
            user_id: The id of the user that the credentials belong to, 1 or more.
            old: The current password.
            new: The new password.

        Returns:
            The access and refresh token of a new session.

        Raises:
            ConfigurationError: An argument is not valid.
            BadRequestError: The current password is wrong, or the API refuses the new one.
            PermissionDeniedError: The id belongs to another user.
            AmbiguousOutcomeError: It is unclear whether the password was changed.
            IAMError: Any other failure; see `gcore_iam.errors`.

        Source: operation iamChangePassword.
        """
        from gcore_iam_client.api.account import iam_change_password
        from gcore_iam_client.models import ChangePasswordRequest

        old, new = hide_text(old), hide_text(new)
        number = check_id("user_id", user_id)
        body = ChangePasswordRequest(old=check_text("old", old), new=check_text("new", new), double=new)

        responses: list[Response[models.Token]] = []

        def change(client: BoundClient) -> models.Token:
            responses.append(iam_change_password.sync_detailed(user_id=number, body=body, client=client))
            return get_model(responses[0])

        with attach_reconciler("log in with the new password: if that works, the password was changed", None):
            self._client.credentials.change_password(new, change)
        return self._unwrap(responses[0])

    def invite(
        self,
        client_id: int,
        email: str,
        user_role: models.Group | int | str,
        *,
        name: str | Unset | None = UNSET,
        lang: models.Language | str | Unset | None = UNSET,
    ) -> models.InviteUserResponseSchema:
        """Invite a person to an account.

        Args:
            client_id: The account's id, 1 or more.
            email: The address that the invitation goes to.
            user_role: The role in the account: its id, its name, or a `models.Group`.
            name: The person's name; None is the same as leaving it out.
            lang: The language of the invitation, such as "en"; None is the same as leaving it out.

        Returns:
            The result of the invitation, and the user's id.

        Raises:
            ConfigurationError: An argument is not valid.
            BadRequestError: The person is invited already, or the API refuses a value.
            PermissionDeniedError: The role does not allow it.
            AmbiguousOutcomeError: It is unclear whether the invitation was sent; `reconcile()` finds out.
            IAMError: Any other failure; see `gcore_iam.errors`.

        Source: operation iamInviteUser.
        """
        from gcore_iam_client.api.users import iam_invite_user
        from gcore_iam_client.models import InviteUserRequest

        body = InviteUserRequest(
            email=check_text("email", email),
            user_role=build_role("user_role", user_role),
            client_id=check_id("client_id", client_id),
            lang=check_language(lang),
            name=check_optional_text("name", name),
        )
        advice = "reconcile() looks for the address among the users"
        with attach_reconciler(advice, lambda: _find_user(self._client, client_id, email)):
            return self._unwrap(iam_invite_user.sync_detailed(body=body, client=self._client))

    def get_role(self, client_id: int, user_id: int) -> models.Group:
        """Get the role of a user in an account.

        Args:
            client_id: The account's id, 1 or more.
            user_id: The user's id, 1 or more.

        Returns:
            The role.

        Raises:
            ConfigurationError: An id is not a whole number from 1 to 2**63 - 1.
            PermissionDeniedError: The role of the caller does not allow it.
            NotFoundError: The account has no such user.
            DecodeError: The response has no role.
            IAMError: Any other failure; see `gcore_iam.errors`.

        Source: operation iamGetClientUserRole.
        """
        from gcore_iam_client.api.users import iam_get_client_user_role
        from gcore_iam_client.models import Group

        response = iam_get_client_user_role.sync_detailed(
            check_id("client_id", client_id), check_id("user_id", user_id), client=self._client
        )
        role = get_model(response).user_role
        if not isinstance(role, Group):
            operation, path = iam_get_client_user_role.OPERATION, f"/iam/clients/{client_id}/client-users/{user_id}"
            problem = "the response names no role"
            raise self._client.build_decode_error(problem, operation, path, response, model="UserRole", key="user_role")
        return self._unwrap(Response(response.status_code, response.content, response.headers, role))

    def set_role(self, client_id: int, user_id: int, role: models.Group | int | str) -> None:
        """Set the role of a user in an account.

        Args:
            client_id: The account's id, 1 or more.
            user_id: The user's id, 1 or more.
            role: The role: its id, its name, or a `models.Group`.

        Raises:
            ConfigurationError: An argument is not valid.
            BadRequestError: There is no such role.
            PermissionDeniedError: The role of the caller does not allow it.
            NotFoundError: The account has no such user.
            IAMError: Any other failure; see `gcore_iam.errors`.

        Source: operation iamUpdateClientUserRole.
        """
        from gcore_iam_client.api.users import iam_update_client_user_role
        from gcore_iam_client.models import UserRole

        body = UserRole(user_role=build_role("role", role))
        return self._unwrap(
            iam_update_client_user_role.sync_detailed(
                check_id("client_id", client_id), check_id("user_id", user_id), client=self._client, body=body
            )
        )

    def revoke(self, client_id: int, user_id: int) -> None:
        """Remove a user from an account. A user without any other account is deleted.

        Args:
            client_id: The account's id, 1 or more.
            user_id: The user's id, 1 or more.

        Raises:
            ConfigurationError: An id is not a whole number from 1 to 2**63 - 1.
            PermissionDeniedError: The role does not allow it, or the user still has API tokens; delete those first.
            NotFoundError: The account has no such user.
            IAMError: Any other failure; see `gcore_iam.errors`.

        Source: operation iamRevokeClientUserAccess.
        """
        from gcore_iam_client.api.users import iam_revoke_client_user_access

        return self._unwrap(
            iam_revoke_client_user_access.sync_detailed(
                check_id("client_id", client_id), check_id("user_id", user_id), client=self._client
            )
        )


class RawUsers(RawResource):
    """`iam.users`, with status and headers; without `list`."""

    def __init__(self, client: BoundClient) -> None:
        self._client = client
        users = Users(client, keep_response)
        self.get: Final = raw(users.get)
        self.update: Final = raw(users.update)
        self.update_email: Final = raw(users.update_email)
        self.change_password: Final = raw(users.change_password)
        self.invite: Final = raw(users.invite)
        self.get_role: Final = raw(users.get_role)
        self.set_role: Final = raw(users.set_role)
        self.revoke: Final = raw(users.revoke)


def _find_user(client: BoundClient, client_id: int, email: str) -> models.User | None:
    from gcore_iam_client.api.account import iam_get_account_details

    own = get_model(iam_get_account_details.sync_detailed(client=client)).id
    if own != client_id:
        raise ConfigurationError(
            f"reconcile() sees only the users of account {own}, which the credentials belong to; look "
            f"for the address in account {client_id} yourself"
        )
    found = [user for user in Users(client).list(page_size=1000) if _is_same(user.email, email)]
    return found[0] if found else None


def _is_same(one: object, other: str) -> bool:
    return isinstance(one, str) and one.casefold() == other.strip().casefold()
