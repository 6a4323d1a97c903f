"""httpx and `response.json()`, without models, retries, or errors other than httpx's."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import httpx

from . import KEY, LARGE_PAGE, PAGE, AsyncWork, Work, count_items, fetch_users, run_concurrently

HEADERS = {"Authorization": f"APIKey {KEY}"}


def get(url: str) -> Work:
    """One user."""
    client = httpx.Client(base_url=url, headers=HEADERS)

    def work() -> object:
        response = client.get("/iam/users/1")
        response.raise_for_status()
        return response.json()

    return work


def async_get(url: str) -> AsyncWork:
    """The same in async code."""
    client = httpx.AsyncClient(base_url=url, headers=HEADERS)

    async def work() -> object:
        response = await client.get("/iam/users/1")
        response.raise_for_status()
        return response.json()

    return work


def async_concurrent(url: str) -> AsyncWork:
    """Many at a time."""
    return run_concurrently(async_get(url))


def first_item(url: str) -> Work:
    """The first one of a list."""
    client = httpx.Client(base_url=url, headers=HEADERS)
    return lambda: next(_users(client, PAGE))


def walk(url: str, page: int = PAGE) -> Work:
    """Every user, page for page."""
    client = httpx.Client(base_url=url, headers=HEADERS)
    return count_items(lambda: _users(client, page))


stream: Callable[[str], Work] = partial(walk, page=LARGE_PAGE)


def keep(url: str) -> Work:
    """Every user, in a list."""
    client = httpx.Client(base_url=url, headers=HEADERS)
    return lambda: list(_users(client, LARGE_PAGE))


def loads(url: str) -> Work:
    """A thousand users as decoded JSON."""
    data = fetch_users(url)
    return lambda: json.loads(data)


def construct(url: str) -> Work:
    """One more client."""
    return lambda: httpx.Client(base_url=url)


def _users(client: httpx.Client, page_size: int) -> Iterator[dict[str, Any]]:
    offset = 0
    while True:
        page = client.get("/iam/users", params={"limit": page_size, "offset": offset}).json()
        yield from page["results"]
        offset += len(page["results"])
        if offset >= page["count"]:
            return
