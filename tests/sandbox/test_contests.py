"""Programs judged by LiveCodeBench's rules: what passes, what does not and why, and where it differs from there.

The verdicts of the first table are those of ``lcb_runner``'s `run_test` at 28fef95 for the same programs.
"""

import asyncio

import pytest

from pytest_modeleval.sandbox.process import ProcessSandbox
from pytest_modeleval.scorers.contests import Cases, solved

DOUBLE = Cases([("2\n1 2\n", "2 4\n"), ("3\n1 2 3", "2 4 6\n"), ("1\n5\n", "10")], "")
PAIR = Cases([('[1, 2]\n"a"', '[2, "a"]'), ('[]\n"b"', '[0, "b"]'), ('[7]\n"c"', '[1, "c"]')], "pair")
MEAN = Cases([("[1, 2]", "1.5"), ("[1, 1]", "1"), ("[0.1, 0.2]", "0.15")], "mean")


def why(sandbox: ProcessSandbox, cases: Cases, code: str) -> str:
    """Why a program does not pass; empty where it does."""
    score = asyncio.run(solved(sandbox, cases, code))
    assert score.passed == (not score.why)
    return score.why


READ = "n, xs = int(input()), map(int, input().split())\n"


@pytest.mark.parametrize(
    ("cases", "code", "expected"),
    [
        (DOUBLE, f"{READ}print(*(2 * x for x in xs))", ""),
        (DOUBLE, f"{READ}print(*(2 * x for x in xs))\nexit()", ""),
        (DOUBLE, f"{READ}print(*(2.0 * x for x in xs))", ""),
        (DOUBLE, f"if __name__ == '__main__':\n    {READ.strip()}\n    print(*(2 * x for x in xs))", ""),
        (DOUBLE, "data = sys.stdin.read().split()\nprint(*(2 * int(x) for x in data[1:]))", ""),
        (DOUBLE, f"{READ}print(*sorted(defaultdict(int, {{2 * x: 1 for x in xs}})))", ""),
        (DOUBLE, f"{READ}print(*list(2 * x for x in xs)[:2])", "test 2 of 3: line 1 of the output is '2 4', not '2 4 6'"),
        (DOUBLE, f"{READ}print(*(2 * x for x in xs), sep='\\n')", "test 1 of 3: 2 lines of output, not 1"),
        (DOUBLE, f"{READ}print(*(2 * x for x in xs))\n1 / 0", "test 1 of 3: ZeroDivisionError: division by zero"),
        (DOUBLE, "while True: pass", "test 1 of 3: the program took more than its time"),
        (DOUBLE, "print(", "test 1 of 3: SyntaxError: '(' was never closed"),
        (PAIR, "class Solution:\n    def pair(self, xs: List[int], k: str):\n        return [len(xs), k]", ""),
        (PAIR, "class Solution:\n    def pair(self, xs, k):\n        return len(xs), k", ""),
        (PAIR, "def pair(xs, k):\n    return [len(xs), k]", ""),
        (PAIR, "class Solution:\n    def pair(self, xs, k):\n        return [len(xs), [k]]", "test 1 of 3: [2, ['a']] is not [2, 'a']"),
        (PAIR, "class Solution:\n    n = 0\n    def pair(self, xs, k):\n        self.n += 1\n        return [len(xs), k] if self.n < 3 else 0", "test 3 of 3: 0 is not [1, 'c']"),
        (PAIR, "class Solution:\n    def other(self, xs, k): pass", "test 1 of 3: AttributeError: 'Solution' object has no attribute 'pair'"),
        (PAIR, "x = 1", "test 1 of 3: the program has no pair"),
        (PAIR, "class Solution:\n    def pair(self, xs, k):\n        return [len(xs), k] if xs else 1 / 0", "test 2 of 3: ZeroDivisionError: division by zero"),
        (MEAN, "class Solution:\n    def mean(self, xs):\n        return sum(xs) / len(xs)", "test 3 of 3: 0.15000000000000002 is not 0.15"),
    ],
)  # fmt: skip
def test_a_program_is_judged_as_by_the_official_script(
    sandbox: ProcessSandbox, cases: Cases, code: str, expected: str
) -> None:
    assert why(sandbox, cases, code) == expected


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        # Lines of bytes: the official stand-in gives the first one again and again.
        ("r = sys.stdin.buffer.readline\nr()\nprint(*(2 * int(x) for x in r().split()))", ""),
        # A global, where the official function has made it a local.
        (f"{READ}t = 0\ndef f():\n    global t\n    t = 2\nf()\nprint(*(t * x for x in xs))", ""),
        # What stands before everything else in Python.
        (f"from __future__ import annotations\n{READ}print(*(2 * x for x in xs))", ""),
        # Contest sites call this a run-time error, the official script looks at the output alone.
        (f"{READ}print(*(2 * x for x in xs))\nsys.exit(3)", "test 1 of 3: the program ended with the status 3"),
    ],
)
def test_where_a_real_process_differs(sandbox: ProcessSandbox, code: str, expected: str) -> None:
    assert why(sandbox, DOUBLE, code) == expected


def test_nothing_is_run_where_there_is_no_code(sandbox: ProcessSandbox) -> None:
    score = asyncio.run(solved(sandbox, DOUBLE, "\n"))

    assert (score.passed, score.found, score.why) == (False, False, "no code in the answer")


def test_an_answer_longer_than_a_megabyte_is_read(sandbox: ProcessSandbox) -> None:
    expected = " ".join(["123456"] * 300_000)

    assert not why(sandbox, Cases([("", expected)], ""), "print(*[123456] * 300_000)")
    assert "more than it may" in why(sandbox, Cases([("", "1")], ""), "print('x' * 3_000_000)")
