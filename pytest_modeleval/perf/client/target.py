"""Where a load goes: an endpoint with its address looked up and its requests' head made before the load."""

import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

import pytest

from pytest_modeleval.foreign import one_line
from pytest_modeleval.inputs import from_json
from pytest_modeleval.models.credentials import KEY_REFUSED, NO_KEY, is_secret
from pytest_modeleval.models.replies import error_text
from pytest_modeleval.perf.client.framing import Malformed
from pytest_modeleval.perf.client.proxy import Proxy, proxy_of
from pytest_modeleval.perf.client.single import OnlyHttp2, ask

_ONLY_HTTP1 = (
    "and the load's own client speaks HTTP/1.1 directly: give the address of the server itself, or of a gateway that "
    "takes HTTP/1.1"
)
# Letters of what a server says that are shown.
_SHOWN = 200
# Seconds until a dead endpoint is given up.
_PATIENCE = 4.5


@dataclass(frozen=True)
class Target:
    """An endpoint that was reached once."""

    url: str
    host: str
    family: socket.AddressFamily
    address: tuple[str | int, ...]
    # Of every request; the length of its body is to be filled in.
    head: bytes
    tls: ssl.SSLContext | None
    # Who carries it there, and what it is asked on every connection before TLS begins (b"": nothing).
    proxy: Proxy | None = None
    tunnel: bytes = b""
    # Takes what is secret out of what comes back.
    hide: Callable[[str], str] = str

    def shown(self, said: str | bytes) -> str:
        """What a server said, as a user may see it: its first 200 letters, in one line, without what is secret."""
        return one_line(self.hide(said.decode(errors="replace") if isinstance(said, bytes) else said), _SHOWN)

    def head_of(self, body: bytes, more: bytes = b"") -> bytes:
        """The head of a request with this body, and with more lines of its own."""
        head = self.head % len(body)
        return head[:-2] + more + b"\r\n" if more else head


def reach(
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    ca: Path | None = None,
    model: str = "",
    hide: Callable[[str], str] = str,
) -> Target:
    """The endpoint at a URL, path and all, asked once without a prompt: ends within 5 s with what is wrong with it.

    ``ca`` is a file of certificates to trust besides the system's. The question names the model alone, which no
    endpoint answers with work; what tells a wrong path or key from a right one is its refusal. ``hide`` takes what is
    secret out of what a server says, before it is shown.
    """
    try:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        parts, port = urlsplit(""), 0
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise pytest.UsageError(f"{url!r} is no address of an endpoint: give http://HOST:PORT/v1 or https://…")
    tls, proxy = _tls(ca) if parts.scheme == "https" else None, proxy_of(parts)
    tunnel = proxy.connect(parts.hostname, port) if proxy and tls else b""
    head = _head(parts, headers or {}, None if tls else proxy)
    sock = _connected(str(proxy), proxy.host, proxy.port) if proxy else _connected(url, parts.hostname, port)
    address = sock.getpeername()
    target = Target(url, parts.hostname, sock.family, address, head, tls, proxy, tunnel, hide)
    _refuse_wrong(target, sock, model)
    return target


def _head(parts: SplitResult, headers: Mapping[str, str], proxy: Proxy | None) -> bytes:
    """The head of every request, with a place for the length of its body; ``proxy`` is one that reads it."""
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    fields = {"host": parts.netloc.rpartition("@")[2], "content-type": "application/json", "accept": "*/*"}
    # As the official client does: a server of HTTP/1.0 closes the connection after every answer otherwise.
    fields |= {
        "connection": "keep-alive",
        "user-agent": "pytest-modeleval",
        **{name.lower(): value for name, value in headers.items()},
    }
    lines = "".join(f"{name}: {_sendable(name, value)}\r\n" for name, value in fields.items())
    if proxy:
        # RFC 9112, 3.2.2: what a proxy is asked for is named whole.
        path, lines = f"http://{fields['host']}{path}", lines + proxy.lines
    return (f"POST {path} HTTP/1.1\r\n{lines}".replace("%", "%%") + "content-length: %d\r\n\r\n").encode("latin-1")


