"""How many rows each part gives, and which."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_modeleval.items.draw import allot, choose

PARTS = st.lists(st.tuples(st.integers(0, 60), st.floats(1e-6, 1e6)), min_size=1, max_size=12)


@pytest.mark.parametrize(
    ("number", "weights", "sizes", "least", "expected"),
    [
        (10, [1, 1], [100, 100], 0, [5, 5]),
        (10, [3, 1], [100, 100], 0, [8, 2]),
        (10, [1, 1, 1], [100, 100, 100], 0, [4, 3, 3]),
        (10, [2, 1, 1], [3, 100, 100], 0, [3, 4, 3]),
        (10, [1, 1], [4, 3], 0, [4, 3]),
        (10, [8, 1, 1], [2, 5, 100], 0, [2, 4, 4]),
        (10, [98, 1, 1], [98, 1, 1], 1, [8, 1, 1]),
        (3, [98, 1, 1], [98, 1, 1], 1, [1, 1, 1]),
        (100, [1, 1], [0, 5], 1, [0, 5]),
        (1, [1, 3], [9, 9], 0, [0, 1]),
    ],
    ids=[
        "even",
        "7.5 and 2.5",
        "a third",
        "capped",
        "everything",
        "capped twice",
        "least",
        "only least",
        "empty",
        "one",
    ],
)
def test_shares(number: int, weights: list[float], sizes: list[int], least: int, expected: list[int]) -> None:
    assert allot(number, weights, sizes, least=least) == expected


@given(PARTS, st.integers(0, 800))
def test_shares_sum_to_the_number_or_to_all_there_is(parts: list[tuple[int, float]], number: int) -> None:
    sizes, weights = [size for size, _ in parts], [weight for _, weight in parts]

    shares = allot(number, weights, sizes)

    assert sum(shares) == min(number, sum(sizes))
    assert all(0 <= share <= size for share, size in zip(shares, sizes, strict=True))


@given(st.lists(st.integers(1, 500), min_size=1, max_size=12), st.integers(0, 5000))
def test_stratified_shares_are_at_least_one_and_within_one_of_their_proportion(sizes: list[int], more: int) -> None:
    number = len(sizes) + more

    shares = allot(number, sizes, sizes, least=1)

    assert sum(shares) == min(number, sum(sizes))
    assert all(1 <= share <= size for share, size in zip(shares, sizes, strict=True))
    if min(sizes) * number >= sum(sizes) and number <= sum(sizes):
        # Nobody needed the floor of one.
        assert all(abs(share - number * s / sum(sizes)) < 1 for share, s in zip(shares, sizes, strict=True))


@given(PARTS, st.integers(0, 800))
def test_a_heavier_part_of_the_same_size_never_gives_less(parts: list[tuple[int, float]], number: int) -> None:
    weights = sorted(weight for _, weight in parts)

    shares = allot(number, weights, [50] * len(weights))

    assert all(
        less <= more + (light == heavy)
        for (light, less), (heavy, more) in zip(
            zip(weights, shares, strict=True), list(zip(weights, shares, strict=True))[1:], strict=False
        )
    )


@given(st.dictionaries(st.sampled_from("abcd"), st.integers(0, 40), min_size=1), st.integers(0, 200), st.integers())
def test_a_draw_is_without_replacement_and_the_same_for_the_same_seed(
    sizes: dict[str, int], limit: int, seed: int
) -> None:
    def drawn() -> dict[str, list[int]]:
        rows = {subset: range(size) for subset, size in sizes.items()}
        chosen = choose(rows, limit=limit, limit_per_subset=None, seed=seed, name="b")
        return {subset: list(indexes) for subset, indexes in chosen.items()}

    assert drawn() == drawn()
    assert sum(map(len, drawn().values())) == min(limit, sum(sizes.values()))
    assert all(len(set(rows)) == len(rows) and set(rows) <= set(range(sizes[s])) for s, rows in drawn().items())


def test_another_seed_draws_other_rows() -> None:
    one, other = (choose({"a": range(1000)}, limit=20, limit_per_subset=None, seed=seed, name="b") for seed in (0, 1))

    assert one != other


def test_rows_that_are_left_out_are_not_drawn() -> None:
    rows = {"a": [3, 5, 8, 9], "b": []}

    drawn = choose(rows, limit=3, limit_per_subset=None, seed=0, name="b")
    by_subset = choose(rows, limit=None, limit_per_subset=2, seed=0, name="b")

    assert len(drawn["a"]) == 3
    assert set(drawn["a"]) | set(by_subset["a"]) <= set(rows["a"])
    assert (len(by_subset["a"]), len(by_subset["b"])) == (2, 0)
