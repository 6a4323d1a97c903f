"""What the API's spec asks of the requests and responses of each operation."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache, cached_property
from typing import Any
from urllib.parse import parse_qsl, unquote

import attrs
import jsonschema_rs
from gcore_iam_client.description import DESCRIPTION

from . import examples
from .messages import NO_BODY, Response
from .schemas import (
    TYPE_NAMES,
    Problem,
    Schema,
    build_validator,
    describe_problem,
    drop_read_only,
    resolve_ref,
)

METHODS = ("GET", "PUT", "POST", "DELETE", "OPTIONS", "HEAD", "PATCH", "TRACE")
"""The methods that a path of an OpenAPI spec can have."""

_WHOLE_NUMBER = re.compile(r"-?[0-9]{1,18}")
"""An integer in ASCII digits that a database can hold."""


class ContractError(AssertionError):
    """A response of the fake contradicts the API's spec: a mistake of the fake."""


@attrs.frozen(slots=False)
class Operation:
    """An operation of the API."""

    id: str
    method: str
    path: str
    """The template of its path, such as `/iam/users/{userId}`."""
    _spec: Mapping[str, Any] = attrs.field(repr=False, alias="spec")

    @property
    def requires_auth(self) -> bool:
        """Whether the operation is for callers with credentials only."""
        security = self._spec.get("security", DESCRIPTION.get("security"))
        return bool(security and all(security))

    @property
    def has_body(self) -> bool:
        """Whether requests have a body in JSON."""
        return self._body_schema is not None

    @property
    def requires_body(self) -> bool:
        """Whether a request without a body is an error."""
        return bool(resolve_ref(self._spec.get("requestBody", {})).get("required", False))

    @property
    def requires_object(self) -> bool:
        """Whether the body of a request must be a JSON object."""
        return bool(resolve_ref(self._body_schema or {}).get("type", "object") == "object")

    def complete_body(self, body: Any) -> Any:
        """Add examples of the required properties that a request body lacks."""
        return examples.complete(self._body_schema or {}, body)[0]

    def iterate_body_problems(self, body: Any) -> Iterator[Problem]:
        """Iterate over what is wrong with a decoded request body."""
        yield from map(describe_problem, self._body_validator.iter_errors(body))

    def parse_query(self, text: str) -> tuple[dict[str, Any], list[Problem]]:
        """Decode the query parameters that the spec lists, and list what is wrong with the others."""
        # The last value of a repeated parameter counts, as in Django, which upstream's messages point to.
        return self._parse_parameters("query", dict(parse_qsl(text, keep_blank_values=True)))

    def build_example_query(self) -> dict[str, str]:
        """Build values of the query parameters that the spec requires."""
        required = {name: one for name, one in self._parameters["query"].items() if one.get("required", False)}
        values = {name: examples.build_example(one.get("schema", {})) for name, one in required.items()}
        return {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in values.items()}

    def parse_path(self, values: Mapping[str, str]) -> dict[str, Any] | None:
        """Decode the variables of the path; None if one does not have its type in the spec."""
        ids = {name: parse_id(text) for name, text in values.items() if self._type_of("path", name) == "integer"}
        return None if None in ids.values() else {**values, **ids}

    def check_response(self, response: Response) -> None:
        """Compare a response of the fake with the spec.

        Raises:
            ContractError: The spec does not list this status, or demands another body.
        """
        schema = self._find_schema(response)
        if schema is None:
            return
        if response.payload is NO_BODY:
            raise ContractError(f"{self.id} responded with {response.status} without a body")
        validator = self._response_validators[response.status]
        if not validator.is_valid(response.payload):
            place = "/".join(map(str, next(validator.iter_errors(response.payload)).instance_path))
            raise ContractError(f"{self.id} responded with {response.status}, which contradicts the spec at /{place}")

    def complete_response(self, response: Response) -> tuple[Response, tuple[str, ...]]:
        """Add examples of the required properties that a response lacks.

        Returns:
            The response, and where something was added, such as `results.*.created_at`. A response that is valid, or
            whose missing properties have no example, is returned as it is.
        """
        schema = self._find_schema(response)
        if schema is None or response.payload is NO_BODY:
            return response, ()
        validator = self._response_validators[response.status]
        if validator.is_valid(response.payload):
            return response, ()
        try:
            payload, added = examples.complete(schema, response.payload)
        except examples.NoExampleError:
            return response, ()
        return attrs.evolve(response, payload=payload), added

    def build_example_response(self) -> Response | None:
        """Build a response of success from the spec alone; None if the spec does not say what it holds."""
        for status, spec in sorted(self._spec["responses"].items()):
            if status != "default" and not status.startswith("2"):
                continue
            number = int(status.replace("X", "0")) if status != "default" else 200
            content = resolve_ref(spec).get("content")
            if not content:
                return Response(number)
            schema = _find_json_schema(content)
            if schema is None:
                return None
            try:
                return Response(number, examples.build_example(schema))
            except examples.NoExampleError:
                return None
        return None

    def _find_schema(self, response: Response) -> Schema | None:
        """Return the schema of a response's body, None if the spec has none.

        Raises:
            ContractError: The spec does not list the status.
        """
        if response.status not in self._response_schemas:
            raise ContractError(f"{self.id} responded with {response.status}, which the spec does not list")
        return self._response_schemas[response.status]

    def _parse_parameters(self, place: str, given: Mapping[str, str]) -> tuple[dict[str, Any], list[Problem]]:
        values: dict[str, Any] = {}
        problems: list[Problem] = []
        for name, parameter in self._parameters[place].items():
            kind = self._type_of(place, name)
            if name in given:
                value = _parse_parameter(kind, given[name])
                if value is None:
                    problems.append(((name,), f"Must be {TYPE_NAMES[kind]}."))
                else:
                    values[name] = value
            elif parameter.get("required", False):
                problems.append(((name,), "Value is missing."))
        return values, problems

    def _type_of(self, place: str, name: str) -> str:
        schema = resolve_ref(self._parameters[place].get(name, {}).get("schema", {}))
        kind = schema.get("type", "string")
        return str(kind if isinstance(kind, str) else next((name for name in kind if name != "null"), "string"))

    @cached_property
    def _parameters(self) -> dict[str, dict[str, Mapping[str, Any]]]:
        """The parameters by place (`path`, `query`, …) and name."""
        found: dict[str, dict[str, Mapping[str, Any]]] = {"path": {}, "query": {}}
        for parameter in map(resolve_ref, self._spec.get("parameters", ())):
            found.setdefault(parameter["in"], {})[parameter["name"]] = parameter
        return found

    @cached_property
    def _body_schema(self) -> Schema | None:
        content = resolve_ref(self._spec.get("requestBody", {})).get("content", {})
        return _find_json_schema(content)

    @cached_property
    def _body_validator(self) -> jsonschema_rs.Draft202012Validator:
        return build_validator(drop_read_only(self._body_schema or {}))

    @cached_property
    def _response_schemas(self) -> dict[int, Schema | None]:
        """The schema of each response by status, None where the spec has none."""
        return {
            int(status): _find_json_schema(resolve_ref(spec).get("content", {}))
            for status, spec in self._spec["responses"].items()
            if status.isdecimal()
        }

    @cached_property
    def _response_validators(self) -> dict[int, jsonschema_rs.Draft202012Validator]:
        schemas = self._response_schemas.items()
        return {status: build_validator(schema) for status, schema in schemas if schema is not None}


