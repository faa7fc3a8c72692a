"""JSON over a socket between the servers of a sandbox and who asks them."""

import json
import os
import socket
import struct
import sys
from collections.abc import Mapping
from typing import Any

_HEAD = struct.Struct("!I")


def packed(message: Mapping[str, Any]) -> bytes:
    """A message: its length in four bytes, and its JSON."""
    text = json.dumps(message).encode()
    return _HEAD.pack(len(text)) + text


class Wire:
    """A server's end: a socket, or two pipes. What comes with a message of a socket is a descriptor, for a session."""

    def __init__(self, reading: int, writing: int | None = None) -> None:
        self.reading, self.writing = reading, reading if writing is None else writing
        self._socket = socket.socket(fileno=reading) if writing is None else None
        self.given: list[int] = []

    def next(self) -> dict[str, Any]:
        """The next message; ends this process when there is none."""
        (size,) = _HEAD.unpack(self._read(_HEAD.size))
        return json.loads(self._read(size))  # type: ignore[no-any-return]

    def _read(self, size: int) -> bytes:
        found = bytearray()
        while len(found) < size:
            if not (part := self._part(min(size - len(found), 1 << 20))):
                sys.exit()
            found += part
        return bytes(found)

    def _part(self, size: int) -> bytes:
        if self._socket is None:
            return os.read(self.reading, size)
        part, given, _, _ = socket.recv_fds(self._socket, size, 1)
        for descriptor in given:
            os.set_inheritable(descriptor, False)
        self.given += given
        return part

    def send(self, message: Mapping[str, Any]) -> None:
        """Send a message."""
        text = packed(message)
        while text:
            text = text[os.write(self.writing, text) :]

    def close(self) -> None:
        """Close it."""
        if self._socket is not None:
            self._socket.close()
            return
        os.close(self.reading)
        os.close(self.writing)
