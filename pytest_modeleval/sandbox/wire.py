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
    """A server's end. What comes with a message is a descriptor of a socket, for a session."""

    def __init__(self, descriptor: int) -> None:
        self.socket = socket.socket(fileno=descriptor)
        self.given: list[int] = []

    def next(self) -> dict[str, Any]:
        """The next message; ends this process when there is none."""
        (size,) = _HEAD.unpack(self._read(_HEAD.size))
        return json.loads(self._read(size))  # type: ignore[no-any-return]

    def _read(self, size: int) -> bytes:
        found = bytearray()
        while len(found) < size:
            part, given, _, _ = socket.recv_fds(self.socket, min(size - len(found), 1 << 20), 1)
            for descriptor in given:
                os.set_inheritable(descriptor, False)
            self.given += given
            if not part:
                sys.exit()
            found += part
        return bytes(found)

    def send(self, message: Mapping[str, Any]) -> None:
        """Send a message."""
        self.socket.sendall(packed(message))
