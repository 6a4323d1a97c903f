"""Reads users that a test brings along, in the API's form, and fills in what they leave out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import attrs

from . import description, roles
from .checks import require_json, require_type
from .population import ACCOUNT_ID, COMPANY, OUTSIDER_ID, RESELLER_ID, Account, User, invent_users, new_account

_FOLLOWS = {"company": COMPANY, "reseller": RESELLER_ID, "client": ACCOUNT_ID, "deleted": False}
"""Keys of the API's form that say nothing about a user that is not so for all of them."""

_TAKEN = ("id", "email", "name", "lang", "phone", "user_type", "activated", "two_fa", "is_active")


def read_users(users: Iterable[Mapping[str, Any]], accounts: list[Account], seed: int, password: str) -> list[User]:
    """The users that mappings describe.

    Args:
        users: Mappings in the API's form (schema User), in which anything may be left out, and with `password`.
        accounts: The accounts there are; others that a user can enter are added to the list.
        seed: What is left out is invented from it.
        password: Of users who bring none.

    Raises:
        TypeError: A user is no mapping, or holds what JSON has no form for.
        ValueError: A user is not as the API's description says, or two have the same id or address.
    """
    given = list(users)
    invented = invent_users(seed, len(given), password)
    read = [
        _read(f"users[{index}]", user, default, accounts, password)
        for index, (user, default) in enumerate(zip(given, invented, strict=True))
    ]
    for key in ("id", "email"):
        seen: dict[Any, int] = {}
        for index, user in enumerate(read):
            value = getattr(user, key)
            first = seen.setdefault(value.casefold() if isinstance(value, str) else value, index)
            if first != index:
                raise ValueError(f"users[{index}] has the same {key} as users[{first}]: {value}")
    return read


def _read(where: str, given: Mapping[str, Any], invented: User, accounts: list[Account], password: str) -> User:
    require_type(where, given, Mapping, "a mapping")
    require_json(where, dict(given))
    known = description.schema("User")["properties"]
    for key in given.keys() - known.keys() - {"password"}:
        raise ValueError(f"{where} has an unknown key {key!r}; known are {', '.join(sorted(known))} and password")
    for key, value in given.items():
        if key == "password":
            if value is not None and not isinstance(value, str):
                raise ValueError(f"{where}.password must be a text or null")
        elif (problem := description.problem(known[key], value)) is not None:
            raise ValueError(f"{where}.{key}: {problem}")
    for key, value in _FOLLOWS.items():
        if given.get(key, value) != value:
            raise ValueError(f"{where}.{key} is {value!r} for all users of the fake; leave it out")
    changes: dict[str, Any] = {key: given[key] for key in _TAKEN if key in given}
    if "auth_types" in given:
        changes["auth_types"] = tuple(given["auth_types"])
    user = attrs.evolve(invented, roles=_roles(where, given, invented, accounts), **changes)
    if given.get("sso_auth", "sso" in user.auth_types) != ("sso" in user.auth_types):
        raise ValueError(f"{where}.sso_auth follows from auth_types; leave it out")
    if user.id == OUTSIDER_ID:
        raise ValueError(f"{where}.id is {OUTSIDER_ID}, which the fake has given to somebody else")
    signs_in = user.activated and "password" in user.auth_types
    return attrs.evolve(user, password=given.get("password", password if signs_in else None))


def _roles(where: str, given: Mapping[str, Any], invented: User, accounts: list[Account]) -> dict[int, int]:
    own = dict(invented.roles)
    if "client_and_roles" in given:
        own = {}
        for entry in given["client_and_roles"]:
            role = int(entry["user_roles"][0]) if entry["user_roles"] and entry["user_roles"][0].isdecimal() else 0
            if role not in roles.NAMES:
                raise ValueError(f"{where}.client_and_roles: user_roles must hold the id of a role, as text")
            own[entry["client_id"]] = role
            if all(account.id != entry["client_id"] for account in accounts):
                accounts.append(new_account(entry["client_id"], entry["client_company_name"], None))
    if "groups" in given:
        group = roles.named(given["groups"][0]) if len(given["groups"]) == 1 else None
        if group is None:
            raise ValueError(f"{where}.groups must hold one role, by id or name")
        if "client_and_roles" in given and own.get(ACCOUNT_ID, group) != group:
            raise ValueError(f"{where}.groups and client_and_roles say different things")
        own = {ACCOUNT_ID: group, **{account: other for account, other in own.items() if account != ACCOUNT_ID}}
    if next(iter(own), None) != ACCOUNT_ID:
        raise ValueError(f"{where}.client_and_roles must begin with the fake's account, {ACCOUNT_ID}")
    return own
