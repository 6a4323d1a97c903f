"""Builds the state that a fake starts with, from the arguments of `FakeIAM`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import attrs

from .clock import Clock
from .contract import Contract
from .read_only import thaw
from .roles import ADMINISTRATORS
from .seed import (
    ACCOUNT_ID,
    OWNER_ID,
    Record,
    generate_accounts,
    generate_logins,
    generate_users,
    user_of_other_account,
)
from .seed_records import require_records
from .seed_tokens import parse_key_id, parse_logins, parse_tokens, require_key
from .seed_users import parse_users
from .state import APIToken, State
from .validation import require_int, require_text

_MAX_GENERATED = 1_000_000
"""How many users or logins the fake generates. A slip of the hand could take all the memory of the machine."""


@attrs.frozen
class SeedOptions:
    """The arguments of `FakeIAM` that say what its state is at the start."""

    users: int | tuple[Mapping[str, Any], ...]
    api_key: str = attrs.field(repr=False)
    seed: int
    max_page_size: int
    password: str = attrs.field(repr=False)
    logins: int | tuple[Mapping[str, Any], ...]
    tokens: tuple[Mapping[str, Any], ...] = attrs.field(repr=False)

    @classmethod
    def check(
        cls,
        users: int | Iterable[Mapping[str, Any]],
        api_key: str,
        seed: int,
        max_page_size: int,
        password: str,
        logins: int | Iterable[Mapping[str, Any]],
        tokens: Iterable[Mapping[str, Any]],
    ) -> SeedOptions:
        """Check arguments, and copy the records among them, so that later edits change nothing."""
        require_int("seed", seed)
        require_int("max_page_size", max_page_size, minimum=1)
        require_key("api_key", api_key)
        require_text("password", password)
        return cls(
            _copy_or_number("users", users),
            api_key,
            seed,
            max_page_size,
            password,
            _copy_or_number("logins", logins),
            _copy_records("tokens", tokens, or_number=False),
        )


def build_state(options: SeedOptions, clock: Clock, contract: Contract) -> State:
    """Build the state that a fake starts with.

    Raises:
        TypeError: A record is not a mapping, or JSON has no form for a value.
        ValueError: A record contradicts the API's spec or the other records.
    """
    seed, password = options.seed, options.password
    accounts = generate_accounts(seed)
    if isinstance(options.users, int):
        users = generate_users(seed, options.users, password)
    else:
        users = parse_users(options.users, accounts, seed, password, contract)
    everybody = [*users, user_of_other_account(password)]
    state = State(seed, clock, contract, accounts, everybody, (), options.max_page_size)
    owner = users[0] if users else None
    now = clock.now()
    state.add_token(
        APIToken(
            id=parse_key_id(options.api_key) or 1,
            key=options.api_key,
            name="The fake's own",
            description=None,
            role=owner.roles[ACCOUNT_ID] if owner else ADMINISTRATORS,
            user_id=owner.id if owner else OWNER_ID,
            account_id=ACCOUNT_ID,
            created=now,
            exp_date=None,
            last_usage=now,
            outlives_user=True,
        )
    )
    for token in parse_tokens(options.tokens, state):
        state.add_token(token)
    if isinstance(options.logins, int):
        state.logins = generate_logins(seed, users, options.logins)
    else:
        state.logins = parse_logins(options.logins, state)
    return state


def _copy_or_number(name: str, value: Any) -> int | tuple[Record, ...]:
    if isinstance(value, int):
        require_int(name, value, minimum=0, maximum=_MAX_GENERATED)
        return value
    return _copy_records(name, value, or_number=True)


def _copy_records(name: str, value: Any, *, or_number: bool) -> tuple[Record, ...]:
    require_records(name, value, or_number=or_number)
    return tuple(thaw(record) for record in value)
