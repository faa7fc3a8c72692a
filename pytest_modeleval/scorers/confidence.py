"""How sure of its answer a model says that it is."""

import re

from pytest_modeleval.sample import Completion
from pytest_modeleval.scorers.run_on import before_run_on

_STATED = re.compile(
    r"\bconfidence\b[\W_]{0,20}(?:(?:is|of|about)[\W_]{1,5}){0,2}"
    r"([0-9]{1,3}(?:\.[0-9]{1,9})?)(?![0-9.]{0,20}[0-9])[ \t]{0,5}(%|percent)?",
    re.IGNORECASE,
)


def stated_confidence(answer: Completion | str) -> float | None:
    """The last ``Confidence: 85%`` of an answer as a share, 0.85; None where there is none, or one beyond 100 %.

    A fraction below 1 without a percent sign is a share itself: ``Confidence: 0.9``.
    """
    stated = [match.groups() for match in _STATED.finditer(before_run_on(str(answer)))]
    if not stated:
        return None
    written, percent = stated[-1]
    number = float(written)
    if not percent and "." in written and number < 1:
        return number
    return number / 100 if number <= 100 else None
