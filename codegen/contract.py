"""Writes the checkable parts of a spec into the generated package, as a separate module."""

from __future__ import annotations

import copy

from .escaping import format_json_literal
from .schemas import SECRET, Document
from .spec import iterate_mappings

_PROSE = frozenset(
    {"description", "summary", "title", "example", "examples", "externalDocs", "tags", "info", "servers"}
)

_MODULE = """\
\"\"\"What the API's spec says, as corrected: operations, parameters and schemas, without prose.\"\"\"

import json
from typing import Any

DESCRIPTION: dict[str, Any] = json.loads(%s)
\"\"\"The description, in the form of OpenAPI.\"\"\"
"""


def render_contract(corrected: Document) -> str:
    """Render the source of the generated module `description`.

    Args:
        corrected: The vendored document with its corrections; stays as it is.

    Returns:
        Python source that defines `DESCRIPTION`. Prose is left out, and so are extensions except marks of secrets.
    """
    document = copy.deepcopy(corrected)
    for _, mapping in list(iterate_mappings(document)):
        for key in [key for key in mapping if key in _PROSE or (key.startswith("x-") and key != SECRET)]:
            del mapping[key]
    return _MODULE % format_json_literal(document)
