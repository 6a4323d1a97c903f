"""What can go wrong on purpose: one class for each fault."""

from __future__ import annotations

import html
import http.client
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any, ClassVar

import attrs

from . import description
from .checks import require_int, require_json, require_text, require_type
from .clock import require_aware
from .messages import NO_BODY, Answer, Ending, Response
from .population import ACCOUNT_ID, User
from .roles import USERS
from .state import State

WITHOUT_BODY = (204, 304)
"""Statuses whose responses have no body (RFC 9110, sections 15.3.5 and 15.4.5)."""

_LONGEST_DELAY = 86_400
"""Seconds."""


class FaultError(AssertionError):
    """A fault does not fit the answer that it met, so that a test would not have tested what it says."""


def _at_least(minimum: int) -> Callable[[object, attrs.Attribute[int], int], None]:
    """A validator of attrs: a whole number of at least so much."""

    def check(_: object, attribute: attrs.Attribute[int], value: int) -> None:
        require_int(attribute.name, value, minimum=minimum)

    return check


def _text(_: object, attribute: attrs.Attribute[Any], value: Any) -> None:
    require_text(attribute.name, value)


def _flag(_: object, attribute: attrs.Attribute[Any], value: Any) -> None:
    require_type(attribute.name, value, bool, "a bool")


@attrs.frozen
class Fault:
    """Something that goes wrong with one request. Use one of the classes below."""

    @property
    def does_work(self) -> bool:
        """Whether the fake does the work that it is asked for."""
        return True

    def prepare(self, state: State) -> None:
        """Change what the fake knows, before the work."""

    def alter_answer(self, answer: Answer | None) -> Answer | None:
        """Change what the fake has to say; None when it has not done the work."""
        return answer

    def alter_response(self, response: Response) -> Response:
        """Change what goes over the wire."""
        return response


# --- instead of the answer -----------------------------------------------------------------------------------------


@attrs.frozen
class Instead(Fault):
    """Something instead of the answer.

    Args:
        after_work: Whether the work is done first.
    """

    after_work: bool = attrs.field(default=False, kw_only=True, validator=_flag)

    @property
    def does_work(self) -> bool:
        return self.after_work


@attrs.frozen
class Status(Instead):
    """A status instead of the answer.

    Args:
        status: 200 to 599.
        retry_after: `Retry-After` (RFC 9110, section 10.2.3): a whole number of seconds of 0 or more, or an aware
            datetime for a date; None for none.
        after_work: Whether the work is done first, as when a gateway gives up on a server that does not.
    """

    status: int = attrs.field()
    retry_after: int | datetime | None = attrs.field(default=None, kw_only=True)

    def __attrs_post_init__(self) -> None:
        require_int("status", self.status, minimum=200, maximum=599)
        if isinstance(self.retry_after, datetime):
            require_aware("retry_after", self.retry_after)
        elif self.retry_after is not None:
            require_int("retry_after", self.retry_after, minimum=0)

    def alter_answer(self, answer: Answer | None) -> Answer | None:  # noqa: ARG002 - whatever it was
        headers: tuple[tuple[str, str], ...] = ()
        if isinstance(self.retry_after, datetime):
            headers = (("Retry-After", format_datetime(self.retry_after.astimezone(UTC), usegmt=True)),)
        elif self.retry_after is not None:
            headers = (("Retry-After", str(self.retry_after)),)
        message = f"{http.client.responses.get(self.status, 'Unregistered status')}, as scripted."
        return Answer(self.status, NO_BODY if self.status in WITHOUT_BODY else {"message": message}, headers)


@attrs.frozen
class Reset(Instead):
    """The connection is reset instead of an answer.

    Args:
        after_work: Whether the work is done first.
    """

    def alter_response(self, response: Response) -> Response:
        return attrs.evolve(response, ending=Ending.RESET)


@attrs.frozen
class Hang(Instead):
    """No answer comes, and the connection stays open.

    In process the client's read timeout is raised at once, and the fake's clock goes on by as much.

    Args:
        after_work: Whether the work is done first.
    """

    def alter_response(self, response: Response) -> Response:
        return attrs.evolve(response, ending=Ending.HANG)


