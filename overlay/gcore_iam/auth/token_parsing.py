"""Parses tokens, and the claims of JSON Web Tokens (RFC 7519)."""

from __future__ import annotations

import base64
import json
import time
from typing import Any

from .._secret_text import hide_text
from .._validation import check_token

REFRESH_MARGIN = 60.0
"""An access token is renewed this many seconds before it expires."""


def parse_token(name: str, value: str) -> str:
    """Parse a token that a user passed, with or without `Bearer ` in front.

    Args:
        name: The name of the argument, for messages.
        value: The argument.

    Raises:
        ConfigurationError: It cannot be a token.
    """
    token = hide_text(value.strip()) if isinstance(value, str) else value
    if isinstance(token, str) and token.lower().startswith("bearer"):
        token = hide_text(token[len("bearer") :].strip())
    return check_token(name, token)


def parse_claims(token: str) -> dict[str, Any]:
    """Parse the claims of a token without verifying its signature; empty if it is no JSON Web Token."""
    try:
        payload = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (IndexError, ValueError, RecursionError):
        return {}
    return claims if isinstance(claims, dict) else {}


def parse_user(token: str) -> str | None:
    """Parse whose token it is, as a text for people; None if it does not say so."""
    claims = parse_claims(token)
    return next((f"user {claims[key]}" for key in ("user_id", "sub") if key in claims), None)


def parse_timestamp(value: object) -> float | None:
    """Return a number of seconds since 1970 as a float; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < 1e12:
        return None
    return float(value)


def get_validity(token: str) -> tuple[float | None, float | None]:
    """Return when a token was issued and when it expires, in seconds since 1970; None for a claim that is missing."""
    claims = parse_claims(token)
    return parse_timestamp(claims.get("iat")), parse_timestamp(claims.get("exp"))


def get_refresh_margin(token: str) -> float:
    """Return how many seconds before its expiry a token has to be renewed.

    A token with a lifetime of less than two minutes is used for half of it, or every call would renew it.
    """
    issued_at, expires_at = get_validity(token)
    if issued_at is None or expires_at is None:
        return REFRESH_MARGIN
    return min(REFRESH_MARGIN, max(0.0, expires_at - issued_at) / 2)


def get_lifetime(token: str) -> float | None:
    """Return the lifetime in seconds of a token that was just issued; None if it is unknown.

    If the token has both times, the lifetime is their difference, so a wrong clock of this machine does no harm. If it
    has only its expiry, which by this machine's clock is soon or in the past, the clocks may differ. The lifetime is
    unknown then, and the token is used until the API rejects it: a new token would seem to have expired, too.
    """
    issued_at, expires_at = get_validity(token)
    if expires_at is None:
        return None
    if issued_at is None:
        remaining = expires_at - time.time()
        return remaining if remaining > 2 * REFRESH_MARGIN else None
    return expires_at - issued_at if expires_at > issued_at else None
