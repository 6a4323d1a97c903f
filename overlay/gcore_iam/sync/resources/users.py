# Derived from aio/resources/users.py by `make generate`. Do not edit: change that file.

"""`iam.users`: the users of the account, their roles, and invitations."""

from __future__ import annotations

from collections.abc import Iterable
from operator import attrgetter
from typing import TYPE_CHECKING

from gcore_iam_client.types import UNSET, Unset

from ...arguments import auth_types as checked_auth_types
from ...arguments import identifier, language, nullable_text, optional_text, role, text
from ...errors import ConfigurationError, DecodeError
from ...http import reconciled, unwrap
from ...raw import raw

if TYPE_CHECKING:
    from gcore_iam_client.models import (
        AuthType,
        Group,
        InviteUserResponseSchema,
        Language,
        Token,
        UpdateUserEmailResponse,
        User,
        UserPublic,
    )

    from ...pagination.checkpoint import Checkpoint
    from ...pagination.pages import Consistency
    from ..http import HTTPClient
    from ..pager import Pager


class Users:
    """The users of the account, their roles, and invitations."""

    def __init__(self, http: HTTPClient) -> None:
        self._http = http
        self._api = http.api

    def list(
        self,
        *,
        page_size: int = 100,
        start: int = 0,
        max_items: int | None = None,
        prefetch: int = 4,
        consistency: Consistency = "strict",
        resume: Checkpoint | None = None,
    ) -> Pager[User]:
        """Iterate over every user, whatever the number of pages.

        Nothing is sent before the pager is iterated. Every user who exists from the start to the end of an iteration is
        handed out exactly once, also when others add and delete users meanwhile.

        Args:
            page_size: Users to ask for at once, 1 to 1000.
            start: Users to skip, 0 or more.
            max_items: Users to stop after, 0 or more; None for all.
            prefetch: Pages to ask for ahead of the reader, 1 to 64; 1 asks for each when it is needed, and not before.
            consistency: "strict" keeps the promise above, for one user more per page; "fast" takes pages as they come.
            resume: Where to go on: what `checkpoint()` of such a pager has given, in place of `start`.

        Returns:
            The users, in the server's order.

        Raises:
            ConfigurationError: An argument is out of its range, or `resume` is no checkpoint of a list of users.
            PaginationError: While iterating: the server's pages contradict each other.
            IAMError: While iterating: any other failure; see `gcore_iam.errors`.

        Source: operation iamGetUsers.
        """
        from gcore_iam_client.api.users import iam_get_users

        from ...listing import paginate

        return paginate(
            iam_get_users.sync_detailed,
            client=self._api,
            key=attrgetter("id"),
            page_size=page_size,
            start=start,
            max_items=max_items,
            prefetch=prefetch,
            consistency=consistency,
            resume=resume,
        )

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

        return unwrap(iam_get_user.sync_detailed(user_id=identifier("user_id", user_id), client=self._api))

    def update(
        self,
        user_id: int,
        *,
        name: str | Unset | None = UNSET,
        phone: str | Unset | None = UNSET,
        lang: Language | str | Unset = UNSET,
        email: str | Unset = UNSET,
        auth_types: Iterable[AuthType | str] | Unset = UNSET,
    ) -> User:
        """Change details of a user; what is left out stays as it is.

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
            ConfigurationError: Nothing is to be changed, or an argument is not what it should be.
            BadRequestError: The API refuses a value.
            PermissionDeniedError: The role does not allow it.
            NotFoundError: There is no such user in the account.
            IAMError: Any other failure; see `gcore_iam.errors`.

        Source: operation iamUpdateUser.
        """
        from gcore_iam_client.api.users import iam_update_user
        from gcore_iam_client.models import PutUser

        body = PutUser(
            email=optional_text("email", email),
            name=nullable_text("name", name),
            lang=language(lang),
            phone=nullable_text("phone", phone),
            auth_types=checked_auth_types(auth_types),
        )
        if not body.to_dict():
            raise ConfigurationError("there is nothing to change: give name, phone, lang, email or auth_types")
        return unwrap(
            iam_update_user.sync_detailed(user_id=identifier("user_id", user_id), body=body, client=self._api)
        )

    def update_email(self, user_id: int, new_email: str, password: str) -> UpdateUserEmailResponse:
        """Change one's own email address.

        A client that authenticates with a `Session` logs in with the new one from then on.

        Args:
            user_id: The id of the user that the credentials belong to, 1 or more.
            new_email: The new address.
            password: The user's password.

        Returns:
            The address after the change.

        Raises:
            ConfigurationError: An argument is not what it should be.
            BadRequestError: The password is wrong, or the address is refused.
            AmbiguousOutcomeError: It is unclear whether the address was changed; `reconcile()` looks.
            IAMError: Any other failure; see `gcore_iam.errors`.

        Source: operation iamUpdateUserEmail.
        """
        from gcore_iam_client.api.users import iam_update_user_email
        from gcore_iam_client.models import UpdateUserEmailRequest

        number = identifier("user_id", user_id)
        body = UpdateUserEmailRequest(new_email=text("new_email", new_email), password=text("password", password))

        def look() -> UserPublic | None:
            user = self.get(number)
            if not _is_same(user.email, new_email):
                return None
            self._http.credentials.renamed(new_email)
            return user

        with reconciled("reconcile() looks which address the user has", look):
            changed = unwrap(iam_update_user_email.sync_detailed(user_id=number, body=body, client=self._api))
        self._http.credentials.renamed(new_email)
        return changed

    def change_password(self, user_id: int, old: str, new: str) -> Token:
        """Change one's own password, which ends all sessions of the user.

        A client that authenticates with a `Session` goes on with the new pair and the new password.

        Args:
            user_id: The id of the user that the credentials belong to, 1 or more.
            old: The present password.
            new: The password from now on.

        Returns:
            A pair of tokens of a new session.

        Raises:
            ConfigurationError: An argument is not what it should be.
            BadRequestError: The present password is wrong, or the new one is refused.
            PermissionDeniedError: It is somebody else's password.
            AmbiguousOutcomeError: It is unclear whether the password was changed.
            IAMError: Any other failure; see `gcore_iam.errors`.

        Source: operation iamChangePassword.
        """
        from gcore_iam_client.api.account import iam_change_password
        from gcore_iam_client.models import ChangePasswordRequest

        number = identifier("user_id", user_id)
        body = ChangePasswordRequest(old=text("old", old), new=text("new", new), double=new)

        def change() -> Token:
            return unwrap(iam_change_password.sync_detailed(user_id=number, body=body, client=self._api))

        with reconciled("log in with the new password: if that works, it was changed", None):
            return self._http.credentials.change_password(new, change)

    def invite(
        self,
        client_id: int,
        email: str,
        user_role: Group | int | str,
        *,
        name: str | Unset = UNSET,
        lang: Language | str | Unset = UNSET,
    ) -> InviteUserResponseSchema:
        """Invite somebody to an account.

        Args:
            client_id: The account's id, 1 or more.
            email: The address that the invitation goes to.
            user_role: The role in the account: its id, its name, or a `models.Group`.
            name: The person's name.
            lang: The language of the invitation, such as "en".

        Returns:
            What became of the invitation, and the user's id.

        Raises:
            ConfigurationError: An argument is not what it should be.
            BadRequestError: The person has been invited already, or the API refuses a value.
            PermissionDeniedError: The role does not allow it.
            AmbiguousOutcomeError: It is unclear whether the invitation was sent; `reconcile()` looks.
            IAMError: Any other failure; see `gcore_iam.errors`.

        Source: operation iamInviteUser.
        """
        from gcore_iam_client.api.users import iam_invite_user
        from gcore_iam_client.models import InviteUserRequest

        body = InviteUserRequest(
            email=text("email", email),
            user_role=role("user_role", user_role),
            client_id=identifier("client_id", client_id),
            lang=language(lang),
            name=optional_text("name", name),
        )
        with reconciled("reconcile() looks for the address among the users", lambda: self._find(client_id, email)):
            return unwrap(iam_invite_user.sync_detailed(body=body, client=self._api))

    def _find(self, client_id: int, email: str) -> User | None:
        from .account import Account

        own = (Account(self._http).get()).id
        if own != client_id:
            raise ConfigurationError(
                f"these credentials see the users of account {own} only; look for the address in account {client_id}"
            )
        found = [user for user in self.list(page_size=1000) if _is_same(user.email, email)]
        return found[0] if found else None

    def get_role(self, client_id: int, user_id: int) -> Group:
        """Get the role of a user in an account.

        Args:
            client_id: The account's id, 1 or more.
            user_id: The user's id, 1 or more.

        Returns:
            The role.

        Raises:
            ConfigurationError: An id cannot be one.
            PermissionDeniedError: The role of the caller does not allow it.
            NotFoundError: The account has no such user.
            DecodeError: The answer names no role.
            IAMError: Any other failure; see `gcore_iam.errors`.

        Source: operation iamGetClientUserRole.
        """
        from gcore_iam_client.api.users import iam_get_client_user_role
        from gcore_iam_client.models import Group

        found = unwrap(
            iam_get_client_user_role.sync_detailed(
                client_id=identifier("client_id", client_id),
                user_id=identifier("user_id", user_id),
                client=self._api,
            )
        ).user_role
        if not isinstance(found, Group):
            problem = "the answer names no role"
            raise DecodeError(problem, operation="iamGetClientUserRole", model="UserRole", key="user_role")
        return found

    def set_role(self, client_id: int, user_id: int, role: Group | int | str) -> None:
        """Set the role of a user in an account.

        Args:
            client_id: The account's id, 1 or more.
            user_id: The user's id, 1 or more.
            role: The role: its id, its name, or a `models.Group`.

        Raises:
            ConfigurationError: An argument is not what it should be.
            BadRequestError: There is no such role.
            PermissionDeniedError: The role of the caller does not allow it.
            NotFoundError: The account has no such user.
            IAMError: Any other failure; see `gcore_iam.errors`.

        Source: operation iamUpdateClientUserRole.
        """
        from gcore_iam_client.api.users import iam_update_client_user_role
        from gcore_iam_client.models import UserRole

        body = UserRole(user_role=_role("role", role))
        unwrap(
            iam_update_client_user_role.sync_detailed(
                client_id=identifier("client_id", client_id),
                user_id=identifier("user_id", user_id),
                body=body,
                client=self._api,
            )
        )

    def revoke(self, client_id: int, user_id: int) -> None:
        """Remove a user from an account. A user who can enter no other account is deleted altogether.

        Args:
            client_id: The account's id, 1 or more.
            user_id: The user's id, 1 or more.

        Raises:
            ConfigurationError: An id cannot be one.
            PermissionDeniedError: The role does not allow it, or the user still has API tokens; delete those first.
            NotFoundError: The account has no such user.
            IAMError: Any other failure; see `gcore_iam.errors`.

        Source: operation iamRevokeClientUserAccess.
        """
        from gcore_iam_client.api.users import iam_revoke_client_user_access

        unwrap(
            iam_revoke_client_user_access.sync_detailed(
                client_id=identifier("client_id", client_id),
                user_id=identifier("user_id", user_id),
                client=self._api,
            )
        )


class RawUsers:
    """`iam.users`, with status and headers; without `list`, which asks more than once."""

    def __init__(self, users: Users) -> None:
        self.get = raw(users.get)
        self.update = raw(users.update)
        self.update_email = raw(users.update_email)
        self.change_password = raw(users.change_password)
        self.invite = raw(users.invite)
        self.get_role = raw(users.get_role)
        self.set_role = raw(users.set_role)
        self.revoke = raw(users.revoke)


_role = role  # where a parameter has the same name


def _is_same(one: object, other: str) -> bool:
    return isinstance(one, str) and one.casefold() == other.strip().casefold()
