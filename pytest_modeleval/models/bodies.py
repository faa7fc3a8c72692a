"""What a response may do before anybody reads it: how far it may grow, and where it may send us."""

import asyncio
import zlib
from collections.abc import AsyncIterator, Iterator

import httpx2

from pytest_modeleval.models.replies import MOST_BYTES

STREAM = "text/event-stream"
# A stream is not kept, but read as it comes: it may be so many times longer.
_LONGER = 4
# Bytes that are unpacked at once.
_PIECE = 1 << 20


class Elsewhere(httpx2.RequestError):
    """A redirect to another server, which is to see neither key, headers nor prompts."""


async def bound(response: httpx2.Response) -> None:
    """A hook for every response: its body is unpacked within bounds, and no redirect leaves the server.

    A whole reply is at most 64 MiB, a stream that was asked for 256 MiB, both when unpacked. Raises `Elsewhere`;
    reading a longer body raises `httpx2.DecodingError`.
    """
    if response.has_redirect_location:
        _refuse_elsewhere(response)
    # A charset of the server's choosing may be one that decodes no text.
    response.encoding = "utf-8"
    if response.is_closed:
        return
    coding = response.headers.pop("content-encoding", "").strip().lower()
    is_stream = response.request.headers.get("accept") == STREAM
    assert isinstance(response.stream, httpx2.AsyncByteStream)
    response.stream = _Bounded(response.stream, coding, MOST_BYTES * (_LONGER if is_stream else 1))


def _refuse_elsewhere(response: httpx2.Response) -> None:
    here = response.url
    try:
        there = here.join(response.headers["location"])
    except (httpx2.InvalidURL, ValueError):
        raise Elsewhere("it redirects to what is no address") from None
    if (there.scheme, there.host, there.port) != (here.scheme, here.host, here.port):
        port = f":{there.port}" if there.port else ""
        raise Elsewhere(f"it redirects to another server, {there.scheme}://{there.host}{port}")


class _Bounded(httpx2.AsyncByteStream):
    """A body as it was before it was packed, up to ``most`` bytes of it."""

    def __init__(self, inner: httpx2.AsyncByteStream, coding: str, most: int) -> None:
        if coding not in ("", "identity", "gzip", "x-gzip", "deflate"):
            raise httpx2.DecodingError(f"its body is packed by {coding[:20]!r}, which was not asked for")
        self._inner = inner
        self._most = most
        # It tells by itself which of the two it is.
        self._zlib = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32) if "gzip" in coding or coding == "deflate" else None

    async def __aiter__(self) -> AsyncIterator[bytes]:
        length = 0
        async for piece in self._inner:
            for unpacked in self._unpacked(piece):
                length += len(unpacked)
                if length > self._most:
                    raise httpx2.DecodingError(f"its body is longer than {self._most >> 20} MiB")
                yield unpacked
                if self._zlib:
                    # One piece may unpack to all of it, and nothing else, a time-out either, would have its turn.
                    await asyncio.sleep(0)

    def _unpacked(self, piece: bytes) -> Iterator[bytes]:
        if self._zlib is None:
            yield piece
            return
        while piece:
            try:
                yield self._zlib.decompress(piece, _PIECE)
            except zlib.error as error:
                raise httpx2.DecodingError(f"its body is not packed as it says: {error}") from None
            piece = self._zlib.unconsumed_tail

    async def aclose(self) -> None:
        await self._inner.aclose()
