"""Refuses to iterate over a pager in the way of the other kind of code."""

from __future__ import annotations

from typing import TYPE_CHECKING, NoReturn

from ..errors import ConfigurationError


class Guard:
    """For pagers of sync code."""

    if not TYPE_CHECKING:  # type checkers report a missing method

        def __aiter__(self) -> NoReturn:
            raise ConfigurationError("this is a pager for sync code: use `for`, or AsyncIAMClient and `async for`")


class AsyncGuard:
    """For pagers of async code."""

    if not TYPE_CHECKING:

        def __iter__(self) -> NoReturn:
            raise ConfigurationError("this is a pager for async code: use `async for`, or IAMClient in sync code")
