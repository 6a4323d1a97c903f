"""What a spec asks of the requests and responses of an operation."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl

import attrs
import jsonschema_rs

from . import examples
from .fitting import fit
from .messages import NO_BODY, Response
from .schemas import TYPE_NAMES, Problem, Schema, Schemas, describe_problem

_FIRST_ERROR = 400
"""The lowest status of an error (RFC 9110, section 15)."""

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
    _schemas: Schemas = attrs.field(repr=False, eq=False, alias="schemas")

    @property
    def requires_auth(self) -> bool:
        """Whether the operation is for callers with credentials only."""
        security = self._spec.get("security")
        return bool(security and all(security))

    @property
    def has_body(self) -> bool:
        """Whether requests have a body in JSON."""
        return self._body_schema is not None

    @property
    def requires_body(self) -> bool:
        """Whether a request without a body is an error."""
        return bool(self._schemas.resolve_ref(self._spec.get("requestBody", {})).get("required", False))

    @property
    def requires_object(self) -> bool:
        """Whether the body of a request must be a JSON object."""
        return bool(self._schemas.resolve_ref(self._body_schema or {}).get("type", "object") == "object")

    def complete_body(self, body: Any) -> Any:
        """Add examples of the required properties that a request body lacks."""
        return examples.complete(self._schemas, self._body_schema or {}, body)[0]

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
        values = {name: examples.build_example(self._schemas, one.get("schema", {})) for name, one in required.items()}
        return {name: str(value).lower() if isinstance(value, bool) else str(value) for name, value in values.items()}

    def parse_path(self, values: Mapping[str, str]) -> dict[str, Any] | None:
        """Decode the variables of the path; None if one does not have its type in the spec."""
        ids = {name: parse_id(text) for name, text in values.items() if self._get_type("path", name) == "integer"}
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
        validator = self._schemas.find_validator(schema)
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
        if self._schemas.find_validator(schema).is_valid(response.payload):
            return response, ()
        try:
            payload, added = examples.complete(self._schemas, schema, response.payload)
        except examples.NoExampleError:
            return response, ()
        return attrs.evolve(response, payload=payload), added

    def fit_response(self, response: Response) -> Response:
        """Turn the response of a handler that was written for another spec into the nearest that this spec allows.

        A success whose status the spec does not list gets the one that it lists. An error that the spec does not list,
        or whose body cannot be fitted, stays as it is: a server rejects what it cannot accept, whatever its spec says.

        Raises:
            NoExampleError: The body of a success must hold something of which there is no example.
        """
        spec = self._find_response(response.status)
        if spec is None:
            if response.status >= _FIRST_ERROR or not self._successes:
                return response
            status, spec = self._successes[0]
            response = attrs.evolve(response, status=status)
        schema = _find_json_schema(spec.get("content", {}))
        if schema is None:
            return response
        try:
            return attrs.evolve(response, payload=fit(self._schemas, schema, response.payload))
        except examples.NoExampleError:
            if response.status < _FIRST_ERROR:
                raise
            return response

    def build_example_response(self) -> Response | None:
        """Build a response of success from the spec alone; None if the spec does not say what it holds."""
        if not self._successes:
            return None
        status, spec = self._successes[0]
        if not spec.get("content"):
            return Response(status)
        schema = _find_json_schema(spec["content"])
        if schema is None:
            return None
        try:
            return Response(status, examples.build_example(self._schemas, schema))
        except examples.NoExampleError:
            return None

    def _find_schema(self, response: Response) -> Schema | None:
        """Return the schema of a response's body, None if the spec has none.

        Raises:
            ContractError: The spec does not list the status.
        """
        spec = self._find_response(response.status)
        if spec is None:
            raise ContractError(f"{self.id} responded with {response.status}, which the spec does not list")
        return _find_json_schema(spec.get("content", {}))

    def _find_response(self, status: int) -> Mapping[str, Any] | None:
        """Return what the spec says of the responses with a status; None if it says nothing."""
        keys = (str(status), f"{status // 100}XX", "default")
        return next((self._responses[key] for key in keys if key in self._responses), None)

    @cached_property
    def _responses(self) -> dict[str, Mapping[str, Any]]:
        """What the spec says of each response, by its key: a status, `2XX`, or `default`."""
        return {key: self._schemas.resolve_ref(spec) for key, spec in self._spec.get("responses", {}).items()}

    @cached_property
    def _successes(self) -> list[tuple[int, Mapping[str, Any]]]:
        """The responses of success with their statuses, the one with the lowest key first."""
        keys = sorted(key for key in self._responses if key == "default" or key.startswith("2"))
        return [(200 if key == "default" else int(key.replace("X", "0")), self._responses[key]) for key in keys]

    def _parse_parameters(self, place: str, given: Mapping[str, str]) -> tuple[dict[str, Any], list[Problem]]:
        values: dict[str, Any] = {}
        problems: list[Problem] = []
        for name, parameter in self._parameters[place].items():
            kind = self._get_type(place, name)
            if name in given:
                value = _parse_parameter(kind, given[name])
                if value is None:
                    problems.append(((name,), f"Must be {TYPE_NAMES[kind]}."))
                else:
                    values[name] = value
            elif parameter.get("required", False):
                problems.append(((name,), "Value is missing."))
        return values, problems

    def _get_type(self, place: str, name: str) -> str:
        schema = self._schemas.resolve_ref(self._parameters[place].get(name, {}).get("schema", {}))
        kind = schema.get("type", "string")
        return str(kind if isinstance(kind, str) else next((name for name in kind if name != "null"), "string"))

    @cached_property
    def _parameters(self) -> dict[str, dict[str, Mapping[str, Any]]]:
        """The parameters by place (`path`, `query`, …) and name."""
        found: dict[str, dict[str, Mapping[str, Any]]] = {"path": {}, "query": {}}
        for parameter in map(self._schemas.resolve_ref, self._spec.get("parameters", ())):
            found.setdefault(parameter["in"], {})[parameter["name"]] = parameter
        return found

    @cached_property
    def _body_schema(self) -> Schema | None:
        content = self._schemas.resolve_ref(self._spec.get("requestBody", {})).get("content", {})
        return _find_json_schema(content)

    @cached_property
    def _body_validator(self) -> jsonschema_rs.Draft202012Validator:
        return self._schemas.build_validator(self._schemas.drop_read_only(self._body_schema or {}))


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
