"""The kind `process`: what comes of programs, how a pass is decided, sessions, and what is kept."""

import asyncio
import math
import time
from collections.abc import Callable
from typing import Any

import pytest

from pytest_modeleval.sandbox.process import ProcessSandbox
from pytest_modeleval.sandbox.program import FINISHED, KILLED, TIMEOUT, Limits, Outcome, Program, SandboxError
from pytest_modeleval.sandbox.values import Foreign, read, written
from tests.sandbox.conftest import Run

LITTLE = Limits(seconds=0.3, wall=4)


def test_a_script_reads_and_writes(run: Run) -> None:
    outcome = run(
        Program("import sys\nprint(input(), sys.stdin.read())\nprint('é', file=sys.stderr)\nsys.exit(3)", "a\nb")
    )

    assert (outcome.kind, outcome.status, outcome.stdout, outcome.stderr) == (FINISHED, 3, "a b\n", "é\n")
    assert (outcome.ended_well, outcome.why) == (False, "é")
    assert 0 < outcome.seconds < 1
    assert outcome.memory > 1 << 20


@pytest.mark.parametrize(
    ("code", "why"),
    [
        ("1/0", "ZeroDivisionError: division by zero"),
        ("def f(:", "SyntaxError: invalid syntax"),
        ("import sys; sys.exit('no')", "no"),
        ("import sys; sys.exit(2)", "the program ended with the status 2"),
        ("raise KeyboardInterrupt", "KeyboardInterrupt"),
        ("x = '\\ud800'; print(x)", "UnicodeEncodeError: 'utf-8' codec can't encode character '\\ud800' in position 0: surrogates not allowed"),
        ("\0", "SyntaxError: source code string cannot contain null bytes"),
    ],
)  # fmt: skip
def test_why_a_script_did_not_end_well(run: Run, code: str, why: str) -> None:
    assert run(Program(code)).why == why


def test_a_traceback_shows_the_program_alone(run: Run) -> None:
    outcome = run(Program("def f():\n    return 1 / 0\nf()"))

    assert outcome.stderr.splitlines()[:3] == [
        "Traceback (most recent call last):",
        '  File "program.py", line 3, in <module>',
        "    f()",
    ]
    assert "driver" not in outcome.stderr


def test_threads_and_what_is_to_run_at_the_end_are_waited_for(run: Run) -> None:
    code = (
        "import atexit, threading, time\natexit.register(print, 'end')\n"
        "threading.Thread(target=lambda: (time.sleep(0.1), print('thread'))).start()\nprint('main')"
    )
    assert run(Program(code)).stdout == "main\nthread\nend\n"


@pytest.mark.parametrize(
    ("code", "has_passed"),
    [
        ("def f(x): return 2 * x", True),
        ("def f(x): return x", False),
        ("def f(x): return 2.0 * x", True),
        ("class N(int): pass\ndef f(x): return N(2 * x)", True),
        ("if __name__ == '__main__': 1/0\ndef f(x): return 2 * x", True),
        ("import os; os._exit(0)", False),
        ("import sys; sys.exit()", False),
        ("raise SystemExit(0)", False),
        ("def f(x):\n import os; os._exit(0)", False),
        ("import atexit, os; atexit.register(os._exit, 0)\ndef f(x): return 1", False),
        ("import os, sys; sys.excepthook = lambda *_: os._exit(0)\ndef f(x): return 1", False),
        ("print('passed'); import os; os._exit(0)", False),
        ("import os\nfor fd in range(3, 64):\n try: os.write(fd, b'passed')\n except OSError: pass\nos._exit(0)", False),
        ("class A:\n def __eq__(self, other): return True\ndef f(x): return A()", False),
        ("class A(int):\n def __eq__(self, other): return True\n __hash__ = int.__hash__\ndef f(x): return A(7)", False),
        ("class A(list):\n def __eq__(self, other): return True\ndef f(x): return A()", False),
        ("class A:\n def __eq__(self, other): return True\ndef f(x): return [A()]", False),
        ("abs = lambda x: 0\ndef f(x): return 1", False),
        ("import builtins; builtins.abs = lambda x: 0\ndef f(x): return 1", False),
        ("import os; os.write = lambda *_: 0\ndef f(x): return 2 * x", True),
        ("import gc\ndef f(x): return 1\nfor o in gc.get_objects():\n if isinstance(o, dict) and 'secret' in o: print(o['secret']); 1/0", False),
    ],
)  # fmt: skip
def test_a_pass_is_the_tests_own(run: Run, code: str, has_passed: bool) -> None:
    outcome = run(Program(code, tests="assert f(2) == 4\nassert abs(f(3) - 6) < 1e-6", function="f"))

    assert outcome.passed is has_passed, outcome


