"""Is the number in an answer the right one?"""

import re
import unicodedata
from fractions import Fraction

from pytest_modeleval.sample import Completion, Score
from pytest_modeleval.scorers.answers import boxed, stated

# A number with grouped digits (commas, or no-break spaces), a plain one, or one that begins with its point; then an
# exponent. The sign counts only where no digit, letter or bracket stands before it: "7-3" ends in 3, not in -3.
_NUMBER = re.compile(
    r"(?:(?<![\w.)])[-+])?"
    r"(?:(?:\d{1,3}(?:,\d{3})+(?!\d)|\d{1,3}(?:[\u00a0\u202f]\d{3})+(?!\d)|\d+)(?:\.\d+)?|(?<![\d.])\.\d+)"
    r"(?:[eE][-+]?\d{1,3}(?!\w))?"
)
_FRACTION = re.compile(r"\\[dt]?frac\s*\{\s*(-?[\d.,]{1,40})\s*\}\s*\{\s*(-?[\d.,]{1,40})\s*\}")
# Minus signs, decimal and grouping marks that are not ASCII: minus, en dash, full-width minus, Arabic decimal and
# thousands separators, full-width comma and point.
_SPELLED = {"\u2212": "-", "\u2013": "-", "\uff0d": "-", "\u066b": ".", "\u066c": ",", "\uff0c": ",", "\uff0e": "."}


def plain_digits(text: str) -> str:
    """The text with every script's decimal digits, minus signs and separators written in ASCII.

    Arabic-Indic, Devanagari, Bengali, Thai, full-width and all other Unicode decimal digits (category Nd).
    """
    # Most text is ASCII: skip the walk.
    if text.isascii():
        return text
    return "".join(str(unicodedata.decimal(c)) if unicodedata.category(c) == "Nd" else _SPELLED.get(c, c) for c in text)


def numbers_in(text: str) -> list[str]:
    """Every number in a text, in order, as plain decimal strings or ``a/b`` for fractions."""
    text = _FRACTION.sub(lambda match: f" {match[1]}/{match[2]} ", plain_digits(text))
    text = text.replace("{,}", ",").replace(r"\,", "").replace(r"\!", "")
    numbers: list[str] = []
    end = slashes = 0
    for match in _NUMBER.finditer(text):
        number = re.sub("[, \u00a0\u202f]", "", match[0])
        # a/b is one number; a/b/c is a date or a path, and three numbers.
        slashed = bool(numbers) and text[end : match.start()].strip() == "/"
        slashes = slashes + 1 if slashed else 0
        if slashes == 1:
            numbers[-1] += f"/{number}"
        elif slashes == 2:
            numbers += [*numbers.pop().split("/"), number]
        else:
            numbers.append(number)
        end = match.end()
    return numbers


def value_of(number: str) -> Fraction | None:
    """The exact value of a number as `numbers_in` writes it; None for a division by zero."""
    above, _, below = number.replace(",", "").partition("/")
    try:
        return Fraction(above) / Fraction(below or "1")
    except (ValueError, ZeroDivisionError):
        return None


def final_number(text: str) -> str | None:
    r"""The number a text ends up with: boxed, else after "the answer is", "####" and the like, else the last."""
    box = boxed(text)
    if box is not None and (numbers := numbers_in(box)):
        return numbers[-1]
    _, hashes, after = text.rpartition("####")
    if hashes and (numbers := numbers_in(after)):
        return numbers[0]
    for statement in stated(text):
        # "the answer is 3 + 4 = 7" ends in its result; "is 7. That took 2 steps" begins with it.
        sentence = re.split(r"(?<=\D)\.(?:\s|$)|(?<=\d)\.(?:\s|$)|[;。]", statement)[0]
        if numbers := numbers_in(sentence):
            return numbers[-1] if "=" in sentence else numbers[0]
    numbers = numbers_in(text)
    return numbers[-1] if numbers else None


def same_number(answer: Completion | str, target: str, *, name: str = "main") -> Score:
    """Whether the answer's final number equals the target's, exactly (72, 72.0 and $72.00 are one number).

    GSM8K's own check compares the final number as a string with commas removed (Cobbe et al. 2021,
    openai/grade-school-math `dataset.py`); equality of values differs from it only for spellings of one number.
    """
    text = str(answer)
    got = final_number(text)
    wanted = numbers[-1] if (numbers := numbers_in(target)) else None
    if wanted is None or value_of(wanted) is None:
        raise ValueError(f"the target {target!r} holds no number")
    passed = got is not None and (got == wanted or value_of(got) == value_of(wanted))
    why = "" if got is not None else "no number in the answer"
    return Score(float(passed), passed, got or text.strip(), target, why, name, found=got is not None)