def _sendable(name: str, value: str) -> str:
    if "\r" in value or "\n" in value or not value.isascii():
        raise pytest.UsageError(f"the header {name} cannot be sent: one line of ASCII is wanted")
    return value


def _tls(ca: Path | None) -> ssl.SSLContext:
    context = ssl.create_default_context()
    # A server that has both then chooses this one.
    context.set_alpn_protocols(["http/1.1"])
    if ca:
        try:
            context.load_verify_locations(ca)
        except OSError as error:
            raise pytest.UsageError(f"no certificates to trust in {ca}: {error}") from None
    return context


def _connected(url: str, host: str, port: int) -> socket.socket:
    """A connection to the first address that takes one; it is the address of all further ones."""
    until = time.monotonic() + _PATIENCE
    addresses = _addresses(url, host, port)
    why = ""
    for left, (family, kind, protocol, _, address) in zip(range(len(addresses), 0, -1), addresses, strict=True):
        sock = socket.socket(family, kind, protocol)
        sock.settimeout(max(0.1, (until - time.monotonic()) / left))
        try:
            sock.connect(address)
            return sock
        except OSError as error:
            sock.close()
            why = error.strerror or str(error)
    raise pytest.UsageError(f"nothing answers at {url}: {why}; is the server running, and the port right?")


def _addresses(url: str, host: str, port: int) -> list[Any]:
    """What the host's name stands for. Asked for in a thread, as nothing else ends a question to a dead name server."""
    found: list[Any] = []

    def ask() -> None:
        try:
            found.append(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except OSError as error:
            found.append(error.strerror or error)

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(_PATIENCE * 0.8)
    if not found or not isinstance(found[0], list):
        why = found[0] if found else "no name server answers"
        raise pytest.UsageError(f"no host {host} of {url}: {why}")
    return found[0]


def _words(content: bytes) -> str | bytes:
    """What a refusal says: the message in its JSON, or all of it."""
    try:
        return error_text(from_json(content.decode())) or content
    except ValueError:
        return content


def _refuse_wrong(target: Target, sock: socket.socket, model: str) -> None:
    try:
        reply = ask(target, json.dumps({"model": model}).encode(), _PATIENCE, sock)
    except TimeoutError:
        # It may be slow, or busy: the load itself will tell.
        return
    except OnlyHttp2:
        raise pytest.UsageError(f"{target.url} speaks HTTP/2 only, {_ONLY_HTTP1}") from None
    except (ssl.SSLError, Malformed) as error:
        raise pytest.UsageError(f"{target.url} does not speak {'HTTPS' if target.tls else 'HTTP'}: {error}") from None
    except OSError as error:
        raise pytest.UsageError(f"{target.url} ended the connection: {error.strerror or error}") from None
    said = f"{reply.status} '{target.shown(_words(reply.content))}'"
    if reply.status == 407:
        is_proxy = f"{target.proxy} answers" if target.proxy else f"{target.url} is a proxy: it answers"
        raise pytest.UsageError(
            f"{is_proxy} {said}; give the server's address, and the proxy as http://NAME:PASSWORD@HOST:PORT in "
            "HTTP_PROXY or HTTPS_PROXY"
        )
    if reply.status in (426, 505):
        raise pytest.UsageError(f"{target.url} answers {said}: it wants another HTTP, {_ONLY_HTTP1}")
    if reply.elsewhere:
        raise pytest.UsageError(
            f"{target.url} answers {reply.status}: it sends on to '{target.shown(reply.elsewhere)}', which no load "
            "follows: give the address of the server itself"
        )
    if reply.status == 401:
        names = (line.partition(":")[0] for line in target.head.decode("latin-1").splitlines())
        raise pytest.UsageError(f"{target.url} answers {said}: {KEY_REFUSED if any(map(is_secret, names)) else NO_KEY}")
    if reply.status in (403, 404, 405):
        raise pytest.UsageError(f"{target.url} answers {said}: see to the address, key and model")
