"""Serializes the fake's state to the API's form: one function for each schema of a response."""

from __future__ import annotations

from datetime import UTC, datetime

from . import roles
from .seed import RESELLER_ID, Login, Record, User
from .state import APIToken, State


def serialize_user(state: State, user: User, account_id: int) -> Record:
    """Serialize a user as seen from an account (schema User). The record is cached: do not change it."""
    if account_id not in user.serialized:
        record = serialize_user_public(state, user, account_id)
        record["client_and_roles"] = [
            {
                "client_id": entered,
                "client_company_name": state.accounts[entered].company,
                "user_id": user.id,
                "user_roles": [str(role)],
            }
            for entered, role in user.roles.items()
        ]
        _add_extra(state, record, user, "User")
        user.serialized[account_id] = record
    return user.serialized[account_id]


def serialize_user_public(state: State, user: User, account_id: int) -> Record:
    """Serialize a user as `GET /iam/users/{userId}` returns it (schema UserPublic)."""
    record = serialize_base_user(state, user, account_id)
    record["user_type"] = user.user_type
    record["is_active"] = user.is_active
    _add_extra(state, record, user, "UserPublic")
    return record


def serialize_base_user(state: State, user: User, account_id: int) -> Record:
    """Serialize a user as an account's details list it (schema BaseUser)."""
    home = user.home_account
    record = {
        "id": user.id,
        "email": user.email,
        "name": user.name,
        "lang": user.lang,
        "phone": user.phone,
        "company": state.accounts[home].company,
        "reseller": RESELLER_ID,
        "client": home,
        "deleted": False,
        "groups": [roles.serialize_role(user.roles[account_id])],
        "activated": user.activated,
        "sso_auth": "sso" in user.auth_types,
        "two_fa": user.two_fa,
        "auth_types": list(user.auth_types),
    }
    _add_extra(state, record, user, "BaseUser")
    return record


def serialize_account(state: State, account_id: int, current_user: int) -> Record:
    """Serialize an account as one of its users sees it (schema ClientBase)."""
    account, members = state.accounts[account_id], state.list_members(account_id)
    return {
        "id": account.id,
        "companyName": account.company,
        **account.details,
        "users": [serialize_base_user(state, member, account_id) for member in members],
        "currentUser": current_user,
        "has_active_admin": any(
            member.is_active and member.roles[account_id] == roles.ADMINISTRATORS for member in members
        ),
    }


def serialize_token(state: State, token: APIToken) -> Record:
    """Serialize an API token without its secret (schema TokenResponse)."""
    issuer = state.users.get(token.user_id)
    description = {} if token.description is None else {"description": token.description}
    return {
        "id": token.id,
        "name": token.name,
        **description,
        "exp_date": None if token.exp_date is None else format_timestamp(token.exp_date),
        "expired": state.is_expired(token),
        "deleted": state.is_deleted_or_expired(token),
        "created": format_timestamp(token.created),
        "last_usage": format_timestamp(token.last_usage),
        "client_user": {
            "deleted": state.is_deleted_or_expired(token),
            "user_id": token.user_id,
            "user_name": (issuer.name if issuer else None) or "",
            "user_email": issuer.email if issuer else "",
            "client_id": token.account_id,
            "role": roles.serialize_role(token.role),
        },
    }


def serialize_login(login: Login) -> Record:
    """Serialize an attempt to sign in (schema LastLoginTimeItem)."""
    return {
        "id": login.account_id,
        "login_at": login.at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "ip_address": login.ip_address,
        "user_agent": login.user_agent,
        "auth_type": login.auth_type,
        "is_successful": login.is_successful,
        "user": login.user_id,
    }


def format_timestamp(moment: datetime) -> str:
    """Format a time in UTC, to the microsecond (RFC 3339)."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _add_extra(state: State, record: Record, user: User, component: str) -> None:
    """Add the seeded properties that the spec has gained since this module was written."""
    if user.extra:
        schemas = state.contract.find_schemas(component)
        properties = schemas.collect_properties(schemas.get_schema(component))
        record.update({key: value for key, value in user.extra.items() if key in properties})
