"""Reads users that a test brings along, in the API's form, and fills in what they leave out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from itertools import count
from typing import Any

import attrs

from . import description, roles
from .checks import require_int, require_json, require_text, require_type
from .population import (
    ACCOUNT_ID,
    COMPANY,
    OUTSIDER_EMAIL,
    OUTSIDER_ID,
    RESELLER_ID,
    Account,
    User,
    invent_users,
    new_account,
)

_FOLLOWS = {"company": COMPANY, "reseller": RESELLER_ID, "client": ACCOUNT_ID, "deleted": False}
"""Keys of the API's form that say nothing about a user that is not so for all of them."""

_TAKEN = ("id", "email", "name", "lang", "phone", "user_type", "activated", "two_fa", "is_active")


def read_users(users: Iterable[Mapping[str, Any]], accounts: list[Account], seed: int, password: str) -> list[User]:
    """The users that mappings describe.

    Who leaves it out can sign in with a password and nothing else, in one step, is an administrator if first and has
    the role Users otherwise. Names and addresses are invented.

    Args:
        users: Mappings in the API's form (schema User), in which anything may be left out, and with `password`.
        accounts: The accounts there are; others that a user can enter are added to the list.
        seed: What names and addresses are invented from.
        password: Of users who bring none.

    Raises:
        TypeError: A user is no mapping, or holds what JSON has no form for.
        ValueError: A user is not as the API's description says, or two have the same id or address.
    """
    given = list(users)
    taken = {user.get("id") for user in given if isinstance(user, Mapping)}
    free = (number for number in count(1) if number not in taken)
    read: list[User] = []
    for index, (user, invented) in enumerate(zip(given, invent_users(seed, len(given), password), strict=True)):
        # Nothing else is invented, so that a test depends on nothing that it does not name.
        default = User(
            id=next(free) if isinstance(user, Mapping) and "id" not in user else invented.id,
            email=invented.email,
            roles={ACCOUNT_ID: roles.USERS if index else roles.ADMINISTRATORS},
            name=invented.name,
            lang=invented.lang,
            phone=invented.phone,
            activated=True,
            password=password,
        )
        read.append(_read(f"users[{index}]", user, default, accounts))
    for key in ("id", "email"):
        seen: dict[Any, int] = {}
        for index, one in enumerate(read):
            value = getattr(one, key)
            first = seen.setdefault(value.casefold() if isinstance(value, str) else value, index)
            if first != index:
                raise ValueError(f"users[{index}] has the same {key} as users[{first}]: {value}")
    return read


def _read(where: str, given: Mapping[str, Any], default: User, accounts: list[Account]) -> User:
    require_type(where, given, Mapping, "a mapping")
    require_json(where, dict(given))
    known = description.schema("User")["properties"]
    if unknown := sorted(given.keys() - known.keys() - {"password"}):
        raise ValueError(
            f"{where} has an unknown key {unknown[0]!r}; known are {', '.join(sorted(known))} and password"
        )
    password = given.get("password", default.password)
    if password is not None and (not isinstance(password, str) or not password):
        raise ValueError(f"{where}.password must be a text that is not empty, or null")
    if problem := description.problem_in_part("User", dict(given)):
        raise ValueError(f"{where}.{'.'.join(problem[0])}: {problem[1]}")
    for key, value in _FOLLOWS.items():
        if given.get(key, value) != value:
            raise ValueError(f"{where}.{key} is {value!r} for all users of the fake; leave it out")
    changes: dict[str, Any] = {key: given[key] for key in _TAKEN if key in given}
    if "auth_types" in given:
        changes["auth_types"] = tuple(given["auth_types"])
    user = attrs.evolve(default, roles=_roles(where, given, default, accounts), password=password, **changes)
    require_int(f"{where}.id", user.id, minimum=1, maximum=10**18 - 1)
    if given.get("sso_auth", "sso" in user.auth_types) != ("sso" in user.auth_types):
        raise ValueError(f"{where}.sso_auth follows from auth_types; leave it out")
    if user.id == OUTSIDER_ID or user.email.casefold() == OUTSIDER_EMAIL:
        raise ValueError(f"{where} has the id or the email of somebody else: {OUTSIDER_ID}, {OUTSIDER_EMAIL}")
    for entry in given.get("client_and_roles", ()):
        if entry["user_id"] != user.id:
            raise ValueError(f"{where}.client_and_roles: user_id must be the user's own id, {user.id}")
    return user


def _account(where: str, entry: Mapping[str, Any], accounts: list[Account]) -> Account:
    """The account that an entry names, which is added to the accounts there are if it is new."""
    account_id, company = entry["client_id"], entry["client_company_name"]
    require_int(f"{where}: client_id", account_id, minimum=1, maximum=10**18 - 1)
    require_text(f"{where}: client_company_name", company)
    account = next((account for account in accounts if account.id == account_id), None)
    if account is None:
        account = new_account(account_id, company, None)
        accounts.append(account)
    if account.company != company:
        raise ValueError(f"{where}: account {account_id} is called {account.company!r}, not {company!r}")
    return account


def _roles(where: str, given: Mapping[str, Any], default: User, accounts: list[Account]) -> dict[int, int]:
    own = dict(default.roles)
    if "client_and_roles" in given:
        own = {}
        for entry in given["client_and_roles"]:
            role = {str(role): role for role in roles.NAMES}.get("".join(entry["user_roles"]))
            if role is None or len(entry["user_roles"]) != 1:
                raise ValueError(f"{where}.client_and_roles: user_roles must hold one role, its id as text")
            account = _account(f"{where}.client_and_roles", entry, accounts)
            if account.id in own:
                raise ValueError(f"{where}.client_and_roles names account {account.id} twice")
            own[account.id] = role
    if "groups" in given:
        group = roles.named(given["groups"][0]) if len(given["groups"]) == 1 else None
        if group is None:
            raise ValueError(f"{where}.groups must hold one role, by id or name")
        if "client_and_roles" in given and own.get(ACCOUNT_ID, group) != group:
            raise ValueError(f"{where}.groups and client_and_roles say different things")
        own = {ACCOUNT_ID: group, **{other: role for other, role in own.items() if other != ACCOUNT_ID}}
    if next(iter(own), None) != ACCOUNT_ID:
        raise ValueError(f"{where}.client_and_roles must begin with the fake's account, {ACCOUNT_ID}")
    return own
