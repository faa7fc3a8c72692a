"""Tests that are a class of `unittest`: they pass a program where all of them ran and none failed."""

import asyncio
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_modeleval.sandbox.interpreter import Interpreter
from pytest_modeleval.sandbox.process import ProcessSandbox
from pytest_modeleval.sandbox.program import Limits, Outcome, Program, SandboxError

DOUBLE = "def task_func(x):\n    return 2 * x\n"
TESTS = """
import unittest
from unittest.mock import patch
LIMIT = 3
class TestCases(unittest.TestCase):
    seen = None
    @classmethod
    def setUpClass(cls):
        cls.more = 4
        cls.seen = []
    def test_double(self):
        self.seen.append(1)
        self.assertEqual(task_func(LIMIT), 6)
    def test_negative(self):
        with patch("builtins.print") as said:
            self.assertEqual(task_func(-self.more), -8)
        said.assert_not_called()
"""
# Each is wrong of some numbers; the walker alone gets through.
TRICKS = {
    "wrong": "def task_func(x):\n    return x",
    "raises": "def task_func(x):\n    raise ValueError(x)",
    "exits": "import sys\nsys.exit(0)",
    "exits when called": "import sys\ndef task_func(x):\n    sys.exit(0)",
    "ends": "import os\ndef task_func(x):\n    os._exit(0)",
    "skips": "import unittest\ndef task_func(x):\n    raise unittest.SkipTest('no')",
    "its own cases": "import unittest\nclass TestCases(unittest.TestCase):\n    def test_double(self): pass\n",
    "changes the cases": "def task_func(x):\n    C = globals()['TestCases']\n    C.test_double = C.test_negative = lambda self: 0\n    return 6",
    "cases that assert nothing": "def task_func(x):\n    globals()['TestCases'].assertEqual = lambda *a: None\n",
    "marks the cases skipped": "def task_func(x):\n    globals()['TestCases'].test_negative.__unittest_skip__ = True\n    return 6",
    "a unittest that asserts nothing": "import unittest\nunittest.TestCase.assertEqual = lambda *a: None\ndef task_func(x): return 0",
    "asserts nothing when called": "import unittest\ndef task_func(x):\n    unittest.TestCase.assertEqual = lambda *a: None\n",
    "other code of an assert": "import unittest\ndef task_func(x):\n    unittest.TestCase.assertEqual.__code__ = (lambda self, a, b, msg=None: None).__code__",
    "a result without failures": "import unittest\nunittest.TestResult.addFailure = lambda *a: None\ndef task_func(x): return 0",
    "a context that swallows": "import contextlib\ncontextlib._GeneratorContextManager.__exit__ = lambda *a: True\ndef task_func(x): return 0",
    "another unittest": "import sys, types\nsys.modules['unittest'] = types.SimpleNamespace(TestCase=object)\ndef task_func(x): return 0",
    "Python's names": "import builtins\nbuiltins.isinstance = lambda *a: True\ndef task_func(x): return 0",
    "a value that equals all": "class All:\n    def __eq__(self, other): return True\ndef task_func(x): return All()",
    "one of what is no function": "class All:\n    def __eq__(self, other): return True\nclass F:\n    def __call__(self, *a, **k): return All()\ntask_func = F()",
    "kept by nobody": "import functools\nfunctools.update_wrapper = lambda wrapper=None, wrapped=None, **k: wrapped\nclass All:\n    def __eq__(self, other): return True\ndef task_func(x): return All()",
    "Python's own names, of the harness too": "import builtins, unittest\nbuiltins.any = lambda it: False\nunittest.TestCase.assertEqual = lambda *a: None\ndef task_func(x): return 0",
    "in a list": "class All:\n    def __eq__(self, other): return True\ndef task_func(x): return [All()] and All()",
    "a number that equals all": "class All(int):\n    def __eq__(self, other): return True\n    __hash__ = int.__hash__\ndef task_func(x): return All(0)",
    "another comparison's name": "class All(int):\n    __eq__ = int.__ne__\n    __hash__ = int.__hash__\ndef task_func(x): return All(0)",
    "a comparison of C": "import operator\nclass All:\n    __eq__ = operator.truth\ndef task_func(x): return All()",
}  # fmt: skip
WALKER = """
import gc, unittest
def task_func(x):
    for each in gc.get_objects():
        if type(each) is unittest.TestResult:
            each.addFailure = each.addError = lambda *a: None
"""


