"""Are the spans and numbers of an answer the right ones, as DROP counts them?

The rules are those of the official evaluation (Dua et al. 2019, arXiv:1903.00161; `drop_eval.py` of
allenai/allennlp-reading-comprehension).
"""

import re
import string
from collections.abc import Sequence
from math import inf, isfinite

from pytest_modeleval.sample import Completion, Score
from pytest_modeleval.scorers.texts import final_text

_NO_PUNCTUATION = str.maketrans("", "", string.punctuation)
# From so many spans for each wanted one on, the rounded mean is 0 whatever they are.
_TIMES = 200
_ARTICLE = re.compile(r"\b(?:a|an|the)\b")


def same_spans(answer: Completion | str, references: Sequence[Sequence[str]]) -> Score:
    """The F1 of the answer's spans, which semicolons part, as the best over the references; passed when they match.

    A reference is one annotator's spans. Records the further metric ``exact_match``.
    """
    text = final_text(str(answer))
    spans = [span for span in text.split(";") if span.strip()]
    wanted = [reference for reference in references if any(map(normal_span, reference))]
    if not wanted:
        raise ValueError(f"the references {list(references)!r} hold no text")
    got = _normal(spans, most=max(map(len, wanted)))
    exact = any(_exact(got, reference) for reference in wanted)
    f1 = max(_aligned_f1(got, _normal(reference)) for reference in wanted)
    expected = "; ".join(wanted[0])
    Score(float(exact), exact, text, expected, name="exact_match")
    return Score(f1, exact, text, expected)


def _normal(spans: Sequence[str], *, most: int | None = None) -> list[str]:
    """The spans as they are compared; none where they are far more than the ``most`` that can be right."""
    return [] if most is not None and len(spans) > _TIMES * most else list(map(normal_span, spans))


def normal_span(text: str) -> str:
    """A span in lower case without articles and punctuation, split at spaces and hyphens, numbers as ``12.0``."""
    words = re.split("[ -]", text.lower())
    normal = {word: " ".join(_ARTICLE.sub(" ", _normal_word(word)).split()) for word in set(words)}
    # Where nothing would remain (the answer "A"), the official script takes any such answer as right.
    return " ".join(filter(None, map(normal.__getitem__, words))) or " ".join(text.lower().split())


def _normal_word(word: str) -> str:
    if not _is_number(word):
        word = word.translate(_NO_PUNCTUATION)
    # Hundreds of digits are infinity to a float: not all such numbers are one.
    word = str(float(word)) if _is_number(word) and isfinite(float(word)) else word
    return " ".join(_ARTICLE.sub(" ", word).split())


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True


def _exact(got: Sequence[str], wanted: Sequence[str]) -> bool:
    return len(got) == len(wanted) and set(got) == set(map(normal_span, wanted))


def spans_f1(got: Sequence[str], wanted: Sequence[str]) -> float:
    """The mean F1 of the best one-to-one alignment of spans, to two decimals as the official script rounds."""
    return _aligned_f1(_normal(got, most=len(wanted)), _normal(wanted))


def _aligned_f1(got: Sequence[str], wanted: Sequence[str]) -> float:
    # This also bounds the time.
    if not got or len(got) > _TIMES * len(wanted):
        return 0.0
    bags = [set(span.split()) for span in got]
    f1 = [[_bag_f1(bag, set(span.split())) for bag in bags] for span in wanted]
    if len(got) >= len(wanted):
        pairs = best_alignment(f1)
    else:
        pairs = [(row, column) for column, row in best_alignment([list(column) for column in zip(*f1, strict=True)])]
    # Formula, order and rounding as in the official script, lest a tie be rounded the other way.
    total = sum(f1[row][column] for row, column in sorted(pairs))
    return round(100 * (total / max(len(got), len(wanted)))) / 100


def _bag_f1(got: set[str], wanted: set[str]) -> float:
    numbers = set(filter(_is_number, wanted))
    if numbers and not numbers & got:
        return 0.0
    common = len(got & wanted)
    precision, recall = common / len(got), common / len(wanted)
    return 2 * precision * recall / (precision + recall) if common else 0.0


def best_alignment(scores: Sequence[Sequence[float]]) -> list[tuple[int, int]]:
    """The (row, column) pairs with the greatest sum of scores, no column twice; rows are no more than columns.

    The Hungarian method with potentials (Kuhn 1955, Munkres 1957), rows² × columns steps.
    """
    rows, columns = len(scores), len(scores[0])
    # Row and column 0 stand for "none yet"; row_of[column] is the row that has it.
    row_price, column_price = [0.0] * (rows + 1), [0.0] * (columns + 1)
    row_of = [0] * (columns + 1)
    for row in range(1, rows + 1):
        row_of[0], column = row, 0
        slack, came_from, done = [inf] * (columns + 1), [0] * (columns + 1), [False] * (columns + 1)
        while row_of[column]:
            done[column] = True
            here = row_of[column]
            for other in range(1, columns + 1):
                cost = -scores[here - 1][other - 1] - row_price[here] - column_price[other]
                if not done[other] and cost < slack[other]:
                    slack[other], came_from[other] = cost, column
            following = min((other for other in range(1, columns + 1) if not done[other]), key=slack.__getitem__)
            step = slack[following]
            for other in range(columns + 1):
                if done[other]:
                    row_price[row_of[other]] += step
                    column_price[other] -= step
                else:
                    slack[other] -= step
            column = following
        while column:
            row_of[column] = row_of[came_from[column]]
            column = came_from[column]
    return [(row - 1, column - 1) for column, row in enumerate(row_of) if column and row]
