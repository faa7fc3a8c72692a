"""The connections of a load: opened before it, kept alive, watched for silence."""

import time
from collections import deque
from collections.abc import Callable

from pytest_modeleval.perf.client.exchange import Exchange
from pytest_modeleval.perf.client.loop import Loop
from pytest_modeleval.perf.client.record import Plan
from pytest_modeleval.perf.client.target import Target
from pytest_modeleval.perf.client.wire import Connection

_SECOND = 1_000_000_000
# Bytes of one answer: as many as embeddings of a large batch have.
MOST_BYTES = 256 << 20
# Seconds for a connection to be made.
_CONNECT = 10.0
# A connection that the server closes while it is idle is replaced, unless it lived no longer than this.
_SHORT_LIFE = 0.5


class Pool:
    """Carries exchanges over at most so many connections; what finds none free waits in the queue."""

    def __init__(self, loop: Loop, target: Target, plan: Plan, finished: Callable[[Exchange], None]) -> None:
        self._loop, self._target, self._plan, self._finished = loop, target, plan, finished
        self._most = plan.parallel or plan.max_parallel
        self._idle: list[Connection] = []
        self._opening: set[Connection] = set()
        self.busy: set[Connection] = set()
        # What waits for a connection, and since when.
        self.queue: deque[tuple[Exchange, bytes, int]] = deque()
        self._bodies: dict[Exchange, bytes] = {}
        self.longest_queue = 0
        # Connections opened so far; why the last one could not be.
        self.opened_ever = 0
        self.refusal = ""
        self._closing = False
        self._sweep_every = int(min(0.25, plan.stall / 8, plan.timeout / 8) * _SECOND)
        self._loop.at(time.monotonic_ns() + self._sweep_every, self._sweep)

    def open(self, count: int, patience: float) -> int:
        """Open connections before the load; how many are open after at most so many seconds."""
        until = time.monotonic_ns() + int(patience * _SECOND)
        for _ in range(min(count, self._most)):
            self._connect()
            # A listening server's backlog may be short.
            while len(self._opening) >= 64 and time.monotonic_ns() < until:
                self._loop.turn()
        self._loop.at(until, lambda: None)
        while self._opening and time.monotonic_ns() < until:
            self._loop.turn()
        return len(self._idle)

    def _connect(self) -> None:
        self.opened_ever += 1
        self._opening.add(Connection(self._loop, self._target, self))

    def send(self, exchange: Exchange, body: bytes) -> None:
        """Send over a free connection, over a new one, or when one is free."""
        if self._idle:
            self._carry(self._idle.pop(), exchange, body)
            return
        self.queue.append((exchange, body, time.monotonic_ns()))
        self.longest_queue = max(self.longest_queue, len(self.queue))
        if len(self._opening) < len(self.queue) and len(self.busy) + len(self._opening) < self._most:
            self._connect()

    def _carry(self, connection: Connection, exchange: Exchange, body: bytes) -> None:
        self.busy.add(connection)
        self._bodies[exchange] = body
        connection.send(exchange, self._target.head_of(body, exchange.request.head), body)

    def opened(self, connection: Connection) -> None:
        """Use a new connection."""
        self._opening.discard(connection)
        self._free(connection)

    def _free(self, connection: Connection) -> None:
        if self.queue:
            exchange, body, since = self.queue.popleft()
            # From when on it could have been carried, it is the client that lets it wait.
            exchange.waited += max(0, self._loop.since - since)
            self._carry(connection, exchange, body)
        else:
            self._idle.append(connection)

    def ended(self, connection: Connection, exchange: Exchange) -> None:
        """Take the connection back, and tell who waits for the exchange."""
        self.busy.discard(connection)
        body = self._bodies.pop(exchange)
        if not connection.closed:
            self._free(connection)
        if exchange.error == "cut" and not exchange.reads and connection.used > 1 and not exchange.retried:
            # The server dropped the connection while it was idle, and has not seen the request.
            exchange.retried = True
            exchange.error = exchange.detail = ""
            exchange.ended = 0
            self.send(exchange, body)
            return
        if connection.closed and self.queue and not self._opening and not self._closing:
            self._connect()
        self._finished(exchange)

    def lost(self, connection: Connection, detail: str) -> None:
        """Replace a connection closed while idle; fail a request for which none could be made."""
        if connection in self._opening:
            self._opening.discard(connection)
            self.refusal = detail
            if self.queue:
                self._fail(self.queue.popleft()[0], "refused", detail)
            if self.queue and not self._opening and not self.busy:
                self._connect()
            return
        if connection in self._idle:
            self._idle.remove(connection)
        if not self._closing and time.monotonic_ns() - connection.begun > _SHORT_LIFE * _SECOND:
            self._connect()

    def _fail(self, exchange: Exchange, error: str, detail: str) -> None:
        exchange.error, exchange.detail = error, detail
        exchange.ended = time.monotonic_ns()
        exchange.sent = exchange.sent or exchange.ended
        self._finished(exchange)

    def _sweep(self) -> None:
        """Give up what has been silent, or has taken, too long."""
        now = time.monotonic_ns()
        self._loop.at(now + self._sweep_every, self._sweep)
        stall, timeout = int(self._plan.stall * _SECOND), int(self._plan.timeout * _SECOND)
        for connection in list(self.busy):
            exchange = connection.exchange
            if exchange and now - exchange.sent > timeout:
                connection.close("timeout", f"not done after {self._plan.timeout:g} s")
            elif exchange and exchange.is_longer(MOST_BYTES):
                # Reading it would take three times as much memory again, and tell nothing.
                exchange.forget()
                connection.close("protocol", f"an answer of more than {MOST_BYTES >> 20} MiB")
            elif exchange and now - exchange.last_seen > stall:
                connection.close("stall", f"not a byte for {self._plan.stall:g} s")
        for connection in list(self._opening):
            if now - connection.begun > _CONNECT * _SECOND:
                connection.close("refused", f"no connection within {_CONNECT:g} s")
        while self.queue and now - self.queue[0][0].scheduled > timeout:
            self._fail(self.queue.popleft()[0], "timeout", f"not even sent after {self._plan.timeout:g} s")

    def give_up(self, error: str, detail: str) -> None:
        """End all that is on its way with this error."""
        self._closing = True
        while self.queue:
            self._fail(self.queue.popleft()[0], error, detail)
        for connection in list(self.busy):
            connection.close(error, detail)

    def close(self) -> None:
        """Close all connections; what is on its way stays without an end."""
        self._closing = True
        for connection in [*self._idle, *self._opening, *self.busy]:
            connection.abandon()
