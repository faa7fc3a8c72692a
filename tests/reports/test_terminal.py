"""What the terminal shows."""

import os
import pty
import re
import subprocess
import sys
import time
from dataclasses import replace
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from pytest_modeleval.models.spec import ModelSpec
from pytest_modeleval.record import Record, RoleUse
from pytest_modeleval.reports.table import table
from pytest_modeleval.reports.terminal import LiveLine
from pytest_modeleval.results.results import Results, TableRow
from pytest_modeleval.results.verdicts import shortened
from tests.conftest import FaultyServer, answer, run, send


def in_a_terminal(project: pytest.Pytester, *arguments: str, **environment: str) -> str:
    """What pytest writes to a real (pseudo) terminal."""
    above, below = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "pytest", "-p", "no:hypothesispytest", "-p", "no:asyncio", *arguments],
        cwd=project.path,
        stdin=below,
        stdout=below,
        stderr=below,
        env={**os.environ, "TERM": "xterm", "PY_COLORS": "1", **environment},
    )
    os.close(below)
    said = b""
    while True:
        try:
            said += (piece := os.read(above, 65536))
        except OSError:
            break
        if not piece:
            break
    os.close(above)
    process.wait()
    return said.decode()


def test_a_terminal_has_a_live_line_instead_of_dots(project: pytest.Pytester, faulty: FaultyServer) -> None:
    said = in_a_terminal(project, "--model", "faulty", "test_answers.py")

    assert "\r\x1b[K10/10 · 100.0% right · 0 wrong · " in said
    assert "tokens/s" in said
    assert "......" not in said
    assert "10 passed" in said


def test_the_live_line_counts_what_workers_report(project: pytest.Pytester, faulty: FaultyServer) -> None:
    said = in_a_terminal(project, "--model", "faulty", "-n", "2", "test_answers.py")

    (before,) = re.findall(r"([^\r\n]*)modeleval: asks answers", said)
    assert "worker" not in before
    assert "\r\x1b[K10/10 · 100.0% right · 0 wrong · " in said
    assert "10 passed" in said


def test_the_live_line_counts_requests_and_not_conversations(project: pytest.Pytester, faulty: FaultyServer) -> None:
    project.makepyfile(
        test_talk="""
        from pytest_modeleval import Sample, benchmark, generated

        ROWS = generated(lambda subset, index: {}, {"main": 20})


        @benchmark(ROWS, lambda row: Sample("?", "42"))
        async def test_talk(sample, completion, model):
            assert str(await model.complete("Sure?")) == "42"
        """
    )

    def slowly(handler: BaseHTTPRequestHandler, body: dict[str, object]) -> None:
        time.sleep(0.1)
        answer("42")(handler, body)

    faulty.fault = slowly

    said = in_a_terminal(project, "--model", "faulty", "--eval-concurrency", "2", "test_talk.py")

    counts = {int(count) for count in re.findall(r"(\d+) in flight", said)}
    assert counts
    assert max(counts) <= 2


@pytest.mark.parametrize("quiet", [["-q"], ["-v"], ["-s"], []], ids=["-q", "-v", "-s", "CI"])
def test_the_live_line_is_quiet_when_nobody_watches(
    project: pytest.Pytester, faulty: FaultyServer, quiet: list[str]
) -> None:
    said = in_a_terminal(project, "--model", "faulty", *quiet, "test_answers.py", **({} if quiet else {"CI": "true"}))

    assert "in flight" not in said
    assert "tokens/s" not in said
    assert "10 passed" in said


def test_a_pipe_gets_dots(project: pytest.Pytester, faulty: FaultyServer) -> None:
    result = run(project, "--model", "faulty", "test_answers.py")

    result.stdout.fnmatch_lines(["test_answers.py .......... *"])
    assert "\x1b" not in result.stdout.str()


def test_the_live_line_counts_and_foretells() -> None:
    results = Results()
    line = LiveLine(results, lambda: 8, [])
    line._total = 100
    for index in range(25):
        outcome = "error" if index < 2 else "wrong" if index < 5 else "right"
        results.add(Record("m", "b", "s", "", index, 0, outcome, completion_tokens=100))

    assert line.text(10.0) == "25/100 · 8 in flight · 87.0% right · 3 wrong · 2 errors · 250 tokens/s · 0:30 left"


def test_the_live_line_counts_programs() -> None:
    line = LiveLine(Results(), lambda: 2, [], lambda: 3)
    line._total = 10

    assert line.text(1.0).startswith("0/10 · 2 in flight · 3 programs · ")


def test_the_live_line_has_the_money_of_all_models_with_a_price() -> None:
    price = {"input": 1000.0, "output": 2000.0}
    models = [ModelSpec("m", "openai", "m", price=price), ModelSpec("judge=j", "openai", "j", price=price)]
    results = Results()
    line = LiveLine(results, lambda: 0, models)
    asked: dict[str, Any] = {
        "model": "m",
        "benchmark": "b",
        "subset": "main",
        "group": "",
        "outcome": "right",
        "repeat": 0,
    }
    # A new answer, a stored one, and one of both kinds.
    judge = {"judge=j": RoleUse(2, 1, 60, 40, 0.0, 30, 20)}
    results.add(Record(index=0, prompt_tokens=100, completion_tokens=50, new=1, roles=judge, **asked))
    results.add(Record(index=1, prompt_tokens=100, completion_tokens=50, stored=1, **asked))
    results.add(Record(index=2, prompt_tokens=100, completion_tokens=50, new=1, stored=1, paid=(10, 5), **asked))

    # 110 and 55 of the model's tokens, 30 and 20 of the judge's.
    assert line.text(10.0).endswith(" tokens/s · $0.29")


