"""One request beside a load: over a connection of its own, its whole answer within a time."""

import contextlib
import re
import socket
import ssl
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from pytest_modeleval.perf.client.framing import Framing, Malformed
from pytest_modeleval.perf.client.proxy import refusal

if TYPE_CHECKING:
    from pytest_modeleval.perf.client.target import Target

# The first frame of an HTTP/2 server, whatever it was asked (RFC 9113, 3.4): SETTINGS, of the connection.
_HTTP2 = re.compile(rb"...\x04[\x00\x01]\x00{4}", re.DOTALL)
# What OpenSSL says when a server takes none of the protocols offered (RFC 7301); Python's versions write it so or so.
_NO_PROTOCOL = re.compile("no.application.protocol", re.IGNORECASE)
# Bytes of an answer to a question about one prompt.
_MOST = 16 << 20


class OnlyHttp2(Exception):
    """The server knows no HTTP/1.1."""


@dataclass(frozen=True)
class Reply:
    """A response: its status, its body, and where it would have us ask instead ("" where it does not)."""

    status: int
    content: bytes
    elsewhere: str


def ask(target: "Target", body: bytes, patience: float, sock: socket.socket | None = None) -> Reply:
    """The answer, all of it within so many seconds, over a new connection or the given one, which is closed.

    Raises `OnlyHttp2`, `Malformed` (also for no answer at all), `TimeoutError` and other `OSError`.
    """
    until = time.monotonic() + patience
    raw = bytearray()
    with contextlib.ExitStack() as opened:
        try:
            sock = opened.enter_context(sock or _connected(target, patience))
            if target.tunnel:
                _make_way(target, sock, until)
            if target.tls:
                sock.settimeout(_left(until))
                sock = opened.enter_context(target.tls.wrap_socket(sock, server_hostname=target.host))
            return _exchanged(sock, target.head_of(body) + body, until, raw)
        except (ssl.SSLError, Malformed) as error:
            if _HTTP2.match(raw) or _NO_PROTOCOL.search(str(error)):
                raise OnlyHttp2 from None
            raise


def _connected(target: "Target", patience: float) -> socket.socket:
    sock = socket.socket(target.family, socket.SOCK_STREAM)
    sock.settimeout(patience)
    try:
        sock.connect(target.address)
    except OSError:
        sock.close()
        raise
    return sock


def _exchanged(sock: socket.socket, message: bytes, until: float, raw: bytearray) -> Reply:
    framing = Framing()
    sock.settimeout(_left(until))
    sock.sendall(message)
    while not framing.ended(raw):
        sock.settimeout(_left(until))
        data = sock.recv(1 << 16)
        raw += data
        if not data and not framing.head:
            raise Malformed("it ended the connection without an answer")
        if not data:
            break
        if len(raw) > _MOST:
            raise Malformed(f"an answer of more than {_MOST >> 20} MiB")
    return Reply(framing.status, framing.body(raw).content, framing.elsewhere(raw))


def _left(until: float) -> float:
    if (left := until - time.monotonic()) <= 0:
        raise TimeoutError("timed out")
    return left


def _make_way(target: "Target", sock: socket.socket, until: float) -> None:
    answer = b""
    try:
        sock.settimeout(_left(until))
        sock.sendall(target.tunnel)
        while b"\r\n\r\n" not in answer and (data := sock.recv(1 << 12)):
            answer += data
            sock.settimeout(_left(until))
        why = refusal(answer)
    except TimeoutError:
        why = "no answer in time"
    if why:
        raise pytest.UsageError(f"no way to {target.url} through {target.proxy}: {target.shown(why)}")
