"""Which expression does a text end up with?"""

import re

from pytest_modeleval.scorers.answers import (
    boxed,
    cut_off_in_box,
    is_excepted,
    is_prose,
    stated_results,
    the_result,
)
from pytest_modeleval.scorers.numbers import MOST_READ, last_number, result_in
from pytest_modeleval.scorers.run_on import before_run_on

_DELIMITER = re.compile(r"\\[()\[\]]|\\.|\$\$?", re.DOTALL)
_CLOSES = {r"\(": r"\)", r"\[": r"\]", "$": "$", "$$": "$$"}
_MARKDOWN = " \t\r\n*_`\"'#"
_JOINING = re.compile(r"(?:[\s,*_]|\b(?:and|or)\b)*")

# A minus sign that stands before a formula: "-$\\frac{1}{2}$".
_SIGN = re.compile(r"(?:^|[\s=:(*])[-\u2212]$")

# Where a formula stands in a text, with its delimiters, and what it is without them.
Formula = tuple[tuple[int, int], str]


def formulas_in(text: str) -> list[Formula]:
    r"""The formulas between ``$…$``, ``$$…$$``, ``\(…\)`` and ``\[…\]``, in order, in one pass.

    A dollar sign before a digit closes none, so "$5 and $6" are amounts (as pandoc reads them).
    """
    found: list[Formula] = []
    mark, start, inside = "", 0, 0
    for match in _DELIMITER.finditer(text):
        now, end = match[0], match.end()
        if mark == "$" and now == "$$":
            # "$x$$y$": one ends and the next begins.
            now, end = "$", end - 1
            found.append(((start, end), text[inside : end - 1].strip()))
            start, inside = end, end + 1
        elif mark and now == _CLOSES[mark] and not (now == "$" and text[end : end + 1].isdigit()):
            found.append(((start, end), text[inside : match.start()].strip()))
            mark = ""
        elif now in _CLOSES:
            mark, start, inside = now, match.start(), end
    return [_signed(text, place, formula) for place, formula in found if formula]


def _signed(text: str, place: tuple[int, int], formula: str) -> Formula:
    start, end = place
    if _SIGN.search(text, max(0, start - 2), start) and not formula.startswith(("-", "+")):
        return (start - 1, end), f"-{formula}"
    return place, formula


def final_expression(text: str) -> str | None:
    r"""The expression that a text ends up with; nothing of a run-on is read.

    In this order: the last complete ``\boxed{…}``; nothing, when there is one that was cut off; what a sentence after
    the last "the answer is" or "ANSWER:" results in; a text that is an expression as a whole; the last formula between
    dollar signs or the last number, whichever comes later.
    """
    text = before_run_on(text)
    if (box := boxed(text)) is not None:
        return box or None
    if cut_off_in_box(text):
        return None
    for sentence in stated_results(text):
        return _result(sentence)
    line = text.strip(_MARKDOWN)
    if line and "\n" not in line and not is_prose(line):
        return line
    formulas = formulas_in(text := text[-MOST_READ:])
    if number := last_number(text[formulas[-1][0][1] :] if formulas else text):
        return number
    return formulas[-1][1] if formulas and not is_excepted(text, formulas[-1][0][0]) else None


def _result(sentence: str) -> str:
    """The formula or the list of formulas that a sentence results in; else its number, or all of it."""
    formulas = formulas_in(sentence := sentence[:MOST_READ])
    if not formulas:
        return (is_prose(sentence) and result_in(sentence)) or sentence.strip(_MARKDOWN)
    first = last = the_result(sentence, [place for place, _ in formulas])
    if is_excepted(sentence, formulas[first][0][0]):
        return sentence
    while last + 1 < len(formulas) and _JOINING.fullmatch(sentence, formulas[last][0][1], formulas[last + 1][0][0]):
        last += 1
    return ", ".join(formula for _, formula in formulas[first : last + 1])
