"""Ends an attempt at its deadline, and shields cleanup from cancellation.

anyio can cancel async code at each await. Sync code cannot be cancelled: a context variable holds its deadline, and
`blocking_io` clamps the timeout of every operation on a socket to the remaining time.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar

import httpx

DEADLINE: ContextVar[float | None] = ContextVar("gcore_iam_deadline", default=None)
"""The end of the current attempt, by `time.monotonic()`; None for no bound."""

_GRACE = 0.1
"""Seconds from the deadline to the cancellation in async code, so that a step can raise its own, clearer timeout."""


def remaining_seconds() -> float | None:
    """Return the seconds until the deadline of the current attempt, 0 or less after it; None without a deadline."""
    deadline = DEADLINE.get()
    return None if deadline is None else deadline - time.monotonic()


@contextmanager
def enforce_deadline(deadline: float | None) -> Iterator[None]:
    """Bound every socket operation of the `with` block.

    Args:
        deadline: The end, by `time.monotonic()`; None changes nothing.
    """
    token = DEADLINE.set(DEADLINE.get() if deadline is None else deadline)
    try:
        yield
    finally:
        DEADLINE.reset(token)


@contextmanager
def enforce_deadline_async(deadline: float | None) -> Iterator[None]:
    """Cancel the `with` block at a deadline, and raise httpx.ReadTimeout.

    Args:
        deadline: The end, by `time.monotonic()`; None changes nothing.
    """
    import anyio

    # anyio gets a number of seconds, because the clock of the event loop may differ from `time.monotonic`.
    seconds = None if deadline is None else max(0.0, deadline - time.monotonic()) + _GRACE
    with anyio.move_on_after(seconds) as scope:
        yield
    if scope.cancelled_caught:
        raise httpx.ReadTimeout("the deadline has passed")


def is_cancellation(error: BaseException) -> bool:  # noqa: ARG001 - the async function uses it
    """Return False: no exception cancels sync code."""
    return False


def is_cancellation_async(error: BaseException) -> bool:
    """Return whether an exception cancels the current task."""
    import anyio

    cancelled = anyio.get_cancelled_exc_class()
    if isinstance(error, BaseExceptionGroup):  # from anyio, which tries each address of a host in a task
        return error.split(cancelled)[1] is None
    return isinstance(error, cancelled)


def block_cancellation() -> AbstractContextManager[object]:
    """Return a context manager without effect: nothing cancels sync code."""
    return nullcontext()


def block_cancellation_async() -> AbstractContextManager[object]:
    """Return a context manager whose block is not cancelled."""
    import anyio

    return anyio.CancelScope(shield=True)
