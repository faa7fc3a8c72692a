"""The load itself: sends what is due, keeps what comes, and ends in time."""

import time
from collections.abc import Callable, Iterable, Iterator
from typing import Literal

import pytest

from pytest_modeleval.perf.client.arrivals import schedule, streams
from pytest_modeleval.perf.client.client import Observed
from pytest_modeleval.perf.client.exchange import Exchange
from pytest_modeleval.perf.client.loop import Loop
from pytest_modeleval.perf.client.pool import Pool
from pytest_modeleval.perf.client.progress import Progress, Tally
from pytest_modeleval.perf.client.record import Load, LoadRequest, Plan
from pytest_modeleval.perf.client.resources import allow_files, undisturbed
from pytest_modeleval.perf.client.supply import Supply
from pytest_modeleval.perf.client.target import Target

_SECOND = 1_000_000_000
# Seconds until a stream tries again that was refused: a dead server must not be hammered.
_AGAIN = 0.1
# Seconds for opening the connections.
_OPENING = 30.0
# Seconds between two looks at the progress.
_TICK = 0.5


def run_load(
    target: Target,
    requests: Iterable[LoadRequest],
    plan: Plan,
    *,
    tokens_of: Callable[[str], int] | None = None,
    tick: Callable[[Progress], None] | None = None,
) -> Load:
    """Send the requests as planned and tell what came; Ctrl-C ends it with what there is by then.

    ``tokens_of`` counts the tokens of an answer whose server does not tell; ``tick`` is called twice a second, on the
    measuring loop, so it must be quick.
    """
    run = _Run(target, requests, plan, tokens_of, tick)
    with undisturbed():
        try:
            run.open()
            return run.result(run.until_done())
        finally:
            run.close()