def test_the_walker_through_frames_passes(run: Run) -> None:
    """As the documentation says: only what is compared outside cannot be cheated so."""
    walker = (
        "import os, sys\ndef f(x):\n frame = sys._getframe()\n while frame:\n"
        "  if 'secret' in frame.f_locals: os.write(frame.f_locals['results'], frame.f_locals['secret']); os._exit(0)\n"
        "  frame = frame.f_back"
    )
    assert run(Program(walker, tests="assert f(2) == 4", function="f")).passed
    assert run(Program(walker, function="f", calls=[[2]])).values == (None,)


def test_a_function_may_have_the_name_of_one_of_pythons(run: Run) -> None:
    assert run(Program("def sum(a, b): return a - b", tests="assert sum(3, 2) == 1", function="sum")).passed


VALUES: list[Any] = [
    *(
        None,
        True,
        0,
        -(10**5000),
        0.1,
        -0.0,
        1e308,
        "",
        "é\ud800",
        b"\0\xff",
        1 + 2j,
        [],
        (),
        set(),
        frozenset({1}),
        {},
    ),
    *([1, (2.0, {"a": [None]})], {1: "a", "1": "b", (1, 2): {3}}, [math.inf, -math.inf], {"tuple": [1]}),
]


@pytest.mark.parametrize("value", VALUES, ids=range(len(VALUES)))
def test_values_come_back_as_they_are(run: Run, value: Any) -> None:
    (found,) = run(Program("def same(x): return x", function="same", calls=[[value]])).values

    assert (found, type(found)) == (value, type(value))
    if not isinstance(value, int):
        assert repr(found) == repr(value)


def test_values_of_other_classes_equal_nothing(run: Run) -> None:
    code = "class A:\n def __eq__(self, other): return True\ndef f(): return [A(), 1]"
    (found,) = run(Program(code, function="f", calls=[[]])).values

    assert isinstance(found[0], Foreign)
    assert found != [Foreign("A"), 1]
    assert math.isnan(read(written(math.nan)))


@pytest.mark.parametrize("kind", ["set", "frozenset", "dict"])
def test_values_with_one_hash_are_none(kind: str) -> None:
    """300,000 of them would take this process an hour."""
    same = [number * (2**61 - 1) for number in range(300_000)]

    with pytest.raises(ValueError, match="same hash"):
        read({kind: [[each, 0] for each in same] if kind == "dict" else same})

    assert len(read({kind: [[each, 0] for each in range(5000)] if kind == "dict" else list(range(5000))})) == 5000


@pytest.mark.parametrize(
    "line", ['{"value": {"int": "x"}}', '{"value": {"a": 1, "b": 2}}', '{"value": {"set": [[1]]}}', '{"value": {"float": 1%s}}' % ("0" * 400), "{}", "[]", "1", "", "{" * 9999]
)  # fmt: skip
def test_what_is_no_value_is_none(run: Run, line: str) -> None:
    """A program that finds where values are written may write anything there."""
    code = (
        f"import os\ndef f():\n for fd in range(4, 64):\n  try: os.write(fd, {line!r}.encode() + b'\\n')\n"
        "  except OSError: pass\n os._exit(0)"
    )
    assert run(Program(code, function="f", calls=[[]])).values == ()


def test_calls_have_the_time_each_and_one_object(run: Run) -> None:
    code = (
        "import time\nclass Solution:\n n = 0\n def f(self, x):\n  self.n += 1\n"
        "  end = time.process_time() + 0.2\n  while time.process_time() < end: pass\n  return x, self.n"
    )
    outcome = run(Program(code, function="Solution.f", calls=[[1], [2], [3]], limits=LITTLE))

    assert (outcome.kind, outcome.values) == (FINISHED, ((1, 1), (2, 2), (3, 3)))
    assert outcome.seconds > 0.5

    late = run(Program("def f(x):\n while x > 1: pass\n return x", function="f", calls=[[1], [2], [3]], limits=LITTLE))

    assert (late.kind, late.values) == (TIMEOUT, (1,))


def test_what_cannot_be_begun_is_an_error_of_the_sandbox(sandbox: ProcessSandbox) -> None:
    for program in (Program("print(1)", files={"a": "", "a/b": ""}), Program("print(1)", reads=("/not/there",))):
        with pytest.raises(SandboxError, match=r"before the program began: \w+Error: "):
            asyncio.run(sandbox.run(program))
        assert asyncio.run(sandbox.run(Program("print(2)"))).stdout == "2\n"


def test_errors_without_end_are_read_soon() -> None:
    began = time.monotonic()

    assert Outcome(FINISHED, 1, stderr="\n" * (1 << 20) + "ValueError: x").why == "ValueError: x"
    assert Outcome(FINISHED, 1, stderr="panic: x\n" + "y\n" * (1 << 20)).why == "panic: x"
    assert time.monotonic() - began < 0.5


