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

    A read is what came, the monotonic and the wall clock when it was read (the kernel stamps with the wall clock), a
    number that is not looked at here, and the ancillary message.
    """
    times = array("q", b"".join([read[4] if len(read[4]) == _SIZE else _NONE for read in reads]))
    # The wall clock may be set while we measure: what comes later than its reading, or so much before, is not true.
    arrived = (
        read - late if 0 < (late := wall - seconds * 1_000_000_000 - nanoseconds) < _LATEST else read
        for seconds, nanoseconds, (_, read, wall, _, _) in zip(times[0::6], times[1::6], reads, strict=True)
    )
    # A process that is put aside between its looks at the two clocks takes the difference for lateness.
    return list(accumulate(arrived, max))
