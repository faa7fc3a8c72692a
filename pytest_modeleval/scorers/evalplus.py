"""HumanEval+ and MBPP+: many more inputs, whose values are compared outside the sandbox (Liu et al. 2023).

The rules are those of ``evalplus/eval/__init__.py`` of EvalPlus 0.3.1 (arXiv:2305.01210), those for some tasks alone of
its ``_special_oracle.py``.
"""

import ast
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pytest_modeleval.sample import SampleError, Score
from pytest_modeleval.sandbox.program import FINISHED, Limits, Program
from pytest_modeleval.scorers.mbpp_inputs import as_python
from pytest_modeleval.scorers.programs import NO_CODE, Runs, function_called, passed, short, verdict

# EvalPlus at 26d6d00 (`config.py`): four seconds for an input, and a minute for a task. Values are up to 7 MB.
LIMITS = Limits(seconds=4, total=60, output=64 << 20)
# MBPP's tasks whose answers are compared as sets, and those that only need to give something.
_AS_SETS = {
    "similar_elements", "find_char_long", "common_in_nested_lists", "extract_singly", "larg_nnum",
    "intersection_array", "find_dissimilar", "Diff",
}  # fmt: skip
_NOT_NONE = {"check_str", "text_match_three", "text_starta_endb"}
_RELATIVE, _ABSOLUTE = 1e-7, 1e-6


@dataclass(frozen=True)
class Task:
    """A task: its ``inputs``, the first ``base`` of which are the original benchmark's, and their values.

    Without ``values`` they are what the ``reference`` gives. ``base`` is 0 where nothing tells which are.
    """

    function: str
    inputs: Sequence[Sequence[Any]]
    base: int
    atol: float
    reference: str
    values: Sequence[Any] | None = None


# In EvalPlus' own release; the hub's rows have their tests as code.
_RELEASED = ("base_input", "plus_input", "atol", "entry_point", "prompt", "canonical_solution", "task_id")


def fields_of(row: Mapping[str, Any]) -> Sequence[str]:
    """What answers to a row are judged by."""
    return _RELEASED if "plus_input" in row else ("test",)


def task_of(row: Mapping[str, Any]) -> Task | None:
    """The task in a row of EvalPlus' own release or of the hub's; None where the hub's tests are to be run as code."""
    if "plus_input" in row:
        base, plus = (as_python(row["task_id"], inputs) for inputs in (row["base_input"], row["plus_input"] or []))
        reference = f"{row['prompt']}{row['canonical_solution']}"
        inputs = _handed_over(row["entry_point"], [*base, *plus])
        return Task(row["entry_point"], inputs, len(base), row["atol"], reference)
    reference = row["code"] if "code" in row else f"{row['prompt']}{row['canonical_solution']}"
    return _in_tests(row["test"], row.get("entry_point", ""), len(row.get("test_list", ())), reference)


def function_of(row: Mapping[str, Any]) -> str:
    """The function that a row's tests call."""
    return row.get("entry_point") or function_called("\n".join(row["test_list"]))


def _in_tests(tests: str, function: str, base: int, reference: str) -> Task | None:
    """The task that the hub's ``test`` has as code: ``inputs``, mostly ``results``, and a loop that compares."""
    try:
        nodes = list(ast.walk(ast.parse(tests)))
        found = {
            node.targets[0].id: node.value
            for node in nodes
            if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
        }
        inputs = _literal(found["inputs"])
    except (SyntaxError, ValueError, KeyError, RecursionError, MemoryError):
        return None
    loops = [inner for node in nodes if isinstance(node, ast.For) for inner in ast.walk(node)]
    tolerances = [
        node.value for node in loops if isinstance(node, ast.Constant) and isinstance(node.value, int | float)
    ]
    called = [name for node in loops if (name := _called_with_input(node))]
    if not (tolerances and called):
        return None
    try:
        values = _literal(found["results"]) if "results" in found else None
    except ValueError:
        values = None
    function = function or called[0]
    # Equal inputs stand there once.
    base = min(base, len(inputs))
    return Task(function, _handed_over(function, inputs), base, float(tolerances[-1]), reference, values)


def _handed_over(function: str, inputs: Sequence[Sequence[Any]]) -> Sequence[Sequence[Any]]:
    """The inputs without those of one task (Mbpp/255) whose values are up to 128 million texts: five of them."""
    return [given for given in inputs if given[1] < 76] if function == "combinations_colors" else inputs


