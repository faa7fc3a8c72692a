"""Agreement of a judge with people and with itself: against worked values, statsmodels and LLMBar's four judges."""

import gzip
import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from statsmodels.stats.inter_rater import cohens_kappa

from pytest_modeleval.statistics.agreement import Agreement, ac1, agreement, kappa, order_effect
from pytest_modeleval.statistics.means import Estimate, wilson

# True positives 40, false positives 5, false negatives 8, true negatives 47: (people's, the judge's).
HUNDRED = [(1, 1)] * 40 + [(0, 1)] * 5 + [(1, 0)] * 8 + [(0, 0)] * 47


def test_a_hundred_labels() -> None:
    found = agreement(HUNDRED)

    assert found.n == 100
    assert found.agreement.mean == 0.87
    assert found.kappa is not None
    assert found.kappa.mean == pytest.approx(0.738956, abs=5e-7)
    assert found.kappa.standard_error == pytest.approx(0.067398, abs=5e-7)
    assert [found.kappa.low, found.kappa.high] == pytest.approx([0.606858, 0.871054], abs=5e-7)
    assert found.ac1 == pytest.approx(0.741268, abs=5e-7)
    assert found.difference.mean == pytest.approx(-0.03)
    assert found.difference.low < -0.03 < found.difference.high


def test_rates_have_wilsons_intervals() -> None:
    found = agreement(HUNDRED)

    assert found.true_positive_rate is not None
    assert found.true_negative_rate is not None
    assert found.true_positive_rate.mean == 40 / 48
    assert (found.true_positive_rate.low, found.true_positive_rate.high) == wilson(40, 48)
    assert found.true_negative_rate.mean == 47 / 52
    assert (found.true_negative_rate.low, found.true_negative_rate.high) == wilson(47, 52)


def test_what_people_never_said_has_no_rate() -> None:
    found = agreement([(1, 1), (1, 1), (1, 0)])

    assert found.true_positive_rate is not None
    assert found.true_positive_rate.mean == pytest.approx(2 / 3)
    assert found.true_negative_rate is None
    half = agreement([(1, 1), (1, 0), (0, 1), (0, 0)])
    assert half.true_positive_rate is not None
    assert half.true_negative_rate is not None
    assert (half.true_positive_rate.mean, half.true_negative_rate.mean) == (0.5, 0.5)


def test_one_label_alone_has_no_kappa() -> None:
    """Chance explains all of it: 0/0 where both gave one, 0 whatever they agree on where one of them did."""
    found = agreement([(1, 1)] * 100)

    assert found.kappa is None
    assert found.ac1 == 1
    assert kappa([(1, 1)] * 97 + [(1, 0)] * 3) is None


def test_verdicts_that_all_agree_leave_kappa_an_interval() -> None:
    few, many = kappa([(1, 1), (0, 0)]), kappa([(1, 1), (0, 0)] * 100)

    assert few is not None
    assert many is not None
    assert (few.mean, few.high, many.mean, many.high) == (1, 1, 1, 1)
    # Wilson's lower end for 2 of 2, less the half that chance explains.
    assert few.low == pytest.approx((wilson(2, 2)[0] - 0.5) / 0.5)
    assert few.low < 0 < 0.95 < many.low < 1


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from("abc")), min_size=2, max_size=60))
def test_kappa_of_several_labels_is_statsmodels(pairs: list[tuple[str, str]]) -> None:
    table = [[pairs.count((one, two)) for two in "abc"] for one in "abc"]
    found = kappa(pairs)
    if 1 in map(len, map(set, zip(*pairs, strict=True))):
        # It is 0 or 0/0, whatever they agree on.
        assert found is None
        return
    expected: Any = cohens_kappa(table)

    assert found is not None
    assert found.mean == pytest.approx(expected.kappa, abs=1e-9)
    assert found.standard_error == pytest.approx(max(0.0, expected.var_kappa) ** 0.5, abs=1e-7)
    assert -1 <= found.low <= found.mean <= found.high <= 1


def test_ac1_of_three_labels() -> None:
    """Half agree; shares ½, ¼, ¼ give chance (¼ + 3/16 + 3/16)/2 = 5/16, so (½ − 5/16)/(11/16)."""
    assert ac1([("a", "a"), ("a", "b"), ("b", "c"), ("c", "a")]) == pytest.approx((0.25 - 5 / 16) / (11 / 16))
    assert ac1([("a", "a"), ("a", "a"), ("b", "b"), ("c", "c")]) == 1


@pytest.mark.parametrize("of", [agreement, ac1, order_effect])
def test_nothing_to_compare_is_said(of: Any) -> None:
    with pytest.raises(ValueError, match="nothing to compare"):
        of([])


def test_a_judge_that_heeds_no_order_shows_neither() -> None:
    found = order_effect([(1, 1), (0, 0), (1, 1), (0.5, 0.5)])

    assert found.consistent.mean == 1
    assert found.first_shown is not None
    assert found.first_shown.mean == 0.5


def test_a_judge_that_takes_the_first_is_found_out() -> None:
    found = order_effect([(1, 0)] * 30)

    assert found.consistent.mean == 0
    assert found.first_shown is not None
    assert found.first_shown.mean == 1
    assert found.first_shown.low > 0.85


