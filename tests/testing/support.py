"""Types and values that the tests of the fake share."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import httpx
from gcore_iam.testing import FakeIAM

OpenClient = Callable[[FakeIAM], httpx.Client]
"""Opens a client with the fake's own key."""

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
PASSWORD = "correct-horse-battery"


def authorize(fake: FakeIAM) -> dict[str, str]:
    """The headers of a request with the fake's own key."""
    return {"Authorization": f"APIKey {fake.api_key}"}
