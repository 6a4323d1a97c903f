"""Masks the secrets of a request in error messages, log lines and the bodies that errors keep.

A server may repeat a secret as it is, or with the escapes of URLs, JSON, HTML, Python or forms. So the text is decoded
step by step, each step is searched with `str.find`, and each occurrence is masked in the original text. The time is
always linear in the lengths of the text and of the secret.
"""

from __future__ import annotations

import logging
import re
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator
from functools import cache

from ._secrets import SECRET_KEY_ALIASES, SECRET_KEYS

logger = logging.getLogger("gcore_iam")
DEBUG, INFO, WARNING, ERROR = logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR

MASK = "***"

MAX_HEADER_LENGTH = 200
"""Characters of a header that are shown."""

_SHORTEST_SECRET = 3
"""Characters. Shorter texts occur in many words: masking them would make messages unreadable, and hide nothing."""

_MAX_STEPS = 4
"""Maximum number of times that a text is decoded. JSON that holds a URL in HTML takes three."""

_SECRET_FIELD = (
    rf"""(?is)((\\{{0,8}}["'])(?:{"|".join(sorted(SECRET_KEYS | SECRET_KEY_ALIASES, key=len, reverse=True))})\2"""
    r"""\s{0,8}[:=]\s{0,8})"""
    r"""(?:(\\{0,8}["'])(?:(?!\3)(?:\\.|.))*|(\[)[^\[\]{}]*|[0-9.+-][0-9.e+-]*)"""
)
"""A secret key with its value (a text, a list of texts, a number), in a text that is not decoded."""

_ESCAPE = r"""(?isx)
      %[0-7][0-9a-f] | %[cd][0-9a-f]%[89ab][0-9a-f]                           # URLs: one character in UTF-8
    | %e[0-9a-f](?:%[89ab][0-9a-f]){2} | %f[0-7](?:%[89ab][0-9a-f]){3}
    | (?-i:\\u)d[89ab][0-9a-f]{2}(?-i:\\u)d[c-f][0-9a-f]{2} | (?-i:\\u)[0-9a-f]{4}      # JSON
    | (?-i:\\u)\{[0-9a-f]{1,6}\} | (?-i:\\U)[0-9a-f]{8} | \\x[0-9a-f]{2} | \\.          # JavaScript, Python
    | &\#0*[0-9]{1,7};? | &\#x0*[0-9a-f]{1,6};? | &[a-z][a-z0-9]{1,31};?      # HTML
    | \+ | [\b\f\n\r\t]                                                       # forms; `_decode_escape` says why
    """

_PARTIAL_ESCAPES = (r"(?:%[^%]{0,2}){1,4}\Z", r"\\[^\\]{0,9}(?:\\[^\\]{0,5})?\Z", r"&[^&;]{0,32}\Z")
"""Patterns of an incomplete escape at the end of a text that was cut."""

_UNPRINTABLE = (
    "[\x00-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff"
    "\U000e0000-\U000e007f]"
)
"""Control characters, line separators, bidi controls, characters without width, tags, lone surrogates."""

_CONTROL_LETTERS = {"\b": "b", "\f": "f", "\n": "n", "\r": "r", "\t": "t"}


@cache
def _compile(pattern: str) -> re.Pattern[str]:
    """Compile a pattern when it is first used: most programs never show a secret, and import this library faster."""
    return re.compile(pattern)


