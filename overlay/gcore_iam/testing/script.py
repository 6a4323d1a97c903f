"""The script of what goes wrong: which request meets which faults."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from . import description
from .checks import require_int
from .faults import KNOWN, Fault
from .messages import Request

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")


@attrs.frozen
class Scripted:
    """Faults that wait for requests.

    Attributes:
        faults: What goes wrong, all of it with the same request.
        method: The method of the requests that they wait for; None for any.
        path: Their path, or a template of the API's description; None for any.
        times: How many more requests they meet; None for all.
        after: How many requests they leave alone before that.
    """

    faults: tuple[Fault, ...]
    method: str | None = None
    path: str | None = None
    times: int | None = 1
    after: int = 0

    def __attrs_post_init__(self) -> None:
        if not self.faults:
            raise ValueError("name at least one fault, such as Status(503)")
        for fault in self.faults:
            if type(fault) not in KNOWN.values():
                raise TypeError(f"unknown fault {fault!r}; the faults are {', '.join(sorted(KNOWN))}")
        if self.method is not None and self.method not in METHODS:
            raise ValueError(f"method must be one of {', '.join(METHODS)}, not {self.method!r}")
        if self.path is not None and not _has_operation(self.path):
            raise ValueError(f"path {self.path!r} leads to no operation; /iam/users/{{userId}} and /iam/users/5 do")
        if self.times is not None:
            require_int("times", self.times, minimum=1)
        require_int("after", self.after, minimum=0)

    def waits_for(self, request: Request) -> bool:
        """Whether a request is one of those that the faults are for."""
        if self.method is not None and request.method != self.method:
            return False
        return self.path is None or description.match(self.path, request.path) is not None


class Script:
    """The faults to come, in order."""

    def __init__(self) -> None:
        self._scripted: list[Scripted] = []

    def add(self, scripted: Scripted) -> None:
        """Put faults at the end."""
        self._scripted.append(scripted)

    def clear(self) -> None:
        """Take all faults back."""
        self._scripted.clear()

    def listed(self) -> tuple[Scripted, ...]:
        """The faults to come, as they stand."""
        return tuple(self._scripted)

    def take(self, request: Request) -> Sequence[Fault]:
        """The faults that a request meets, which are used up by that.

        These are the first ones in the script that wait for it, and all that last.
        """
        taken: list[Fault] = []
        rest: list[Scripted] = []
        is_met = False
        for scripted in self._scripted:
            left: Scripted | None = scripted
            if scripted.waits_for(request):
                if scripted.after:
                    left = attrs.evolve(scripted, after=scripted.after - 1)
                elif scripted.times is None:
                    taken += scripted.faults
                elif not is_met:
                    is_met = True
                    taken += scripted.faults
                    left = attrs.evolve(scripted, times=scripted.times - 1) if scripted.times > 1 else None
            if left is not None:
                rest.append(left)
        self._scripted = rest
        return taken


def _has_operation(path: str) -> bool:
    """Whether a path, or a template of the description, leads to an operation."""
    return isinstance(path, str) and bool(description.operations_at(path))
