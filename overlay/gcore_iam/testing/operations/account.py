"""Handlers of accounts and of their login log."""

from __future__ import annotations

from .. import serializers
from ..messages import Response
from ..roles import ADMINISTRATORS
from ..seed import build_account
from .call import Call
from .pages import build_page


def create_account(call: Call) -> Response:
    state, company = call.state, call.body["company"].strip()
    call.require_administrator(call.caller.account_id)
    if not company:
        raise call.build_bad_request((("company",), "Must not be empty."))
    if any(account.company.casefold() == company.casefold() for account in state.accounts.values()):
        raise call.build_bad_request((("company",), "Name is taken."))
    owner = state.users.get(call.caller.user_id)
    account = build_account(state.allocate_account_id(), company, owner)
    state.accounts[account.id] = account
    if owner is not None:
        state.update_user(owner, roles={**owner.roles, account.id: ADMINISTRATORS})
    return Response(201, {"id": account.id, "company": company})


def get_account_details(call: Call) -> Response:
    return Response(200, serializers.serialize_account(call.state, call.caller.account_id, call.caller.user_id))


def get_last_login_time(call: Call) -> Response:
    account_id = call.caller.account_id
    call.require_administrator(account_id)
    logins = [login for login in call.state.logins if login.account_id == account_id]
    return Response(200, build_page(call, "result", logins, serializers.serialize_login))
