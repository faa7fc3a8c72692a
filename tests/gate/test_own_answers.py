"""A gate judges answers of its own run, and of an interrupted one only where the same model still answers."""

import json
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from tests.conftest import WITHOUT, FaultyServer, answer, run

from .conftest import LONG, MIN, ROOT, N, cut_short, interrupt, score


@pytest.mark.parametrize(
    "flags",
    [
        ["--eval-baseline", "b.json"],
        ["--eval-min-score", "answers=0.5", "-n", "2"],
        ["--eval-save-baseline", "c.json"],
    ],
    ids=lambda flags: flags[0],
)
def test_answers_stored_before_a_gates_run_are_not_used(
    many: pytest.Pytester, faulty: FaultyServer, flags: list[str]
) -> None:
    run(many, "--model", "faulty", "--eval-save-baseline", "b.json", "test_answers.py")
    faulty.asked.clear()
    faulty.fault = answer("41")

    result = run(many, "--model", "faulty", *flags, "test_answers.py")

    assert score(result) == "0.000"
    assert len(faulty.asked) == N
    assert result.ret == pytest.ExitCode.TESTS_FAILED


def test_a_worse_model_behind_the_same_address_fails_the_gate(many: pytest.Pytester, faulty: FaultyServer) -> None:
    run(many, "--model", "faulty", "--eval-save-baseline", "b.json", "test_answers.py")
    faulty.fault = answer("41")

    result = run(many, "--model", "faulty", "--eval-baseline", "b.json", "--eval-stop-early", "test_answers.py")

    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.re_match_lines(
        [
            rf"modeleval: {N} answers are stored, .*; used only to go on with a run of this command that was broken off, .*",
            r"answers  failed .*",
        ]
    )


def test_a_run_without_a_gate_uses_a_gates_answers(many: pytest.Pytester, faulty: FaultyServer) -> None:
    run(many, "--model", "faulty", *MIN)
    faulty.asked.clear()

    assert score(run(many, "--model", "faulty", "test_answers.py")) == "1.000"

    assert not faulty.asked


@pytest.mark.parametrize("mode", ["only", "any"])
def test_a_gate_that_may_not_ask_is_refused(many: pytest.Pytester, faulty: FaultyServer, mode: str) -> None:
    result = run(many, "--model", "faulty", "--eval-cache", mode, *MIN)

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: a gate judges answers of its own run, * leave --eval-cache {mode} out"])


def test_the_answers_of_both_runs_stay(many: pytest.Pytester, faulty: FaultyServer) -> None:
    """The answer that a gate asks anew takes no place of the one that an earlier run was scored by."""
    run(many, "--model", "faulty", "test_answers.py")
    faulty.fault = answer("41")
    run(many, "--model", "faulty", *MIN)

    with closing(sqlite3.connect(many.path / ".modeleval/store.sqlite")) as store:
        rows = store.execute(
            "select got, json_extract(completions.completion, '$.text') from scores join completions "
            "on key = scores.completion"
        ).fetchall()

    assert sorted(set(rows)) == [("41", "41"), ("42", LONG)]
    assert len(rows) == 2 * N


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL], ids=["ctrl-c", "kill"])
def test_the_same_command_takes_an_interrupted_gate_up(many: pytest.Pytester, faulty: FaultyServer, how: int) -> None:
    faulty.says = ROOT
    broken = interrupt(many, faulty, how, *MIN)

    result = run(many, "--model", "faulty", "--eval-write", "s.md", *MIN)

    assert score(result) == "1.000"
    result.stdout.re_match_lines([rf"resumed {broken}: 1\d of its answers are used, 4 asked again came out the same"])
    assert f"resumed {broken}: 1" in (many.path / "s.md").read_text()
    # What was in flight when it ended, four at most, is asked again beside the probes.
    assert N // 2 <= len(faulty.asked) <= N // 2 + 8


