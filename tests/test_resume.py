"""Answers are kept: the same command again asks only what is missing."""

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from pytest_modeleval.sample import Completion, StopRun
from pytest_modeleval.store.schema import VERSION
from pytest_modeleval.store.store import Question, Store
from tests.conftest import ANSWERS, FaultyServer, alias, answer, modeleval, run


def sqlite_runs(project: pytest.Pytester) -> list[str]:
    """The ids of the runs in the store."""
    with closing(sqlite3.connect(project.path / ".modeleval/store.sqlite")) as store:
        return [run_id for (run_id,) in store.execute("select id from runs order by started")]


QUESTION = Question("0" * 32, "1" * 32, "run")


def test_the_same_command_again_asks_nothing(project: pytest.Pytester, faulty: FaultyServer) -> None:
    run(project, "--model", "faulty", "test_answers.py")
    faulty.asked.clear()

    run(project, "--model", "faulty", "test_answers.py").assert_outcomes(passed=10)

    assert faulty.asked == []


def test_another_limit_key_or_concurrency_keeps_the_answers(
    project: pytest.Pytester, faulty: FaultyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NEW_KEY", "k2")
    settings = {"api_key_env": "NEW_KEY", "timeout": 7, "retries": 2}
    alias(project, "moved", base_url=f"{faulty.url}/", model="faulty", headers={"X-Api-Key": "k"}, **settings)
    run(project, "--model", "faulty", "--eval-limit", "5", "test_answers.py")

    run(project, "--model", "moved", "--eval-limit", "8", "--eval-concurrency", "2", "test_answers.py")

    assert len(faulty.asked) == 8


@pytest.mark.parametrize(
    "change",
    [["--eval-generation", "temperature=0.5"], ["--eval-generation", "seed=1"], ["--eval-cache", "off"]],
    ids=["temperature", "seed", "off"],
)
def test_what_shapes_an_answer_asks_anew(project: pytest.Pytester, faulty: FaultyServer, change: list[str]) -> None:
    run(project, "--model", "faulty", "test_answers.py")

    run(project, "--model", "faulty", *change, "test_answers.py").assert_outcomes(passed=10)

    assert len(faulty.asked) == 20


def test_scores_are_made_again_from_stored_answers(project: pytest.Pytester, faulty: FaultyServer) -> None:
    run(project, "--model", "faulty", "test_answers.py")
    project.makepyfile(test_answers=ANSWERS.replace(', "42")', ', "41")'))

    run(project, "--model", "faulty", "test_answers.py").assert_outcomes(failed=10)

    assert len(faulty.asked) == 10


def test_read_stores_nothing_and_only_asks_nothing(project: pytest.Pytester, faulty: FaultyServer) -> None:
    run(project, "--model", "faulty", "-k", "easy", "test_answers.py")

    run(project, "--model", "faulty", "--eval-cache", "read", "test_answers.py").assert_outcomes(passed=10)
    only = run(project, "--model", "faulty", "--eval-cache", "only", "test_answers.py")

    only.assert_outcomes(passed=6, errors=4)
    only.stdout.fnmatch_lines(["*no stored answer, and --eval-cache only asks for no new one"])
    assert len(faulty.asked) == 10


def test_a_killed_run_loses_nothing_it_was_answered(project: pytest.Pytester, faulty: FaultyServer) -> None:
    right = answer("42")

    def slow(handler, body) -> None:  # type: ignore[no-untyped-def]
        time.sleep(0.05)
        right(handler, body)

    faulty.fault = slow
    project.makepyfile(test_answers=ANSWERS.replace('{"easy": 6, "hard": 4}', '{"easy": 200}'))
    command = [sys.executable, "-m", "pytest", "--model", "faulty", "--eval-concurrency", "4", "test_answers.py"]
    process = subprocess.Popen(command, cwd=project.path, stdout=subprocess.DEVNULL)
    while len(faulty.asked) < 40:
        time.sleep(0.02)
        assert process.poll() is None
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    time.sleep(0.2)
    before = len(faulty.asked)
    faulty.fault = right

    run(project, "--model", "faulty", "test_answers.py").assert_outcomes(passed=200)

    # What was in flight when it died, four at most, is asked again.
    assert 200 <= len(faulty.asked) <= 204
    assert before >= 40


def test_runs_samples_and_scores_are_in_the_store(project: pytest.Pytester, faulty: FaultyServer) -> None:
    right, wrong = answer("42"), answer("\ud800 41")
    faulty.fault = lambda handler, body: (wrong if "hard 1" in json.dumps(body) else right)(handler, body)
    run(project, "--model", "faulty", "test_answers.py")
    with closing(sqlite3.connect(project.path / ".modeleval/store.sqlite")) as store:
        (run_id, status) = store.execute("select id, exit_status from runs").fetchone()
        rows = store.execute(
            "select outcome, count(*) from scores where run = ? group by outcome", (run_id,)
        ).fetchall()
        wrong_row = store.execute(
            "select item, value, got, expected, prompt from scores join samples on hash = sample "
            "where outcome = 'wrong'"
        ).fetchone()

    assert status == 1
    assert dict(rows) == {"right": 9, "wrong": 1}
    assert wrong_row[:4] == ("test_answers.py::test_answers[hard-00001]", 0.0, "41", "42")
    assert "hard 1: what is 6 * 7?" in wrong_row[4]


def test_a_store_of_a_newer_version_is_refused(project: pytest.Pytester, faulty: FaultyServer) -> None:
    (project.path / ".modeleval").mkdir()
    sqlite3.connect(project.path / ".modeleval/store.sqlite").execute(
        f"pragma user_version = {VERSION + 1}"
    ).connection.close()

    result = run(project, "--model", "faulty", "test_answers.py")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        [f"ERROR: the run store * has version {VERSION + 1}, this pytest-modeleval knows {VERSION}: *"]
    )


