"""A queue of responses, and the thread that checks them after the caller has its result."""

from __future__ import annotations

import atexit
import threading
import time
from collections import deque
from weakref import WeakSet

from .. import _fork
from .check_task import CheckTask
from .checker import ObservedResponse

_MAX_RESPONSES = 100
_MAX_BYTES = 8 * 1024 * 1024
"""How much the queue holds. A response that does not fit is dropped and counted."""

_DELAY = 0.01
_DELAY_PER_BYTE = 2e-8
_MAX_DELAY = 0.05
"""Seconds from the first response in an empty queue to its check, so that the caller builds its model first."""

_SAVE_INTERVAL = 10.0
"""Seconds between two writes to the file, and until the thread of an idle queue ends."""

_EXIT_TIMEOUT = 0.5
_EXIT_LOCK_TIMEOUT = 0.5
"""Seconds that the end of the program waits for the queue, and for another writer of the file."""


class CheckWorker:
    """Checks responses in a thread of its own, which starts with the first response and ends when it is idle.

    Args:
        task: What the thread does.
    """

    def __init__(self, task: CheckTask) -> None:
        self._task = task
        self._is_closed = False
        self.after_fork()
        _fork.register(self)

    def after_fork(self) -> None:
        """Start with an empty queue: the parent checks what it holds."""
        self._condition = threading.Condition()  # reentrant: a signal handler may call the API
        self._responses: deque[ObservedResponse] = deque()
        self._size = 0
        self._is_requested = False
        self._is_busy = False
        self._thread: threading.Thread | None = None
        self.dropped: int = 0

    def submit(self, response: ObservedResponse) -> None:
        """Add a response to the queue; drop and count it if the queue is full or closed, or if no thread can start."""
        with self._condition:
            size = self._size + len(response.body)
            is_full = len(self._responses) >= _MAX_RESPONSES or size > _MAX_BYTES
            if is_full or not self._wake():
                self.dropped += 1
            else:
                self._responses.append(response)
                self._size = size

    def request_status_check(self) -> None:
        """Have the thread record what the statuses show, even if the queue is empty."""
        with self._condition:
            self._is_requested = self._wake()

    def drain(self, timeout: float | None = None) -> bool:
        """Wait until the queue is empty and the statuses are recorded; return False if the time was not enough."""
        with self._condition:
            if self._thread is threading.current_thread():  # a callback that would wait for itself
                return False
            self.request_status_check()
            return self._wait_until_idle(timeout)

    def close(self) -> None:
        """Accept no more responses. The thread ends when the queue is empty."""
        with self._condition:
            self._is_closed = True
            self._condition.notify_all()

    def save_at_exit(self) -> None:
        """Check what is in the queue, within a short time, and save."""
        with self._condition:
            self._wait_until_idle(_EXIT_TIMEOUT)
        self._task.save_at_exit(_EXIT_LOCK_TIMEOUT)

    def _has_work(self) -> bool:
        return self._is_requested or bool(self._responses)

    def _wait_until_idle(self, timeout: float | None) -> bool:
        return self._condition.wait_for(lambda: not self._has_work() and not self._is_busy, timeout)

    def _wake(self) -> bool:
        """Wake or start the thread; return False if the worker is closed, or the interpreter starts no more threads."""
        if self._is_closed:
            return False
        if self._thread is None:
            thread = threading.Thread(target=self._run, name="gcore-iam-observer", daemon=True)
            try:
                thread.start()
            except RuntimeError:
                return False
            self._thread = thread
            _WORKERS.add(self)
            atexit.unregister(_save_all)  # in a forked child, multiprocessing has removed it
            atexit.register(_save_all)
        self._condition.notify_all()
        return True

    def _run(self) -> None:
        next_save = time.monotonic() + _SAVE_INTERVAL
        while self._wait_for_work():
            time.sleep(min(_DELAY + _DELAY_PER_BYTE * self._size, _MAX_DELAY))
            while (response := self._take()) is not None:
                self._task.check(response)
                del response
                time.sleep(0)  # lets a thread go on that waits for the interpreter
            self._task.record_statuses()
            if time.monotonic() >= next_save:
                self._task.save()
                next_save = time.monotonic() + _SAVE_INTERVAL

    def _wait_for_work(self) -> bool:
        """Wait until there is work; return False if there is none for long, and the thread shall end."""
        with self._condition:
            self._is_busy = False
            self._condition.notify_all()
            self._condition.wait_for(lambda: self._has_work() or self._is_closed, _SAVE_INTERVAL)
            self._is_busy = self._has_work()
            if self._is_busy:
                return True
        self._task.save()
        with self._condition:
            self._is_busy = self._has_work()
            if not self._is_busy:
                self._thread = None
            return self._is_busy

    def _take(self) -> ObservedResponse | None:
        with self._condition:
            self._is_requested = False
            if not self._responses:
                return None
            response = self._responses.popleft()
            self._size -= len(response.body)
            return response


_WORKERS: WeakSet[CheckWorker] = WeakSet()


def _save_all() -> None:
    for worker in list(_WORKERS):
        worker.save_at_exit()
