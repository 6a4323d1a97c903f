"""Classifies media types for generated code: JSON, a form, text or bytes."""

from __future__ import annotations

import re
from typing import Literal, TypeAlias
from urllib.parse import quote, unquote

from .schemas import BODY_KIND, Document, list_types, resolve_component

BodyKind: TypeAlias = Literal["json", "data", "files", "text", "binary"]

_FORMS: dict[str, BodyKind] = {"application/x-www-form-urlencoded": "data", "multipart/form-data": "files"}
_RANGES = ("*/*", "application/*")


def get_essence(media_type: str) -> str:
    """Return a media type without its parameters, in lower case."""
    return media_type.split(";")[0].strip().lower()


def is_bodiless(code: str) -> bool:
    """Return whether responses of a status never have a body (RFC 9110, sections 6.4.1 and 15.3.6)."""
    return re.fullmatch("1..|204|205|304", code) is not None


def is_range(media_type: str) -> bool:
    """Return whether a media type stands for several, so that it cannot be a `Content-Type`."""
    return "*" in get_essence(media_type)


def is_within(media_type: str, wider: str) -> bool:
    """Return whether a media type is one of those that a range such as `application/*` stands for."""
    kind, _, subtype = get_essence(wider).partition("/")
    return subtype == "*" and kind in ("*", get_essence(media_type).partition("/")[0]) and media_type != wider


def classify(document: Document, media_type: str, media: Document) -> BodyKind:
    """Tell how a body is encoded and decoded.

    A range such as `*/*` may be JSON; its schema decides. What is neither JSON, a form nor text is sent and received as
    bytes.

    Args:
        document: The document that holds the body.
        media_type: Its media type.
        media: What the document says of it; a rule may have recorded the kind there.
    """
    if BODY_KIND in media:
        kind: BodyKind = media[BODY_KIND]
        return kind
    schema: Document | None = media.get("schema")
    essence = get_essence(media_type)
    if essence == "application/json" or essence.endswith("+json"):
        return "json"
    if essence in _FORMS:
        return _FORMS[essence]
    if essence.startswith("text/"):
        return "text"
    if essence in _RANGES and schema is not None:
        target = resolve_component(document, schema)[1]
        if is_binary(document, schema):
            return "binary"
        return "text" if list_types(target) == ["string"] and "enum" not in target else "json"
    return "binary"


def is_binary(document: Document, schema: Document) -> bool:
    """Return whether a schema describes bytes: `format: binary`, or 3.1's `contentMediaType` without an encoding."""
    target = resolve_component(document, schema)[1]
    if target.get("format") == "binary":
        return True
    return "contentMediaType" in target and "contentEncoding" not in target


def name_media_type(media_type: str) -> str:
    """Return the words of a media type, to make a name of."""
    return "_".join(re.findall(r"[^\W_]+", media_type))


_KNOWN: dict[BodyKind, str] = {
    "json": "application/json",
    "data": "application/x-www-form-urlencoded",
    "files": "multipart/form-data",
    "text": "application/octet-stream",
    "binary": "application/octet-stream",
}
"""By kind, a media type that the generator knows."""

_ORIGINAL = "; original="


def disguise(kind: BodyKind, media_type: str) -> str:
    """Return a media type that the generator knows and that holds the original one as a parameter."""
    return f"{_KNOWN[kind]}{_ORIGINAL}{quote(media_type, safe='')}"


def undisguise(media_type: str) -> str:
    """Return the original of a media type that `disguise` has made."""
    return unquote(media_type.partition(_ORIGINAL)[2])
