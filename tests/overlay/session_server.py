"""What the tests of sessions share: a server with two users, and calls that need a session."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any, TypeVar, Unpack

from gcore_iam import IAMClient, RetryPolicy, Session, models
from gcore_iam.auth.token_store import TokenStore
from gcore_iam.testing import FakeIAM

from .conftest import Auth, ClientKind, ClientOptions, EitherClient, EitherResult

T = TypeVar("T")

ACCOUNT, OTHER_ACCOUNT = 1001, 2002
EMAIL, PASSWORD = "ada@example.com", "correct-horse-battery"
BASE = "http://localhost"
LOGIN, REFRESH = "/iam/auth/jwt/login", "/iam/auth/jwt/refresh"
USERS: list[dict[str, Any]] = [{"email": EMAIL, "groups": [{"id": 1}]}, {"email": "bob@example.com"}]
"""For `@pytest.mark.fake_iam`."""


def run(
    client_kind: ClientKind,
    fake: FakeIAM,
    auth: Auth,
    call: Callable[[EitherClient], EitherResult[T]],
    **options: Unpack[ClientOptions],
) -> T:
    """Make a call in process, without waiting between attempts."""
    connection: ClientOptions = {
        "base_url": BASE,
        "transport": fake.transport(),
        "retries": RetryPolicy(sleep=lambda _: None),
        **options,
    }
    return client_kind.run(call, auth, **connection)


def get_user(client_kind: ClientKind, fake: FakeIAM, auth: Auth, **options: Unpack[ClientOptions]) -> models.UserPublic:
    """Get the first user: a call that needs a valid access token."""
    return run(client_kind, fake, auth, lambda iam: iam.users.get(1), **options)


def count_exchanges(fake: FakeIAM) -> tuple[int, int, int]:
    """Count the logins, the refreshes and the selected accounts."""
    return fake.calls["iamLoginUser"], fake.calls["iamRefreshToken"], fake.calls["iamSelectAccount"]


def issue_pair(fake: FakeIAM) -> tuple[str, str]:
    """Log the first user in elsewhere, and return the access token and the refresh token."""
    with IAMClient(fake.api_key, base_url=BASE, transport=fake.transport()) as iam:
        token = iam.auth.login(EMAIL, PASSWORD)
    return token.access, token.refresh


def from_tokens(fake: FakeIAM, store: TokenStore | None = None) -> Session:
    """Build a session from tokens that were issued elsewhere."""
    return Session.from_tokens(*issue_pair(fake), store=store)


def encode_token(claims: object) -> str:
    """Encode an unsigned JSON Web Token."""
    return "x." + base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=") + ".x"
