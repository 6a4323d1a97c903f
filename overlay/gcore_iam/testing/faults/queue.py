"""The queue of faults: which request meets which faults."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager

import attrs

from ..contract import Contract, match_path
from ..messages import Request, Response, WireResponse
from ..operation import Operation
from ..state import State
from ..validation import require_int
from . import FAULTS
from .base import Fault, FaultError
from .bodies import HTML, BodyFault, EmptyBody, NotUTF8, Truncate
from .fields import FieldFault
from .responses import Delay, Hang, ReplaceResponse, Reset, Status
from .users import DeleteUser, InsertUser

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")

_BESIDE_NO_RESPONSE = (Reset, Hang, Delay, DeleteUser, InsertUser)
"""Faults that can happen to a request without a response."""

_UNDONE_BY: Mapping[type[Fault], tuple[type[Fault], ...]] = {
    Status: (FieldFault,),
    HTML: (FieldFault, BodyFault),
    EmptyBody: (FieldFault, HTML, NotUTF8, Truncate),
}
"""Faults whose effect is lost if the key comes after them."""


@attrs.frozen
class QueuedFault:
    """Faults that wait for requests.

    Attributes:
        faults: The faults, which all happen to the same request.
        method: The method of the requests; None for any.
        path: The path of the requests, or a template of the API's spec; None for any.
        times: How many more requests meet the faults; None for all.
        after: How many requests pass before that.
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
            if isinstance(fault, type):
                raise TypeError(f"{fault.__name__} is a class: write {fault.__name__}(…)")
            if type(fault) not in FAULTS.values():
                raise TypeError(f"unknown fault {fault!r}; the faults are {', '.join(sorted(FAULTS))}")
        _require_compatible(self.faults)
        if self.method is not None and self.method not in METHODS:
            raise ValueError(f"method must be one of {', '.join(METHODS)}, not {self.method!r}")
        if self.times is not None:
            require_int("times", self.times, minimum=1)
        require_int("after", self.after, minimum=0)

    def check_path(self, contract: Contract) -> None:
        """Raise ValueError if the path leads to no operation of a spec, or to none with the method."""
        if self.path is None:
            return
        found = contract.find_operations(self.path) if isinstance(self.path, str) else {}
        if not any(_is_plausible(operation, values) for operation, values in found.values()):
            raise ValueError(f"path {self.path!r} leads to no operation; /iam/users/{{userId}} and /iam/users/5 do")
        if self.method is not None and self.method not in found:
            raise ValueError(f"path {self.path!r} allows only {', '.join(sorted(found))}, not {self.method}")

    def matches(self, request: Request) -> bool:
        """Return whether a request is one of those that the faults wait for."""
        if self.method is not None and request.method != self.method:
            return False
        return self.path is None or match_path(self.path, request.path) is not None


class FaultQueue:
    """The faults that wait for requests, in order."""

    def __init__(self) -> None:
        self._queued: list[QueuedFault] = []

    def add(self, queued: QueuedFault) -> None:
        """Add faults at the end."""
        self._queued.append(queued)

    def clear(self) -> None:
        """Remove all faults."""
        self._queued.clear()

    def list_queued(self) -> tuple[QueuedFault, ...]:
        """List the faults that wait, the first one first."""
        return tuple(self._queued)

    def take(self, request: Request) -> ActiveFaults:
        """Return the faults that a request meets, and count the request.

        These are the first ones in the queue that wait for it, and all with `times=None`. A fault that replaces the
        response once takes precedence over those that do so for every request.
        """
        persistent: list[Fault] = []
        once: list[Fault] = []
        remaining: list[QueuedFault] = []
        for queued in self._queued:
            kept: QueuedFault | None = queued
            if queued.matches(request):
                if queued.after:
                    kept = attrs.evolve(queued, after=queued.after - 1)
                elif queued.times is None:
                    persistent += queued.faults
                elif not once:
                    once += queued.faults
                    kept = attrs.evolve(queued, times=queued.times - 1) if queued.times > 1 else None
            if kept is not None:
                remaining.append(kept)
        self._queued = remaining
        if any(isinstance(fault, ReplaceResponse) for fault in once):
            persistent = [fault for fault in persistent if not isinstance(fault, ReplaceResponse)]
        return ActiveFaults(tuple(persistent), tuple(once))


@attrs.frozen
class ActiveFaults:
    """The faults that one request meets."""

    persistent: tuple[Fault, ...]
    """Faults of every request, which skip responses that they do not fit."""
    once: tuple[Fault, ...]
    """Faults of this request, which must fit."""

    @property
    def faults(self) -> tuple[Fault, ...]:
        """All faults, in the order in which they happen."""
        return (*self.persistent, *self.once)

    def change_state(self, state: State) -> None:
        """Change the fake's state; if a fault does not fit, raise FaultError and change nothing."""
        users = dict(state.users)
        try:
            for fault, suppressed in self._iterate_faults():
                with suppressed:
                    fault.change_state(state)
        except FaultError:
            state.users = users
            raise

    def alter_response(self, response: Response | None) -> Response | None:
        """Change the response; raise FaultError if a fault does not fit."""
        for fault, suppressed in self._iterate_faults():
            with suppressed:
                response = fault.alter_response(response)
        return response

    def alter_wire_response(self, response: WireResponse) -> WireResponse:
        """Change the encoded response; raise FaultError if a fault does not fit."""
        for fault, suppressed in self._iterate_faults():
            with suppressed:
                response = fault.alter_wire_response(response)
        return response

    def _iterate_faults(self) -> Iterator[tuple[Fault, AbstractContextManager[None]]]:
        """Iterate over the faults, each with the context that suppresses or passes on its FaultError."""
        yield from ((fault, contextlib.suppress(FaultError)) for fault in self.persistent)
        yield from ((fault, contextlib.nullcontext()) for fault in self.once)


def _require_compatible(faults: Sequence[Fault]) -> None:
    """Raise if the effect of a fault is lost because of another one."""
    replacing = [fault for fault in faults if isinstance(fault, ReplaceResponse)]
    if len(replacing) > 1:
        raise ValueError(f"only one of {replacing!r} can happen to a request")
    for index, fault in enumerate(faults):
        if isinstance(fault, Reset | Hang):
            undone = [other for other in faults if not isinstance(other, _BESIDE_NO_RESPONSE)]
        else:
            undone = [other for other in faults[:index] if isinstance(other, _UNDONE_BY.get(type(fault), ()))]
        if undone:
            raise ValueError(f"{fault!r} leaves nothing of what {undone[0]!r} does; put it first, or leave one out")


def _is_plausible(operation: Operation, values: Mapping[str, str]) -> bool:
    """Return whether each variable of a path is a template's variable, or has its type in the spec."""
    given = {name: text for name, text in values.items() if not re.fullmatch(r"\{.+\}", text)}
    parsed = operation.parse_path(given)
    return parsed is not None
