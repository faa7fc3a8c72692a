"""The kernel's time of arrival of what a socket received (Linux ≥ 4.14, needs no rights)."""

import contextlib
import socket
import struct
import sys
from array import array

# linux/net_tstamp.h, asm-generic/socket.h: Python has no names for them.
_SO_TIMESTAMPING = 37
_SOFTWARE_RECEIVE = 1 << 3 | 1 << 4
_STAMPS = struct.Struct("=6q")
NO_STAMP = bytes(_STAMPS.size)
_LATEST = 60_000_000_000
# Room for the message that carries the stamps.
ANCILLARY = socket.CMSG_SPACE(_STAMPS.size) if hasattr(socket, "CMSG_SPACE") else 0


def stamp_arrivals(sock: socket.socket) -> bool:
    """Have the kernel stamp what this socket receives; False where it cannot."""
    if sys.platform != "linux" or struct.calcsize("P") != 8:
        return False
    with contextlib.suppress(OSError):
        sock.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPING, _SOFTWARE_RECEIVE)
        return True
    return False


def arrivals(stamps: bytes, read: "array[int]", wall: "array[int]") -> "array[int]":
    """Monotonic nanoseconds of each read's arrival: the kernel's, or when it was read where there is none.

    ``stamps`` are the ancillary messages of all reads, ``read`` and ``wall`` the monotonic and the wall clock at each:
    the kernel stamps with the wall clock.
    """
    numbers = array("q")
    numbers.frombytes(stamps)
    times = array("q", read)
    for index, (seconds, nanoseconds) in enumerate(zip(numbers[0::6], numbers[1::6], strict=True)):
        late = wall[index] - seconds * 1_000_000_000 - nanoseconds
        # The wall clock may be set while we measure: what comes later than its reading, or so much before, is not true.
        if 0 < late < _LATEST:
            times[index] -= late
    return times
