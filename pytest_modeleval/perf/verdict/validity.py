"""The verdict on the measurement itself: what the client did wrong, or could not do, makes its figures invalid."""

import math
from dataclasses import dataclass

from pytest_modeleval.perf.client.record import Load


@dataclass(frozen=True)
class Bounds:
    """What a measurement must keep to; seconds and shares."""

    # Measured on two busy cores: 256 streams of 100 tokens a second stay below 6 ms, with times exact to 0.1 ms by the
    # kernel's stamps. Our own stamps are late by all of the lag.
    lag_by_kernel: float = 0.02
    lag_by_user: float = 0.002
    # Half of the hundredth that a 99th percentile leaves above it. Measured: 1 % of lost gaps can move one of 44 ms by
    # 14 ms where the server stalls too.
    clumped: float = 0.005
    cpu: float = 0.9
    # Requests sent late, as share of the median latency, but never less than the seconds.
    schedule_lag: float = 0.05
    schedule_lag_least: float = 0.01
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
    client, found = load.client, []
    most = bounds.lag_by_kernel if client.stamps == "kernel" else bounds.lag_by_user
    if client.lag is not None and client.lag > most:
        found.append(f"the client read what came {_ms(client.lag)} late (p99; at most {_ms(most)}): {_FASTER}")
    if client.clumped > bounds.clumped:
        found.append(f"{client.clumped:.1%} of the reads brought chunks that waited for the client: {_FASTER}")
    if client.cpu > bounds.cpu:
        found.append(
            f"the client's loop was busy for {client.cpu:.0%} of the time: {_FASTER}, or share the load among several "
            "machines"
        )
    most = max(bounds.schedule_lag_least, bounds.schedule_lag * _median_latency(load))
    if client.schedule_lag > most:
        found.append(f"requests were sent {_ms(client.schedule_lag)} late (p99; at most {_ms(most)}): {_FASTER}")
    return found


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


def _median_latency(load: Load) -> float:
    records = load.records
    sent, ended, warm_up = (records.column(name) for name in ("sent", "ended", "warm_up"))
    latencies = sorted(end - start for start, end, warm in zip(sent, ended, warm_up, strict=True) if not warm)
    return latencies[len(latencies) // 2] if latencies else 0.0


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.1f} ms"
