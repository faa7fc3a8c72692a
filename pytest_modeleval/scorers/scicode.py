"""SciCode: a problem's steps as they are asked and tested, as its authors' scripts do it (scicode-bench/SciCode)."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pytest_modeleval.sample import Completion, SampleError
from pytest_modeleval.sandbox.program import Limits, Program

# Half an hour for a step, as `eval/scripts/test_generated_code.py`.
_LIMITS = Limits(seconds=1800, wall=1.0, memory=8 << 30)
_MODULES = ("numpy", "scipy", "sympy", "h5py")
# Steps that are not asked: the authors' own code stands there, in files of these names beside their numbers.
_GIVEN = ("13.6", "62.1", "76.3")
# How every file of HDF5 begins.
_HDF5 = b"\x89HDF\r\n\x1a\n"
_IMPORT = re.compile(r"^\s*(import .*|from .*\s+import\s+.*)", re.MULTILINE)
_FUNCTION = re.compile(r"\bdef\s+(\w+)\s*\(")
_TESTS = """
import sys, types, unittest
_numbers = types.ModuleType("scicode.compare.cmp")
exec(compile({numbers!r}, "numbers.py", "exec"), _numbers.__dict__)
sys.modules.update({{"scicode": types.ModuleType("scicode"), "scicode.compare": types.ModuleType("scicode.compare")}})
sys.modules["scicode.compare.cmp"] = _numbers
class TestCases(unittest.TestCase):
    def test_step(self):
        tests = {tests!r}
        for target, test in zip(_numbers.targets({path!r}, {step!r}, len(tests)), tests):
            globals()["target"] = target
            exec(compile(test, "test.py", "exec"), globals())
"""


def modules_of(row: Mapping[str, Any]) -> set[str]:
    """What a problem's programs import."""
    return {*_MODULES, *re.findall(r"^\s*(?:from|import)\s+(\w+)", row["required_dependencies"], re.MULTILINE)}


def numbers_in(path: Path) -> Path:
    """The file of the authors' numbers; `SampleError` for what is no HDF5, as a page of their drive."""
    try:
        with path.open("rb") as file:
            begins = file.read(len(_HDF5))
    except OSError as error:
        raise SampleError(f"{path} cannot be read: {error.strerror}") from None
    if begins != _HDF5:
        raise SampleError(f"{path} is no file of HDF5: get the authors' eval/data/test_data.h5 anew")
    return path


def given(number: str, data: Path) -> str | None:
    """The code of a step that is not asked; None for one that is. `SampleError` where its file is not there."""
    if number not in _GIVEN:
        return None
    path = data.with_name(f"{number}.txt")
    if not path.is_file():
        raise SampleError(f"step {number} is the authors' own code: there is no {path}, of eval/data in SciCode")
    return path.read_text("utf-8")


def earlier(steps: Sequence[Mapping[str, Any]], codes: Sequence[str], *, background: bool) -> str:
    """The steps before, each with its code."""
    parts = [f"{described(step, background=background)}\n\n{code}" for step, code in zip(steps, codes, strict=False)]
    return "\n\n------\n\n".join(parts)


def described(step: Mapping[str, Any], *, background: bool) -> str:
    """What a step is to do, with the science behind it where that is given."""
    text = str(step["step_description_prompt"])
    return f"{text}\n{step['step_background']}" if background else text


def script(completion: Completion) -> str:
    """The answer's first block of Python, or of anything, without imports: the problem's dependencies stand above."""
    text = str(completion)
    for fence in ("```python", "```"):
        if fence in text:
            text = text.split(fence)[1].split("```")[0]
            break
    return _IMPORT.sub("", text)


def program(row: Mapping[str, Any], step: Mapping[str, Any], codes: Sequence[str], data: Path) -> Program:
    """A step's code below that of those before, with its tests."""
    found = _FUNCTION.search(step["function_header"])
    tests = _TESTS.format(
        numbers=Path(__file__).with_name("scicode_numbers.py").read_text("utf-8"),
        tests=list(step["test_cases"]),
        path=str(data),
        step=step["step_number"],
    )
    code = "\n".join((row["required_dependencies"], *codes))
    function = found[1] if found else ""
    return Program(
        code,
        tests=tests,
        function=function,
        cases="TestCases",
        given=row["required_dependencies"],
        imports=_MODULES,
        reads=[str(data)],
        limits=_LIMITS,
    )
