"""Faults that replace or delay the response."""

from __future__ import annotations

import http.client
from datetime import UTC, datetime
from email.utils import format_datetime

import attrs

from ..clock import require_aware
from ..messages import NO_BODY, Delivery, Response, WireResponse
from ..validation import require_int, require_type
from .base import WITHOUT_BODY, Fault, check_bool

_LONGEST_DELAY = 86_400
"""Seconds."""


@attrs.frozen(kw_only=True)
class ReplaceResponse(Fault):
    """Replaces the response.

    Args:
        after_work: Whether the operation runs first.
    """

    after_work: bool = attrs.field(default=False, validator=check_bool)

    @property
    def runs_operation(self) -> bool:
        return self.after_work


@attrs.frozen
class Status(ReplaceResponse):
    """A status instead of the response.

    Args:
        status: 200 to 599.
        retry_after: `Retry-After` (RFC 9110, section 10.2.3): seconds, 0 or more, or a datetime with a time zone for a
            date; None for no header.
        after_work: Whether the operation runs first, as when a gateway gives up before the server does.
    """

    status: int = attrs.field()
    retry_after: int | datetime | None = attrs.field(default=None, kw_only=True)

    def __attrs_post_init__(self) -> None:
        require_int("status", self.status, minimum=200, maximum=599)
        if isinstance(self.retry_after, datetime):
            require_aware("retry_after", self.retry_after)
        elif self.retry_after is not None:
            require_int("retry_after", self.retry_after, minimum=0)

    def alter_response(self, response: Response | None) -> Response | None:  # noqa: ARG002 - it is replaced
        headers: tuple[tuple[str, str], ...] = ()
        if isinstance(self.retry_after, datetime):
            headers = (("Retry-After", format_datetime(self.retry_after.astimezone(UTC), usegmt=True)),)
        elif self.retry_after is not None:
            headers = (("Retry-After", str(self.retry_after)),)
        message = f"{http.client.responses.get(self.status, 'Unregistered status')}, injected by the test."
        return Response(self.status, NO_BODY if self.status in WITHOUT_BODY else {"message": message}, headers)


@attrs.frozen
class Reset(ReplaceResponse):
    """The connection is reset instead of a response.

    Args:
        after_work: Whether the operation runs first.
    """

    def alter_wire_response(self, response: WireResponse) -> WireResponse:
        return attrs.evolve(response, delivery=Delivery.RESET)


@attrs.frozen
class Hang(ReplaceResponse):
    """No response comes, and the connection stays open.

    In process the client's read timeout is raised at once, and the fake's clock advances by as much.

    Args:
        after_work: Whether the operation runs first.
    """

    def alter_wire_response(self, response: WireResponse) -> WireResponse:
        return attrs.evolve(response, delivery=Delivery.HANG)


@attrs.frozen
class Delay(Fault):
    """The response comes late.

    In process nothing waits: the fake's clock advances instead, and a shorter read timeout is raised at once.

    Args:
        seconds: Delay in seconds, above 0 and at most 86,400, a day.
    """

    seconds: float = attrs.field()

    def __attrs_post_init__(self) -> None:
        require_type("seconds", self.seconds, (int, float), "a number")
        if not 0 < self.seconds <= _LONGEST_DELAY:
            raise ValueError(f"seconds must be above 0 and at most {_LONGEST_DELAY}, not {self.seconds}")

    def alter_wire_response(self, response: WireResponse) -> WireResponse:
        return attrs.evolve(response, delay=response.delay + self.seconds)
