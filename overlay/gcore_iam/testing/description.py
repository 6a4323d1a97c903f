"""What the API's description asks of requests and of answers, read by operation."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache, cached_property
from typing import Any
from urllib.parse import parse_qsl, unquote

import attrs
import jsonschema_rs
from gcore_iam_client.description import DESCRIPTION

from .messages import NO_BODY

Problem = tuple[tuple[str, ...], str]
"""Where in a request something is wrong, key by key, and what is asked for."""

_TYPES = {
    "array": "a list",
    "boolean": "true or false",
    "integer": "a whole number",
    "null": "null",
    "number": "a number",
    "object": "an object",
    "string": "a text",
}
_FORMATS = {"email": "an email address", "date-time": "a date and time with an offset (RFC 3339)"}

_WHOLE_NUMBER = re.compile(r"-?[0-9]{1,18}")
"""What a database holds as a number, in ASCII digits."""


class DescriptionError(AssertionError):
    """The fake gave an answer that the API's description does not know: a mistake of the fake."""


@attrs.frozen(slots=False)
class Operation:
    """An operation of the API."""

    id: str
    method: str
    path: str
    """The template of its path, such as `/iam/users/{userId}`."""
    _described: Mapping[str, Any] = attrs.field(repr=False, alias="described")

    @property
    def requires_auth(self) -> bool:
        """Whether it is for callers with credentials only."""
        return bool(self._described.get("security", DESCRIPTION.get("security")))

    @property
    def takes_body(self) -> bool:
        """Whether requests have a body, in JSON."""
        return "requestBody" in self._described

    def body_problems(self, body: Any) -> Iterator[Problem]:
        """What is wrong with a decoded request body."""
        yield from map(_problem, self._body.iter_errors(body))

    def query(self, text: str) -> tuple[dict[str, Any], list[Problem]]:
        """The query parameters that the operation knows, decoded, and what is wrong with those that are wrong."""
        # Of a parameter that comes twice the last one counts, as in Django, which upstream's messages point to.
        given = dict(parse_qsl(text, keep_blank_values=True))
        values: dict[str, Any] = {}
        problems: list[Problem] = []
        for name, schema in self._parameters.items():
            if name in given:
                value = _parameter(schema["type"], given[name])
                if value is None:
                    problems.append(((name,), f"Must be {_TYPES[schema['type']]}."))
                else:
                    values[name] = value
        return values, problems

    def check_answer(self, status: int, payload: Any) -> None:
        """Hold an answer of the fake against the description.

        Raises:
            DescriptionError: The description does not know this status, or its body is another one.
        """
        if status not in self._answers:
            raise DescriptionError(f"{self.id} answered {status}, of which the description says nothing")
        validator = self._answers[status]
        if validator is None:
            return
        if payload is NO_BODY:
            raise DescriptionError(f"{self.id} answered {status} without a body")
        if not validator.is_valid(payload):
            error = next(validator.iter_errors(payload))
            where = "/".join(map(str, error.instance_path))
            raise DescriptionError(f"{self.id} answered {status} with something else than described at /{where}")

    @cached_property
    def _parameters(self) -> dict[str, Mapping[str, Any]]:
        followed = [_followed(parameter) for parameter in self._described.get("parameters", ())]
        return {parameter["name"]: parameter["schema"] for parameter in followed if parameter["in"] == "query"}

    @cached_property
    def _body(self) -> jsonschema_rs.Draft202012Validator:
        schema = _followed(self._described["requestBody"])["content"]["application/json"]["schema"]
        return _validator(_writable(schema))

    @cached_property
    def _answers(self) -> dict[int, jsonschema_rs.Draft202012Validator | None]:
        """What holds the body of an answer against the description by status, None where nothing is said of it."""
        media = {
            int(status): _followed(answer).get("content", {}).get("application/json", {})
            for status, answer in self._described["responses"].items()
        }
        return {status: _validator(one["schema"]) if "schema" in one else None for status, one in media.items()}


def _problem(error: jsonschema_rs.ValidationError) -> Problem:
    keys = tuple(str(key) for key in error.instance_path)
    if isinstance(error.kind, jsonschema_rs.ValidationErrorKind.Required):
        return (*keys, error.kind.property), "Value is missing."
    return keys, _asked(error)


