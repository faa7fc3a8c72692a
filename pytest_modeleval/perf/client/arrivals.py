"""When the requests of an open loop are due: a schedule of absolute times, fixed before the load."""

import math
import random
from collections.abc import Iterator
from itertools import accumulate, count

from pytest_modeleval.perf.client.record import Plan

# Arrivals whose number is not known come in blocks, each as long as its number asks.
_BLOCK = 1000


def schedule(plan: Plan) -> Iterator[tuple[float, bool]]:
    """Seconds from the start at which requests are due, and whether they are outside the figures.

    Poisson arrivals are conditioned on their number: n of them fall in n / rate seconds, as uniformly as ever, so that
    the rate offered is the one asked for; so are gamma ones.
    """
    assert plan.rate
    rng = random.Random(plan.seed)
    if plan.ramp_up:
        # The rate grows evenly: by t it has brought rate · t² / (2 · ramp) arrivals.
        for unit in _block(plan, rng, round(plan.rate * plan.ramp_up / 2), 1.0):
            yield math.sqrt(2 * plan.ramp_up * unit / plan.rate), True
    start = plan.ramp_up
    for at in _block(plan, rng, plan.warm_up, plan.rate):
        yield start + at, True
    start += plan.warm_up / plan.rate
    for size in _blocks(plan):
        for at in _block(plan, rng, size, plan.rate):
            yield start + at, False
        start += size / plan.rate


def _blocks(plan: Plan) -> Iterator[int]:
    assert plan.rate
    limits = [plan.number] if plan.number else []
    if plan.duration:
        limits.append(max(1, round(plan.rate * plan.duration)))
    if limits:
        yield min(limits)
    else:
        yield from (_BLOCK for _ in count())


def _block(plan: Plan, rng: random.Random, size: int, rate: float) -> Iterator[float]:
    """So many arrivals within size / rate seconds."""
    if plan.arrivals == "constant":
        yield from (index / rate for index in range(size))
        return
    shape = plan.burstiness if plan.arrivals == "gamma" else 1.0
    gaps = [rng.gammavariate(shape, 1.0) for _ in range(size + 1)]
    total = math.fsum(gaps) or 1.0
    yield from (size / rate * so_far / total for so_far in accumulate(gaps[:-1]))


def streams(plan: Plan) -> Iterator[float]:
    """Seconds from the start at which each stream of a closed loop begins: at once, or spread over the ramp."""
    assert plan.parallel
    yield from (plan.ramp_up * index / plan.parallel for index in range(plan.parallel))
