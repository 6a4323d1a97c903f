"""The retry table of docs/guides/retries.md, written out row by row: what each failed attempt leads to."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal, TypeAlias

import attrs
import pytest
from gcore_iam import (
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    AuthenticationError,
    BadRequestError,
    ConflictError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    ServerError,
)
from gcore_iam.retry import Effect

Decision: TypeAlias = Literal["retry", "raise", "ambiguous"]

_CLASSES: dict[int, type[APIStatusError]] = {
    400: BadRequestError,
    401: AuthenticationError,
    403: PermissionDeniedError,
    404: NotFoundError,
    409: ConflictError,
    422: BadRequestError,
    429: RateLimitError,
}


def status_error(status: int, retry_after: float | None = None) -> APIStatusError:
    """Build the error of a response."""
    cls = _CLASSES.get(status, ServerError if status >= 500 else APIStatusError)
    return cls(
        status,
        errors={},
        message="no",
        request_id=None,
        retry_after=retry_after,
        body=None,
        method="GET",
        url="https://api.example.com/iam",
    )


def connection_error(*, sent: bool) -> APIConnectionError:
    """Build the error of a connection that failed, before or after the request was sent."""
    return APIConnectionError("no response", method="GET", url="https://api.example.com/iam", sent=sent)


def timeout_error(*, sent: bool) -> APITimeoutError:
    """Build the error of a timeout, before or after the request was sent."""
    return APITimeoutError("no response in time", method="GET", url="https://api.example.com/iam", sent=sent)


@attrs.frozen
class Row:
    """One row of the table.

    Attributes:
        name: What happens.
        error: The error of the attempt, as the arguments of a function above.
        may_have_run: Whether the operation may have run.
        repeatable: The decision for reads, idempotent writes and deletions.
        non_idempotent: The decision for any other write.
    """

    name: str
    status: int | None
    arguments: dict[str, Any]
    may_have_run: bool
    repeatable: Decision
    non_idempotent: Decision

    def build_error(self) -> APIConnectionError | APIStatusError:
        """Build the error of the attempt: a new one each time, because a call changes it."""
        if self.status is not None:
            return status_error(self.status, **self.arguments)
        return (timeout_error if "timeout" in self.name else connection_error)(**self.arguments)

    def decide(self, effect: Effect) -> Decision:
        """Return the decision for an effect."""
        return self.non_idempotent if effect is Effect.NON_IDEMPOTENT else self.repeatable


def _row(
    outcome: str | int, run: str, repeatable: Decision, non_idempotent: Decision, retry_after: float | None = None
) -> Row:
    may_have_run = run == "may have run"
    if isinstance(outcome, str):
        return Row(outcome, None, {"sent": may_have_run}, may_have_run, repeatable, non_idempotent)
    name = str(outcome) if retry_after is None else f"{outcome} with Retry-After"
    return Row(name, outcome, {"retry_after": retry_after}, may_have_run, repeatable, non_idempotent)


ROWS = [
    _row("no connection", "did not run", "retry", "retry"),
    _row("timeout before sending", "did not run", "retry", "retry"),
    _row(429, "did not run", "retry", "retry"),
    _row(429, "did not run", "retry", "retry", retry_after=7),
    _row(503, "did not run", "retry", "retry", retry_after=7),
    _row(503, "did not run", "retry", "retry", retry_after=0),
    _row("broken connection", "may have run", "retry", "ambiguous"),
    _row("timeout after sending", "may have run", "retry", "ambiguous"),
    _row(502, "may have run", "retry", "ambiguous"),
    _row(502, "may have run", "retry", "ambiguous", retry_after=7),
    _row(503, "may have run", "retry", "ambiguous"),
    _row(504, "may have run", "retry", "ambiguous"),
    _row(504, "may have run", "retry", "ambiguous", retry_after=7),
    _row(408, "may have run", "raise", "ambiguous"),
    _row(500, "may have run", "raise", "ambiguous"),
    _row(500, "may have run", "raise", "ambiguous", retry_after=7),
    *(_row(status, "may have run", "raise", "ambiguous") for status in (506, 507, 508, 510, 520, 522, 524, 529, 599)),
    *(_row(status, "did not run", "raise", "raise") for status in (501, 505, 511)),
    *(_row(status, "did not run", "raise", "raise") for status in (400, 401, 402, 403, 404, 405, 409, 410, 418, 422)),
    *(_row(status, "did not run", "raise", "raise") for status in (100, 301, 302, 304, 307, 425, 428, 430, 431, 499)),
    _row(409, "did not run", "raise", "raise", retry_after=7),
]

OPERATIONS = {
    Effect.READ: ("iamGetUser", "GET"),
    Effect.IDEMPOTENT: ("iamUpdateUser", "PATCH"),
    Effect.DELETE: ("iamDeleteApiTokenV2", "DELETE"),
    Effect.NON_IDEMPOTENT: ("iamCreateApiTokenV2", "POST"),
}
"""One operation of each effect: its id and its method."""


def _cells() -> Iterator[Any]:
    for row in ROWS:
        for effect in Effect:
            yield pytest.param(row, effect, id=f"{row.name} after a {effect.value}")


each_cell = pytest.mark.parametrize(("row", "effect"), list(_cells()))
"""Runs a test for each row and effect."""
