"""Runs in trackers of experiments: scores, loads, and what a tracker that cannot says."""

import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import FaultyServer, answer, run

# What wandb and swanlab have in common, as a file of the calls.
FAKE = """
import json

def init(**said):
    write(said)
    return Run()

def log(values, step):
    write({"step": step, **values})

class Run:
    def finish(self):
        write({"finished": True})

def write(said):
    with open("calls.jsonl", "a") as file:
        file.write(json.dumps(said) + "\\n")
"""


def calls(project: pytest.Pytester) -> list[dict[str, object]]:
    return [json.loads(line) for line in (project.path / "calls.jsonl").read_text().splitlines()]


@pytest.mark.parametrize("where", ["wandb", "swanlab"])
def test_a_tracker_gets_scores_intervals_parts_errors_and_the_gate(
    project: pytest.Pytester, faulty: FaultyServer, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.makepyfile(**{where: FAKE})
    project.syspathinsert()
    monkeypatch.delitem(sys.modules, where, raising=False)
    faulty.fault = answer("41")

    gate = ("--eval-min-score", "answers=0.5", "--eval-generation", 'extra_body={"api_key": "sk-of-mine"}')
    result = run(project, "--model", "faulty", "test_answers.py", *gate, "--eval-limit", "8", "--eval-track", where)

    begun, logged, finished = calls(project)
    result.stdout.fnmatch_lines([f"logged to {where} as eval-{str(begun['config']['run'])[:8]}"])  # type: ignore[index]
    assert (begun["project"], begun["name"]) == ("pytest-modeleval", f"eval-{begun['config']['run'][:8]}")  # type: ignore[index]
    settings = begun["config"]["settings"]  # type: ignore[index]
    assert (settings["limit"], settings["generation"]) == (8, {"extra_body": {"api_key": "***"}})
    assert begun["config"]["gate"][0].startswith("answers: failed: score 0.000")  # type: ignore[index]
    assert logged["step"] == 0
    figures = {name.removeprefix("faulty/"): value for name, value in logged.items()}
    assert (figures["answers/score"], figures["answers/samples"], figures["answers/errors"]) == (0.0, 8, 0)
    assert 0 == figures["answers/low"] < figures["answers/high"] < 0.5  # type: ignore[operator]
    assert figures["answers/tokens"] == 80
    assert (figures["answers/easy/score"], figures["answers/hard/score"]) == (0.0, 0.0)
    assert finished == {"finished": True}


def test_a_tracker_that_is_not_installed_is_refused_before_anything_is_asked(
    project: pytest.Pytester, faulty: FaultyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pytest_modeleval.reports.track.importlib.util.find_spec", lambda _: None)

    result = run(project, "--model", "faulty", "test_answers.py", "--eval-track", "clearml")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        ["ERROR: --eval-track clearml needs clearml: pip install 'pytest-modeleval[[]clearml]'"]
    )
    assert faulty.asked == []


def test_a_tracker_that_cannot_log_is_one_line_and_files_are_written(
    project: pytest.Pytester, faulty: FaultyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    project.makepyfile(swanlab="def init(**said): raise RuntimeError('no key\\nsee there')")
    project.syspathinsert()
    monkeypatch.delitem(sys.modules, "swanlab", raising=False)

    flags = ("--eval-track", "swanlab", "--eval-write", "table.json")
    result = run(project, "--model", "faulty", "test_answers.py", *flags)

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stdout.fnmatch_lines(["written to *table.json", "swanlab could not log the run: RuntimeError: no key"])
    assert "see there" not in result.stdout.str()


def test_a_tracker_is_told_no_secret_and_what_it_says_is_harmless(
    project: pytest.Pytester,
    faulty: FaultyServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    project.makepyfile(wandb=f"{FAKE}\n    raise RuntimeError('\\x1b[31mno key sk-verysecret123 \\u202e')")
    project.syspathinsert()
    monkeypatch.delitem(sys.modules, "wandb", raising=False)
    secret = ("--eval-set", "model.generation.extra_body.api_key=typed-secret-1")

    result = run(project, "--model", "faulty", "test_answers.py", "--eval-track", "wandb", *secret)

    said = result.stdout.str() + result.stderr.str()
    assert "RuntimeError: \\x1b[31mno key *** \\u202e" in said
    kept = b"".join(path.read_bytes() for path in project.path.rglob("*") if path.is_file())
    settings: Any = calls(project)[0]["config"]
    assert "'api_key': '***'" in str(settings["settings"]["set"])
    assert b"typed-secret-1" not in kept


def test_the_flag_that_logged_loads_alone_says_where_it_went(pytester: pytest.Pytester) -> None:
    result = run(pytester, "--model", "tiny", "--perf-track", "wandb")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*--perf-track is no flag any more: --eval-track WHERE, which logs scores too"])


# A run of one benchmark, and one of two loads, as the real libraries get them.
LOGGED = """
import sys
from pathlib import Path
from pytest_modeleval.options.options import Options
from pytest_modeleval.perf.reports.section import Loads
from pytest_modeleval.reports.track import track
from pytest_modeleval.results.finished import FinishedRun
from pytest_modeleval.results.results import TableRow
from tests.perf.test_reports import measured

counted = dict(samples=8, errors=0, unscored=0, prompt_tokens=1, completion_tokens=1, seconds=1.0, new=8, stored=0)
row = TableRow(model="m", benchmark="quiz", part="", metric="main", score=0.5, standard_error=0.1, low=0.3, high=0.7,
               oldest=None, **counted)
given = dict(root=Path(), folder=Path(), began=0.0, options=Options(limit=8), models=["m"], ended="complete",
             exit_status=0, selected=8, reported=8)
track(sys.argv[1], FinishedRun(id="a" * 32, rows=[row], **given))
loads = Loads(["m"], [measured(1), measured(2)], [], [], [], [])
track(sys.argv[1], FinishedRun(id="b" * 32, sections=[loads], **given))
"""


def log_by(where: str, folder: Path) -> None:
    pytest.importorskip(where)
    root = Path(__file__).parents[2]
    environment = {**os.environ, "PYTHONPATH": str(root), "WANDB_MODE": "offline", "SWANLAB_MODE": "offline"}
    environment |= {"CLEARML_OFFLINE_MODE": "1", "CLEARML_CACHE_DIR": str(folder), "SWANLAB_LOG_DIR": str(folder)}
    command = [sys.executable, "-c", LOGGED, where]
    subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True, timeout=120)


def test_clearml_itself_keeps_scores_and_figures(tmp_path: Path) -> None:
    log_by("clearml", tmp_path)

    found: dict[tuple[str, str, int], float] = {}
    for archive in tmp_path.rglob("*.zip"):
        with zipfile.ZipFile(archive) as files:
            said = [json.loads(line) for line in files.read("metrics.jsonl").decode().splitlines()]
        found |= {(each["metric"], each["variant"], each["iter"]): each["value"] for line in said for each in line}
    assert (found["quiz/score", "m", 0], found["quiz/low", "m", 0]) == (0.5, 0.3)
    assert found["p50_ttft", "m", 1] == pytest.approx(0.1)
    assert (found["parallel", "m", 0], found["parallel", "m", 1]) == (1, 2)


@pytest.mark.parametrize("where", ["wandb", "swanlab"])
def test_wandb_and_swanlab_themselves_take_scores_and_figures(where: str, tmp_path: Path) -> None:
    log_by(where, tmp_path)

    kept = b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())
    for logged in (b"m/quiz/score", b"m/p50_ttft", b"m/parallel"):
        assert logged in kept
