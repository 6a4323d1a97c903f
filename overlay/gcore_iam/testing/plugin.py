"""The pytest plugin: fixtures `fake_iam`, `iam` and `async_iam`.

pytest finds it by its entry point. It imports nothing of the library until a fixture is used.
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
"""Any URL works, but it must be given: the environment may name another one."""


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker, for `--strict-markers`."""
    config.addinivalue_line("markers", "fake_iam(...): arguments of FakeIAM for the fixture fake_iam")


@pytest.fixture
def fake_iam(request: pytest.FixtureRequest) -> FakeIAM:
    """Return a new `FakeIAM`; `@pytest.mark.fake_iam(users=3)` sets its arguments."""
    from . import FakeIAM

    marker = request.node.get_closest_marker("fake_iam")
    if marker is None:
        return FakeIAM()
    # Copies, because the cases of a parametrized test share the marker, and one may advance its clock.
    args, kwargs = copy.deepcopy((marker.args, marker.kwargs))
    return FakeIAM(*args, **kwargs)


@pytest.fixture
def iam(fake_iam: FakeIAM) -> Iterator[IAMClient]:
    """Return an `IAMClient` of `fake_iam`, in process, with its API key.

    Nothing waits between retries: the fake's clock advances instead.
    """
    from gcore_iam import IAMClient, RetryPolicy

    retries = RetryPolicy(sleep=fake_iam.clock.sleep)
    with IAMClient(fake_iam.api_key, base_url=_BASE_URL, transport=fake_iam.transport(), retries=retries) as client:
        yield client


@pytest.fixture
def async_iam(fake_iam: FakeIAM) -> AsyncIAMClient:
    """Return an `AsyncIAMClient` of `fake_iam`, in process, with its API key.

    It holds no connection, so nothing stays open; any async library may run the test's coroutine.
    """
    from gcore_iam import AsyncIAMClient, RetryPolicy

    retries = RetryPolicy(sleep=fake_iam.clock.sleep)
    return AsyncIAMClient(fake_iam.api_key, base_url=_BASE_URL, transport=fake_iam.transport(), retries=retries)
