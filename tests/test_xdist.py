"""Under pytest-xdist."""

import json
import re
from pathlib import Path

import pytest

from pytest_modeleval.results.lost import lost_record
from pytest_modeleval.results.results import Results
from pytest_modeleval.xdist import share, visible_gpus
from tests.conftest import ANSWERS, FaultyServer, alias, answer, run


def test_workers_give_the_same_table_and_share_the_store(project: pytest.Pytester, faulty: FaultyServer) -> None:
    right, wrong = answer("42"), answer("41")
    faulty.fault = lambda handler, body: (wrong if "hard" in json.dumps(body) else right)(handler, body)

    result = run(project, "--model", "faulty", "-n", "2", "test_answers.py", "--eval-write", "page.html")
    again = run(project, "--model", "faulty", "test_answers.py")

    result.assert_outcomes(passed=6, failed=4)
    result.stdout.re_match_lines([r"faulty +answers +10 +0 +0\.600"])
    result.stdout.fnmatch_lines(["test_answers?hard-0000*", "    expected '42', got '41'"])
    again.assert_outcomes(passed=6, failed=4)
    assert len(faulty.asked) == 10
    page = (project.path / "page.html").read_text()
    assert page.count('"answers","hard"') == 4
    assert '"part":"math"' in page


def test_a_worker_asks_ahead_for_what_it_was_given(project: pytest.Pytester, faulty: FaultyServer) -> None:
    """100 answers of 50 ms one after another on two workers would take 2.5 s."""
    import threading
    import time

    right, at_once, most = answer("42"), threading.Semaphore(100), []

    def slow(handler, body) -> None:  # type: ignore[no-untyped-def]
        with at_once:
            most.append(100 - at_once._value)
            time.sleep(0.05)
        right(handler, body)

    faulty.fault = slow
    project.makepyfile(test_answers=ANSWERS.replace('{"easy": 6, "hard": 4}', '{"easy": 100}'))

    run(project, "--model", "faulty", "-n", "2", "--eval-concurrency", "20", "test_answers.py").assert_outcomes(
        passed=100
    )

    assert 4 < max(most) <= 20


def test_a_worker_looks_at_all_that_waits_only_when_it_was_sent_more(
    project: pytest.Pytester, faulty: FaultyServer
) -> None:
    project.makeconftest(
        """
        from pytest_modeleval import xdist

        looks, given = [], xdist.given_items
        xdist.given_items = lambda session: looks.append(1) or given(session)

        def pytest_sessionfinish(session):
            if hasattr(session.config, "workerinput"):
                open("looks.txt", "w").write(f"{len(looks)} {len(session.items)}")
        """
    )

    run(project, "--model", "faulty", "test_answers.py", "-n", "1", "--dist", "loadfile", "--eval-repeats", "5")

    looks, items = map(int, (project.path / "looks.txt").read_text().split())
    assert items == 50
    assert looks < 10


@pytest.mark.parametrize("dist", ["load", "worksteal", "loadfile", "each"])
def test_every_way_to_distribute_works(project: pytest.Pytester, faulty: FaultyServer, dist: str) -> None:
    arguments = ["--dist", dist, "--tx", "2*popen"] if dist == "each" else ["-n", "2", "--dist", dist]

    result = run(project, "--model", "faulty", *arguments, "test_answers.py")

    assert result.parseoutcomes()["passed"] == (20 if dist == "each" else 10)


def test_a_stop_in_a_worker_is_one_line(project: pytest.Pytester, faulty: FaultyServer) -> None:
    faulty.fault = lambda handler, body: answer("42")(handler, body)
    alias(project, "dead", base_url="http://127.0.0.1:9/v1", model="m")

    result = run(project, "--model", "dead", "-n", "2", "test_answers.py")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: dead: nothing answers at http://127.0.0.1:9/v1/ *"])
    assert "Traceback" not in result.stdout.str() + result.stderr.str()


def test_a_users_mistake_in_a_worker_is_one_line(project: pytest.Pytester, faulty: FaultyServer) -> None:
    project.makepyfile(test_again=ANSWERS)

    result = run(project, "--model", "faulty", "-n", "2", ".")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: two benchmarks are called 'answers': *"])


