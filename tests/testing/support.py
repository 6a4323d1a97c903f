"""Types and values that the tests of the fake share."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime
from typing import Any

import httpx
from gcore_iam.testing import FakeIAM

OpenClient = Callable[[FakeIAM], httpx.Client]
"""Opens a client with the fake's own key."""

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
PASSWORD = "correct-horse-battery"


BASE_USER_KEYS = frozenset(
    {"id", "email", "name", "lang", "phone", "company", "reseller", "client", "deleted", "groups", "activated"}
    | {"sso_auth", "two_fa", "auth_types"}
)
PUBLIC_USER_KEYS = BASE_USER_KEYS | {"user_type", "is_active"}
USER_KEYS = PUBLIC_USER_KEYS | {"client_and_roles"}
"""Properties of the schemas BaseUser, UserPublic and User; a later spec may have more."""


def pick(record: Mapping[str, Any], keys: Collection[str]) -> dict[str, Any]:
    """The part of a record under some keys."""
    return {key: record[key] for key in keys}


def authorize(fake: FakeIAM) -> dict[str, str]:
    """The headers of a request with the fake's own key."""
    return {"Authorization": f"APIKey {fake.api_key}"}
