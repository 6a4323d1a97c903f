"""What the generator's view of a document lacks: its warnings, and what it drops in silence."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from openapi_python_client.config import Config
from openapi_python_client.parser.errors import GeneratorError
from openapi_python_client.parser.openapi import Endpoint, GeneratorData
from openapi_python_client.parser.properties import ModelProperty
from openapi_python_client.parser.properties.file import FileProperty
from openapi_python_client.parser.properties.list_property import ListProperty
from openapi_python_client.parser.properties.protocol import PropertyProtocol

from .escaping import unwrap_text
from .expressions import list_members
from .names import name_module
from .schemas import Document, follow_refs
from .spec import iterate_operations


def dropped(document: Document, data: GeneratorData, config: Config) -> Iterator[str]:
    """Find what generated code would lack.

    Args:
        document: The generator's input.
        data: What the generator made of it.
        config: The generator's configuration.

    Yields:
        One line for each part of an operation that is lost, then one for each schema.
    """
    endpoints = {
        (str(tag), str(endpoint.name)): endpoint
        for tag, collection in data.endpoint_collections_by_tag.items()
        for endpoint in collection.endpoints
    }
    warnings = [error for collection in data.endpoint_collections_by_tag.values() for error in collection.parse_errors]
    for path, method, operation in iterate_operations(document):
        name = operation["operationId"]
        endpoint = endpoints.get(name_module(operation, config))
        here = [warning for warning in warnings if f" {method.upper()} {path} " in f"{warning.header} "]
        if endpoint is None:
            yield f"operation {name} ({method.upper()} {path}) is lost{format_reason(here)}"
            continue
        found = [
            *_find_dropped_responses(document, operation, endpoint, here),
            *_find_dropped_parameters(document, path, operation, endpoint),
            *_find_dropped_bodies(document, operation, endpoint, here),
        ]
        yield from (f"operation {name} lost its {part}" for part in found)
        if here and not found:
            yield f"operation {name} lost a part of itself{format_reason(here)}"
    for error in data.errors:
        schema = re.search(r"/components/schemas/(\S+?):?(?:\s|$)", error.header)
        what = f"schema {schema[1]}" if schema else "a part of components"
        yield f"{what} is lost{format_reason([error])}"


def _find_dropped_responses(
    document: Document, operation: Document, endpoint: Endpoint, warnings: Sequence[GeneratorError]
) -> Iterator[str]:
    kept = {pattern.status_code.pattern: pattern for pattern in endpoint.responses}
    # The warnings do not say which code they are about, but come in the order of the codes.
    told = iter([warning for warning in warnings if "response will be omitted" in (warning.detail or "")])
    for code, response in operation["responses"].items():
        described = any("schema" in media for media in follow_refs(document, response).get("content", {}).values())
        if code not in kept:
            yield f"{code} response{format_reason([warning for warning in [next(told, None)] if warning])}"
        elif described and kept[code].source["attribute"] == "None":
            yield f"{code} response: its first media type has no schema"


def _find_dropped_parameters(document: Document, path: str, operation: Document, endpoint: Endpoint) -> Iterator[str]:
    kept = {(str(location), unwrap_text(prop.name)): prop for location, prop in endpoint.iter_all_parameters()}
    declared: dict[tuple[str, str], Document] = {}
    for holder in (document["paths"][path], operation):
        for parameter in holder.get("parameters", ()):
            parameter = follow_refs(document, parameter)
            declared[parameter["in"], parameter["name"]] = parameter
    for (location, name), parameter in declared.items():
        prop = kept.get((location, name))
        problem = "it has no schema" if prop is None else _find_wire_problem(prop, location, parameter)
        if problem:
            yield f"{location} parameter {name!r}: {problem}"


def _find_wire_problem(prop: PropertyProtocol, location: str, parameter: Document) -> str:
    """Why a parameter cannot go out as the spec says, "" when it can."""
    usual = "form" if location in ("query", "cookie") else "simple"
    style = parameter.get("style", usual)
    exploded = parameter.get("explode", style == "form")
    parts = list_members(prop)
    if any(isinstance(part, ModelProperty) for part in parts):
        return "objects are supported in bodies only"
    if style != usual:
        return f"its style {style!r} is not supported, only {usual!r}"
    supported = {"query": True, "cookie": False}.get(location, exploded)
    if any(isinstance(part, ListProperty) for part in parts) and exploded is not supported:
        return f"an array with `explode: {str(exploded).lower()}` is not supported here"
    return ""


def _find_dropped_bodies(
    document: Document, operation: Document, endpoint: Endpoint, warnings: Sequence[GeneratorError]
) -> Iterator[str]:
    kept = {unwrap_text(body.content_type): body for body in endpoint.bodies}
    for media_type in follow_refs(document, operation.get("requestBody", {})).get("content", {}):
        body = kept.get(media_type)
        if body is None:
            yield f"{media_type} request body{format_reason(warnings)}"
        elif body.body_type in ("data", "files") and not isinstance(body.prop, ModelProperty):
            yield f"{media_type} request body: it must be an object"
        elif body.body_type == "content" and not isinstance(body.prop, FileProperty):
            yield f"{media_type} request body: it must be a string with `format: binary`"


def format_reason(warnings: Iterable[GeneratorError]) -> str:
    """What warnings of the generator say, as the end of a line: "" or a colon and the text."""
    details = dict.fromkeys(filter(None, (_format_warning(warning) for warning in warnings)))
    return ": " + "; ".join(details) if details else ""


def _format_warning(warning: GeneratorError) -> str:
    """What a warning of the generator says beyond what the report says already."""
    text = join_lines(re.sub(r"<\S*UntrustedString object at \w+>", "…", warning.detail or ""))
    text = text.split("Failure to process schema has resulted in")[0].split(", response will be omitted")[0]
    text = re.sub(r"^(Unable to parse this part of your OpenAPI document|Problem creating a Property): : ", "", text)
    response = re.match(r"Cannot parse response for status code …(?: \((.*)\))?$", text)
    return (response[1] or "" if response else text).strip()


def join_lines(text: str) -> str:
    """A text without line breaks."""
    return " ".join(re.sub(r"For further information visit \S+", "", text).split())
