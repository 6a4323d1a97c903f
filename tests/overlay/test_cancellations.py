"""What counts as the cancellation of a task."""

from __future__ import annotations

import anyio
import pytest
from gcore_iam._concurrency.deadlines import is_cancellation_async


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
def test_a_group_of_cancellations_is_a_cancellation(backend: str) -> None:
    async def check() -> None:
        caught: list[BaseException] = []
        with anyio.CancelScope() as scope:
            scope.cancel()
            try:
                await anyio.sleep(1)
            except anyio.get_cancelled_exc_class() as error:
                caught.append(error)
                raise
        assert is_cancellation_async(caught[0])
        assert is_cancellation_async(BaseExceptionGroup("tasks", caught))
        assert not is_cancellation_async(BaseExceptionGroup("tasks", [*caught, ValueError()]))
        assert not is_cancellation_async(KeyboardInterrupt())

    anyio.run(check, backend=backend)
