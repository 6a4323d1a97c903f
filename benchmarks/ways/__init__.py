"""The same work in several ways, each a module with the same functions.

A function makes ready and gives what is to be measured, a plain function or one that is to be awaited.
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
"""Name of the package that openapi-python-client makes when it is left alone."""

Work = Callable[[], object]
AsyncWork = Callable[[], Awaitable[object]]

CONCURRENCY = 50
CALLS = 500


def users(url: str) -> bytes:
    """A JSON array of a thousand users."""
    with urllib.request.urlopen(f"{url}/iam/users?limit=1000&offset=0") as answer:
        return json.dumps(json.load(answer)["results"]).encode()


def decoded(url: str) -> list[dict[str, Any]]:
    """A thousand users as decoded JSON."""
    data: list[dict[str, Any]] = json.loads(users(url))
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


def counted(make: Callable[[], Iterable[object]], users: int | None = None) -> Work:
    """Reads all users, one by one, and checks their number."""

    def work() -> None:
        count = 0
        for _ in make():
            count += 1
        assert count == (USERS if users is None else users)

    return work


def concurrently(call: AsyncWork) -> Callable[[], Coroutine[Any, Any, None]]:
    """So many calls, so many at a time."""

    async def work() -> None:
        calls = iter(range(CALLS))

        async def one_after_the_other() -> None:
            for _ in calls:
                await call()

        await asyncio.gather(*(one_after_the_other() for _ in range(CONCURRENCY)))

    return work
