"""Does an answer say yes or no, and is that right?"""

import re
from collections.abc import Mapping

from pytest_modeleval.sample import Completion, Score
from pytest_modeleval.scorers.texts import final_text
from pytest_modeleval.statistics.aggregates import Rows, bootstrapped
from pytest_modeleval.statistics.means import Estimate

_WORD = re.compile(r"[^\W\d_]+")
_YES_OR_NO = re.compile(r"\b(?:yes|no)\b", re.IGNORECASE)


def yes_or_no(text: str) -> str:
    """``yes`` or ``no``, which the answer begins with, or the one of the two words that is in it; else nothing.

    Of several lines the last ``ANSWER:`` counts (`texts.final_text`). "I see a dog" says neither, and so does an answer
    that says both in its middle.
    """
    text = final_text(text)
    first = _WORD.search(text)
    if first and first[0].lower() in ("yes", "no"):
        return first[0].lower()
    said = {word.lower() for word in _YES_OR_NO.findall(text)}
    return said.pop() if len(said) == 1 else ""


def pope_reading(text: str) -> str:
    """What POPE's script makes of an answer: ``no`` where its first sentence has "No", "no" or "not", else ``yes``.

    So an empty answer is ``yes`` (AoiDragon/POPE `evaluate.py`).
    """
    words = text.partition(".")[0].replace(",", "").split(" ")
    return "no" if {"No", "not", "no"} & set(words) else "yes"


def same_yes_no(answer: Completion | str, target: str) -> Score:
    """Whether an answer says the target, ``yes`` or ``no``; one that says neither is wrong, and `found` is False."""
    text = str(answer)
    got = yes_or_no(text)
    why = "" if got else "neither yes nor no in the answer"
    return Score(float(got == target), got == target, got or text.strip(), target, why, found=bool(got))


def pope_score(answer: Completion | str, target: str) -> Score:
    """As `same_yes_no`, with what POPE reports beside it.

    Records ``yes_ratio``; ``precision`` where the answer says yes, ``recall`` where the target does; and ``official``
    with ``official_precision`` and ``official_recall``, where what has no "no" is a yes (`pope_reading`).
    """
    text = str(answer)
    for prefix, got in (("", yes_or_no(text)), ("official_", pope_reading(text))):
        is_right = got == target
        if prefix:
            Score(float(is_right), is_right, got, target, name="official")
        if got == "yes":
            Score(float(is_right), is_right, got, target, name=f"{prefix}precision")
        if target == "yes":
            Score(float(is_right), is_right, got, target, name=f"{prefix}recall")
    Score(float(yes_or_no(text) == "yes"), True, name="yes_ratio", measured=True)
    return same_yes_no(text, target)


# F1 is the harmonic mean of two means over all samples.
POPE_F1: Mapping[str, tuple[str, str]] = {
    "f1": ("precision", "recall"),
    "official_f1": ("official_precision", "official_recall"),
}


def all_right(rows: Rows) -> Estimate | None:
    """The share of groups of which every sample is right; a row has a score and its group, None in no group."""
    groups: dict[str, list[float]] = {}
    for score, group in rows:
        if score is not None and group is not None:
            groups.setdefault(str(group), []).append(score)
    return bootstrapped(_share, [[float(min(scores) == 1)] for scores in groups.values()]) if groups else None


def _share(rows: Rows) -> float | None:
    return sum(row[0] for row in rows) / len(rows) if rows else None
