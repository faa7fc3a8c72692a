"""An early stop as a user meets it: what is asked, what is skipped, what is said."""

import re
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from pytest_modeleval.asking.stop_signal import Decided, sweep
from tests.conftest import FaultyServer, answer, run, send
from tests.gate.test_gate import MANY, ask

FLAGS = ["--eval-baseline", "b.json", "--eval-margin", "5pp", "--eval-stop-early", "--eval-concurrency", "4"]
N = 400


@pytest.fixture
def blessed(project: pytest.Pytester, faulty: FaultyServer) -> pytest.Pytester:
    """A benchmark of 400 samples and a baseline in which all of them are right."""
    project.makepyfile(test_answers=MANY.replace('"easy": 150', '"easy": 350'))
    ask(project, "--eval-save-baseline", "b.json")
    faulty.asked.clear()
    return project


def every(faulty: FaultyServer, nth: int) -> None:
    """Answer every nth question of a subset wrong."""

    def fault(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        number = int(re.findall(r"\d+", body["messages"][-1]["content"])[0])
        answer("41" if number % nth == 0 else "42")(handler, body)

    faulty.fault = fault


def seen(result: pytest.RunResult) -> int:
    """After how many samples it was decided, by the gate's line."""
    found = re.search(r"decided after (\d+) of 400 samples", result.stdout.str().partition("= gate =")[2])
    assert found, result.stdout.str()
    return int(found[1])


def test_a_worse_model_is_stopped_early(blessed: pytest.Pytester, faulty: FaultyServer) -> None:
    every(faulty, 3)

    result = ask(blessed, *FLAGS, "-rs", "--junitxml", "j.xml")

    assert result.ret == 1
    n = seen(result)
    result.stdout.re_match_lines(
        [
            rf"SKIPPED \[{N - n}\] .*: gate decided after {n} of 400 samples: worse \(sequential McNemar test, p 0\.0\d+\)",
            rf"answers  failed +change -\d+\.\d pp, 7 regressed and 0 fixed of {n}; decided after {n} of 400 samples: worse .*",
        ]
    )
    # The gate is a test, too.
    result.assert_outcomes(passed=n - 7, failed=1, skipped=N - n)
    assert result.parseoutcomes()["wrong"] == 7
    assert n <= len(faulty.asked) <= n + 16, "at most four times what may be in flight is asked ahead"
    assert "decided after" in (blessed.path / "j.xml").read_text()
    assert not [*(blessed.path / ".modeleval").glob("decided-*")]


def test_little_is_asked_ahead_while_a_test_takes_its_time(blessed: pytest.Pytester, faulty: FaultyServer) -> None:
    blessed.makeconftest("import time\n\ndef pytest_runtest_call():\n    time.sleep(1)")
    faulty.fault = answer("41")

    assert ask(blessed, *FLAGS, "-x").parseoutcomes()["wrong"] == 1

    assert len(faulty.asked) <= 1 + 3 * 4, "one is judged, 4 are in flight, and twice as many wait"


def test_an_unchanged_model_passes_early(blessed: pytest.Pytester, faulty: FaultyServer) -> None:
    result = ask(blessed, *FLAGS, "--eval-write", "s.md")

    assert result.ret == 0
    n = seen(result)
    claim = "all of them would show less than 5 pp lost \\(betting without replacement, p 0\\.0\\d+\\)"
    result.stdout.re_match_lines(
        [
            rf"answers  passed +change \+0\.0 pp, 0 regressed and 0 fixed of {n}; decided after {n} of 400 samples: {claim}"
        ]
    )
    assert n <= len(faulty.asked) <= n + 16 < N / 2
    assert "| ✅ passed | answers |" in (blessed.path / "s.md").read_text()


@pytest.mark.parametrize("nth", [3, 1000], ids=["worse", "unchanged"])
def test_workers_decide_what_one_process_does(blessed: pytest.Pytester, faulty: FaultyServer, nth: int) -> None:
    every(faulty, nth)
    alone = ask(blessed, *FLAGS)
    faulty.asked.clear()

    result = ask(blessed, *FLAGS, "-n", "2")

    gate = [line for line in alone.stdout.lines if line.startswith("answers  ")]
    assert gate == [line for line in result.stdout.lines if line.startswith("answers  ")]
    assert (result.ret, len(gate)) == (alone.ret, 1)
    assert seen(result) < len(faulty.asked) < N
    assert result.parseoutcomes()["skipped"] >= N - len(faulty.asked)
    assert not [*(blessed.path / ".modeleval").glob("decided-*")]


def test_slow_answers_decide_nothing_by_coming_late(blessed: pytest.Pytester, faulty: FaultyServer) -> None:
    """Wrong answers come first, the right ones much later: as many are counted, in the same order."""
    every(faulty, 3)
    alone = ask(blessed, *FLAGS)
    wrong_first = faulty.fault

    def fault(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        if int(re.findall(r"\d+", body["messages"][-1]["content"])[0]) % 3:
            time.sleep(0.03)
        wrong_first(handler, body)

    faulty.fault = fault

    result = ask(blessed, *FLAGS, "-n", "2")

    assert seen(result) == seen(alone)


def test_errors_are_passed_over_and_counted_as_errors(blessed: pytest.Pytester, faulty: FaultyServer) -> None:
    every(faulty, 3)
    without = seen(ask(blessed, *FLAGS))
    good = faulty.fault

    def fault(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        if "hard" in body["messages"][-1]["content"]:
            send(handler, 400, {"error": {"message": "maximum context length is 9", "code": "context_length_exceeded"}})
        else:
            good(handler, body)

    faulty.fault = fault
    result = ask(blessed, *FLAGS, "--eval-set", "gate.max_error_rate=50%")

    assert result.ret == 1
    errors = result.parseoutcomes()["errored"]
    assert errors > 0
    result.stdout.re_match_lines([rf"answers  failed .* regressed and 0 fixed of {seen(result) - errors}; decided .*"])
    assert seen(result) >= without


def test_requests_in_flight_are_cancelled(blessed: pytest.Pytester, faulty: FaultyServer) -> None:
    """The samples past the decision never get an answer: the run ends without waiting for their time-out."""
    every(faulty, 3)
    n = seen(ask(blessed, *FLAGS))
    good, answered, over = faulty.fault, threading.Semaphore(n), threading.Event()

    def fault(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        if answered.acquire(blocking=False):
            good(handler, body)
        else:
            over.wait(60)

    faulty.fault = fault
    try:
        # One at a time, so that exactly the first n of the order are answered.
        result = ask(blessed, *FLAGS[:-1], "1")
    finally:
        over.set()

    assert seen(result) == n
    outcomes = result.parseoutcomes()
    assert (outcomes["skipped"], outcomes.get("errors")) == (N - n, None)


def test_each_benchmark_is_decided_for_itself(blessed: pytest.Pytester, faulty: FaultyServer) -> None:
    other = MANY.replace("test_answers", "test_other").replace('f"{subset}', 'f"other {subset}')
    blessed.makepyfile(test_other=other)
    save = ["--eval-save-baseline", "b.json", "test_other.py"]
    ask(blessed, *save)

    def fault(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        answer("41" if body["messages"][-1]["content"].startswith("other") else "42")(handler, body)

    faulty.fault = fault
    faulty.asked.clear()
    result = ask(blessed, *FLAGS, "test_other.py")

    assert result.ret == 1
    # Seven regressions speak 31.9 : 1, which is not 40 : 1; eight do.
    result.stdout.re_match_lines(
        [
            r"answers  passed +.* decided after \d+ of 400 samples: all of them .*",
            r"other    failed +change -100\.0 pp, 8 regressed .* decided after 8 of 200 samples: worse .*",
        ]
    )
    assert len(faulty.asked) < 300


def test_undecided_is_inconclusive(blessed: pytest.Pytester, faulty: FaultyServer) -> None:
    wrong = [10, 20, 30, 40]
    faulty.fault = lambda handler, body: answer(
        "41" if any(f"easy {number}:" in body["messages"][-1]["content"] for number in wrong) else "42"
    )(handler, body)

    result = ask(blessed, *FLAGS[:2], "--eval-margin", "0.5pp", "--eval-stop-early")

    assert result.ret == 6
    result.stdout.re_match_lines(
        [
            r"answers  inconclusive +change -1\.0 pp, 4 regressed and 0 fixed of 400; "
            r"not decided after 400 of 400 samples: neither worse nor less than 0\.5 pp lost \(sequential tests\)"
        ]
    )


def test_an_async_benchmark_stops_too(blessed: pytest.Pytester, faulty: FaultyServer) -> None:
    benchmark = (
        MANY.replace("Completion, ", "")
        .replace("def test_answers(sample: Sample, completion: Completion)", "async def test_answers(sample, model)")
        .replace("same_number(completion", "same_number(await model.complete(sample.messages)")
    )
    blessed.makepyfile(test_answers=benchmark)
    ask(blessed, "--eval-save-baseline", "b.json")
    faulty.asked.clear()
    every(faulty, 1)

    result = ask(blessed, *FLAGS)

    assert result.ret == 1
    result.stdout.re_match_lines([r"answers  failed .* decided after 7 of 200 samples: .*"])
    assert len(faulty.asked) <= 7 + 16


REFUSED = [
    (["--eval-stop-early"], "--eval-stop-early compares with a run: give --eval-baseline FILE"),
    ([*FLAGS, "--eval-repeats", "2"], "--eval-stop-early weighs one answer a sample: leave --eval-repeats out"),
    (
        [*FLAGS, "--eval-min-score", "answers=0.5"],
        "--eval-stop-early may leave samples out, which a least score needs: leave --eval-min-score out",
    ),
    (
        [*FLAGS, "--eval-save-baseline", "n.json"],
        "--eval-stop-early may leave samples out, which a baseline needs: leave --eval-save-baseline out",
    ),
    (
        [*FLAGS, "--dist", "each", "--tx", "2*popen"],
        "--eval-stop-early weighs one answer a sample: leave --dist each out",
    ),
]


@pytest.mark.parametrize(("flags", "message"), REFUSED, ids=["alone", "repeats", "least", "bless", "each"])
def test_what_does_not_go_with_an_early_stop_is_refused(
    project: pytest.Pytester, faulty: FaultyServer, flags: list[str], message: str
) -> None:
    ask(project, "--eval-save-baseline", "b.json")
    faulty.asked.clear()

    result = ask(project, *flags)

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: {message}"])
    assert not faulty.asked


def test_a_baseline_of_repeats_is_refused(project: pytest.Pytester, faulty: FaultyServer) -> None:
    ask(project, "--eval-save-baseline", "b.json", "--eval-repeats", "2", "--eval-limit", "5")

    result = ask(project, *FLAGS, "--eval-limit", "5")

    result.stderr.fnmatch_lines(
        ["ERROR: answers: --eval-stop-early weighs one answer a sample, and the baseline has the mean of several: *"]
    )


def test_the_order_of_asking_is_the_seeds(blessed: pytest.Pytester, faulty: FaultyServer) -> None:
    def order(*flags: str) -> list[str]:
        result = run(blessed, "--model", "faulty", "--collect-only", "-q", "test_answers.py", *FLAGS, *flags)
        return [line for line in result.stdout.lines if "::" in line]

    first = order()

    assert len(first) == N
    assert sorted(first) != first
    assert order() == first != order("--eval-seed", "1")
    assert sorted(order("--eval-seed", "1")) == sorted(first)


def test_one_process_tells_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pytest_modeleval.asking.stop_signal._PAUSE", 0)
    one, other = Decided(tmp_path, "r"), Decided(tmp_path, "r")

    assert not other.look()
    one.tell("a", "worse")
    assert [other.look(), other.look(), other.reason("a"), other.reason("b")] == [True, False, "worse", None]
    one.tell("b", "within")
    assert [other.look(), other.reason("b")] == [True, "within"]
    one.forget()
    assert not other.look()
    assert [path.name for path in tmp_path.iterdir()] == []


def test_what_a_killed_run_left_behind_is_swept(tmp_path: Path) -> None:
    code = (
        "import os, sys; from pathlib import Path; from pytest_modeleval.asking.stop_signal import Decided; "
        "Decided(Path(sys.argv[1]), 'killed').tell('a', 'worse'); os.kill(os.getpid(), 9)"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False)
    Decided(tmp_path, "running").tell("a", "worse")
    for name, text in {"old": "{}", "cut": '{"tel', "odd": '{"teller": ["x", 5]}', "list": "[]"}.items():
        (tmp_path / f"decided-{name}.json").write_text(text)

    sweep(tmp_path)

    assert {path.name for path in tmp_path.iterdir()} == {"decided-running.json"}


def test_every_run_sweeps(project: pytest.Pytester, faulty: FaultyServer) -> None:
    (project.path / ".modeleval").mkdir()
    (project.path / ".modeleval/decided-0123.json").write_text('{"test_answers.py::test_answers": "gate decided"}')

    run(project, "--model", "faulty", "test_answers.py").assert_outcomes(passed=10)

    assert not [*(project.path / ".modeleval").glob("decided-*")]
