"""A server of users that is never the bottleneck: it answers from bytes that are ready, in a process of its own."""

from __future__ import annotations

import argparse
import asyncio
import json
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

_INVENTED = 100
"""People that are served again and again, under other ids."""


class Users:
    """A list of users as JSON."""

    def __init__(self, number: int) -> None:
        from gcore_iam.testing import FakeIAM  # here, so that those who measure do not load it

        self._number = number
        parts = [json.dumps(user).partition('"id": ') for user in FakeIAM(_INVENTED).users]
        self._parts = [(head + key, rest[rest.index(",") :]) for head, key, rest in parts]

    def answer(self, target: str) -> bytes:
        """The body of an answer: a page, or one user."""
        url = urlsplit(target)
        *_, last = url.path.split("/")
        if last.isdigit():
            return self._user(int(last) - 1).encode()
        query = parse_qs(url.query)
        offset, limit = int(query.get("offset", ["0"])[0]), int(query["limit"][0])
        body = ", ".join(map(self._user, range(offset, min(offset + limit, self._number))))
        return f'{{"count": {self._number}, "next": null, "previous": null, "results": [{body}]}}'.encode()

    def _user(self, index: int) -> str:
        head, rest = self._parts[index % _INVENTED]
        return f"{head}{index + 1}{rest}"


class _Connection(asyncio.Protocol):
    """HTTP/1.1 as far as GET needs it."""

    def __init__(self, users: Users, latency: float, answers: dict[str, bytes]) -> None:
        self._users = users
        self._latency = latency
        self._answers = answers
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
            if target not in self._answers:
                body = self._users.answer(target)
                headers = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
                self._answers[target] = headers.encode() + body
            if self._latency:
                asyncio.get_running_loop().call_later(self._latency, self._answer, self._answers[target])
            else:
                self._answer(self._answers[target])

    def _answer(self, answer: bytes) -> None:
        assert self._transport is not None
        self._transport.write(answer)


async def _serve(users: int, latency: float, certificate: str) -> None:
    listed, answers = Users(users), dict[str, bytes]()
    loop = asyncio.get_running_loop()
    tls = None
    if certificate:
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        tls.load_cert_chain(certificate)
    server = await loop.create_server(lambda: _Connection(listed, latency, answers), "127.0.0.1", 0, ssl=tls)
    print(f"{'https' if tls else 'http'}://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    async with server:
        await loop.run_in_executor(None, sys.stdin.read)  # until whoever has started this closes it


@contextmanager
def serving(users: int, latency: float = 0.0, certificate: Path | str = "") -> Iterator[str]:
    """Serve so many users, with so many seconds of latency per answer, and give the URL.

    With a certificate and its key in a file, serve over TLS.
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
