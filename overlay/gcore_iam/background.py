"""Requests that are made ahead of their reader: in threads for sync code, in tasks for async code.

What is no longer wanted is cancelled, and none of it outlives the one who asked. Tasks can be cancelled anywhere. A
thread cannot: it gives up where it would wait for a retry, and its connection is cut where it waits for an answer.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from contextvars import ContextVar, copy_context
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, TypeVar

if TYPE_CHECKING:
    from concurrent.futures import Future
    from queue import SimpleQueue

    import anyio
    import httpx

T = TypeVar("T")

_AGAIN = 0.02
"""Seconds after which a thread that goes on is told again to give up: it may not have been connected yet."""

_PATIENCE = 2.0
"""Seconds that are waited for threads whose connections cannot be cut; later they end by themselves.

Bounded also because it may be Python's garbage collector that deletes an iterator, in whatever thread, within whatever
lock; for the same reason nothing on that way takes a lock without giving up.
"""


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
        limited: Called with it, in whatever thread, when the server says that there are too many requests.
    """

    def __init__(self, limited: Callable[[Job[T]], object]) -> None:
        from concurrent.futures import Future

        self._limited = limited
        self._cut: Callable[[], object] | None = None
        self.is_cancelled = False
        self.future: Future[T] = Future()
        self.is_sending = False
        self.turn: anyio.Semaphore | None = None
        self.has_turn = False

    def end_turn(self) -> None:
        """Let the next one read its answer."""
        if self.turn is not None and self.has_turn:
            self.has_turn = False
            self.turn.release()

    @contextmanager
    def doing(self) -> Iterator[None]:
        """What happens meanwhile belongs to the job."""
        token = _JOB.set(self)
        try:
            with telling(lambda: self._limited(self)):
                yield
        finally:
            _JOB.reset(token)

    def cancel(self) -> None:
        """Say that it is no longer wanted; from any thread, and as often as one likes."""
        self.is_cancelled = True
        cut = self._cut
        if cut is not None:
            cut()

    def check(self) -> None:
        """Raise Cancelled when it is no longer wanted."""
        if self.is_cancelled:
            raise Cancelled

    def sleep(self, seconds: float) -> None:
        """Let time pass, unless it is no longer wanted."""
        end = time.monotonic() + seconds
        while (rest := end - time.monotonic()) > 0:
            self.check()
            time.sleep(min(rest, _AGAIN))
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


@contextmanager
def undisturbed() -> Iterator[None]:
    """What happens meanwhile is done to its end, whoever has lost interest in it."""
    token = _JOB.set(None)
    try:
        yield
    finally:
        _JOB.reset(token)


def pause(seconds: float) -> None:
    """Let time pass, as long as it is wanted."""
    job = _JOB.get()
    (time.sleep if job is None else job.sleep)(seconds)


@contextmanager
def sending() -> Iterator[Job[Any] | None]:
    """What is sent meanwhile, and the job that it is for; None for what has to be sent on the way, such as a login."""
    job = _JOB.get()
    if job is None or job.is_sending:
        yield None
        return
    job.is_sending = True
    try:
        yield job
    finally:
        job.is_sending = False


async def turn_async(job: Job[Any]) -> None:
    """Wait until no other job of the same reader reads an answer.

    Answers that come at once would all be read before the reader has the first one and asks for more, and meanwhile the
    network would stand still: of 100 pages, 8 at a time, that was a seventh of the time.
    """
    if job.turn is not None and not job.has_turn:
        await job.turn.acquire()
        job.has_turn = True
        if job.future.done():  # nobody else would end it
            job.end_turn()


def turn(job: Job[Any]) -> None:
    """Nothing to wait for: threads take turns with their reader by themselves."""


def cuttable(client: object, request: httpx.Request) -> AbstractContextManager[None]:
    """Cut the connection of a request when its job is cancelled in the `with` block."""
    job = _JOB.get()
    return nullcontext() if job is None else job.cut_by(lambda: _cut(client, request))


