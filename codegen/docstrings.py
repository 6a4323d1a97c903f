"""Docstrings that templates write, from the prose of the API's spec."""

from __future__ import annotations

import textwrap

from openapi_python_client.parser.openapi import Endpoint
from openapi_python_client.schema.untrusted_string import UntrustedString

from .escaping import Code, docstring_literal, unwrap_text

_WIDTH = 100
_BULLETS = ("-", "*", "+")


def strip_text(text: str | UntrustedString | None) -> str:
    """Return prose without the space around it; "" when there is none."""
    return unwrap_text(text).strip()


def format_docstring(text: str | UntrustedString | None, indent: int = 4) -> Code:
    """Return a docstring literal.

    Args:
        text: Prose; paragraphs and lists are kept, lines are filled.
        indent: How far the template indents what follows the first line, in spaces.

    Returns:
        Python source without the first line's indentation, "" when there is no text.
    """
    return docstring_literal(_fill(strip_text(text), _WIDTH - indent), indent)


def format_operation_docstring(
    endpoint: Endpoint, operation_id: str, returns: str, *, has_content_type: bool, has_accept: bool
) -> Code:
    """The docstring of a generated function."""
    parts = [strip_text(endpoint.summary) or operation_id, strip_text(endpoint.description)]
    arguments = [
        *endpoint.path_parameters,
        *endpoint.query_parameters,
        *endpoint.header_parameters,
        *endpoint.cookie_parameters,
    ]
    lines = [
        f"    {argument.python_name}: "
        f"{' '.join(strip_text(argument.description).split()) or f'`{strip_text(argument.name)}`.'}"
        for argument in arguments
    ]
    lines += ["    client: Sends the request."]
    lines += ["    body: What to send."] if endpoint.bodies else []
    lines += (
        ["    content_type: How to send it; by default the first media type that fits it."] if has_content_type else []
    )
    lines += ["    accept: The media type to ask for; by default the server chooses."] if has_accept else []
    parts.append("\n".join(["Args:", *lines]))
    parts.append(f"Returns:\n    {returns}")
    parts.append(
        "Raises:\n"
        "    errors.InvalidBody: The response is a success, but its body is not as the spec says.\n"
        "    errors.UnexpectedStatus: Another status, if the client has `raise_on_unexpected_status=True`.\n"
        "    httpx.HTTPError: The request failed; `httpx.TimeoutException` when it took longer than the client allows."
    )
    return format_docstring("\n\n".join(part for part in parts if part))


def _fill(text: str, width: int) -> str:
    """Fill each paragraph; indented lines and list items start on a line of their own."""
    paragraphs: list[str] = []
    for line in text.splitlines():
        stripped = line.strip()
        starts = not stripped or line[:1].isspace() or stripped.startswith(_BULLETS) or not paragraphs
        if starts or not paragraphs[-1].strip() or paragraphs[-1].endswith(":"):
            paragraphs.append(line.rstrip())
        else:
            paragraphs[-1] += " " + stripped
    filled: list[str] = []
    for paragraph in paragraphs:
        margin = paragraph[: len(paragraph) - len(paragraph.lstrip())]
        filled.append(
            textwrap.fill(
                paragraph.strip(),
                width,
                initial_indent=margin,
                subsequent_indent=margin + "  " if margin or paragraph.startswith(_BULLETS) else "",
                break_long_words=False,
                break_on_hyphens=False,
            )
        )
    return "\n".join(filled)
