"""Several ways of doing the same work, each in a module with the same functions: the cases.

A case prepares the work, and returns the function to measure, which may be a coroutine function.
"""

from __future__ import annotations

import asyncio
import json
import urllib.request
from collections.abc import Awaitable, Callable, Coroutine, Iterable
from typing import Any

USERS = 10_000
PAGE = 100
LARGE_PAGE = 1000
KEY = "42_benchmark"

UNTOUCHED = "untouched"
"""Name of the package with the unchanged output of openapi-python-client."""

Work = Callable[[], object]
AsyncWork = Callable[[], Awaitable[object]]

CONCURRENCY = 50
CALLS = 500


def fetch_users(url: str) -> bytes:
    """Fetch a JSON array of a thousand users."""
    with urllib.request.urlopen(f"{url}/iam/users?limit=1000&offset=0") as response:
        return json.dumps(json.load(response)["results"]).encode()


def fetch_decoded_users(url: str) -> list[dict[str, Any]]:
    """Fetch a thousand users, and decode their JSON."""
    data: list[dict[str, Any]] = json.loads(fetch_users(url))
    return data


class UserPages:
    """Renders pages of a long list of users with distinct ids.

    Args:
        users: Decoded users that are repeated under other ids.
        count: Length of the list.
    """

    def __init__(self, users: list[dict[str, Any]], count: int) -> None:
        self._count = count
        parts = (json.dumps(user).partition('"id": ') for user in users)
        self._parts = [(head + key, rest[rest.index(",") :]) for head, key, rest in parts]

    def render(self, offset: int, limit: int) -> bytes:
        """Build the JSON body of one page."""
        body = ", ".join(map(self.render_user, range(offset, min(offset + limit, self._count))))
        return f'{{"count": {self._count}, "next": null, "previous": null, "results": [{body}]}}'.encode()

    def render_user(self, index: int) -> str:
        """Build the JSON of one user."""
        head, rest = self._parts[index % len(self._parts)]
        return f"{head}{index + 1}{rest}"


def count_items(make: Callable[[], Iterable[object]], users: int | None = None) -> Work:
    """Build the work that reads all users, one by one, and checks their number."""

    def work() -> None:
        count = 0
        for _ in make():
            count += 1
        assert count == (USERS if users is None else users)

    return work


def run_concurrently(call: AsyncWork) -> Callable[[], Coroutine[Any, Any, None]]:
    """Build the work that makes `CALLS` calls, `CONCURRENCY` at a time."""

    async def work() -> None:
        calls = iter(range(CALLS))

        async def call_in_turn() -> None:
            for _ in calls:
                await call()

        await asyncio.gather(*(call_in_turn() for _ in range(CONCURRENCY)))

    return work
