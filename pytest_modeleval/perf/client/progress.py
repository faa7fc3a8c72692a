"""How a load stands while it runs."""

import time
from dataclasses import dataclass

from pytest_modeleval.perf.client.exchange import Exchange

_SECOND = 1_000_000_000


@dataclass(frozen=True)
class Progress:
    """How a load stands, for a line on the terminal; nothing is parsed for it."""

    elapsed: float
    # Requests until now, those of the warm-up among them.
    sent: int
    done: int
    failed: int
    in_flight: int
    # Reads of answers that ended: about one a token.
    reads: int
    # Mean seconds until the first byte of those that ended.
    first_byte: float | None


class Tally:
    """Counts what is sent and what ends."""

    def __init__(self) -> None:
        self._origin = time.monotonic_ns()
        self._sent = self._done = self._failed = self._reads = self._first_bytes = 0

    def sent(self) -> None:
        """A request was sent."""
        self._sent += 1

    def ended(self, exchange: Exchange) -> None:
        """An exchange ended."""
        self._done += 1
        self._failed += bool(exchange.error or exchange.framing.status >= 300)
        self._reads += len(exchange.reads)
        if exchange.reads:
            self._first_bytes += exchange.reads[0][1] - exchange.sent

    def progress(self, in_flight: int) -> Progress:
        """How it stands."""
        elapsed = (time.monotonic_ns() - self._origin) / _SECOND
        mean = self._first_bytes / self._done / _SECOND if self._done else None
        return Progress(elapsed, self._sent, self._done, self._failed, in_flight, self._reads, mean)