def _called_with_input(node: ast.AST) -> str:
    """The name of a function that is called with ``*inp``; empty for what is no such call."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name):
        return ""
    return node.func.id if any(isinstance(argument, ast.Starred) for argument in node.args) else ""


class _Numbers(ast.NodeTransformer):
    """Names of numbers as those."""

    def visit_Name(self, node: ast.Name) -> ast.expr:
        return ast.Constant(float(node.id)) if node.id in ("inf", "nan") else node


def _literal(node: ast.expr) -> Any:
    return ast.literal_eval(_Numbers().visit(node))


async def solved(sandbox: Runs, row: Mapping[str, Any], program: str, code: str) -> Score:
    """Whether a program passes the original tests and EvalPlus' own; the former are a score of their own, ``base``.

    Nothing is run where there is no code.
    """
    task = task_of(row)
    if not code.strip():
        if task and task.base:
            verdict(code, NO_CODE, name="base")
        return verdict(code, NO_CODE)
    if task is None:
        tests, function = row["test"], row.get("entry_point", "")
        tests += f"\ncheck({function})" if function else ""
        limits = Limits(seconds=LIMITS.total)
        run = Program(program, tests=tests, function=function, given=row["prompt"] if function else "", limits=limits)
        return passed(await sandbox.run(run), code)
    values = task.values if task.values is not None else await _reference(sandbox, task)
    parts = [("base", 0, task.base), ("plus", task.base, len(task.inputs))]
    why, kind = "", FINISHED
    for name, start, end in parts:
        if not why and start < end:
            why, kind = await _compared(sandbox, task, program, values, range(start, end))
            why = why and f"{name} {why}"
        if name == "base" and task.base:
            verdict(code, why, kind, name="base")
    return verdict(code, why, kind)


async def _reference(sandbox: Runs, task: Task) -> Sequence[Any]:
    """What the reference solution gives, which is run as any other program."""
    limits = replace(LIMITS, seconds=LIMITS.total)
    run = Program(task.reference, function=task.function, calls=task.inputs, limits=limits)
    outcome = await sandbox.run(run)
    if len(outcome.values) < len(task.inputs):
        raise SampleError(f"the reference solution of {task.function} failed: {outcome.why or 'it ended'}")
    if task.function in _NOT_NONE:
        return [value is not None for value in outcome.values]
    return outcome.values


async def _compared(sandbox: Runs, task: Task, program: str, values: Sequence[Any], places: range) -> tuple[str, str]:
    """Why the program does not give the values of some inputs, empty where it does, and how it ended."""
    calls = [task.inputs[place] for place in places]
    expected = [values[place] for place in places]
    run = Program(program, function=task.function, calls=calls, limits=LIMITS, expected=expected)
    outcome = await sandbox.run(run)
    atol = task.atol
    for number, place in enumerate(places):
        said = f"input {number + 1} of {len(places)}, {short(task.inputs[place])}"
        if number >= len(outcome.values):
            return f"{said}: {outcome.why or 'the program ended before it'}", outcome.kind
        if atol == 0 and _is_floats(values[place]):
            # As there, for the inputs after it too.
            atol = _ABSOLUTE
        if not _is_right(task.function, task.inputs[place], outcome.values[number], values[place], atol):
            return f"{said}: {short(outcome.values[number])} is not {short(values[place])}", FINISHED
    return "", FINISHED


def _is_right(function: str, given: Sequence[Any], value: Any, expected: Any, atol: float) -> bool:
    try:
        if function in _AS_SETS:
            is_same = set(value) == set(expected)
        elif function in _NOT_NONE:
            is_same = value == expected if isinstance(value, bool) else expected == (value is not None)
        elif function == "find_zero":
            return bool(abs(sum(each * math.pow(value, power) for power, each in enumerate(given[0]))) <= atol)
        else:
            is_same = value == expected or (function in _ALSO and _ALSO[function](given, value, atol))
        return bool(is_same or (atol and type(value) is type(expected) and close(value, expected, atol)))
    except (TypeError, ValueError, ArithmeticError, RecursionError):
        return False


def _surface(given: Sequence[Any], value: Any, atol: float) -> bool:
    """Also with the height of the pyramid, not of its sides."""
    edge, height = given
    area = round(edge**2 + 2 * edge * math.sqrt((edge / 2) ** 2 + height**2))
    return bool(abs(value - area) <= atol)


def _digits(given: Sequence[Any], value: Any, atol: float) -> bool:  # noqa: ARG001 - all of one shape
    """Also with the shorter number filled up by zeros."""
    one, other = map(str, given)
    most = max(len(one), len(other))
    pairs = zip(one.zfill(most), other.zfill(most), strict=True)
    return bool(value == sum(abs(int(first) - int(second)) for first, second in pairs))


_ALSO: Mapping[str, Callable[[Sequence[Any], Any, float], bool]] = {
    "are_equivalent": lambda given, value, atol: True,  # noqa: ARG005 - any answer is taken
    "sum_div": lambda given, value, atol: bool(value == 0),  # noqa: ARG005
    "surface_Area": _surface,
    "digit_distance_nums": _digits,
}


def _is_floats(value: Any) -> bool:
    """Whether it is a float, or a list or tuple of floats."""
    return isinstance(value, float) or (
        isinstance(value, list | tuple) and bool(value) and all(isinstance(each, float) for each in value)
    )


def close(value: Any, expected: Any, atol: float) -> bool:
    """As ``numpy.allclose(value, expected, rtol=1e-07, atol=atol)`` says of numbers and lists of them, of one shape."""
    if isinstance(value, list | tuple) and isinstance(expected, list | tuple):
        pairs = zip(value, expected, strict=False)
        return len(value) == len(expected) and all(close(one, other, atol) for one, other in pairs)
    if not isinstance(value, int | float | complex) or not isinstance(expected, int | float | complex):
        return False
    if not (_is_finite(value) and _is_finite(expected)):
        return value == expected
    return abs(value - expected) <= atol + _RELATIVE * abs(expected)


def _is_finite(value: complex) -> bool:
    return math.isfinite(value.real) and math.isfinite(value.imag)
