"""Finds the parts of a document that the generator dropped, with a warning or without."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

import attrs
from openapi_python_client.config import Config
from openapi_python_client.parser.errors import GeneratorError
from openapi_python_client.parser.openapi import Endpoint, GeneratorData

from .escaping import unwrap_text
from .names import get_module_name
from .schemas import SCHEMA_REF, Document, find_reachable_refs, follow_refs
from .spec import Spec, escape, iterate_operations, resolve
from .wire_format import (
    OperationWire,
    build_wire,
    find_body_problem,
    find_parameter_problem,
    get_media_type,
    list_parameters,
)

_RESULTS = 12
"""The number of results that a report lists for one cause."""

_RESULT_REASONS = ("Could not find reference", "Invalid property in union", "invalid data in items of array")
"""The generator's warning for a part that refers to a dropped schema."""


@attrs.frozen
class DroppedPart:
    """A part of a spec that generated code would lack."""

    pointer: str
    """The JSON pointer of the part, or of the operation that has it."""
    text: str
    """What is dropped, in a sentence."""
    part: str
    """What is dropped, in few words, for lists."""
    reason: str
    """Why, "" if the generator does not say."""

    def __str__(self) -> str:
        """Return the sentence with its reason."""
        return f"{self.text}: {self.reason}" if self.reason else self.text


def find_dropped(document: Document, data: GeneratorData, config: Config) -> Iterator[DroppedPart]:
    """Find what generated code would lack.

    Args:
        document: The generator's input.
        data: What the generator made of it.
        config: The generator's configuration.

    Yields:
        Each part of an operation that is dropped, then each schema.
    """
    endpoints = {
        (str(tag), str(endpoint.name)): endpoint
        for tag, collection in data.endpoint_collections_by_tag.items()
        for endpoint in collection.endpoints
    }
    warnings = [error for collection in data.endpoint_collections_by_tag.values() for error in collection.parse_errors]
    for path, method, operation in iterate_operations(document):
        name, pointer = operation["operationId"], f"/paths/{escape(path)}/{method}"
        endpoint = endpoints.get(get_module_name(operation, config))
        here = [warning for warning in warnings if f" {method.upper()} {path} " in f"{warning.header} "]
        if endpoint is None:
            text = f"operation {name} ({method.upper()} {path}) is dropped"
            yield DroppedPart(pointer, text, f"operation {name}", _join_reasons(here))
            continue
        wire = build_wire(document, path, method, operation)
        found = [
            *_find_dropped_responses(document, operation, endpoint, here),
            *_find_dropped_parameters(document, path, operation, endpoint),
            *_find_dropped_bodies(document, wire, operation, endpoint, here),
        ]
        for inner, part, reason in found:
            yield DroppedPart(pointer + inner, f"operation {name} loses its {part}", f"{part} of {name}", reason)
        if here and not found:
            text = f"operation {name} loses a part of itself"
            yield DroppedPart(pointer, text, f"a part of {name}", _join_reasons(here))
    for error in data.errors:
        header = re.search(r"/components/schemas/(\S+?):?(?:\s|$)", error.header)
        # The generator names a class inside of a component after it, too.
        schema = header[1] if header and header[1] in document["components"]["schemas"] else ""
        what = f"schema {schema}" if schema else "a part of components"
        pointer = f"/components/schemas/{schema}" if schema else "/components"
        yield DroppedPart(pointer, f"{what} is dropped", what, _join_reasons([error]))


def format_dropped(dropped: Sequence[DroppedPart], document: Document, spec: Spec) -> list[str]:
    """Format what is dropped: each cause in a line of its own, which begins with its place, and below it its results.

    Args:
        dropped: What is dropped.
        document: The generator's input.
        spec: The spec, for the places.

    Returns:
        The lines. An operation or a schema that is dropped only because it refers to a dropped schema is a result of
        that one.
    """
    schemas = {f"#{part.pointer}": part for part in dropped if part.pointer.startswith(SCHEMA_REF[1:])}
    references = {ref: find_reachable_refs(document, resolve(document, ref)) & schemas.keys() for ref in schemas}
    roots = [ref for ref in schemas if _is_root(ref, references)]
    results: dict[int, list[DroppedPart]] = {}
    causes: list[DroppedPart] = []
    for part in dropped:
        ref = _find_cause(part, roots, document)
        cause = schemas[ref] if ref else None
        if cause is None:
            causes.append(part)
        else:
            results.setdefault(id(cause), []).append(part)
    lines: list[str] = []
    for cause in causes:
        lines.append(f"{spec.format_place(cause.pointer)}: {cause}")
        parts = [part.part for part in results.get(id(cause), ())]
        more = f", and {len(parts) - _RESULTS} more" if len(parts) > _RESULTS else ""
        if parts:
            lines.append(f"  so these are dropped too: {', '.join(parts[:_RESULTS])}{more}")
    return lines


