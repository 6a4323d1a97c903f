"""Docstrings that templates write, from the prose of the API's description."""

from __future__ import annotations

import re
import textwrap

from openapi_python_client.parser.openapi import Endpoint
from openapi_python_client.schema.untrusted_string import UntrustedString
from openapi_python_client.strings import safe_for_docstring

_WIDTH = 100
_BULLETS = ("-", "*", "+")


def plain(text: str | UntrustedString | None) -> str:
    """The text itself; "" when there is none."""
    if text is None:
        return ""
    return (text.get_untrusted_value() if isinstance(text, UntrustedString) else str(text)).strip()


def docstring(text: str | UntrustedString | None, indent: int = 4) -> str:
    """A docstring literal.

    Args:
        text: Prose; paragraphs and lists are kept, lines are filled.
        indent: How far the template indents what follows the first line, in spaces.

    Returns:
        Python source without the first line's indentation, "" when there is no text.
    """
    body = _fill(plain(text), _WIDTH - indent)
    if not body:
        return ""
    body = safe_for_docstring(body)
    quote = re.search(r'(\\*)"$', body)
    if quote and len(quote[1]) % 2 == 0:
        body = body[:-1] + '\\"'
    closing = f'\n{" " * indent}"""' if "\n" in body else '"""'
    return '"""' + body.replace("\n", "\n" + " " * indent).replace("\n" + " " * indent + "\n", "\n\n") + closing


def operation_docstring(endpoint: Endpoint, operation_id: str, returns: str) -> str:
    """The docstring of a generated function."""
    parts = [plain(endpoint.summary) or operation_id, plain(endpoint.description)]
    arguments = [
        *endpoint.path_parameters,
        *endpoint.query_parameters,
        *endpoint.header_parameters,
        *endpoint.cookie_parameters,
    ]
    lines = [
        f"    {argument.python_name}: {' '.join(plain(argument.description).split()) or f'`{plain(argument.name)}`.'}"
        for argument in arguments
    ]
    lines += ["    client: Sends the request."]
    lines += ["    body: What to send."] if endpoint.bodies else []
    parts.append("\n".join(["Args:", *lines]))
    parts.append(f"Returns:\n    {returns}")
    parts.append(
        "Raises:\n"
        "    errors.InvalidBody: A success whose body is not as described.\n"
        "    errors.UnexpectedStatus: Another status, from a client that asks for this error.\n"
        "    httpx.HTTPError: The request failed; `httpx.TimeoutException` when it took longer than the client allows."
    )
    return docstring("\n\n".join(part for part in parts if part))


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
