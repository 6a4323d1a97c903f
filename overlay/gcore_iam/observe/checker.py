"""Compares responses with the API's spec."""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from typing import Any

import attrs

from .body_checker import BodyChecker
from .facts import Fact, filter_media_type, parse_header_date
from .observation import ObservationKind as Kind
from .response_schema import Schema, SchemaBuilder

_METHODS = frozenset({"get", "put", "post", "delete", "options", "head", "patch", "trace"})
_MAX_DEPTH = 100
"""How deep a body is compared. The spec describes nothing that is nested so deeply."""
_SOME_NUMBER = 0.5
"""Stands for NaN and Infinity: a number, and no integer."""


@attrs.frozen
class ObservedResponse:
    """What an observer keeps of a response until it is checked.

    Attributes:
        operation: The `operationId`.
        status: The HTTP status.
        body: The body as it came.
        content_type: The `Content-Type`; "" if it is missing.
        sunset: The `Sunset` header; None if it is missing.
        deprecation: The `Deprecation` header; None if it is missing.
        time: When it came, in UTC.
    """

    operation: str
    status: int
    body: bytes = attrs.field(repr=False)
    content_type: str = attrs.field(default="", repr=False)
    sunset: str | None = attrs.field(default=None, repr=False)
    deprecation: str | None = attrs.field(default=None, repr=False)
    time: datetime = attrs.field(factory=partial(datetime.now, UTC))


class Checker:
    """Finds the facts that responses show.

    Args:
        document: The spec, an OpenAPI 3.1 document.
    """

    def __init__(self, document: Mapping[str, Any]) -> None:
        self._builder = SchemaBuilder(document)
        self._operations: dict[str, Mapping[str, Any]] = {
            operation["operationId"]: operation
            for item in document["paths"].values()
            for method, operation in item.items()
            if method in _METHODS and "operationId" in operation
        }
        self._bodies: dict[tuple[str, str, str], BodyChecker | None] = {}

    def find_status_facts(self, operation: str, status: int) -> set[Fact]:
        """Find the facts that the status of a response shows."""
        spec = self._operations.get(operation)
        if spec is None:
            return set()
        facts = {Fact("", Kind.DEPRECATED_OPERATION)} if spec.get("deprecated") is True else set()
        if self._find_status(operation, status) is None:
            facts.add(Fact("", Kind.UNDOCUMENTED_STATUS))
        return facts

    def find_response_facts(self, response: ObservedResponse) -> set[Fact]:
        """Find the facts that the headers and the body of a response show."""
        headers = ((Kind.SUNSET_HEADER, response.sunset), (Kind.DEPRECATION_HEADER, response.deprecation))
        facts = {Fact("", kind, parse_header_date(text)) for kind, text in headers if text is not None}
        status = self._find_status(response.operation, response.status)
        if status is None:
            return facts
        media_types = self._find_media_types(response.operation, status)
        if not media_types or not response.body:
            return facts  # nothing to compare
        media_type = response.content_type.partition(";")[0].strip().lower()
        media_range = _find_media_range(media_type, media_types)
        if media_range is None:
            return {*facts, Fact("", Kind.UNDOCUMENTED_MEDIA_TYPE, filter_media_type(media_type))}
        checker = self._get_body_checker(response.operation, status, media_range, media_types[media_range])
        if checker is None:
            return facts
        try:
            body = _decode(response.body)
        except (ValueError, RecursionError):  # the client raises DecodeError for a success
            return facts
        try:
            return facts | checker.find_facts(body)
        except ValueError:  # jsonschema-rs reads neither lone surrogates nor more than 254 levels
            return facts | checker.find_facts(_simplify(body, _MAX_DEPTH))

    def _find_status(self, operation: str, status: int) -> str | None:
        """Find the key of a status in the spec, such as `200`, `2XX` or `default`; None if it is not listed."""
        responses = self._operations.get(operation, {}).get("responses", {})
        keys = (str(status), f"{status // 100}XX", f"{status // 100}xx", "default")
        return next((key for key in keys if key in responses), None)

    def _find_media_types(self, operation: str, status: str) -> dict[str, Schema]:
        response = self._builder.resolve(self._operations[operation]["responses"][status])
        content = response.get("content", {})
        return {name.partition(";")[0].strip().lower(): media.get("schema") for name, media in content.items()}

    def _get_body_checker(self, operation: str, status: str, media_range: str, schema: Schema) -> BodyChecker | None:
        key = (operation, status, media_range)
        if key not in self._bodies:
            is_json = media_range.endswith(("/json", "+json", "/*"))
            self._bodies[key] = BodyChecker(self._builder, schema) if is_json and schema is not None else None
        return self._bodies[key]


def _find_media_range(media_type: str, media_ranges: Mapping[str, Schema]) -> str | None:
    """Find the media range that a media type matches; a response without a media type matches the first one."""
    if not media_type:
        return next(iter(media_ranges))
    candidates = (media_type, f"{media_type.partition('/')[0]}/*", "*/*")
    return next((candidate for candidate in candidates if candidate in media_ranges), None)


def _decode(body: bytes) -> Any:
    """Decode JSON, as the client does: with orjson if it is installed and takes it."""
    with suppress(ImportError, ValueError):
        from orjson import loads

        return loads(body)
    # NaN and Infinity are not JSON, but Python reads them; jsonschema-rs would take them for null.
    return json.loads(body, parse_constant=lambda _: _SOME_NUMBER)


def _simplify(value: Any, depth: int) -> Any:
    """Copy a decoded body without lone surrogates, and with empty lists and objects below a depth."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, list):
        return [_simplify(item, depth - 1) for item in value] if depth else []
    if isinstance(value, dict):
        return {_simplify(key, 0): _simplify(item, depth - 1) for key, item in value.items()} if depth else {}
    return value
