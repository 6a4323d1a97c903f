"""Rewrites what openapi-python-client cannot represent, and restores it in the parsed result.

The normalized document does not change: the generator reads a copy.
"""

from __future__ import annotations

import copy

from openapi_python_client.config import Config
from openapi_python_client.parser.bodies import BodyType
from openapi_python_client.parser.openapi import Endpoint, GeneratorData
from openapi_python_client.parser.properties import ModelProperty
from openapi_python_client.parser.responses import TEXT_SOURCE, HTTPStatusPattern
from openapi_python_client.schema.untrusted_string import UntrustedString
from openapi_python_client.strings import PythonIdentifier

from .discriminators import mark_discriminators
from .escaping import unwrap_text
from .expressions import list_members
from .media_types import classify, disguise, undisguise
from .names import get_function_name, get_module_name
from .schemas import (
    ALTERNATIVES,
    NULL,
    Document,
    follow_refs,
    resolve_component,
)
from .spec import iterate_operations
from .wire_format import get_media_type, iterate_endpoints, list_parameters

_FOR_HEADERS = ("cookie", "query")
"""Where the generator takes parameters of the types that it refuses in a header."""

_STATUS = "x-status"
"""Keyword of a response that holds the status that it has in the spec."""


def build_input(document: Document, config: Config) -> Document:
    """Build what the generator reads.

    Args:
        document: The normalized document; stays as it is.
        config: The generator's configuration, for the names that it gives.
    """
    document = copy.deepcopy(document)
    mark_discriminators(document, config)
    for _, _, operation in iterate_operations(document):
        operation["operationId"] = get_function_name(operation)
    _move_headers(document)
    _split_responses(document)
    _disguise_media_types(document)
    return document


def restore(document: Document, data: GeneratorData, config: Config) -> None:
    """Restore what `build_input` has rewritten.

    Args:
        document: The normalized document.
        data: What the generator has made of the input; is changed in place.
        config: The generator's configuration.
    """
    endpoints = {(str(endpoint.tags[0]), str(endpoint.name)): endpoint for endpoint in iterate_endpoints(data)}
    for path, _, operation in iterate_operations(document):
        endpoint = endpoints.get(get_module_name(operation, config))
        if endpoint is not None:
            _restore_headers(endpoint, list_parameters(document, path, operation))
            _restore_responses(document, operation, endpoint)
            for body in endpoint.bodies:
                body.content_type = UntrustedString(undisguise(unwrap_text(body.content_type)))
    _mark_forms(data)


def _mark_forms(data: GeneratorData) -> None:
    """Mark the alternatives of multipart forms as such: the generator marks a form that is one model."""
    names = {
        str(member.class_info.name)
        for endpoint in iterate_endpoints(data)
        for body in endpoint.bodies
        if body.body_type == BodyType.FILES
        for member in list_members(body.prop)
        if isinstance(member, ModelProperty)
    }
    for model in data.models:
        if str(model.class_info.name) in names:
            model.is_multipart_body = True


# --- parameters ------------------------------------------------------------------------------------------------------


def _move_headers(document: Document) -> None:
    """Declare headers that are no plain texts as cookies: the generator refuses other types in a header."""
    for path, _, operation in iterate_operations(document):
        own = [follow_refs(document, parameter) for parameter in operation.get("parameters", ())]
        names = {(parameter["in"], parameter["name"]) for parameter in own}
        of_path = [follow_refs(document, each) for each in document["paths"][path].get("parameters", ())]
        declared = [*own, *(each for each in of_path if (each["in"], each["name"]) not in names)]
        names |= {(parameter["in"], parameter["name"]) for parameter in of_path}
        operation["parameters"] = [_rewrite_parameter(document, parameter, names) for parameter in declared]
    for item in document["paths"].values():
        item.pop("parameters", None)
    document["components"].pop("parameters", None)  # each operation has its own now, in a form that is taken


