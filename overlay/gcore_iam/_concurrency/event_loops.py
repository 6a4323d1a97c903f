"""Holds one value for each event loop, and closes it when the loop ends."""

from __future__ import annotations

import threading
from collections.abc import AsyncGenerator, Callable
from functools import cache
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar, cast
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from anyio.lowlevel import RunVar


class Closable(Protocol):
    """An object with connections to close."""

    def close(self) -> None:
        """Close the connections."""


class AsyncClosable(Protocol):
    """An object with connections to close in async code."""

    async def aclose(self) -> None:
        """Close the connections."""


C = TypeVar("C", bound=Closable)
A = TypeVar("A", bound=AsyncClosable)


class LoopLocal(Generic[C]):
    """Holds one value, because sync code has no event loops.

    Args:
        build: Builds the value when it is first needed.

    Attributes:
        value: The value; None before `open`.
    """

    def __init__(self, build: Callable[[], C]) -> None:
        self._build = build
        self._lock = threading.Lock()
        self.value: C | None = None

    def open(self) -> C:
        """Build the value, unless another thread has done so."""
        with self._lock:
            if self.value is None:
                self.value = self._build()
            return self.value

    def close(self) -> None:
        """Close the value."""
        value, self.value = self.value, None
        if value is not None:
            value.close()


class AsyncLoopLocal(Generic[A]):
    """Holds one value for each event loop, and closes it when that loop ends.

    `asyncio.run`, `anyio.run`, trio and pytest plugins end an event loop by closing its async generators
    (`shutdown_asyncgens`). One such generator closes the value. If a loop is closed in another way, its value is
    deleted with the loop, but not closed.

    Args:
        build: Builds the value of an event loop when it is first needed there.
    """

    def __init__(self, build: Callable[[], A]) -> None:
        self._build = build

    @property
    def value(self) -> A | None:
        """The value of the running event loop; None before `open`."""
        found = get_loop_values().get(self)
        return None if found is None else cast("A", found[0])

    async def open(self) -> A:
        """Build the value of the running event loop."""
        value = self._build()
        closer = _close_with_loop(value)
        get_loop_values()[self] = value, closer
        await anext(closer)
        return value

    async def aclose(self) -> None:
        """Close the value of the running event loop."""
        found = get_loop_values().pop(self, None)
        if found is not None:
            await found[1].aclose()


async def _close_with_loop(value: AsyncClosable) -> AsyncGenerator[None, None]:
    """Close the value when the event loop closes this generator."""
    import anyio

    try:
        yield
    finally:
        with anyio.CancelScope(shield=True):
            await value.aclose()


def get_loop_values() -> WeakKeyDictionary[Any, Any]:
    """Get the values of the running event loop: a dict from each owner, such as an `AsyncLoopLocal`, to its value."""
    variable = _get_run_var()
    try:
        return variable.get()
    except LookupError:
        variable.set(WeakKeyDictionary())
        return variable.get()


@cache
def _get_run_var() -> RunVar[WeakKeyDictionary[Any, Any]]:
    from anyio.lowlevel import RunVar

    return RunVar("gcore_iam_loop_values")
