"""LiveCodeBench's tests of a problem, and when a program passes them (Jain et al. 2024, arXiv:2403.07974).

The rules are those of ``lcb_runner/evaluation/testing_util.py`` at 28fef95, but for one: a program is run as a script
that reads its real standard input, where that file puts it into a function and stands in for ``sys.stdin``.
"""

import base64
import binascii
import io
import json
import pickle
import re
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, NoReturn

from pytest_modeleval.sample import SampleError, Score
from pytest_modeleval.sandbox.program import Limits, Program
from pytest_modeleval.scorers.programs import NO_CODE, Runs, short, verdict

# What answers use without importing it.
_STARRED = """
    string re datetime collections heapq bisect copy math random statistics itertools functools operator io sys json
    builtins typing
""".split()  # noqa: SIM905 - as it is read
_STARS, _NAMES = (f"from {name} import *" for name in _STARRED), (f"import {name}" for name in _STARRED[:-2])
PREAMBLE = "\n".join([*_STARS, *_NAMES, "sys.setrecursionlimit(50000)", ""])
_FUTURE = re.compile(r"^from __future__ import .*$", re.MULTILINE)
_SECONDS = 6.0
_OUTPUT = 1 << 20

# Problems that no right program solves, or not every one, by the authors' ERRATA.md at 28fef95.
_SEVERAL = """
    abc311_c abc326_d abc327_b abc333_e abc343_a abc343_e abc362_c arc185_c find-words-containing-character
    find-the-peaks generate-binary-strings-without-adjacent-zeros
"""
_WRONG = "abc350_c arc189_a apply-operations-to-make-string-empty most-frequent-ids"
ERRATA: Mapping[str, str] = {
    **dict.fromkeys(_SEVERAL.split(), "several right answers"),
    **dict.fromkeys(("abc337_e", "abc355_e"), "interactive"),
    **dict.fromkeys(_WRONG.split(), "wrong tests"),
}


@dataclass(frozen=True)
class Cases:
    """A problem's test cases: what goes in and what is to come out; of a ``function`` its arguments and value."""

    pairs: Sequence[tuple[str, str]]
    function: str


def erratum(row: Mapping[str, Any]) -> str:
    """What is known to be wrong with a problem; empty where nothing is."""
    return ERRATA.get(row["question_id"]) or ERRATA.get(row["question_title"], "")


# A broken pickle raises what its bytes happen to ask for.
_UNREADABLE = (
    *(ValueError, TypeError, KeyError, AttributeError, IndexError, OverflowError, MemoryError, RecursionError),
    *(binascii.Error, zlib.error, EOFError, pickle.UnpicklingError),
)


class _Text(pickle.Unpickler):
    """Reads a pickled text: what would import anything is refused."""

    def find_class(self, module: str, name: str) -> NoReturn:
        raise pickle.UnpicklingError(f"its pickle asks for {module}.{name}")


def _decoded(packed: str) -> Any:
    """The private tests: JSON, or base64 of zlib of a pickle of JSON."""
    if packed.lstrip().startswith("["):
        return json.loads(packed)
    return json.loads(_Text(io.BytesIO(zlib.decompress(base64.b64decode(packed)))).load())


def cases_of(row: Mapping[str, Any]) -> Cases:
    """A row's public and private tests, all that it has; `SampleError` where they cannot be read, or there are none."""
    function = _read(row, "metadata", lambda text: json.loads(text).get("func_name") or "")
    public = _read(row, "public_test_cases", lambda text: _pairs(json.loads(text), function))
    private = _read(row, "private_test_cases", lambda text: _pairs(_decoded(text), function))
    if not (public or private):
        raise _broken(row, "public_test_cases and private_test_cases", "are none")
    return Cases([*public, *private], function)


