"""The servers that operations have of their own."""

from __future__ import annotations

from .schemas import Document
from .spec import iterate_operations


def find_other_servers(document: Document) -> dict[str, list[str]]:
    """Find the servers of paths and operations that are none of the document's.

    Returns:
        By URL, the operation ids. The generated client sends every request to its own base URL.
    """
    shared = {server.get("url") for server in document.get("servers") or ({"url": "/"},)}
    others: dict[str, list[str]] = {}
    for path, _, operation in iterate_operations(document):
        own = operation.get("servers") or document["paths"][path].get("servers") or ()
        urls = [str(server.get("url")) for server in own]
        if urls and not shared.intersection(urls):
            others.setdefault(urls[0], []).append(operation["operationId"])
    return others
