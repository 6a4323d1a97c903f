"""A request on its way to the operation that it asks for: who calls, with what, and how it is refused."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import attrs

from .. import roles
from ..description import Operation, Problem
from ..messages import Answer, RefusedError, Request, refusal
from ..population import Record, User
from ..state import State


@attrs.frozen
class Caller:
    """Who makes a call."""

    user_id: int
    account_id: int
    """The account that the credentials belong to."""
    role: int
    """The role of the credentials in this account: an API token's may be lower than its user's."""
    is_token: bool
    """Whether the credentials are an API token, which opens no other account."""


NOBODY = Caller(user_id=0, account_id=0, role=roles.USERS, is_token=True)
"""The caller of operations that ask for no credentials."""


@attrs.frozen
class Call:
    """A request that is authenticated, where that is asked for, and whose parts are as described."""

    state: State
    operation: Operation
    request: Request
    caller: Caller
    path: dict[str, int]
    """The variables of the path."""
    query: dict[str, Any] = attrs.field(repr=False)
    """The query parameters that the operation knows."""
    body: Record = attrs.field(repr=False)
    """The body; empty where the operation takes none."""

    def role_in(self, account_id: int) -> int | None:
        """The caller's role in an account, None when the caller may not enter it."""
        caller = self.caller
        if account_id == caller.account_id:
            return caller.role
        user = self.state.users.get(caller.user_id)
        return None if caller.is_token or user is None else user.roles.get(account_id)

    def require_role(self, account_id: int) -> int:
        """The caller's role in an account; refused with 404 when there is none."""
        role = self.role_in(account_id)
        if role is None:
            raise refusal(404, "There is no such account, or it is not yours.")
        return role

    def require_administrator(self, account_id: int) -> None:
        """Refuse callers without the role Administrators in an account."""
        if self.require_role(account_id) != roles.ADMINISTRATORS:
            raise refusal(403, "This takes the role Administrators.")

    def member(self, account_id: int) -> User:
        """The user whom the path names; refused with 404 when there is none in an account."""
        user = self.state.users.get(self.path["userId"])
        if user is None or account_id not in user.roles:
            raise refusal(404, "The account has no such user.")
        return user

    def own_user(self) -> User:
        """The user whom the path names; refused with 403 when it is not the caller."""
        user = self.member(self.caller.account_id)
        if user.id != self.caller.user_id:
            raise refusal(403, "This is for users themselves.")
        return user

    def refuse(self, *problems: Problem) -> RefusedError:
        """A refusal of the request's body or query, to be raised."""
        return bad_request(self.operation, problems)


def bad_request(operation: Operation, problems: Iterable[Problem]) -> RefusedError:
    """A refusal in the form that an operation has for its own."""
    return RefusedError(Answer(400, _FORMS.get(operation.id, _by_field)(tuple(problems))))


def _by_field(problems: Sequence[Problem]) -> Any:
    """`{"errors": {"field": ["message", …]}}`."""
    errors: dict[str, list[str]] = {}
    for (field, *inner), message in problems:
        errors.setdefault(field, []).append(_told(inner, message))
    return {"errors": errors}


def _nested(problems: Sequence[Problem]) -> Any:
    """`{"errors": {"a": {"b": ["message", …]}}}`."""
    errors: dict[str, Any] = {}
    for (field, *inner), message in problems:
        if inner:
            errors.setdefault(field, {}).setdefault(inner[0], []).append(_told(inner[1:], message))
        else:
            errors.setdefault(field, []).append(message)
    return {"errors": errors}


def _told(inner: Sequence[str], message: str) -> str:
    """A message that also says where inside a field it belongs."""
    return f"{'.'.join(inner)}: {message}" if inner else message


def _listed(problems: Sequence[Problem]) -> Any:
    """`[{"errors": {"field": "message"}}, …]`."""
    return [{"errors": {".".join(path): message}} for path, message in problems]


_FORMS = {
    "iamCreateApiToken": _nested,
    "iamCreateApiTokenV2": _nested,
    "iamUpdateUserEmail": _listed,
}
"""Operations that refuse in a form of their own (the 400 answers of the API's description)."""
