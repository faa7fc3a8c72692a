"""A lean HTTP/1.1 transport under httpx.

Its own (httpcore and h11) takes about 0.5 ms of CPU a request, this one about 0.1 ms (`bench/asking.py`). It speaks
plain and TLS HTTP/1.1 with keep-alive; proxies stay with httpx. It waits for as long as it is let: a time-out is the
caller's, around the whole request.
"""

import asyncio
import ssl
from collections import defaultdict, deque
from collections.abc import AsyncIterator

import httpx2

_MOST_HEAD = 1 << 16


class LeanTransport(httpx2.AsyncBaseTransport):
    """Sends each request over an idle connection to its origin, or over a new one."""

    def __init__(self) -> None:
        self._idle: dict[tuple[bytes, bytes, int | None], deque[_Connection]] = defaultdict(deque)
        self._tls: ssl.SSLContext | None = None

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """The response, its body still to be read."""
        message = _serialized(request, await request.aread())
        idle = self._idle[origin := (request.url.raw_scheme, request.url.raw_host, request.url.port)]
        while idle:
            connection = idle.pop()
            if connection.is_open:
                try:
                    return await self._exchange(connection, idle, message)
                except _ClosedWhileIdle:
                    # The server had dropped the idle connection and has not seen the request.
                    continue
        connection = await self._connect(request.url)
        try:
            return await self._exchange(connection, self._idle[origin], message)
        except _ClosedWhileIdle as error:
            raise httpx2.RemoteProtocolError(str(error)) from None

    async def _exchange(self, connection: "_Connection", idle: "deque[_Connection]", message: bytes) -> httpx2.Response:
        try:
            status, headers = await connection.send(message)
        except BaseException:
            connection.close()
            raise
        # What is compressed is left to a reader that has bounds.
        if not connection.is_done or any(name.lower() == b"content-encoding" for name, _ in headers):
            return httpx2.Response(status, headers=headers, stream=_Body(connection, idle))
        # It came whole: reading it through a stream would cost as much as everything else here.
        content = await connection.read()
        if connection.is_open:
            idle.append(connection)
        return httpx2.Response(status, headers=headers, content=content)

    async def _connect(self, url: httpx2.URL) -> "_Connection":
        tls = url.scheme == "https"
        if tls and self._tls is None:
            self._tls = httpx2.create_ssl_context()
        try:
            _, connection = await asyncio.get_running_loop().create_connection(
                _Connection, url.host, url.port or (443 if tls else 80), ssl=self._tls if tls else None
            )
        except (OSError, UnicodeError) as error:
            raise httpx2.ConnectError(str(error)) from error
        return connection

    async def aclose(self) -> None:
        """Close the idle connections."""
        for idle in self._idle.values():
            for connection in idle:
                connection.close()
        self._idle.clear()


class _ClosedWhileIdle(Exception):
    """The connection ended before the first byte of a response."""


class _Body(httpx2.AsyncByteStream):
    """A response's body; when it is let go of, its connection is idle again if all of it has come."""

    def __init__(self, connection: "_Connection", idle: "deque[_Connection]") -> None:
        self._connection = connection
        self._idle = idle

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while chunk := await self._connection.read():
            yield chunk

    async def aclose(self) -> None:
        if not self._connection.is_done:
            self._connection.close()
        elif self._connection.is_open:
            self._idle.append(self._connection)


