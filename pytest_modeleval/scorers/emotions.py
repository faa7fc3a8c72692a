"""Emotions' intensities beside a reference's, as EQ-Bench scores them (Paech 2023, arXiv:2312.06281, version 2)."""

import re
from collections.abc import Mapping
from math import exp, inf

from pytest_modeleval.sample import Completion, NotScored, Score
from pytest_modeleval.scorers.run_on import before_run_on

_RATED = re.compile(r"\b(\w+):\s+(\d{1,9})(?!\d)")
# Random answers score 0 with it.
_WEIGHT = 0.7477


def emotion_ratings(text: str) -> dict[str, float]:
    """What a text rates as ``Name: 7``, by the name in lower case; of a name rated twice the last.

    Marks of Markdown are left out, as in `parse_answers` of EQ-bench/EQ-Bench v2.4 and its German parser.
    """
    rated = _RATED.findall(before_run_on(text).replace("*", "").replace("#", ""))
    return {name.lower(): float(intensity) for name, intensity in rated}


def scaled_difference(difference: float) -> float:
    """How much a difference in one intensity counts: little up to 2, by an S-curve up to 5, itself above."""
    if difference == 0:
        return 0.0
    return 6.5 / (1 + exp(-1.2 * (difference - 4))) if difference <= 5 else difference


def emotion_score(answer: Completion | str, reference: Mapping[str, float], *, name: str = "main") -> Score:
    """100 - 7.477 × the sum of the scaled differences: 100 for the reference itself, 0 for chance, negative below.

    ``readable`` is a further score. Raises `NotScored` for an answer that does not rate just the reference's emotions:
    officially it is in no mean, and a run with fewer than 83.33 % of readable answers has no score
    (EQ-bench/EQ-Bench `lib/scoring.py`, `lib/run_bench.py`).
    """
    rated = emotion_ratings(str(answer))
    wanted = {emotion.lower(): intensity for emotion, intensity in reference.items()}
    is_readable = rated.keys() == wanted.keys()
    got, expected = (", ".join(f"{emotion} {n:g}" for emotion, n in each.items()) for each in (rated, wanted))
    why = "" if is_readable else "it is in no mean; officially there is no score below 83.33 % of readable answers"
    readable = Score(float(is_readable), is_readable, got, expected, why, name="readable", found=is_readable)
    if not readable:
        raise NotScored(f"the answer does not rate {', '.join(reference)} alone")
    total = sum(scaled_difference(abs(rated[emotion] - intensity)) for emotion, intensity in wanted.items())
    return Score(100 - 10 * _WEIGHT * total, True, got, expected, name=name, range=(-inf, 100), measured=True)
