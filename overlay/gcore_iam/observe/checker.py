"""Compares responses with the API's spec."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import cached_property, partial
from itertools import islice
from typing import Any

import attrs
import jsonschema_rs
from gcore_iam_client.types import decode_date, decode_datetime

from .facts import (
    Fact,
    PersonalWords,
    filter_enum_value,
    filter_field_name,
    filter_media_type,
    parse_header_date,
)
from .observation import ObservationKind as Kind
from .response_schema import Schema, SchemaBuilder

_MAX_ERRORS = 1000
"""How many errors of one response are read."""
_METHODS = frozenset({"get", "put", "post", "delete", "options", "head", "patch", "trace"})
_DECODERS = {"date-time": decode_datetime, "date": decode_date}
_Kinds = jsonschema_rs.ValidationErrorKind


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
    """Finds the differences between responses and a spec.

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

    def check_status(self, operation: str, status: int) -> set[Fact]:
        """Find the differences that the status of a response shows."""
        spec = self._operations.get(operation)
        if spec is None:
            return set()
        facts = {Fact("", Kind.DEPRECATED_OPERATION)} if spec.get("deprecated") is True else set()
        if self._find_status(operation, status) is None:
            facts.add(Fact("", Kind.UNDOCUMENTED_STATUS))
        return facts

    def check_response(self, response: ObservedResponse, decode: Any) -> set[Fact]:
        """Find the differences that the headers and the body of a response show.

        Args:
            response: The response.
            decode: Decodes JSON; raises ValueError for anything else.
        """
        headers = ((Kind.SUNSET_HEADER, response.sunset), (Kind.DEPRECATION_HEADER, response.deprecation))
        facts = {Fact("", kind, parse_header_date(text)) for kind, text in headers if text is not None}
        status = self._find_status(response.operation, response.status)
        if status is None:
            return facts
        media_types = self._find_media_types(response.operation, status)
        if not media_types or not response.body:
            return facts  # the spec does not say what the body is
        media_type = response.content_type.partition(";")[0].strip().lower()
        media_range = _find_media_range(media_type, media_types)
        if media_range is None:
            return {*facts, Fact("", Kind.UNDOCUMENTED_MEDIA_TYPE, filter_media_type(media_type))}
        checker = self._get_body_checker(response.operation, status, media_range, media_types[media_range])
        if checker is None:
            return facts
        try:
            body = decode(response.body)
        except ValueError:  # the client raises DecodeError for a success
            return facts
        return facts | checker.check(body)

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


class BodyChecker:
    """Compares the body of a response with its schema.

    Args:
        builder: Builds schemas from the spec.
        schema: The schema in the spec.
    """

    def __init__(self, builder: SchemaBuilder, schema: Schema) -> None:
        values, self._fields = builder.build(schema)
        self._definitions = builder.definitions
        self._document = {"allOf": [values, self._fields], "$defs": builder.definitions}

    @cached_property
    def _validator(self) -> jsonschema_rs.Draft202012Validator:
        return jsonschema_rs.Draft202012Validator(self._document, validate_formats=True, offline=True)

    def check(self, body: Any) -> set[Fact]:
        """Find the differences between a decoded body and the schema."""
        if self._validator.is_valid(body):
            return set()
        errors = list(_choose_alternatives(islice(self._validator.iter_errors(body), _MAX_ERRORS)))
        mistyped = {tuple(error.instance_path) for error in errors if isinstance(error.kind, _Kinds.Type)}
        enum_paths = {self._fold(error.instance_path) for error in errors if isinstance(error.kind, _Kinds.Enum)}
        personal = PersonalWords(self._iterate_texts(body, (), enum_paths))
        facts: set[Fact] = set()
        for error in errors:
            if isinstance(error.kind, _Kinds.Type) or tuple(error.instance_path) not in mistyped:
                facts.update(self._build_facts(error, personal))
        return facts

    def _build_facts(self, error: jsonschema_rs.ValidationError, personal: PersonalWords) -> Iterator[Fact]:
        kind, value, path = error.kind, error.instance, self._fold(error.instance_path)
        pointer = _build_pointer(path)
        if isinstance(kind, _Kinds.AdditionalProperties):
            for name in kind.unexpected:
                field = filter_field_name(name, personal)
                yield Fact(_build_pointer((*path, field)), Kind.UNDOCUMENTED_FIELD)
        elif isinstance(kind, _Kinds.Required):
            yield Fact(_build_pointer((*path, kind.property)), Kind.MISSING_REQUIRED_KEY)
        elif isinstance(kind, _Kinds.Format):
            if _DECODERS[kind.format](value) is value:
                yield Fact(pointer, Kind.UNREADABLE_TIMESTAMP)
        elif value is None:
            yield Fact(pointer, Kind.UNANNOUNCED_NULL)
        elif isinstance(kind, _Kinds.Type):
            yield Fact(pointer, Kind.OTHER_TYPE, _get_type_name(value))
        else:
            yield Fact(pointer, Kind.UNDOCUMENTED_ENUM_VALUE, filter_enum_value(value, personal))

    def _fold(self, path: Iterable[str | int]) -> tuple[str, ...]:
        """Replace indexes of arrays and keys of maps in a path by `*`."""
        folded: list[str] = []
        schema: Any = self._fields
        for key in path:
            schema = self._resolve(schema)
            if isinstance(key, int):
                folded.append("*")
                schema = schema.get("items", {})
            elif key in schema.get("properties", {}):
                folded.append(key)
                schema = schema["properties"][key]
            else:
                folded.append("*")
                schema = schema.get("additionalProperties", {})
        return tuple(folded)

    def _resolve(self, schema: Any) -> Mapping[str, Any]:
        if not isinstance(schema, dict):
            return {}
        return self._definitions[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema

    def _iterate_texts(self, value: Any, path: tuple[str | int, ...], excluded: set[tuple[str, ...]]) -> Iterator[str]:
        """Iterate over the texts of a body, except those at some folded paths."""
        if isinstance(value, str):
            if self._fold(path) not in excluded:
                yield value
        elif isinstance(value, dict):
            for key, inner in value.items():
                yield from self._iterate_texts(inner, (*path, key), excluded)
        elif isinstance(value, list):
            for index, inner in enumerate(value):
                yield from self._iterate_texts(inner, (*path, index), excluded)


def _choose_alternatives(errors: Iterable[jsonschema_rs.ValidationError]) -> Iterator[jsonschema_rs.ValidationError]:
    """Replace the error of `anyOf` by those of the alternative that is closest to the value."""
    for error in errors:
        if isinstance(error.kind, _Kinds.AnyOf):
            path = error.instance_path
            branches = [list(_choose_alternatives(branch)) for branch in error.kind.context]
            yield from min(branches, key=lambda branch: (_is_other_type(branch, path), len(branch)))
        else:
            yield error


def _is_other_type(errors: Iterable[jsonschema_rs.ValidationError], path: Sequence[str | int]) -> bool:
    """Return whether errors say that the value at a path has another type."""
    return any(isinstance(error.kind, _Kinds.Type) and error.instance_path == path for error in errors)


def _build_pointer(path: Iterable[str]) -> str:
    """Build a JSON pointer (RFC 6901)."""
    return "".join("/" + key.replace("~", "~0").replace("/", "~1") for key in path)


def _get_type_name(value: Any) -> str:
    """Return the JSON type of a value that is not null."""
    for kind, name in ((bool, "boolean"), (int, "integer"), (float, "number"), (str, "string"), (list, "array")):
        if isinstance(value, kind):
            return name
    return "object"
