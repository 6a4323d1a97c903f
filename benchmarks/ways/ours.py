"""This library with its default settings: credentials, retries and typed errors."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import httpx
from gcore_iam import AsyncIAMClient, IAMClient, models

from . import (
    KEY,
    LARGE_PAGE,
    PAGE,
    USERS,
    AsyncWork,
    UserPages,
    Work,
    count_items,
    fetch_decoded_users,
    run_concurrently,
)


def get(url: str) -> Work:
    """One user."""
    iam = IAMClient(KEY, base_url=url)
    return lambda: iam.users.get(1)


def async_get(url: str) -> AsyncWork:
    """The same in async code."""
    iam = AsyncIAMClient(KEY, base_url=url)

    async def work() -> models.UserPublic:
        return await iam.users.get(1)

    return work


def async_concurrent(url: str) -> AsyncWork:
    """Many at a time."""
    return run_concurrently(async_get(url))


def first_item(url: str) -> Work:
    """The first one of a list."""
    iam = IAMClient(KEY, base_url=url)
    return lambda: next(iter(iam.users.list(page_size=PAGE)))


def walk(url: str, prefetch: int = 1, page: int = PAGE) -> Work:
    """Every user, page for page."""
    iam = IAMClient(KEY, base_url=url)
    return count_items(lambda: iam.users.list(page_size=page, prefetch=prefetch))


walk_4: Callable[[str], Work] = partial(walk, prefetch=4)
walk_8: Callable[[str], Work] = partial(walk, prefetch=8)
stream: Callable[[str], Work] = partial(walk, page=LARGE_PAGE)
stream_ahead: Callable[[str], Work] = partial(walk, prefetch=4, page=LARGE_PAGE)


def stream_in_process(url: str, users: int) -> Work:
    """Many users from a transport in this process, which keeps none of the pages that it has served."""
    pages = UserPages(fetch_decoded_users(url), users)

    def respond(request: httpx.Request) -> httpx.Response:
        offset, limit = (int(request.url.params[name]) for name in ("offset", "limit"))
        return httpx.Response(200, content=pages.render(offset, limit), headers={"Content-Type": "application/json"})

    iam = IAMClient(KEY, http_client=httpx.Client(base_url=url, transport=httpx.MockTransport(respond)))
    return count_items(lambda: iam.users.list(page_size=LARGE_PAGE), users)


stream_100_000: Callable[[str], Work] = partial(stream_in_process, users=100_000)
stream_1_000_000: Callable[[str], Work] = partial(stream_in_process, users=1_000_000)


def async_walk(url: str, prefetch: int = 1) -> AsyncWork:
    """The same in async code."""
    iam = AsyncIAMClient(KEY, base_url=url)

    async def work() -> None:
        count = 0
        async for _ in iam.users.list(page_size=PAGE, prefetch=prefetch):
            count += 1
        assert count == USERS

    return work


def async_walk_4(url: str) -> AsyncWork:
    """Four pages at a time."""
    return async_walk(url, 4)


def async_walk_8(url: str) -> AsyncWork:
    """Eight pages at a time."""
    return async_walk(url, 8)


def keep(url: str) -> Work:
    """Every user, in a list."""
    iam = IAMClient(KEY, base_url=url)
    return lambda: list(iam.users.list(page_size=LARGE_PAGE))


def build(url: str) -> Work:
    """Models of a thousand users from decoded JSON."""
    data = fetch_decoded_users(url)
    return lambda: [models.User.from_dict(each) for each in data]


def unbuild(url: str) -> Work:
    """The JSON forms of a thousand users."""
    users = [models.User.from_dict(each) for each in fetch_decoded_users(url)]
    return lambda: [each.to_dict() for each in users]


def construct(url: str) -> Work:
    """One more client."""
    return lambda: IAMClient(KEY, base_url=url)
