"""Bounds the size of response bodies, encoded and decoded, and the time to read them."""

from __future__ import annotations

import time
import zlib
from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Iterator
from contextlib import suppress
from typing import Any

import httpx

DEFAULT_MAX_RESPONSE_BYTES = 64 * 2**20
"""64 MiB. The largest response, a page of 1000 users, has less than 1 MiB."""

ACCEPT_ENCODING = "gzip, deflate"
"""The content codings that the standard library can decode piece by piece."""

_WINDOW_BITS = {"gzip": zlib.MAX_WBITS | 16, "x-gzip": zlib.MAX_WBITS | 16, "deflate": zlib.MAX_WBITS}
"""The argument of zlib for each content coding of RFC 9110, section 8.4.1."""

_MAX_CODINGS = 2
"""Maximum number of content codings of one body, because each decoder takes memory."""

_PIECE = 2**16
"""Bytes to decode at once."""

_SLACK = 0.3
"""Seconds after the deadline until async code ends a read that anyio could not cancel."""


class BodyTooLargeError(Exception):
    """A body has more bytes than the bound. The client raises `ResponseTooLargeError` from it."""


def limit_body(response: httpx.Response, max_bytes: int | None, deadline: float | None) -> None:
    """Bound the size of a response body and the time to read it; decode the body piece by piece.

    The headers lose the content coding, because httpx would decode the body once more.

    Args:
        response: The response. If its body was read before, only its size is checked.
        max_bytes: How many bytes the body may have, before and after decoding; None for no bound.
        deadline: When reading must end, by `time.monotonic()`; None for no bound.

    Raises:
        BodyTooLargeError: The body was read before, and is larger.
        httpx.DecodingError: The body has a content coding that this client did not request, or too many.
    """
    if response.is_stream_consumed:
        _check_size(len(response.content), max_bytes)
        return
    names = response.headers.get("content-encoding", "").lower().split(",")
    codings = [name for name in map(str.strip, names) if name not in ("", "identity")]
    if len(codings) > _MAX_CODINGS or not _WINDOW_BITS.keys() >= set(codings):
        raise httpx.DecodingError(f"the content coding is none of {ACCEPT_ENCODING}")
    decoders = [_Inflater(coding, max_bytes) for coding in reversed(codings)]
    response.stream = _BoundedBody(response.stream, decoders, max_bytes, deadline)
    if codings:
        response.headers = response.headers.copy()
        del response.headers["content-encoding"]


class _BoundedBody(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A body that is decoded as it is read."""

    def __init__(self, stream: Any, decoders: list[_Inflater], max_bytes: int | None, deadline: float | None) -> None:
        self._stream = stream
        self._decoders = decoders
        self._max_bytes = max_bytes
        self._deadline = deadline
        self._size = 0

    def __iter__(self) -> Iterator[bytes]:
        chunks = iter(self._stream)
        while True:
            chunk = next(chunks, None)
            self._check_deadline(0.0)
            if chunk is None:
                return
            yield from self._decode(chunk)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        chunks = aiter(self._stream)
        try:
            while True:
                chunk = await anext(chunks, None)
                if chunk is None:
                    return
                try:
                    self._check_deadline(_SLACK)
                    for piece in self._decode(chunk):
                        yield piece
                except Exception:
                    await self._end_stream(chunks)
                    raise
        finally:
            if isinstance(chunks, AsyncGenerator):  # nothing else would close it
                await chunks.aclose()

    async def _end_stream(self, chunks: AsyncIterator[bytes]) -> None:
        """Close the connection, and finish the generators that read from it: trio warns about unfinished ones."""
        import anyio

        end = time.monotonic() + _SLACK
        with suppress(Exception), anyio.move_on_after(_SLACK):
            await self._stream.aclose()
            while time.monotonic() < end:  # the stream of a user's transport may neither end nor wait
                await anext(chunks)

    def _decode(self, chunk: bytes) -> Iterable[bytes]:
        self._size += len(chunk)
        _check_size(self._size, self._max_bytes)
        pieces: Iterable[bytes] = (chunk,)
        for decoder in self._decoders:
            pieces = decoder.decode(pieces)
        return pieces

    def _check_deadline(self, slack: float) -> None:
        """Raise httpx.ReadTimeout after the deadline, which a user's transport may not keep."""
        if self._deadline is not None and time.monotonic() >= self._deadline + slack:
            raise httpx.ReadTimeout("the deadline has passed")

    def close(self) -> None:
        """See `httpx.SyncByteStream.close`."""
        self._stream.close()

    async def aclose(self) -> None:
        """See `httpx.AsyncByteStream.aclose`."""
        await self._stream.aclose()


class _Inflater:
    """Decodes one content coding."""

    def __init__(self, coding: str, max_bytes: int | None) -> None:
        self._zlib = zlib.decompressobj(_WINDOW_BITS[coding])
        self._may_be_raw = coding == "deflate"  # some servers omit the zlib header that RFC 9110 requires
        self._max_bytes = max_bytes
        self._size = 0

    def decode(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """Yield the decoded bytes, in pieces."""
        for chunk in chunks:
            has_more = True
            while (chunk or has_more) and not self._zlib.eof:
                piece = self._inflate(chunk)
                chunk, has_more = self._zlib.unconsumed_tail, len(piece) == _PIECE
                self._size += len(piece)
                _check_size(self._size, self._max_bytes)
                if piece:
                    yield piece

    def _inflate(self, chunk: bytes) -> bytes:
        try:
            piece = self._zlib.decompress(chunk, _PIECE)
        except zlib.error as error:
            if not self._may_be_raw:
                raise httpx.DecodingError("the body cannot be decompressed") from error
            self._zlib = zlib.decompressobj(-zlib.MAX_WBITS)
            self._may_be_raw = False
            return self._inflate(chunk)
        self._may_be_raw = self._may_be_raw and not chunk
        return piece


def _check_size(size: int, max_bytes: int | None) -> None:
    if max_bytes is not None and size > max_bytes:
        raise BodyTooLargeError