class Redactor:
    """Masks given secrets in texts, so that the texts are safe to show.

    Args:
        secrets: The secrets to mask; those of fewer than three characters are ignored.
    """

    __slots__ = ("_adjacent_escapes", "_borders", "_forms")

    def __init__(self, secrets: Iterable[str]) -> None:
        # `str`, because each index of a `SecretText` calls a function.
        long_enough = (str(secret) for secret in secrets if len(secret) >= _SHORTEST_SECRET)
        # A secret may itself contain escapes, so each of its decoded forms is searched.
        forms = {
            form for secret in long_enough for variant in _list_encodings(secret) for form in _decode_fully(variant)
        }
        self._forms = tuple(form for form in forms if len(form) >= _SHORTEST_SECRET)
        self._borders: dict[str, array[int]] = {}
        starts = "|".join({re.escape(form[:_SHORTEST_SECRET]) for form in self._forms})
        ends = "|".join({re.escape(form[-_SHORTEST_SECRET:]) for form in self._forms})
        # Characters beside a secret that could form an escape with its first or last characters.
        self._adjacent_escapes = re.compile(rf"(?:%|\\[uUx]?|&\#?[xX]?)(?={starts})|(?<={ends})[0-9A-Za-z;#\\\"'/]")

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"

    def redact(self, text: str, *, max_length: int | None = None, allow_line_breaks: bool = False) -> str:
        """Make a text safe to show: mask its secrets, escape unprintable characters, and cut it at a maximum length.

        Args:
            text: Any text, such as a header of a response.
            max_length: Characters of the text that are kept; None for all.
            allow_line_breaks: Whether tabs and line ends stay as they are.

        Returns:
            A text that can be printed and encoded as UTF-8. It ends with `…` if the text was cut.
        """
        is_cut = max_length is not None and len(text) > max_length
        masked = self.mask(text[:max_length], is_cut=is_cut)
        return escape_unprintable(masked, allow_line_breaks=allow_line_breaks) + ("…" if is_cut else "")

    def mask(self, text: str, *, is_cut: bool = False) -> str:
        """Replace each secret in a text by `***`, with or without escapes.

        Args:
            text: Any text.
            is_cut: Whether the text was cut at its end, so that it may end with the beginning of a secret.

        Returns:
            The text without the secrets.
        """
        if not self._forms or not text:
            return text
        spans = list(self._find_all_spans(text, is_cut=is_cut))
        separated = self._adjacent_escapes.sub(lambda match: " " * len(match[0]), text)
        if separated != text:
            spans += self._find_all_spans(separated, is_cut=is_cut)
        return _replace_spans(text, spans)

    def _find_all_spans(self, text: str, *, is_cut: bool) -> Iterator[tuple[int, int]]:
        """Find the spans of a text that are secrets, with or without escapes."""
        decodings: list[_Decoding] = []
        step = text
        while True:
            for form in self._forms:
                for span in self._find_spans(step, form, is_cut=is_cut):
                    for decoding in reversed(decodings):
                        span = decoding.locate(*span)
                    yield span
            decoded = _decode(step) if len(decodings) < _MAX_STEPS else None
            if decoded is None:
                return
            decodings.append(decoded)
            step = decoded.text

    def _find_spans(self, text: str, form: str, *, is_cut: bool) -> Iterator[tuple[int, int]]:
        """Find all occurrences of a secret; adjacent and overlapping ones form one span."""
        start = text.find(form)
        if start >= 0:
            length = len(form)
            period = length - self._get_borders(form)[-1]  # the least distance of two occurrences
            following = form[-period:]
            steps = (following * (4096 // period + 1), following)  # the long one first: spans may be long
            while start >= 0:
                end = start + length
                for step in steps:
                    while text.startswith(step, end):
                        end += len(step)
                yield start, end
                start = text.find(form, end - length + period)
        if is_cut:
            for end in {len(text), *_find_partial_escapes(text)}:
                matched = self._match_beginning(text[max(0, end - len(form) + 1) : end], form)
                if matched >= _SHORTEST_SECRET:
                    yield end - matched, len(text)

    def _match_beginning(self, tail: str, form: str) -> int:
        """Return how many of the first characters of a secret a text ends with; the text is shorter than the secret."""
        if form[:_SHORTEST_SECRET] not in tail:
            return 0
        borders = self._get_borders(form)
        matched = 0
        for character in tail:
            while matched and form[matched] != character:
                matched = borders[matched - 1]
            if form[matched] == character:
                matched += 1
        return matched

    def _get_borders(self, form: str) -> array[int]:
        borders = self._borders.get(form)
        if borders is None:
            borders = self._borders[form] = _compute_borders(form)
        return borders


def mask_secret_fields(text: str) -> str:
    """Replace the value of each secret key in a text that looks like JSON by `***`."""
    return _compile(_SECRET_FIELD).sub(lambda match: match[1] + (match[3] or match[4] or "") + MASK, text)


def escape_unprintable(text: str, *, allow_line_breaks: bool = False) -> str:
    """Replace characters that cannot be printed safely by Python escapes such as `\\x1b`.

    Args:
        text: Any text.
        allow_line_breaks: Whether tabs and line ends stay as they are.
    """

    def escape(match: re.Match[str]) -> str:
        if allow_line_breaks and match[0] in "\t\n\r":
            return match[0]
        code = ord(match[0])
        return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"

    return _compile(_UNPRINTABLE).sub(escape, text)


def write_log(
    logger: logging.Logger,
    level: int,
    template: str,
    *values: object,
    secrets: Callable[[], Iterable[str]] = tuple,
    error: BaseException | None = None,
) -> None:
    """Mask the secrets in a line, and write it to a log. This library writes all its lines about requests with this.

    Args:
        logger: The logger to write to.
        level: One of the levels of `logging`.
        template: A constant text with `%` placeholders.
        values: The values of the placeholders. Numbers and None are kept; everything else becomes a redacted text.
        secrets: Returns the secrets to mask; called only if the line is written.
        error: An exception of the user's code, whose traceback follows the line; None for none.
    """
    if logger.isEnabledFor(level):
        redactor = Redactor(secrets())
        safe = (
            value if value is None or isinstance(value, int | float) else redactor.redact(str(value), max_length=1000)
            for value in values
        )
        logger.log(level, template, *safe, stacklevel=2, exc_info=error)


def _replace_spans(text: str, spans: list[tuple[int, int]]) -> str:
    pieces: list[str] = []
    position = 0
    for start, end in sorted(spans):
        if start >= position:
            pieces += (text[position:start], MASK)
        position = max(position, end)
    pieces.append(text[position:])
    return "".join(pieces)


def _find_partial_escapes(text: str) -> Iterator[int]:
    """Find the positions where an incomplete escape at the end of a text may begin."""
    for pattern in _PARTIAL_ESCAPES:
        match = _compile(pattern).search(text, max(0, len(text) - 64))
        if match is not None:
            yield match.start()


def _compute_borders(text: str) -> array[int]:
    """Compute for each prefix of a text the length of its border: the longest shorter text that begins and ends it.

    Source: Knuth, Morris, Pratt, "Fast Pattern Matching in Strings", 1977.
    """
    borders = array("q", bytes(8 * len(text)))
    length = 0
    for index in range(1, len(text)):
        while length and text[index] != text[length]:
            length = borders[length - 1]
        if text[index] == text[length]:
            length += 1
        borders[index] = length
    return borders


# --- decoding ------------------------------------------------------------------------------------------------------


class _Decoding:
    """A decoded text, and where its parts begin in it and in the original. Literal parts and escapes alternate."""

    __slots__ = ("_decoded_starts", "_original_starts", "text")

    def __init__(self, text: str, decoded_starts: array[int], original_starts: array[int]) -> None:
        self.text = text
        self._decoded_starts = decoded_starts
        self._original_starts = original_starts

    def locate(self, start: int, end: int) -> tuple[int, int]:
        """Convert a span of the decoded text to a span of the original text; it never splits an escape."""
        decoded, original = self._decoded_starts, self._original_starts
        first = bisect_right(decoded, start) - 1
        last = bisect_left(decoded, end) - 1
        start = original[first] + (0 if first % 2 else start - decoded[first])
        end = original[last + 1] if last % 2 else original[last] + end - decoded[last]
        return start, end


def _decode(text: str) -> _Decoding | None:
    """Decode each escape of a text once; None if the text has none."""
    pieces: list[str] = []
    decoded_starts, original_starts = array("q", [0]), array("q", [0])
    position = length = 0
    for match in _compile(_ESCAPE).finditer(text):
        escape = match[0]
        character = _decode_escape(escape)
        if character == escape:
            continue
        start, end = match.span()
        pieces += (text[position:start], character)
        length += start - position
        decoded_starts.append(length)
        original_starts.append(start)
        length += len(character)
        decoded_starts.append(length)
        original_starts.append(end)
        position = end
    if not pieces:
        return None
    pieces.append(text[position:])
    return _Decoding("".join(pieces), decoded_starts, original_starts)


def _list_encodings(secret: str) -> set[str]:
    """Return a secret as it is, and as it looks if UTF-8 and Latin-1 are mistaken for each other."""
    if secret.isascii():
        return {secret}
    as_latin_1 = secret.encode("utf-8", "surrogatepass").decode("latin-1")
    as_utf_8 = secret.encode("latin-1", "replace").decode("utf-8", "replace")
    return {secret, as_latin_1, as_utf_8}


def _decode_fully(text: str) -> Iterator[str]:
    """Yield a text, and its form after each step of decoding."""
    yield text
    steps = 0
    while steps < _MAX_STEPS and (decoded := _decode(text)) is not None:
        steps, text = steps + 1, decoded.text
        yield text


def _decode_escape(escape: str) -> str:
    """Decode an escape to its character; return it unchanged if it stands for no character.

    A line end and `\\n` both become the letter `n`: a secret may begin with this letter, and the backslash may belong
    to the text before it.
    """
    first, rest = escape[0], escape[1:]
    if first == "%":
        try:
            return bytes.fromhex(escape.replace("%", "")).decode("utf-8", "surrogatepass")
        except UnicodeDecodeError:
            return escape
    if first == "&":
        import html

        return html.unescape(escape)
    if first == "+":
        return " "
    if first != "\\":
        return _CONTROL_LETTERS[first]
    if len(rest) == 1:
        return rest
    units = [int(unit.strip("{}"), 16) for unit in rest[1:].split("\\u")]
    if len(units) == 2:
        return chr(0x10000 + ((units[0] - 0xD800) << 10) + units[1] - 0xDC00)
    return chr(units[0]) if units[0] <= 0x10FFFF else escape