def _cut(client: Any, request: httpx.Request) -> None:
    """End the connection that a request of another thread waits on.

    Neither httpx nor httpcore can do that, so this looks for the socket where version 1 of httpcore has it. Where it is
    not there, as with HTTP/2, or a transport of somebody else's, the request goes on to its end.
    """
    with suppress(AttributeError, TypeError, OSError):
        transports: list[Any] = [client._transport, *getattr(client, "_mounts", {}).values()]
        transports += [pool for transport in transports for pool in getattr(transport, "pools", ())]
        for pool in (transport._pool for transport in transports if hasattr(transport, "_pool")):
            # Within the pool's lock, so that the connection cannot become another request's meanwhile.
            lock = pool._optional_thread_lock._lock
            if lock.acquire(blocking=False):
                try:
                    _cut_in(pool, request)
                finally:
                    lock.release()


def _cut_in(pool: Any, request: httpx.Request) -> None:
    for waiting in pool._requests:
        if waiting.request.extensions is not request.extensions or waiting.connection is None:
            continue
        connection = waiting.connection._connection
        # One whose answer has come is idle, and may be another request's already.
        is_alone = [other.connection for other in pool._requests].count(waiting.connection) == 1
        if is_alone and connection._state.name == "ACTIVE":
            # Not `SSLSocket.shutdown`, which would also take the TLS state from under the reading thread.
            socket.socket.shutdown(connection._network_stream.get_extra_info("socket"), socket.SHUT_RDWR)


# --- sync code -----------------------------------------------------------------------------------------------------


class Background:
    """Does jobs in threads, which do not keep Python from ending.

    Args:
        most: How many at once.
    """

    def __init__(self, most: int) -> None:
        from queue import SimpleQueue

        self._most = most
        self._threads: list[threading.Thread] = []
        self._jobs: list[Job[Any]] = []
        self._work: SimpleQueue[Callable[[], object] | None] = SimpleQueue()

    def start(self, job: Job[T], work: Callable[[], T]) -> None:
        """Begin."""

        def run() -> None:
            try:
                with job.doing():
                    job.check()
                    job.future.set_result(work())
            except Cancelled:
                job.future.cancel()
            except BaseException as error:  # noqa: BLE001 - for the reader
                job.future.set_exception(error)

        self._jobs = [other for other in self._jobs if not other.future.done()]
        self._jobs.append(job)
        if len(self._threads) < min(self._most, len(self._jobs)):
            name = f"gcore-iam-prefetch-{len(self._threads)}"
            self._threads.append(threading.Thread(target=_work, args=[self._work], name=name, daemon=True))
            self._threads[-1].start()
        self._work.put(partial(copy_context().run, run))

    def result(self, job: Job[T]) -> T:
        """What a job gives, once it is done.

        Raises:
            Cancelled: It has been cancelled.
        """
        import concurrent.futures

        try:
            return job.future.result()
        except concurrent.futures.CancelledError:
            raise Cancelled from None

    def give_up(self, jobs: Sequence[Job[Any]]) -> None:
        """Cancel jobs, without waiting for their ends; from any thread."""
        for job in jobs:
            job.cancel()

    def close(self) -> None:
        """Cancel all that goes on, and wait for its end."""
        threads, self._threads = self._threads, []
        for _ in threads:
            self._work.put(None)
        end = time.monotonic() + _PATIENCE
        threads = [thread for thread in threads if thread is not threading.current_thread()]
        while threads and time.monotonic() < end:
            self.give_up(self._jobs)
            threads[0].join(_AGAIN)
            threads = [thread for thread in threads if thread.is_alive()]

    abandon = close
    """An iterator that is deleted waits as well: nobody else would do away with the threads."""


def _work(queue: SimpleQueue[Callable[[], object] | None]) -> None:
    while (work := queue.get()) is not None:
        work()
        del work  # with all that it holds


# --- async code ----------------------------------------------------------------------------------------------------


class AsyncBackground:
    """Does jobs in tasks.

    The tasks belong to the event loop and not to a task group: an iterator cannot hold one open across its steps. It
    cancels them instead, at the latest when it is deleted, from whatever thread that happens in.

    Args:
        most: How many at once.
    """

    def __init__(self, most: int) -> None:
        import anyio

        del most  # as many as are started
        self._turn = anyio.Semaphore(1)
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
            job.end_turn()

        job.turn = self._turn
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
    import asyncio

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
