"""Where an HTTP/1.1 response ends, and its body; the bytes are looked at as little as can be while they arrive."""

import re
from dataclasses import dataclass
from itertools import accumulate

_LOCATION = re.compile(rb"\r\nlocation:[ \t]*([^\r\n]+)", re.IGNORECASE)


class Malformed(Exception):
    """What came is not an HTTP/1.1 response."""


class Framing:
    """Watches one response grow and knows when it is whole."""

    __slots__ = ("_at", "_chunked", "_length", "head", "keep", "status")

    def __init__(self) -> None:
        self.status = 0
        # Where the body begins; 0 until the head is whole.
        self.head = 0
        # Whether the connection can be used again.
        self.keep = True
        self._chunked = False
        self._length: int | None = None
        # Of what is still to be looked at: the head's lines, then the chunks.
        self._at = 0

    def may_end(self, data: bytes) -> bool:
        """Whether a response with this last read is worth a look: a cheap question for each of them."""
        # The last chunk's end is at the end of a read, in several reads at worst.
        return not self._chunked or data[-4:] == b"\r\n\r\n" or len(data) < 5

    def ended(self, raw: bytearray) -> bool:
        """Whether the response is whole with all that came until now."""
        if not self.head and not self._read_head(raw):
            return False
        if self._chunked:
            return self._last_chunk(raw)
        return self._length is not None and len(raw) >= self.head + self._length

    @property
    def until_close(self) -> bool:
        """Whether the response ends with its connection."""
        return bool(self.head) and not self._chunked and self._length is None

    def elsewhere(self, raw: bytes | bytearray) -> str:
        """Where a redirect sends; "" for every other response."""
        if not 300 <= self.status < 400 or not (found := _LOCATION.search(raw, 0, self.head)):
            return ""
        return found[1].decode(errors="replace")

    def _read_head(self, raw: bytearray) -> bool:
        fields: dict[bytes, bytes] = {}
        # What comes before the response proper (1xx) says nothing.
        while self.status < 200:
            end = raw.find(b"\r\n\r\n", self._at)
            begun = bytes(raw[self._at : self._at + 60])
            if not begun.startswith(b"HTTP/1."[: len(begun)]) or (end < 0 and len(raw) - self._at > 1 << 16):
                raise Malformed(f"no HTTP/1.1 response: {begun!r}")
            if end < 0:
                return False
            line, *lines = bytes(raw[self._at : end]).split(b"\r\n")
            self._at = end + 4
            fields = {
                name.strip().lower(): value.strip().lower() for name, _, value in (one.partition(b":") for one in lines)
            }
            self._read_status(line, fields.get(b"content-length"))
        self._chunked = fields.get(b"transfer-encoding", b"").endswith(b"chunked")
        if self.status in (204, 304):
            self._length = 0
        kept = fields.get(b"connection", b"" if line.startswith(b"HTTP/1.1") else b"close")
        self.head = self._at
        self.keep = b"close" not in kept and (self._chunked or self._length is not None)
        return True

    def _read_status(self, line: bytes, length: bytes | None) -> None:
        try:
            self.status = int(line.split()[1])
            self._length = None if length is None else int(length)
            if not 100 <= self.status <= 999 or (self._length or 0) < 0:
                raise ValueError
        except (ValueError, IndexError):
            raise Malformed(f"no HTTP/1.1 response: {line[:60]!r}") from None

    def _last_chunk(self, raw: bytearray) -> bool:
        while True:
            end = raw.find(b"\r\n", self._at)
            if end < 0:
                return False
            size = chunk_size(raw, self._at, end)
            if not size:
                # Trailers end with an empty line; without any, it follows at once.
                return raw.find(b"\r\n\r\n", end) >= 0
            if len(raw) < end + size + 4:
                return False
            self._at = end + size + 4

    def body(self, raw: bytearray) -> "Body":
        """The body, as much of it as came."""
        content = bytes(raw)
        return _dechunked(content, self.head) if self._chunked else Body(content[self.head :], [0], [self.head])


def chunk_size(raw: bytes | bytearray, at: int, end: int) -> int:
    """The size in a chunk's first line."""
    line = raw[at:end]
    try:
        size = int(line if line.isalnum() else line.partition(b";")[0], 16)
        if size < 0:
            raise ValueError
        return size
    except ValueError:
        raise Malformed(f"no size of a chunk: {bytes(raw[at:end][:60])!r}") from None


@dataclass(frozen=True)
class Body:
    """A body, its pieces' beginnings in it, and where these are in all that came."""

    content: bytes
    pieces: list[int]
    places: list[int]


def _dechunked(raw: bytes, at: int) -> Body:
    pieces, places = [], []
    # Few sizes come again and again, and reading one costs as much as all the rest.
    sizes: dict[bytes, int] = {}
    find = raw.find
    while (end := find(b"\r\n", at)) >= 0:
        line = raw[at:end]
        size = sizes.get(line)
        if size is None:
            size = sizes[line] = chunk_size(raw, at, end)
        if not size:
            break
        begin = end + 2
        at = begin + size
        places.append(begin)
        pieces.append(raw[begin:at])
        at += 2
    return Body(b"".join(pieces), [0, *accumulate(map(len, pieces))][: len(pieces)], places)
