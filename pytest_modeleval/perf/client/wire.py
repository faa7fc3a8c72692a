"""One HTTP/1.1 connection of the load: sends what is ready, and keeps every byte with its time of arrival."""

import socket
import ssl
import time
from typing import Protocol

from pytest_modeleval.perf.client.exchange import Exchange
from pytest_modeleval.perf.client.framing import Malformed
from pytest_modeleval.perf.client.loop import WRITE, Loop
from pytest_modeleval.perf.client.proxy import refusal
from pytest_modeleval.perf.client.stamps import ANCILLARY, stamp_arrivals
from pytest_modeleval.perf.client.target import Target
from pytest_modeleval.perf.client.tls import Tls

_READ = 1 << 14
_monotonic = time.monotonic_ns


class Owner(Protocol):
    """Who is told what becomes of a connection."""

    def opened(self, connection: "Connection") -> None:
        """It can be used."""

    def ended(self, connection: "Connection", exchange: Exchange) -> None:
        """The exchange's response is whole, or failed with its ``error``; the connection may be ``closed``."""

    def lost(self, connection: "Connection", detail: str) -> None:
        """It closed without an exchange on it."""


class Connection:
    """Connects at once, tells when it is open, and then carries one exchange after another."""

    def __init__(self, loop: Loop, target: Target, owner: Owner) -> None:
        self._loop, self._owner = loop, owner
        self.exchange: Exchange | None = None
        self.is_open = False
        self.closed = False
        self.begun = _monotonic()
        # Exchanges it has carried.
        self.used = 0
        self._unsent = b""
        # What a proxy has yet to be asked and to answer before anything else, and as much as it has answered.
        self._tunnel, self._answer, self._shown = target.tunnel, b"", target.shown
        self._tls = Tls(target.tls, target.host) if target.tls else None
        self._socket = socket.socket(target.family, socket.SOCK_STREAM)
        self._receive = self._socket.recvmsg
        self._socket.setblocking(False)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        stamp_arrivals(self._socket)
        self._socket.connect_ex(target.address)
        loop.watch(self._socket, self._connecting, write=True)

    def _connecting(self, _: int) -> None:
        if error := self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            self.close("refused", OSError(error, "").strerror or f"error {error}")
            return
        self._loop.watch(self._socket, self._ready)
        if self._tunnel:
            self._write(self._tunnel)
        elif self._tls:
            self._shake_hands()
        else:
            self._open()

    def _tunnelled(self, data: bytes) -> None:
        """Take the proxy's answer; what is sent from then on is the server's."""
        self._answer += data
        if b"\r\n\r\n" not in self._answer:
            return
        self._tunnel = b""
        if why := refusal(self._answer):
            self.close("refused", f"the proxy: {self._shown(why)}")
        else:
            self._shake_hands()

    def _open(self) -> None:
        self.is_open = True
        self._owner.opened(self)

    def _shake_hands(self) -> None:
        assert self._tls
        try:
            done = self._tls.shake_hands()
        except ssl.SSLError as error:
            self.close("refused", f"TLS: {error.reason or error}")
            return
        self._write(self._tls.to_send())
        if done and not self.closed:
            self._open()

    def send(self, exchange: Exchange, head: bytes, body: bytes) -> None:
        """Send a request; ``ended`` is called with it when its response is whole or has failed."""
        self.exchange = exchange
        self.used += 1
        message = head + body
        if self._tls:
            message = self._tls.encrypted(message)
        exchange.sent = _monotonic()
        self._write(message)
        exchange.late = max(0, _monotonic() - exchange.scheduled - exchange.waited)

    def _write(self, content: bytes) -> None:
        if not self._unsent:
            try:
                content = content[self._socket.send(content) :] if content else b""
            except BlockingIOError:
                pass
            except OSError as error:
                self.close("cut", str(error))
                return
        if content:
            self._unsent += content
            self._loop.watch(self._socket, self._ready, write=True)

    def _flush(self) -> None:
        content, self._unsent = self._unsent, b""
        self._loop.watch(self._socket, self._ready)
        self._write(content)
        if self.exchange:
            self.exchange.late += _monotonic() - self._loop.since

    def _ready(self, mask: int) -> None:
        if mask & WRITE:
            self._flush()
            if mask == WRITE or self.closed:
                return
        try:
            data, ancillary, _, _ = self._receive(_READ, ANCILLARY)
        except BlockingIOError:
            return
        except OSError as error:
            self._lost(str(error))
            return
        now = _monotonic()
        if not data:
            self._lost("the server closed the connection")
            return
        if self._tunnel:
            self._tunnelled(data)
            return
        if self._tls and not (data := self._decrypted(data)):
            return
        exchange = self.exchange
        if exchange is None:
            self.close("protocol", "bytes that nobody asked for")
            return
        stamp, loop = ancillary[0][2] if ancillary else b"", self._loop
        exchange.reads.append((data, now, loop.ahead, loop.since, stamp))
        # A cheap question, for each read.
        if exchange.framing.may_end(data):
            self._look(exchange)

    def _look(self, exchange: Exchange) -> None:
        try:
            if exchange.framing.ended(exchange.join()):
                self._finish(exchange)
        except Malformed as error:
            self.close("protocol", str(error))

    def _decrypted(self, data: bytes) -> bytes:
        assert self._tls
        self._tls.received(data)
        if not self.is_open:
            self._shake_hands()
            if not self.is_open:
                return b""
        try:
            return self._tls.decrypted()
        except ssl.SSLError as error:
            self.close("cut", f"TLS: {error.reason or error}")
            return b""

    def _finish(self, exchange: Exchange) -> None:
        self.exchange = None
        if not exchange.framing.keep:
            self._forget()
        self._owner.ended(self, exchange)

    def _lost(self, why: str) -> None:
        exchange = self.exchange
        if exchange and exchange.framing.until_close:
            self.exchange = None
            self._forget()
            self._owner.ended(self, exchange)
            return
        self.close("cut" if self.is_open else "refused", why)

    def _forget(self) -> None:
        if not self.closed:
            self.closed = True
            self._loop.forget(self._socket)
            self._socket.close()

    def abandon(self) -> None:
        """Close, and tell nobody."""
        self._forget()

    def close(self, error: str = "", detail: str = "") -> None:
        """Close, and end the exchange on it with this error."""
        if self.closed:
            return
        self._forget()
        exchange, self.exchange = self.exchange, None
        if exchange is None:
            self._owner.lost(self, detail)
            return
        exchange.error, exchange.detail, exchange.ended = error, detail, _monotonic()
        self._owner.ended(self, exchange)
