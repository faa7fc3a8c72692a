"""Endpoints: reached, or refused within seconds with one line."""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from pytest_modeleval.perf.client.target import reach
from pytest_modeleval.perf.server.process import BenchServer


@contextmanager
def answering(response: bytes) -> Iterator[str]:
    """The URL of a server that answers one request with these bytes."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(1 << 16)
                connection.sendall(response)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/v1/chat/completions"
        thread.join(5)


def test_a_target_is_reached_and_its_head_made(bench: BenchServer) -> None:
    target = reach(
        f"{bench.url}/v1/chat/completions?a=%20", headers={"Authorization": "Bearer 50%", "X-A": "b"}, model="m"
    )
    head = target.head_of(b"12345").decode()

    assert head.startswith("POST /v1/chat/completions?a=%20 HTTP/1.1\r\nhost: 127.0.0.1:")
    assert "authorization: Bearer 50%\r\n" in head
    assert "x-a: b\r\n" in head
    assert target.head_of(b"12345", b"x-b: c\r\n").decode() == head[:-2] + "x-b: c\r\n\r\n"
    assert head.endswith("content-length: 5\r\n\r\n")
    # Reaching it is no work for it.
    assert bench.truth()["served"] == []


def test_localhost_is_the_address_that_answers(bench: BenchServer) -> None:
    url = bench.url.replace("127.0.0.1", "localhost")

    assert reach(f"{url}/v1/chat/completions").address[0] == "127.0.0.1"


@pytest.mark.parametrize("url", ["localhost:8000/v1", "ftp://x/v1", "http://", "/v1", "http://[::1/v1"])
def test_what_is_no_address_is_refused(url: str) -> None:
    with pytest.raises(pytest.UsageError, match="is no address of an endpoint: give http://HOST:PORT/v1"):
        reach(url)


def test_nobody_there() -> None:
    with pytest.raises(
        pytest.UsageError, match=r"nothing answers at http://127.0.0.1:9/v1: Connection refused; is the server"
    ):
        reach("http://127.0.0.1:9/v1")
    with pytest.raises(pytest.UsageError, match=r"no host nowhere.invalid of http://nowhere.invalid/v1: "):
        reach("http://nowhere.invalid/v1")


def test_a_name_server_that_is_dead(monkeypatch: pytest.MonkeyPatch) -> None:
    from pytest_modeleval.perf.client import target

    monkeypatch.setattr(target, "_PATIENCE", 0.2)
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: time.sleep(2))
    with pytest.raises(pytest.UsageError, match="no host somewhere of http://somewhere/v1: no name server answers"):
        reach("http://somewhere/v1")


def test_a_server_that_takes_connections_and_says_nothing_is_left_to_the_load(monkeypatch: pytest.MonkeyPatch) -> None:
    from pytest_modeleval.perf.client import target

    monkeypatch.setattr(target, "_PATIENCE", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/v1"

        assert reach(url).url == url


def test_a_wrong_path_is_told(bench: BenchServer) -> None:
    with pytest.raises(
        pytest.UsageError, match=r"/v1/chat answers 404 .*no path /v1/chat.*see to the address, key and model"
    ):
        reach(f"{bench.url}/v1/chat")


@pytest.mark.parametrize(
    ("response", "message"),
    [
        (b"HTTP/1.1 401 X\r\ncontent-length: 2\r\n\r\nno", "answers 401 'no': no key was sent"),
        (b'HTTP/1.1 403 X\r\ncontent-length: 28\r\n\r\n{"error":{"message":"Mine"}}', "answers 403 'Mine': see to the"),
        (b"SSH-2.0-OpenSSH_9.6\r\n", "does not speak HTTP: no HTTP/1.1 response: b'SSH-2.0"),
        (b"", "ended the connection without an answer"),
    ],
    ids=["401", "403", "ssh", "nothing"],
)
def test_a_wrong_server_is_told(response: bytes, message: str) -> None:
    with answering(response) as url, pytest.raises(pytest.UsageError, match=message):
        reach(url)


REDIRECT = b"HTTP/1.1 307 X\r\nLocation: http://elsewhere.example/v1\r\ncontent-length: 0\r\n\r\n"


def test_a_redirect_is_not_followed_and_said() -> None:
    with (
        answering(REDIRECT) as url,
        pytest.raises(
            pytest.UsageError,
            match=r"answers 307: it sends on to 'http://elsewhere.example/v1', which no load follows: give",
        ),
    ):
        reach(url, headers={"authorization": "Bearer sk-1234567890"})


def test_what_a_server_says_is_shown_without_secrets_and_control_characters() -> None:
    said = "key sk-1234567890 of Bearer sk-1234567890\x1b]52;c;AAAA\x07\u202e\n\nis wrong " + "x" * 400
    response = b"HTTP/1.1 401 X\r\ncontent-length: %d\r\n\r\n" % len(said.encode()) + said.encode()
    with answering(response) as url, pytest.raises(pytest.UsageError) as caught:
        reach(url, hide=lambda text: text.replace("sk-1234567890", "***"))

    assert "401 'key *** of Bearer ***\\x1b]52;c;AAAA\\x07\\u202e is wrong xxx" in str(caught.value)
    assert len(str(caught.value)) < 400


def test_an_answer_that_never_ends_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """A byte now and then, each in time: it is the whole answer that has to be."""
    from pytest_modeleval.perf.client import target

    monkeypatch.setattr(target, "_PATIENCE", 0.3)
    sent: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with connection, contextlib.suppress(OSError):
                connection.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n")
                while len(sent) < 900:
                    connection.sendall(b"x")
                    sent.append(b"x")
                    time.sleep(0.02)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/v1"

        assert reach(url).url == url
        thread.join(5)
    assert 0 < len(sent) < 900


SETTINGS = b"\x00\x00\x06\x04\x00\x00\x00\x00\x00\x00\x03\x00\x00\x00\x64"
DIRECTLY = "and the load's own client speaks HTTP/1.1 directly: give the address of the server itself, or of a gateway"


@pytest.mark.parametrize(
    ("response", "message"),
    [
        (SETTINGS, f"speaks HTTP/2 only, {DIRECTLY}"),
        (b"\x00\x00\x00\x04\x01\x00\x00\x00\x00", f"speaks HTTP/2 only, {DIRECTLY}"),
        (
            b"HTTP/1.1 407 X\r\ncontent-length: 2\r\n\r\nno",
            r"is a proxy: it answers 407 'no'; give the server's address, and the proxy as http://NAME:PASSWORD@HOST:PORT",
        ),
        (b"HTTP/1.1 426 X\r\ncontent-length: 2\r\n\r\nno", f"answers 426 'no': it wants another HTTP, {DIRECTLY}"),
        (b"HTTP/1.1 505 X\r\ncontent-length: 2\r\n\r\nno", f"answers 505 'no': it wants another HTTP, {DIRECTLY}"),
    ],
    ids=["settings", "empty settings", "407", "426", "505"],
)
def test_another_protocol_is_refused_with_what_to_do(response: bytes, message: str) -> None:
    with answering(response) as url, pytest.raises(pytest.UsageError, match=message) as caught:
        reach(url)

    assert "\n" not in str(caught.value)


def test_a_tls_server_of_http_2_alone_is_refused() -> None:
    """It ends the handshake when nobody offers h2 (RFC 7301)."""
    offered: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                offered.append(connection.recv(1 << 16))
                # A fatal alert: no application protocol.
                connection.sendall(b"\x15\x03\x03\x00\x02\x02\x78")

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        with pytest.raises(pytest.UsageError, match=f"speaks HTTP/2 only, {DIRECTLY}"):
            reach(f"https://localhost:{listener.getsockname()[1]}/v1")
        thread.join(5)
    assert b"\x08http/1.1" in offered[0]


@pytest.mark.parametrize("status", [200, 400, 422, 429, 500, 503])
def test_other_answers_say_nothing_against_it(status: int) -> None:
    with answering(b"HTTP/1.1 %d X\r\ncontent-length: 2\r\n\r\nno" % status) as url:
        assert reach(url).url == url


@pytest.mark.parametrize("value", ["a\r\nevil: 1", "ключ"])
def test_a_header_that_cannot_be_sent_is_refused(value: str) -> None:
    with pytest.raises(pytest.UsageError, match="the header x-key cannot be sent: one line of ASCII is wanted"):
        reach("http://127.0.0.1:9/v1", headers={"x-key": value})


def test_certificates_that_are_none_are_refused(tmp_path: object) -> None:
    from pathlib import Path

    path = Path(str(tmp_path)) / "ca.pem"
    with pytest.raises(pytest.UsageError, match=r"no certificates to trust in .*ca.pem"):
        reach("https://127.0.0.1:9/v1", ca=path)
    path.write_text("none")
    with pytest.raises(pytest.UsageError, match=r"no certificates to trust in .*ca.pem"):
        reach("https://127.0.0.1:9/v1", ca=path)
