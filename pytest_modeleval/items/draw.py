"""Which rows are asked: seeded draws, and how many each part of a whole gives."""

from collections.abc import Hashable, Mapping, Sequence
from fractions import Fraction
from random import Random
from typing import TypeVar

Subset = TypeVar("Subset", bound=Hashable)


def choose(
    rows: Mapping[Subset, Sequence[int]], *, limit: int | None, limit_per_subset: int | None, seed: int, name: str
) -> dict[Subset, Sequence[int]]:
    """Which of each subset's rows to ask, in order: all, or a seeded draw that a larger limit only adds to."""
    left = dict(rows)
    if limit_per_subset:
        left = {
            subset: [numbers[place] for place in draw(len(numbers), limit_per_subset, f"{seed} {name} {subset}")]
            for subset, numbers in rows.items()
        }
    if limit is None:
        return left
    pairs = [(subset, index) for subset, indexes in left.items() for index in indexes]
    drawn: dict[Subset, list[int]] = {subset: [] for subset in rows}
    for place in draw(len(pairs), limit, f"{seed} {name}"):
        subset, index = pairs[place]
        drawn[subset].append(index)
    return {subset: indexes for subset, indexes in drawn.items() if indexes}


def draw(size: int, number: int, seed: str) -> Sequence[int]:
    """The first ``number`` of a seeded permutation, sorted."""
    order = list(range(size))
    Random(seed).shuffle(order)
    return sorted(order[:number])


def allot(number: int, weights: Sequence[float], sizes: Sequence[int], *, least: int = 0) -> list[int]:
    """How many of ``number`` each part gives: in proportion to its weight, at least ``least``, at most its size.

    What a part cannot give, or must, is the others' in their proportions; fractions go to the largest remainders
    (Hamilton's method), so that the sum is exactly ``number``, or everything where there is less.
    """
    number = min(number, sum(sizes))
    given = {part: 0 for part, size in enumerate(sizes) if not size}
    while len(given) < len(sizes):
        rest = number - sum(given.values())
        total = sum(Fraction(weight) for part, weight in enumerate(weights) if part not in given)
        ideal = {part: rest * Fraction(w) / total for part, w in enumerate(weights) if part not in given}
        bounded = {part: min(max(share, Fraction(least)), Fraction(sizes[part])) for part, share in ideal.items()}
        if bounded == ideal:
            given |= _rounded(ideal, rest)
        given |= {part: int(bound) for part, bound in bounded.items() if bound != ideal[part]}
    return [given[part] for part in range(len(sizes))]


def _rounded(ideal: Mapping[int, Fraction], number: int) -> dict[int, int]:
    down = {part: int(share) for part, share in ideal.items()}
    by_remainder = sorted(ideal, key=lambda part: down[part] - ideal[part])
    return down | {part: down[part] + 1 for part in by_remainder[: number - sum(down.values())]}
