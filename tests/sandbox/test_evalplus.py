"""EvalPlus' rules: what is compared with what, and that its gold solutions pass where the data lie.

The verdicts of 215 programs, gold and broken ones of 43 tasks, were the same as those of EvalPlus 0.3.1's own
`untrusted_check` (base, and base with plus), in November 2026.
"""

import asyncio
import gzip
import json
import math
from pathlib import Path
from typing import Any

import pytest

from pytest_modeleval.sample import Score, recorded_scores
from pytest_modeleval.sandbox.process import ProcessSandbox
from pytest_modeleval.sandbox.program import Limits, Program
from pytest_modeleval.scorers.evalplus import close, solved, task_of
from pytest_modeleval.scorers.mbpp_inputs import as_python


def judged(sandbox: ProcessSandbox, row: dict[str, Any], code: str) -> dict[str, Score]:
    """The scores by name."""
    made: list[Score] = []
    token = recorded_scores.set(made)
    try:
        asyncio.run(solved(sandbox, row, code, code))
    finally:
        recorded_scores.reset(token)
    return {score.name: score for score in made}


def row(function: str, solution: str, base: Any, plus: Any, atol: float = 0, task: int = 1) -> dict[str, Any]:
    """A row in the layout of EvalPlus' own release."""
    told = {"task_id": f"Mbpp/{task}", "prompt": '"""\nA task.\n"""\n', "entry_point": function, "atol": atol}
    return {**told, "canonical_solution": solution, "base_input": base, "plus_input": plus}


ROOT = "def root(x):\n    return x ** 0.5"
PAIR = "def pair(a, b):\n    return (a, b)"


@pytest.mark.parametrize(
    ("code", "base", "main"),
    [
        (ROOT, "", ""),
        ("def root(x):\n    return x ** 0.5 + 5e-7", "", ""),
        ("def root(x):\n    return x ** 0.5 + 2e-6", "base input 1 of 1, [4]: 2.000002 is not 2.0", "base*"),
        ("def root(x):\n    return int(x ** 0.5)", "", "plus input 1 of 2, [2]: 1 is not 1.4142135623730951"),
        ("import numpy\ndef root(x):\n    return numpy.sqrt(x)", "", ""),
        ("def root(x):\n    return 2.0 if x == 4 else 1 / 0", "", "plus input 1 of 2, [[]2]: ZeroDivisionError: *"),
        ("def root(x):\n    return 2.0 if x == 4 else None", "", "plus input 1 of 2, [[]2]: None is not *"),
        ("root = 4", "base input 1 of 1, [[]4]: TypeError: 'int' object is not callable", "base*"),
        ("def root(x):\n    return 10 ** 5000", "base input 1 of 1, [4]: <int> is not 2.0", "base*"),
        ("def other(x): pass", "base input 1 of 1, [[]4]: the program has no root", "base*"),
        ("import os\nos._exit(0)", "base input 1 of 1, [[]4]: the program ended before it", "base*"),
    ],
)  # fmt: skip
def test_base_and_plus_are_told_apart(sandbox: ProcessSandbox, code: str, base: str, main: str) -> None:
    from fnmatch import fnmatchcase

    pytest.importorskip("numpy")
    scores = judged(sandbox, row("root", ROOT, [[4]], [[2], [9]]), code)

    assert [scores[name].passed for name in ("base", "main")] == [not base, not main]
    assert fnmatchcase(scores["base"].why, base.replace("[4]:", "[[]4]:"))
    assert fnmatchcase(scores["main"].why, main.replace("[2]: 1 ", "[[]2]: 1 "))


