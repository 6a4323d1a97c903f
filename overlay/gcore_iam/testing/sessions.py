"""Login sessions: pairs of JSON Web Tokens (RFC 7519) that expire and rotate as the API's do."""

from __future__ import annotations

from datetime import timedelta
from itertools import count
from typing import Any

import attrs
import jwt

from .clock import Clock
from .seed import Record

ACCESS_LIFETIME = timedelta(hours=1)
REFRESH_LIFETIME = timedelta(hours=24)

_ALGORITHM = "HS256"


@attrs.define
class _Session:
    """The token pairs of one login."""

    user_id: int
    refreshable_by: str | None
    """The id of the only refresh token that still works; None if the session is blacklisted."""
    is_ended: bool = False


class Sessions:
    """Issues and verifies the tokens of login sessions.

    Args:
        key: The key that signs tokens, 32 bytes or more.
        clock: The clock that decides when tokens expire.
    """

    def __init__(self, key: bytes, clock: Clock) -> None:
        self._key = key
        self._clock = clock
        self._sessions: dict[int, _Session] = {}
        self._numbers = count(1)

    def start_session(self, user_id: int, account_id: int) -> Record:
        """Start a session, and return its first pair of tokens (schema Token)."""
        number = next(self._numbers)
        self._sessions[number] = _Session(user_id, None)
        return self._issue_pair(number, account_id)

    def refresh_session(self, token: str) -> tuple[int, int, Record] | None:
        """Exchange a refresh token, and return the ids of its user and account and the next pair.

        None if the token is not genuine, expired, or was used before; in the last case no refresh token of its
        session works any more.
        """
        claims = self._decode_claims(token, "refresh")
        session = self._sessions.get(claims["session"]) if claims else None
        if claims is None or session is None or session.is_ended:
            return None
        if session.refreshable_by != claims["jti"]:
            session.refreshable_by = None
            return None
        return claims["user_id"], claims["client_id"], self._issue_pair(claims["session"], claims["client_id"])

    def authenticate(self, token: str) -> tuple[int, int] | None:
        """Return the ids of user and account of an access token; None if the token does not work."""
        claims = self._decode_claims(token, "access")
        session = self._sessions.get(claims["session"]) if claims else None
        if claims is None or session is None or session.is_ended:
            return None
        return claims["user_id"], claims["client_id"]

    def end_sessions(self, user_id: int) -> None:
        """End all sessions of a user."""
        for session in self._sessions.values():
            session.is_ended = session.is_ended or session.user_id == user_id

    def _issue_pair(self, number: int, account_id: int) -> Record:
        session = self._sessions[number]
        session.refreshable_by = f"{next(self._numbers):032x}"
        access_id = f"{next(self._numbers):032x}"
        return {
            "refresh": self._issue_token("refresh", session.refreshable_by, REFRESH_LIFETIME, number, account_id),
            "access": self._issue_token("access", access_id, ACCESS_LIFETIME, number, account_id),
        }

    def _issue_token(self, kind: str, jti: str, lifetime: timedelta, number: int, account_id: int) -> str:
        now = self._clock.now()
        claims = {
            "token_type": kind,
            "iat": int(now.timestamp()),
            "exp": int((now + lifetime).timestamp()),
            "jti": jti,
            "user_id": self._sessions[number].user_id,
            "client_id": account_id,
            "session": number,
        }
        return jwt.encode(claims, self._key, algorithm=_ALGORITHM)

    def _decode_claims(self, token: str, kind: str) -> dict[str, Any] | None:
        try:
            # Times are compared with the fake's clock, which PyJWT does not know.
            claims = jwt.decode(
                token, self._key, algorithms=[_ALGORITHM], options={"verify_exp": False, "verify_iat": False}
            )
        except (jwt.InvalidTokenError, ValueError):
            return None
        if claims["token_type"] != kind or claims["exp"] <= self._clock.now().timestamp():
            return None
        return claims
