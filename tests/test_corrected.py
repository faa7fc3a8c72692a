"""Scores corrected by labels: against worked values, and by how often the intervals hold the truth."""

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_modeleval.statistics.corrected import Corrected, prediction_powered, prediction_powered_ratio, rogan_gladen
from pytest_modeleval.statistics.means import estimate

# (people's, the judge's), and the judge's of 900 more answers.
LABELLED = [(1, 1)] * 40 + [(0, 1)] * 5 + [(1, 0)] * 8 + [(0, 0)] * 47
UNLABELLED = [1] * 423 + [0] * 477


def ends(found: Corrected) -> list[float]:
    return [found.mean.low, found.mean.high]


def test_ppi() -> None:
    """What ppi_py gives with λ = 1; the judge alone says .468, the labels alone .48 ± .04996."""
    found = prediction_powered(LABELLED, UNLABELLED, power=1)

    assert (sum(j for _, j in LABELLED) + sum(UNLABELLED)) / 1000 == 0.468
    assert found.power == 1
    assert found.mean.mean == pytest.approx(0.50)
    assert found.mean.standard_error == pytest.approx(0.039595, abs=5e-7)
    assert ends(found) == pytest.approx([0.422395, 0.577605], abs=5e-7)


def test_ppi_plus_plus() -> None:
    found = prediction_powered(LABELLED, UNLABELLED)

    assert found.power == pytest.approx(0.665, abs=5e-4)
    assert found.mean.mean == pytest.approx(0.493289, abs=2e-5)
    assert ends(found) == pytest.approx([0.423560, 0.563019], abs=2e-5)


def test_a_power_of_0_is_the_labels_alone() -> None:
    found = prediction_powered(LABELLED, UNLABELLED, power=0)

    assert found.mean == estimate([people for people, _ in LABELLED])
    assert found.mean.standard_error == pytest.approx(0.04996, abs=0.0003)


def test_answers_that_are_all_labelled_need_no_judge() -> None:
    found = prediction_powered(LABELLED, [])

    assert (found.power, found.mean) == (0, estimate([people for people, _ in LABELLED]))


def test_a_judge_that_says_the_contrary_does_not_count() -> None:
    """Its λ would be negative."""
    found = prediction_powered([(people, 1 - people) for people, _ in LABELLED], UNLABELLED)

    assert found.power == 0


def test_a_timid_judge_counts_as_it_says() -> None:
    """It says .3 or .7 where people say 0 or 1: its λ would be above 1."""
    found = prediction_powered([(h, 0.3 + 0.4 * j) for h, j in LABELLED], [0.3 + 0.4 * j for j in UNLABELLED])

    assert found.power == 1


def test_a_judge_that_always_says_the_same_does_not_count() -> None:
    found = prediction_powered([(people, 1) for people, _ in LABELLED], [1] * 900)

    assert (found.power, found.mean.mean) == (0, 0.48)


@pytest.mark.parametrize("power", [1.0, None])
@pytest.mark.parametrize("n", [1, 3, 100])
def test_labels_that_all_agree_do_not_make_the_judge_exact(n: int, power: float | None) -> None:
    """Of n labels without a mistake up to 1 − .025^(1/n) may be mistakes, on either side."""
    agreeing = [(i % 2, i % 2) for i in range(n)]
    found = prediction_powered(agreeing, UNLABELLED, power=power)

    if power:
        assert found.mean.mean == pytest.approx(0.47)
    assert found.mean.high - found.mean.mean >= min(0.53, 0.85 * (1 - 0.025 ** (1 / n)))
    assert (found.mean.standard_error is None) == (n == 1)


def test_bounds_of_parts_are_put_together() -> None:
    """MOVER, as the judge always says .2: the distances of the parts' ends, of .2 and of what labels say beyond it."""
    found = prediction_powered([(h, 0.2) for h, _ in LABELLED], [0.2] * 30, power=1).mean
    part, rest = estimate([0.2] * 30), estimate([h - 0.2 for h, _ in LABELLED], ends=(-1, 1))

    assert part is not None
    assert rest is not None
    assert found.mean == pytest.approx(0.48)
    assert 0.48 - found.low == pytest.approx(math.hypot(0.2 - part.low, 0.28 - rest.low))
    assert found.high - 0.48 == pytest.approx(math.hypot(part.high - 0.2, rest.high - 0.28))


