"""Counts the exchanges of tokens that are in flight, so that closing a client loses none of them."""

from __future__ import annotations

import threading
import time

from .. import _fork
from .._concurrency.callbacks import sleep_async
from ..errors import ConfigurationError

DRAIN_TIMEOUT = 55.0
"""Seconds that `close` of a client waits for exchanges of tokens; less than `SHIELD_TIMEOUT`, which bounds `close`."""

SAVE_TIMEOUT = 10.0
"""Seconds that Python's exit waits for a daemon thread to save the tokens of an exchange."""

_POLL_INTERVAL = 0.005
"""Seconds between two checks whether an exchange has ended.

The code polls, because Ctrl-C in an event or condition can leave its lock held, and because exchanges end in threads
and in event loops.
"""


class InFlight:
    """The exchanges of tokens that are in flight over the connections of a client, in any thread or event loop."""

    def __init__(self) -> None:
        self._is_closed = False
        self.after_fork()
        _fork.register(self)

    def after_fork(self) -> None:
        """Start with no exchanges: those in flight belong to the parent process."""
        self._exchanges: set[object] = set()
        self._lock = threading.Lock()

    def add(self, exchange: object) -> None:
        """Add an exchange.

        Raises:
            ConfigurationError: The client is closed or closing, so a response might never be read.
        """
        with self._lock:
            if self._is_closed:
                raise ConfigurationError("the client is closed; make a new one")
            self._exchanges.add(exchange)

    def remove(self, exchange: object) -> None:
        """Remove an exchange, if it is there."""
        self._exchanges.discard(exchange)

    def wait_for(self, exchange: object) -> None:
        """Wait until an exchange is removed, at most `SAVE_TIMEOUT` seconds."""
        end = time.monotonic() + SAVE_TIMEOUT
        while exchange in self._exchanges and time.monotonic() < end:
            time.sleep(_POLL_INTERVAL)

    async def drain(self) -> None:
        """Refuse new exchanges, and wait for those in flight, so that the connections can be closed."""
        with self._lock:
            self._is_closed = True
        end = time.monotonic() + DRAIN_TIMEOUT
        while self._exchanges and time.monotonic() < end:
            await sleep_async(_POLL_INTERVAL)
