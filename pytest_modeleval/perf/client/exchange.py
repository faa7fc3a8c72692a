"""A request of the load with every byte that came back, and when."""

from pytest_modeleval.perf.client.framing import Framing
from pytest_modeleval.perf.client.record import LoadRequest


class Exchange:
    """A request and all that came back, as bytes with their times (nanoseconds of the monotonic clock)."""

    __slots__ = (
        "_joined",
        "detail",
        "ended",
        "error",
        "framing",
        "late",
        "paused",
        "raw",
        "reads",
        "request",
        "retried",
        "scheduled",
        "sent",
        "turn",
        "waited",
        "warm_up",
    )

    def __init__(self, request: LoadRequest, scheduled: int, *, warm_up: bool = False, turn: int = 0) -> None:
        self.request, self.scheduled, self.warm_up, self.turn = request, scheduled, warm_up, turn
        self.sent = self.ended = 0
        # How long it waited for a connection, how late it was sent beside that, how long its conversation paused.
        self.waited = self.late = self.paused = 0
        self.error = self.detail = ""
        self.retried = False
        self.framing = Framing()
        # Of each read: what came, when it was read, how far the wall clock was ahead of this one, a time after which it
        # arrived, and the kernel's stamp ("" where it gives none). One append a read is what the hot path can afford.
        self.reads: list[tuple[bytes, int, int, int, bytes]] = []
        self.raw = bytearray()
        self._joined = 0

    def join(self) -> bytearray:
        """All that came until now."""
        self.raw += b"".join([read[0] for read in self.reads[self._joined :]])
        self._joined = len(self.reads)
        return self.raw

    def is_longer(self, most: int) -> bool:
        """Whether more bytes than this came."""
        # A read brings 16 KiB at most: few are counted as quickly as none.
        return len(self.reads) << 14 > most and sum(len(read[0]) for read in self.reads) > most

    def forget(self) -> None:
        """Let go of all that came."""
        self.reads.clear()
        self.raw = bytearray()
        self._joined = 0
        self.framing.head = 0

    @property
    def last_seen(self) -> int:
        """When it last gave a sign of life."""
        return self.reads[-1][1] if self.reads else self.sent