def test_a_run_of_the_same_command_that_still_runs_is_not_taken_up(many: pytest.Pytester, faulty: FaultyServer) -> None:
    faulty.says = ROOT

    def half(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        # Between its first and its last answer, in a process of its own.
        if len(faulty.asked) > N // 2:
            faulty.released.wait(20)
        answer(LONG)(handler, body)

    faulty.fault = half
    command = [sys.executable, "-m", "pytest", *WITHOUT, "--model", "faulty", "--eval-concurrency", "2", *MIN]
    with subprocess.Popen(command, cwd=many.path, stdout=subprocess.PIPE, text=True) as first:
        while len(faulty.asked) <= N // 2:
            time.sleep(0.02)
            assert first.poll() is None
        faulty.fault = answer(LONG)
        second = run(many, "--model", "faulty", *MIN)
        faulty.released.set()
        said, _ = first.communicate(timeout=30)

    for text in (said, second.stdout.str()):
        assert f"answers: {N} new, none stored" in text
        assert "resumed" not in text
    assert len(faulty.asked) == 2 * N


def test_workers_take_it_up_too(many: pytest.Pytester, faulty: FaultyServer) -> None:
    faulty.says = ROOT
    broken = cut_short(many, faulty, *MIN)

    result = run(many, "--model", "faulty", "-n", "2", *MIN)

    assert score(result) == "1.000"
    result.stdout.re_match_lines([rf"resumed {broken}: 1\d of its answers are used, 8 asked again came out the same"])


@pytest.mark.parametrize("within", ["0s", "1min"])
def test_answers_that_are_too_old_are_not_taken_up(many: pytest.Pytester, faulty: FaultyServer, within: str) -> None:
    faulty.says = ROOT
    cut_short(many, faulty, *MIN)
    with (many.path / "modeleval.toml").open("a") as file:
        file.write(f'[gate]\nresume_within = "{within}"\n')
    with closing(sqlite3.connect(many.path / ".modeleval/store.sqlite")) as store, store:
        store.execute("update completions set created = created - 61")

    assert score(run(many, "--model", "faulty", *MIN)) == "1.000"

    assert len(faulty.asked) == N


@pytest.mark.parametrize("change", [["--eval-seed", "1"], ["--eval-margin", "2pp"], ["-k", "easy"]], ids=str)
def test_another_command_takes_nothing_up(many: pytest.Pytester, faulty: FaultyServer, change: list[str]) -> None:
    faulty.says = ROOT
    cut_short(many, faulty, *MIN)

    assert score(run(many, "--model", "faulty", *change, *MIN)) == "1.000"

    assert len(faulty.asked) == N


def test_the_same_objectives_in_another_order_are_the_same_command(many: pytest.Pytester, faulty: FaultyServer) -> None:
    faulty.says = ROOT
    whole, part = ("--eval-min-score", "answers=0.5"), ("--eval-min-score", "answers:easy=0.4")
    cut_short(many, faulty, *whole, *part, "test_answers.py")

    result = run(many, "--model", "faulty", *part, *whole, "test_answers.py")

    result.stdout.re_match_lines([r"resumed \w{8}: .*"])


def test_a_run_that_came_to_its_end_is_not_taken_up(many: pytest.Pytester, faulty: FaultyServer) -> None:
    faulty.says = ROOT
    cut_short(many, faulty, *MIN)
    run(many, "--model", "faulty", *MIN)
    faulty.asked.clear()

    run(many, "--model", "faulty", *MIN).stdout.no_re_match_line("resumed .*")

    assert len(faulty.asked) == N


def test_what_was_taken_up_is_taken_up_again(many: pytest.Pytester, faulty: FaultyServer) -> None:
    """The second run is interrupted as well: the third takes up both runs' answers."""
    faulty.says = ROOT
    interrupt(many, faulty, signal.SIGKILL, *MIN, after=N // 4)
    second = interrupt(many, faulty, signal.SIGKILL, *MIN, after=N // 2)

    result = run(many, "--model", "faulty", *MIN)

    result.stdout.re_match_lines([rf"resumed {second}: 2\d of its answers are used, 4 asked again .*"])
    assert len(faulty.asked) < N // 2 + N // 4


def test_what_a_run_was_broken_off_before_it_took_up_is_not_lost(many: pytest.Pytester, faulty: FaultyServer) -> None:
    """The second run is interrupted at its first request: the third takes up what the second would have."""
    faulty.says = ROOT
    interrupt(many, faulty, signal.SIGKILL, *MIN)
    second = interrupt(many, faulty, signal.SIGKILL, *MIN, after=0)

    result = run(many, "--model", "faulty", *MIN)

    result.stdout.re_match_lines([rf"resumed {second}: 1\d of its answers are used, 4 asked again .*"])
    assert len(faulty.asked) <= N // 2 + 4


def test_what_a_run_refused_to_take_up_is_taken_up_by_none_after_it(
    many: pytest.Pytester, faulty: FaultyServer
) -> None:
    faulty.says = ROOT
    interrupt(many, faulty, signal.SIGKILL, *MIN)
    faulty.says = {**ROOT, "root": "/models/two"}
    interrupt(many, faulty, signal.SIGKILL, *MIN, after=4)
    faulty.says = ROOT

    result = run(many, "--model", "faulty", *MIN)

    result.stdout.no_re_match_line("resumed .*")
    assert len(faulty.asked) == N


def test_what_was_left_of_a_run_before_a_blessed_one_is_not_taken_up(
    many: pytest.Pytester, faulty: FaultyServer
) -> None:
    faulty.says = ROOT
    save = ("--eval-save-baseline", "b.json", "test_answers.py")
    interrupt(many, faulty, signal.SIGKILL, *save)
    run(many, "--model", "faulty", *save).stdout.re_match_lines(["resumed .*"])
    faulty.asked.clear()

    run(many, "--model", "faulty", *save).stdout.no_re_match_line(".*resumed .*")

    assert len(faulty.asked) == N


def test_a_run_that_wrote_a_baseline_is_compared_with_itself_by_none(
    many: pytest.Pytester, faulty: FaultyServer
) -> None:
    """Killed after it had written the file: the same command would compare these answers with themselves."""
    faulty.says = ROOT
    run(many, "--model", "faulty", "--eval-save-baseline", "b.json", "test_answers.py")
    both = ["--eval-baseline", "b.json", "--eval-save-baseline", "b.json"]
    both += ["--eval-set", "gate.gate_on_inconclusive=pass", "test_answers.py"]
    run(many, "--model", "faulty", *both)
    with closing(sqlite3.connect(many.path / ".modeleval/store.sqlite")) as store, store:
        store.execute("update runs set finished = null, exit_status = null, ended = 'interrupted'")
    faulty.asked.clear()

    run(many, "--model", "faulty", *both)

    assert len(faulty.asked) == N


def test_a_run_that_its_gate_fails_takes_no_baselines_place(many: pytest.Pytester, faulty: FaultyServer) -> None:
    run(many, "--model", "faulty", "--eval-save-baseline", "b.json", "test_answers.py")
    before = (many.path / "b.json").read_text()
    faulty.fault = answer("41")
    both = ["--eval-baseline", "b.json", "--eval-save-baseline", "b.json", "test_answers.py"]

    results = [run(many, "--model", "faulty", *both) for _ in range(2)]

    assert [result.ret for result in results] == [1, 1]
    assert (many.path / "b.json").read_text() == before
    results[0].stdout.fnmatch_lines(["no baseline saved: the gate did not pass"])


@pytest.mark.parametrize("text", ["24", "a day", "0"])
def test_a_time_that_is_none_is_refused(many: pytest.Pytester, faulty: FaultyServer, text: str) -> None:
    with (many.path / "modeleval.toml").open("a") as file:
        file.write(f"[gate]\nresume_within = {json.dumps(text)}\n")

    result = run(many, "--model", "faulty", "test_answers.py")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: *resume_within is a time such as 24h, 30min or 90s, not {text!r}"])
