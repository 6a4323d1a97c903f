"""Requests pages ahead of the caller of a pager."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Generic, TypeAlias, TypeVar

from .._concurrency.workers import AsyncRequestControl, AsyncWorkers
from ..errors import CallCancelled, IAMError, RateLimitError
from ..pagination.options import PageOptions, PageRequest, PageResponse
from ..pagination.prefetch_plan import PrefetchPlan
from ..pagination.walker import PageWalker

T = TypeVar("T")

Fetch: TypeAlias = Callable[[int, int], Awaitable[PageResponse[T]]]
"""Requests a page by offset and limit."""

Bind: TypeAlias = Callable[[AsyncRequestControl], Fetch[T]]
"""Builds a fetch whose calls a control can cancel and slow down."""


class AsyncPrefetch(Generic[T]):
    """Reads the pages of an iteration, and requests the following ones ahead of the caller.

    Args:
        bind: Builds a fetch whose calls a control can cancel and slow down.
        options: How many pages to request ahead, and how many bytes to hold.
    """

    def __init__(self, bind: Bind[T], options: PageOptions) -> None:
        self._bind = bind
        self._overlap = options.overlap
        self._plan: PrefetchPlan[AsyncRequestControl] = PrefetchPlan(options.prefetch, options.prefetch_bytes)
        self._workers = AsyncWorkers[PageResponse[T]]()
        self._fetch = bind(AsyncRequestControl(self._slow_down))

    async def read(self, request: PageRequest) -> PageResponse[T]:
        """Read a page: wait for it if it was requested ahead, else request it now.

        Raises:
            IAMError: The request failed.
        """
        plan = self._plan
        if request.offset in plan.in_flight and not request.is_fresh:
            sent, control = plan.in_flight[request.offset]
            try:
                response = await self._workers.get_result(control)
            except (IAMError, CallCancelled) as error:
                del plan.in_flight[request.offset]
                if isinstance(error, RateLimitError):
                    self._slow_down()
                elif not isinstance(error, CallCancelled):
                    raise  # after a 429 or a cancellation, the request is repeated below
            else:
                del plan.in_flight[request.offset]
                plan.record_response(sent, response, self._overlap)
                return response
        request = plan.shorten(request, self._overlap)
        _cancel(plan.free_slot())
        response = await self._fetch(request.offset, request.limit)
        plan.record_response(request, response, self._overlap)
        return response

    def request_ahead(self, walker: PageWalker[T]) -> None:
        """Request the next pages, and cancel requests for pages that are not needed any more."""
        requests, unwanted = self._plan.update(walker)
        _cancel(unwanted)
        for request in requests:
            control = AsyncRequestControl(self._slow_down, is_ahead=True)
            self._plan.in_flight[request.offset] = request, control
            self._workers.start(control, partial(self._bind(control), request.offset, request.limit))

    async def aclose(self) -> None:
        """Cancel all requests; in async code, wait for their end."""
        await self._workers.aclose()

    def cancel(self) -> None:
        """Cancel all requests, without waiting for their end. Any thread may call this."""
        self._workers.cancel()

    def _slow_down(self, source: AsyncRequestControl | None = None) -> None:
        """Request one page at a time after a 429. The request that got the 429 continues with a retry."""
        _cancel([control for control in self._plan.slow_down() if control is not source])


def _cancel(controls: Sequence[AsyncRequestControl]) -> None:
    for control in controls:
        control.cancel()