@attrs.frozen
class Delay(Fault):
    """The answer comes late.

    In process nobody waits: the fake's clock goes on instead, and a read timeout that is shorter is raised at once.

    Args:
        seconds: How late, above 0 and at most a day, which has 86,400.
    """

    seconds: float = attrs.field()

    def __attrs_post_init__(self) -> None:
        require_type("seconds", self.seconds, (int, float), "a number")
        if not 0 < self.seconds <= _LONGEST_DELAY:
            raise ValueError(f"seconds must be above 0 and at most {_LONGEST_DELAY}, not {self.seconds}")

    def alter_response(self, response: Response) -> Response:
        return attrs.evolve(response, delay=response.delay + self.seconds)


# --- the body ------------------------------------------------------------------------------------------------------


@attrs.frozen
class BodyFault(Fault):
    """Something about the body as bytes."""

    def alter_response(self, response: Response) -> Response:
        if response.status in WITHOUT_BODY:
            raise FaultError(f"{self!r} meets a {response.status}, which has no body")
        altered = self._altered(response)
        if altered == response:
            raise FaultError(f"{self!r} changes nothing about the answer {response.status}")
        return altered

    def _altered(self, response: Response) -> Response:
        raise NotImplementedError


@attrs.frozen
class Truncate(BodyFault):
    """The body ends early.

    Args:
        keep: How many of its bytes come; None for half of them.
        announced: Whether `Content-Length` announces the whole body, so that the connection seems to break; without,
            the response is whole as far as HTTP goes.
    """

    keep: int | None = attrs.field(default=None, validator=attrs.validators.optional(_at_least(0)))
    announced: bool = attrs.field(default=False, kw_only=True, validator=_flag)

    def _altered(self, response: Response) -> Response:
        kept = response.body[: len(response.body) // 2 if self.keep is None else self.keep]
        if kept == response.body or not self.announced:
            return attrs.evolve(response, body=kept)
        return attrs.evolve(response, body=kept, missing=len(response.body) - len(kept), ending=Ending.CUT)


@attrs.frozen
class HTML(BodyFault):
    """A page of HTML in place of the body, such as a proxy or a login wall sends. The status stays."""

    def _altered(self, response: Response) -> Response:
        title = html.escape(f"{response.status}, as scripted")
        body = f"<!doctype html>\n<html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>\n"
        return attrs.evolve(response, body=body.encode()).with_header("Content-Type", "text/html; charset=utf-8")


@attrs.frozen
class EmptyBody(BodyFault):
    """Nothing in place of the body. Status and content type stay."""

    def _altered(self, response: Response) -> Response:
        return attrs.evolve(response, body=b"")


@attrs.frozen
class NotUTF8(BodyFault):
    """Bytes in the body that are not UTF-8, in the first text that it holds."""

    def _altered(self, response: Response) -> Response:
        head, quote, tail = response.body.partition(b'"')
        return attrs.evolve(response, body=head + quote + b"\xff\xfe" + tail)


@attrs.frozen
class ContentType(BodyFault):
    """Another content type than the body's.

    Args:
        value: The header's value, such as `text/plain`.
    """

    value: str = attrs.field(validator=_text)

    def __attrs_post_init__(self) -> None:
        if not (self.value.isascii() and self.value.isprintable()):
            raise ValueError("value must be printable ASCII characters")

    def _altered(self, response: Response) -> Response:
        return response.with_header("Content-Type", self.value)


@attrs.frozen
class FieldFault(Fault):
    """Something about one field of a JSON body.

    Args:
        field: Where it is, key by key, as in `results.0.lang`; `*` stands for every item of a list.
    """

    field: str = attrs.field(validator=_text)

    def alter_answer(self, answer: Answer | None) -> Answer | None:
        if answer is None:
            return None
        *path, last = self.field.split(".")
        hits: list[bool] = []

        def edit(holder: Any) -> Any:
            if not isinstance(holder, dict) or (last in holder) is not self._is_there:
                return holder
            edited = self._edit(holder, last)
            hits.append(edited != holder)
            return edited

        payload = _edited(answer.payload, path, edit)
        if not any(hits):
            found = "changes nothing about" if hits else "finds no" if self._is_there else "finds no place for"
            raise FaultError(f"{type(self).__name__} {found} {self.field!r} in the answer {answer.status}")
        return attrs.evolve(answer, payload=payload)

    _is_there: ClassVar[bool] = True
    """Whether the field has to be there before."""

    def _edit(self, holder: dict[str, Any], key: str) -> dict[str, Any]:
        raise NotImplementedError


@attrs.frozen
class UnknownEnum(FieldFault):
    """A value that the description does not list.

    Args:
        field: Where it is, key by key, as in `results.0.lang`; `*` stands for every item of a list.
        value: The value, which no enum of the description lists.
    """

    value: str = attrs.field(default="unheard-of", validator=_text)

    def __attrs_post_init__(self) -> None:
        if self.value in description.enum_values():
            raise ValueError(f"value {self.value!r} is one that the API's description lists")

    def _edit(self, holder: dict[str, Any], key: str) -> dict[str, Any]:
        return {**holder, key: self.value}


@attrs.frozen
class Null(FieldFault):
    """Null in place of a value.

    Args:
        field: Where it is, key by key, as in `results.0.lang`; `*` stands for every item of a list.
    """

    def _edit(self, holder: dict[str, Any], key: str) -> dict[str, Any]:
        return {**holder, key: None}


@attrs.frozen
class Missing(FieldFault):
    """A field that is not there.

    Args:
        field: Where it is, key by key, as in `results.0.lang`; `*` stands for every item of a list.
    """

    def _edit(self, holder: dict[str, Any], key: str) -> dict[str, Any]:
        return {name: value for name, value in holder.items() if name != key}


@attrs.frozen
class ExtraField(FieldFault):
    """A field that the description does not know.

    Args:
        field: Where it shall be, key by key, as in `results.0.unheard_of`; `*` stands for every item of a list.
        value: Its value, anything that JSON has a form for.
    """

    field: str = attrs.field(default="unheard_of", validator=_text)
    value: Any = "unheard-of"
    _is_there: ClassVar[bool] = False

    def __attrs_post_init__(self) -> None:
        require_json("value", self.value)

    def _edit(self, holder: dict[str, Any], key: str) -> dict[str, Any]:
        return {**holder, key: self.value}


# --- the population ------------------------------------------------------------------------------------------------


@attrs.frozen
class DeleteUser(Fault):
    """Somebody else deletes a user just before the request.

    Args:
        position: Where in the list of users, from 0.
    """

    position: int = attrs.field(validator=_at_least(0))

    def prepare(self, state: State) -> None:
        members = state.members(ACCOUNT_ID)
        if self.position >= len(members):
            raise FaultError(f"DeleteUser finds no user at position {self.position} of {len(members)}")
        state.remove(members[self.position], ACCOUNT_ID)


@attrs.frozen
class InsertUser(Fault):
    """Somebody else adds a user just before the request.

    Args:
        position: Where in the list of users, from 0; the number of users for its end.
    """

    position: int = attrs.field(validator=_at_least(0))

    def prepare(self, state: State) -> None:
        size = len(state.members(ACCOUNT_ID))
        if self.position > size:
            raise FaultError(f"InsertUser finds no position {self.position} among {size} users")
        user_id = state.next_user_id()
        user = User(user_id, f"newcomer.{user_id}@newcomers.example.com", {ACCOUNT_ID: USERS})
        state.insert(user, self.position, ACCOUNT_ID)


KNOWN: Mapping[str, type[Fault]] = {
    fault.__name__: fault
    for fault in (
        ContentType, DeleteUser, Delay, EmptyBody, ExtraField, HTML, Hang, InsertUser, Missing, NotUTF8, Null, Reset,
        Status, Truncate, UnknownEnum,
    )
}  # fmt: skip
"""Every fault by name."""

WITHOUT_ANSWER = (Reset, Hang, Delay, DeleteUser, InsertUser)
"""What can happen to a request that gets no answer."""


def _children(node: Any, key: str) -> dict[Any, Any]:
    if isinstance(node, dict):
        return {key: node[key]} if key in node else {}
    if isinstance(node, list) and key == "*":
        return dict(enumerate(node))
    if isinstance(node, list) and key.isdecimal() and int(key) < len(node):
        return {int(key): node[int(key)]}
    return {}


def _edited(node: Any, path: Sequence[str], edit: Callable[[Any], Any]) -> Any:
    """A copy in which what stands at a path of keys is changed; `*` stands for every item of a list."""
    if not path:
        return edit(node)
    changed = {key: _edited(child, path[1:], edit) for key, child in _children(node, path[0]).items()}
    if isinstance(node, dict):
        return {**node, **changed}
    return [changed.get(index, item) for index, item in enumerate(node)] if isinstance(node, list) else node
