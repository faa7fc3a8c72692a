"""The requests in the order they are wanted, turns of a conversation one after another."""

import time
from collections import deque
from collections.abc import Iterable

from pytest_modeleval.perf.client.exchange import Exchange
from pytest_modeleval.perf.client.parsing import answer_of, verdict
from pytest_modeleval.perf.client.record import LoadRequest

# Bytes of requests made before the window.
_MOST_PREPARED = 64 << 20
# Seconds for making requests when nobody knows how many will be wanted.
_LONGEST = 1.0


class Supply:
    """Hands out requests; a conversation's next turn waits until the turn before it has ended."""

    def __init__(self, requests: Iterable[LoadRequest]) -> None:
        self._requests = iter(requests)
        self._prepared: deque[LoadRequest] = deque()
        # Of each conversation on its way: the turns that wait.
        self._waiting: dict[str, deque[LoadRequest]] = {}
        self._turns: dict[str, int] = {}
        self._answers: dict[str, list[str]] = {}
        self._failed: set[str] = set()
        # Turns never handed out, as an earlier one failed.
        self.dropped = 0

    def prepare(self, most: int | None) -> None:
        """Make requests ahead, so that it costs no time in the window: this many, or as many as take a second.

        Memory is for 64 MB of them; what is not made ahead is made when it is due.
        """
        size, until = 0, time.monotonic() + _LONGEST
        while size < _MOST_PREPARED and (time.monotonic() < until if most is None else len(self._prepared) < most):
            request = next(self._requests, None)
            if request is None:
                return
            self._prepared.append(request)
            size += len(request.body) if isinstance(request.body, bytes) else 0

    def peek(self) -> LoadRequest | None:
        """The request that is handed out next, unless its conversation is busy."""
        if not self._prepared:
            self.prepare(1)
        return self._prepared[0] if self._prepared else None

    def next(self) -> LoadRequest | None:
        """The next request of no conversation or of one that is free; None when there is none."""
        while True:
            request = self._prepared.popleft() if self._prepared else next(self._requests, None)
            if request is None or not request.conversation:
                return request
            if request.conversation in self._failed:
                self.dropped += 1
            elif request.conversation in self._waiting:
                self._waiting[request.conversation].append(request)
            else:
                self._waiting[request.conversation] = deque()
                return request

    def turn(self, request: LoadRequest) -> int:
        """Which turn of its conversation this is, counted once for each request."""
        if not request.conversation:
            return 0
        turn = self._turns.get(request.conversation, 0)
        self._turns[request.conversation] = turn + 1
        return turn

    def body(self, request: LoadRequest) -> bytes:
        """The request's body, made now if it quotes what was answered before."""
        return (
            request.body
            if isinstance(request.body, bytes)
            else request.body(self._answers.get(request.conversation, ()))
        )

    def following(self, exchange: Exchange) -> LoadRequest | None:
        """The turn that may be sent now that this exchange has ended."""
        conversation = exchange.request.conversation
        if not conversation:
            return None
        if not self._is_answered(exchange):
            self._failed.add(conversation)
            self.dropped += len(self._waiting.pop(conversation))
            return None
        waiting = self._waiting[conversation]
        if waiting:
            return waiting.popleft()
        del self._waiting[conversation]
        upcoming = self.peek()
        return self.next() if upcoming and upcoming.conversation == conversation else None

    def _is_answered(self, exchange: Exchange) -> bool:
        """Whether a turn has an answer; kept where later ones quote it. Else it is looked at after the window alone."""
        if exchange.error or exchange.framing.status >= 300:
            return False
        if not exchange.request.quoted:
            return True
        answer, _ = answer_of(exchange, text=True)
        self._answers.setdefault(exchange.request.conversation, []).append("".join(answer.text))
        return verdict(answer) == ("", "")
