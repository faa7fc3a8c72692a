"""MathVista's answers by their type, and its official script's reading (lupantech/MathVista `calculate_score.py`)."""

import re
from collections.abc import Sequence

from pytest_modeleval.sample import Completion, Score
from pytest_modeleval.scorers.choices import chosen_letter
from pytest_modeleval.scorers.numbers import final_number, numbers_in, same_number, value_of
from pytest_modeleval.scorers.seen import edits
from pytest_modeleval.scorers.texts import final_text

_QUOTED = re.compile(r'The answer is "([^"\n]*)"\.')
_IN_BRACKETS = re.compile(r"\(([a-zA-Z])\)")
# Options are shorter; a distance takes a time that grows with the text's length and the option's.
_MOST_COMPARED = 1000


def same_value(
    answer: Completion | str, target: str, kind: str, precision: int | None = None, *, name: str = "main"
) -> Score:
    """Whether the answer ends up with the target: a whole number, a float to its decimals, or a list of numbers."""
    if kind == "list":
        said = final_text(str(answer))
        got, wanted = (list(map(value_of, numbers_in(text))) for text in (said, target))
        return Score(float(got == wanted), got == wanted, said, target, name=name, found=bool(got))
    if kind == "integer":
        return same_number(answer, target, name=name)
    number = final_number(str(answer))
    value = value_of(number) if number else None
    try:
        passed = value is not None and round(float(value), precision or 0) == float(target)
    except OverflowError:
        # More than any float, so no target.
        passed = False
    why = "" if number else "no number in the answer"
    return Score(float(passed), passed, number or str(answer).strip(), target, why, name, found=bool(number))


def mathvista_reading(extracted: str, choices: Sequence[str], kind: str, precision: int | None = None) -> str | None:
    """What the official script makes of an extracted answer (`normalize_extracted_answer`).

    Of options it is the one with the letter, else the one at the smallest edit distance: a letter's or an empty text's
    is one too. A whole number is cut off, not rounded. None is an answer that cannot be read.
    """
    if choices:
        extracted = extracted.strip()
        letter = next((found.upper() for found in _IN_BRACKETS.findall(extracted)), extracted)
        place = ord(letter) - ord("A") if len(letter) == 1 else -1
        if 0 <= place < len(choices):
            return choices[place]
        return min(choices, key=lambda choice: edits(letter[:_MOST_COMPARED], choice))
    try:
        if kind == "integer":
            return str(int(float(extracted)))
        return str(round(float(extracted), precision)) if kind == "float" else extracted
    except (ValueError, OverflowError):
        return None


def mathvista_official(
    answer: Completion | str,
    target: str,
    choices: Sequence[str],
    kind: str,
    precision: int | None = None,
    *,
    name: str = "official",
) -> Score:
    """Whether the official script's reading of the answer is the target, a text.

    There a model extracts the answer where no rule does; here what the answer states in the end is taken, and the
    script's own rules go before it: an answer that is an option, and ``The answer is "…".``
    """
    text = str(answer)
    extracted = text if text in choices else _stated(text, choices, kind)
    got = mathvista_reading(extracted, choices, kind, precision)
    return Score(float(got == target), got == target, got or "", target, name=name)


def _stated(text: str, choices: Sequence[str], kind: str) -> str:
    if quoted := _QUOTED.search(text):
        return quoted[1]
    if choices:
        return chosen_letter(text, choices) or final_text(text)
    return final_text(text) if kind == "list" else final_number(text) or ""
