"""Programs in answers: where the code stands, and whether it did what it was to do."""

import re

from pytest_modeleval.sample import Completion, Score
from pytest_modeleval.sandbox.program import COMPILE, FILES, MEMORY, OUTPUT, TIMEOUT, Outcome

# A fence of Markdown, which a cut-off answer leaves open.
_FENCE = re.compile(r"^[ \t]*```[^\n`]*\n(.*?)(?:^[ \t]*```[ \t]*$|\Z)", re.DOTALL | re.MULTILINE)
_MISTAKES = {
    TIMEOUT: "time-out",
    MEMORY: "out of memory",
    OUTPUT: "too much output",
    FILES: "too much output",
    COMPILE: "does not compile",
}
# Code that a report shows of a program.
_SHOWN = 2000


def first_fenced(answer: Completion | str) -> str:
    """The code between the answer's first fence of ``` and its end; the whole answer where there is no fence."""
    text = str(answer)
    found = _FENCE.search(text)
    return found[1] if found else text


def passed(outcome: Outcome, code: str, *, name: str = "main") -> Score:
    """Whether a program's tests passed, with the code as what was got."""
    why = "" if outcome.passed else outcome.why or "the program ended before its tests had"
    return _score(outcome, outcome.passed, code, why, name)


def _score(outcome: Outcome, is_right: bool, code: str, why: str, name: str) -> Score:
    found = bool(code.strip())
    mistake = "" if is_right else _MISTAKES.get(outcome.kind, "")
    why = why if found else "no code in the answer"
    return Score(float(is_right), is_right, code.strip()[:_SHOWN], "", why, name, found=found, mistake=mistake)