class _Connection(asyncio.Protocol):
    """One connection: one request at a time, its response parsed as it arrives."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self.is_open = False
        self.is_done = True

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self.is_open = True

    async def send(self, message: bytes) -> tuple[int, list[tuple[bytes, bytes]]]:
        """Send a request and wait for the head of its response."""
        self._buffer = b""
        self._head: tuple[int, list[tuple[bytes, bytes]]] | None = None
        self._chunks: deque[bytes] = deque()
        # What of the body is still to come: a number of bytes, or None for "until the connection closes".
        self._left: int | None = 0
        self._chunked = self._closes = self.is_done = False
        self._failure: Exception | None = None
        self._waiter: asyncio.Future[None] | None = None
        assert self._transport is not None
        self._transport.write(message)
        while self._head is None:
            await self._more()
        return self._head

    async def read(self) -> bytes:
        """The next piece of the body; empty at its end."""
        while not self._chunks:
            if self.is_done:
                return b""
            await self._more()
        whole = self._chunks[0] if len(self._chunks) == 1 else b"".join(self._chunks)
        self._chunks.clear()
        return whole

    async def _more(self) -> None:
        if self._failure:
            raise self._failure
        self._waiter = self._loop.create_future()
        try:
            await self._waiter
        finally:
            self._waiter = None

    def _fail(self, failure: Exception) -> None:
        self._failure = failure
        self.close()
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    def close(self) -> None:
        """Close the connection now."""
        self.is_open = False
        if self._transport is not None:
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self.is_open = False
        if self.is_done:
            return
        if self._head is None and not self._buffer:
            self._failure = self._failure or _ClosedWhileIdle("the server closed the connection")
        elif self._head is not None and self._left is None and not self._chunked and exc is None:
            self.is_done = True
        else:
            self._failure = self._failure or httpx2.RemoteProtocolError("the response broke off")
        self._wake()

    def data_received(self, data: bytes) -> None:
        if self.is_done:
            # Bytes nobody asked for: this connection cannot be trusted any more.
            self.close()
            return
        self._buffer = self._buffer + data if self._buffer else data
        try:
            if self._head is not None or self._parse_head():
                self._parse_body()
        except ValueError as error:
            self._fail(httpx2.RemoteProtocolError(f"not an HTTP/1.1 response: {error}"))
        self._wake()

    def _parse_head(self) -> bool:
        while 0 <= (end := self._buffer.find(b"\r\n\r\n")) <= _MOST_HEAD:
            first, *lines = self._buffer[:end].split(b"\r\n")
            self._buffer = self._buffer[end + 4 :]
            version, code, *_ = first.split(b" ", 2)
            if not version.startswith(b"HTTP/1."):
                raise ValueError(repr(first[:40]))
            status = _number(code)
            # What comes before the response proper says nothing; other protocols (101) are none of ours.
            if status not in range(100, 600) or status == 101:
                raise ValueError(repr(first[:40]))
            if status >= 200:
                headers = [(name, value.strip()) for name, _, value in (line.partition(b":") for line in lines)]
                self._begin_body(version, status, headers)
                self._head = status, headers
                return True
        self._refuse_endless("its head")
        return False

    def _refuse_endless(self, what: str) -> None:
        if len(self._buffer) > _MOST_HEAD:
            raise ValueError(f"{what} is longer than 64 KiB")

    def _begin_body(self, version: bytes, status: int, listed: list[tuple[bytes, bytes]]) -> None:
        headers = {name.lower(): value for name, value in listed}
        connection = headers.get(b"connection", b"").lower()
        self._closes = connection == b"close" or (version == b"HTTP/1.0" and connection != b"keep-alive")
        self._chunked = headers.get(b"transfer-encoding", b"").lower() == b"chunked"
        length = headers.get(b"content-length")
        if status in (204, 304):
            self._chunked, self._left = False, 0
        else:
            self._left = None if self._chunked or length is None else _number(length)

    def _parse_body(self) -> None:
        if self._chunked:
            self._parse_chunks()
        elif self._left is None:
            if self._buffer:
                self._chunks.append(self._buffer)
            self._buffer = b""
        else:
            if self._buffer:
                # What is longer than it says: nobody knows where the next response would begin.
                self._closes = self._closes or len(self._buffer) > self._left
                self._chunks.append(self._buffer[: self._left])
                self._left -= len(self._chunks[-1])
                self._buffer = b""
            if not self._left:
                self._finish()

    def _parse_chunks(self) -> None:
        """Chunks of RFC 9112 §7.1; ``_left`` is what the current one still lacks with its line end."""
        buffer, at = self._buffer, 0
        while True:
            if self._left is None:
                end = buffer.find(b"\r\n", at)
                if end < 0:
                    break
                size = _number(buffer[at:end].partition(b";")[0].strip(), 16)
                if not size:
                    # The last chunk; trailers, if any, end with an empty line.
                    if buffer.find(b"\r\n\r\n", end) >= 0:
                        at = len(buffer)
                        self._finish()
                    break
                at, self._left = end + 2, size + 2
            piece = buffer[at : at + self._left]
            if not piece:
                break
            text = piece[: max(0, self._left - 2)]
            if text:
                self._chunks.append(text)
            if piece[len(text) :].strip(b"\r\n"):
                raise ValueError("a chunk is longer than its size")
            at += len(piece)
            self._left = self._left - len(piece) or None
        self._buffer = buffer[at:]
        self._refuse_endless("a chunk's size or trailer")

    def _finish(self) -> None:
        self.is_done = True
        if self._closes:
            self.close()


def _number(digits: bytes, base: int = 10) -> int:
    """A number as HTTP writes it, which is less than Python takes for one."""
    if not digits.isalnum() or len(digits) > 16:
        raise ValueError(f"{digits[:40]!r} is no number")
    return int(digits, base)


def _serialized(request: httpx2.Request, body: bytes) -> bytes:
    lines = [b"%s %s HTTP/1.1" % (request.method.encode("ascii"), request.url.raw_path)]
    lines += [b"%s: %s" % header for header in request.headers.raw]
    return b"\r\n".join(lines) + b"\r\n\r\n" + body
