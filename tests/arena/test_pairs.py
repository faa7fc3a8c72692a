"""Who meets whom."""

from fnmatch import fnmatch

import pytest

from pytest_modeleval.arena.pairs import battles_of, pairs_of, sample_of
from pytest_modeleval.models.spec import ModelSpec
from pytest_modeleval.options.options import Options


def specs(number: int) -> list[ModelSpec]:
    return [ModelSpec(f"m{place}", "openai", "m") for place in range(number)]


def met(number: int, **options: object) -> list[str]:
    found = pairs_of(specs(number), (), Options.of({"arena": True, **options}, "here"))
    return [f"{one.name[1:]}{two.name[1:]}" for one, two in found]


def test_up_to_eight_all_meet_all() -> None:
    assert met(3) == ["01", "02", "12"]
    assert len(met(8)) == 28


def test_of_more_each_meets_the_first_and_its_neighbour() -> None:
    found = met(10)

    assert found == [*(f"0{place}" for place in range(1, 10)), *(f"{place}{place + 1}" for place in range(1, 9))]


def test_each_meets_the_baseline_whatever_their_number() -> None:
    assert met(4, arena_baseline="m2") == ["02", "12", "32"]
    assert len(met(12, arena_baseline="m0")) == 11


@pytest.mark.parametrize(
    ("names", "why"),
    [
        (["a", "b", "a-vs-b"], "the battles of a and b would be called a-vs-b, as the model a-vs-b is: *"),
        (["a", "b-vs-c", "a-vs-b", "c"], "the battles of a-vs-b and c would be called a-vs-b-vs-c, as the pair of a and b-vs-c is: *"),
    ],
)  # fmt: skip
def test_pairs_that_would_share_a_name_are_refused(names: list[str], why: str) -> None:
    models = [ModelSpec(name, "openai", "m") for name in names]

    with pytest.raises(pytest.UsageError) as raised:
        pairs_of(models, (), Options.of({"arena": True}, "here"))

    assert fnmatch(str(raised.value), why)


def test_a_run_without_an_arena_has_no_pairs() -> None:
    assert pairs_of(specs(3), (), Options.of({}, "here")) == []


def test_stored_runs_meet_on_the_samples_that_both_asked() -> None:
    asked = {("m0", "gsm8k", "main-00001"), ("m1", "gsm8k", "main-00001"), ("m0", "gsm8k (x)", "main-00002")}

    assert battles_of(asked, [(one, two) for one, two in [specs(2)]]) == {("m0-vs-m1", "gsm8k (arena)", "main-00001")}


@pytest.mark.parametrize("name", ["m0-vs-m1", "m1-vs-m2"])
def test_battles_over_one_sample_are_one_group(name: str) -> None:
    asked = ["m0-vs-m1", "m0-vs-m2", "m1-vs-m2"]
    of_other = sample_of("test_x.py::test_arena[m0-vs-m2-main-00007]", asked)

    assert sample_of(f"test_x.py::test_arena[{name}-main-00007]", asked) == of_other
    assert sample_of(f"test_x.py::test_arena[{name}-main-00008]", asked) != of_other
    assert sample_of(f"test_y.py::test_arena[{name}-main-00007]", asked) != of_other
