"""Formats for templates how the parameters and bodies of an operation are serialized."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import attrs
from openapi_python_client.parser.bodies import Body
from openapi_python_client.parser.openapi import Endpoint
from openapi_python_client.parser.properties import ModelProperty
from openapi_python_client.parser.properties.any import AnyProperty
from openapi_python_client.parser.properties.const import ConstProperty
from openapi_python_client.parser.properties.datetime import DateTimeProperty
from openapi_python_client.parser.properties.file import FileProperty
from openapi_python_client.parser.properties.list_property import ListProperty
from openapi_python_client.parser.properties.none import NoneProperty
from openapi_python_client.parser.properties.protocol import PropertyProtocol
from openapi_python_client.parser.responses import Response

from .errors import CodegenError
from .escaping import format_identifier, format_literal, format_string_literal, unwrap_text
from .expressions import format_type, list_members
from .media_types import BodyKind, classify, get_essence, is_binary, is_range, undisguise
from .schemas import ALTERNATIVES, CONTENT_ENCODING, CONTENT_TYPE, Document, follow_refs, resolve_component
from .security import find_api_key

_STYLES = {
    "query": ("form", "spaceDelimited", "pipeDelimited", "deepObject"),
    "path": ("simple", "label", "matrix"),
    "header": ("simple",),
    "cookie": ("form",),
}
"""The styles of each location, the default first (OpenAPI 3.1, Parameter Object)."""

_CONTENT_ENCODINGS = ("base64", "base64url", "base32", "base16", "quoted-printable")


@attrs.frozen
class Style:
    """How one parameter is serialized."""

    name: str
    """One of OpenAPI's styles; `json` for a parameter whose content is JSON."""
    explode: bool
    allow_reserved: bool


@attrs.frozen
class OperationWire:
    """How the parts of one operation go over the wire."""

    id: str
    method: str
    path: str
    styles: Mapping[tuple[str, str], Style]
    """By location and name."""
    bodies: Mapping[str, tuple[BodyKind, Mapping[str, str]]]
    """By media type: what it is, and the source of `Encoding` for each property that needs one."""
    api_key: tuple[str, str] | None
    """Where the API key of the operation goes and its name there; None for the header `Authorization`."""


def build_wire(document: Document, path: str, method: str, operation: Document) -> OperationWire:
    """Read how an operation of the normalized document goes over the wire."""
    styles: dict[tuple[str, str], Style] = {}
    for parameter in list_parameters(document, path, operation).values():
        styles[parameter["in"], parameter["name"]] = get_style(document, parameter)
    content = follow_refs(document, operation.get("requestBody", {})).get("content", {})
    bodies: dict[str, tuple[BodyKind, Mapping[str, str]]] = {
        media_type: (classify(document, media_type, media), _format_encodings(document, media))
        for media_type, media in content.items()
    }
    return OperationWire(
        operation["operationId"], method.upper(), path, styles, bodies, find_api_key(document, operation)
    )


# --- parameters ------------------------------------------------------------------------------------------------------


def list_parameters(document: Document, path: str, operation: Document) -> dict[tuple[str, str], Document]:
    """List the parameters of an operation by location and name, those of its path included."""
    declared: dict[tuple[str, str], Document] = {}
    for holder in (document["paths"][path], operation):
        for parameter in holder.get("parameters", ()):
            followed = follow_refs(document, parameter)
            declared[followed["in"], followed["name"]] = followed
    return declared


def get_style(document: Document, parameter: Document) -> Style:
    """Return the style of a parameter, with OpenAPI's defaults."""
    media_type, media = next(iter(parameter.get("content", {}).items()), ("", {}))
    if media_type and classify(document, media_type, media) == "json":
        return Style("json", explode=False, allow_reserved=False)
    name = parameter.get("style", _STYLES[parameter["in"]][0])
    allow_reserved = parameter.get("allowReserved") is True
    return Style(name, parameter.get("explode", name == "form") is True, allow_reserved)