def test_a_store_that_is_no_database_is_refused(project: pytest.Pytester, faulty: FaultyServer) -> None:
    (project.path / ".modeleval").mkdir()
    (project.path / ".modeleval/store.sqlite").write_text("not a database at all" * 100)

    result = run(project, "--model", "faulty", "test_answers.py")

    result.stderr.fnmatch_lines(["ERROR: cannot open the run store *: file is not a database"])


def test_a_completion_comes_back_as_it_was(tmp_path: Path) -> None:
    kept = Completion("a\ud800é", "thought", "length", ({"id": 1},), 3, None, 0.5, 1.25)
    store = Store(tmp_path)
    store.save_completion(QUESTION, "m", kept)
    store.close()

    with closing(Store(tmp_path)) as again:
        stored = again.completion(QUESTION.key)

    assert stored is not None
    found = stored.completion
    assert 0 <= time.time() - stored.created < 3600
    assert (found.text, found.thinking, found.finish_reason, list(found.tool_calls)) == (
        kept.text, kept.thinking, kept.finish_reason, [{"id": 1}],
    )  # fmt: skip
    assert (found.prompt_tokens, found.completion_tokens, found.first_token, found.latency) == (3, None, 0.5, 1.25)


UNREADABLE = [
    *("", "{", "[]", "[" * 100_000, "{}", '{"text": null}', '{"text": "42", "latency": "slow"}'),
    *('{"text": "42", "tool_calls": {}}', '{"text": "42", "first_token": []}', b"\xff\xfe"),
]


def test_rows_that_hold_no_answer_are_asked_anew(project: pytest.Pytester, faulty: FaultyServer) -> None:
    run(project, "--model", "faulty", "test_answers.py").assert_outcomes(passed=10)
    with closing(sqlite3.connect(project.path / ".modeleval/store.sqlite", isolation_level=None)) as store:
        keys = store.execute("select key from completions order by key").fetchall()
        for (key,), row in zip(keys, UNREADABLE, strict=True):
            store.execute("update completions set completion = ? where key = ?", (row, key))
    (before,) = sqlite_runs(project)
    faulty.asked.clear()

    plan = run(project, "--model", "faulty", "test_answers.py", "--eval-plan", "--eval-generation", "max_tokens=5")
    page = modeleval("diff", before, before, "--write", "page.html")
    again = run(project, "--model", "faulty", "test_answers.py", "--eval-write", "page.html")

    assert (plan.ret, page.ret) == (0, 0)
    again.assert_outcomes(passed=10)
    assert len(faulty.asked) == 10


@pytest.mark.parametrize("change", ["created = 'yesterday'", "asked = 'no hash'", "key = 'none', asked = null"])
def test_an_answer_kept_under_what_is_no_time_or_key_is_asked_anew(
    project: pytest.Pytester, faulty: FaultyServer, change: str
) -> None:
    run(project, "--model", "faulty", "test_answers.py").assert_outcomes(passed=10)
    with closing(sqlite3.connect(project.path / ".modeleval/store.sqlite", isolation_level=None)) as store:
        store.execute(f"update completions set {change} where key in (select key from completions limit 1)")
    faulty.asked.clear()

    run(project, "--model", "faulty", "test_answers.py").assert_outcomes(passed=10)
    run(project, "--model", "faulty", "test_answers.py").assert_outcomes(passed=10)

    assert len(faulty.asked) == 1


def test_an_answer_kept_by_a_clock_that_was_ahead_is_stored(project: pytest.Pytester, faulty: FaultyServer) -> None:
    run(project, "--model", "faulty", "test_answers.py").assert_outcomes(passed=10)
    with closing(sqlite3.connect(project.path / ".modeleval/store.sqlite", isolation_level=None)) as store:
        store.execute("update completions set created = created + 86400")

    result = run(project, "--model", "faulty", "test_answers.py")

    result.stdout.fnmatch_lines(["answers: 0 new, 10 stored, *"])


def test_rows_of_a_later_version_are_read(project: pytest.Pytester, faulty: FaultyServer) -> None:
    run(project, "--model", "faulty", "test_answers.py")
    with closing(sqlite3.connect(project.path / ".modeleval/store.sqlite", isolation_level=None)) as store:
        store.execute("update completions set completion = json_set(completion, '$.mood', 'good')")
    faulty.asked.clear()

    run(project, "--model", "faulty", "test_answers.py").assert_outcomes(passed=10)

    assert faulty.asked == []


def test_two_processes_may_open_a_new_store_at_once(tmp_path: Path) -> None:
    code = f"from pathlib import Path; from pytest_modeleval.store.store import Store; Store(Path({str(tmp_path)!r})).close()"
    processes = [subprocess.Popen([sys.executable, "-c", code], stderr=subprocess.PIPE) for _ in range(4)]

    assert [process.communicate()[1] for process in processes] == [b""] * 4


def test_writing_to_a_closed_store_says_so(tmp_path: Path) -> None:
    store = Store(tmp_path)
    store.close()

    with pytest.raises(StopRun, match="cannot write the run store"):
        store.save_completion(QUESTION, "m", Completion("x"))


def test_the_store_keeps_itself_out_of_git_unless_the_user_decides_otherwise(
    project: pytest.Pytester, faulty: FaultyServer
) -> None:
    ignore = project.path / ".modeleval/.gitignore"

    run(project, "--model", "faulty", "test_answers.py")
    first = ignore.read_text()
    ignore.write_text("!datasets.json\n")
    run(project, "--model", "faulty", "test_answers.py")

    assert (first, ignore.read_text()) == ("*\n", "!datasets.json\n")
