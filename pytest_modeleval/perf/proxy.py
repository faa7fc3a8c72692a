"""The proxy that the environment names for an endpoint, and how it is asked for a way there."""

import base64
import ipaddress
import os
import urllib.request
from dataclasses import dataclass
from urllib.parse import SplitResult, unquote, urlsplit

import pytest


@dataclass(frozen=True)
class Proxy:
    """An HTTP proxy."""

    # The variable that names it, and its URL.
    name: str
    url: str
    host: str
    port: int
    # What a name and password become in a header; "" without them.
    authorization: str

    @property
    def lines(self) -> str:
        """What it wants to be told in a request's head."""
        return f"proxy-authorization: {self.authorization}\r\n" if self.authorization else ""

    def connect(self, host: str, port: int) -> bytes:
        """The request for a way to a server, through which it sees nothing (RFC 9110, 9.3.6)."""
        where = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        return f"CONNECT {where} HTTP/1.1\r\nhost: {where}\r\n{self.lines}\r\n".encode("latin-1")

    def __str__(self) -> str:
        return f"the proxy {self.host}:{self.port} of {self.name}"


def proxy_of(url: SplitResult) -> Proxy | None:
    """The proxy for a URL, as the openai package finds it: HTTP_PROXY, HTTPS_PROXY or ALL_PROXY, unless NO_PROXY.

    What is on this machine is never asked for through one.
    """
    host = url.hostname or ""
    if _is_here(host) or urllib.request.proxy_bypass(url.netloc.rpartition("@")[2]):
        return None
    proxies = urllib.request.getproxies_environment()
    kind = next((kind for kind in (url.scheme, "all") if proxies.get(kind)), None)
    if kind is None:
        return None
    # The one in small letters is the stronger.
    name = next(name for name in (f"{kind}_proxy", f"{kind}_proxy".upper()) if os.environ.get(name))
    given = proxies[kind] if "://" in proxies[kind] else f"http://{proxies[kind]}"
    try:
        parts = urlsplit(given)
        port = parts.port or 80
    except ValueError:
        parts, port = urlsplit(""), 0
    if parts.scheme != "http" or not parts.hostname:
        raise pytest.UsageError(
            f"{name} names no http:// proxy, and a load knows no other kind: name one, or add {host} to NO_PROXY"
        )
    secret = f"{unquote(parts.username or '')}:{unquote(parts.password or '')}"
    told = f"Basic {base64.b64encode(secret.encode()).decode()}" if parts.username else ""
    return Proxy(name, given, parts.hostname, port, told)


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def refusal(head: bytes) -> str:
    """Why a proxy made no way, by its answer's head; "" when it did."""
    line = head.partition(b"\r\n")[0].decode("latin-1")
    version, _, status = line.partition(" ")
    if not version.startswith("HTTP/1."):
        return f"it says {line[:80]!r}"
    if status.startswith("407"):
        return "it wants another name and password: http://NAME:PASSWORD@HOST:PORT"
    return "" if status.startswith("2") else f"it answers {status[:80]!r}"
