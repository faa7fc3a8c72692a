"""A run that was broken off blesses nothing, however that happened."""

import json
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import closing

import pytest

from tests.conftest import ANSWERS, WITHOUT, FaultyServer, answer, run, run_alone, send
from tests.gate.test_gate import ask, wrong

SIXTY = ANSWERS.replace('{"easy": 6, "hard": 4}', '{"easy": 40, "hard": 20}')
GATE = ["--eval-baseline", "b.json", "--eval-margin", "20pp", "--eval-set", "gate.waive=scorer"]
SAVE = ["--eval-save-baseline", "b.json"]
FILES = ["--eval-write", "o.json", "--eval-write", "o.md"]


@pytest.fixture
def blessed(project: pytest.Pytester, faulty: FaultyServer) -> pytest.Pytester:
    """A benchmark of 60 samples and its baseline."""
    project.makepyfile(test_answers=SIXTY)
    assert ask(project, "--eval-save-baseline", "b.json").ret == 0
    return project


def run_row(project: pytest.Pytester) -> tuple[str, int | None]:
    with closing(sqlite3.connect(project.path / ".modeleval/store.sqlite")) as store:
        ended, status = store.execute("select ended, exit_status from runs order by started desc limit 1").fetchone()
        return ended, status


def said(project: pytest.Pytester, result: pytest.RunResult, before: str) -> None:
    """What must be so after each run that was broken off."""
    line = "interrupted: * of 60 selected tests were reported; no gate was judged and no baseline saved"
    if result.ret != pytest.ExitCode.INTERNAL_ERROR:
        # pytest sums up nothing after its own errors.
        result.stdout.fnmatch_lines([line])
    assert "= gate =" not in result.stdout.str()
    assert result.ret != 0
    assert (project.path / "b.json").read_text() == before
    assert json.loads((project.path / "o.json").read_text())["run"]["ended"] == "interrupted"
    assert "interrupted: " in (project.path / "o.md").read_text()
    assert run_row(project)[0] == "interrupted"


CONFTEST = {
    "a plugin's stop": "def pytest_runtest_logfinish(): SESSION.shouldstop = 'enough'",
    "a plugin's failure": "def pytest_runtest_logfinish(): SESSION.shouldfail = 'enough'",
    "pytest.exit": "def pytest_runtest_logfinish(): pytest.exit('enough')",
    "pytest.exit with status 0": "def pytest_runtest_logfinish(): pytest.exit('enough', returncode=0)",
    "pytest.exit in a fixture": "@pytest.fixture(autouse=True)\ndef ends(request): 'easy-00009' in request.node.name and pytest.exit('x', 0)",
    "an error of a plugin": "def pytest_runtest_logfinish(): raise RuntimeError('x')",
    "items that vanish": "def pytest_runtest_logfinish(): del SESSION.items[50:]",
    "a loop of its own": "def pytest_runtestloop(session): SESSION.items[:] = SESSION.items[:20]",
    "SystemExit": "def pytest_runtest_logfinish(): raise SystemExit(0)",
}


@pytest.mark.parametrize("how", CONFTEST)
def test_nothing_is_blessed_after(blessed: pytest.Pytester, faulty: FaultyServer, how: str) -> None:
    before = (blessed.path / "b.json").read_text()
    session = (
        "import pytest\nSESSION = None\ndef pytest_sessionstart(session):\n    global SESSION\n    SESSION = session\n"
    )
    blessed.makeconftest(session + CONFTEST[how])

    result = ask(blessed, *GATE, *SAVE, *FILES)

    said(blessed, result, before)


@pytest.mark.parametrize("flags", [["-x"], ["--maxfail", "2", "-n", "2"], ["--stepwise"]], ids=str)
def test_no_gate_is_judged_after_a_stop_at_a_wrong_answer(
    blessed: pytest.Pytester, faulty: FaultyServer, flags: list[str]
) -> None:
    before = (blessed.path / "b.json").read_text()
    wrong(faulty, 3, 4)

    result = ask(blessed, *GATE, *FILES, *flags)

    said(blessed, result, before)
    assert result.ret == pytest.ExitCode.INTERRUPTED


