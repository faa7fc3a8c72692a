"""The measures of thinking: the check values of the seed's document and of the two papers."""

from random import Random

import pytest

from pytest_modeleval.scorers.steps import rule_for, steps_of
from pytest_modeleval.statistics.bootstrap import FEWEST, bootstrap_interval
from pytest_modeleval.thinking.measures import MEASURES, Level, Thought, whole_and_levels


def thought(
    tokens: float, first: float | None, *, until: float | None = None, sample: str = "", right: bool | None = True
) -> Thought:
    return Thought(sample or f"{tokens} {first} {until}", tokens, first, first if until is None else until, 0, right)


def level(*thoughts: Thought, name: str = "1") -> Level:
    return Level("qwen3", "math_500", name, list(thoughts))


@pytest.mark.parametrize(("paragraph", "first", "efficiency"), [(1, 30, 0.6), (0, 10, 0.2), (3, 50, 1.0)])
def test_the_right_paragraph_is_in_and_the_first_one_is_not_wrong(
    paragraph: int, first: int, efficiency: float
) -> None:
    # Of 10, 20, 5 and 15 words; EvalScope's prefix leaves the right one out: 10 and 0.2, 0 and "wrong".
    words = [["w"] * count for count in (10, 20, 5, 15)]
    words[paragraph][-1] = "=42"
    text = "\n\n".join(" ".join(each) for each in words)
    steps, rule = steps_of(text), rule_for("42")
    assert rule is not None

    found = rule(steps.paragraphs)

    assert found == paragraph
    tokens = len(text[: steps.end(found)].split())
    assert tokens == first
    of = MEASURES["token_efficiency"].of
    assert of(thought(50, tokens)) == pytest.approx(efficiency)


def test_the_means_are_of_ratios_and_those_of_the_found_apart() -> None:
    whole = level(thought(50, 30), thought(200, 50), thought(100, 0, right=False))

    means = {name: mean.value for name, mean in whole.means().items()}

    assert means["token_efficiency"] == pytest.approx(0.283333, abs=1e-6)
    assert means["efficiency_when_found"] == pytest.approx(0.425)
    # No ratio of sums, which is .228571.
    assert means["first_correct_tokens"] / means["reasoning_tokens"] == pytest.approx(0.228571, abs=1e-6)
    assert means["reflection_tokens"] == pytest.approx((20 + 150 + 100) / 3)
    assert [means["accuracy"], means["found_in_thought"]] == pytest.approx([2 / 3, 2 / 3])
    assert whole.means()["efficiency_when_found"].samples == 2


def test_underthinking_is_of_wrong_answers_and_of_whole_thoughts() -> None:
    whole = level(
        thought(100, 20, until=25, right=False),
        # It never had the right thought, and went over from none.
        thought(300, 0, right=False),
        thought(100, 50),
        thought(80, None, right=False),
    )

    mean = whole.mean("underthinking")

    assert mean is not None
    assert [mean.value, mean.samples] == pytest.approx([(0.75 + 0) / 2, 2])
    assert level(thought(100, 50)).mean("underthinking") is None


def test_what_nobody_can_tell_is_in_no_mean() -> None:
    unknown = Thought("b", 400, 100, 100, 2, None, is_in_tokens=False)
    means = level(thought(100, None), unknown).means()

    assert means["reasoning_tokens"].value == 100
    assert "first_correct_tokens" not in means
    assert "reflection_tokens" not in means
    assert (means["token_efficiency"].value, means["token_efficiency"].samples) == (0.25, 1)
    assert (means["thought_num"].value, means["thought_num"].samples) == (1, 2)
    assert means["accuracy"].samples == 1


def test_repeats_of_a_sample_are_one_cluster() -> None:
    whole = level(thought(10, 0, sample="a"), thought(30, 0, sample="a"), thought(100, 0, sample="b"))

    mean = whole.mean("reasoning_tokens")

    assert mean is not None
    assert (mean.value, mean.samples) == (60, 2)


def test_levels_stand_behind_the_whole_in_the_order_of_their_numbers() -> None:
    levels = [level(thought(number, 0), name=f"Level {number}") for number in (10, 2, 1)]
    levels[0].others, levels[1].others = {"in error": 2}, {"in error": 1}

    found = whole_and_levels(levels)

    assert [each.level for each in found] == ["", "Level 1", "Level 2", "Level 10"]
    assert (len(found[0].thoughts), found[0].others) == (3, {"in error": 3})
    assert [each.level for each in whole_and_levels(levels[:1])] == [""]


def test_the_interval_is_the_same_each_time_and_as_wide_as_theory_has_it() -> None:
    values = [float(number % 7) for number in range(400)]
    mean = sum(values) / len(values)
    half = 1.96 * (sum((value - mean) ** 2 for value in values) / 399 / 400) ** 0.5

    found = bootstrap_interval(values, seed=3)

    assert found == bootstrap_interval(values, seed=3)
    assert found != bootstrap_interval(values, seed=4)
    assert found is not None
    assert list(found) == pytest.approx([mean - half, mean + half], abs=0.03)
    assert bootstrap_interval([1.0]) is None
    assert bootstrap_interval([2.0] * 5) == (2.0, 2.0)


def test_very_many_values_are_drawn_less_often(monkeypatch: pytest.MonkeyPatch) -> None:
    values = [float(number % 7) for number in range(20)]
    often = bootstrap_interval(values)

    monkeypatch.setattr("pytest_modeleval.statistics.bootstrap._DRAWS", 1000)

    less = bootstrap_interval(values)
    assert less is not None
    assert less != often
    # Of 200 means, five lie beyond either end.
    random = Random(0)
    means = sorted(sum(random.choices(values, k=20)) / 20 for _ in range(FEWEST))
    assert list(less) == pytest.approx([means[5], means[-6]])