def find_parameter_problem(document: Document, prop: PropertyProtocol, parameter: Document) -> str:
    """Find the reason why a parameter cannot be sent as the spec says, "" if it can."""
    location, style = parameter["in"], get_style(document, parameter).name
    if style not in (*_STYLES[location], "json"):
        return f"OpenAPI has no style {style!r} for it"
    for media_type, media in parameter.get("content", {}).items():
        if classify(document, media_type, media) not in ("json", "text"):
            return f"its media type {media_type} is not supported"
    if any(isinstance(part, FileProperty) for part in list_members(prop)):
        return "files are supported in bodies only"
    return ""


def _is_plain(location: str, prop: PropertyProtocol, style: Style) -> bool:
    """Return whether httpx, or the function for a plain text, serializes a parameter as the spec says."""
    if style.name != _STYLES[location][0] or style.allow_reserved or location == "cookie":
        return False
    parts = list_members(prop)
    lists = [part for part in parts if isinstance(part, ListProperty)]
    if lists and (location == "header" or (location == "query" and not style.explode)):
        return False
    inner = [item for part in lists for item in list_members(part.inner_property)]
    if any(isinstance(part, NoneProperty | ListProperty) for part in inner):
        return False
    if location == "header" and prop.required and any(isinstance(part, NoneProperty) for part in parts):
        return False
    return not any(isinstance(part, ModelProperty | AnyProperty | DateTimeProperty) for part in [*parts, *inner])


def is_plain(wire: OperationWire, location: str, parameters: Iterable[PropertyProtocol]) -> bool:
    """Return whether all parameters of a location need no function of the module `serialization`."""
    if location == "query" and "?" in wire.path:  # httpx would replace what the path has of a query
        return False
    return all(_is_plain(location, prop, wire.styles[location, unwrap_text(prop.name)]) for prop in parameters)


def format_styled(wire: OperationWire, location: str, prop: PropertyProtocol) -> str:
    """Format the arguments of `format_query` and `format_cookies` for a parameter."""
    style = wire.styles[location, unwrap_text(prop.name)]
    flags = f"{style.explode}, {style.allow_reserved}"
    name, argument = format_string_literal(prop.name), format_identifier(prop.python_name)
    return f"({name}, {argument}, {format_string_literal(style.name)}, {flags})"


def format_header_call(wire: OperationWire, prop: PropertyProtocol) -> str:
    """Format the call that makes a header of a parameter."""
    style = wire.styles["header", unwrap_text(prop.name)]
    return (
        f"_format_header({format_identifier(prop.python_name)}, {format_string_literal(style.name)}, {style.explode})"
    )


def format_url(wire: OperationWire, parameters: Sequence[PropertyProtocol]) -> str:
    """Format the f-string that puts parameters into a path template."""
    calls: dict[str, str] = {}
    for prop in parameters:
        name = unwrap_text(prop.name)
        style = wire.styles["path", name]
        if _is_plain("path", prop, style):
            calls[name] = f"_in_path({format_identifier(prop.python_name)})"
        else:
            flags = f"{format_string_literal(style.name)}, {style.explode}"
            calls[name] = (
                f"_format_segment({format_string_literal(name)}, {format_identifier(prop.python_name)}, {flags})"
            )
    path = wire.path.partition("#")[0]  # a fragment is never sent
    parts = re.split(r"{([^{}]*)}", path)  # literal text and names of parameters, in turns
    unknown = [name for name in parts[1::2] if name not in calls]
    if unknown:
        raise CodegenError(f"the path {ascii(wire.path)[:200]} has no parameter {ascii(unknown[0])[:100]}")
    return format_literal(parts[::2], [calls[name] for name in parts[1::2]])


def format_api_key(wire: OperationWire) -> str:
    """Format the pair that says where the API key of an operation is sent, "" for `Authorization`."""
    return (
        f"({format_string_literal(wire.api_key[0])}, {format_string_literal(wire.api_key[1])})" if wire.api_key else ""
    )


# --- request bodies --------------------------------------------------------------------------------------------------