def _pairs(tests: Any, function: str) -> list[tuple[str, str]]:
    pairs = [(str(test["input"]), str(test["output"])) for test in tests]
    if function:
        # What is called has its arguments, a line each, and its value in JSON.
        for given, expected in pairs:
            _arguments(given), json.loads(expected)
    return pairs


def _arguments(given: str) -> list[Any]:
    return [json.loads(line) for line in given.split("\n")]


def _read(row: Mapping[str, Any], field: str, read: Callable[[str], Any]) -> Any:
    text = row[field]
    try:
        return read(text)
    except _UNREADABLE as error:
        why = f"{type(error).__name__}: {str(error)[:200]}"
    raise _broken(row, field, f"cannot be decoded: {why}")


def _broken(row: Mapping[str, Any], field: str, why: str) -> SampleError:
    where = getattr(row, "where", row["question_id"])
    return SampleError(f"{where}: its {field} {why}: get live_code_bench's data anew, or leave the sample out")


def _with_preamble(code: str) -> str:
    """The code after the preamble; what Python wants first stays first."""
    return "\n".join([*_FUTURE.findall(code), PREAMBLE, _FUTURE.sub("", code)])


async def solved(sandbox: Runs, cases: Cases, code: str) -> Score:
    """Whether a program passes all tests: one after another, up to the first that it does not."""
    if not code.strip():
        return verdict(code, NO_CODE)
    if cases.function:
        return await _called(sandbox, cases, code)
    program = _with_preamble(code)
    for number, (given, expected) in enumerate(cases.pairs, 1):
        limits = Limits(seconds=_SECONDS, output=_OUTPUT + 2 * len(expected))
        outcome = await sandbox.run(Program(program, stdin=given, limits=limits, expected=expected))
        if why := outcome.why or other_output(outcome.stdout, expected):
            return verdict(code, f"test {number} of {len(cases.pairs)}: {why}", outcome.kind)
    return verdict(code, "")


async def _called(sandbox: Runs, cases: Cases, code: str) -> Score:
    """Each line of a test's input is an argument in JSON; one object of ``Solution`` answers all tests."""
    calls = [_arguments(given) for given, _ in cases.pairs]
    function = f"Solution.{cases.function}" if "class Solution" in code else cases.function
    limits = Limits(seconds=_SECONDS, output=_OUTPUT + 2 * max(len(expected) for _, expected in cases.pairs))
    values = [json.loads(expected) for _, expected in cases.pairs]
    program = Program(_with_preamble(code), function=function, calls=calls, limits=limits, expected=values)
    outcome = await sandbox.run(program)
    for number, wanted in enumerate(values):
        at = f"test {number + 1} of {len(values)}"
        if number >= len(outcome.values):
            return verdict(code, f"{at}: {outcome.why or 'the program ended before it'}", outcome.kind)
        value = outcome.values[number]
        if not _is_same(list(value) if isinstance(value, tuple) else value, wanted):
            return verdict(code, f"{at}: {short(value)} is not {short(wanted)}")
    return verdict(code, "")


def _is_same(value: Any, wanted: Any) -> bool:
    try:
        return bool(value == wanted)
    except RecursionError:
        return False


def other_output(printed: str, expected: str) -> str:
    """Why a program's output is not the expected one; empty where it is.

    As many lines, each the same without spaces around it, or of tokens that are equal as decimal numbers: 1.0 is 1.
    """
    found, wanted = ([line.strip() for line in text.strip().split("\n")] for text in (printed, expected))
    if len(found) != len(wanted):
        return f"{len(found)} lines of output, not {len(wanted)}"
    for number, (one, other) in enumerate(zip(found, wanted, strict=True), 1):
        if one != other and not _same_numbers(one, other):
            return f"line {number} of the output is {short(one)}, not {short(other)}"
    return ""


def _same_numbers(one: str, other: str) -> bool:
    try:
        return [Decimal(token) for token in one.split()] == [Decimal(token) for token in other.split()]
    except InvalidOperation:
        return False