@pytest.fixture(scope="module")
def sandbox() -> Iterator[ProcessSandbox]:
    opened = ProcessSandbox(cores=1)
    yield opened
    asyncio.run(opened.close())


def tried(sandbox: ProcessSandbox, code: str, tests: str = TESTS, imports: tuple[str, ...] = ()) -> Outcome:
    program = Program(
        code, tests=tests, cases="TestCases", function="task_func", imports=imports, limits=Limits(seconds=10)
    )
    return asyncio.run(sandbox.run(program))


def test_a_program_passes_when_all_its_tests_do(sandbox: ProcessSandbox) -> None:
    outcome = tried(sandbox, DOUBLE)
    assert (outcome.passed, outcome.why) == (True, "")


@pytest.mark.parametrize("trick", TRICKS)
def test_no_trick_passes(sandbox: ProcessSandbox, trick: str) -> None:
    assert not tried(sandbox, TRICKS[trick]).passed


def test_one_that_finds_the_result_among_all_objects_passes(sandbox: ProcessSandbox) -> None:
    """What documentation says: where tests are code, a program that hunts for what judges it gets through."""
    assert tried(sandbox, WALKER).passed


def test_the_first_failure_is_told(sandbox: ProcessSandbox) -> None:
    outcome = tried(sandbox, "def task_func(x):\n    return x")
    assert "2 of 2 tests failed: __test__.TestCases.test_double" in outcome.stderr
    assert outcome.why == "AssertionError: 3 != 6"


def test_tests_without_any_pass_nothing(sandbox: ProcessSandbox) -> None:
    outcome = tried(sandbox, DOUBLE, "import unittest\nclass TestCases(unittest.TestCase): pass")
    assert (outcome.passed, outcome.why) == (False, "AssertionError: 0 of 0 tests ran to their end")


def test_what_tests_leave_out_themselves_is_no_failure(sandbox: ProcessSandbox) -> None:
    left_out = TESTS.replace("    def test_negative", "    @unittest.skip('here')\n    def test_negative")
    assert tried(sandbox, DOUBLE, left_out).passed


def test_tests_patch_what_the_program_reads(sandbox: ProcessSandbox) -> None:
    """In one module, as in the official harness: BigCodeBench/593 patches by ``__name__``, others ``open``."""
    tests = """
import unittest
from unittest.mock import mock_open, patch
class TestCases(unittest.TestCase):
    @patch(__name__ + ".FACTOR", 5)
    def test_own(self):
        self.assertEqual(task_func(1), 5)
    def test_open(self):
        with patch("builtins.open", mock_open(read_data="x")):
            open.side_effect = OSError
            self.assertRaises(OSError, open, "y")
"""
    assert tried(sandbox, "FACTOR = 2\ndef task_func(x):\n    return FACTOR * x", tests).passed


def test_modules_are_imported_before_the_program(sandbox: ProcessSandbox) -> None:
    """A module that takes half a second is imported once: each program after that has it in no time."""
    pytest.importorskip("numpy")
    code = "import numpy\ndef task_func(x):\n    return int(numpy.multiply(2, x))"
    without = tried(sandbox, code).seconds
    tried(sandbox, code, imports=("numpy",))
    ready = tried(sandbox, code + "\n", imports=("numpy",))
    assert ready.passed
    assert ready.seconds < without - 0.02


def test_a_module_that_is_not_there_is_an_error_of_the_sandbox(sandbox: ProcessSandbox) -> None:
    with pytest.raises(SandboxError, match="No module named 'no_such_module'"):
        tried(sandbox, DOUBLE, imports=("no_such_module",))
    assert tried(sandbox, DOUBLE).passed


def test_a_program_reads_the_files_that_it_is_given_and_no_others(sandbox: ProcessSandbox, tmp_path: Path) -> None:
    given, other = tmp_path / "given", tmp_path / "other"
    for path in (given, other):
        path.write_text("42")
    code = f"print(open({str(given)!r}).read()); open({str(other)!r})"
    outcome = asyncio.run(sandbox.run(Program(code, reads=[str(given)])))
    assert (outcome.stdout, outcome.why) == ("42\n", f"PermissionError: [Errno 13] Permission denied: '{other}'")


