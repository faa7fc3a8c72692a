"""The verdict on the measurement itself: what the client did wrong, or could not do, makes its figures invalid."""

import math
from dataclasses import dataclass

from pytest_modeleval.perf.client.record import Load


@dataclass(frozen=True)
class Bounds:
    """What a measurement must keep to; seconds and shares."""

    # What the client itself can have made of the median latency, as a share of it: beyond, no figure says anything.
    own: float = 0.5
    parallel: float = 0.97
    rate: float = 0.05
    # Share of the input tokens from a cache where none was expected.
    cached: float = 0.01


@dataclass(frozen=True)
class Verdict:
    """Whether a load's figures can be believed; of an invalid one, why not and what to change, a line each."""

    reasons: tuple[str, ...] = ()

    @property
    def is_valid(self) -> bool:
        """Whether nothing speaks against the figures."""
        return not self.reasons

    def __str__(self) -> str:
        return "valid" if self.is_valid else f"INVALID: {'; '.join(self.reasons)}"


_FASTER = "use a faster or less busy machine, or a lower load"


def decide(load: Load, *, cold: bool = False, bounds: Bounds | None = None) -> Verdict:
    """The verdict; ``cold``: no prompt should have been found in a cache."""
    bounds = bounds or Bounds()
    found = [*_client(load, bounds), *_load(load, bounds), *(_cache(load, bounds) if cold else [])]
    return Verdict(tuple(found))


def _client(load: Load, bounds: Bounds) -> list[str]:
    own, latency = _medians(load)
    if own <= bounds.own * latency:
        return []
    return [
        f"the client itself can have made {_ms(own)} of the median latency of {_ms(latency)}, by what it sent or read "
        f"late: {_FASTER}"
    ]


def _load(load: Load, bounds: Bounds) -> list[str]:
    client, found = load.client, []
    if load.stopped == "interrupted":
        some = "1 request" if load.unfinished == 1 else f"{load.unfinished} requests"
        found.append(f"it was broken off (Ctrl-C) with {some} on the way")
    asked = client.parallel_asked
    if asked and client.parallel + client.paused < bounds.parallel * asked:
        found.append(
            f"{client.parallel:.3g} requests were on their way on average where {asked} were asked for: "
            "send more requests, or see why connections end or are refused"
        )
    if abs(client.on_schedule - 1) > bounds.rate:
        found.append(
            f"{client.on_schedule:.1%} of the rate asked for was sent"
            + (
                f", as {client.queue} requests waited for a connection: raise the most in parallel, or lower the rate"
                if client.queue
                else f": {_FASTER}"
            )
        )
    return found


def _cache(load: Load, bounds: Bounds) -> list[str]:
    told = [
        (cached, prompt)
        for cached, prompt, warm_up in zip(
            load.records.column("cached_tokens"),
            load.records.column("input_tokens"),
            load.records.column("warm_up"),
            strict=True,
        )
        if not warm_up and not math.isnan(cached) and not math.isnan(prompt)
    ]
    prompts = math.fsum(prompt for _, prompt in told)
    share = math.fsum(cached for cached, _ in told) / prompts if prompts else 0.0
    if share <= bounds.cached:
        return []
    return [f"{share:.1%} of the input tokens came from a cache: send prompts that share no beginning, or turn it off"]


def _medians(load: Load) -> tuple[float, float]:
    """How much of a request's latency the client's own lag can be, and the latency: both of the median request."""
    names = ("scheduled", "ended", "late", "end_lag", "warm_up")
    columns = zip(*map(load.records.column, names), strict=True)
    both = [(late + end_lag, end - start) for start, end, late, end_lag, warm_up in columns if not warm_up]
    owns, latencies = (sorted(values) for values in zip(*both, strict=True)) if both else ([0.0], [0.0])
    return owns[len(owns) // 2], latencies[len(latencies) // 2]


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.1f} ms"