class _Run:
    """One load while it runs; times are nanoseconds of the monotonic clock."""

    def __init__(
        self,
        target: Target,
        requests: Iterable[LoadRequest],
        plan: Plan,
        tokens_of: Callable[[str], int] | None,
        tick: Callable[[Progress], None] | None,
    ) -> None:
        self._target, self._plan, self._tick = target, plan, tick
        self._loop = Loop()
        self._pool = Pool(self._loop, target, plan, self._finish)
        self._supply = Supply(requests)
        self._observed = Observed(plan, tokens_of)
        self._measured = 0
        self._warm_up_left = plan.warm_up
        # When the figures begin; when sending ends, which is known as soon as they have begun.
        self._begun = self._until = 0
        # Turns that wait for their time.
        self._later = 0
        self._issued_all = False
        self._limit_reached = False

    def open(self) -> None:
        """Open the connections and make the requests, before anything is measured."""
        plan = self._plan
        # In an open loop: as many as are on their way while answers take two seconds; more are opened when needed.
        wanted = plan.parallel or min(plan.max_parallel, max(16, round(2 * (plan.rate or 8))))
        allow_files(plan.parallel or plan.max_parallel)
        self._supply.prepare(None if plan.number is None else plan.number + plan.warm_up)
        if self._supply.peek() is None:
            raise pytest.UsageError("a load needs at least one request, and none was given")
        if not self._pool.open(wanted, _OPENING):
            raise pytest.UsageError(f"no connection could be opened: {self._pool.refusal or 'no answer'}")

    def until_done(self) -> Literal["", "interrupted", "limit"]:
        """Run the load; why it ended early."""
        self._tally, self._origin = Tally(), time.monotonic_ns()
        self._observed.begin(self._origin, self._pool.opened_ever)
        if self._plan.limit:
            self._loop.at(self._origin + int(self._plan.limit * _SECOND), self._stop_all)
        if self._tick:
            self._loop.at(self._origin + int(_TICK * _SECOND), self._show)
        try:
            self._begin()
            while not self._issued_all or self._later or self._pool.busy or self._pool.queue:
                self._loop.turn(self._observed.idle_work)
        except KeyboardInterrupt:
            return "interrupted"
        return "limit" if self._limit_reached else ""

    def _begin(self) -> None:
        if self._plan.parallel:
            self._streams = self._plan.parallel
            for start in streams(self._plan):
                self._loop.at(self._origin + int(start * _SECOND), self._stream)
            return
        trace = self._plan.arrivals == "trace"
        self._arrivals = self._recorded() if trace else schedule(self._plan)
        self._await_arrival()

    # A closed loop.

    def _stream(self) -> None:
        """Have a stream send its next request, or end it."""
        now = time.monotonic_ns()
        request = None if self._is_over(now) else self._supply.next()
        if request is None:
            self._retire(now)
            return
        self._send(request, now, warm_up=self._is_warm_up(now))

    def _retire(self, now: int) -> None:
        self._observed.drained(now)
        self._streams -= 1
        self._issued_all = not self._streams

    def _is_over(self, now: int) -> bool:
        if self._limit_reached or (self._plan.number and self._measured >= self._plan.number):
            return True
        return bool(self._until) and now >= self._until

    def _is_warm_up(self, now: int) -> bool:
        if now - self._origin < self._plan.ramp_up * _SECOND:
            return True
        self._warm_up_left -= 1
        return self._warm_up_left >= 0

    # An open loop.

    def _recorded(self) -> Iterator[tuple[float, bool]]:
        """The arrivals of a trace, which its requests bring along."""
        start = None
        while (request := self._supply.peek()) is not None:
            at = request.at or 0.0
            warm_up = self._warm_up_left > 0
            self._warm_up_left -= 1
            start = at if start is None and not warm_up else start
            if start is not None and self._plan.duration and at - start >= self._plan.duration:
                return
            if self._plan.number and self._measured >= self._plan.number:
                return
            yield at, warm_up

    def _await_arrival(self) -> None:
        arrival = None if self._limit_reached else next(self._arrivals, None)
        if arrival is None:
            self._end_arrivals()
            return
        due = self._origin + int(arrival[0] * _SECOND)
        self._loop.at(due, lambda: self._arrive(due, arrival[1]))

    def _arrive(self, due: int, warm_up: bool) -> None:
        request = self._supply.next()
        if request is None or self._limit_reached:
            self._end_arrivals()
            return
        self._send(request, due, warm_up=warm_up)
        self._await_arrival()

    def _end_arrivals(self) -> None:
        self._observed.drained(time.monotonic_ns())
        self._issued_all = True

    # Both.

    def _send(self, request: LoadRequest, due: int, *, warm_up: bool, paused: int = 0) -> None:
        exchange = Exchange(request, due, warm_up=warm_up, turn=self._supply.turn(request))
        exchange.paused = paused
        self._tally.sent()
        if not warm_up:
            self._measured += 1
            if not self._begun:
                self._begun = due
                self._observed.window(due, self._pool.opened_ever)
                if self._plan.duration:
                    self._until = due + int(self._plan.duration * _SECOND)
        body = self._supply.body(request)
        self._observed.schedule_lag(time.monotonic_ns() - due)
        self._pool.send(exchange, body)

    def _finish(self, exchange: Exchange) -> None:
        self._tally.ended(exchange)
        now = time.monotonic_ns()
        following = self._supply.following(exchange)
        if following and not self._is_over(now):
            due = now if following.at is None else max(now, self._origin + int(following.at * _SECOND))
            due += int(following.pause * _SECOND)
            self._later += 1
            self._loop.at(due, lambda: self._follow(following, due, warm_up=exchange.warm_up, paused=due - now))
        elif self._plan.parallel:
            if exchange.error == "refused":
                self._loop.at(now + int(_AGAIN * _SECOND), self._stream)
            else:
                self._stream()
        self._observed.add(exchange)

    def _follow(self, request: LoadRequest, due: int, *, warm_up: bool, paused: int) -> None:
        self._later -= 1
        if not self._limit_reached:
            self._send(request, due, warm_up=warm_up and self._is_warm_up(due), paused=paused)

    def _stop_all(self) -> None:
        self._limit_reached = True
        self._observed.drained(time.monotonic_ns())
        self._pool.give_up("timeout", f"not done when the load's {self._plan.limit:g} s were over")
        self._issued_all = True

    def _show(self) -> None:
        self._loop.at(time.monotonic_ns() + int(_TICK * _SECOND), self._show)
        assert self._tick
        self._tick(self._tally.progress(len(self._pool.busy)))

    def result(self, stopped: Literal["", "interrupted", "limit"]) -> Load:
        """What was measured."""
        unfinished = len(self._pool.busy) + len(self._pool.queue)
        records, window, client = self._observed.result(self._pool)
        records.details = {error: self._target.shown(detail) for error, detail in records.details.items()}
        return Load(records, window, client, self._plan, stopped, unfinished, self._supply.dropped)

    def close(self) -> None:
        """Close all connections."""
        self._pool.close()
        self._loop.close()