def _format_encodings(document: Document, media: Document) -> dict[str, str]:
    """Format an `Encoding` for each property of a form that is not sent as its type alone says."""
    declared = media.get("encoding") or {}
    found: dict[str, str] = {}
    for name, prop in _list_properties(document, media).items():
        encoding = declared.get(name) or {}
        options: dict[str, Any] = {}
        if encoding.keys() & {"style", "explode", "allowReserved"}:
            style = encoding.get("style", "form")
            options = {"style": style, "explode": encoding.get("explode", style == "form") is True}
            options["allow_reserved"] = encoding.get("allowReserved") is True
        content_type = encoding.get("contentType") or prop.get(CONTENT_TYPE, "")
        if content_type and "," not in content_type and not is_range(content_type):
            options["content_type"] = content_type
        if CONTENT_ENCODING in prop:
            options["content_encoding"] = prop[CONTENT_ENCODING]
        if options:
            values = (f"{key}={format_string_literal(v) if isinstance(v, str) else v}" for key, v in options.items())
            found[name] = f"_Encoding({', '.join(values)})"
    return found


def _find_ambiguous_property(document: Document, media: Document) -> str:
    """Find a property that is sent as one media type in one alternative and as another one in another."""
    sent: dict[str, tuple[str, str]] = {}
    for name, prop in _iterate_properties(document, media.get("schema", {})):
        marks = prop.get(CONTENT_TYPE, ""), prop.get(CONTENT_ENCODING, "")
        if sent.setdefault(name, marks) != marks and not (media.get("encoding") or {}).get(name):
            return name
    return ""


def _list_properties(document: Document, media: Document) -> Document:
    """List the properties of a form by name, with those of each alternative."""
    return dict(_iterate_properties(document, media.get("schema", {})))


def _iterate_properties(document: Document, schema: Document) -> Iterator[tuple[str, Document]]:
    """Yield the properties of a form, then those of each alternative."""
    schema = resolve_component(document, schema)[1]
    yield from schema.get("properties", {}).items()
    for key in sorted(ALTERNATIVES & schema.keys()):
        for member in schema[key]:
            yield from _iterate_properties(document, member)


def format_encodings(wire: OperationWire, body: Body) -> str:
    """Format a dict of encodings for the body of a form, `{}` if there are none."""
    _, encodings = wire.bodies[unwrap_text(body.content_type)]
    return f"{{{', '.join(f'{format_string_literal(name)}: {source}' for name, source in encodings.items())}}}"


def find_body_problem(document: Document, wire: OperationWire, body: Body, media: Document) -> str:
    """Find the reason why a request body cannot be sent as the spec says, "" if it can."""
    kind, _ = wire.bodies[unwrap_text(body.content_type)]
    if kind not in ("data", "files"):
        return ""
    members = list_members(body.prop)
    if not all(isinstance(member, ModelProperty) for member in members):
        return "it must be an object"
    if name := _find_ambiguous_property(document, media):
        return f"its alternatives send the property {name!r} as different media types"
    properties = _list_properties(document, media)
    for name, encoding in (media.get("encoding") or {}).items():
        if encoding.get("style", "form") not in _STYLES["query"]:
            return f"OpenAPI has no style {encoding['style']!r} for its property {name!r}"
        headers = (encoding.get("headers") or {}).items()  # of which `Content-Type` is ignored (Encoding Object)
        required = [key for key, header in headers if follow_refs(document, header).get("required")]
        if required := [key for key in required if key.lower() != "content-type"]:
            return f"its property {name!r} needs the header {required[0]!r}, which a part of a form cannot have here"
        content_type = get_essence(encoding.get("contentType") or "application/json")
        is_object = resolve_component(document, properties.get(name, {}))[1].get("type") == "object"
        if is_object and content_type != "application/json" and not content_type.endswith("+json"):
            return f"its property {name!r} is an object that is to be sent as {content_type}"
    for name, prop in properties.items():
        if kind == "data" and is_binary(document, prop):
            return f"its property {name!r} is a file, which only multipart/form-data can hold"
        if prop.get(CONTENT_ENCODING, "base64") not in _CONTENT_ENCODINGS:
            return f"its property {name!r} has the unknown contentEncoding {prop[CONTENT_ENCODING]!r}"
    return ""


def get_body_kind(wire: OperationWire, body: Body) -> str:
    """Return the kind of a body: `json`, `data`, `files`, `text` or `binary`."""
    return wire.bodies[unwrap_text(body.content_type)][0]


