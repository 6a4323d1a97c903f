"""Responses with their status and headers: what `iam.with_raw_response` returns."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Generic, NoReturn, ParamSpec, Protocol, TypeVar, cast

import attrs
from gcore_iam_client.types import Response

from ._resource import Resource

T = TypeVar("T")
P = ParamSpec("P")


@attrs.frozen
class RawResponse(Generic[T]):
    """One response of the API. Its repr shows the status alone.

    Attributes:
        status: The HTTP status.
        headers: The headers; looked up in any case.
        model: What the method returns without `with_raw_response`.
    """

    status: int
    headers: Mapping[str, str] = attrs.field(repr=False)
    model: T = attrs.field(repr=False)

    @property
    def request_id(self) -> str | None:
        """The `X-Request-ID`, for Gcore's support; None when there is none."""
        return self.headers.get("x-request-id")


class Unwrap(Protocol):
    """Turns the response of a generated function into what a method returns."""

    def __call__(self, response: Response[T], /) -> T: ...


get_model: Unwrap = cast("Unwrap", attrgetter("parsed"))
"""Returns the model of a response, which is a success: a bound client raises for every other status."""


def keep_response(response: Response[T], /) -> T:
    """Build the raw response of a success. `raw` and `raw_async` annotate the methods that return it."""
    return cast("T", RawResponse(response.status_code, response.headers, get_model(response)))


_METHODS_WITHOUT_RAW_RESPONSE = ("list", "logins", "rotate")
"""Methods that send more than one request. `tokens.list` sends one, so its raw resource defines it."""


class RawResource(Resource):
    """A resource whose methods return a `RawResponse`."""

    if not TYPE_CHECKING:  # type checkers report the missing method

        def __getattr__(self, name: str) -> NoReturn:
            message = f"{type(self).__name__!r} object has no attribute {name!r}"
            if name in _METHODS_WITHOUT_RAW_RESPONSE:
                message += ": it sends more than one request; call it without with_raw_response"
            raise AttributeError(message, name=name, obj=self)


def raw(method: Callable[P, T]) -> Callable[P, RawResponse[T]]:
    """Annotate a method of a `RawResource`: it returns a `RawResponse`."""
    return cast("Callable[P, RawResponse[T]]", method)


def raw_async(method: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, Coroutine[Any, Any, RawResponse[T]]]:
    """Annotate a coroutine method of a `RawResource`: it returns a `RawResponse`."""
    return cast("Callable[P, Coroutine[Any, Any, RawResponse[T]]]", method)
