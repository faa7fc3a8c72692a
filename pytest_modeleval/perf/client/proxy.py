"""The proxy that the environment names for an endpoint, and how it is asked for a way there."""

from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

import pytest

from pytest_modeleval.models.proxies import login_of, named_proxy

# Letters of its answer that are quoted; fewer are shown, cut after secrets are masked.
_QUOTED = 2000


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
    """The proxy for a URL; `pytest.UsageError` for one of another kind than HTTP's."""
    if (named := named_proxy(url)) is None:
        return None
    name, given = named
    try:
        parts = urlsplit(given)
        port = parts.port or 80
    except ValueError:
        parts, port = urlsplit(""), 0
    if parts.scheme != "http" or not parts.hostname:
        raise pytest.UsageError(
            f"{name} names no http:// proxy, and a load knows no other kind: name one, or add {url.hostname} to "
            "NO_PROXY"
        )
    login = login_of(parts)
    return Proxy(name, given, parts.hostname, port, f"Basic {login[-1]}" if login else "")


def refusal(head: bytes) -> str:
    """Why a proxy made no way, by its answer's head; "" when it did."""
    line = head.partition(b"\r\n")[0].decode("latin-1")
    version, _, status = line.partition(" ")
    if not version.startswith("HTTP/1."):
        return f"it says {line[:_QUOTED]!r}"
    if status.startswith("407"):
        return "it wants another name and password: http://NAME:PASSWORD@HOST:PORT"
    return "" if status.startswith("2") else f"it answers {status[:_QUOTED]!r}"
