"""A real HTTP proxy for tests: whatever server it is asked for, it leads to one port of this machine."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field


@dataclass
class Forwarding:
    """What a running proxy was asked."""

    port: int = 0
    # The first line of every request or connection, and what it has for proxy-authorization.
    asked: list[tuple[str, str]] = field(default_factory=list)


@contextmanager
def forwarding(to: int, *, answer: bytes = b"HTTP/1.1 200 Connection established\r\n\r\n") -> Iterator[Forwarding]:
    """A proxy that makes a way with ``answer``, and passes on what names its server whole."""
    seen = Forwarding()
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listener:
        seen.port = listener.getsockname()[1]
        thread = threading.Thread(target=_accept, args=(listener, to, answer, seen), daemon=True)
        thread.start()
        yield seen
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(5)


def _accept(listener: socket.socket, to: int, answer: bytes, seen: Forwarding) -> None:
    with suppress(OSError):
        while True:
            client, _ = listener.accept()
            threading.Thread(target=_serve, args=(client, to, answer, seen), daemon=True).start()


def _serve(client: socket.socket, to: int, answer: bytes, seen: Forwarding) -> None:
    with client, socket.create_connection(("127.0.0.1", to)) as server, suppress(OSError):
        head = _head(client)
        if not head:
            return
        is_way = head.startswith(b"CONNECT ")
        _note(head, seen)
        if is_way:
            client.sendall(answer)
            if b" 200 " not in answer:
                return
        else:
            server.sendall(_of_origin(head))
        back = threading.Thread(target=_pass, args=(server, client), daemon=True)
        back.start()
        while data := client.recv(1 << 16):
            if not is_way and data.startswith(b"POST "):
                _note(data, seen)
                data = _of_origin(data)
            server.sendall(data)


def _head(client: socket.socket) -> bytes:
    head = b""
    while b"\r\n\r\n" not in head and (data := client.recv(1 << 16)):
        head += data
    return head


def _note(head: bytes, seen: Forwarding) -> None:
    line, *fields = head.partition(b"\r\n\r\n")[0].decode().split("\r\n")
    told = dict(field.split(": ", 1) for field in fields)
    told = {name.lower(): value for name, value in told.items()}
    seen.asked.append((line, told.get("proxy-authorization", "")))


def _of_origin(request: bytes) -> bytes:
    """The request as its server wants it: with the path alone."""
    method, _, rest = request.partition(b" ")
    _, _, path = rest.partition(b"://")
    return method + b" /" + path.partition(b"/")[2]


def _pass(server: socket.socket, client: socket.socket) -> None:
    with suppress(OSError):
        while data := server.recv(1 << 16):
            client.sendall(data)
