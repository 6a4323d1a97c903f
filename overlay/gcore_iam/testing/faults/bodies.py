"""Faults of the body as bytes."""

from __future__ import annotations

import html

import attrs

from ..messages import Delivery, WireResponse
from .base import WITHOUT_BODY, Fault, FaultError, at_least, check_bool, check_text


@attrs.frozen
class BodyFault(Fault):
    """Changes the body as bytes."""

    def alter_wire_response(self, response: WireResponse) -> WireResponse:
        if response.status in WITHOUT_BODY:
            raise FaultError(f"{self!r} meets the response {response.status}, which has no body")
        altered = self._alter(response)
        if altered == response:
            raise FaultError(f"{self!r} changes nothing in the response {response.status}")
        return altered

    def _alter(self, response: WireResponse) -> WireResponse:
        raise NotImplementedError


@attrs.frozen
class Truncate(BodyFault):
    """The body ends early.

    Args:
        keep: How many bytes are sent; None for half of them.
        announced: Whether `Content-Length` announces the whole body, so that the connection seems to break.
            Otherwise, the response is complete as far as HTTP goes.
    """

    keep: int | None = attrs.field(default=None, validator=attrs.validators.optional(at_least(0)))
    announced: bool = attrs.field(default=False, kw_only=True, validator=check_bool)

    def _alter(self, response: WireResponse) -> WireResponse:
        kept = response.body[: len(response.body) // 2 if self.keep is None else self.keep]
        if kept == response.body or not self.announced:
            return attrs.evolve(response, body=kept)
        return attrs.evolve(
            response, body=kept, missing_bytes=len(response.body) - len(kept), delivery=Delivery.TRUNCATED
        )


@attrs.frozen
class HTML(BodyFault):
    """An HTML page in place of the body, such as a proxy or a login page sends. The status stays."""

    def _alter(self, response: WireResponse) -> WireResponse:
        title = html.escape(f"{response.status}, injected by the test")
        body = f"<!doctype html>\n<html><head><title>{title}</title></head><body><h1>{title}</h1></body></html>\n"
        return attrs.evolve(response, body=body.encode()).with_header("Content-Type", "text/html; charset=utf-8")


@attrs.frozen
class EmptyBody(BodyFault):
    """An empty body. Status and content type stay."""

    def _alter(self, response: WireResponse) -> WireResponse:
        return attrs.evolve(response, body=b"")


@attrs.frozen
class NotUTF8(BodyFault):
    """Bytes that are not UTF-8, in the first string of the body."""

    def _alter(self, response: WireResponse) -> WireResponse:
        head, quote, tail = response.body.partition(b'"')
        return attrs.evolve(response, body=head + quote + b"\xff\xfe" + tail)


@attrs.frozen
class ContentType(BodyFault):
    """A content type that is not the body's.

    Args:
        value: The header's value, such as `text/plain`.
    """

    value: str = attrs.field(validator=check_text)

    def __attrs_post_init__(self) -> None:
        if not (self.value.isascii() and self.value.isprintable()):
            raise ValueError("value must be printable ASCII characters")

    def _alter(self, response: WireResponse) -> WireResponse:
        return response.with_header("Content-Type", self.value)