@pytest.mark.parametrize(("arguments", "lines"), [([], 5), (["-rf"], 10), (["-v"], 10), (["-ra"], 10)])
def test_wrong_answers_are_a_line_each_the_first_few_unless_asked(
    project: pytest.Pytester, faulty: FaultyServer, arguments: list[str], lines: int
) -> None:
    faulty.fault = answer("41")

    result = run(project, "--model", "faulty", *arguments, "test_answers.py")

    shown = [line for line in result.outlines if "expected '42', got '41'" in line]
    assert len(shown) == lines
    assert ("… and 5 more (-rf shows all)" in result.outlines) == (lines == 5)
    assert "Traceback" not in result.stdout.str()
    assert not re.search(r"test_answers\.py:\d", result.stdout.str())


def test_a_hostile_answer_is_one_plain_line(project: pytest.Pytester, faulty: FaultyServer) -> None:
    faulty.fault = answer("\x1b[mred\x00\r\nno number" + "x" * 5000)

    result = run(project, "--model", "faulty", "-k", "00000 and easy", "test_answers.py")

    (line,) = [line for line in result.outlines if "no number in the answer" in line]
    assert "\x1b" not in line
    assert "\x00" not in line
    assert len(line) < 250


@pytest.mark.parametrize(
    ("reason", "ended"),
    [("length", r"\(no number in the answer\); cut off"), ("stop", r"\(no number in the answer\)")],
)
def test_an_answer_that_was_cut_off_is_said_to_be(
    project: pytest.Pytester, faulty: FaultyServer, reason: str, ended: str
) -> None:
    choice = {"message": {"role": "assistant", "content": "Let me see"}, "finish_reason": reason}
    faulty.fault = lambda handler, _: send(handler, 200, {"choices": [choice]})

    result = run(project, "--model", "faulty", "-k", "00000 and easy", "test_answers.py")

    result.stdout.re_match_lines([r"test_answers\[easy-00000\]  ", rf"    expected '42', got 'Let me see' {ended}$"])


def test_shortened_keeps_both_ends() -> None:
    assert shortened("a" * 50 + "b" * 50) == repr("a" * 30 + " … " + "b" * 27)
    assert shortened("two\nlines") == "'two lines'"


ROW = TableRow(
    model="m",
    benchmark="gsm8k",
    part="",
    metric="main",
    samples=1319,
    errors=2,
    unscored=0,
    score=0.8,
    standard_error=0.011,
    low=0.777,
    high=0.821,
    prompt_tokens=1000,
    completion_tokens=234,
    seconds=12.3,
    new=1319,
    stored=0,
    oldest=None,
)
BEGAN = 1_800_000_000.0
PARTLY = replace(ROW, new=219, stored=1100, oldest=BEGAN - 9.5 * 86400)


def test_the_table() -> None:
    assert table([ROW], BEGAN, 80) == [
        "model  benchmark  samples  errors  score  95% interval    tokens  seconds",
        "m      gsm8k        1,319       2  0.800  [0.777, 0.821]   1,234     12.3",
    ]


def test_the_table_tells_of_stored_answers_where_there_are_some() -> None:
    head, first, second = table([PARTLY, ROW], BEGAN, 100)

    assert head.split()[-4:] == ["seconds", "new", "stored", "oldest"]
    assert first.endswith("219   1,100  9 days")
    assert second.split()[-3:] == ["1,319", "0", "-"]


def test_in_a_narrow_terminal_stored_answers_are_told_before_tokens_and_seconds() -> None:
    head, first, _ = table([PARTLY, ROW], BEGAN, 80)

    assert (head.split()[-4:], len(first)) == (["interval", "new", "stored", "oldest"], 79)
    assert first.endswith("219   1,100  9 days")


@pytest.mark.parametrize(
    ("new", "stored", "said"),
    [(219, 1100, "83%, 9 days"), (1318, 1, "<1%, 9 days"), (1, 1318, ">99%, 9 days"), (0, 1319, "100%, 9 days")],
)
def test_names_of_twelve_letters_have_room_for_stored_answers(new: int, stored: int, said: str) -> None:
    """Beside each other, the three columns would need 90 characters."""
    long = replace(PARTLY, model="qwen3-8b-awq", benchmark="gpqa_diamond", new=new, stored=stored)

    lines = table([long, replace(long, part="subset-of", new=1319, stored=0, oldest=None)], BEGAN, 80)

    assert max(map(len, lines)) <= 80
    assert [line.split()[-1] for line in lines[::2]] == ["stored", "-"]
    assert lines[1].endswith(f"[0.777, 0.821]  {said.rjust(12) if said[0] == '>' else said}")


def test_a_table_that_is_too_wide_leaves_seconds_out_first() -> None:
    long = replace(ROW, model="qwen3-8b-awq", benchmark="gpqa_diamond", prompt_tokens=1_000_000)

    head, line = table([long], BEGAN, 80)

    assert (head.split()[-1], len(line)) == ("tokens", 77)


def test_the_tables_further_columns_come_when_needed() -> None:
    nothing = {"score": None, "standard_error": None, "low": None, "high": None, "seconds": 0.0}
    other = replace(ROW, metric="f1", samples=0, errors=0, unscored=3, prompt_tokens=0, completion_tokens=0, **nothing)  # type: ignore[arg-type]

    head, _, last = table([ROW, other], BEGAN, 100)

    assert head.split()[:6] == ["model", "benchmark", "metric", "samples", "errors", "unscored"]
    assert last.split() == ["m", "gsm8k", "f1", "0", "0", "3", "-", "-", "0", "0.0"]


def test_a_run_without_capturing_goes_on(project: pytest.Pytester, faulty: FaultyServer) -> None:
    result = project.runpytest_subprocess("-p", "no:capture", "--model", "faulty", "test_answers.py")

    assert result.ret == pytest.ExitCode.OK