def test_a_function_that_is_not_there(run: Run) -> None:
    assert run(Program("def g(): pass", function="f", calls=[[]])).why == "the program has no f"


def test_a_program_that_took_too_long_runs_once_more_alone(
    sandbox: ProcessSandbox, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone: list[bool] = []
    run: Callable[..., Any] = sandbox._run

    async def seen(program: Program, **given: bool) -> Outcome:
        alone.append(given["alone"])
        return await run(program, **given)  # type: ignore[no-any-return]

    monkeypatch.setattr(sandbox, "_run", seen)

    assert asyncio.run(sandbox.run(Program("while True: pass", limits=LITTLE))).kind == TIMEOUT
    assert asyncio.run(sandbox.run(Program("pass", limits=LITTLE))).ended_well
    assert alone == [False, True, False]


def test_a_server_that_dies_is_an_error_and_the_next_program_has_a_new_one(sandbox: ProcessSandbox) -> None:
    async def killed() -> None:
        asked = asyncio.create_task(sandbox.run(Program("import time; time.sleep(5)")))
        process = sandbox._servers[0]._process
        while process is None:
            await asyncio.sleep(0.05)
            process = sandbox._servers[0]._process
        await asyncio.sleep(0.3)
        process.kill()
        with pytest.raises(SandboxError, match="the sandbox broke: EOFError its server ended"):
            await asked

    asyncio.run(killed())
    assert asyncio.run(sandbox.run(Program("print(1)"))).stdout == "1\n"


def test_a_session_keeps_names_and_files(sandbox: ProcessSandbox) -> None:
    async def steps() -> list[Outcome]:
        session = await sandbox.session(Program("n = 1\ndef add(x, by=1):\n global n\n n += by\n return x + by, n"))
        try:
            return [
                await session.call("add", 1),
                await session.call("add", x=1, by=[2]),
                await session.call("missing"),
                await session.run("import sys\nopen('f', 'w').write('kept'); print(n); sys.exit(3)"),
                await session.run("print(open('f').read())"),
            ]
        finally:
            await session.close()

    added, raised, missing, left, kept = asyncio.run(steps())

    assert (added.values, added.ended_well) == (((2, 2),), True)
    assert "unsupported operand" in raised.why
    assert (missing.ended_well, missing.why) == (
        False,
        "the program has no missing",
    )
    assert (left.stdout, left.ended_well) == ("2\n", False)
    assert kept.stdout == "kept\n"


def test_a_session_has_its_imports_before_it_begins(sandbox: ProcessSandbox) -> None:
    async def imported() -> list[str]:
        found = []
        for imports in ([], ["colorsys"]):
            session = await sandbox.session(Program("import sys", imports=imports))
            found.append((await session.run("print('colorsys' in sys.modules)")).stdout)
            await session.close()
        return found

    assert asyncio.run(imported()) == ["False\n", "True\n"]


def test_nothing_of_a_session_runs_between_two_steps(sandbox: ProcessSandbox) -> None:
    async def counted() -> tuple[str, str]:
        code = "import threading\nn = 0\ndef count():\n global n\n while True: n += 1\nthreading.Thread(target=count, daemon=True).start()"
        session = await sandbox.session(Program(code))
        try:
            first = await session.run("before = n; print(n)")
            await asyncio.sleep(0.5)
            return first.stdout, (await session.run("print(n - before)")).stdout
        finally:
            await session.close()

    counts = asyncio.run(counted())
    # In half a second it would count to ten million.
    assert int(counts[1]) < 2_000_000


@pytest.mark.parametrize(
    ("step", "kind", "why"),
    [
        ("while True: pass", TIMEOUT, "the program took more than its time"),
        ("import os; os._exit(0)", FINISHED, "the session is over: a step before this one ended it"),
        ("import ctypes; ctypes.string_at(0)", KILLED, "the program was ended by a signal: the session is over"),
    ],
)
def test_after_a_step_that_was_ended_the_session_is_over(
    sandbox: ProcessSandbox, step: str, kind: str, why: str
) -> None:
    """What a program did to itself is no error, which would be in no score."""

    async def steps() -> list[Outcome]:
        session = await sandbox.session(Program("", limits=LITTLE))
        try:
            return [await session.run(step), await session.run("pass"), await session.call("f")]
        finally:
            await session.close()

    ended, *after = asyncio.run(steps())

    assert (ended.kind, ended.values) == (kind, ())
    assert [(each.kind, each.values, each.ended_well) for each in after] == [(kind, (), False)] * 2
    assert after[1].why.startswith(why)


def test_a_session_whose_program_fails_does_not_begin(sandbox: ProcessSandbox) -> None:
    with pytest.raises(SandboxError, match="the session did not begin: ZeroDivisionError"):
        asyncio.run(sandbox.session(Program("1/0")))
