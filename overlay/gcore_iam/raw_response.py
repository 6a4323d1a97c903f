"""Responses with their status and headers: what `iam.with_raw_response` returns."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Generic, ParamSpec, Protocol, TypeVar, cast

import attrs

if TYPE_CHECKING:
    from gcore_iam_client.types import Response

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


get_model = cast("Unwrap", attrgetter("parsed"))
"""Gets the model of a success; a bound client raises for every other status, so there is one."""


def build_raw(response: Response[T]) -> RawResponse[T]:
    """Build the raw response of a success."""
    return RawResponse(response.status_code, response.headers, get_model(response))


keep_response = cast("Unwrap", build_raw)
"""For a resource whose methods return a `RawResponse`; `raw` and `raw_async` give those methods their types."""


def raw(method: Callable[P, T]) -> Callable[P, RawResponse[T]]:
    """Give the method of a resource that keeps the response its type."""
    return cast("Callable[P, RawResponse[T]]", method)


def raw_async(method: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, Coroutine[Any, Any, RawResponse[T]]]:
    """Give the coroutine method of a resource that keeps the response its type."""
    return cast("Callable[P, Coroutine[Any, Any, RawResponse[T]]]", method)
