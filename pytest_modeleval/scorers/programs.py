"""Programs in answers: where the code stands, and whether it did what it was to do."""

import ast
import builtins
import re
from typing import Protocol

from pytest_modeleval.sample import Completion, Score
from pytest_modeleval.sandbox.program import COMPILE, FILES, FINISHED, MEMORY, OUTPUT, PYTHON, TIMEOUT, Outcome, Program

# A fence of Markdown, which a cut-off answer leaves open.
_FENCE = re.compile(r"^[ \t]*```[^\n`]*\n(.*?)(?:^[ \t]*```[ \t]*$|\Z)", re.DOTALL | re.MULTILINE)
# A line that begins with a call, or is an assignment whose end stands below.
_CALL = re.compile(r"[\w.]+\(|[\w.]+ *=[^=]")
# What lines of other languages than Python have and those of prose have not, mostly: how they end, or how they begin.
_CODE = re.compile(
    r"[{};]$|^[\w.:]+\(|^\(\w|^[$@]?\w[\w.:\[\]]*\s*(?:<-|[-+*/.|:]?=)|[$@]\w|^(?:return\b|end$|fi$|done$|#include\b)"
)
_WORKING = (ast.BinOp, ast.Subscript)
_MISTAKES = {
    TIMEOUT: "time-out",
    MEMORY: "out of memory",
    OUTPUT: "too much output",
    FILES: "too much output",
    COMPILE: "does not compile",
}
# What a report says a program was to be, and how much it shows of it.
_EXPECTED = "code that passes"
_SHOWN = 2000
# An answer without a fence of more characters is taken for code without a look at its lines.
_LONG = 50_000
NO_CODE = "no code in the answer"


class Runs(Protocol):
    """What runs programs: a test's sandbox, or a kind of it."""

    async def run(self, program: Program) -> Outcome:
        """What comes of a program."""


def first_fenced(answer: Completion | str, language: str = PYTHON) -> str:
    """The code between the answer's first fence of ``` and its end; without a fence the whole answer.

    Empty where there is no fence, and no line of the answer is code of the language.
    """
    text = str(answer)
    found = _FENCE.search(text)
    if found:
        return found[1]
    is_code = _is_statement if language == PYTHON else _CODE.search
    return text if len(text) > _LONG or any(is_code(line.strip()) for line in text.split("\n")) else ""


def _is_statement(line: str) -> bool:
    """Whether a line, or what begins with it, does anything in Python: prose may be a name, or some of them."""
    if _CALL.match(line):
        return True
    try:
        body = ast.parse(f"{line} pass" if line.endswith(":") else line).body
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        return False
    return any(not isinstance(node, ast.Expr) or isinstance(node.value, _WORKING) for node in body)


def between_marks(answer: Completion | str, begin: str = "[BEGIN]", end: str = "[DONE]") -> str:
    """The code between two marks, by default MBPP's (arXiv:2108.07732), without the fence that may stand there.

    Without the first one it begins with the answer, without the last one it goes on to its end.
    """
    text = str(answer)
    return first_fenced((text.partition(begin)[2] if begin in text else text).partition(end)[0])


def function_called(tests: str) -> str:
    """The function that tests call: the first one that is not Python's own, or one that is called as one of those is.

    Empty where they call none, or are no code.
    """
    try:
        nodes = ast.walk(ast.parse(tests))
    except (SyntaxError, ValueError):
        return ""
    called = [node.func.id for node in nodes if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)]
    return next((name for name in called if not hasattr(builtins, name)), next(iter(called), ""))


def imports_for(tests: str, solution: str) -> str:
    """The imports of a solution that its tests use too, a line each."""
    try:
        nodes = ast.parse(solution).body
    except (SyntaxError, ValueError):
        return ""
    used = set(re.findall(r"\w+", tests))
    imports = [node for node in nodes if isinstance(node, ast.Import | ast.ImportFrom)]
    return "\n".join(ast.unparse(each) for each in imports if used & {it.asname or it.name for it in each.names})


def last_fenced(answer: Completion | str) -> str:
    """The lines between the last two that have a fence of ```, as LiveCodeBench takes them; empty for fewer fences.

    ``lcb_runner/utils/extraction_utils.py`` at 28fef95.
    """
    lines = str(answer).split("\n")
    fences = [number for number, line in enumerate(lines) if "```" in line]
    return "\n".join(lines[fences[-2] + 1 : fences[-1]]) if len(fences) > 1 else ""


def passed(outcome: Outcome, code: str, *, name: str = "main") -> Score:
    """Whether a program's tests passed, with the code as what was got; ValueError where it was given no tests."""
    if not outcome.tested:
        raise ValueError(
            "passed is for a program with tests, Program(code, tests=…): of another compare Outcome.values or "
            "Outcome.stdout, and assert verdict(code, why, outcome.kind)"
        )
    why = "" if outcome.passed else outcome.why or "the program ended before its tests had"
    return verdict(code, why, outcome.kind, name=name)


def verdict(code: str, why: str, kind: str = FINISHED, *, name: str = "main") -> Score:
    """Right where nothing says why not, with the code as what was got; ``kind`` is how the program ended."""
    found = bool(code.strip())
    mistake = _MISTAKES.get(kind, "") if why else ""
    if not found:
        why = NO_CODE
    return Score(float(not why), not why, code.strip()[:_SHOWN], _EXPECTED, why, name, found=found, mistake=mistake)


def short(value: object) -> str:
    """A value of a program's for a line of a report; its kind where Python does not write it, as of too many digits."""
    try:
        text = repr(value)
    except (ValueError, RecursionError):
        return f"<{type(value).__name__}>"
    return text if len(text) <= 80 else f"{text[:50]} … {text[-25:]}"
