"""HTTP servers that send exactly the bytes that a test gives, over real sockets."""

from __future__ import annotations

import contextlib
import json
import socket
import threading
import time
from collections.abc import Callable, Iterator

from gcore_iam.testing import FakeIAM

Respond = Callable[[socket.socket], None]

SECONDS = 6.0
"""How long a slow server goes on at most."""

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


class Connections:
    """The connections of a server.

    Attributes:
        accepted: How many there were.
        open: How many are open.
    """

    def __init__(self) -> None:
        self.accepted = 0
        self.open = 0
        self._changed = threading.Condition()

    def add(self) -> None:
        """Count a connection that is accepted."""
        with self._changed:
            self.accepted += 1
            self.open += 1
            self._changed.notify_all()

    def remove(self) -> None:
        """Count a connection that has ended."""
        with self._changed:
            self.open -= 1
            self._changed.notify_all()

    def wait_for_open(self, count: int, seconds: float = SECONDS - 2) -> bool:
        """Return whether so many connections are open, now or soon: a server sees the end of one a little later."""
        with self._changed:
            return self._changed.wait_for(lambda: self.open == count, seconds)


@contextlib.contextmanager
def serve(respond: Respond, *, reads_first: bool = True) -> Iterator[tuple[str, Connections]]:
    """Serve each connection with a function; gives the URL and the connections."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=128)
    connections = Connections()

    def handle(connection: socket.socket) -> None:
        try:
            with connection, contextlib.suppress(OSError):
                if reads_first:
                    connection.recv(65536)
                respond(connection)
        finally:
            connections.remove()

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = listener.accept()
                connections.add()
                threading.Thread(target=handle, args=[connection], daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", connections
    finally:
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()


@contextlib.contextmanager
def serve_responses(build: Callable[[str], bytes]) -> Iterator[tuple[str, Connections]]:
    """Serve a response to each request without a body, over connections that stay open.

    Args:
        build: Builds the body of a response from the path of its request.
    """

    def respond(connection: socket.socket) -> None:
        with connection.makefile("rb") as file:
            while line := file.readline():
                while file.readline() not in (b"\r\n", b""):
                    pass
                connection.sendall(message(build(line.split()[1].decode())))

    with serve(respond, reads_first=False) as served:
        yield served


def serve_users() -> contextlib.AbstractContextManager[tuple[str, Connections]]:
    """Serve users 1 to 5, over connections that stay open."""
    bodies = {f"/iam/users/{user['id']}": json.dumps(user).encode() for user in FakeIAM(5).users}
    return serve_responses(bodies.__getitem__)


def drip(start: bytes, repeat: bytes, pause: float = 0.05) -> Respond:
    """Send a beginning, then the same bytes again and again."""

    def respond(connection: socket.socket) -> None:
        connection.sendall(start)
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            connection.sendall(repeat)
            time.sleep(pause)

    return respond


def stay_silent(connection: socket.socket) -> None:
    """Keep a connection open without a word, until the client closes it."""
    connection.settimeout(SECONDS)
    with contextlib.suppress(OSError):
        while connection.recv(65536):
            pass


def send(data: bytes) -> Respond:
    """Send some bytes, and close the connection when the client does."""

    def respond(connection: socket.socket) -> None:
        connection.sendall(data)
        stay_silent(connection)

    return respond


def message(body: bytes, *headers: str, status: str = "200 OK") -> bytes:
    """Build an HTTP response."""
    lines = [f"HTTP/1.1 {status}", "Content-Type: application/json", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body
