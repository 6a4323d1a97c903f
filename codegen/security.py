"""The credentials that operations need."""

from __future__ import annotations

from .schemas import Document, follow_refs
from .spec import iterate_operations


def find_api_key(document: Document, operation: Document) -> tuple[str, str] | None:
    """Find where the API key of an operation is sent and its name there; None for the header `Authorization`."""
    declared = document["components"].get("securitySchemes", {})
    for name in _choose_requirement(operation):
        scheme = follow_refs(document, declared.get(name, {}))
        if scheme.get("type") == "apiKey" and not (
            scheme.get("in") == "header" and scheme["name"].lower() == "authorization"
        ):
            return scheme["in"], scheme["name"]
    return None


def find_joint_credentials(document: Document) -> dict[tuple[str, ...], list[str]]:
    """Find the credentials that operations need together.

    Returns:
        By the names of the security schemes, the operation ids. The generated client sends its token as one of the
        schemes, and nothing for the others.
    """
    joint: dict[tuple[str, ...], list[str]] = {}
    for _, _, operation in iterate_operations(document):
        names = tuple(_choose_requirement(operation))
        if len(names) > 1:
            joint.setdefault(names, []).append(operation["operationId"])
    return joint


def _choose_requirement(operation: Document) -> Document:
    """Choose the alternative that the generated client sends: the first of those with the fewest credentials."""
    return min(filter(None, operation.get("security", ())), key=len, default={})