def _find_json_schema(content: Mapping[str, Any]) -> Schema | None:
    """Return the schema of the JSON media type among media types; None if there is none."""
    for media_type, media in content.items():
        name = media_type.partition(";")[0].strip().lower()
        if name == "application/json" or name.endswith("+json"):
            schema: Schema | None = media.get("schema")
            return schema
    return None


def _parse_parameter(kind: str, text: str) -> Any:
    """Decode a query parameter; None if the text has not its type."""
    if kind == "integer":
        return int(text) if _WHOLE_NUMBER.fullmatch(text) else None
    if kind == "boolean":
        return {"true": True, "false": False, "1": True, "0": False}.get(text.lower())
    return text


def parse_id(text: str) -> int | None:
    """Return the number that a text spells; None if it cannot be an id or an offset."""
    return int(text) if _WHOLE_NUMBER.fullmatch(text) and not text.startswith("-") else None


@cache
def get_operations() -> Mapping[str, Operation]:
    """Return every operation of the spec by its id."""
    return {
        spec["operationId"]: Operation(
            spec["operationId"],
            method.upper(),
            path,
            {**spec, "parameters": [*item.get("parameters", ()), *spec.get("parameters", ())]},
        )
        for path, item in DESCRIPTION["paths"].items()
        for method, spec in item.items()
        if method.upper() in METHODS
    }


def find_operations(path: str) -> dict[str, tuple[Operation, dict[str, str]]]:
    """Find the operations at a percent-encoded path: by method, with the values of the variables of the template.

    Of templates that match, the one with the fewest variables counts, as OpenAPI has it.
    """
    found: dict[str, tuple[Operation, dict[str, str]]] = {}
    for operation in get_operations().values():
        values = match_path(operation.path, path)
        if values is None:
            continue
        other = found.get(operation.method)
        if other is None or len(values) < len(other[1]):
            found[operation.method] = (operation, values)
    return found


def match_path(template: str, path: str) -> dict[str, str] | None:
    """Return the values of a template's variables in a percent-encoded path; None if the path does not match."""
    segments, parts = _split_template(template), path.split("/")
    if len(segments) != len(parts):
        return None
    values: dict[str, str] = {}
    for segment, part in zip(segments, map(unquote, parts), strict=True):
        if isinstance(segment, str):
            if segment != part:
                return None
        else:
            names, pattern = segment
            match = pattern.fullmatch(part)
            if match is None:
                return None
            values.update(zip(names, match.groups(), strict=True))
    return values


@cache
def _split_template(template: str) -> tuple[str | tuple[tuple[str, ...], re.Pattern[str]], ...]:
    """Split a template into segments: a text, or the names of variables and what matches them."""
    segments: list[str | tuple[tuple[str, ...], re.Pattern[str]]] = []
    for segment in template.split("/"):
        pieces = re.split(r"\{([^}]*)\}", segment)
        pattern = "(.+)".join(map(re.escape, pieces[::2]))
        segments.append((tuple(pieces[1::2]), re.compile(pattern, re.DOTALL)) if len(pieces) > 1 else segment)
    return tuple(segments)
