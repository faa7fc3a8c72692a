"""How many requests to have in flight: a limit that learns what the server keeps up with."""

import asyncio
from collections import deque

START = 16
MOST = 1024
# Windows to wait after a try that did not pay, or after a rate limit.
HOLD = 8


class Limit:
    """A number of slots that grows while throughput grows with it and shrinks when the server says it is too much.

    It tries more slots for one window of answers and keeps them if at least half of the increase came out as
    throughput; until the first try that did not pay it doubles, as TCP's slow start does. Only windows in which every
    slot was in use count: an idle limit proves nothing.
    """

    def __init__(self, fixed: int | None, most: int = MOST) -> None:
        self.now = fixed or min(START, most)
        self._most = most
        self._fixed = fixed is not None
        self._doubling = True
        # The limit and the rate before the present try; None between tries.
        self._before: tuple[int, float] | None = None
        self._hold = 0
        self._shrunk = float("-inf")
        self._begin(0.0)

    def _begin(self, clock: float) -> None:
        self._answers, self._began, self._full = 0, clock, False

    def used(self, in_flight: int) -> None:
        """Note how many slots are taken."""
        self._full = self._full or in_flight >= self.now

    def answered(self, clock: float) -> None:
        """Note an answer; at the end of a window of ``now`` answers, decide."""
        if self._fixed:
            return
        self._answers += 1
        if self._answers >= self.now:
            if self._full and self._began:
                self._decide(self._answers / max(clock - self._began, 1e-6))
            self._begin(clock)

    def _decide(self, rate: float) -> None:
        if self._before is not None:
            limit, rate_before = self._before
            self._before = None
            if rate < rate_before * (1 + self.now / limit) / 2:
                self.now, self._doubling, self._hold = limit, False, HOLD
        if self._hold:
            self._hold -= 1
        elif self.now < self._most:
            self._before = self.now, rate
            self.now = min(self._most, self.now * 2 if self._doubling else self.now + max(1, self.now // 10))

    def throttled(self, clock: float, latency: float) -> None:
        """Halve after a rate limit, once for all the refusals that were in flight together."""
        if self._fixed or clock - self._shrunk <= latency:
            return
        self.now = max(1, self.now // 2)
        self._shrunk, self._before, self._doubling, self._hold = clock, None, False, HOLD
        self._begin(clock)


class Slots:
    """The slots of one model, handed out in the order of asking; closed for a while when the server says so."""

    def __init__(self, fixed: int | None, most: int = MOST) -> None:
        self.limit = Limit(fixed, most)
        self.in_flight = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._opens = 0.0

    async def take(self) -> None:
        """Wait for a free slot."""
        loop = asyncio.get_running_loop()
        while True:
            closed = self._opens - loop.time()
            if closed > 0:
                await asyncio.sleep(closed)
            elif self.in_flight < self.limit.now:
                break
            else:
                turn: asyncio.Future[None] = loop.create_future()
                self._waiting.append(turn)
                try:
                    await turn
                except asyncio.CancelledError:
                    self._wake()
                    raise
        self.in_flight += 1
        self.limit.used(self.in_flight)

    def give_back(self) -> None:
        """Free a slot."""
        self.in_flight -= 1
        self._wake()

    def close_for(self, seconds: float) -> None:
        """Let nobody in before ``seconds`` have passed."""
        self._opens = max(self._opens, asyncio.get_running_loop().time() + seconds)

    def _wake(self) -> None:
        free = self.limit.now - self.in_flight
        while self._waiting and free > 0:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                free -= 1