@pytest.mark.parametrize("flag", ["-x", "--maxfail=3"])
def test_a_stop_at_wrong_answers_is_refused_where_a_baseline_is_to_be_saved(
    blessed: pytest.Pytester, faulty: FaultyServer, flag: str
) -> None:
    faulty.asked.clear()

    result = ask(blessed, *SAVE, flag)

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    name = flag.replace("=", " ")
    result.stderr.fnmatch_lines(
        [f"ERROR: {name} ends the run at wrong answers, and --eval-save-baseline needs all of its samples: leave*"]
    )
    assert not faulty.asked


def test_a_lost_worker_leaves_a_run_without_a_verdict(blessed: pytest.Pytester, faulty: FaultyServer) -> None:
    before = (blessed.path / "b.json").read_text()
    blessed.makepyfile(
        test_answers=SIXTY.replace(
            "    assert", "    if 'hard 2:' in sample.prompt: import os; os._exit(1)\n    assert"
        )
    )

    result = ask(blessed, *GATE, *SAVE, *FILES, "-n", "2")

    said(blessed, result, before)


def interrupted(
    project: pytest.Pytester, faulty: FaultyServer, signals: Sequence[signal.Signals], pause: float, *flags: str
) -> pytest.RunResult:
    """A run that gets signals, so many seconds apart, once it has asked for ten answers."""
    right = answer("42")

    def slow(handler, body) -> None:  # type: ignore[no-untyped-def]
        time.sleep(0.05)
        right(handler, body)

    faulty.fault = slow
    faulty.asked.clear()
    command = [sys.executable, "-m", "pytest", *WITHOUT, "--model", "faulty", "--eval-cache", "off", "test_answers.py"]
    with (project.path / "out").open("w+") as out:
        process = subprocess.Popen(
            [*command, "--eval-concurrency", "2", *flags], cwd=project.path, stdout=out, stderr=subprocess.STDOUT
        )
        while len(faulty.asked) < 10:
            assert process.poll() is None
            time.sleep(0.01)
        for number, each in enumerate(signals):
            time.sleep(pause * bool(number))
            process.send_signal(each)
        status = process.wait(60)
        out.seek(0)
        lines = out.read().splitlines()
    return pytest.RunResult(status, lines, [], 0.0)


@pytest.mark.parametrize("pause", [0.0, 0.05, 0.2])
def test_ctrl_c_twice_blesses_nothing(blessed: pytest.Pytester, faulty: FaultyServer, pause: float) -> None:
    before = (blessed.path / "b.json").read_text()

    result = interrupted(blessed, faulty, [signal.SIGINT, signal.SIGINT], pause, *GATE, *SAVE)

    assert result.ret != 0
    assert "= gate =" not in result.stdout.str()
    assert (blessed.path / "b.json").read_text() == before
    assert run_row(blessed)[0] == "interrupted"
    assert "interrupted: " in result.stdout.str()


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_signal_blesses_nothing(blessed: pytest.Pytester, faulty: FaultyServer, sent: signal.Signals) -> None:
    before = (blessed.path / "b.json").read_text()

    result = interrupted(blessed, faulty, [sent], 0.0, *SAVE)

    assert result.ret == {signal.SIGINT: 2}.get(sent, -sent)
    assert (blessed.path / "b.json").read_text() == before
    assert run_row(blessed)[0] == "interrupted"


@pytest.mark.parametrize("processes", [(), ("-n", "2")], ids=["alone", "xdist"])
def test_ctrl_c_says_what_is_kept_and_what_is_left(
    blessed: pytest.Pytester, faulty: FaultyServer, processes: tuple[str, ...]
) -> None:
    result = interrupted(blessed, faulty, [signal.SIGINT], 0.0, "--eval-cache", "write", *processes)

    assert result.ret == pytest.ExitCode.INTERRUPTED
    (kept, left), *_ = re.findall(
        r"^(\d+) answers? kept, (\d+) tests? left; the same command goes on$", result.stdout.str(), re.MULTILINE
    )
    assert int(kept) > 0
    assert 0 < int(left) <= 60


