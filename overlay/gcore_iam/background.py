"""Requests that are made ahead of their reader: in threads for sync code, in tasks for async code.

What is no longer wanted is cancelled, and none of it outlives the one who asked. Tasks can be cancelled anywhere. A
thread cannot: it gives up where it would wait for a retry, and its connection is cut where it waits for an answer.
"""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from contextvars import ContextVar, copy_context
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    import anyio
    import httpx

T = TypeVar("T")

_AGAIN = 0.02
"""Seconds after which a thread that goes on is told again to give up: it may not have been connected yet."""


class Cancelled(BaseException):
    """The work of a job is no longer wanted. Never seen outside of it."""


_LIMITED: ContextVar[Callable[[], object] | None] = ContextVar("gcore_iam_limited", default=None)
"""Called when the server says that there are too many requests."""

_JOB: ContextVar[Job[Any] | None] = ContextVar("gcore_iam_job", default=None)
"""The job that this is done for."""


@contextmanager
def telling(limited: Callable[[], object]) -> Iterator[None]:
    """Have a function called when the server says meanwhile that there are too many requests."""
    token = _LIMITED.set(limited)
    try:
        yield
    finally:
        _LIMITED.reset(token)


def limited() -> None:
    """Tell whoever wants to know that the server says that there are too many requests."""
    tell = _LIMITED.get()
    if tell is not None:
        tell()


class Job(Generic[T]):
    """Something that is done ahead of its reader.

    Args:
        limited: Called, in whatever thread, when the server says that there are too many requests.
    """

    def __init__(self, limited: Callable[[], object]) -> None:
        self._limited = limited
        self._cancelled = threading.Event()
        self._cut: Callable[[], object] | None = None
        self.future: Future[T] = Future()

    @contextmanager
    def doing(self) -> Iterator[None]:
        """What happens meanwhile belongs to the job."""
        token = _JOB.set(self)
        try:
            with telling(self._limited):
                yield
        finally:
            _JOB.reset(token)

    def cancel(self) -> None:
        """Say that it is no longer wanted; from any thread."""
        self._cancelled.set()
        cut = self._cut
        if cut is not None:
            cut()

    def check(self) -> None:
        """Raise Cancelled when it is no longer wanted."""
        if self._cancelled.is_set():
            raise Cancelled

    def sleep(self, seconds: float) -> None:
        """Let time pass, unless it is no longer wanted."""
        self._cancelled.wait(seconds)
        self.check()

    @contextmanager
    def cut_by(self, cut: Callable[[], object]) -> Iterator[None]:
        """Have a function called when it is cancelled meanwhile; what fails then is no failure."""
        self._cut = cut
        try:
            self.check()
            yield
        except Exception:
            self.check()
            raise
        finally:
            self._cut = None


def pause(seconds: float) -> None:
    """Let time pass, as long as it is wanted."""
    job = _JOB.get()
    (time.sleep if job is None else job.sleep)(seconds)


def cuttable(client: httpx.Client | httpx.AsyncClient, request: httpx.Request) -> AbstractContextManager[None]:
    """Cut the connection of a request when its job is cancelled in the `with` block."""
    job = _JOB.get()
    return nullcontext() if job is None else job.cut_by(lambda: _cut(client, request))


def _cut(client: httpx.Client | httpx.AsyncClient, request: httpx.Request) -> None:
    """End the connection that a request of another thread waits on.

    Neither httpx nor httpcore can do that, so this looks for the socket where version 1 of httpcore has it. Where it is
    not there, as with HTTP/2, or a transport of somebody else's, the request goes on to its end.
    """
    transports: list[Any] = [client._transport, *client._mounts.values()]
    with suppress(AttributeError, TypeError, OSError):
        for pool in (transport._pool for transport in transports if hasattr(transport, "_pool")):
            # Within the pool's lock, so that the connection cannot become another request's meanwhile.
            with pool._optional_thread_lock:
                for waiting in pool._requests:
                    if waiting.request.extensions is not request.extensions or waiting.connection is None:
                        continue
                    # One whose answer has come may be another request's already.
                    if [other.connection for other in pool._requests].count(waiting.connection) == 1:
                        stream = waiting.connection._connection._network_stream
                        # Not `SSLSocket.shutdown`, which would also take the TLS state from under the reading thread.
                        socket.socket.shutdown(stream.get_extra_info("socket"), socket.SHUT_RDWR)


# --- sync code -----------------------------------------------------------------------------------------------------


