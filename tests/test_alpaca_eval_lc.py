"""AlpacaEval's length-controlled win rate, by values of its authors' script and of scikit-learn."""

import math
from pathlib import Path

import pytest

from pytest_modeleval.judging.battles import alpaca_eval_lc
from pytest_modeleval.statistics.alpaca_eval import Gamed, Pair, length_controlled
from pytest_modeleval.statistics.lasso import Rows, fit, fit_by_folds
from pytest_modeleval.statistics.means import estimate


def pair(n: int) -> Pair:
    length, baseline = 100 + (n * 37) % 900, 300 + (n * 53) % 500
    chance = 1 / (1 + math.exp(-(0.4 + 1.1 * math.tanh((length - baseline) / 300) - 0.7 * difficulty(n))))
    drawn = ((n * 29) % 97) / 97
    return Pair(1.0 if drawn < chance - 0.05 else 0.5 if drawn < chance + 0.05 else 0.0, length, baseline, n)


def difficulty(n: int) -> float:
    return ((n * 17) % 41) / 10 - 2


def gamed(size: int) -> list[Gamed]:
    return [
        Gamed(n, difficulty(n), (1 if kind else -1) * ((n * 13) % 30) / 10, ((n * 7 + kind * 31) % 100) / 100)
        for kind in (0, 1)
        for n in range(size)
    ]


# `get_length_controlled_winrate` of tatsu-lab/alpaca_eval at cd543a1 on these pairs, with scikit-learn 1.9.1; its folds
# are others, and its solver ends at a tolerance of 1e-4.
@pytest.mark.parametrize(
    ("size", "percent", "error"),
    [(120, 58.39448711491227, 1.187489670402473), (200, 58.061794362280885, 0.9977386084216819)],
)
def test_the_win_rate_is_that_of_the_authors_script(size: int, percent: float, error: float) -> None:
    found = length_controlled([pair(n) for n in range(size)], gamed(size))

    assert found
    assert found.mean == pytest.approx(percent / 100, abs=1e-5)
    assert found.standard_error == pytest.approx(error / 100, abs=1e-6)


# `LogisticRegression(C=…, penalty="l1", solver="liblinear", fit_intercept=False, tol=1e-10)` on the rows, each once
# with 1 and once with 0, weighted by the share of these.
@pytest.mark.parametrize(
    ("strength", "coefficients"),
    [
        (0.02, [0.0, 0.0, 0.0]),
        (0.1, [-0.29134505, -0.46717714, 0.12363284]),
        (1, [-0.72532354, -0.60850177, 0.32124156]),
        (1e4, [-0.78017717, -0.62792382, 0.34665828]),
    ],
)
def test_a_fit_is_that_of_scikit_learn(strength: float, coefficients: list[float]) -> None:
    assert fit(rows(), strength) == pytest.approx(coefficients, abs=1e-6)


def rows() -> Rows:
    pairs = [pair(n) for n in range(120)]
    columns = [
        [math.tanh((each.baseline_length - each.length) / 300) for each in pairs],
        [difficulty(each.instruction) for each in pairs],
        [1.0] * len(pairs),
    ]
    return Rows(columns, [each.preference for each in pairs], [1.0 + each.instruction % 3 for each in pairs])


def test_what_starts_elsewhere_ends_at_the_same_place() -> None:
    assert fit(rows(), 1.0, start=[5.0, -5.0, 3.0]) == pytest.approx(fit(rows(), 1.0), abs=1e-6)


def test_what_tells_nothing_has_no_coefficients() -> None:
    """Outcomes that the features have no part in, and that are as often 1 as 0."""
    even = [1.0 if n % 2 else -1.0 for n in range(100)]

    assert fit_by_folds(Rows([even], [float(n // 2 % 2) for n in range(100)], [1.0] * 100)) == [0.0]


def test_a_clear_difference_has_finite_coefficients() -> None:
    """Without a penalty they would be infinite."""
    (found,) = fit_by_folds(Rows([[1.0, -1.0] * 50], [1.0, 0.0] * 50, [1.0] * 100))

    assert 5 < found < 20


def written(folder: Path, text: str) -> Path:
    path = folder / "df_gamed.csv"
    path.write_text(text)
    return path


def test_the_file_is_read_as_the_authors_write_it(tmp_path: Path) -> None:
    lines = [f"{n},{kind},{d},{z},{p},False" for kind, (n, d, z, p) in enumerate(gamed(120))]
    path = written(
        tmp_path,
        "\n".join(["index,model,instruction_difficulty,std_delta_len,preference,not_gamed_baseline", *lines]),
    )
    table = [[value, length, other, n] for value, length, other, n in map(pair, range(120))]

    found = alpaca_eval_lc(table, path)

    assert found == length_controlled([pair(n) for n in range(120)], gamed(120))
    # Samples without a verdict, and of instructions that the file does not have, are left out.
    assert alpaca_eval_lc([*table, [None, 5, 6, 120], [1.0, 5, 6, 120]], path) == found
    assert alpaca_eval_lc(table[:99], path) == estimate([value for value, *_ in table[:99]])
    assert alpaca_eval_lc([], path) is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "df_gamed.csv is not AlpacaEval's df_gamed.csv: it has no column 'index'$"),
        ("index,instruction_difficulty,preference\n", "it has no column 'std_delta_len'$"),
        (
            "index,instruction_difficulty,std_delta_len,preference\n0,1,2,0.5\n1,x,2,0.5",
            "line 3 is no four numbers: .*'x'",
        ),
        ("index,instruction_difficulty,std_delta_len,preference\n0,nan,2,0.5", "line 2 is no four numbers"),
        ("index,instruction_difficulty,std_delta_len,preference\n0,1,2,1.5", "line 2 is no four numbers"),
        ("index,instruction_difficulty,std_delta_len,preference\n0,1", "line 2 is no four numbers"),
    ],
)
def test_another_file_is_refused(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        alpaca_eval_lc([], written(tmp_path, text))
