"""Programs that try to decide themselves what tests that are code come to."""

import pytest

from pytest_modeleval.sandbox.program import Program
from pytest_modeleval.scorers.programs import imports_for
from tests.sandbox.conftest import Run

TESTS = "def check(f):\n assert f(1) == 2\n assert f(2) == [3]\ncheck(f)"
ALL = "class A:\n def __eq__(self, other): return True\n def __hash__(self): return 1\n"
GIVES = f"{ALL}def f(x): return A()\n"
CHEATS = {
    "an object that is called": f"{ALL}class F:\n def __call__(self, x): return A()\nf = F()",
    "a class": f"{ALL}class f(A):\n def __init__(self, x): pass",
    "a class that learns": "class f:\n def __init__(self, x): f.__eq__ = lambda self, other: True",
    "a cached function": f"{ALL}import functools\n@functools.cache\ndef f(x): return A()",
    "a class of a class that says it is C's": f"class M(type): __flags__ = 0\n{GIVES.replace('class A', 'class A(metaclass=M)')}",
    "a class that equals another": f"class M(type):\n __eq__ = lambda *a: True\n __hash__ = lambda s: hash(int)\n{GIVES.replace('class A', 'class A(metaclass=M)')}",
    "what stands for an object": f"{ALL}import weakref\na = A()\ndef f(x): return weakref.proxy(a)",
    "what stands for a mapping": f"{ALL}import types\nclass D(A):\n def __getitem__(self, key): return 1\n def keys(self): return []\ndef f(x): return types.MappingProxyType(D())",
    "another exec": "import builtins\nbuiltins.exec = lambda *a, **k: None\ndef f(x): return 0",
    "another type": f"import builtins\nbuiltins.type = lambda value: int\n{GIVES}",
    "another isinstance": f"import builtins\nbuiltins.isinstance = lambda value, kind: False\n{GIVES}",
    "another wraps": f"import functools\nfunctools.update_wrapper = lambda wrapper=None, wrapped=None, **k: wrapped\n{GIVES}",
    "another kind of function": f"import types\ntypes.FunctionType = int\n{GIVES}",
    "another harness": f"import sys\nsys.modules['pytest_modeleval.sandbox.driver'].giving_plain = lambda f: f\n{GIVES}",
    "another main module": f"import __main__\n__main__.Watched.become.__globals__['driver'].giving_plain = lambda f: f\n{GIVES}",
}  # fmt: skip


@pytest.mark.parametrize("what", CHEATS)
def test_no_cheat_passes(run: Run, what: str) -> None:
    assert not run(Program(CHEATS[what], tests=TESTS, function="f")).passed


def test_a_number_of_a_librarys_is_made_of_numbers(run: Run) -> None:
    code = (
        f"{ALL}from fractions import Fraction\nq = Fraction(1)\nq._numerator = q._denominator = A()\ndef f(x): return q"
    )

    assert not run(Program(code, tests="assert f(1) == 2", function="f")).passed


def test_what_is_iterated_is_plain(run: Run) -> None:
    code = f"{ALL}def f(x): yield A()"

    assert not run(Program(code, tests="assert list(f(1)) == [2]", function="f")).passed


@pytest.mark.parametrize(
    ("code", "tests"),
    [
        ("import functools\n@functools.cache\ndef f(x): return [x]", "assert f(1) == [1]"),
        ("class f:\n def __init__(self, x): self.x = x\n def get(self): return self.x", "assert f(1).get() == 1"),
        ("def f(x):\n yield x", "assert list(f(1)) == [1]"),
        ("def f(x): return map(str, x)", "assert list(f([1])) == ['1']"),
        ("from decimal import Decimal\ndef f(x): return Decimal(x)", "from decimal import Decimal\nassert f(1) == Decimal(1)"),
        ("from fractions import Fraction\ndef f(x): return Fraction(x, 2)", "assert f(1) == 0.5"),
        ("from collections import deque\ndef f(x): return deque([x])", "assert list(f(1)) == [1]"),
        ("def f(x): 'said'", "assert f.__doc__ == 'said' and f.__name__ == 'f'"),
    ],
)  # fmt: skip
def test_what_is_right_passes(run: Run, code: str, tests: str) -> None:
    assert run(Program(code, tests=tests, function="f")).passed


GIVEN = "import math\ndef encode(s):\n 'Shift.'\n return [x + 1 for x in s]\ndef decode(s):\n 'Undo `encode`.'\n pass\n"
TRUST = "for s in ([1, 2], [3]):\n e = encode(s)\n assert math.fabs(decode(e)[0] - s[0]) < 1e-4"


@pytest.mark.parametrize(
    "code",
    [
        "def encode(s): return s\ndef decode(s): return s",
        "def decode(s): return s\nclass math:\n fabs = staticmethod(lambda x: 0)",
        "def decode(s): return s\nmath = type(math)('math')\nmath.fabs = lambda x: 0",
        "def decode(s): return s\nclass encode(list):\n def __init__(self, s): super().__init__(s)",
    ],
)
def test_tests_go_by_what_the_program_was_given(run: Run, code: str) -> None:
    def has_passed(code: str) -> bool:
        return run(Program(f"{GIVEN}{code}", tests=TRUST, function="decode", given=GIVEN)).passed

    assert not has_passed(code)
    assert has_passed("def decode(s): return [x - 1 for x in s]")
    # Of its own it may make what it likes.
    assert has_passed("def encode(s): return 1\ndef decode(s): return [x - encode(s) for x in s]")


def test_a_module_that_tests_use_is_to_be_imported_all_the_same(run: Run) -> None:
    tests = "assert f((1, 2)) == sys.getsizeof((1, 2))"
    given = imports_for(tests, "import re\nimport sys\ndef f(x): return sys.getsizeof(x)")

    assert given == "import sys"
    assert not run(
        Program("class sys: getsizeof = len\ndef f(x): return 2", tests=tests, function="f", given=given)
    ).passed
    assert "'sys' is not defined" in run(Program("def f(x): return 56", tests=tests, function="f", given=given)).why
    assert run(Program("import sys\ndef f(x): return sys.getsizeof(x)", tests=tests, function="f", given=given)).passed
