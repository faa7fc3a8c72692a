"""The process that compares formulas."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from pytest_modeleval.sample import SampleError
from pytest_modeleval.scorers import symbolic


@pytest.fixture
def quick() -> Iterator[symbolic.SymbolicProcess]:
    """A process that may take one second for a pair."""
    process = symbolic.SymbolicProcess(seconds=1)
    yield process
    process.close()


@pytest.mark.parametrize("answer", [r"9^{9^{9^9}}", "(" * 5000], ids=["power", "depth"])
def test_an_answer_that_cannot_be_finished_is_wrong_and_the_next_one_is_compared(
    quick: symbolic.SymbolicProcess, answer: str
) -> None:
    """No error: else a model could trade its wrong answers for errors."""
    assert quick.same("x+1", answer) == (False, "not shown equal in 1 s of computing")
    assert quick.same("x+1", "1+x") == (True, "")


def test_a_division_by_zero_equals_nothing_not_even_itself(quick: symbolic.SymbolicProcess) -> None:
    assert quick.same(r"\frac{1}{0}", r"\frac{1}{0}") == (False, "")


def test_a_target_that_cannot_be_finished_is_an_error(quick: symbolic.SymbolicProcess) -> None:
    with pytest.raises(SampleError, match="takes over 1 s to compare with itself"):
        quick.same("(" * 5000, "5")


def test_a_process_that_says_nothing_is_an_error() -> None:
    process = symbolic.SymbolicProcess()
    process.warm.stalled = 0.01
    try:
        with pytest.raises(SampleError, match=r"no answer in 0\.01 s; is the machine busy\?"):
            process.same(r"\sin x", r"\cos x")
    finally:
        process.close()


def test_it_works_off_the_main_thread(quick: symbolic.SymbolicProcess) -> None:
    found: list[tuple[bool, str]] = []
    threads = [threading.Thread(target=lambda: found.append(quick.same("2x", "x+x"))) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert found == [(True, "")] * 3


def test_without_math_verify_the_pip_command_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(symbolic, "find_spec", lambda name: None)

    with pytest.raises(SampleError, match=r"pip install 'pytest-modeleval\[math\]'"):
        symbolic.SymbolicProcess().same("x", "y")


def test_a_math_verify_that_does_not_start_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/bin/false")

    with pytest.raises(SampleError, match="math-verify does not start"):
        symbolic.SymbolicProcess().same("x", "y")


WORKER = Path(symbolic.__file__).with_name("symbolic_worker.py")


def in_worker(code: str) -> str:
    """What code prints that runs in the worker's module after it has confined itself."""
    load = f"import runpy; worker = runpy.run_path({str(WORKER)!r}); worker['confine']()"
    return subprocess.run(
        [sys.executable, "-P", "-c", f"{load}\n{code}"], capture_output=True, text=True, check=True, timeout=60
    ).stdout.strip()


def test_no_text_is_evaluated_by_sympy() -> None:
    """`sympify` of a string is `eval`; reading numbers and formulas must work without it."""
    said = in_worker(
        """
import sympy
read, same = worker["read"], worker["same"]
print(read("1.50"), read("1,234"), read(r"2\\\\frac{1}{2}"), same(read("0.1x"), read(r"\\\\frac{x}{10}")))
try:
    sympy.sympify("__import__('os').getpid()")
except Exception as error:
    print(type(error).__name__)
try:
    sympy.lambdify(sympy.Symbol("x"), "x")
    sympy.utilities.lambdify.lambdify(sympy.Symbol("x"), "x")
except Exception as error:
    print(type(error).__name__)
"""
    )

    assert said.splitlines() == ["3/2 1234 5/2 True", "Refused", "Refused"]


def test_the_process_writes_no_files(tmp_path: Path) -> None:
    said = in_worker(
        f"""
try:
    with open({str(tmp_path / "file")!r}, "w") as file:
        file.write("text")
except OSError as error:
    print("OSError")
"""
    )

    assert said == "OSError"


def test_the_process_has_no_environment(monkeypatch: pytest.MonkeyPatch, quick: symbolic.SymbolicProcess) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "secret")
    quick.same("x", "y")
    assert quick.warm.process

    environment = Path(f"/proc/{quick.warm.process.pid}/environ")
    if not environment.exists():
        pytest.skip("no /proc here")
    assert b"PYTHONHASHSEED=0" in environment.read_bytes()
    assert b"secret" not in environment.read_bytes()
