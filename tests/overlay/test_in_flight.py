"""The exchanges of tokens that are in flight: closing a client waits for them, and refuses new ones."""

from __future__ import annotations

from types import ModuleType, SimpleNamespace

import anyio
import pytest
from gcore_iam import ConfigurationError
from gcore_iam.aio import in_flight as aio_in_flight
from gcore_iam.sync import in_flight as sync_in_flight

MODULES = pytest.mark.parametrize("module", [aio_in_flight, sync_in_flight], ids=["aio", "sync"])


async def drain(in_flight: aio_in_flight.InFlight | sync_in_flight.InFlight) -> None:
    if isinstance(in_flight, aio_in_flight.InFlight):
        await in_flight.drain()
    else:
        in_flight.drain()


@MODULES
def test_closing_refuses_exchanges_that_begin_too_late(module: ModuleType) -> None:
    """A call that began before is refused here, when the client already waits for the exchanges in flight."""
    in_flight = module.InFlight()
    in_flight.add("an exchange")
    in_flight.remove("an exchange")
    anyio.run(drain, in_flight)
    with pytest.raises(ConfigurationError, match="closed"):
        in_flight.add("another one")


@MODULES
@pytest.mark.parametrize("is_saved", [True, False])
def test_python_waits_for_a_daemon_thread_but_not_for_ever(
    module: ModuleType, is_saved: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The thread has ended an exchange, and saves its tokens."""
    now = 0.0
    in_flight = module.InFlight()
    in_flight.add("an exchange")

    def sleep(seconds: float) -> None:
        nonlocal now
        now += seconds
        if is_saved and now > 1:
            in_flight.remove("an exchange")

    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: now, sleep=sleep))
    in_flight.wait_for("an exchange")
    assert now == pytest.approx(1 if is_saved else module.SAVE_TIMEOUT, abs=0.02)
