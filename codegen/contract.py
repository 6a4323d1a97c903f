"""Writes the checkable parts of a spec into the generated package, as a separate module."""

from __future__ import annotations

import copy

from .corrections import Correction, apply
from .escaping import format_json_literal
from .schemas import SECRET, Document
from .spec import Spec, iterate_mappings

_PROSE = frozenset(
    {"description", "summary", "title", "example", "examples", "externalDocs", "tags", "info", "servers"}
)

_MODULE = """\
\"\"\"What the API's spec says, as corrected: operations, parameters and schemas, without prose.\"\"\"

import json
from typing import Any

DESCRIPTION: dict[str, Any] = json.loads(%s)
\"\"\"The spec, in the form of OpenAPI.\"\"\"
"""


def build_contract(corrected: Document) -> Document:
    """Build what a program can check of a spec.

    Args:
        corrected: A spec with its corrections; stays as it is.

    Returns:
        The spec without prose, and without extensions except marks of secrets.
    """
    document = copy.deepcopy(corrected)
    for _, mapping in list(iterate_mappings(document)):
        for key in [key for key in mapping if key in _PROSE or (key.startswith("x-") and key != SECRET)]:
            del mapping[key]
    return document


def render_contract(corrected: Document) -> str:
    """Render the source of the generated module `description`.

    Args:
        corrected: The vendored document with its corrections; stays as it is.

    Returns:
        Python source that defines `DESCRIPTION`: the spec without prose.
    """
    return _MODULE % format_json_literal(build_contract(corrected))


def correct_contract(spec: Spec, entries: tuple[Correction, ...]) -> tuple[Document, list[str]]:
    """Build what a program can check of any version of the spec, for `FakeIAM(spec=…)`.

    Args:
        spec: A version of the spec.
        entries: The corrections, each of which is applied wherever it matches.

    Returns:
        The corrected spec without prose, and a note for each correction that does not fit this version.
    """
    document = copy.deepcopy(spec.document)
    notes = apply(entries, document, lenient=True)
    return build_contract(document), notes
