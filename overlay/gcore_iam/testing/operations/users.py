"""Users, their roles, and invitations."""

from __future__ import annotations

from typing import Any

from .. import records, roles
from ..description import validator
from ..messages import NO_BODY, Answer, RefusedError, refusal
from ..population import Record, User
from .call import Call
from .pages import offset_of, page


def get_users(call: Call) -> Answer:
    account_id = call.caller.account_id
    members = call.state.members(account_id)

    def render(user: User) -> Record:
        return records.user(call.state, user, account_id)

    if "limit" in call.query:
        return Answer(200, page(call, "results", members, render))
    return Answer(200, [render(user) for user in members[offset_of(call) :]])


def get_user(call: Call) -> Answer:
    account_id = call.caller.account_id
    return Answer(200, records.user_public(call.state, call.member(account_id), account_id))


def update_user(call: Call) -> Answer:
    state, body, account_id = call.state, call.body, call.caller.account_id
    user = call.member(account_id)
    if user.id != call.caller.user_id or "groups" in body:
        call.require_administrator(account_id)
    changes: dict[str, Any] = {key: body[key] for key in ("email", "name", "lang", "phone") if key in body}
    if "email" in changes and _is_taken(call, changes["email"], user):
        raise call.refuse((("email",), "Address is taken."))
    if "auth_types" in body:
        changes["auth_types"] = tuple(dict.fromkeys(body["auth_types"]))
    if "groups" in body:
        role = _only_role(body["groups"])
        if role is None:
            # A text instead of a list of texts, as in the example of the API's description.
            raise RefusedError(Answer(400, {"errors": {"groups": "No such group."}}))
        # The description has this rule for this operation only, not for `iamUpdateClientUserRole`.
        if any(roles.is_higher(token.role, role) for token in state.tokens_of(user.id, account_id)):
            raise refusal(403, "An API token of this user has a higher role; delete it first, or choose another role.")
        changes["roles"] = {**user.roles, account_id: role}
    return Answer(200, records.user(state, state.update(user, **changes), account_id))


def update_user_email(call: Call) -> Answer:
    user, address = call.own_user(), call.body["new_email"]
    if user.password is None or call.body["password"] != user.password:
        raise call.refuse((("password",), "Does not match."))
    if address.casefold() == user.email.casefold():
        raise call.refuse((("new_email",), "Is the present address."))
    if not _is_address(address):
        raise call.refuse((("new_email",), "Must be an email address."))
    if _is_taken(call, address, user):
        raise call.refuse((("new_email",), "Address is taken."))
    call.state.update(user, email=address)
    return Answer(200, {"new_email": address})


def invite_user(call: Call) -> Answer:
    state, body, account_id = call.state, call.body, call.body["client_id"]
    if call.role_in(account_id) is None:
        raise call.refuse((("client_id",), "No such account."))
    call.require_administrator(account_id)
    role = roles.named(body["user_role"])
    if role is None:
        raise call.refuse((("user_role",), "No such role."))
    user = state.user_by_email(body["email"])
    if user is None:
        known = {key: body[key] for key in ("name", "lang") if key in body}
        user = User(state.next_user_id(), body["email"], {account_id: role}, **known)
        state.users[user.id] = user
        state.send("invitation", user, with_link=True)
    elif account_id in user.roles:
        raise RefusedError(Answer(400, [f"User {user.id} has already been invited to client {account_id}"]))
    elif user.user_type != "common" or not user.is_active:
        raise RefusedError(Answer(400, ["This user cannot be added to this client."]))
    else:
        user = state.update(user, roles={**user.roles, account_id: role})
        state.send("notice", user, with_link=False)
    return Answer(200, {"status": "sent", "user_id": user.id})


def get_client_user_role(call: Call) -> Answer:
    account_id = call.path["clientId"]
    call.require_role(account_id)
    if call.path["userId"] != call.caller.user_id:
        call.require_administrator(account_id)
    return Answer(200, {"user_role": roles.group(call.member(account_id).roles[account_id])})


def update_client_user_role(call: Call) -> Answer:
    account_id = call.path["clientId"]
    call.require_administrator(account_id)
    user = call.member(account_id)
    role = roles.named(call.body.get("user_role", {}))
    if role is None:
        raise call.refuse((("user_role",), "No such role."))
    call.state.update(user, roles={**user.roles, account_id: role})
    return Answer(204, NO_BODY)


def revoke_client_user_access(call: Call) -> Answer:
    account_id = call.path["clientId"]
    call.require_administrator(account_id)
    user = call.member(account_id)
    if any(call.state.tokens_of(user.id, account_id)):
        raise refusal(403, "This user has API tokens; delete them first.")
    call.state.remove(user, account_id)
    return Answer(200, NO_BODY)


def _is_taken(call: Call, email: str, user: User) -> bool:
    other = call.state.user_by_email(email)
    return other is not None and other.id != user.id


def _is_address(text: str) -> bool:
    """Whether a text has the form of an email address; the description does not ask for it in this one field."""
    return validator("UserEmail").is_valid(text)


def _only_role(groups: Any) -> int | None:
    """The role that a list of one group names; None for anything else."""
    if isinstance(groups, list) and len(groups) == 1 and isinstance(groups[0], dict):
        return roles.named(groups[0])
    return None
