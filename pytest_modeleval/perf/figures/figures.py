"""Every figure of a load point, out of its records: one line of definition each, and what computes it."""

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from pytest_modeleval.perf.client.record import Load, Observation
from pytest_modeleval.perf.figures.bootstrap import block_bootstrap
from pytest_modeleval.perf.figures.definitions import RATES, SPREADS
from pytest_modeleval.perf.figures.flow import Flow, InFlight
from pytest_modeleval.perf.figures.lag import bounds_of, late_turns, token_bounds
from pytest_modeleval.perf.figures.spread import Spread
from pytest_modeleval.perf.figures.timing import Values, token_gaps, values_of

# A throughput's interval rests on the window cut into so many slices.
_SLICES = 60

Good = Callable[[Values], bool]


@dataclass(frozen=True)
class Figures:
    """The figures of one load point; times in seconds, shares between 0 and 1."""

    spreads: Mapping[str, Spread]
    # Requests in the figures: all that were sent after warm-up and ramp, however they ended.
    sent: int
    succeeded: int
    # How many were within every limit of the SLO; None where it has no limits.
    good: int | None
    # How many were so for sure, and how many can have been, whatever the client's own lag made of their times.
    good_bounds: tuple[int, int]
    # The failed ones by class.
    errors: Mapping[str, int]
    finishes: Mapping[str, int]
    # Where the numbers of tokens come from: "usage", "tokenizer", "chunks".
    counted_by: Mapping[str, int]
    seconds: float
    input_tokens: int
    output_tokens: int
    # None where no usage told.
    cached: float | None
    tokens_per_chunk: float | None
    concurrency: float
    peak: int
    # (seconds, requests/s, output tokens/s) while at least 95 % of the asked streams were busy; None if never, or open.
    steady: tuple[float, float, float] | None
    # What happened in each slice of the window, by the names of `RATES`, in amounts a second.
    slices: Mapping[str, Sequence[float]]
    # So many times as high the rates of a client without any lag can be.
    stretch: float = 1.0

    def rate(self, name: str) -> float:
        """A figure of `RATES`."""
        return _mean(self.slices[name])

    def share(self, name: str) -> float | None:
        """A figure of `SHARES`; None where nothing tells it."""
        if name == "cached":
            return self.cached
        count = {"success": self.succeeded, "errors": self.sent - self.succeeded, "goodput": self.good}[name]
        return None if count is None or not self.sent else count / self.sent

    def rate_interval(self, name: str, *, confidence: float = 0.95) -> tuple[float, float]:
        """The interval of a figure of `RATES`, by the block bootstrap over the slices; wider by the client's own lag.

        A block is at least as long as a request, which makes the slices alike that it spans.
        """
        slices = self.slices[name]
        lasting = self.spreads["service"].mean if "service" in self.spreads else 0.0
        spanned = math.ceil(lasting / (self.seconds / len(slices))) if slices and self.seconds else 1
        low, high = block_bootstrap(slices, confidence=confidence, least=spanned)
        rate, (least, most) = self.rate(name), self.rate_bounds(name)
        return (low * least / rate, high * most / rate) if rate else (low, max(high, most))

    def rate_bounds(self, name: str) -> tuple[float, float]:
        """Between what a figure of `RATES` lies, whatever the client's own lag made of it."""
        rate = self.rate(name)
        if name != "goodput_rate" or not self.succeeded or not self.seconds:
            return rate, rate * self.stretch
        least, most = (good / self.seconds for good in self.good_bounds)
        return min(rate, least), max(rate, most) * self.stretch

    @cached_property
    def failed(self) -> int:
        """Requests without a whole answer."""
        return self.sent - self.succeeded


def figures(loads: Sequence[Load], good: Good | None = None) -> Figures:
    """The figures of a load point, run once or in several parts; ``good`` tells whether a request is within the SLO."""
    pass_ = _Pass(good)
    parts = [pass_.read(load) for load in loads]
    slices = {name: [value for part in parts for value in part.get(name, ())] for name in RATES}
    if good is None:
        slices["goodput_rate"] = []
    seconds = math.fsum(load.window[1] - load.window[0] for load in loads)
    busy = [flight.mean(*load.window) * (load.window[1] - load.window[0]) for flight, load in pass_.flights]
    return Figures(
        spreads={name: spread for name, spread in pass_.spreads.items() if spread},
        sent=pass_.sent,
        succeeded=pass_.succeeded,
        good=pass_.good if good else None,
        good_bounds=(pass_.good_least, pass_.good_most),
        errors=dict(pass_.errors.most_common()),
        finishes=dict(pass_.finishes.most_common()),
        counted_by=dict(pass_.counted_by.most_common()),
        seconds=seconds,
        input_tokens=pass_.input_tokens,
        output_tokens=pass_.output_tokens,
        cached=pass_.cached / pass_.cacheable if pass_.cacheable else None,
        tokens_per_chunk=pass_.later_tokens / pass_.later_chunks if pass_.later_chunks else None,
        concurrency=math.fsum(busy) / seconds if seconds else 0.0,
        peak=max((flight.peak() for flight, _ in pass_.flights), default=0),
        steady=pass_.steady,
        slices=slices,
        stretch=_stretch(loads, seconds),
    )


def _stretch(loads: Sequence[Load], seconds: float) -> float:
    """The window by what is left of it without the time that streams waited for the client itself."""
    lost = math.fsum(map(_lost, loads))
    return seconds / (seconds - lost) if 0 < lost < seconds else 1.0


