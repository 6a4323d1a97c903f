"""A client of the fake of a test: in process, and over HTTP on loopback."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack

import httpx
import pytest
from gcore_iam.testing import FakeIAM

from .support import OpenClient, authorize


@pytest.fixture(params=["in process", "served"])
def served(request: pytest.FixtureRequest) -> bool:
    """Whether the test reaches the fake over HTTP; each test runs both ways."""
    return bool(request.param == "served")


@pytest.fixture
def open_client(served: bool) -> Iterator[OpenClient]:
    """Opens clients of fakes; all are closed at the end of the test."""
    with ExitStack() as stack:

        def open_client(fake: FakeIAM) -> httpx.Client:
            headers = authorize(fake)
            if served:
                url = stack.enter_context(fake.serve())
                client = httpx.Client(base_url=url, headers=headers, trust_env=False)
            else:
                client = httpx.Client(base_url="http://fake", headers=headers, transport=fake.transport())
            return stack.enter_context(client)

        yield open_client


@pytest.fixture
def client(open_client: OpenClient, fake: FakeIAM) -> httpx.Client:
    """A client with the key of `fake`."""
    return open_client(fake)
