"""An endpoint in bad weather, or in bad hands: how long, how much and where to."""

import contextlib
import gzip
import itertools
import json
import time
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import urlsplit

import pytest

from pytest_modeleval.models import Unavailable
from pytest_modeleval.models.troubles import retry_after
from pytest_modeleval.requests import Chat
from pytest_modeleval.sample import StopRun
from tests.conftest import FaultyServer, answer, send
from tests.models.test_openai import QUESTION, ask
from tests.perf.proxies import Forwarding, forwarding

Fault = Callable[[BaseHTTPRequestHandler, dict[str, Any]], None]

RIGHT = json.dumps({"choices": [{"message": {"content": "42"}, "finish_reason": "stop"}]}).encode()
TOKEN = b'data: {"choices": [{"index": 0, "delta": {"content": "4"}}]}\n\n'


@pytest.fixture
def server() -> Iterator[FaultyServer]:
    server = FaultyServer()
    yield server
    server.close()


def complete(server: FaultyServer, **settings: Any) -> str:
    return ask(server.url, Chat(QUESTION, sample_id="q[0]"), model="faulty", **settings).text


def without_end(*pieces: bytes, content_type: str = "application/json") -> Fault:
    """A response that never ends: these pieces, the last again and again, 20 ms apart."""

    def fault(handler: BaseHTTPRequestHandler, _: object) -> None:
        handler.send_response(200)
        handler.send_header("content-type", content_type)
        handler.end_headers()
        with contextlib.suppress(OSError):
            for piece in itertools.chain(pieces, itertools.repeat(pieces[-1])):
                handler.wfile.write(piece)
                handler.wfile.flush()
                time.sleep(0.02)
        handler.close_connection = True

    return fault


@pytest.mark.parametrize(
    ("fault", "stream"),
    [
        (without_end(b" "), False),
        (without_end(b'{"choices": [', b" "), False),
        (without_end(b": ping\n\n", content_type="text/event-stream"), True),
        (without_end(TOKEN, content_type="text/event-stream"), True),
        (without_end(TOKEN, b"data: [DONE]", b" ", content_type="text/event-stream"), True),
    ],
    ids=["spaces", "half a body", "pings", "tokens", "no line end"],
)
def test_the_time_out_bounds_the_whole_request(server: FaultyServer, fault: Fault, stream: bool) -> None:
    server.fault = fault

    with pytest.raises(Unavailable, match=r"no answer within 0\.3 s"):
        complete(server, stream=stream, timeout=0.3)


def packed(content: bytes, coding: str = "gzip") -> Fault:
    return lambda handler, _: send(handler, 200, content, content_encoding=coding)


@pytest.mark.parametrize(
    ("content", "coding"),
    [(gzip.compress(RIGHT), "gzip"), (gzip.compress(RIGHT), "X-GZIP"), (zlib.compress(RIGHT), "deflate")],
    ids=["gzip", "x-gzip", "deflate"],
)
def test_a_packed_answer_is_read(server: FaultyServer, content: bytes, coding: str) -> None:
    server.fault = packed(content, coding)

    assert complete(server) == "42"


def test_a_packed_stream_is_read(server: FaultyServer) -> None:
    server.fault = packed(gzip.compress(TOKEN * 2 + b"data: [DONE]\n\n"))

    assert complete(server, stream=True) == "44"


