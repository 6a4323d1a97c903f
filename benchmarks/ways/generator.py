"""The unchanged output of openapi-python-client for the spec.

It is generated outside the project, so a type checker does not know it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from importlib import import_module
from typing import Any

from . import KEY, LARGE_PAGE, PAGE, UNTOUCHED, AsyncWork, Work, count_items, fetch_decoded_users, run_concurrently

_get_user: Any = import_module(f"{UNTOUCHED}.api.users.iam_get_user")
_get_users: Any = import_module(f"{UNTOUCHED}.api.users.iam_get_users")
_models: Any = import_module(f"{UNTOUCHED}.models")


def get(url: str) -> Work:
    """One user."""
    client = _client(url)
    return lambda: _get_user.sync(1, client=client)


def async_get(url: str) -> AsyncWork:
    """The same in async code."""
    client = _client(url)

    async def work() -> object:
        return await _get_user.asyncio(1, client=client)

    return work


def async_concurrent(url: str) -> AsyncWork:
    """Many at a time."""
    return run_concurrently(async_get(url))


def first_item(url: str) -> Work:
    """The first one of a list."""
    client = _client(url)
    return lambda: next(_users(client, PAGE))


def walk(url: str, page: int = PAGE) -> Work:
    """Every user, page for page."""
    client = _client(url)
    return count_items(lambda: _users(client, page))


stream: Callable[[str], Work] = partial(walk, page=LARGE_PAGE)


def keep(url: str) -> Work:
    """Every user, in a list."""
    client = _client(url)
    return lambda: list(_users(client, LARGE_PAGE))


def build(url: str) -> Work:
    """Models of a thousand users from decoded JSON."""
    data = fetch_decoded_users(url)
    return lambda: [_models.User.from_dict(each) for each in data]


def unbuild(url: str) -> Work:
    """The JSON forms of a thousand users."""
    users = [_models.User.from_dict(each) for each in fetch_decoded_users(url)]
    return lambda: [each.to_dict() for each in users]


def construct(url: str) -> Work:
    """One more client, and its connections."""
    return lambda: _client(url).get_httpx_client()


def _client(url: str) -> Any:
    client = import_module(f"{UNTOUCHED}.client")
    return client.AuthenticatedClient(base_url=url, token=KEY, prefix="APIKey")


def _users(client: Any, page_size: int) -> Iterator[Any]:
    offset = 0
    while True:
        page = _get_users.sync(client=client, limit=page_size, offset=offset)
        yield from page.results
        offset += len(page.results)
        if offset >= page.count:
            return
