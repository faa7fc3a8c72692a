"""Ratings and win rates that style and length do not sway."""

import math
import random
from statistics import stdev

import pytest

from pytest_modeleval.statistics.bradley_terry import Comparison, bradley_terry
from pytest_modeleval.statistics.length_control import LengthControlled, win_rate_lc
from pytest_modeleval.statistics.logistic import chance
from pytest_modeleval.statistics.style import STYLE, Style, style_difference, with_style


def test_differences_are_relative() -> None:
    """(300−100)/400 tokens; 4 headers in 301 tokens against 1 in 101; and so on."""
    one, two = Style(300, 4, 10, 0), Style(100, 1, 0, 0)

    header = (4 / 301 - 1 / 101) / (4 / 301 + 1 / 101 + 1)
    assert style_difference(one, two) == pytest.approx((0.5, header, (10 / 301) / (10 / 301 + 1), 0))
    assert style_difference(two, one) == pytest.approx([-value for value in style_difference(one, two)])
    assert style_difference(Style(0, 0, 0, 0), Style(0, 0, 0, 0)) == (0, 0, 0, 0)


def swayed(prompts: int, seed: int = 0) -> tuple[list[Comparison], list[tuple[Style, Style]]]:
    """A verbose model that is no better than another, and a judge that likes length and nothing else."""
    draw = random.Random(seed)
    comparisons, styles = [], []
    for prompt in range(prompts):
        pair = (
            Style(draw.randint(300, 700), draw.randint(0, 3), 0, 0),
            Style(draw.randint(100, 500), draw.randint(0, 3), 0, 0),
        )
        likely = chance(2 * style_difference(*pair)[0])
        comparisons.append(Comparison("verbose", "terse", float(draw.random() < likely), prompt))
        styles.append(pair)
    return comparisons, styles


def test_a_verbose_model_is_no_better_at_equal_length() -> None:
    """With the difference's mean taken out, the win rate would stay as it is without control."""
    comparisons, styles = swayed(2000)
    plain = bradley_terry(comparisons).win_rate("verbose", "terse")
    controlled = bradley_terry(*with_style(comparisons, styles))
    found = controlled.win_rate("verbose", "terse")

    assert plain is not None
    assert found is not None
    assert plain.low > 0.55
    assert found.low < 0.5 < found.high
    assert controlled.columns == ("length", "headers")
    length, headers = controlled.coefficients["length"], controlled.coefficients["headers"]
    assert length.low > 0
    assert headers.low < 0 < headers.high
    size = math.sqrt(sum(style_difference(*pair)[0] ** 2 for pair in styles) / len(styles))
    assert length.low < 2 * size < length.high


def test_who_is_named_first_does_not_change_the_control() -> None:
    comparisons, styles = swayed(200)
    draw = random.Random(1)
    turned, turned_styles = [], []
    for each, (one, two) in zip(comparisons, styles, strict=True):
        is_turned = draw.random() < 0.5
        turned.append(each._replace(one=each.two, two=each.one, outcome=1 - each.outcome) if is_turned else each)
        turned_styles.append((two, one) if is_turned else (one, two))
    plain, other = bradley_terry(*with_style(comparisons, styles)), bradley_terry(*with_style(turned, turned_styles))

    assert other.coefficients["length"].mean == pytest.approx(plain.coefficients["length"].mean)
    rate, rate_turned = plain.win_rate("verbose", "terse"), other.win_rate("verbose", "terse")
    assert rate is not None
    assert rate_turned is not None
    assert rate_turned.mean == pytest.approx(rate.mean)
    assert rate_turned.low == pytest.approx(rate.low)


