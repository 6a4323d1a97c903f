"""Accounts, and the log of logins to them."""

from __future__ import annotations

from .. import records
from ..messages import Answer
from ..population import new_account
from ..roles import ADMINISTRATORS
from .call import Call
from .pages import page


def create_account(call: Call) -> Answer:
    state, company = call.state, call.body["company"].strip()
    call.require_administrator(call.caller.account_id)
    if not company:
        raise call.refuse((("company",), "Must not be empty."))
    if any(account.company.casefold() == company.casefold() for account in state.accounts.values()):
        raise call.refuse((("company",), "Name is taken."))
    owner = state.users.get(call.caller.user_id)
    account = new_account(state.next_account_id(), company, owner)
    state.accounts[account.id] = account
    if owner is not None:
        state.update(owner, roles={**owner.roles, account.id: ADMINISTRATORS})
    return Answer(201, {"id": account.id, "company": company})


def get_account_details(call: Call) -> Answer:
    return Answer(200, records.account(call.state, call.caller.account_id, call.caller.user_id))


def get_last_login_time(call: Call) -> Answer:
    account_id = call.caller.account_id
    call.require_administrator(account_id)
    logins = [login for login in call.state.logins if login.account_id == account_id]
    return Answer(200, page(call, "result", logins, records.login))
