"""The official SDK, `gcore`."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import gcore
from gcore._models import construct_type
from gcore.types.iam import User

from . import KEY, LARGE_PAGE, PAGE, AsyncWork, Work, count_items, fetch_decoded_users, run_concurrently


def get(url: str) -> Work:
    """One user."""
    client = gcore.Gcore(api_key=KEY, base_url=url)
    return lambda: client.iam.users.get(user_id=1)


def async_get(url: str) -> AsyncWork:
    """The same in async code."""
    client = gcore.AsyncGcore(api_key=KEY, base_url=url)

    async def work() -> object:
        return await client.iam.users.get(user_id=1)

    return work


def async_concurrent(url: str) -> AsyncWork:
    """Many at a time."""
    return run_concurrently(async_get(url))


def first_item(url: str) -> Work:
    """The first one of a list."""
    client = gcore.Gcore(api_key=KEY, base_url=url)
    return lambda: next(iter(client.iam.users.list(limit=PAGE)))


def walk(url: str, page: int = PAGE) -> Work:
    """Every user, page for page."""
    client = gcore.Gcore(api_key=KEY, base_url=url)
    return count_items(lambda: client.iam.users.list(limit=page))


stream: Callable[[str], Work] = partial(walk, page=LARGE_PAGE)


def keep(url: str) -> Work:
    """Every user, in a list."""
    client = gcore.Gcore(api_key=KEY, base_url=url)
    return lambda: list(client.iam.users.list(limit=LARGE_PAGE))


def build(url: str) -> Work:
    """Models of a thousand users from decoded JSON."""
    data = fetch_decoded_users(url)
    return lambda: construct_type(value=data, type_=list[User])


def construct(url: str) -> Work:
    """One more client."""
    return lambda: gcore.Gcore(api_key=KEY, base_url=url)