def test_worker_k_sees_gpu_k_of_the_callers_list(project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4,GPU-abc")
    project.makeconftest(
        """
        import os
        from pytest_modeleval import Chat, Completion

        class Mine:
            answers = {Chat}
            concurrency = 1
            async def check(self, kind): pass
            async def close(self): pass
            async def answer(self, request): return Completion(os.environ["CUDA_VISIBLE_DEVICES"])

        def pytest_modeleval_open_model(spec):
            return Mine()
        """
    )
    alias(project, "mine", api="mine", model="x")

    result = run(project, "--model", "mine", "-n", "3", "-rf", "test_answers.py")

    assert set(re.findall(r"got '([^']*)'", result.stdout.str())) == {"4", "GPU-abc"}


def test_gpus_are_the_callers_or_the_machines(tmp_path: Path) -> None:
    for name in ("nvidia0", "nvidia10", "nvidia2", "nvidiactl", "nvidia-uvm"):
        (tmp_path / name).touch()

    assert visible_gpus({}, tmp_path) == ["0", "2", "10"]
    assert visible_gpus({"CUDA_VISIBLE_DEVICES": "3, 1"}, tmp_path) == ["3", "1"]
    assert visible_gpus({"CUDA_VISIBLE_DEVICES": ""}, tmp_path) == []


@pytest.mark.parametrize(("asked", "workers", "each"), [(64, 16, 4), (3, 16, 1), (None, 16, None)])
def test_the_requests_in_flight_are_divided(
    asked: int | None, workers: int, each: int | None, pytestconfig: pytest.Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pytestconfig, "workerinput", {"workercount": workers}, raising=False)

    assert share(pytestconfig, asked) == each


@pytest.mark.parametrize("models", [1, 2])
def test_a_sample_that_went_down_with_its_worker_is_an_error(
    project: pytest.Pytester, faulty: FaultyServer, models: int
) -> None:
    alias(project, "other", base_url=faulty.url, model="faulty")
    project.makepyfile(
        test_answers=ANSWERS.replace(
            "    assert", "    if 'hard 2' in sample.prompt: import os; os._exit(1)\n    assert"
        )
    )
    flags = ["--model", "faulty", "--model", "other"][: 2 * models]

    result = run(project, *flags, "-n", "2", "test_answers.py")

    result.assert_outcomes(passed=9 * models, errors=models)
    result.stdout.re_match_lines(
        [r"test_answers\[.*hard-00002\]  worker 'gw\d' crashed while running .*", r"faulty +answers +9 +1 +1\.000"]
    )
    result.stdout.re_match_lines([r"faulty +hard +3 +1 +1\.000"])


def test_workers_share_a_users_own_files(project: pytest.Pytester, faulty: FaultyServer) -> None:
    rows = [{"question": f"{number}?", "answer": "42" if number % 2 else "41"} for number in range(10)]
    (project.path / "my.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in rows))

    result = run(project, "--model", "faulty", "--eval-file", "my.jsonl", "-n", "2", "--eval-write", "out.json")
    twice = run(project, "--model", "faulty", "--eval-file", "my.jsonl", "-n", "2", "--lf")

    result.assert_outcomes(passed=5, failed=5)
    twice.assert_outcomes(failed=5)
    rows = json.loads((project.path / "out.json").read_text())["rows"]
    assert [(row["metric"], row["samples"], row["score"]) for row in rows] == [("main", 10, 0.5), ("f1", 10, 0.5)]


@pytest.mark.parametrize(("end", "repeat"), [("", 0), ("-r1", 0), ("-r2", 1), ("-r12", 11)])
def test_a_lost_sample_is_the_repeat_that_was_lost(end: str, repeat: int) -> None:
    record = lost_record(f"test_answers.py::test_answers[hard-00002{end}]", ["m"], Results())

    assert record is not None
    assert (record.subset, record.index, record.repeat) == ("hard", 2, repeat)
