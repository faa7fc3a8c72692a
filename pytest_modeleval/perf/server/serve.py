"""The bench server itself: one process, one loop, every send on an absolute deadline and written down."""

import json
import socket
import ssl
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import asdict
from functools import lru_cache
from typing import Any

from pytest_modeleval.perf.client.loop import WRITE, Loop
from pytest_modeleval.perf.client.stamps import ANCILLARY, arrivals, stamp_arrivals
from pytest_modeleval.perf.server.answer import Answer, Served
from pytest_modeleval.perf.server.behaviour import Behaviour, packets

_APIS = {
    b"/chat/completions": "chat",
    b"/responses": "responses",
    b"/completions": "completions",
    b"/embeddings": "embeddings",
    b"/rerank": "rerank",
    b"/images/generations": "images",
}


class Server:
    """Answers on one listening socket until its process ends."""

    def __init__(self, listener: socket.socket, behaviour: Behaviour, tls: ssl.SSLContext | None = None) -> None:
        self.behaviour, self.tls = behaviour, tls
        self.loop = Loop()
        self.served: list[Served] = []
        self.connections = 0
        self.running = 0
        self.waiting: deque[Answer] = deque()
        self._listener = listener
        listener.setblocking(False)
        self.loop.watch(listener, self._accept)
        self.packets = lru_cache(64)(packets)

    def _accept(self, _: int) -> None:
        while True:
            try:
                sock, _address = self._listener.accept()
            except BlockingIOError:
                return
            self.connections += 1
            Connection(self, sock)

    def truth(self) -> dict[str, object]:
        """All that was served since the last reset."""
        served = [{**vars(one), "sends": list(one.sends), "tokens": list(one.tokens)} for one in self.served]
        return {"connections": self.connections, "behaviour": asdict(self.behaviour), "served": served}

    def reset(self, behaviour: Mapping[str, Any]) -> None:
        """Forget what was served, and behave in another way from now on."""
        self.behaviour = Behaviour(**behaviour)
        self.served, self.connections = [], 0

    def start(self, answer: Answer) -> None:
        """Begin to answer, or let the request wait for a slot."""
        answer.connection.answer = answer
        if self.behaviour.slots and self.running >= self.behaviour.slots:
            self.waiting.append(answer)
            return
        self.running += 1
        answer.start(time.monotonic_ns() if self.behaviour.slots else answer.served.received)

    def finish(self, answer: Answer) -> None:
        """Give its slot back."""
        if answer in self.waiting:
            self.waiting.remove(answer)
            return
        self.running -= 1
        while self.waiting and (not self.behaviour.slots or self.running < self.behaviour.slots):
            self.running += 1
            self.waiting.popleft().start(time.monotonic_ns())


class Connection:
    """One connection: its requests one after another."""

    def __init__(self, server: Server, sock: socket.socket) -> None:
        self.server = server
        self._received = b""
        self._unsent = b""
        self.closed = False
        # It keeps its slot until it is sent or the client gives up.
        self.answer: Answer | None = None
        self._stamped = False
        if server.tls:
            sock.settimeout(5)
            try:
                sock = server.tls.wrap_socket(sock, server_side=True)
            except OSError:
                sock.close()
                self.closed = True
                return
        else:
            self._stamped = stamp_arrivals(sock)
        sock.setblocking(False)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._sock = sock
        server.loop.watch(sock, self._ready)

    def _ready(self, mask: int) -> None:
        if mask & WRITE and self._unsent and not self.closed:
            content, self._unsent = self._unsent, b""
            self.server.loop.watch(self._sock, self._ready)
            self.send(content)
        if mask == WRITE or self.closed:
            return
        try:
            data, arrived = self._read()
        except (BlockingIOError, ssl.SSLWantReadError):
            return
        except OSError:
            data, arrived = b"", 0
        if not data:
            self.close()
            return
        self._received += data
        while (request := self._request()) is not None:
            self._answer(*request, arrived)

    def _read(self) -> tuple[bytes, int]:
        if not self._stamped:
            return self._sock.recv(1 << 20), time.monotonic_ns()
        data, ancillary, _, _ = self._sock.recvmsg(1 << 20, ANCILLARY)
        stamp = ancillary[0][2] if ancillary else b""
        return data, arrivals([(data, time.monotonic_ns(), self.server.loop.ahead, 0, stamp)])[0]

    def _request(self) -> tuple[bytes, bytes] | None:
        head, found, rest = self._received.partition(b"\r\n\r\n")
        if not found:
            return None
        length = 0
        for line in head.split(b"\r\n")[1:]:
            name, _, value = line.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        if len(rest) < length:
            return None
        self._received = rest[length:]
        return head.split(b" ", 2)[1], rest[:length]

    def _answer(self, path: bytes, body: bytes, arrived: int) -> None:
        server = self.server
        if path == b"/truth":
            return self.respond(200, server.truth())
        if path == b"/reset":
            server.reset(json.loads(body))
            return self.respond(200, {})
        if path.endswith(b"/models") or path == b"/health":
            return self.respond(200, {"data": [{"id": "bench"}]})
        api = next((name for end, name in _APIS.items() if path.partition(b"?")[0].endswith(end)), None)
        if api is None:
            return self.respond(404, {"error": {"message": f"no path {path.decode('latin-1')}"}})
        asked = json.loads(body)
        if not asked.keys() & {"messages", "prompt", "input", "query"}:
            return self.respond(400, {"error": {"message": "messages are missing"}})
        served = Served(arrived, str(asked.get("user", "")))
        server.served.append(served)
        return server.start(Answer(self, served, api, asked, len(server.served)))

    def respond(self, status: int, content: object) -> None:
        """Send a whole response."""
        body = json.dumps(content).encode()
        keep = b"close" if self.server.behaviour.close else b"keep-alive"
        head = b"HTTP/1.1 %d X\r\ncontent-type: application/json\r\nconnection: %s\r\ncontent-length: %d\r\n\r\n"
        self.send(head % (status, keep, len(body)) + body)

    def send(self, content: bytes) -> None:
        """Send at once what the socket takes, and the rest when it takes more."""
        if self.closed:
            return
        if not self._unsent:
            try:
                sent = self._sock.send(content)
            except (BlockingIOError, ssl.SSLWantWriteError):
                sent = 0
            except OSError:
                return self.close()
            content = content[sent:]
        if content:
            self._unsent += content
        self.server.loop.watch(self._sock, self._ready, write=True) if content else None

    def close(self) -> None:
        """Close, with what was still to be sent unsent."""
        if not self.closed:
            self.closed = True
            self.server.loop.forget(self._sock)
            self._sock.close()
            if self.answer:
                self.answer.served.fault = self.answer.served.fault or "left"
                self.answer.finish()