@pytest.mark.parametrize(
    ("function", "solution", "inputs", "code", "passes"),
    [
        ("pair", PAIR, [[1, 2]], "def pair(a, b):\n    return [a, b]", False),
        ("pair", PAIR, [[1, 2]], "def pair(a, b):\n    return (a + 0.0, b)", True),
        ("pair", PAIR, [[1.5, 2.5]], "def pair(a, b):\n    return (a + 1e-8, b)", True),
        ("pair", PAIR, [[1.5, 2.5]], "def pair(a, b):\n    return [a + 1e-8, b]", False),
        ("Diff", "def Diff(a, b):\n    return a + b", [[[1], [2]]], "def Diff(a, b):\n    return [*b, *a, *a]", True),
        ("Diff", "def Diff(a, b):\n    return a + b", [[[1], [2]]], "def Diff(a, b):\n    return [*b]", False),
        ("check_str", "def check_str(a):\n    return __import__('re').match('a', a)", [["a"], ["b"]], "def check_str(a):\n    return a == 'a'", True),
        ("check_str", "def check_str(a):\n    return __import__('re').match('a', a)", [["a"], ["b"]], "def check_str(a):\n    return 'no'", False),
        ("sum_div", "def sum_div(a):\n    return a", [[4]], "def sum_div(a):\n    return 0", True),
        ("are_equivalent", "def are_equivalent(a, b):\n    return a == b", [[4, 4]], "def are_equivalent(a, b):\n    return 'x'", True),
        ("surface_Area", "def surface_Area(a, h):\n    return 2 * a * h + a * a", [[3, 4]], "def surface_Area(a, h):\n    return 35", True),
        ("surface_Area", "def surface_Area(a, h):\n    return 2 * a * h + a * a", [[3, 4]], "def surface_Area(a, h):\n    return 36", False),
        ("digit_distance_nums", "def digit_distance_nums(a, b):\n    return 6", [[123, 4]], "def digit_distance_nums(a, b):\n    return 4", True),
        ("find_zero", "def find_zero(xs):\n    return 9", [[[-4, 2]]], "def find_zero(xs):\n    return 2", True),
        ("find_zero", "def find_zero(xs):\n    return 9", [[[-4, 2]]], "def find_zero(xs):\n    return 9", False),
        ("pair", PAIR, [[1, 2]], "class Same:\n    def __eq__(self, other):\n        return True\ndef pair(a, b):\n    return Same()", False),
    ],
)  # fmt: skip
def test_rules_of_tasks(
    sandbox: ProcessSandbox, function: str, solution: str, inputs: Any, code: str, passes: bool
) -> None:
    assert judged(sandbox, row(function, solution, inputs, [], atol=0.0), code)["main"].passed == passes


def test_values_of_megabytes_are_compared(sandbox: ProcessSandbox) -> None:
    """As two tasks of HumanEval+ v0.1.10 have: 15 and 130, of which all 164 solutions pass."""
    rows = row("line", "def line(n):\n    return 'x' * n", [[3_000_000]], [[2_000_000]])

    assert judged(sandbox, rows, "def line(n):\n    return n * 'x'")["main"].passed
    assert not judged(sandbox, rows, "def line(n):\n    return n * 'x' + 'y'")["main"].passed


def test_a_reference_that_fails_is_no_wrong_answer(sandbox: ProcessSandbox) -> None:
    from pytest_modeleval.sample import SampleError

    with pytest.raises(SampleError, match="the reference solution of root failed: ZeroDivisionError"):
        judged(sandbox, row("root", "def root(x):\n    return 1 / 0", [[4]], []), ROOT)


@pytest.mark.parametrize(
    ("value", "expected", "is_close"),
    [
        (1.0, 1.0 + 9e-7, True),
        (1.0, 1.0 + 2e-6, False),
        (1e9, 1e9 + 50, True),
        (1e9, 1e9 + 200, False),
        ([1.0, [2.0]], [1.0, [2.0 + 1e-7]], True),
        ([1.0, 2.0], [1.0], False),
        (math.inf, math.inf, True),
        (math.inf, -math.inf, False),
        (math.nan, math.nan, False),
        (1 + 1j, 1 + 1j + 1e-7, True),
        ("1", "1", False),
        (None, 1.0, False),
        (True, 1, True),
    ],
)
def test_close_numbers(value: Any, expected: Any, is_close: bool) -> None:
    assert close(value, expected, 1e-6) == is_close


def test_close_is_numpys() -> None:
    numpy = pytest.importorskip("numpy")
    for value in (0.0, 1.0, 1 + 9e-7, 1.1, 1e9, 1e9 + 90, -1.0, math.inf, -math.inf, math.nan):
        for expected in (0.0, 1.0, 1e9, -1.0, math.inf, math.nan):
            assert close(value, expected, 1e-6) == bool(numpy.allclose(value, expected, rtol=1e-7, atol=1e-6))


