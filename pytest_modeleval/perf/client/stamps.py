"""The kernel's time of arrival of what a socket received (Linux ≥ 4.14, needs no rights)."""

import contextlib
import socket
import struct
import sys
from array import array
from collections.abc import Sequence
from itertools import accumulate

# linux/net_tstamp.h, asm-generic/socket.h: Python has no names for them.
_SO_TIMESTAMPING = 37
_SOFTWARE_RECEIVE = 1 << 3 | 1 << 4
# The message holds three times, of which the first is set, in seconds and nanoseconds.
_SIZE = 48
_NONE = bytes(_SIZE)
_LATEST = 60_000_000_000
# Room for the message that carries the stamps.
ANCILLARY = socket.CMSG_SPACE(_SIZE) if hasattr(socket, "CMSG_SPACE") else 0


def stamp_arrivals(sock: socket.socket) -> bool:
    """Have the kernel stamp what this socket receives; False where it cannot."""
    if sys.platform != "linux" or struct.calcsize("P") != 8:
        return False
    with contextlib.suppress(OSError):
        sock.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPING, _SOFTWARE_RECEIVE)
        return True
    return False


def arrivals(reads: Sequence[tuple[bytes, int, int, int, bytes]]) -> list[int]:
    """Monotonic nanoseconds of each read's arrival: the kernel's stamp, or when it was read where there is none.

    A read is what came, when it was read, how far the wall clock (with which the kernel stamps) was ahead of the
    monotonic one, a number that is not looked at here, and the ancillary message.
    """
    if not reads:
        return []
    _, read, ahead, _, stamps = zip(*reads, strict=True)
    stamped = b"".join(stamps)
    if len(stamped) != _SIZE * len(stamps) or set(map(len, stamps)) != {_SIZE}:
        stamped = b"".join(stamp if len(stamp) == _SIZE else _NONE for stamp in stamps)
    times = array("q", stamped)
    # The wall clock may be set while we measure: what comes later than its reading, or so much before, is not true.
    arrived = [
        came if seconds and 0 < now - (came := 1_000_000_000 * seconds + nanoseconds - before) < _LATEST else now
        for seconds, nanoseconds, before, now in zip(times[0::6], times[1::6], ahead, read, strict=True)
    ]
    # A process that is put aside between its looks at the two clocks takes the difference for lateness.
    return arrived if arrived == sorted(arrived) else list(accumulate(arrived, max))
