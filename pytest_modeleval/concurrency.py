"""How many requests to have in flight: a limit that learns what the server keeps up with."""

import asyncio
from collections import deque

START = 16
MOST = 1024


class Limit:
    """A number of slots that grows while throughput does and shrinks when the server says it is too much.

    Until the first sign of saturation it doubles with each full window of answers (as TCP's slow start does), after
    it grows by one a window. Only windows in which every slot was in use count: an idle limit proves nothing.
    """

    def __init__(self, fixed: int | None) -> None:
        self.now = fixed or START
        self._fixed = fixed is not None
        self._doubling = True
        self._best = 0.0
        self._answers = 0
        self._began = 0.0
        self._full = False
        self._shrunk = -1.0

    def used(self, in_flight: int) -> None:
        """Note how many slots are taken."""
        self._full = self._full or in_flight >= self.now

    def answered(self, clock: float) -> None:
        """Note an answer; at the end of a window of ``now`` answers, grow if that window was faster."""
        if self._fixed:
            return
        if not self._answers:
            self._began = self._began or clock
        self._answers += 1
        if self._answers < self.now:
            return
        rate = self._answers / max(clock - self._began, 1e-6)
        if self._full:
            if rate > 1.1 * self._best:
                self._best = rate
                self.now = min(MOST, self.now * 2 if self._doubling else self.now + 1)
            elif self._doubling:
                # Twice the requests were not faster: the server queues them. Go back, then creep.
                self.now, self._doubling = max(1, self.now // 2), False
            else:
                # The server may have become faster (or we slower); compare with the present from now on.
                self._best = 0.9 * self._best
        self._answers, self._began, self._full = 0, clock, False

    def throttled(self, clock: float, latency: float) -> None:
        """Halve after a rate limit, once for all the refusals that were in flight together."""
        self._doubling = False
        if not self._fixed and clock - self._shrunk > latency:
            self.now = max(1, self.now // 2)
            self._shrunk, self._best, self._answers = clock, 0.0, 0


class Slots:
    """The slots of one model, handed out in the order of asking; closed for a while when the server says so."""

    def __init__(self, fixed: int | None) -> None:
        self.limit = Limit(fixed)
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
