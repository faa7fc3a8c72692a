"""A benchmark's test with further parameters: what they make of a sample are lines of their own, nowhere joined."""

import json
import xml.etree.ElementTree as ET

import pytest

from tests.conftest import FaultyServer, modeleval, run

STYLES = """
import pytest
from pytest_modeleval import Completion, Sample, benchmark, generated
from pytest_modeleval.scorers.numbers import same_number

ROWS = generated(lambda subset, index: {"q": f"{subset} {index}: what is 6 * 7?"}, {"main": 4})

@pytest.fixture(params=["strict", "lenient"])
def style(request):
    return request.param

@benchmark(ROWS, lambda row: Sample(row["q"], "41"), tags=["math"])
def test_styles(sample: Sample, completion: Completion, style) -> None:
    assert same_number(completion, sample.target if style == "strict" else completion.text)

@pytest.mark.parametrize(("a", "b"), [(1, "x"), (2, "y")])
@benchmark(ROWS, lambda row: Sample(row["q"], "42"))
def test_marked(sample: Sample, completion: Completion, a, b) -> None:
    assert same_number(completion, sample.target if a == 1 else "0")
"""
LINES = {"styles (strict)": 0.0, "styles (lenient)": 1.0, "marked (1-x)": 1.0, "marked (2-y)": 0.0}


@pytest.mark.parametrize("more", [(), ("-n", "2")], ids=["alone", "xdist"])
def test_they_are_lines_of_their_own(project: pytest.Pytester, faulty: FaultyServer, more: tuple[str, ...]) -> None:
    project.makepyfile(test_styles=STYLES)
    files = ("--eval-write", "out.json", "--junitxml", "j.xml", "--alluredir", "allure")

    result = run(project, "--model", "faulty", *files, *more, "test_styles.py")

    found = json.loads((project.path / "out.json").read_text())["rows"]
    assert {row["benchmark"]: row["score"] for row in found} == LINES
    assert {row["samples"] for row in found} == {4}
    for name, score in LINES.items():
        assert any(line.startswith(f"faulty  {name}") and f" {score:.3f} " in line for line in result.outlines)
    assert len([*ET.parse(project.path / "j.xml").getroot().iter("testcase")]) == 16
    told = [json.loads(path.read_text()) for path in (project.path / "allure").glob("*-result.json")]
    histories = {each["historyId"] for each in told if each["fullName"] != "run"}
    assert len(histories) == 16


def test_each_can_be_shown(project: pytest.Pytester, faulty: FaultyServer) -> None:
    project.makepyfile(test_styles=STYLES)
    run(project, "--model", "faulty", "test_styles.py")

    shown = modeleval("show", "marked (2-y)[main-00001]")

    assert shown.ret == 0
    assert "-- wrong answer: expected '0', got '42', score 0" in shown.outlines


def test_one_that_goes_down_with_its_worker_is_an_error_of_its_own_line(
    project: pytest.Pytester, faulty: FaultyServer
) -> None:
    dies = "    if 'main 3' in sample.prompt{}: import os; os._exit(1)\n    assert same_number"
    first, second = STYLES.split("@pytest.mark.parametrize")
    first = first.replace("    assert same_number", dies.format(" and style == 'strict'"))
    second = second.replace("    assert same_number", dies.format(" and a == 2"))
    project.makepyfile(test_styles=f"{first}@pytest.mark.parametrize{second}")

    run(project, "--model", "faulty", "--eval-write", "out.json", "-n", "2", "test_styles.py")

    found = json.loads((project.path / "out.json").read_text())["rows"]
    errors = {"styles (strict)": 1, "styles (lenient)": 0, "marked (1-x)": 0, "marked (2-y)": 1}
    assert {row["benchmark"]: row["errors"] for row in found} == errors
