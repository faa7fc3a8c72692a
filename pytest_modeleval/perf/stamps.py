"""The kernel's time of arrival of what a socket received (Linux ≥ 4.14, needs no rights)."""

import contextlib
import socket
import struct
import sys

# linux/net_tstamp.h, asm-generic/socket.h: Python has no names for them.
_SO_TIMESTAMPING = 37
_SOFTWARE_RECEIVE = 1 << 3 | 1 << 4
# The message holds three times, of which the first is set.
_STAMPS = struct.Struct("=6q")
_SECONDS = struct.Struct("=2q")
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


def arrival(stamp: bytes, read: int, wall: int) -> int:
    """Monotonic nanoseconds of a read's arrival: the kernel's stamp, or when it was read where there is none.

    ``read`` and ``wall`` are the monotonic and the wall clock at the read: the kernel stamps with the wall clock.
    """
    if len(stamp) < _SECONDS.size:
        return read
    seconds, nanoseconds = _SECONDS.unpack_from(stamp)
    late = wall - seconds * 1_000_000_000 - nanoseconds
    # The wall clock may be set while we measure: what comes later than its reading, or so much before, is not true.
    return read - late if 0 < late < _LATEST else read
