"""Tells those who take a pager for one of the other kind of code."""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import TYPE_CHECKING, NoReturn

from ..errors import ConfigurationError

_HERE = "use AsyncIAMClient here and `async for`, or iterate in a thread of its own"


class Guard:
    """For pagers of sync code."""

    if not TYPE_CHECKING:  # type checkers know that there is none

        def __aiter__(self) -> NoReturn:
            raise ConfigurationError(f"this is a pager for sync code: {_HERE}")

    def _refuse_elsewhere(self) -> None:
        """Raise ConfigurationError in async code, whose event loop would stand still."""
        if _is_async() and "ipykernel" not in sys.modules:  # a notebook's cells run in a loop, and may block it
            raise ConfigurationError(f"this pager would block the event loop that it is iterated in: {_HERE}")


class AsyncGuard:
    """For pagers of async code."""

    if not TYPE_CHECKING:

        def __iter__(self) -> NoReturn:
            raise ConfigurationError("this is a pager for async code: use `async for`, or IAMClient in sync code")

    def _refuse_elsewhere(self) -> None:
        """Nothing to refuse: without an event loop nobody comes here."""


def _is_async() -> bool:
    asyncio, trio = sys.modules.get("asyncio"), sys.modules.get("trio")  # one that is not loaded does not run
    if asyncio is not None:
        with suppress(RuntimeError):
            asyncio.get_running_loop()
            return True
    return trio is not None and trio.lowlevel.in_trio_run()
