"""The script of what goes wrong: which request meets which faults."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager

import attrs

from . import description
from .checks import require_int
from .faults import (
    HTML,
    KNOWN,
    WITHOUT_ANSWER,
    BodyFault,
    EmptyBody,
    Fault,
    FaultError,
    FieldFault,
    Hang,
    Instead,
    NotUTF8,
    Reset,
    Status,
    Truncate,
)
from .messages import Answer, Request, Response
from .state import State

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
            if isinstance(fault, type):
                raise TypeError(f"{fault.__name__} is a class: write {fault.__name__}(…)")
            if type(fault) not in KNOWN.values():
                raise TypeError(f"unknown fault {fault!r}; the faults are {', '.join(sorted(KNOWN))}")
        _refuse_contradictions(self.faults)
        if self.method is not None and self.method not in METHODS:
            raise ValueError(f"method must be one of {', '.join(METHODS)}, not {self.method!r}")
        if self.path is not None:
            _require_operation(self.method, self.path)
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

    def take(self, request: Request) -> Matched:
        """The faults that a request meets, which are used up by that.

        These are the first ones in the script that wait for it, and all that last. What comes once in place of an
        answer comes in place of what lasts.
        """
        persistent: list[Fault] = []
        once: list[Fault] = []
        rest: list[Scripted] = []
        for scripted in self._scripted:
            left: Scripted | None = scripted
            if scripted.waits_for(request):
                if scripted.after:
                    left = attrs.evolve(scripted, after=scripted.after - 1)
                elif scripted.times is None:
                    persistent += scripted.faults
                elif not once:
                    once += scripted.faults
                    left = attrs.evolve(scripted, times=scripted.times - 1) if scripted.times > 1 else None
            if left is not None:
                rest.append(left)
        self._scripted = rest
        if any(isinstance(fault, Instead) for fault in once):
            persistent = [fault for fault in persistent if not isinstance(fault, Instead)]
        return Matched(tuple(persistent), tuple(once))


@attrs.frozen
class Matched:
    """The faults that one request meets."""

    persistent: tuple[Fault, ...]
    """Those that meet every request, and so pass over answers that they do not fit."""
    once: tuple[Fault, ...]
    """Those that are for this request. They have to fit."""

    @property
    def faults(self) -> tuple[Fault, ...]:
        """All of them, in the order in which they happen."""
        return (*self.persistent, *self.once)

    def prepare(self, state: State) -> None:
        """Change what the fake knows; FaultError when a fault does not fit, and then nothing is changed."""
        users = dict(state.users)
        try:
            for fault, passing_over in self._each():
                with passing_over:
                    fault.prepare(state)
        except FaultError:
            state.users = users
            raise

    def alter_answer(self, answer: Answer | None) -> Answer | None:
        """Change what the fake has to say; FaultError when a fault does not fit."""
        for fault, passing_over in self._each():
            with passing_over:
                answer = fault.alter_answer(answer)
        return answer

    def alter_response(self, response: Response) -> Response:
        """Change what goes over the wire; FaultError when a fault does not fit."""
        for fault, passing_over in self._each():
            with passing_over:
                response = fault.alter_response(response)
        return response

    def _each(self) -> Iterator[tuple[Fault, AbstractContextManager[None]]]:
        """Every fault, with what becomes of it if it does not fit."""
        yield from ((fault, contextlib.suppress(FaultError)) for fault in self.persistent)
        yield from ((fault, contextlib.nullcontext()) for fault in self.once)


def _refuse_contradictions(faults: Sequence[Fault]) -> None:
    """Refuse faults of which one would leave nothing of what another one does."""
    instead = [fault for fault in faults if isinstance(fault, Instead)]
    if len(instead) > 1:
        raise ValueError(f"only one of {instead!r} can happen to a request")
    for index, fault in enumerate(faults):
        if isinstance(fault, Reset | Hang):
            undone = [other for other in faults if not isinstance(other, WITHOUT_ANSWER)]
        else:
            undone = [other for other in faults[:index] if isinstance(other, _UNDONE_BY.get(type(fault), ()))]
        if undone:
            raise ValueError(f"{fault!r} leaves nothing of what {undone[0]!r} does; put it first, or leave one out")


_UNDONE_BY: Mapping[type[Fault], tuple[type[Fault], ...]] = {
    Status: (FieldFault,),
    HTML: (FieldFault, BodyFault),
    EmptyBody: (FieldFault, HTML, NotUTF8, Truncate),
}
"""What is gone when a fault comes after it."""


def _require_operation(method: str | None, path: str) -> None:
    """Refuse a path that leads to no operation, or to none with a method."""
    found = description.operations_at(path) if isinstance(path, str) else {}
    ids = [value for _, values in found.values() for value in values.values()]
    if not found or not all(re.fullmatch(r"\d+|\{.+\}", value) for value in ids):
        raise ValueError(f"path {path!r} leads to no operation; /iam/users/{{userId}} and /iam/users/5 do")
    if method is not None and method not in found:
        raise ValueError(f"path {path!r} answers only {', '.join(sorted(found))}, not {method}")