def test_one_label_and_one_answer_tell_next_to_nothing() -> None:
    found = prediction_powered([(1, 1)], [1])

    assert found.mean.standard_error is None
    assert (found.power, found.mean) == (0, estimate([1]))
    assert found.mean.high - found.mean.low > 0.75


@pytest.mark.parametrize("power", [None, 1.0])
def test_the_interval_holds_what_people_would_have_said(power: float | None) -> None:
    """150 of 1,000 labelled, of a judge with rates .9 and .8, whose own score is 5 points off."""
    random_ = random.Random(0)
    held = held_alone = 0
    for _ in range(300):
        people = [random_.random() < 0.5 for _ in range(1000)]
        judge = [random_.random() < (0.9 if right else 0.2) for right in people]
        found = prediction_powered(list(zip(people, judge, strict=True))[:150], judge[150:], power=power)
        held += found.mean.low <= 0.5 <= found.mean.high
        alone = estimate([float(said) for said in judge])
        assert alone is not None
        held_alone += alone.low <= 0.5 <= alone.high
    print(f"power {power}: {held / 300:.3f} hold the truth, {held_alone / 300:.3f} of the judge's own")
    assert held / 300 >= 0.93
    assert held_alone / 300 < 0.3


def test_two_models_are_compared_by_their_differences() -> None:
    """A judge that is off by the same for both says their difference right, to less than each score."""
    random_ = random.Random(0)
    differences = []
    for _ in range(1000):
        people = [random_.random() < 0.5, random_.random() < 0.4]
        is_lenient = random_.random() < 0.5
        judge = [right or is_lenient for right in people]
        differences.append((people[0] - people[1], judge[0] - judge[1]))
    found = prediction_powered(differences[:200], [judge for _, judge in differences[200:]], ends=(-1, 1))

    assert found.mean.low < 0.1 < found.mean.high
    by_hand = [found.power * judge for _, judge in differences[200:]]
    rests = [people - found.power * judge for people, judge in differences[:200]]
    assert found.mean.mean == pytest.approx(sum(by_hand) / 800 + sum(rests) / 200)
    alone = estimate([people for people, _ in differences[:200]], ends=(-1, 1))
    assert alone is not None
    assert found.mean.standard_error is not None
    assert alone.standard_error is not None
    assert found.mean.standard_error < 0.95 * alone.standard_error


def test_other_scales_are_the_same_stretched() -> None:
    plain = prediction_powered(LABELLED, UNLABELLED)
    stretched = prediction_powered(
        [(1 + 9 * h, 1 + 9 * j) for h, j in LABELLED], [1 + 9 * j for j in UNLABELLED], ends=(1, 10)
    )

    assert stretched.power == pytest.approx(plain.power)
    assert stretched.mean.mean == pytest.approx(1 + 9 * plain.mean.mean)
    assert ends(stretched) == pytest.approx([1 + 9 * end for end in ends(plain)])
    assert stretched.mean.standard_error == pytest.approx(9 * (plain.mean.standard_error or 0))


Labels = st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=30)


@given(Labels, st.lists(st.floats(0, 1), max_size=30), st.sampled_from([None, 0.5, 1.0]))
def test_every_interval_holds_its_mean_and_stays_in_bounds(
    labelled: list[tuple[float, float]], judged: list[float], power: float | None
) -> None:
    found = prediction_powered(labelled, judged, power=power)

    assert 0 <= found.power <= 1
    assert 0 <= found.mean.low <= found.mean.mean + 1e-9
    assert found.mean.mean - 1e-9 <= found.mean.high <= 1


