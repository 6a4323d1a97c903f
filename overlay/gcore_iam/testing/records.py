"""Puts what the fake knows into the API's form: one function for each schema of an answer."""

from __future__ import annotations

from datetime import UTC, datetime

from . import roles
from .population import RESELLER_ID, Login, Record, User
from .state import APIToken, State


def user(state: State, user: User, account_id: int) -> Record:
    """A user as somebody in an account sees them (schema User). To be read, not changed: it is kept."""
    if account_id not in user.rendered:
        record = user_public(state, user, account_id)
        record["client_and_roles"] = [
            {
                "client_id": entered,
                "client_company_name": state.accounts[entered].company,
                "user_id": user.id,
                "user_roles": [str(role)],
            }
            for entered, role in user.roles.items()
        ]
        user.rendered[account_id] = record
    return user.rendered[account_id]


def user_public(state: State, user: User, account_id: int) -> Record:
    """The part of a user that the user's own page shows (schema UserPublic)."""
    record = base_user(state, user, account_id)
    record["user_type"] = user.user_type
    record["is_active"] = user.is_active
    return record


def base_user(state: State, user: User, account_id: int) -> Record:
    """The part of a user that an account's details show (schema BaseUser)."""
    home = user.home
    return {
        "id": user.id,
        "email": user.email,
        "name": user.name,
        "lang": user.lang,
        "phone": user.phone,
        "company": state.accounts[home].company,
        "reseller": RESELLER_ID,
        "client": home,
        "deleted": False,
        "groups": [roles.group(user.roles[account_id])],
        "activated": user.activated,
        "sso_auth": "sso" in user.auth_types,
        "two_fa": user.two_fa,
        "auth_types": list(user.auth_types),
    }


def account(state: State, account_id: int, current_user: int) -> Record:
    """An account as one of its users sees it (schema ClientBase)."""
    found, members = state.accounts[account_id], state.members(account_id)
    return {
        "id": found.id,
        "companyName": found.company,
        **found.details,
        "users": [base_user(state, member, account_id) for member in members],
        "currentUser": current_user,
        "has_active_admin": any(
            member.is_active and member.roles[account_id] == roles.ADMINISTRATORS for member in members
        ),
    }


def token(state: State, token: APIToken) -> Record:
    """An API token without its secret (schema TokenResponse)."""
    issuer = state.users.get(token.user_id)
    described = {} if token.description is None else {"description": token.description}
    return {
        "id": token.id,
        "name": token.name,
        **described,
        "exp_date": None if token.exp_date is None else timestamp(token.exp_date),
        "expired": state.is_expired(token),
        "deleted": state.is_gone(token),
        "created": timestamp(token.created),
        "last_usage": timestamp(token.last_usage),
        "client_user": {
            "deleted": state.is_gone(token),
            "user_id": token.user_id,
            "user_name": (issuer.name if issuer else None) or "",
            "user_email": issuer.email if issuer else "",
            "client_id": token.account_id,
            "role": roles.group(token.role),
        },
    }


def login(login: Login) -> Record:
    """An attempt to sign in (schema LastLoginTimeItem)."""
    return {
        "id": login.account_id,
        "login_at": login.at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "ip_address": login.ip_address,
        "user_agent": login.user_agent,
        "auth_type": login.auth_type,
        "is_successful": login.is_successful,
        "user": login.user_id,
    }


def timestamp(moment: datetime) -> str:
    """A moment in UTC, to the microsecond (RFC 3339)."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