def test_ties_count_for_consistency_alone() -> None:
    found = order_effect([(0.5, 0.5), (0.5, 0.5), (1, 0.5), (0, 0.5)])

    assert (found.pairs, found.consistent.mean) == (4, 0.5)
    assert found.first_shown is not None
    assert found.first_shown.mean == 0.5
    assert order_effect([(0.5, 0.5)]).first_shown is None


def test_the_pairs_are_the_clusters_of_the_first_shown_share() -> None:
    """Judges with a share of ½: its interval holds it in at least 95 % of draws, whether its verdicts agree or not."""
    random_ = random.Random(0)
    for consistency in (0.0, 0.5, 1.0):
        held = 0
        for _ in range(300):
            firsts = [(random_.random() < 0.5, random_.random() < consistency) for _ in range(40)]
            found = order_effect([(float(one), float(one if same else not one)) for one, same in firsts]).first_shown
            assert found is not None
            held += found.low <= 0.5 <= found.high
        print(f"consistent {consistency:.1f}: {held / 300:.3f} of the intervals hold ½")
        assert held / 300 >= 0.93


def test_twenty_prompts_are_consistent_in_sixteen() -> None:
    one = [1] * 7 + [0] * 3 + [0.5, 0.5, 1, 1, 1, 0, 0, 1, 0.5, 1]
    two = [1] * 6 + [0] * 4 + [0.5, 1, 1, 1, 0, 0, 0, 1, 0.5, 0]

    assert order_effect(list(zip(one, two, strict=True))).consistent.mean == 0.8


Verdicts = Sequence[tuple[int, str | None, str | None]]


@pytest.fixture
def llmbar(real_data: Path) -> dict[tuple[str, str], Verdicts]:
    """(Expert label, winner with output 1 shown first, winner with output 2 shown first) by judge and subset."""
    path = real_data / "llmbar" / "llmbar_with_verdicts.jsonl.gz"
    if not path.is_file():
        pytest.skip(f"no copy of LLMBar in {path.parent}")
    found: dict[tuple[str, str], list[tuple[int, str | None, str | None]]] = {}
    with gzip.open(path, "rt", encoding="utf-8") as file:
        for row in map(json.loads, file):
            for judge, orders in row["verdicts"].items():
                subset = row["subset"].removeprefix("Adversarial/")
                verdict = row["label"], orders["shown_12"][1], orders["shown_21"][1]
                found.setdefault((judge, subset), []).append(verdict)
    return dict(found)


def judged(verdicts: Verdicts, order: int) -> Agreement:
    """The agreement of one order's verdicts on "output 1 is the better one" with the experts'."""
    said = [(int(verdict[0] == 1), int(verdict[order] == "1")) for verdict in verdicts if verdict[order] is not None]
    return agreement(said)


def both_orders(verdicts: Verdicts) -> list[tuple[float, float]]:
    return [(float(one == "1"), float(two == "1")) for _, one, two in verdicts if one is not None and two is not None]


@pytest.mark.parametrize(
    ("judge", "subset", "right", "right_swapped", "consistent", "first_shown"),
    [
        ("GPT-4", "Natural", 0.95, 0.96, 0.95, 0.505),
        ("GPT-4", "Neighbor", 0.7761, 0.7985, 0.9328, 0.5112),
        ("ChatGPT", "Natural", 0.80, 0.83, 0.71, 0.605),
        ("ChatGPT", "Neighbor", 0.2239, 0.1642, 0.7164, 0.6194),
    ],
)
def test_llmbars_judges(
    llmbar: dict[tuple[str, str], Verdicts],
    judge: str,
    subset: str,
    right: float,
    right_swapped: float,
    consistent: float,
    first_shown: float,
) -> None:
    verdicts = llmbar[judge, subset]
    effect = order_effect(both_orders(verdicts))

    assert judged(verdicts, 1).agreement.mean == pytest.approx(right, abs=5e-5)
    assert judged(verdicts, 2).agreement.mean == pytest.approx(right_swapped, abs=5e-5)
    assert effect.consistent.mean == pytest.approx(consistent, abs=5e-5)
    assert effect.first_shown is not None
    assert effect.first_shown.mean == pytest.approx(first_shown, abs=5e-5)


def test_a_verdict_that_cannot_be_read_is_in_no_share(llmbar: dict[tuple[str, str], Verdicts]) -> None:
    """LLaMA2 on GPTInst refused one of 184: the data's README counts it as wrong, of 92, as not consistent, of 92."""
    verdicts = llmbar["LLaMA2", "GPTInst"]
    effect = order_effect(both_orders(verdicts))

    assert judged(verdicts, 1).n == 91
    assert judged(verdicts, 1).agreement.mean * 91 == pytest.approx(0.3043 * 92, abs=0.005)
    assert judged(verdicts, 2).agreement.mean == pytest.approx(0.3043, abs=5e-5)
    assert effect.pairs == 91
    assert effect.consistent.mean * 91 == pytest.approx(0.7283 * 92, abs=0.005)


def test_consistency_is_not_agreement(llmbar: dict[tuple[str, str], Verdicts]) -> None:
    """ChatGPT on Neighbor picks the same answer in 72 % of the pairs and agrees with people less than a coin does."""
    found = judged(llmbar["ChatGPT", "Neighbor"], 1).kappa

    assert isinstance(found, Estimate)
    assert found.high < 0
