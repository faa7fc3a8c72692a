"""Loads through a proxy: which one is asked, how, and what is wrong with it in one line."""

from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from pytest_modeleval.models.credentials import Mask
from pytest_modeleval.models.spec import ModelSpec
from pytest_modeleval.perf.client.load import run_load
from pytest_modeleval.perf.client.proxy import proxy_of, refusal
from pytest_modeleval.perf.client.record import LoadRequest, Plan
from pytest_modeleval.perf.client.target import reach
from pytest_modeleval.perf.server.process import BenchServer, bench_server

from .conftest import QUICK
from .proxies import forwarding

BODY = b'{"messages": [{"role": "user", "content": "x"}], "stream": true, "max_tokens": 4}'


def proxies(monkeypatch: pytest.MonkeyPatch, **variables: str) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)


@pytest.mark.parametrize(
    ("variables", "url", "expected"),
    [
        ({}, "https://api.example.org/v1", None),
        ({"HTTPS_PROXY": "http://proxy:3128"}, "https://api.example.org/v1", ("HTTPS_PROXY", "proxy", 3128, "")),
        ({"HTTPS_PROXY": "proxy"}, "https://api.example.org/v1", ("HTTPS_PROXY", "proxy", 80, "")),
        (
            {"https_proxy": "http://proxy:3128", "HTTPS_PROXY": "http://other"},
            "https://api.example.org/v1",
            ("https_proxy", "proxy", 3128, ""),
        ),
        ({"ALL_PROXY": "http://[::1]:1080"}, "http://api.example.org/v1", ("ALL_PROXY", "::1", 1080, "")),
        ({"HTTP_PROXY": "http://proxy:3128"}, "https://api.example.org/v1", None),
        ({"HTTPS_PROXY": "http://proxy:3128", "NO_PROXY": ".example.org"}, "https://api.example.org/v1", None),
        ({"HTTPS_PROXY": "http://proxy:3128", "NO_PROXY": "*"}, "https://api.example.org/v1", None),
        ({"HTTPS_PROXY": ""}, "https://api.example.org/v1", None),
        ({"HTTP_PROXY": "http://proxy:3128"}, "http://127.0.0.1:8000/v1", None),
        ({"HTTP_PROXY": "http://proxy:3128"}, "http://localhost:8000/v1", None),
        ({"HTTP_PROXY": "http://proxy:3128"}, "http://[::1]:8000/v1", None),
        (
            {"HTTP_PROXY": "http://a%40b:c%3Ad@proxy:3128"},
            "http://10.0.0.7/v1",
            ("HTTP_PROXY", "proxy", 3128, "Basic YUBiOmM6ZA=="),
        ),
    ],
    ids=[
        *("none", "https", "no scheme", "small letters", "all", "other kind", "no proxy", "none at all", "empty"),
        *("this machine", "by name", "by IPv6", "password"),
    ],
)
def test_the_proxy_of_the_environment(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], url: str, expected: Any
) -> None:
    proxies(monkeypatch, **variables)
    found = proxy_of(urlsplit(url))

    assert (found and (found.name, found.host, found.port, found.authorization)) == expected


@pytest.mark.parametrize("given", ["socks5://proxy:1080", "https://proxy", "http://", "http://proxy:port"])
def test_another_kind_of_proxy_is_refused(monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    proxies(monkeypatch, ALL_PROXY=given)

    wanted = (
        r"^ALL_PROXY names no http:// proxy, and a load knows no other kind: name one, or add example.org to NO_PROXY"
    )
    with pytest.raises(pytest.UsageError, match=wanted):
        proxy_of(urlsplit("https://example.org/v1"))


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"HTTP/1.1 200 OK\r\nvia: x\r\n\r\n", ""),
        (b"HTTP/1.0 204\r\n\r\n", ""),
        (b"HTTP/1.1 407 Who\r\n\r\n", "it wants another name and password: http://NAME:PASSWORD@HOST:PORT"),
        (b"HTTP/1.1 403 No\r\n\r\n", "it answers '403 No'"),
        (b"", "it says ''"),
        (b"\xff\x00SSH-2.0", "it says 'ÿ\\x00SSH-2.0'"),
    ],
    ids=["200", "no reason", "407", "403", "nothing", "another protocol"],
)
def test_a_proxys_answer(head: bytes, expected: str) -> None:
    assert refusal(head) == expected


