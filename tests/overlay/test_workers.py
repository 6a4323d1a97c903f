"""The controls and the threads of requests that a pager sends."""

from __future__ import annotations

import gc
import threading
import weakref
from concurrent.futures import Future

import anyio
import pytest
from gcore_iam import IAMClient
from gcore_iam._concurrency.workers import AsyncRequestControl, AsyncWorkers, RequestControl, Workers
from gcore_iam.errors import CallCancelled
from gcore_iam.testing import FakeIAM

from .page_transport import wait_until, wait_until_async

SECONDS = 20.0


def test_a_request_of_the_caller_does_not_wait() -> None:
    """Only those that are sent ahead wait until the caller needs them."""
    control = RequestControl(lambda _: None)
    control.allow_decoding()
    control.wait_until_needed()
    control.cancel()
    with pytest.raises(CallCancelled):
        control.wait_until_needed()


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_an_async_request_of_the_caller_does_not_wait(backend: str) -> None:
    async def main() -> None:
        control = AsyncRequestControl(lambda _: None)
        control.allow_decoding()
        with anyio.fail_after(SECONDS):
            await control.wait_until_needed()
        control.cancel()

    anyio.run(main, backend=backend)


class Result:
    """What a request returns; it can be referred to weakly."""


def test_a_result_that_was_read_is_not_kept() -> None:
    workers: Workers[Result] = Workers()
    control = RequestControl(lambda _: None, is_ahead=True)
    workers.start(control, Result)
    reference = weakref.ref(workers.get_result(control))
    assert wait_until(lambda: reference() is None)
    workers.close()


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_an_async_result_that_was_read_is_not_kept(backend: str) -> None:
    async def work() -> Result:
        return Result()

    async def main() -> None:
        workers: AsyncWorkers[Result] = AsyncWorkers()
        control = AsyncRequestControl(lambda _: None, is_ahead=True)
        workers.start(control, work)
        reference = weakref.ref(await workers.get_result(control))
        await wait_until_async(lambda: not gc.collect() and reference() is None)
        await workers.aclose()

    anyio.run(main, backend=backend)


def test_a_worker_thread_may_close_its_workers() -> None:
    """As when the garbage collector runs there: a thread cannot wait for itself."""
    workers: Workers[int] = Workers()
    control = RequestControl(lambda _: None, is_ahead=True)
    closed_by: list[threading.Thread] = []
    is_only_here, is_over = threading.Event(), threading.Event()

    class Request:
        def __call__(self) -> int:
            assert is_only_here.wait(SECONDS)
            return 5

    def close() -> None:
        try:
            workers.close()
            closed_by.append(threading.current_thread())
        finally:
            is_over.set()

    request = Request()
    weakref.finalize(request, close)
    workers.start(control, request)
    del request
    is_only_here.set()  # the thread deletes it, when it is done
    assert workers.get_result(control) == 5
    assert is_over.wait(SECONDS)
    [thread] = closed_by
    assert thread is not threading.current_thread()
    thread.join(SECONDS)
    assert not thread.is_alive()


def test_a_thread_that_is_done_takes_the_next_request(monkeypatch: pytest.MonkeyPatch) -> None:
    set_result, is_started = Future.set_result, threading.Event()

    def set_and_wait(future: Future[int], result: int) -> None:
        set_result(future, result)
        assert is_started.wait(SECONDS)

    monkeypatch.setattr(Future, "set_result", set_and_wait)
    workers: Workers[int] = Workers()
    first, second = (RequestControl(lambda _: None, is_ahead=True) for _ in range(2))
    workers.start(first, threading.get_ident)
    thread = workers.get_result(first)
    workers.start(second, threading.get_ident)
    is_started.set()
    assert workers.get_result(second) == thread
    workers.close()


def test_an_interrupted_wait_loses_no_result(monkeypatch: pytest.MonkeyPatch) -> None:
    wait, is_interrupted = threading.Condition.wait, threading.Event()

    def interrupt(condition: threading.Condition, timeout: float | None = None) -> bool:
        if threading.current_thread() is threading.main_thread():
            raise KeyboardInterrupt
        return wait(condition, timeout)

    workers: Workers[bool] = Workers()
    control = RequestControl(lambda _: None, is_ahead=True)
    workers.start(control, lambda: is_interrupted.wait(SECONDS))
    with monkeypatch.context() as patch:
        patch.setattr(threading.Condition, "wait", interrupt)
        with pytest.raises(KeyboardInterrupt):
            workers.get_result(control)
    is_interrupted.set()
    assert workers.get_result(control)
    workers.close()


@pytest.mark.parametrize("limit", [0, 1, 2])
def test_pages_are_read_when_the_system_has_no_more_threads(monkeypatch: pytest.MonkeyPatch, limit: int) -> None:
    fake, start = FakeIAM(60), threading.Thread.start
    started: list[threading.Thread] = []

    def start_or_refuse(thread: threading.Thread) -> None:
        if thread.name.startswith("gcore-iam-prefetch"):
            if len(started) == limit:
                raise RuntimeError("can't start new thread")
            started.append(thread)
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", start_or_refuse)
    with IAMClient(fake.api_key, transport=fake.transport()) as iam:
        assert [user.id for user in iam.users.list(page_size=10, prefetch=4)] == list(range(1, 61))
    assert len(started) == limit


def test_a_request_that_no_thread_could_run_is_sent_once(monkeypatch: pytest.MonkeyPatch) -> None:
    fake, start, refusals = FakeIAM(60), threading.Thread.start, ["refused"] * 2

    def start_or_refuse(thread: threading.Thread) -> None:
        if thread.name.startswith("gcore-iam-prefetch") and refusals:
            raise RuntimeError(refusals.pop())
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", start_or_refuse)
    with IAMClient(fake.api_key, transport=fake.transport()) as iam:
        assert [user.id for user in iam.users.list(page_size=10, prefetch=4)] == list(range(1, 61))
    offsets = [request.query["offset"] for request in fake.requests]
    assert (len(offsets), refusals) == (len(set(offsets)), [])
