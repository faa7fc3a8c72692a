"""What is observed of a load while it runs: its records, and how the client itself does."""

import math
import time
from array import array
from collections import Counter, deque
from collections.abc import Callable

from pytest_modeleval.perf.client.exchange import Exchange
from pytest_modeleval.perf.client.parsing import record_of
from pytest_modeleval.perf.client.pool import Pool
from pytest_modeleval.perf.client.record import Client, Plan
from pytest_modeleval.perf.client.records import Records

_SECOND = 1_000_000_000
# Lags are counted in steps of 10 µs, which no number of requests makes much of.
_STEP = 10_000
# Bytes of ended exchanges that wait to be parsed: from the first on, one is whenever nothing else is to be done; at the
# second, one for each that ends. With the records' columns, a million requests stay below 500 MB.
_MANY_UNPARSED, _MOST_UNPARSED = 64 << 20, 160 << 20
# Bytes of an exchange beside its text, and of a read with the text it brought (measured: 600 to 700 for a token).
_EXCHANGE, _READ = 1500, 650


class Observed:
    """Collects ended exchanges and makes records of them; times are nanoseconds of the monotonic clock."""

    def __init__(self, plan: Plan, tokens_of: Callable[[str], int] | None) -> None:
        self._plan, self._tokens_of = plan, tokens_of
        self._records = Records()
        self._unparsed: deque[tuple[Exchange, int]] = deque()
        self._size = 0
        # When conversations waited for their tools.
        self._pauses = array("d"), array("d")
        self._lag, self._schedule_lag = Counter[int](), Counter[int]()
        self._reads = self._clumped = self._late_clumps = self._answers = self._late_firsts = 0
        self._stamped = False
        self._begun = self._drained = 0
        self._cpu = self._connections = 0

    def begin(self, origin: int, connections: int) -> None:
        """The load begins."""
        self._origin = origin
        self.window(origin, connections)
        self._begun = 0

    def window(self, begun: int, connections: int) -> None:
        """The figures begin."""
        self._begun = begun
        self._wall, self._cpu = time.monotonic_ns(), time.thread_time_ns()
        self._connections = connections

    def drained(self, now: int) -> None:
        """A stream found nothing more to send: from the first time on, the load goes down."""
        if not self._drained:
            self._drained = now
            self._busy = (time.thread_time_ns() - self._cpu) / max(1, time.monotonic_ns() - self._wall)

    def schedule_lag(self, lag: int) -> None:
        """A request was sent, or began to wait for a connection, so long after it was due."""
        self._schedule_lag[lag // _STEP] += 1

    def add(self, exchange: Exchange) -> None:
        """Keep an ended exchange, and parse older ones where too many are kept."""
        size = len(exchange.raw) + _READ * len(exchange.reads) + _EXCHANGE
        self._unparsed.append((exchange, size))
        self._size += size
        if exchange.request.pause:
            end = (exchange.scheduled - self._origin) / _SECOND
            self._pauses[0].append(end - exchange.request.pause)
            self._pauses[1].append(end)
        while self._size > _MOST_UNPARSED:
            self._parse()

    @property
    def idle_work(self) -> Callable[[], None] | None:
        """What is to be done when there is time: parsing, once much is kept."""
        return self._parse if self._size > _MANY_UNPARSED else None

    def _parse(self) -> None:
        exchange, size = self._unparsed.popleft()
        self._size -= size
        read = record_of(exchange, self._origin, self._tokens_of)
        self._records.append(read.record)
        if read.record.error:
            self._records.details.setdefault(read.record.error, read.detail)
        if read.record.warm_up:
            return
        self._stamped = self._stamped or read.stamped
        self._lag.update([lag // _STEP for lag in read.lag])
        self._reads += len(read.record.clumps)
        self._clumped += len(read.record.clumps) - read.record.clumps.count(1)
        self._late_clumps += read.late_clumps
        self._answers += bool(read.record.clumps)
        self._late_firsts += read.late_first

    def result(self, pool: Pool) -> tuple[Records, tuple[float, float], Client]:
        """The records, the window in seconds from the start, and how the client did."""
        reconnects = pool.opened_ever - self._connections
        self.drained(time.monotonic_ns())
        while self._unparsed:
            self._parse()
        measured = [index for index, warm_up in enumerate(self._records.column("warm_up")) if not warm_up]
        sent, ended = self._records.column("sent"), self._records.column("ended")
        begun = (self._begun - self._origin) / _SECOND if self._begun else 0.0
        end = max((ended[index] for index in measured), default=begun)
        drained = (self._drained - self._origin) / _SECOND
        scheduled = self._records.column("scheduled")
        took, given = (_spread([times[index] for index in measured]) for times in (sent, scheduled))
        client = Client(
            stamps="kernel" if self._stamped else "user",
            lag=_p99(self._lag),
            clumped=max(self._late_clumps / max(1, self._reads), self._late_firsts / max(1, self._answers)),
            coalesced=self._clumped / max(1, self._reads),
            cpu=self._busy,
            schedule_lag=_p99(self._schedule_lag) or 0.0,
            parallel=_mean_at_once(sent, ended, begun, drained),
            paused=_mean_at_once(*self._pauses, begun, drained),
            parallel_asked=self._plan.parallel,
            rate=(len(measured) - 1) / took if took else 0.0,
            rate_asked=self._plan.rate,
            on_schedule=given / took if took and not self._plan.parallel else 1.0,
            queue=pool.longest_queue,
            reconnects=reconnects,
        )
        return self._records, (begun, end), client


def _p99(lags: Counter[int]) -> float | None:
    """The 99th percentile of counted steps, in seconds: the end of its step."""
    left = math.ceil(lags.total() * 0.99)
    for step in sorted(lags):
        left -= lags[step]
        if left <= 0:
            return (step + 1) * _STEP / _SECOND
    return None


def _spread(times: list[float]) -> float:
    return max(times) - min(times) if times else 0.0


def _mean_at_once(sent: "array[float]", ended: "array[float]", begun: float, drained: float) -> float:
    """Requests on their way at once, on average between two times."""
    if drained <= begun:
        return 0.0
    shared = (min(end, drained) - max(start, begun) for start, end in zip(sent, ended, strict=True))
    return math.fsum(time for time in shared if time > 0) / (drained - begun)
