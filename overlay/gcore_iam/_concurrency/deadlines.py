"""Ends an attempt at its deadline, and lets clean-up finish.

Async code is cancelled by anyio, wherever it waits. Sync code cannot be: there the deadline is kept in a context
variable, and `_blocking_io` clamps every operation on a socket to what is left of it.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar

import httpx

DEADLINE: ContextVar[float | None] = ContextVar("gcore_iam_deadline", default=None)
"""When the attempt that runs here must end, by `time.monotonic()`; None for no bound."""

_GRACE = 0.1
"""Seconds that async code gets beyond the deadline: the timeout of a single step ends it first, and names the step."""


def remaining_seconds() -> float | None:
    """Return the seconds until the deadline of the attempt that runs here, 0 or less after it; None without one."""
    deadline = DEADLINE.get()
    return None if deadline is None else deadline - time.monotonic()


def enforce_deadline(deadline: float | None) -> AbstractContextManager[None]:
    """Bound every socket operation of the `with` block.

    Args:
        deadline: The end, by `time.monotonic()`; None leaves everything as it is.
    """
    return nullcontext() if deadline is None else _set_deadline(deadline)


def enforce_deadline_async(deadline: float | None) -> AbstractContextManager[None]:
    """Cancel the `with` block at a deadline, and raise httpx.ReadTimeout in its place."""
    return nullcontext() if deadline is None else _cancel_at(deadline)


@contextmanager
def _set_deadline(deadline: float) -> Iterator[None]:
    token = DEADLINE.set(deadline)
    try:
        yield
    finally:
        DEADLINE.reset(token)


@contextmanager
def _cancel_at(deadline: float) -> Iterator[None]:
    import anyio

    # The clock of the event loop may be another one: only the seconds that are left mean the same there.
    with anyio.move_on_after(max(0.0, deadline - time.monotonic()) + _GRACE) as scope:
        yield
    if scope.cancelled_caught:
        raise httpx.ReadTimeout("the deadline has passed")


def is_cancellation(error: BaseException) -> bool:  # noqa: ARG001 - the async function uses it
    """Return whether an exception cancels the task that runs here: none does in sync code."""
    return False


def is_cancellation_async(error: BaseException) -> bool:
    """Return whether an exception cancels the task that runs here."""
    import anyio

    return isinstance(error, anyio.get_cancelled_exc_class())


def shield() -> AbstractContextManager[object]:
    """Return a context manager without effect: nothing cancels sync code."""
    return nullcontext()


def shield_async() -> AbstractContextManager[object]:
    """Let the `with` block finish although the task that runs it is cancelled."""
    import anyio

    return anyio.CancelScope(shield=True)
