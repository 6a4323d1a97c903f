"""HTTP servers that send exactly the bytes that a test gives, over real sockets."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator

Respond = Callable[[socket.socket], None]

SECONDS = 6.0
"""How long a slow server goes on at most."""

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


@contextlib.contextmanager
def serve(respond: Respond, *, reads_first: bool = True) -> Iterator[tuple[str, list[int]]]:
    """Serve each connection with a function; gives the URL and a list that grows with each connection."""
    listener = socket.create_server(("127.0.0.1", 0))
    connections: list[int] = []

    def handle(connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            if reads_first:
                connection.recv(65536)
            respond(connection)

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, address = listener.accept()
                connections.append(address[1])
                threading.Thread(target=handle, args=[connection], daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}", connections
    finally:
        with contextlib.suppress(OSError):
            listener.shutdown(socket.SHUT_RDWR)
        listener.close()


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