def _is_root(ref: str, references: Mapping[str, set[str]]) -> bool:
    """Return whether a dropped schema refers to no other one, except those that refer back to it and come later."""
    order = list(references)
    others = references[ref] - {ref}
    return all(ref in references[other] and order.index(other) > order.index(ref) for other in others)


def _find_cause(part: DroppedPart, roots: Sequence[str], document: Document) -> str:
    """Find the schema because of which a part is dropped, "" if the part is dropped for a reason of its own."""
    is_result = not part.reason or any(text in part.reason for text in _RESULT_REASONS)
    if not is_result or f"#{part.pointer}" in roots:
        return ""
    try:
        node = resolve(document, f"#{part.pointer}")
    except LookupError:
        return ""
    references = find_reachable_refs(document, node)
    return next((ref for ref in roots if ref in references), "")


def _find_dropped_responses(
    document: Document, operation: Document, endpoint: Endpoint, warnings: Sequence[GeneratorError]
) -> Iterator[tuple[str, str, str]]:
    """Yield pointer inside the operation, name and reason of each response that is dropped."""
    generated_responses = {(response.status_code.pattern, get_media_type(response)) for response in endpoint.responses}
    # The warnings do not say which code they are about, but come in the order of the codes.
    warned = iter([warning for warning in warnings if "response will be omitted" in (warning.detail or "")])
    for code, response in operation["responses"].items():
        media_types = list(follow_refs(document, response).get("content", {})) or [""]
        for media_type in media_types:
            if (code, media_type) not in generated_responses:
                name = f"{code} response" if len(media_types) == 1 else f"{code} response as {media_type}"
                reason = _join_reasons([warning for warning in [next(warned, None)] if warning])
                yield f"/responses/{escape(code)}", name, reason


def _find_dropped_parameters(
    document: Document, path: str, operation: Document, endpoint: Endpoint
) -> Iterator[tuple[str, str, str]]:
    properties = {(str(location), unwrap_text(prop.name)): prop for location, prop in endpoint.iter_all_parameters()}
    for (location, name), parameter in list_parameters(document, path, operation).items():
        prop = properties.get((location, name))
        problem = "it has no schema" if prop is None else find_parameter_problem(document, prop, parameter)
        if problem:
            yield "/parameters", f"{location} parameter {name!r}", problem


def _find_dropped_bodies(
    document: Document, wire: OperationWire, operation: Document, endpoint: Endpoint, warnings: Sequence[GeneratorError]
) -> Iterator[tuple[str, str, str]]:
    generated_bodies = {unwrap_text(body.content_type): body for body in endpoint.bodies}
    for media_type, media in follow_refs(document, operation.get("requestBody", {})).get("content", {}).items():
        body = generated_bodies.get(media_type)
        if body is None:
            yield "/requestBody", f"{media_type} request body", _join_reasons(warnings)
        elif problem := find_body_problem(document, wire, body, media):
            yield "/requestBody", f"{media_type} request body", problem


def format_reason(warnings: Iterable[GeneratorError]) -> str:
    """Format the text of the generator's warnings as the end of a line: "" or a colon and the text."""
    reason = _join_reasons(warnings)
    return f": {reason}" if reason else ""


def _join_reasons(warnings: Iterable[GeneratorError]) -> str:
    return "; ".join(dict.fromkeys(filter(None, (_format_warning(warning) for warning in warnings))))


def _format_warning(warning: GeneratorError) -> str:
    """Format a warning of the generator without the parts that the report has already."""
    text = join_lines(re.sub(r"<\S*UntrustedString object at \w+>", "…", warning.detail or ""))
    text = text.split("Failure to process schema has resulted in")[0].split(", response will be omitted")[0]
    text = re.sub(r"^(Unable to parse this part of your OpenAPI document|Problem creating a Property): : ", "", text)
    response = re.match(r"Cannot parse response for status code …(?: \((.*)\))?$", text)
    return (response[1] or "" if response else text).strip()


def join_lines(text: str) -> str:
    """Return a text without line breaks."""
    return " ".join(re.sub(r"For further information visit \S+", "", text).split())