def format_body_type(wire: OperationWire, body: Body) -> str:
    """Format the type of a body."""
    kind = get_body_kind(wire, body)
    return {"text": "str", "binary": "File | bytes"}.get(kind) or format_type(body.prop, optional=False)


def format_body_types(wire: OperationWire, bodies: Iterable[Body]) -> str:
    """Format the type of the argument `body`."""
    return " | ".join(dict.fromkeys(format_body_type(wire, body) for body in bodies))


def format_instance_check(wire: OperationWire, body: Body) -> str:
    """Format the second argument of `isinstance` for the type of a body."""
    return " | ".join(_list_classes(wire, body))


def _list_classes(wire: OperationWire, body: Body) -> list[str]:
    kind = get_body_kind(wire, body)
    if kind in ("text", "binary"):
        return format_body_type(wire, body).split(" | ")
    types = [format_type(part, optional=False) for part in list_members(body.prop)]
    constants = [
        type(part.value.raw_value).__name__ for part in list_members(body.prop) if isinstance(part, ConstProperty)
    ]
    classes = [name.split("[")[0] for name in types if not name.startswith("Literal[")]
    return list(dict.fromkeys("object" if name == "Any" else name for name in [*classes, *constants]))


def has_content_type_argument(wire: OperationWire, endpoint: Endpoint) -> bool:
    """Return whether the class of a body alone does not determine its media type."""
    classes = [name for body in endpoint.bodies for name in _list_classes(wire, body)]
    return len(endpoint.bodies) > 1 and (len(classes) != len(set(classes)) or "object" in classes)


def format_sent_media_type(wire: OperationWire, body: Body) -> str:
    """Format the header `Content-Type` of a body."""
    media_type = unwrap_text(body.content_type)
    if not is_range(media_type):
        return format_string_literal(media_type)
    kind = get_body_kind(wire, body)
    if kind == "binary":
        return '(body.mime_type if isinstance(body, File) else None) or "application/octet-stream"'
    return format_string_literal("text/plain" if kind == "text" else "application/json")


# --- responses -------------------------------------------------------------------------------------------------------


@attrs.frozen
class ResponseGroup:
    """The responses of one status, or range of statuses: one for each media type."""

    low: int
    high: int
    """The statuses from and to; 0 for the default response."""
    choices: list[Response]

    @property
    def media_types(self) -> list[str]:
        """The media types of the responses, "" for one without a body."""
        return [get_media_type(response) for response in self.choices]

    @property
    def may_be_empty(self) -> bool:
        """Whether the statuses include 204, and not it alone, so that the body may be missing."""
        return any(self.media_types) and (not self.low or self.low <= 204 <= self.high != self.low)


def get_media_type(response: Response) -> str:
    """Return the media type of a response, "" if it has no body."""
    content = getattr(response.data, "content", None) or {}
    return next((undisguise(unwrap_text(key)) for key in content), "")


def group_responses(endpoint: Endpoint) -> list[ResponseGroup]:
    """Group the responses of an operation by status, in the order in which they apply."""
    groups: dict[str, ResponseGroup] = {}
    for response in sorted(endpoint.responses):
        low, high = response.status_code.range or (0, 0)
        group = groups.setdefault(response.status_code.pattern, ResponseGroup(low, high, []))
        group.choices.append(response)
    return list(groups.values())


def list_accepted(endpoint: Endpoint) -> list[str]:
    """List the media types that a caller may ask for; empty if no status has more than one."""
    groups = group_responses(endpoint)
    if all(len(group.choices) == 1 for group in groups):
        return []
    return list(dict.fromkeys(name for group in groups for name in group.media_types if name))


def format_literal_type(media_types: Iterable[str]) -> str:
    """Format the type of an argument that takes one of some media types."""
    return f"Literal[{', '.join(format_string_literal(name) for name in media_types)}]"


def iterate_endpoints(data: Any) -> Iterator[Endpoint]:
    """Yield every operation that the generator has parsed."""
    for collection in data.endpoint_collections_by_tag.values():
        yield from collection.endpoints