@pytest.mark.parametrize(
    ("task", "given", "made"),
    [
        (1, [[1, 2], 3], [[1, 2], 3]),
        (2, [[1, 2], [3]], [(1, 2), (3,)]),
        (63, [[[1, 2], [3, 4]]], [[(1, 2), (3, 4)]]),
        (75, [[[1, 2]], 3], [[(1, 2)], 3]),
        (106, [[1], [2]], [[1], (2,)]),
        (115, [[[1, 2], [], {}]], [[{1, 2}, {}, {}]]),
        (124, ["1.5", "2+1j"], [1.5, 2 + 1j]),
        (250, [[1, 2], 3], [(1, 2), 3]),
        (252, ["3+4j"], [3 + 4j]),
        (259, [[[1, 2], [3, 4]], [[5, 6]]], [((1, 2), (3, 4)), ((5, 6),)]),
        (278, [[1, [2, 3], 4]], [(1, (2, 3), 4)]),
        (307, [[1, [2]], 3, 4], [(1, [2]), 3, 4]),
        (722, [{"a": [1.5, 2]}, 3], [{"a": (1.5, 2)}, 3]),
        (580, [[1, [2, [3]]]], [(1, (2, (3,)))]),
    ],
)
def test_inputs_are_pythons_values(task: int, given: Any, made: Any) -> None:
    (found,) = as_python(f"Mbpp/{task}", [given])

    assert repr([*found]) == repr(made)


def test_all_inputs_together_have_their_time_too(sandbox: ProcessSandbox) -> None:
    code = "import time\ndef f(n):\n    end = time.process_time() + 0.6\n    while time.process_time() < end: pass\n    return n"
    limits = Limits(seconds=2, total=1)

    outcome = asyncio.run(sandbox.run(Program(code, function="f", calls=[[n] for n in range(20)], limits=limits)))

    assert outcome.kind == "timeout"
    assert 2 <= len(outcome.values) < 10


def test_gold_solutions_pass(sandbox: ProcessSandbox, real_data: Path) -> None:
    """Of MBPP+ v0.1.0 every 20th task; all pass, see the head of this file."""
    with gzip.open(real_data / "mbpp_plus/MbppPlus-v0.1.0.jsonl.gz", "rt") as file:
        rows = [json.loads(line) for line in file][::20]

    failed = {each["task_id"]: judged(sandbox, each, each["canonical_solution"])["main"].why for each in rows}

    assert {task: why for task, why in failed.items() if why} == {}


def test_the_hubs_tests_are_read_and_not_run() -> None:
    tests = (
        "from math import inf\n\ninputs = [[-inf, {1}], [1.5, set()]]\nresults = [(inf,), None]\n"
        "for i, (inp, exp) in enumerate(zip(inputs, results)):\n    assertion(f(*inp), exp, 0.0001)\n"
    )
    hubs = {"test": tests, "code": "def f(x, y): pass", "test_list": ["assert f(1, 2)"] * 3}

    task = task_of(hubs)

    assert task is not None
    assert (task.function, task.inputs, task.values) == ("f", [[-math.inf, {1}], [1.5, set()]], [(math.inf,), None])
    assert (task.base, task.atol) == (2, 0.0001)
    assert task_of({**hubs, "test": tests.replace("{1}", "open('x')")}) is None
    assert task_of({**hubs, "test": "assert f(1, 2)"}) is None
    without = task_of({**hubs, "test": tests.replace("results = [(inf,), None]", "results = [Counter(), None]")})
    assert without is not None
    assert without.values is None


def test_inputs_that_no_process_hands_over_are_left_out(real_data: Path) -> None:
    with gzip.open(real_data / "mbpp_plus/MbppPlus-v0.1.0.jsonl.gz", "rt") as file:
        (found,) = [each for each in map(json.loads, file) if each["task_id"] == "Mbpp/255"]

    task = task_of(found)

    assert task is not None
    assert len(found["base_input"]) + len(found["plus_input"]) - len(task.inputs) == 5
