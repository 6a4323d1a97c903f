"""Requests pages ahead of the reader of a pager."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Generic, TypeAlias, TypeVar

from .._concurrency import AsyncRequestControl, AsyncWorkers
from ..errors import CallCancelled, IAMError, RateLimitError
from ..pagination.ahead import Ahead
from ..pagination.pages import Received, Wanted, Window
from ..pagination.walk import Walk

T = TypeVar("T")

Fetch: TypeAlias = Callable[[int, int], Awaitable[Received[T]]]
"""Requests the items from an offset on, up to a limit."""

Bind: TypeAlias = Callable[[AsyncRequestControl], Fetch[T]]
"""Builds a fetch whose calls obey a control."""


class AsyncPrefetch(Generic[T]):
    """The pages that an iteration reads, and those that it requests ahead.

    Args:
        bind: Builds a fetch whose calls obey a control.
        window: How many pages to request ahead, and how many bytes to hold.
    """

    def __init__(self, bind: Bind[T], window: Window) -> None:
        self._bind = bind
        self._overlap = window.overlap
        self._plan: Ahead[AsyncRequestControl] = Ahead(window.prefetch, window.prefetch_bytes)
        self._workers = AsyncWorkers[Received[T]]()
        self._fetch = bind(AsyncRequestControl(self._slow_down))

    async def read(self, wanted: Wanted) -> Received[T]:
        """Read a page: wait for it if it was requested ahead, else request it now.

        Raises:
            IAMError: The request failed.
        """
        plan = self._plan
        if wanted.offset in plan.asked:
            asked, control = plan.asked[wanted.offset]
            try:
                received = await self._workers.get_result(control)
            except CallCancelled:
                del plan.asked[wanted.offset]
            except RateLimitError:  # once more, without other requests beside it
                del plan.asked[wanted.offset]
                self._slow_down()
            except IAMError:
                del plan.asked[wanted.offset]
                raise
            else:
                del plan.asked[wanted.offset]
                plan.note(asked, received, self._overlap)
                return received
        wanted = plan.limit(wanted, self._overlap)
        _cancel(plan.make_room())
        received = await self._fetch(wanted.offset, wanted.limit)
        plan.note(wanted, received, self._overlap)
        return received

    def request_ahead(self, walk: Walk[T]) -> None:
        """Request the pages that come next, and cancel those that do not fit any more."""
        wanted, unwanted = self._plan.plan(walk)
        _cancel(unwanted)
        for one in wanted:
            control = self._workers.build_control(self._slow_down)
            self._plan.asked[one.offset] = one, control
            self._workers.start(control, partial(self._bind(control), one.offset, one.limit))

    async def aclose(self) -> None:
        """Cancel what is in flight; in async code wait for its end."""
        await self._workers.aclose()

    def cancel(self) -> None:
        """Cancel what is in flight, without waiting; from any thread."""
        self._workers.cancel()

    def _slow_down(self, refused: AsyncRequestControl | None = None) -> None:
        """Request one page at a time after a 429. The refused request goes on: it knows how long to wait."""
        _cancel([control for control in self._plan.slow_down() if control is not refused])


def _cancel(controls: Sequence[AsyncRequestControl]) -> None:
    for control in controls:
        control.cancel()
