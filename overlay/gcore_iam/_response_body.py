"""Reads response bodies, whose size after decoding and whose time are bounded."""

from __future__ import annotations

import time
import zlib
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Iterator
from contextlib import suppress
from typing import Any

import httpx

from ._concurrency.deadlines import enforce_deadline, enforce_deadline_async
from .errors import ConfigurationError

DEFAULT_MAX_RESPONSE_BYTES = 64 * 2**20
"""64 MiB: the largest page of 1000 users has less than one."""

ACCEPT_ENCODING = "gzip, deflate"
"""The content codings that can be decoded piece by piece, with the standard library."""

_MOST_CODINGS = 2
"""Content codings that may be applied to a body one after the other: each takes memory."""

_PIECE = 2**16
"""Bytes to decode at once."""


_SLACK = 0.3
"""Seconds after the deadline until async code looks itself: anyio ends whatever waits before that."""


class BodyTooLargeError(Exception):
    """A body has more bytes than it may have. Callers see `ResponseTooLargeError` in its place."""


def check_max_response_bytes(value: object) -> int | None:
    """Return a bound for response bodies.

    Raises:
        ConfigurationError: It is neither None nor a whole number above 0.
    """
    if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 1):
        raise ConfigurationError("max_response_bytes must be a whole number of bytes above 0, or None for no bound")
    return value


def bound_body(
    response: httpx.Response,
    max_bytes: int | None,
    deadline: float | None,
    convert_error: Callable[[Exception], Exception] | None = None,
) -> None:
    """Bound what reading a response may take, and decode its body piece by piece.

    While the response is read, its headers do not name the content coding: httpx would decode the body once more.

    Args:
        response: A response whose body has not been read; one that has been is only measured.
        max_bytes: How many bytes the body may have, decoded or not; None for no bound.
        deadline: When it must have been read, by `time.monotonic()`; None for no bound.
        convert_error: Makes the error to raise of what goes wrong while a body is read; None leaves it as it is.

    Raises:
        BodyTooLargeError: It has been read, and is larger.
        httpx.DecodingError: It has content codings that this client did not request.
    """
    if response.is_stream_consumed:
        _check_size(len(response.content), max_bytes)
        return
    names = response.headers.get("content-encoding", "").lower().split(",")
    codings = [name for name in map(str.strip, names) if name not in ("", "identity")]
    if len(codings) > _MOST_CODINGS or not all(coding in _WINDOW_BITS for coding in codings):
        raise httpx.DecodingError(f"the content coding is none of {ACCEPT_ENCODING}")
    decoders = [_Inflater(coding, max_bytes) for coding in reversed(codings)]
    response.stream = _BoundedBody(response.stream, decoders, max_bytes, deadline, convert_error)
    if codings:
        response.headers = httpx.Headers(
            [(key, value) for key, value in response.headers.raw if key.lower() not in _HEADERS_OF_A_CODED_BODY]
        )


_HEADERS_OF_A_CODED_BODY = (b"content-encoding", b"content-length")

_WINDOW_BITS = {"gzip": zlib.MAX_WBITS | 16, "x-gzip": zlib.MAX_WBITS | 16, "deflate": zlib.MAX_WBITS}
"""How zlib names the content codings of RFC 9110, section 8.4.1."""


class _BoundedBody(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A body that is decoded as it is read."""

    def __init__(
        self,
        stream: Any,
        decoders: list[_Inflater],
        max_bytes: int | None,
        deadline: float | None,
        convert_error: Callable[[Exception], Exception] | None,
    ) -> None:
        self._stream = stream
        self._decoders = decoders
        self._max_bytes = max_bytes
        self._deadline = deadline
        self._convert_error = convert_error
        self._size = 0

    def __iter__(self) -> Iterator[bytes]:
        chunks = iter(self._stream)
        try:
            while True:
                with enforce_deadline(self._deadline):
                    chunk = next(chunks, None)
                self._check_deadline(0.0)
                if chunk is None:
                    return
                yield from self._decode(chunk)
        except Exception as error:  # noqa: BLE001 - raised again
            self._raise(error)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        chunks = aiter(self._stream)
        try:
            while True:
                with enforce_deadline_async(self._deadline):
                    chunk = await anext(chunks, None)
                if chunk is None:
                    return
                try:
                    self._check_deadline(_SLACK)
                    pieces = iter(self._decode(chunk))
                    while (piece := next(pieces, None)) is not None:
                        yield piece
                except Exception:
                    await self._end_stream(chunks)
                    raise
        except Exception as error:  # noqa: BLE001 - raised again
            self._raise(error)
        finally:
            if isinstance(chunks, AsyncGenerator):  # nothing else would close it
                await chunks.aclose()

    async def _end_stream(self, chunks: AsyncIterator[bytes]) -> None:
        """Close the connection, and let the generators that read from it notice: trio warns of unfinished ones."""
        import anyio

        end = time.monotonic() + _SLACK
        with suppress(Exception), anyio.move_on_after(_SLACK):
            await self._stream.aclose()
            while time.monotonic() < end:  # a stream of the user's may neither end nor wait
                await anext(chunks)

    def _decode(self, chunk: bytes) -> Iterable[bytes]:
        self._size += len(chunk)
        _check_size(self._size, self._max_bytes)
        pieces: Iterable[bytes] = (chunk,)
        for decoder in self._decoders:
            pieces = decoder.decode(pieces)
        return pieces

    def _check_deadline(self, slack: float) -> None:
        """Raise httpx.ReadTimeout after the deadline: a stream that is not ours may know nothing of it."""
        if self._deadline is not None and time.monotonic() >= self._deadline + slack:
            raise httpx.ReadTimeout("the deadline has passed")

    def _raise(self, error: Exception) -> None:
        if self._convert_error is None:
            raise error
        raise self._convert_error(error) from None

    def close(self) -> None:
        """See `httpx.SyncByteStream.close`."""
        self._stream.close()

    async def aclose(self) -> None:
        """See `httpx.AsyncByteStream.aclose`."""
        await self._stream.aclose()


class _Inflater:
    """Undoes one content coding."""

    def __init__(self, coding: str, max_bytes: int | None) -> None:
        self._zlib = zlib.decompressobj(_WINDOW_BITS[coding])
        self._may_be_raw = coding == "deflate"  # without the header that RFC 9110 requires, as some servers send it
        self._max_bytes = max_bytes
        self._size = 0

    def decode(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """Yield the decoded bytes, in pieces."""
        for chunk in chunks:
            is_full = True
            while (chunk or is_full) and not self._zlib.eof:
                piece = self._inflate(chunk)
                chunk, is_full = self._zlib.unconsumed_tail, len(piece) == _PIECE
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