def test_ctrl_c_before_the_tests_are_counted_says_what_is_kept(blessed: pytest.Pytester) -> None:
    # Workers ask before all of them have told what they collected.
    blessed.makeconftest(
        """
        from dataclasses import replace

        from pytest_modeleval.reports.notes import broken_off

        def pytest_modeleval_finished(run):
            early = replace(run, ended="interrupted", selected=0, reported=0, kept=36)
            last = replace(early, selected=2, reported=1, kept=1)
            open("told.txt", "w").write("; ".join([*broken_off(early), *broken_off(last)]))
        """
    )

    ask(blessed)

    told = (blessed.path / "told.txt").read_text()
    assert told == (
        "interrupted: no test was reported; 36 answers kept; the same command goes on; "
        "interrupted: 1 of 2 selected tests were reported; 1 answer kept, 1 test left; the same command goes on"
    )


def test_ctrl_c_while_reports_are_written_leaves_no_verdict(blessed: pytest.Pytester, faulty: FaultyServer) -> None:
    blessed.makeconftest(
        """
        import pytest_modeleval.outputs.endings as ending

        def interrupt(*_, **__):
            raise KeyboardInterrupt

        ending.ENDINGS[".md"] = interrupt
        """
    )

    result = run_alone(blessed, "--model", "faulty", "test_answers.py", *GATE, "--eval-write", "o.md")

    assert result.ret == pytest.ExitCode.INTERRUPTED
    assert "= gate =" not in result.stdout.str()
    result.stdout.fnmatch_lines(["interrupted: 60 of 60 selected tests were reported; no gate was judged*"])
    assert run_row(blessed) == ("interrupted", 2)


def test_a_run_that_stops_at_its_very_last_test_is_whole(blessed: pytest.Pytester, faulty: FaultyServer) -> None:
    wrong(faulty, 39)

    result = ask(blessed, *GATE, "--maxfail", "1", "-k", "easy")

    assert result.ret == 0
    result.stdout.re_match_lines([r"answers  passed +change -2\.5 pp .*"])
    assert run_row(blessed) == ("complete", 0)


def test_every_worker_may_run_everything(blessed: pytest.Pytester, faulty: FaultyServer) -> None:
    result = ask(blessed, *GATE, "--dist", "each", "--tx", "2*popen")

    assert result.ret == 0
    result.stdout.re_match_lines([r"answers  passed .*"])


def test_an_interrupted_run_without_a_gate_says_so_too(blessed: pytest.Pytester, faulty: FaultyServer) -> None:
    wrong(faulty, 3)

    result = ask(blessed, "-x")

    assert result.ret == pytest.ExitCode.TESTS_FAILED
    result.stdout.re_match_lines([r"interrupted: 4 of 60 selected tests were reported$"])
    result.stdout.no_fnmatch_line("*the same command goes on*")
    assert run_row(blessed) == ("interrupted", 1)


def test_where_answers_are_kept_the_same_command_goes_on(blessed: pytest.Pytester, faulty: FaultyServer) -> None:
    wrong(faulty, 3)

    result = run(blessed, "--model", "faulty", "-x", "test_answers.py")

    result.stdout.fnmatch_lines(["* answers kept, 56 tests left; the same command goes on"])


def test_where_nothing_answered_nothing_is_said_to_be_kept(blessed: pytest.Pytester, faulty: FaultyServer) -> None:
    faulty.fault = lambda handler, _: send(handler, 401, {"error": {"message": "no"}})

    result = run(blessed, "--model", "faulty", "test_answers.py", "-k", "easy")

    result.stdout.re_match_lines([r"interrupted: 0 of \d+ selected tests were reported$"])
    result.stdout.no_fnmatch_line("*goes on*")


def test_two_ctrl_c_before_the_items_are_known_complete_no_run(blessed: pytest.Pytester) -> None:
    blessed.makeconftest(
        "import pytest\n"
        "@pytest.hookimpl(tryfirst=True)\n"
        "def pytest_xdist_node_collection_finished(): raise KeyboardInterrupt\n"
        "def pytest_keyboard_interrupt(): raise KeyboardInterrupt\n"
    )

    run_alone(blessed, "--model", "faulty", "--eval-min-score", "answers=0.1", "-n", "2", "test_answers.py")

    assert run_row(blessed)[0] == "interrupted"