class Background:
    """Does jobs in threads.

    Args:
        most: How many at once.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._threads: ThreadPoolExecutor | None = None
        self._jobs: list[Job[Any]] = []

    def start(self, job: Job[T], work: Callable[[], T]) -> None:
        """Begin."""

        def run() -> T:
            with job.doing():
                job.check()
                return work()

        if self._threads is None:
            self._threads = ThreadPoolExecutor(self._most, thread_name_prefix="gcore-iam-prefetch")
        self._jobs.append(job)
        job.future = self._threads.submit(copy_context().run, run)

    def result(self, job: Job[T]) -> T:
        """What a job gives, once it is done.

        Raises:
            Cancelled: It has been cancelled.
        """
        try:
            return job.future.result()
        except CancelledError:
            raise Cancelled from None
        finally:
            self._forget()

    def give_up(self, jobs: Sequence[Job[Any]]) -> None:
        """Cancel jobs, without waiting for their ends."""
        for job in jobs:
            job.cancel()
            job.future.cancel()
        self._forget()

    def close(self) -> None:
        """Cancel all that goes on, and wait for its end."""
        self.give_up(self._jobs)
        while self._jobs:
            wait([job.future for job in self._jobs], timeout=_AGAIN)
            self.give_up(self._jobs)
        if self._threads is not None:
            self._threads.shutdown()

    abandon = close
    """An iterator that is deleted waits as well: nobody else would do away with the threads."""

    def _forget(self) -> None:
        self._jobs = [job for job in self._jobs if not job.future.done()]


# --- async code ----------------------------------------------------------------------------------------------------


class AsyncBackground:
    """Does jobs in tasks.

    The tasks belong to the event loop and not to a task group: an iterator cannot hold one open across its steps. It
    cancels them instead, at the latest when it is deleted, from whatever thread that happens in.

    Args:
        most: How many at once.
    """

    def __init__(self, most: int) -> None:
        del most  # as many as are started
        self._running: dict[Job[Any], tuple[Callable[[], object], anyio.Event]] = {}

    def start(self, job: Job[T], work: Callable[[], Awaitable[T]]) -> None:
        """Begin."""
        import anyio

        done, running = anyio.Event(), self._running  # not `self`, which is deleted to end this

        async def run() -> None:
            try:
                with job.doing():
                    job.future.set_result(await work())
            except Exception as error:  # noqa: BLE001 - for the reader
                job.future.set_exception(error)
            end()  # now, not when the event loop comes round: other pages are read in between

        def end() -> None:
            job.future.cancel()  # unless there is a result
            running.pop(job, None)
            done.set()

        self._running[job] = _spawned(run, end), done

    async def result(self, job: Job[T]) -> T:
        """What a job gives, once it is done.

        Raises:
            Cancelled: It has been cancelled.
        """
        if job in self._running:
            await self._running[job][1].wait()
        if job.future.cancelled():
            raise Cancelled
        return job.future.result()

    def give_up(self, jobs: Sequence[Job[Any]]) -> None:
        """Cancel jobs, without waiting for their ends."""
        for job in jobs:
            if job in self._running:
                self._running[job][0]()

    async def aclose(self) -> None:
        """Cancel all that goes on, and wait for its end."""
        self.abandon()
        for _, done in list(self._running.values()):
            await done.wait()

    def abandon(self) -> None:
        """Cancel all that goes on, without waiting for its end."""
        self.give_up(list(self._running))


def _spawned(run: Callable[[], Coroutine[Any, Any, None]], end: Callable[[], None]) -> Callable[[], object]:
    """Begin a task of the running event loop; gives what cancels it, from any thread."""
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        return _spawned_in_trio(run, end)
    task = loop.create_task(run())
    task.add_done_callback(lambda _: end())

    def cancel() -> None:
        with suppress(RuntimeError):  # the loop is closed
            loop.call_soon_threadsafe(task.cancel)

    return cancel


def _spawned_in_trio(run: Callable[[], Awaitable[None]], end: Callable[[], None]) -> Callable[[], object]:
    import trio

    scope, token = trio.CancelScope(), trio.lowlevel.current_trio_token()

    async def scoped() -> None:
        try:
            with scope:
                await run()
        finally:
            end()

    trio.lowlevel.spawn_system_task(scoped, context=copy_context())

    def cancel() -> None:
        with suppress(trio.RunFinishedError):
            token.run_sync_soon(scope.cancel)

    return cancel
