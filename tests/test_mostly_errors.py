"""A run in which more than half of the samples are errors ends with a status of its own."""

from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from pytest_modeleval.options.options import Options
from pytest_modeleval.reports.notes import broken_off
from pytest_modeleval.results.finished import FinishedRun, Totals
from tests.conftest import FaultyServer, answer, run, send


@pytest.fixture
def failing(faulty: FaultyServer) -> FaultyServer:
    """A server that answers no easy question, six of the ten, with anything but an error."""

    def fault(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        if "easy" in str(body):
            send(handler, 400, {"error": {"message": "blocked", "code": "content_filter"}})
        else:
            answer("42")(handler, body)

    faulty.fault = fault
    return faulty


@pytest.mark.parametrize("workers", [(), ("-n", "2")], ids=["alone", "xdist"])
def test_more_than_half_is_said_and_has_its_own_status(
    project: pytest.Pytester, failing: FaultyServer, workers: tuple[str, ...]
) -> None:
    result = run(project, "--model", "faulty", "test_answers.py", *workers)

    assert result.ret == 10
    result.stdout.re_match_lines([r"6 of 10 samples are errors, which is most of them$"])


def test_half_is_not_most(project: pytest.Pytester, failing: FaultyServer) -> None:
    result = run(project, "--model", "faulty", "--deselect", "test_answers.py::test_answers[easy-00000]", ".")
    balanced = run(project, "--model", "faulty", "--eval-limit-per-subset", "4", ".")

    assert (result.ret, balanced.ret) == (10, 1)


def test_it_is_neither_judged_nor_saved(project: pytest.Pytester, failing: FaultyServer) -> None:
    flags = ["--eval-save-baseline", "b.json", "--eval-min-score", "answers=0.1"]

    result = run(project, "--model", "faulty", "test_answers.py", *flags)

    assert result.ret == 10
    result.stdout.fnmatch_lines(["6 of 10 samples are errors, *; no gate was judged and no baseline saved"])
    assert not (project.path / "b.json").exists()


def test_who_accepts_more_errors_gets_a_verdict(project: pytest.Pytester, failing: FaultyServer) -> None:
    flags = ["--eval-set", "gate.max_error_rate=60%", "--eval-min-score", "answers=0.1"]

    result = run(project, "--model", "faulty", "test_answers.py", *flags)

    assert result.ret == 0


def test_a_test_that_is_no_sample_stays_a_failure(project: pytest.Pytester, failing: FaultyServer) -> None:
    project.makepyfile(test_plain="def test_plain(): assert False")

    assert run(project, "--model", "faulty", ".").ret == 1


def test_wrong_answers_are_answers(project: pytest.Pytester, faulty: FaultyServer) -> None:
    faulty.fault = answer("41")

    assert run(project, "--model", "faulty", "test_answers.py").ret == 1


def test_samples_that_were_measured_are_among_all() -> None:
    totals = Totals(measured=2, errors=3, unscored=4, mostly_errors=True)
    finished = FinishedRun(
        id="a",
        root=Path(),
        folder=Path(),
        began=0.0,
        options=Options(),
        models=["m"],
        ended="complete",
        exit_status=10,
        selected=9,
        reported=9,
        totals=totals,
    )

    assert list(broken_off(finished)) == ["3 of 5 samples are errors, which is most of them"]