def test_labels_are_needed_and_so_are_ends() -> None:
    with pytest.raises(ValueError, match="no answer has a label"):
        prediction_powered([], [1, 0])
    with pytest.raises(ValueError, match="needs values with two ends, not 0 and inf"):
        prediction_powered([(1, 1)], [1], ends=(0, math.inf))


@pytest.mark.parametrize(
    ("right", "share", "error", "low", "high"),
    [
        (468, 0.504417, 0.050678, 0.504417 - 1.959964 * 0.050678, 0.504417 + 1.959964 * 0.050678),
        (600, 0.683478, 0.056895, 0.571966, 0.794991),
    ],
)
def test_rogan_and_gladen(right: int, share: float, error: float, low: float, high: float) -> None:
    found = rogan_gladen(right, 1000, 40, 48, 47, 52)

    assert found.mean == pytest.approx(share, abs=5e-7)
    assert found.standard_error == pytest.approx(error, abs=5e-7)
    assert [found.low, found.high] == pytest.approx([low, high], abs=2e-6)


def test_rogan_and_gladens_share_is_clipped() -> None:
    """A judge that calls fewer right than it would of wrong answers alone."""
    found = rogan_gladen(2, 100, 40, 48, 47, 52)

    assert (found.mean, found.low) == (0, 0)
    assert 0 < found.high < 0.2
    found = rogan_gladen(99, 100, 40, 48, 47, 52)
    assert (found.mean, found.high) == (1, 1)


def test_rates_of_exactly_1_are_not_known_for_sure() -> None:
    few, many = rogan_gladen(500, 1000, 5, 5, 5, 5), rogan_gladen(500, 1000, 500, 500, 500, 500)

    assert few.mean == many.mean == 0.5
    assert few.high - few.low > 0.2 > 0.07 > many.high - many.low


@pytest.mark.parametrize(("true_positives", "true_negatives"), [(5, 5), (2, 3)])
def test_a_judge_no_better_than_chance_corrects_nothing(true_positives: int, true_negatives: int) -> None:
    with pytest.raises(ValueError, match="no better than chance: its true-positive rate"):
        rogan_gladen(5, 10, true_positives, 10, true_negatives, 10)


@pytest.mark.parametrize(("n", "positives", "negatives"), [(0, 1, 1), (1, 0, 1), (1, 1, 0)])
def test_a_rate_without_labels_is_said(n: int, positives: int, negatives: int) -> None:
    with pytest.raises(ValueError, match="no rate is known"):
        rogan_gladen(0, n, 0, positives, 0, negatives)


def test_a_mean_by_equal_weights_is_the_mean() -> None:
    found = prediction_powered_ratio([((h, 1), (j, 1)) for h, j in LABELLED], [(j, 1) for j in UNLABELLED])

    assert found.power == pytest.approx(0.665, abs=5e-4)
    assert found.mean.mean == pytest.approx(0.493289, abs=2e-5)
    assert ends(found) == pytest.approx([0.423560, 0.563019], abs=2e-5)


def test_the_interval_of_a_mean_by_weights_holds_the_truth() -> None:
    """Of 400 answers, 100 of them labelled; a judge that takes one in five of the wrong ones for unattempted."""
    random_, kinds, held, narrower = random.Random(0), [(1.0, 1.0), (0.0, 1.0), (0.0, 0.5)], 0, 0
    truth = 0.5 / (0.5 + 0.3 + 0.2 / 2)
    for _ in range(400):
        people = random_.choices(kinds, [0.5, 0.3, 0.2], k=400)
        judge = [kinds[2] if kind == kinds[1] and random_.random() < 0.2 else kind for kind in people]
        pairs = list(zip(people, judge, strict=True))
        found = prediction_powered_ratio(pairs[:100], judge[100:])
        alone = prediction_powered_ratio(pairs[:100], [])
        held += found.mean.low <= truth <= found.mean.high
        narrower += found.mean.high - found.mean.low < alone.mean.high - alone.mean.low

    assert 0.92 <= held / 400 <= 0.98
    assert narrower == 400
