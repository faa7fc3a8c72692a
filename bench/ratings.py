"""What ratings cost: 20 models, 100,000 comparisons, with every interval of the leaderboard and of the matrix.

    python bench/ratings.py [--models 20] [--comparisons 100000] [--prompts 500]

They may take 5 s. Further lines add a column for the answer shown first, four for style, and prompts for all.
"""

import argparse
import random
import time
from collections.abc import Sequence
from itertools import product

from pytest_modeleval.statistics.bradley_terry import Comparison, bradley_terry
from pytest_modeleval.statistics.logistic import chance


def simulated(models: int, comparisons: int, prompts: int) -> list[Comparison]:
    """Models a third of a unit apart, ties in a tenth, a judge that likes the first answer and the longer one."""
    draw = random.Random(0)
    found = []
    for _ in range(comparisons):
        one, two = draw.sample(range(models), 2)
        style = [draw.gauss(0, 1) for _ in range(4)]
        first = draw.choice((1.0, -1.0))
        likely = chance((two - one) / 3 + 0.2 * first + 0.5 * style[0])
        outcome = 0.5 if draw.random() < 0.1 else float(draw.random() < likely)
        prompt = draw.randrange(prompts)
        found.append(Comparison(f"model-{one}", f"model-{two}", outcome, prompt, 1.0, (first, *style)))
    return found


def measured(name: str, comparisons: Sequence[Comparison], columns: Sequence[str]) -> None:
    """A line on the time of all ratings, win rates and coefficients, each with its interval."""
    rows = [each._replace(columns=each.columns[: len(columns)]) for each in comparisons]
    started = time.perf_counter()
    ratings = bradley_terry(rows, columns)
    (models,) = ratings.ranking()
    table = [ratings.rating(model) for model in models]
    matrix = [ratings.win_rate(one, two) for one, two in product(models, repeat=2)]
    coefficients = ratings.coefficients
    wall = time.perf_counter() - started
    said = ", ".join(f"{name} {each.mean:.3f} ± {each.standard_error:.3f}" for name, each in coefficients.items())
    print(f"{name:20} {len(rows):9,} comparisons  {len(table)} ratings, {len(matrix)} win rates  {wall:6.2f} s  {said}")


def main() -> None:
    """Print a line for each set of columns."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=int, default=20)
    parser.add_argument("--comparisons", type=int, default=100_000)
    parser.add_argument("--prompts", type=int, default=500)
    args = parser.parse_args()
    comparisons = simulated(args.models, args.comparisons, args.prompts)
    measured("plain", comparisons, [])
    measured("the first shown", comparisons, ["first"])
    measured("with style", comparisons, ["first", "length", "headers", "lists", "bold"])
    alone = [each._replace(cluster=i) for i, each in enumerate(comparisons)]
    measured("each its own prompt", alone, [])


if __name__ == "__main__":
    main()
