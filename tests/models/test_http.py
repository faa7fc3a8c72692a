"""The lean transport, against sockets that send exactly these bytes."""

import asyncio
from collections.abc import Awaitable, Callable

import httpx2
import pytest

from pytest_modeleval.models.http import LeanTransport

OK = b"HTTP/1.1 200 OK\r\n"
Server = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def replies(*pieces: bytes, close: bool = True, pause: float = 0.0) -> Server:
    """A server that reads a request's head and sends these pieces, for each request on the connection."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while await reader.readuntil(b"\r\n\r\n"):
                for piece in pieces:
                    writer.write(piece)
                    await writer.drain()
                    await asyncio.sleep(pause)
                if close:
                    break
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        writer.close()

    return serve


def fetch(server: Server, times: int = 1) -> tuple[list[httpx2.Response], int]:
    """The responses to so many GETs one after another, and how many connections they took."""

    async def run() -> tuple[list[httpx2.Response], int]:
        tasks = []

        async def counted(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            tasks.append(asyncio.current_task())
            await server(reader, writer)

        listening = await asyncio.start_server(counted, "127.0.0.1", 0)
        port = listening.sockets[0].getsockname()[1]
        try:
            async with httpx2.AsyncClient(transport=LeanTransport()) as client:
                responses = [await client.get(f"http://127.0.0.1:{port}/x") for _ in range(times)]
        finally:
            listening.close()
            await asyncio.wait([task for task in tasks if task])
        return responses, len(tasks)

    return asyncio.run(run())


@pytest.mark.parametrize(
    "pieces",
    [
        [b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"],
        [b"HTTP/1.1 200 OK\r\ncontent-length:5\r\n", b"\r\nhe", b"llo"],
        [b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"],
        [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"],
        [
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2;x=1\r\nhe\r",
            b"\n3\r\nl",
            b"lo\r\n0\r\nA: b\r\n\r",
            b"\n",
        ],
        [b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhel", b"lo"],
        [b"HTTP/1.0 200 OK\r\n\r\nhello"],
    ],
    ids=["length", "pieces", "continue", "chunked", "chunks in pieces", "until close", "HTTP/1.0"],
)
def test_every_framing_is_read(pieces: list[bytes]) -> None:
    (response,), _ = fetch(replies(*pieces, pause=0.01))

    assert (response.status_code, response.text) == (200, "hello")


def test_an_idle_connection_is_used_again() -> None:
    responses, connections = fetch(replies(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", close=False), times=3)

    assert [response.status_code for response in responses] == [200] * 3
    assert connections == 1


def test_an_idle_connection_that_was_closed_is_replaced() -> None:
    responses, connections = fetch(replies(b"HTTP/1.1 204 No Content\r\n\r\n"), times=3)

    assert [response.status_code for response in responses] == [204] * 3
    assert connections == 3


@pytest.mark.parametrize(
    ("pieces", "error"),
    [
        ([b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhello"], httpx2.RemoteProtocolError),
        ([b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel"], httpx2.RemoteProtocolError),
        ([b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n"], httpx2.RemoteProtocolError),
        ([b"HTTP/1.1 20"], httpx2.RemoteProtocolError),
        ([b"SSH-2.0-OpenSSH\r\n\r\n"], httpx2.RemoteProtocolError),
        ([b"HTTP/1.1 abc\r\n\r\n"], httpx2.RemoteProtocolError),
        ([b"X" * 70_000], httpx2.RemoteProtocolError),
        ([b""], httpx2.RemoteProtocolError),
        ([OK + b"X-Long: " + b"x" * 1_000_000 + b"\r\n\r\n"], httpx2.RemoteProtocolError),
        ([OK + b"a: b\r\n" * 10_000], httpx2.RemoteProtocolError),
        ([OK + b"Content-Length: -5\r\n\r\nhello"], httpx2.RemoteProtocolError),
        ([OK + b"Content-Length: 1_0\r\n\r\nhello"], httpx2.RemoteProtocolError),
        ([OK + b"Transfer-Encoding: chunked\r\n\r\n-5\r\nhello"], httpx2.RemoteProtocolError),
        ([OK + b"Transfer-Encoding: chunked\r\n\r\n3\r\nhello\r\n0\r\n\r\n"], httpx2.RemoteProtocolError),
        ([OK + b"Transfer-Encoding: chunked\r\n\r\n" + b"1" * 70_000], httpx2.RemoteProtocolError),
        ([OK + b"Transfer-Encoding: chunked\r\n\r\n0\r\n" + b"a: b\r\n" * 12_000], httpx2.RemoteProtocolError),
        ([b"HTTP/1.1 101 Switching Protocols\r\n\r\n"], httpx2.RemoteProtocolError),
        ([b"HTTP/1.1 999 Hm\r\n\r\n"], httpx2.RemoteProtocolError),
        ([b"<html>HTTP/0.9</html>"], httpx2.RemoteProtocolError),
    ],
    ids=[
        *("length", "chunk", "chunk size", "head", "ssh", "status", "endless head", "nothing", "a header of 1 MB"),
        *("headers without end", "negative length", "no number", "negative chunk", "longer chunk", "endless size"),
        *("endless trailer", "another protocol", "no status", "HTTP/0.9"),
    ],
)
def test_a_broken_response_is_an_error(pieces: list[bytes], error: type[Exception]) -> None:
    with pytest.raises(error):
        fetch(replies(*pieces, pause=0.01))


def test_a_connection_whose_body_was_longer_than_it_says_is_not_used_again() -> None:
    responses, connections = fetch(replies(OK + b"Content-Length: 2\r\n\r\nhello", close=False), times=2)

    assert [response.text for response in responses] == ["he", "he"]
    assert connections == 2


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (b"HTTP/1.1 200 OK\r\nConnection: close\r\n", 2),
        (b"HTTP/1.0 200 OK\r\n", 2),
        (b"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n", 1),
    ],
    ids=["closes", "1.0", "1.0 kept"],
)
def test_a_connection_that_the_server_means_to_close_is_not_used_again(head: bytes, expected: int) -> None:
    _, connections = fetch(replies(head + b"Content-Length: 0\r\n\r\n", close=False), times=2)

    assert connections == expected


def test_many_small_chunks_take_linear_time() -> None:
    """200,000 of them were copied whole for each, 40 GB."""
    chunks = b"1\r\nx\r\n" * 200_000

    (response,), _ = fetch(replies(OK + b"Transfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n"))

    assert response.text == "x" * 200_000


def test_nobody_there_is_a_connection_error() -> None:
    async def run() -> None:
        async with httpx2.AsyncClient(transport=LeanTransport()) as client:
            await client.get("http://127.0.0.1:9/")

    with pytest.raises(httpx2.ConnectError):
        asyncio.run(run())