def _rewrite_parameter(document: Document, parameter: Document, names: set[tuple[str, str]]) -> Document:
    """Rewrite a parameter in a form that the generator takes."""
    parameter = dict(parameter)
    content = parameter.pop("content", None)
    if content:
        parameter["schema"] = next(iter(content.values())).get("schema", {})
    if "schema" not in parameter:
        return parameter
    if parameter["in"] == "path":
        parameter["schema"] = _remove_null(document, parameter["schema"])
    elif parameter["in"] == "header" and not _is_plain_text(document, parameter["schema"]):
        free = (location for location in _FOR_HEADERS if (location, parameter["name"]) not in names)
        parameter["in"] = next(free, "header")
    return parameter


def _is_plain_text(document: Document, schema: Document) -> bool:
    """Return whether the generator takes a schema in a header."""
    target = resolve_component(document, schema)[1]
    if target.get("type") not in ("string", "integer", "number", "boolean") or target.get("nullable"):
        return False
    return target.get("format") not in ("date", "date-time", "binary") and "const" not in target


def _remove_null(document: Document, schema: Document) -> Document:
    """Remove null from a schema, which no path can hold."""
    target = resolve_component(document, schema)[1]
    if isinstance(target.get("type"), list) and "null" in target["type"]:
        return {**target, "type": [kind for kind in target["type"] if kind != "null"]}
    if target.get("nullable"):
        return {**target, "nullable": False}
    for key in ALTERNATIVES & target.keys():
        members = [member for member in target[key] if member != NULL]
        if len(members) < len(target[key]):
            return members[0] if len(members) == 1 else {**target, key: members}
    return schema


def _restore_headers(endpoint: Endpoint, declared: dict[tuple[str, str], Document]) -> None:
    for location, parameters in (("cookie", endpoint.cookie_parameters), ("query", endpoint.query_parameters)):
        for prop in list(parameters):
            name = unwrap_text(prop.name)
            if (location, name) not in declared and ("header", name) in declared:
                parameters.remove(prop)
                endpoint.header_parameters.append(prop)
                given = str(prop.python_name)
                if given.endswith(f"_{location}") and not name.lower().endswith(location):
                    prop.python_name = PythonIdentifier(f"{given.removesuffix(location)}header", "")


# --- responses and bodies --------------------------------------------------------------------------------------------


def _split_responses(document: Document) -> None:
    """Give each media type of a response a status of its own: the generator reads only the first one it knows."""
    for _, _, operation in iterate_operations(document):
        responses: Document = {}
        for code, declared in operation["responses"].items():
            response = follow_refs(document, declared)
            contents = list(response.get("content", {}).items())
            responses[code] = {**response, "content": dict(contents[:1])} if contents else declared
            for media_type, media in contents[1:]:
                extra = {"description": "", "content": {media_type: media}, _STATUS: code}
                responses[str(1000 + len(responses))] = extra
        operation["responses"] = responses


def _disguise_media_types(document: Document) -> None:
    """Write media types that the generator does not know as ones that it knows."""
    for _, _, operation in iterate_operations(document):
        holders = list(operation["responses"].values())
        if "requestBody" in operation:
            body = operation["requestBody"] = dict(follow_refs(document, operation["requestBody"]))
            holders.append(body)
        for holder in holders:
            if holder.get("content"):
                holder["content"] = {
                    disguise(classify(document, key, media), key): media for key, media in holder["content"].items()
                }


def _restore_responses(document: Document, operation: Document, endpoint: Endpoint) -> None:
    for response in list(endpoint.responses):
        code = (getattr(response.data, "model_extra", None) or {}).get(_STATUS)
        if code is not None:
            status = HTTPStatusPattern.parse(UntrustedString(code))
            if isinstance(status, HTTPStatusPattern):
                response.status_code = status
        media_type = get_media_type(response)
        if media_type:
            declared = follow_refs(document, operation["responses"][response.status_code.pattern])
            if classify(document, media_type, declared["content"][media_type]) == "text":
                response.source = TEXT_SOURCE
    endpoint.responses.patterns.sort()
