"""Handlers of users, their roles, and invitations."""

from __future__ import annotations

from typing import Any

from .. import roles, serializers
from ..contract import get_own_contract
from ..messages import NO_BODY, RequestError, Response, build_error
from ..seed import Record, User
from .call import Call
from .pages import build_page, parse_offset


def get_users(call: Call) -> Response:
    account_id = call.caller.account_id
    members = call.state.list_members(account_id)

    def serialize(user: User) -> Record:
        return serializers.serialize_user(call.state, user, account_id)

    if "limit" in call.query:
        return Response(200, build_page(call, "results", members, serialize))
    return Response(200, [serialize(user) for user in members[parse_offset(call) :]])


def get_user(call: Call) -> Response:
    account_id = call.caller.account_id
    return Response(200, serializers.serialize_user_public(call.state, call.get_member(account_id), account_id))


def update_user(call: Call) -> Response:
    state, body, account_id = call.state, call.body, call.caller.account_id
    user = call.get_member(account_id)
    if user.id != call.caller.user_id or "groups" in body:
        call.require_administrator(account_id)
    changes: dict[str, Any] = {key: body[key] for key in ("email", "name", "lang", "phone") if key in body}
    if "email" in changes and _is_taken(call, changes["email"], user):
        raise call.build_bad_request((("email",), "Address is taken."))
    if "auth_types" in body:
        changes["auth_types"] = tuple(dict.fromkeys(body["auth_types"]))
    if "groups" in body:
        role = _parse_only_role(body["groups"])
        if role is None:
            # A string instead of a list of strings, as in the example of the API's spec.
            raise RequestError(Response(400, {"errors": {"groups": "No such group."}}))
        # The spec has this rule for this operation only, not for `iamUpdateClientUserRole`.
        if any(roles.is_higher(token.role, role) for token in state.list_tokens(user.id, account_id)):
            raise build_error(
                403, "An API token of this user has a higher role; delete it first, or give another role."
            )
        changes["roles"] = {**user.roles, account_id: role}
    return Response(200, serializers.serialize_user(state, state.update_user(user, **changes), account_id))


def update_user_email(call: Call) -> Response:
    user, address = call.get_own_user(), call.body["new_email"]
    if user.password is None or call.body["password"] != user.password:
        raise call.build_bad_request((("password",), "Does not match."))
    if address.casefold() == user.email.casefold():
        raise call.build_bad_request((("new_email",), "Is the present address."))
    if not _is_email_address(address):
        raise call.build_bad_request((("new_email",), "Must be an email address."))
    if _is_taken(call, address, user):
        raise call.build_bad_request((("new_email",), "Address is taken."))
    call.state.update_user(user, email=address)
    return Response(200, {"new_email": address})


def invite_user(call: Call) -> Response:
    state, body, account_id = call.state, call.body, call.body["client_id"]
    if call.get_role(account_id) is None:
        raise call.build_bad_request((("client_id",), "No such account."))
    call.require_administrator(account_id)
    role = roles.find_role(body["user_role"])
    if role is None:
        raise call.build_bad_request((("user_role",), "No such role."))
    user = state.find_user(body["email"])
    if user is None:
        known = {key: body[key] for key in ("name", "lang") if key in body}
        user = User(state.allocate_user_id(), body["email"], {account_id: role}, **known)
        state.users[user.id] = user
        state.send_email("invitation", user, with_link=True)
    elif account_id in user.roles:
        raise RequestError(Response(400, [f"User {user.id} has already been invited to client {account_id}"]))
    elif user.user_type != "common" or not user.is_active:
        raise RequestError(Response(400, ["This user cannot be added to this client."]))
    else:
        user = state.update_user(user, roles={**user.roles, account_id: role})
        state.send_email("notice", user, with_link=False)
    return Response(200, {"status": "sent", "user_id": user.id})


def get_client_user_role(call: Call) -> Response:
    account_id = call.path["clientId"]
    call.require_role(account_id)
    if call.path["userId"] != call.caller.user_id:
        call.require_administrator(account_id)
    return Response(200, {"user_role": roles.serialize_role(call.get_member(account_id).roles[account_id])})


def update_client_user_role(call: Call) -> Response:
    account_id = call.path["clientId"]
    call.require_administrator(account_id)
    user = call.get_member(account_id)
    role = roles.find_role(call.body.get("user_role", {}))
    if role is None:
        raise call.build_bad_request((("user_role",), "No such role."))
    call.state.update_user(user, roles={**user.roles, account_id: role})
    return Response(204, NO_BODY)


def revoke_client_user_access(call: Call) -> Response:
    account_id = call.path["clientId"]
    call.require_administrator(account_id)
    user = call.get_member(account_id)
    if any(call.state.list_tokens(user.id, account_id)):
        raise build_error(403, "This user has API tokens; delete them first.")
    call.state.remove_user(user, account_id)
    return Response(200, NO_BODY)


def _is_taken(call: Call, email: str, user: User) -> bool:
    other = call.state.find_user(email)
    return other is not None and other.id != user.id


def _is_email_address(text: str) -> bool:
    """Return whether a text is an email address: the spec has no format for this one field."""
    return get_own_contract().schemas.get_validator("UserEmail").is_valid(text)


def _parse_only_role(groups: Any) -> int | None:
    """Return the role that a list of one group names; None for anything else."""
    if isinstance(groups, list) and len(groups) == 1 and isinstance(groups[0], dict):
        return roles.find_role(groups[0])
    return None
