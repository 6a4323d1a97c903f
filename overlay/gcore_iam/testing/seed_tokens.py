"""Parses the API tokens and the logins that a test seeds, in the API's form, and fills in what they leave out."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from dateutil.parser import isoparse
from jsonschema_rs import Draft202012Validator

from . import roles
from .schemas import Schema, Schemas
from .seed import ACCOUNT_ID, AUTH_TYPES_IN_LOG, Login, Record, User, derive_key
from .seed_records import LARGEST_ID, parse_record, require_unique
from .state import APIToken, State
from .validation import require_int, require_type


def parse_tokens(tokens: Iterable[Mapping[str, Any]], state: State) -> list[APIToken]:
    """Parse the API tokens that a test seeds.

    A token that does not say otherwise belongs to the first user of the fake's account, has this user's role, does not
    expire, and has a key that the fake generates.

    Args:
        tokens: Mappings in the API's form (schema TokenResponse) in which anything may be left out, at any depth, with
            `token`: the key.
        state: The state with the users and the tokens that exist already.

    Raises:
        TypeError: A token is not a mapping, or JSON has no form for a value.
        ValueError: A token contradicts the API's spec or the users, or two have the same id or key. No message shows
            a key.
    """
    given = list(tokens)
    taken = {*state.tokens, *(token.get("id") for token in given if isinstance(token, Mapping))}
    free = (number for number in range(1, LARGEST_ID) if number not in taken)
    schemas = state.contract.find_schemas("TokenResponse")
    validator = schemas.remember("token", schemas.get_schema("TokenResponse"), partial(_build_token_validator, schemas))
    parsed: list[APIToken] = []
    for index, token in enumerate(given):
        place = f"tokens[{index}]"
        record = parse_record(place, token, schemas, "TokenResponse", validator, additional="token")
        key = record.get("token")
        if "token" in record:
            require_key(f"{place}.token", key)
        token_id = record.get("id")
        if token_id is None:
            spelled = parse_key_id(key) if key else None
            token_id = spelled if spelled and spelled not in taken else next(free)
            taken.add(token_id)
        parsed.append(_parse_token(place, record, token_id, key, state))
    for index, one in enumerate(parsed):
        if one.id in state.tokens or state.has_key(one.key):
            raise ValueError(
                f"tokens[{index}] has the id or the key of the fake's own API key, {next(iter(state.tokens))}; "
                "choose another one, or another api_key"
            )
    require_unique("tokens", {"id": [one.id for one in parsed], "token": [one.key for one in parsed]})
    return parsed


def _parse_token(place: str, record: Record, token_id: int, key: str | None, state: State) -> APIToken:
    require_int(f"{place}.id", token_id, minimum=1, maximum=LARGEST_ID)
    owner = record.get("client_user", {})
    account_id = owner.get("client_id", ACCOUNT_ID)
    user = _find_user(f"{place}.client_user.user_id", owner.get("user_id"), account_id, state)
    for name, value in (("user_name", user.name or ""), ("user_email", user.email)):
        if owner.get(name, value) != value:
            raise ValueError(f"{place}.client_user.{name} follows from user_id; leave it out")
    role = roles.find_role(owner["role"]) if owner.get("role") else user.roles[account_id]
    if role is None:
        raise ValueError(f"{place}.client_user.role must be one role, by id or name")
    now = state.clock.now()
    times = {name: _parse_time(f"{place}.{name}", record.get(name)) for name in ("exp_date", "created", "last_usage")}
    token = APIToken(
        id=token_id,
        key=key or f"{token_id}_{derive_key(state.seed, f'seeded token {token_id}').hex()}",
        name=record.get("name", f"Token {token_id}"),
        description=record.get("description"),
        role=role,
        user_id=user.id,
        account_id=account_id,
        created=times["created"] or now,
        exp_date=times["exp_date"],
        last_usage=times["last_usage"] or times["created"] or now,
        is_deleted=record.get("deleted", False) or owner.get("deleted", False),
    )
    is_expired = state.is_expired(token)
    if record.get("expired", is_expired) != is_expired:
        raise ValueError(f"{place}.expired follows from exp_date; leave it out")
    return token


def parse_logins(logins: Iterable[Mapping[str, Any]], state: State) -> list[Login]:
    """Parse the past logins that a test seeds, the latest first.

    A login that does not say otherwise is a successful one with a password, of the first user of the fake's account,
    one hour before the previous one in the list; the first one is an hour ago.

    Args:
        logins: Mappings in the API's form (schema LastLoginTimeItem) in which anything may be left out.
        state: The state with the users.

    Raises:
        TypeError: A login is not a mapping, or JSON has no form for a value.
        ValueError: A login contradicts the API's spec or the users.
    """
    parsed: list[Login] = []
    moment = state.clock.now()
    schemas = state.contract.find_schemas("LastLoginTimeItem")
    validator = schemas.get_partial_validator("LastLoginTimeItem")
    for index, login in enumerate(logins):
        place = f"logins[{index}]"
        record = parse_record(place, login, schemas, "LastLoginTimeItem", validator)
        account_id = record.get("id", ACCOUNT_ID)
        user = _find_user(f"{place}.user", record.get("user"), account_id, state)
        moment = _parse_time(f"{place}.login_at", record.get("login_at")) or moment - timedelta(hours=1)
        parsed.append(
            Login(
                account_id=account_id,
                user_id=user.id,
                at=moment,
                ip_address=record.get("ip_address", "192.0.2.1"),
                user_agent=record.get("user_agent", "example-browser/1.0"),
                auth_type=record.get("auth_type", AUTH_TYPES_IN_LOG["password"]),
                is_successful=record.get("is_successful", True),
            )
        )
    return parsed


def require_key(name: str, value: Any) -> None:
    """Raise unless a value can be an API key. No message shows it: it may be a real key, put here by mistake."""
    require_type(name, value, str, "a string")
    if not re.fullmatch(r"[!-~]+", value):
        raise ValueError(f"{name} must be one or more visible ASCII characters, without whitespace")


def parse_key_id(key: str) -> int | None:
    """Return the id of the token that a key names, as in `42_a1b2`; None if it names none."""
    match = re.match(r"([0-9]{1,9})[_$]", key)
    return int(match[1]) or None if match else None


def _build_token_validator(schemas: Schemas, token: Schema) -> Draft202012Validator:
    """Build the validator of a token in which properties may be left out, those of its user too."""
    properties = schemas.collect_properties(token)
    owner = {"client_user": schemas.drop_required(properties["client_user"])}
    return schemas.build_validator({"type": "object", "properties": properties | owner})


def _find_user(place: str, user_id: int | None, account_id: int, state: State) -> User:
    """Return the user with an id, or the first user of an account if there is no id."""
    members: Sequence[User] = state.list_members(account_id)
    if account_id not in state.accounts:
        raise ValueError(f"{place}: there is no account {account_id}; the accounts are {[*state.accounts]}")
    user = next((user for user in members if user_id in (None, user.id)), None)
    if user is None:
        missing = "has no users" if user_id is None else f"has no user {user_id}"
        raise ValueError(f"{place}: account {account_id} {missing}")
    return user


def _parse_time(place: str, text: str | None) -> datetime | None:
    try:
        return None if text is None else isoparse(text).astimezone(UTC)
    except (ValueError, OverflowError):
        raise ValueError(f"{place} must be a time that the calendar has, in UTC, up to the year 9999") from None
