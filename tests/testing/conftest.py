"""Both ways into the fake: in process, and over real HTTP on loopback."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any

import httpx
import pytest
from gcore_iam.testing import FakeIAM

Open = Callable[[FakeIAM], httpx.Client]
"""Opens a client that is authenticated with the fake's own key."""


@pytest.fixture(params=["in process", "served"])
def served(request: pytest.FixtureRequest) -> bool:
    return bool(request.param == "served")


@pytest.fixture
def open_client(served: bool) -> Iterator[Open]:
    with ExitStack() as stack:

        def open_(fake: FakeIAM) -> httpx.Client:
            options: dict[str, Any] = {"headers": {"Authorization": f"APIKey {fake.api_key}"}, "trust_env": False}
            if served:
                options["base_url"] = stack.enter_context(fake.serve())
            else:
                options |= {"base_url": "http://fake", "transport": fake.transport()}
            return stack.enter_context(httpx.Client(**options))

        yield open_


@pytest.fixture
def client(open_client: Open) -> httpx.Client:
    return open_client(FakeIAM(25))
