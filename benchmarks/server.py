"""Serves users from rendered responses, in a separate process, so that the server is never the bottleneck."""

from __future__ import annotations

import argparse
import asyncio
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from .ways import UserPages

_GENERATED = 100
"""Number of users that are repeated with other ids."""


class Responses:
    """Renders the responses of a list of users."""

    def __init__(self, count: int) -> None:
        from gcore_iam.testing import FakeIAM  # here, so that the measuring process does not load it

        self._pages = UserPages(list(FakeIAM(_GENERATED).users), count)

    def render(self, target: str) -> bytes:
        """Build the body of a response: a page, or one user."""
        url = urlsplit(target)
        *_, last = url.path.split("/")
        if last.isdigit():
            return self._pages.render_user(int(last) - 1).encode()
        query = parse_qs(url.query)
        return self._pages.render(int(query.get("offset", ["0"])[0]), int(query["limit"][0]))


class _Connection(asyncio.Protocol):
    """Speaks the part of HTTP/1.1 that GET needs."""

    def __init__(self, responses: Responses, latency: float, cache: dict[str, bytes]) -> None:
        self._responses = responses
        self._latency = latency
        self._cache = cache
        self._transport: asyncio.Transport | None = None
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        while b"\r\n\r\n" in self._received:
            head, _, self._received = self._received.partition(b"\r\n\r\n")
            target = head.split(b" ", 2)[1].decode()
            if target not in self._cache:
                body = self._responses.render(target)
                headers = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
                self._cache[target] = headers.encode() + body
            if self._latency:
                asyncio.get_running_loop().call_later(self._latency, self._write, self._cache[target])
            else:
                self._write(self._cache[target])

    def _write(self, response: bytes) -> None:
        assert self._transport is not None
        self._transport.write(response)


async def _serve(users: int, latency: float, certificate: str) -> None:
    responses, cache = Responses(users), dict[str, bytes]()
    loop = asyncio.get_running_loop()
    tls = None
    if certificate:
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        tls.load_cert_chain(certificate)
    server = await loop.create_server(lambda: _Connection(responses, latency, cache), "127.0.0.1", 0, ssl=tls)
    print(f"{'https' if tls else 'http'}://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    async with server:
        await loop.run_in_executor(None, sys.stdin.read)  # until the process that started this one closes it


@contextmanager
def start_server(users: int, latency: float = 0.0, certificate: Path | str = "") -> Iterator[str]:
    """Start a server of users, and yield its URL; it ends with the `with` block.

    Args:
        users: The number of users.
        latency: Seconds of latency per response.
        certificate: A file with a certificate and its key, to serve over TLS; empty for http.
    """
    command = [sys.executable, "-m", "benchmarks.server", str(users), str(latency), str(certificate)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)  # noqa: S603 - ours
    assert process.stdout is not None
    with process:
        try:
            yield process.stdout.readline().strip()
        finally:
            assert process.stdin is not None
            process.stdin.close()
            process.wait(10)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("users", type=int)
    parser.add_argument("latency", type=float)
    parser.add_argument("certificate")
    options = parser.parse_args()
    asyncio.run(_serve(options.users, options.latency, options.certificate))
