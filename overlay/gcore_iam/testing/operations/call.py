"""A validated call of an operation: its caller, its parts, and its error responses."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import attrs

from .. import roles
from ..messages import Request, RequestError, Response, build_error
from ..operation import Operation
from ..schemas import Problem
from ..seed import Record, User
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


ANONYMOUS = Caller(user_id=0, account_id=0, role=roles.USERS, is_token=True)
"""The caller of operations that need no credentials."""


@attrs.frozen
class Call:
    """A request whose caller is authenticated, if the operation needs it, and whose parts meet the spec."""

    state: State
    operation: Operation
    request: Request
    caller: Caller
    path: dict[str, Any]
    """The variables of the path."""
    query: dict[str, Any] = attrs.field(repr=False)
    """The query parameters that the spec lists."""
    body: Record = attrs.field(repr=False)
    """The body; empty if the operation has none."""

    def get_role(self, account_id: int) -> int | None:
        """Return the caller's role in an account; None if the caller may not enter it."""
        caller = self.caller
        if account_id == caller.account_id:
            return caller.role
        user = self.state.users.get(caller.user_id)
        return None if caller.is_token or user is None else user.roles.get(account_id)

    def require_role(self, account_id: int) -> int:
        """Return the caller's role in an account; raise 404 if there is none."""
        role = self.get_role(account_id)
        if role is None:
            raise build_error(404, "There is no such account, or it is not yours.")
        return role

    def require_administrator(self, account_id: int) -> None:
        """Raise 403 unless the caller has the role Administrators in an account."""
        if self.require_role(account_id) != roles.ADMINISTRATORS:
            raise build_error(403, "This takes the role Administrators.")

    def get_member(self, account_id: int) -> User:
        """Return the user whom the path names; raise 404 if the account has no such user."""
        user = self.state.users.get(self.path["userId"])
        if user is None or account_id not in user.roles:
            raise build_error(404, "The account has no such user.")
        return user

    def get_own_user(self) -> User:
        """Return the user whom the path names; raise 403 if it is not the caller."""
        user = self.get_member(self.caller.account_id)
        if user.id != self.caller.user_id:
            raise build_error(403, "This is for users themselves.")
        return user

    def build_bad_request(self, *problems: Problem) -> RequestError:
        """Build the error of a request whose body or query is wrong."""
        return build_bad_request(self.operation, problems)


def build_bad_request(operation: Operation, problems: Iterable[Problem]) -> RequestError:
    """Build a 400 error in the form that an operation has."""
    format_problems = _ERROR_FORMATS.get(operation.id, _format_by_field)
    # A problem of the whole body has no keys.
    named = [(keys or ("body",), message) for keys, message in problems]
    return RequestError(Response(400, format_problems(named)))


def _format_by_field(problems: Sequence[Problem]) -> Any:
    """Return `{"errors": {"field": ["message", …]}}`."""
    errors: dict[str, list[str]] = {}
    for (field, *inner), message in problems:
        errors.setdefault(field, []).append(_format_message(inner, message))
    return {"errors": errors}


def _format_nested(problems: Sequence[Problem]) -> Any:
    """Return `{"errors": {"a": {"b": ["message", …]}}}`."""
    errors: dict[str, Any] = {}
    for (field, *inner), message in problems:
        if inner:
            errors.setdefault(field, {}).setdefault(inner[0], []).append(_format_message(inner[1:], message))
        else:
            errors.setdefault(field, []).append(message)
    return {"errors": errors}


def _format_message(inner: Sequence[str], message: str) -> str:
    """Put the place inside a field before a message."""
    return f"{'.'.join(inner)}: {message}" if inner else message


def _format_list(problems: Sequence[Problem]) -> Any:
    """Return `[{"errors": {"field": "message"}}, …]`."""
    return [{"errors": {".".join(path): message}} for path, message in problems]


_ERROR_FORMATS = {
    "iamCreateApiToken": _format_nested,
    "iamCreateApiTokenV2": _format_nested,
    "iamUpdateUserEmail": _format_list,
}
"""Operations whose 400 responses have their own form, according to the spec."""
