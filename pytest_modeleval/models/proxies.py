"""The proxy that the environment names for an address, and what of it is secret."""

import base64
import ipaddress
import os
import urllib.request
from urllib.parse import SplitResult, unquote, urlsplit


def named_proxy(url: SplitResult) -> tuple[str, str] | None:
    """The variable and the proxy for a URL, as the openai package finds it: HTTP_PROXY, HTTPS_PROXY or ALL_PROXY.

    None where NO_PROXY names the host; what is on this machine is never asked for through one.
    """
    if _is_here(url.hostname or "") or urllib.request.proxy_bypass(url.netloc.rpartition("@")[2]):
        return None
    proxies = urllib.request.getproxies_environment()
    kind = next((kind for kind in (url.scheme, "all") if proxies.get(kind)), None)
    if kind is None:
        return None
    # The one in small letters is the stronger.
    name = next(name for name in (f"{kind}_proxy", f"{kind}_proxy".upper()) if os.environ.get(name))
    return name, proxies[kind] if "://" in proxies[kind] else f"http://{proxies[kind]}"


def _is_here(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def login_of(url: SplitResult) -> tuple[str, str, str] | None:
    """A proxy's name, password and what they become in a header (RFC 7617); None where it needs none."""
    if not url.username:
        return None
    name, password = unquote(url.username), unquote(url.password or "")
    return name, password, base64.b64encode(f"{name}:{password}".encode()).decode()


def proxy_secrets() -> list[str]:
    """The passwords of the environment's proxies, in every shape in which a proxy may repeat them."""
    found = []
    for proxy in urllib.request.getproxies_environment().values():
        url = urlsplit(proxy if "://" in proxy else f"http://{proxy}")
        if login := login_of(url):
            found += [url.password or "", *login[1:]]
    return found
