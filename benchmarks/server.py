"""A server of users that is never the bottleneck: it answers from bytes that are ready, in a process of its own."""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
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

    def page(self, offset: int, limit: int) -> bytes:
        """The body of a page."""
        items = []
        for index in range(offset, min(offset + limit, self._number)):
            head, rest = self._parts[index % _INVENTED]
            items.append(f"{head}{index + 1}{rest}")
        body = ", ".join(items)
        return f'{{"count": {self._number}, "next": null, "previous": null, "results": [{body}]}}'.encode()


class _Connection(asyncio.Protocol):
    """HTTP/1.1 as far as a client of a list needs it."""

    def __init__(self, users: Users, latency: float, pages: dict[tuple[int, int], bytes]) -> None:
        self._users = users
        self._latency = latency
        self._pages = pages
        self._transport: asyncio.Transport | None = None
        self._received = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        while b"\r\n\r\n" in self._received:
            head, _, self._received = self._received.partition(b"\r\n\r\n")
            query = parse_qs(urlsplit(head.split(b" ", 2)[1].decode()).query)
            asked = int(query.get("offset", ["0"])[0]), int(query["limit"][0])
            if asked not in self._pages:
                body = self._users.page(*asked)
                headers = f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
                self._pages[asked] = headers.encode() + body
            if self._latency:
                asyncio.get_running_loop().call_later(self._latency, self._answer, self._pages[asked])
            else:
                self._answer(self._pages[asked])

    def _answer(self, answer: bytes) -> None:
        assert self._transport is not None
        self._transport.write(answer)


async def _serve(users: int, latency: float) -> None:
    listed, pages = Users(users), dict[tuple[int, int], bytes]()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Connection(listed, latency, pages), "127.0.0.1", 0)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    async with server:
        await loop.run_in_executor(None, sys.stdin.read)  # until whoever has started this closes it


@contextmanager
def serving(users: int, latency: float = 0.0) -> Iterator[str]:
    """Serve so many users, with so many seconds of latency per answer, and give the URL."""
    command = [sys.executable, "-m", "benchmarks.server", str(users), str(latency)]
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
    options = parser.parse_args()
    asyncio.run(_serve(options.users, options.latency))
