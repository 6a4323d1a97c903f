"""JSON pointers (RFC 6901): their tokens, and the targets of references."""

from __future__ import annotations

from .yaml_tree import Json


def escape(token: str) -> str:
    """Escape one token of a JSON pointer (RFC 6901)."""
    return token.replace("~", "~0").replace("/", "~1")


def unescape(token: str) -> str:
    """Unescape one token of a JSON pointer (RFC 6901)."""
    return token.replace("~1", "/").replace("~0", "~")


def resolve(document: Json, ref: str) -> Json:
    """Resolve a local reference (`#/…`, RFC 6901); raise LookupError if it leads nowhere."""
    node = document
    for token in ref[2:].split("/"):
        key = unescape(token)
        if isinstance(node, list) and is_index(key):
            node = node[int(key)]
        elif isinstance(node, dict):
            node = node[key]
        else:
            raise LookupError(ref)
    return node


def is_resolvable(document: Json, ref: str) -> bool:
    """Return whether a local reference leads somewhere."""
    try:
        resolve(document, ref)
    except LookupError:
        return False
    return True


def is_index(token: str) -> bool:
    """Return whether a token of a JSON pointer can be an index; no list is so long that it needs ten digits."""
    return token.isascii() and token.isdecimal() and len(token) < 10