def _lost(load: Load) -> float:
    """Seconds of the window that the client's own lag took: of a closed loop, the mean stream's without a request."""
    client, begun, end = load.client, *load.window
    if client.parallel_asked:
        return (end - begun) * max(0.0, 1 - (client.parallel + client.paused) / client.parallel_asked)
    late, ended, warm_up = (load.records.column(name) for name in ("late", "ended", "warm_up"))
    own = (at - lag for at, lag, warm in zip(ended, late, warm_up, strict=True) if not warm)
    return max(0.0, end - max(own, default=end))


class _Pass:
    """One pass over the records of each load: sums, distributions and flows."""

    def __init__(self, good: Good | None) -> None:
        self._is_good = good
        self.spreads = {name: Spread() for name in SPREADS}
        self.errors: Counter[str] = Counter()
        self.finishes: Counter[str] = Counter()
        self.counted_by: Counter[str] = Counter()
        self.sent = self.succeeded = self.good = self.good_least = self.good_most = 0
        self.input_tokens = self.output_tokens = self.cached = self.cacheable = 0
        self.later_tokens = self.later_chunks = 0
        self.flights: list[tuple[InFlight, Load]] = []
        self.steady: tuple[float, float, float] | None = None

    def read(self, load: Load) -> dict[str, list[float]]:
        """Take a load in; how much happened in each slice of its window, a second."""
        flight, flows = InFlight(), {name: Flow() for name in RATES}
        conversations: dict[str, list[Observation]] = {}
        for record in load.records:
            flight.add(record.sent, record.ended)
            if record.warm_up:
                continue
            self.sent += 1
            if record.error:
                self.errors[record.error] += 1
                continue
            self._take(record, flows)
            if record.conversation:
                conversations.setdefault(record.conversation, []).append(record)
        for turns in conversations.values():
            self._take_conversation(turns)
        self.flights.append((flight, load))
        self._keep_steady(load, flight, flows)
        return _sliced(load.window, flows)

    def _take_conversation(self, turns: Sequence[Observation]) -> None:
        begun, last, late = turns[0].scheduled, turns[-1], late_turns(turns)
        whole = last.ended - begun
        self.spreads["conversation"].take([max(0.0, whole - late - last.end_lag)], [whole], [whole])
        if last.first is not None:
            first, lag = last.first - begun, last.lags[0] if last.lags else 0.0
            self.spreads["final_ttft"].take([max(0.0, first - late - lag)], [first], [first])

    def _take(self, record: Observation, flows: Mapping[str, Flow]) -> None:
        values = values_of(record)
        least, most = bounds_of(record, values)
        self.succeeded += 1
        self.finishes[record.finish or "none"] += 1
        self.counted_by[record.counted_by or "nothing"] += 1
        for name, value in values.items():
            self.spreads[name].take((least[name],), (value,), (most[name],))
        gaps = token_gaps(record)
        low, high = token_bounds(record) if record.lags else (gaps, gaps)
        self.spreads["itl"].take(low, gaps, high)
        into, out = record.input_tokens or 0, record.output_tokens or 0
        self.input_tokens += into
        self.output_tokens += out
        if record.cached_tokens is not None:
            self.cached += record.cached_tokens
            self.cacheable += into
        if len(record.chunks) > (one := record.clumps[0] if record.clumps else 1) and record.output_tokens:
            self.later_tokens += max(0, out - record.first_tokens)
            self.later_chunks += len(record.chunks) - one
        is_good = self._count_good(least, values, most)
        flows["request_rate"].add(record.sent, record.ended, 1)
        flows["goodput_rate"].add(record.sent, record.ended, float(is_good))
        # The prompt is read until the first token comes, the answer written from then on.
        first = record.ended if record.first is None else record.first
        flows["input_rate"].add(record.sent, first, into)
        flows["output_rate"].add(*((record.sent, record.ended) if record.first is None else _writing(record)), out)

    def _count_good(self, least: Values, values: Values, most: Values) -> bool:
        if self._is_good is None:
            return False
        at_least, is_good, at_most = map(self._is_good, (least, values, most))
        # A limit on a time is kept at the least of it, one on a speed at the most.
        mixed = {name: (most if name in ("speed", "answer_rate") else least)[name] for name in values}
        self.good += is_good
        self.good_least += at_least and at_most
        self.good_most += is_good or self._is_good(mixed)
        return is_good

    def _keep_steady(self, load: Load, flight: InFlight, flows: Mapping[str, Flow]) -> None:
        if load.plan.parallel is None or self.steady is not None:
            return
        # Warm-up and ramp are no steady part.
        full = flight.steady(load.plan.parallel)
        start, end = max(full[0], load.window[0]) if full else 0.0, full[1] if full else 0.0
        if end > start:
            requests, tokens = (flows[name].between([start, end])[0] for name in ("request_rate", "output_rate"))
            self.steady = end - start, requests / (end - start), tokens / (end - start)


def _writing(record: Observation) -> tuple[float, float]:
    assert record.first is not None
    return record.first, record.last if record.last is not None else record.ended


def _sliced(window: tuple[float, float], flows: Mapping[str, Flow]) -> dict[str, list[float]]:
    """What happened in each slice of the window, a second; their mean is the whole window's rate."""
    start, end = window
    if end <= start:
        return {}
    step = (end - start) / _SLICES
    edges = [*(start + step * place for place in range(_SLICES)), end]
    sliced = {name: [amount / step for amount in flow.between(edges)] for name, flow in flows.items()}
    pairs = zip(sliced["input_rate"], sliced["output_rate"], strict=True)
    sliced["total_rate"] = [into + out for into, out in pairs]
    return sliced


def _mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values) if values else 0.0
