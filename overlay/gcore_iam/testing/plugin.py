"""A plugin of pytest: the fixtures `fake_iam`, `iam` and `async_iam`.

pytest finds it by itself. It loads nothing until a fixture is used.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from gcore_iam import AsyncIAMClient, IAMClient

    from .fake import FakeIAM


_BASE_URL = "http://localhost"
"""Any will do, but one has to be said: the environment may name another."""


def pytest_configure(config: pytest.Config) -> None:
    """Make the marker known to `--strict-markers`."""
    config.addinivalue_line("markers", "fake_iam(...): arguments of FakeIAM for the fixture fake_iam")


@pytest.fixture
def fake_iam(request: pytest.FixtureRequest) -> FakeIAM:
    """A fresh `FakeIAM`; `@pytest.mark.fake_iam(users=3)` gives its arguments."""
    from . import FakeIAM

    marker = request.node.get_closest_marker("fake_iam")
    if marker is None:
        return FakeIAM()
    # Copies: a marker is shared by the parameters of a test, and a clock that one of them advances must not be.
    args, kwargs = copy.deepcopy((marker.args, marker.kwargs))
    return FakeIAM(*args, **kwargs)


@pytest.fixture
def iam(fake_iam: FakeIAM) -> Iterator[IAMClient]:
    """An `IAMClient` of `fake_iam`, in process, with its API key.

    Between retries nobody waits: the fake's clock goes on instead.
    """
    from gcore_iam import IAMClient, RetryPolicy

    retries = RetryPolicy(sleep=fake_iam.clock.sleep)
    with IAMClient(fake_iam.api_key, base_url=_BASE_URL, transport=fake_iam.transport(), retries=retries) as client:
        yield client


@pytest.fixture
def async_iam(fake_iam: FakeIAM) -> AsyncIAMClient:
    """An `AsyncIAMClient` of `fake_iam`, in process, with its API key.

    It holds no connection, so nothing is left open; whichever library runs the test's coroutine will do.
    """
    from gcore_iam import AsyncIAMClient, RetryPolicy

    retries = RetryPolicy(sleep=fake_iam.clock.sleep)
    return AsyncIAMClient(fake_iam.api_key, base_url=_BASE_URL, transport=fake_iam.transport(), retries=retries)