def test_files_are_copied_moved_and_touched(sandbox: ProcessSandbox) -> None:
    """Tests of BigCodeBench do: `shutil` copies times and attributes, and pathlib asks `os.utime` what is there."""
    code = """
import os, pathlib, shutil
os.mkdir("a"); os.mkdir("b")
pathlib.Path("a/x").touch()
shutil.copy2("a/x", "a/y"); shutil.move("a/x", "b/x"); os.rename("a/y", "b/y")
print(sorted(os.listdir("b")), os.listdir("a"))
"""
    assert asyncio.run(sandbox.run(Program(code))).stdout == "['x', 'y'] []\n"


@pytest.fixture(scope="module")
def other_python() -> Path:
    """A Python of another version than this one, the oldest that will do: on the path, or installed beside this one."""
    own = "{}.{}".format(*sys.version_info[:2])
    for name in [f"python3.{minor}" for minor in range(10, 15) if f"3.{minor}" != own]:
        beside = Path(sys.base_prefix).parent.glob(f"{name[6:]}*/bin/{name}")
        for found in [*filter(None, [shutil.which(name)]), *map(str, beside)]:
            if not subprocess.run([found, "-c", ""], capture_output=True, check=False).returncode:
                return Path(found)
    pytest.skip("there is no other Python here")


def test_programs_run_in_another_python(other_python: Path) -> None:
    python = Interpreter.at(other_python)
    sandbox = ProcessSandbox(cores=1, python=python)
    try:
        outcome = asyncio.run(sandbox.run(Program("import sys, sandbox_has_no_such_thing")))
        said = asyncio.run(sandbox.run(Program("import platform; print(platform.python_version())"))).stdout.strip()
        assert (outcome.status, python.name.split()[0]) == (1, said)
        assert tried(sandbox, DOUBLE).passed
        assert not tried(sandbox, TRICKS["a value that equals all"]).passed
    finally:
        asyncio.run(sandbox.close())


def test_what_a_command_said_that_is_no_python_is_one_line(tmp_path: Path) -> None:
    fake = tmp_path / "python"
    fake.write_text("#!/bin/sh\necho usage >&2\necho 'invalid option' >&2\nexit 2")
    fake.chmod(0o755)

    with pytest.raises(SandboxError) as refused:
        Interpreter.at(fake)

    assert str(refused.value).endswith("does not run as a Python: it ended with status 2: invalid option")


def test_what_is_no_python_is_refused(tmp_path: Path) -> None:
    fake = tmp_path / "python"
    fake.write_text("#!/bin/sh\necho 3")
    fake.chmod(0o755)
    with pytest.raises(SandboxError, match="does not run as a Python"):
        Interpreter.at(fake)
    fake.write_text("#!/bin/sh\necho '[[3, 9, 1], \"/\", []]'")
    with pytest.raises(SandboxError, match=r"is Python 3\.9\.1, and programs run in 3\.10 or newer"):
        Interpreter.at(fake)
    with pytest.raises(SandboxError, match="sandbox_python: there is no "):
        Interpreter.at(tmp_path / "none")


GIVEN = "import unittest\nimport math\nEDGE = 3\ndef shift(x):\n    return x + 1\ndef task_func(x):\n    pass\n"
GO_BY = """
class TestCases(unittest.TestCase):
    def test_shift(self):
        self.assertTrue(math.fabs(shift(task_func(EDGE)) - EDGE) < 0.1)
"""


@pytest.mark.parametrize(
    "trick",
    [
        "class math: fabs = staticmethod(lambda x: 0)\ndef task_func(x): return x",
        "def shift(x): return x\ndef task_func(x): return x",
        "class EDGE:\n    __rsub__ = lambda *a: 0\nEDGE = EDGE()\ndef task_func(x): return 9",
    ],
)
def test_tests_go_by_what_the_program_was_given(sandbox: ProcessSandbox, trick: str) -> None:
    def has_passed(code: str) -> bool:
        program = Program(GIVEN + code, tests=GO_BY, function="task_func", cases="TestCases", given=GIVEN)
        return asyncio.run(sandbox.run(program)).passed

    assert not has_passed(trick)
    assert has_passed("def task_func(x): return x - 1")
    assert has_passed(f"{GIVEN}EDGE = 4\ndef task_func(x): return x - 1")