def test_style_comes_after_other_columns() -> None:
    comparisons, styles = swayed(50)
    shown = [each._replace(columns=(1.0 if place % 2 else -1.0,)) for place, each in enumerate(comparisons)]
    found, names = with_style(shown, styles)

    assert names == STYLE[:2]
    assert {each.columns[0] for each in found} == {1.0, -1.0}
    assert {len(each.columns) for each in found} == {3}
    for place in (1, 2):
        assert sum(each.columns[place] ** 2 for each in found) == pytest.approx(50)


def test_answers_dressed_alike_leave_no_column() -> None:
    comparisons, _ = swayed(3)

    assert with_style(comparisons, [(Style(5, 1, 0, 0), Style(5, 1, 0, 0))] * 3) == (comparisons, ())


LENGTHS = [900, 1200, 300, 700, 500, 850, 1000, 800, 1300, 700, 600, 500, 400, 950, 1250, 650, 550, 1100, 1400, 450]
PREFERENCES = [1, 0, 0, 1, 0, 1, 1, 0, 1, 0, 0.5, 1, 0, 1, 1, 0, 1, 0, 1, 0]


def of_twenty(ridge: float) -> LengthControlled:
    return win_rate_lc(PREFERENCES, [(length, 600) for length in LENGTHS], ridge=ridge, least=20)


def test_the_likeliest_length_control() -> None:
    found = of_twenty(0)

    assert sum(PREFERENCES) / 20 == 0.525
    assert found.length.mean == pytest.approx(1.584777, abs=5e-7)
    assert found.advantage.mean == pytest.approx(-0.427470, abs=5e-7)
    assert 100 * found.win_rate.mean == pytest.approx(39.4731, abs=5e-5)
    assert found.length.standard_error == pytest.approx(0.845445, abs=5e-7)
    assert found.advantage.standard_error == pytest.approx(0.531506, abs=5e-7)
    assert [100 * found.win_rate.low, 100 * found.win_rate.high] == pytest.approx([18.706, 64.891], abs=5e-4)
    assert not found.is_penalised


def test_the_ridge_is_on_the_length_alone() -> None:
    tenth, one = of_twenty(0.1), of_twenty(1)

    assert 100 * tenth.win_rate.mean == pytest.approx(40.4694, abs=5e-5)
    assert one.length.mean == pytest.approx(0.902068, abs=5e-7)
    assert one.advantage.mean == pytest.approx(-0.197146, abs=5e-7)
    assert 100 * one.win_rate.mean == pytest.approx(45.0872, abs=5e-5)


def test_lengths_are_not_centred() -> None:
    """At the mean of what is longer instead of at equal length there would be no control: 52.467 of the plain 52.5."""
    found = of_twenty(0)
    spread = stdev(length - 600 for length in LENGTHS)
    centre = sum(math.tanh((length - 600) / spread) for length in LENGTHS) / 20

    assert spread == pytest.approx(323.996426, abs=5e-7)
    assert 100 * chance(found.advantage.mean + found.length.mean * centre) == pytest.approx(52.467, abs=5e-4)


def test_few_pairs_are_refused() -> None:
    with pytest.raises(ValueError, match="99 pairs are too few for a length-controlled win rate: it takes 100"):
        win_rate_lc([1, 0, 1] * 33, [(500, 400)] * 99)


def test_equal_lengths_leave_the_win_rate() -> None:
    found = win_rate_lc([1, 1, 0, 1] * 50, [(500, 500)] * 200)

    assert found.win_rate.mean == pytest.approx(0.75)
    assert found.length.mean == 0


def test_a_model_that_always_wins_is_penalised() -> None:
    draw = random.Random(0)
    found = win_rate_lc([1.0] * 120, [(draw.randint(100, 900), 500) for _ in range(120)])

    assert found.is_penalised
    assert 0.9 < found.win_rate.low < found.win_rate.mean < 1


def test_what_has_no_finite_win_rate_without_a_ridge_is_said() -> None:
    with pytest.raises(ValueError, match="give the length a ridge above 0"):
        win_rate_lc([1, 0] * 50, [(500, 500)] * 100, ridge=0)
