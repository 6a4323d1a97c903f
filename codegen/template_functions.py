"""The functions that templates call."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from openapi_python_client.parser.openapi import Endpoint
from openapi_python_client.parser.properties import EnumProperty, ModelProperty
from openapi_python_client.parser.properties.file import FileProperty
from openapi_python_client.parser.properties.protocol import PropertyProtocol
from openapi_python_client.parser.responses import Response

from . import escaping, expressions, wire_format
from .docstrings import format_docstring, format_operation_docstring, strip_text

_EMITTERS: tuple[Callable[..., str], ...] = (
    expressions.decode,
    expressions.decode_item,
    expressions.name_json_variable,
    expressions.name_target,
    expressions.name_member_table,
    expressions.name_reader,
    expressions.encode,
    expressions.encode_in_model,
    expressions.encode_item,
    expressions.find_text_enum,
    expressions.find_item_model,
    expressions.find_item_text_enum,
    expressions.format_parameter,
    expressions.decode_response,
    expressions.list_body_types,
    expressions.format_default,
    expressions.format_type,
    wire_format.format_api_key,
    wire_format.format_body_type,
    wire_format.format_body_types,
    wire_format.format_encodings,
    wire_format.format_header_call,
    wire_format.format_instance_check,
    wire_format.format_literal_type,
    wire_format.format_sent_media_type,
    wire_format.format_styled,
    wire_format.format_url,
)
"""Functions that put `escaping.Code` together."""


def _list_imports(properties: Iterable[PropertyProtocol]) -> list[tuple[str, str]]:
    return sorted({name for prop in properties for name in expressions.list_class_names(prop)})


def _list_model_imports(properties: Iterable[PropertyProtocol], but: str) -> list[tuple[str, str]]:
    names = {name for prop in properties for name in expressions.list_class_names(prop, ModelProperty)}
    return sorted(name for name in names if name[1] != but)


def _is_recursive(properties: Iterable[PropertyProtocol], name: str) -> bool:
    return any(name == other for prop in properties for _, other in expressions.list_class_names(prop, ModelProperty))


def _list_enum_imports(properties: Iterable[PropertyProtocol]) -> list[tuple[str, str]]:
    return sorted({name for prop in properties for name in expressions.list_class_names(prop, EnumProperty)})


def _list_success_types(endpoint: Endpoint) -> list[str]:
    """List the Python types that a function of an operation may return for a success, sorted."""
    types = {_format_response_type(response) for response in endpoint.responses}
    return sorted(types) or ["None"]


def _format_response_type(response: Response) -> str:
    fixed = {"None": "None", "response.text": "str", "response.content": "bytes"}.get(response.source["attribute"])
    if fixed == "bytes" and isinstance(response.prop, FileProperty):
        return "File"
    return fixed or response.prop.get_type_string().as_unembedded_code()


def build_template_functions() -> dict[str, Any]:
    """Return the functions by the names that templates know them by."""
    return {
        **{function.__name__: escaping.wrap_as_code(function) for function in _EMITTERS},
        "format_string_literal": escaping.format_string_literal,
        "format_integer_literal": escaping.format_integer_literal,
        "format_type_expression": escaping.format_type_expression,
        "format_identifier": escaping.format_identifier,
        "format_file_name": escaping.format_file_name,
        "format_docstring": format_docstring,
        "format_operation_docstring": format_operation_docstring,
        "strip_text": strip_text,
        "unwrap_text": escaping.unwrap_text,
        "unescape": escaping.unescape,
        "is_value_assigned": expressions.is_value_assigned,
        "is_secret": expressions.is_secret,
        "get_description": expressions.get_description,
        "list_imports": _list_imports,
        "list_model_imports": _list_model_imports,
        "is_recursive": _is_recursive,
        "list_enum_imports": _list_enum_imports,
        "list_success_types": _list_success_types,
        "get_body_kind": wire_format.get_body_kind,
        "group_responses": wire_format.group_responses,
        "has_content_type_argument": wire_format.has_content_type_argument,
        "is_file": expressions.is_file,
        "is_plain": wire_format.is_plain,
        "list_accepted": wire_format.list_accepted,
        "format_response_type": _format_response_type,
    }
