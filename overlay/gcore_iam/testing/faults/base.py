"""The base class of faults, and the checks of their arguments."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import attrs

from ..messages import Response, WireResponse
from ..state import State
from ..validation import require_int, require_text, require_type

WITHOUT_BODY = (204, 304)
"""Statuses whose responses have no body (RFC 9110, sections 15.3.5 and 15.4.5)."""


class FaultError(AssertionError):
    """A fault does not fit the response that it meets, so a test would not have tested what it says."""


def at_least(minimum: int) -> Callable[[object, attrs.Attribute[int], int], None]:
    """Return a validator of attrs: an integer that is not lower than a minimum."""

    def check(_: object, attribute: attrs.Attribute[int], value: int) -> None:
        require_int(attribute.name, value, minimum=minimum)

    return check


def check_text(_: object, attribute: attrs.Attribute[Any], value: Any) -> None:
    """Raise unless a value is a non-empty string: a validator of attrs."""
    require_text(attribute.name, value)


def check_bool(_: object, attribute: attrs.Attribute[Any], value: Any) -> None:
    """Raise unless a value is a bool: a validator of attrs."""
    require_type(attribute.name, value, bool, "a bool")


@attrs.frozen
class Fault:
    """Something that goes wrong with one request. Use one of the subclasses."""

    @property
    def runs_operation(self) -> bool:
        """Whether the fake runs the operation that the request calls."""
        return True

    def change_state(self, state: State) -> None:
        """Change the fake's state, before the operation runs."""

    def alter_response(self, response: Response | None) -> Response | None:
        """Change the response; None if the operation has not run."""
        return response

    def alter_wire_response(self, response: WireResponse) -> WireResponse:
        """Change the encoded response."""
        return response
