"""Facts that a response shows, and what of them may be personal or secret and is therefore left out."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cached_property
from typing import TypeGuard

import attrs

from .observation import ObservationKind

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,63}")
_VALUE = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,39}")
_CAPITALIZED = re.compile(r"[A-Z][a-z]+")
"""What looks like the name of a person or a company."""
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_MAX_NAME_WORDS = 4
"""Words that the name of a person or a company has at most."""
_MAX_EXTRA_LENGTH = 8
"""By how many characters a new enum value may be longer than those that are listed."""
_DIGITS_IN_WORD = re.compile(r"(?<=[A-Za-z])[0-9]+(?=[A-Za-z])")
_MAX_DIGITS = 4
_MIN_WORD_LENGTHS = {8: 2.0, 16: 3.0}
"""By the length of a text, the minimum average length of its words; the words of a token are shorter."""
_NO_WORD = re.compile(
    r"""(?ix)
      (?:^|[_-]) [0-9a-f]{10,} (?:$|[_-])          # hexadecimal digits
    | (?-i: [a-z]{21} | [A-Z]{21})                 # longer than a word
    | [bcdfghjklmnpqrstvwxz]{6}                    # no vowel
    | ^ (?: gh[oprsu]_ | github_pat_ | glpat- | xox[a-z]- | [prs]k_(?:live|test)_ | (?-i: AKIA | ASIA | eyJ) )
    """
)
"""What no name of a program has: long runs of letters that make no word, and the prefixes of well-known tokens."""

_MEDIA_TYPES = frozenset(
    {
        "application/atom+xml", "application/gzip", "application/hal+json", "application/javascript",
        "application/json", "application/json-patch+json", "application/json-seq", "application/jwt",
        "application/ld+json", "application/merge-patch+json", "application/msgpack", "application/octet-stream",
        "application/pdf", "application/problem+json", "application/problem+xml", "application/vnd.api+json",
        "application/x-ndjson", "application/x-www-form-urlencoded", "application/x-yaml", "application/xhtml+xml",
        "application/xml", "application/yaml", "application/zip", "image/gif", "image/jpeg", "image/png",
        "image/svg+xml", "multipart/form-data", "multipart/mixed", "text/css", "text/csv", "text/event-stream",
        "text/html", "text/javascript", "text/markdown", "text/plain", "text/xml", "text/yaml",
    }
)  # fmt: skip
"""Media types that an observation may show. Any other one could hold anything."""


@attrs.frozen
class Fact:
    """What one response shows: a difference from the spec, or a deprecation.

    Attributes:
        pointer: Where, as in `Observation`.
        kind: What it is about.
        detail: What was observed, as in `Observation`.
    """

    pointer: str
    kind: ObservationKind
    detail: str = ""


class PersonalWords:
    """The words of a response that could be personal: its texts, and the parts of addresses and names.

    Args:
        read_texts: Returns the texts. It is called when the first word is looked up.
    """

    def __init__(self, read_texts: Callable[[], Iterable[str]]) -> None:
        self._read_texts = read_texts

    def __contains__(self, text: str) -> bool:
        return text.casefold() in self._words

    @cached_property
    def _words(self) -> frozenset[str]:
        return frozenset(word.casefold() for text in self._read_texts() for word in _split_text(text))


def _split_text(text: str) -> Iterator[str]:
    yield text
    if "@" in text:
        local = text.partition("@")[0]
        yield local
        yield from re.split(r"[._+-]", local)
    words = text.split()
    if len(words) <= _MAX_NAME_WORDS:
        yield from (word for word in words if word[0].isupper())


def is_harmless_name(name: str) -> bool:
    """Return whether the name of a field looks like one of a program, and not like personal data or a secret."""
    return _NAME.fullmatch(name) is not None and not _is_random(name) and not _CAPITALIZED.fullmatch(name)


def is_harmless_value(value: object, listed: Iterable[object]) -> TypeGuard[str]:
    """Return whether a value looks like those that an enum lists, and not like personal data or a secret."""
    if not isinstance(value, str) or not _VALUE.fullmatch(value) or _is_random(value):
        return False
    texts = [text for text in listed if isinstance(text, str)]
    has_lower_case_only = all(text == text.lower() for text in texts)
    longest = max(map(len, texts), default=0)
    return len(value) <= longest + _MAX_EXTRA_LENGTH and not (has_lower_case_only and value != value.lower())


def filter_media_type(media_type: str) -> str:
    """Return a media type without parameters, or "" if it is not a common one."""
    return media_type if media_type in _MEDIA_TYPES else ""


def _is_random(text: str) -> bool:
    """Return whether a text looks like a token or an id of something, and not like a word of a program."""
    if sum(map(str.isdigit, text)) > _MAX_DIGITS or len(_DIGITS_IN_WORD.findall(text)) > 1 or _NO_WORD.search(text):
        return True
    words = _WORD.findall(text)
    letters = sum(map(len, words))
    return any(len(text) >= size and letters < least * len(words) for size, least in _MIN_WORD_LENGTHS.items())


def parse_header_date(text: str) -> str:
    """Return the date of a `Sunset` or `Deprecation` header as YYYY-MM-DD; "" if it has none.

    Source: RFC 8594, section 3 (an HTTP date); RFC 9745, section 2.1 (`@` and seconds since 1970).
    """
    try:
        seconds = re.fullmatch(r"@(-?[0-9]{1,12})", text.strip())
        if seconds is not None:
            return datetime.fromtimestamp(int(seconds[1]), UTC).date().isoformat()
        return parsedate_to_datetime(text).date().isoformat()
    except (ValueError, OverflowError, OSError, IndexError, TypeError):
        return ""