def _asked(error: jsonschema_rs.ValidationError) -> str:
    """What a value should have been. The value itself is left out: it may be a secret."""
    kinds, kind = jsonschema_rs.ValidationErrorKind, error.kind
    if isinstance(kind, kinds.Type):
        names = sorted(kind.types, key=lambda name: name == "null")
        return f"Must be {' or '.join(_TYPES[name] for name in names)}."
    if isinstance(kind, kinds.Enum):
        return f"Must be one of {', '.join(map(str, kind.options))}."
    if isinstance(kind, kinds.Format):
        return f"Must be {_FORMATS.get(kind.format, kind.format)}."
    return f"Does not meet `{error.schema_path[-1]}` of the API's description."


def _parameter(kind: str, text: str) -> Any:
    """The value that a query parameter spells, None when it spells none of its type."""
    if kind == "integer":
        return int(text) if _WHOLE_NUMBER.fullmatch(text) else None
    if kind == "boolean":
        return {"true": True, "false": False, "1": True, "0": False}.get(text.lower())
    return text


def _followed(node: Mapping[str, Any]) -> Mapping[str, Any]:
    while "$ref" in node:
        section, name = node["$ref"].removeprefix("#/components/").split("/")
        node = DESCRIPTION["components"][section][name]
    return node


def _writable(schema: Mapping[str, Any]) -> Mapping[str, Any]:
    """A request's schema without what only answers hold: as in Django, it is ignored rather than refused."""
    schema = _followed(schema)
    if "properties" not in schema:
        return schema
    properties = {
        name: inner for name, inner in schema["properties"].items() if not _followed(inner).get("readOnly", False)
    }
    return {**schema, "properties": properties}


def _validator(schema: Mapping[str, Any]) -> jsonschema_rs.Draft202012Validator:
    whole = {**schema, "components": DESCRIPTION["components"]}
    return jsonschema_rs.Draft202012Validator(whole, validate_formats=True, offline=True)


@cache
def validator(component: str) -> jsonschema_rs.Draft202012Validator:
    """What holds a value against a schema of the description's components."""
    return _validator({"$ref": f"#/components/schemas/{component}"})


def schema(component: str) -> Mapping[str, Any]:
    """A schema of the description's components."""
    found: Mapping[str, Any] = DESCRIPTION["components"]["schemas"][component]
    return found


def problem_in_part(component: str, value: dict[str, Any]) -> Problem | None:
    """What is wrong with an object of a schema of which anything may be left out; None when nothing is."""
    return next(map(_problem, _part_validator(component).iter_errors(value)), None)


@cache
def _part_validator(component: str) -> jsonschema_rs.Draft202012Validator:
    return _validator({**schema(component), "required": []})


@cache
def operations() -> Mapping[str, Operation]:
    """Every operation of the description by its id."""
    return {
        described["operationId"]: Operation(described["operationId"], method.upper(), path, described)
        for path, item in DESCRIPTION["paths"].items()
        for method, described in item.items()
    }


def operations_at(path: str) -> dict[str, tuple[Operation, dict[str, str]]]:
    """The operations at a percent-encoded path by method, each with the values of its template's variables."""
    matches = ((operation, match(operation.path, path)) for operation in operations().values())
    return {operation.method: (operation, values) for operation, values in matches if values is not None}


def match(template: str, path: str) -> dict[str, str] | None:
    """The values of a template's variables in a percent-encoded path; None if it does not fit."""
    names, parts = template.split("/"), path.split("/")
    if len(names) != len(parts):
        return None
    values = {}
    for name, part in zip(names, parts, strict=True):
        if name.startswith("{") and part:
            values[name[1:-1]] = unquote(part)
        elif name != unquote(part):
            return None
    return values


def whole_number(text: str) -> int | None:
    """The number that a text spells, None when it spells none that an id or an offset can be."""
    return int(text) if _WHOLE_NUMBER.fullmatch(text) and not text.startswith("-") else None


@cache
def secret_keys() -> frozenset[str]:
    """The keys under which bodies of this API hold secrets."""
    return frozenset(
        name
        for found in _schemas(DESCRIPTION["components"]["schemas"])
        for name, inner in found.get("properties", {}).items()
        if _followed(inner).get("x-secret")
    )


@cache
def enum_values() -> frozenset[str]:
    """Every value that some enum of this API lists."""
    return frozenset(
        value for found in _schemas(DESCRIPTION["components"]["schemas"]) for value in found.get("enum", ())
    )


def _schemas(node: Any) -> Iterator[Mapping[str, Any]]:
    """Every mapping in a part of the description."""
    if isinstance(node, dict):
        yield node
    for inner in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from _schemas(inner)
