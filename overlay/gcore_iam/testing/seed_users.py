"""Parses the users that a test seeds, in the API's form, and fills in what they leave out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import count
from typing import Any

import attrs

from . import roles
from .contract import Contract
from .schemas import Schemas
from .seed import (
    ACCOUNT_ID,
    COMPANY,
    OTHER_ACCOUNT_EMAIL,
    OTHER_ACCOUNT_USER_ID,
    RESELLER_ID,
    Account,
    Record,
    User,
    build_account,
    generate_users,
)
from .seed_records import LARGEST_ID, parse_record, require_unique
from .validation import require_int, require_text

_FIXED = {"company": COMPANY, "reseller": RESELLER_ID, "client": ACCOUNT_ID, "deleted": False}
"""Properties that have the same value for all users of the fake."""

_COPIED = ("id", "email", "name", "lang", "phone", "user_type", "activated", "two_fa", "is_active")
_INTERPRETED = ("auth_types", "sso_auth", "groups", "client_and_roles", "password")
_SUPPORTED = frozenset({*_FIXED, *_COPIED, *_INTERPRETED})


def parse_users(
    users: Iterable[Mapping[str, Any]], accounts: list[Account], seed: int, password: str, contract: Contract
) -> list[User]:
    """Parse the users that a test seeds.

    A user who does not say otherwise signs in with a password, in one step; the first one is an administrator, others
    have the role Users. Names and email addresses that are left out are generated.

    Args:
        users: Mappings in the API's form (schema User) in which anything may be left out, with `password`.
        accounts: The accounts; others that a user can enter are added to the list.
        seed: Seed of generated names and email addresses.
        password: The password of users without their own.
        contract: The spec that the users have to meet.

    Raises:
        TypeError: A user is not a mapping, or JSON has no form for a value.
        ValueError: A user contradicts the API's spec, or two have the same id or email address.
    """
    given = list(users)
    taken = {user.get("id") for user in given if isinstance(user, Mapping)}
    free_ids = (number for number in count(1) if number not in taken)
    parsed: list[User] = []
    for index, (user, generated) in enumerate(zip(given, generate_users(seed, len(given), password), strict=True)):
        # Nothing else is generated, so that a test depends on nothing that it does not name.
        default = User(
            id=next(free_ids) if isinstance(user, Mapping) and "id" not in user else generated.id,
            email=generated.email,
            roles={ACCOUNT_ID: roles.USERS if index else roles.ADMINISTRATORS},
            name=generated.name,
            lang=generated.lang,
            phone=generated.phone,
            activated=True,
            password=password,
        )
        parsed.append(_parse_user(f"users[{index}]", user, default, accounts, contract.find_schemas("User")))
    require_unique("users", {"id": [user.id for user in parsed], "email": [user.email.casefold() for user in parsed]})
    return parsed


def _parse_user(place: str, given: Mapping[str, Any], default: User, accounts: list[Account], schemas: Schemas) -> User:
    validator = schemas.get_partial_validator("User")
    record = parse_record(place, given, schemas, "User", validator, additional="password")
    password = record.get("password", default.password)
    if password is not None and (not isinstance(password, str) or not password):
        raise ValueError(f"{place}.password must be a text that is not empty, or null")
    for key, value in _FIXED.items():
        if record.get(key, value) != value:
            raise ValueError(f"{place}.{key} is {value!r} for all users of the fake; leave it out")
    changes: dict[str, Any] = {key: record[key] for key in _COPIED if key in record}
    if "auth_types" in record:
        changes["auth_types"] = tuple(record["auth_types"])
    changes["extra"] = {key: value for key, value in record.items() if key not in _SUPPORTED}
    user_roles = _parse_roles(place, record, default, accounts)
    user = attrs.evolve(default, roles=user_roles, password=password, **changes)
    require_int(f"{place}.id", user.id, minimum=1, maximum=LARGEST_ID)
    if record.get("sso_auth", "sso" in user.auth_types) != ("sso" in user.auth_types):
        raise ValueError(f"{place}.sso_auth follows from auth_types; leave it out")
    if user.id == OTHER_ACCOUNT_USER_ID or user.email.casefold() == OTHER_ACCOUNT_EMAIL:
        raise ValueError(
            f"{place} has the id or the email of the other account's administrator: "
            f"{OTHER_ACCOUNT_USER_ID}, {OTHER_ACCOUNT_EMAIL}"
        )
    for entry in record.get("client_and_roles", ()):
        if entry["user_id"] != user.id:
            raise ValueError(f"{place}.client_and_roles: user_id must be the user's own id, {user.id}")
    return user


def _parse_account(place: str, entry: Record, accounts: list[Account]) -> Account:
    """Return the account that an entry names; a new one is added to the accounts."""
    account_id, company = entry["client_id"], entry["client_company_name"]
    require_int(f"{place}: client_id", account_id, minimum=1, maximum=LARGEST_ID)
    require_text(f"{place}: client_company_name", company)
    account = next((account for account in accounts if account.id == account_id), None)
    if account is None:
        account = build_account(account_id, company, None)
        accounts.append(account)
    if account.company != company:
        raise ValueError(f"{place}: account {account_id} is called {account.company!r}, not {company!r}")
    return account


def _parse_roles(place: str, record: Record, default: User, accounts: list[Account]) -> dict[int, int]:
    """Return the role in each account, according to `client_and_roles` and `groups`."""
    user_roles = dict(default.roles)
    if "client_and_roles" in record:
        user_roles = {}
        for entry in record["client_and_roles"]:
            role = {str(role): role for role in roles.NAMES}.get("".join(entry["user_roles"]))
            if role is None or len(entry["user_roles"]) != 1:
                raise ValueError(f"{place}.client_and_roles: user_roles must hold one role, its id as text")
            account = _parse_account(f"{place}.client_and_roles", entry, accounts)
            if account.id in user_roles:
                raise ValueError(f"{place}.client_and_roles names account {account.id} twice")
            user_roles[account.id] = role
    if "groups" in record:
        group = roles.find_role(record["groups"][0]) if len(record["groups"]) == 1 else None
        if group is None:
            raise ValueError(f"{place}.groups must hold one role, by id or name")
        if "client_and_roles" in record and user_roles.get(ACCOUNT_ID, group) != group:
            raise ValueError(f"{place}.groups and client_and_roles say different things")
        user_roles = {ACCOUNT_ID: group, **{other: role for other, role in user_roles.items() if other != ACCOUNT_ID}}
    if next(iter(user_roles), None) != ACCOUNT_ID:
        raise ValueError(f"{place}.client_and_roles must begin with the fake's account, {ACCOUNT_ID}")
    return user_roles
