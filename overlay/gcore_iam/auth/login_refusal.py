"""Builds the error of a session whose login the API rejects."""

from __future__ import annotations

from ..errors import APIStatusError, LoginError


def build_login_error(refusal: APIStatusError) -> LoginError:
    """Build the error of a session from the response to its login, with the API's own message."""
    error = LoginError(
        refusal.status,
        errors=refusal.errors,
        message=refusal.message,
        request_id=refusal.request_id,
        retry_after=refusal.retry_after,
        body=refusal.body,
        method=refusal.method,
        url=refusal.url,
        attempts=refusal.attempts,
    )
    if "one_time_password" in refusal.errors:
        error.add_advice(
            "the user has two-step verification: pass one_time_password=function, which returns the current code, to "
            "the Session"
        )
    else:
        error.add_advice("the session could not log in: check its username and its password")
    return error
