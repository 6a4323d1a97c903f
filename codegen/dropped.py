"""What the generator's view of a document lacks: its warnings, and what it drops in silence."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from openapi_python_client.config import Config
from openapi_python_client.parser.errors import GeneratorError
from openapi_python_client.parser.openapi import Endpoint, GeneratorData

from .escaping import unwrap_text
from .names import name_module
from .schemas import Document, follow_refs
from .spec import iterate_operations
from .wire_format import (
    OperationWire,
    build_wire,
    find_body_problem,
    find_parameter_problem,
    get_media_type,
    list_parameters,
)


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
            *_find_dropped_bodies(document, build_wire(document, path, method, operation), operation, endpoint, here),
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
    kept = {(response.status_code.pattern, get_media_type(response)) for response in endpoint.responses}
    # The warnings do not say which code they are about, but come in the order of the codes.
    told = iter([warning for warning in warnings if "response will be omitted" in (warning.detail or "")])
    for code, response in operation["responses"].items():
        media_types = list(follow_refs(document, response).get("content", {})) or [""]
        for media_type in media_types:
            if (code, media_type) not in kept:
                name = f"{code} response" if len(media_types) == 1 else f"{code} response as {media_type}"
                yield name + format_reason([warning for warning in [next(told, None)] if warning])


def _find_dropped_parameters(document: Document, path: str, operation: Document, endpoint: Endpoint) -> Iterator[str]:
    kept = {(str(location), unwrap_text(prop.name)): prop for location, prop in endpoint.iter_all_parameters()}
    for (location, name), parameter in list_parameters(document, path, operation).items():
        prop = kept.get((location, name))
        problem = "it has no schema" if prop is None else find_parameter_problem(document, prop, parameter)
        if problem:
            yield f"{location} parameter {name!r}: {problem}"


def _find_dropped_bodies(
    document: Document, wire: OperationWire, operation: Document, endpoint: Endpoint, warnings: Sequence[GeneratorError]
) -> Iterator[str]:
    kept = {unwrap_text(body.content_type): body for body in endpoint.bodies}
    for media_type, media in follow_refs(document, operation.get("requestBody", {})).get("content", {}).items():
        body = kept.get(media_type)
        if body is None:
            yield f"{media_type} request body{format_reason(warnings)}"
        elif problem := find_body_problem(document, wire, body, media):
            yield f"{media_type} request body: {problem}"


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
