"""The block bootstrap covers as often as it says, also where neighbours are alike."""

import math
import random

import pytest

from pytest_modeleval.perf.figures.bootstrap import block_bootstrap


def series(draw: random.Random, n: int, *, alike: float) -> list[float]:
    """A first-order autoregressive series with mean 10."""
    value = draw.gauss() / math.sqrt(1 - alike**2)
    values = []
    for _ in range(n):
        values.append(10 + value)
        value = alike * value + draw.gauss()
    return values


@pytest.mark.parametrize(("n", "alike", "least"), [(20, 0.0, 0.88), (60, 0.0, 0.91), (60, 0.3, 0.86), (400, 0.5, 0.87)])
def test_it_covers_the_mean(n: int, alike: float, least: float) -> None:
    draw = random.Random(3)
    rounds = 120
    hits = 0
    for seed in range(rounds):
        low, high = block_bootstrap(series(draw, n, alike=alike), seed=seed)
        hits += low <= 10 <= high

    assert hits / rounds >= least


def test_alike_neighbours_make_it_wider() -> None:
    values = series(random.Random(1), 400, alike=0.8)
    shuffled = random.Random(2).sample(values, len(values))

    assert width(values) > 1.5 * width(shuffled)


def width(values: list[float]) -> float:
    low, high = block_bootstrap(values)
    return high - low


def test_the_same_values_have_the_same_interval() -> None:
    values = series(random.Random(5), 50, alike=0.2)

    assert block_bootstrap(values) == block_bootstrap(values)
    assert block_bootstrap([2.0] * 50) == (2.0, 2.0)


def test_too_few_values_tell_nothing() -> None:
    assert block_bootstrap([1.0] * 7) == (-math.inf, math.inf)


def test_a_million_values_are_grouped() -> None:
    draw = random.Random(1)
    low, high = block_bootstrap([draw.random() for _ in range(200_003)])

    assert 0.49 < low < 0.5 < high < 0.51
    assert high - low < 0.01