@pytest.fixture(scope="module")
def bomb() -> bytes:
    """300 MB of spaces in 300 kB."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    return b"".join([*(packer.compress(b" " * 1_000_000) for _ in range(300)), packer.flush()])


@pytest.mark.parametrize("status", [200, 400])
def test_an_answer_that_unpacks_without_end_is_refused_within_a_bound(
    server: FaultyServer, bomb: bytes, status: int
) -> None:
    server.fault = lambda handler, _: send(handler, status, bomb, content_encoding="gzip")
    tracemalloc.start()

    with pytest.raises(Unavailable, match="its body is longer than 64 MiB"):
        complete(server)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 100_000_000


def test_a_time_out_bounds_what_one_piece_unpacks_to(server: FaultyServer) -> None:
    """180 MB of tokens in 400 kB, which would take half a minute to read."""
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    bomb = b"".join([*(packer.compress(TOKEN * 10_000) for _ in range(250)), packer.flush()])
    server.fault = lambda handler, _: send(handler, 200, bomb, content_encoding="gzip")

    with pytest.raises(Unavailable, match=r"no answer within 0\.5 s"):
        complete(server, stream=True, timeout=0.5)


@pytest.mark.parametrize("coding", ["gzip", "br", "zstd", "deflate"])
def test_what_is_packed_otherwise_than_it_says_is_asked_again(server: FaultyServer, coding: str) -> None:
    server.fault = packed(RIGHT, coding)

    with pytest.raises(Unavailable, match=r"its body is packed by|its body is not packed as it says"):
        complete(server)


@pytest.mark.parametrize("charset", ["zlib_codec", "utf-7", "nonsense", "rot13", "utf-16"])
@pytest.mark.parametrize("status", [200, 500])
def test_a_charset_of_the_servers_choosing_decodes_nothing(server: FaultyServer, charset: str, status: int) -> None:
    content = RIGHT if status == 200 else b"boom"
    server.fault = lambda handler, _: send(
        handler, status, content, content_type=f"application/json; charset={charset}"
    )

    if status == 200:
        assert complete(server) == "42"
    else:
        with pytest.raises(Unavailable, match="500: boom"):
            complete(server)


def test_brackets_without_end_in_an_error_are_no_traceback(server: FaultyServer) -> None:
    server.fault = lambda handler, _: send(handler, 500, b"[" * 200_000)

    with pytest.raises(Unavailable, match=r"500: \[\[\["):
        complete(server)


def redirect(status: int, to: str) -> Fault:
    return lambda handler, _: send(handler, status, b"", location=to)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_to_another_server_is_not_followed_and_said(
    server: FaultyServer, faulty_server: FaultyServer, status: int
) -> None:
    faulty_server.fault = answer("42")
    server.fault = redirect(status, f"{faulty_server.url}/chat/completions?key=abc")

    with pytest.raises(StopRun) as stopped:
        complete(server, headers={"X-Key": "secret-of-server-1"})

    assert faulty_server.headers == []
    there = faulty_server.url.removesuffix("/v1")
    assert str(stopped.value) == (
        f"served at {server.url}/: it redirects to another server, {there}, which is not followed, as it would see key, "
        "headers and prompts; if that is your server, give its address as base_url"
    )


@pytest.mark.parametrize("to", ["http://[", "http://\u2100.example/", "//other.example/v1", "https://127.0.0.1/v1"])
def test_a_redirect_to_anywhere_else_is_not_followed(server: FaultyServer, to: str) -> None:
    server.fault = redirect(307, to.encode().decode("latin-1"))

    with pytest.raises(StopRun, match="it redirects to"):
        complete(server)


def test_a_redirect_on_the_same_server_is_followed(server: FaultyServer) -> None:
    def once(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        (answer("42") if handler.path.startswith("/there") else redirect(307, "/there/chat"))(handler, body)

    server.fault = once

    assert complete(server) == "42"
    assert server.asked[0] == server.asked[1]


def test_redirects_in_a_circle_end(server: FaultyServer) -> None:
    server.fault = redirect(307, "/v1/chat/completions")

    with pytest.raises(Unavailable, match="Exceeded maximum allowed redirects"):
        complete(server)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("600", 600.0),
        ("1.5", 1.5),
        ("0", 0.0),
        ("-5", 0.0),
        ("Sun, 06 Nov 1994 08:49:37 GMT", 0.0),
        ("inf", None),
        ("nan", None),
        ("1e300", None),
        ("Fri, 31 Dec 99999 23:59:59 GMT", None),
        ("Fri, 31 Dec 9999 23:59:59 GMT", None),
        ("soon", None),
        ("", None),
    ],
)
def test_retry_after_is_a_number_or_a_date_or_nothing(value: str, seconds: float | None) -> None:
    assert retry_after({"retry-after": value}) == seconds


def test_a_connection_is_used_again_after_a_stream(server: FaultyServer) -> None:
    ports = set()

    def streamed(handler: BaseHTTPRequestHandler, _: object) -> None:
        ports.add(handler.client_address)
        send(handler, 200, TOKEN + b"data: [DONE]\n\n", content_type="text/event-stream")

    server.fault = streamed
    server.models = []

    complete(server, stream=True)

    # The probe before it is the first.
    assert len(server.asked) == 2
    assert len(ports) == 1


@pytest.fixture
def proxied(monkeypatch: pytest.MonkeyPatch, server: FaultyServer) -> Iterator[Forwarding]:
    """A proxy before the server, which wants a name and a password."""
    monkeypatch.delenv("http_proxy", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    monkeypatch.delenv("NO_PROXY", raising=False)
    with forwarding(urlsplit(server.url).port or 0) as proxy:
        monkeypatch.setenv("HTTP_PROXY", f"http://me:verysecret@127.0.0.1:{proxy.port}")
        yield proxy


def test_a_server_elsewhere_is_asked_through_the_proxy_of_the_environment(
    server: FaultyServer, proxied: Forwarding
) -> None:
    server.fault = packed(RIGHT, "identity")

    assert ask("http://model.invalid/v1", Chat(QUESTION), model="faulty").text == "42"
    asked = ("POST http://model.invalid/v1/chat/completions HTTP/1.1", "Basic bWU6dmVyeXNlY3JldA==")
    assert proxied.asked[-1] == asked


@pytest.mark.usefixtures("proxied")
def test_a_slow_answer_through_a_proxy_is_waited_for(server: FaultyServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The openai client's own time-outs, of 600 s for an answer and 5 s for a connection, bound nothing."""
    monkeypatch.setattr("openai._base_client.DEFAULT_TIMEOUT", 0.05)

    def slow(handler: BaseHTTPRequestHandler, _: object) -> None:
        time.sleep(0.2)
        send(handler, 200, RIGHT)

    server.fault = slow

    assert ask("http://model.invalid/v1", Chat(QUESTION), model="faulty").text == "42"


def test_a_server_of_this_machine_is_asked_through_no_proxy(server: FaultyServer, proxied: Forwarding) -> None:
    server.fault = packed(RIGHT, "identity")

    assert complete(server) == "42"
    assert proxied.asked == []


@pytest.mark.usefixtures("proxied")
def test_a_proxys_password_is_masked(server: FaultyServer) -> None:
    said = b'{"error": "who are you? Basic bWU6dmVyeXNlY3JldA==, me, verysecret"}'
    server.fault = lambda handler, _: send(handler, 500, said)

    with pytest.raises(Unavailable, match=r"who are you\? Basic \*\*\*, me, \*\*\*$"):
        ask("http://model.invalid/v1", Chat(QUESTION), model="faulty")


def test_a_proxy_that_is_none_is_one_line_without_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "ftp://me:verysecret@proxy")
    monkeypatch.delenv("no_proxy", raising=False)

    with pytest.raises(pytest.UsageError, match="is asked through the proxy of http_proxy: that is no") as caught:
        ask("http://model.invalid/v1", Chat(QUESTION), model="faulty")
    assert "verysecret" not in str(caught.value)