def test_http_goes_through_a_proxy_by_its_whole_name(monkeypatch: pytest.MonkeyPatch, bench: BenchServer) -> None:
    bench.behave(QUICK)
    with forwarding(urlsplit(bench.url).port or 0) as proxy:
        proxies(monkeypatch, HTTP_PROXY=f"http://me:secret@127.0.0.1:{proxy.port}")
        target = reach("http://model.invalid:8000/v1/chat/completions")
        seen = run_load(target, [LoadRequest(BODY)] * 20, Plan(parallel=4, number=20))

    assert [record.error for record in seen.records] == [""] * 20
    asked = ("POST http://model.invalid:8000/v1/chat/completions HTTP/1.1", "Basic bWU6c2VjcmV0")
    assert len(proxy.asked) == 21
    assert set(proxy.asked) == {asked}


def test_https_goes_through_a_way_that_a_proxy_makes(monkeypatch: pytest.MonkeyPatch, certificate: Path) -> None:
    with bench_server(QUICK, tls=certificate / "both") as bench, forwarding(urlsplit(bench.url).port or 0) as proxy:
        proxies(monkeypatch, HTTPS_PROXY=f"http://me:secret@127.0.0.1:{proxy.port}")
        target = reach("https://model.invalid/v1/chat/completions", ca=certificate / "certificate")
        seen = run_load(target, [LoadRequest(BODY)] * 20, Plan(parallel=4, number=20))

    assert [record.error for record in seen.records] == [""] * 20
    # A way for each of four connections, and for the first question; what is said in them the proxy cannot see.
    assert proxy.asked == [("CONNECT model.invalid:443 HTTP/1.1", "Basic bWU6c2VjcmV0")] * 5


def test_a_proxy_that_makes_no_way_is_one_line(monkeypatch: pytest.MonkeyPatch, bench: BenchServer) -> None:
    with forwarding(urlsplit(bench.url).port or 0, answer=b"HTTP/1.1 403 Forbidden secret\r\n\r\n") as proxy:
        proxies(monkeypatch, HTTPS_PROXY=f"http://me:secret@127.0.0.1:{proxy.port}")
        hide = Mask(ModelSpec("m", "openai", "m")).hide

        wanted = (
            r"^no way to https://model.invalid/v1 through the proxy 127.0.0.1:\d+ of HTTPS_PROXY: it answers '403 Forb"
        )
        with pytest.raises(pytest.UsageError, match=wanted) as caught:
            reach("https://model.invalid/v1", hide=hide)
    assert "secret" not in str(caught.value)


def test_a_proxy_that_stops_making_ways_fails_the_requests(monkeypatch: pytest.MonkeyPatch, certificate: Path) -> None:
    with bench_server(QUICK, tls=certificate / "both") as bench:
        port = urlsplit(bench.url).port or 0
        with forwarding(port) as proxy:
            proxies(monkeypatch, HTTPS_PROXY=f"http://127.0.0.1:{proxy.port}")
            target = reach("https://model.invalid/v1/chat/completions", ca=certificate / "certificate")
        with forwarding(port, answer=b"HTTP/1.1 407 Who\r\n\r\n") as proxy:
            target = replace(target, address=("127.0.0.1", proxy.port))
            with pytest.raises(
                pytest.UsageError, match="no connection could be opened: the proxy: it wants another name"
            ):
                run_load(target, [LoadRequest(BODY)], Plan(parallel=1, number=1))


def test_a_dead_proxy_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    proxies(monkeypatch, HTTP_PROXY="http://127.0.0.1:9")

    with pytest.raises(pytest.UsageError, match=r"nothing answers at the proxy 127\.0\.0\.1:9 of HTTP_PROXY: "):
        reach("http://model.invalid/v1")
