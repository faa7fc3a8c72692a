"""--eval-report: Allure's command line makes one page of the results; and what that page shows in a browser."""

import base64
import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_modeleval.reports.allure import command, report
from tests.conftest import FaultyServer, run, run_alone
from tests.reports.allure.conftest import every_mistake
from tests.reports.conftest import Open

if TYPE_CHECKING:
    from playwright.sync_api import Page

# A stand-in for the command line: tells its version, keeps its arguments, writes a page as Allure does.
STAND_IN = """#!/bin/sh
if [ "$1" = --version ]; then echo {version}; exit 0; fi
echo "$@" > "{folder}/arguments"
while [ $# -gt 0 ]; do
  case "$1" in
    --config) cp "$2" "{folder}/config.json" ;;
    --clean) clean=yes ;;
    -o|--output) [ -z "$clean" ] || rm -rf "$2"; mkdir -p "$2"; echo '{page}' > "$2/index.html" ;;
  esac
  shift
done
{more}
"""
PAGE = '<html><head></head><script async src="https://www.googletagmanager.com/gtag/js?id=G-1"></script></html>'


@pytest.fixture
def no_allure(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}/bin")


def stand_in(folder: Path, version: str, *, more: str = "", page: str = PAGE) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    script = folder / "allure"
    script.write_text(STAND_IN.format(version=version, folder=folder, more=more, page=page))
    script.chmod(0o755)


@pytest.mark.usefixtures("no_allure")
def test_without_the_command_it_says_how_to_get_it_before_asking(
    project: pytest.Pytester, faulty: FaultyServer
) -> None:
    result = run(project, "--model", "faulty", "--eval-report", "report", "test_answers.py")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        [
            "ERROR: --eval-report needs Allure's command line, which is not on PATH: install it with `npm install -g "
            "allure` (or `npm install -g allure-commandline`, which needs Java)"
        ]
    )
    assert faulty.asked == []


@pytest.mark.usefixtures("no_allure")
def test_allure_3_is_given_categories_and_a_history(
    project: pytest.Pytester, faulty: FaultyServer, tmp_path: Path
) -> None:
    stand_in(tmp_path, "3.18.0")
    result = run(project, "--model", "faulty", "--eval-report", "report", "test_answers.py")

    config = json.loads((tmp_path / "config.json").read_text())
    assert config["historyPath"] == str(project.path / "report" / "history.jsonl")
    assert [rule["name"] for rule in config["categories"]["rules"]][:2] == ["Wrong answer", "No answer found"]
    assert config["plugins"]["awesome"]["options"]["singleFile"] is True
    result.stdout.fnmatch_lines([f"report in {project.path}/report/index.html: all 10 samples are in this report"])


@pytest.mark.usefixtures("no_allure")
def test_the_report_may_stand_elsewhere_than_the_results(
    project: pytest.Pytester, faulty: FaultyServer, tmp_path: Path
) -> None:
    stand_in(tmp_path, "3.18.0")

    run(project, "--model", "faulty", "--alluredir", "results", "--eval-report", "new/report", "test_answers.py")

    assert (project.path / "new/report/index.html").exists()


@pytest.mark.usefixtures("no_allure")
def test_allure_2_makes_one_file(project: pytest.Pytester, faulty: FaultyServer, tmp_path: Path) -> None:
    stand_in(project.path / "node_modules" / ".bin", "2.46.1")
    (project.path / "report").mkdir()
    (project.path / "report" / "mine.txt").write_text("stays")
    run(project, "--model", "faulty", "--eval-report", "report", "test_answers.py")

    arguments = (project.path / "node_modules" / ".bin" / "arguments").read_text().split()
    assert arguments[:3] == ["generate", "--single-file", "--name"]
    assert arguments[-1] == str(project.path / "report" / "allure-results")
    assert {path.name for path in (project.path / "report").iterdir()} == {"allure-results", "index.html", "mine.txt"}


@pytest.mark.usefixtures("no_allure")
@pytest.mark.parametrize("version", ["2.46.1", "3.18.0"])
def test_the_page_asks_nothing_of_the_network(
    project: pytest.Pytester, faulty: FaultyServer, tmp_path: Path, version: str
) -> None:
    stand_in(tmp_path, version)
    run(project, "--model", "faulty", "--eval-report", "report", "test_answers.py")

    page = (project.path / "report" / "index.html").read_text()
    assert "googletagmanager" not in page
    assert page.startswith('<html><head><meta http-equiv="Content-Security-Policy" content="default-src data: blob: ')


@pytest.mark.parametrize(("most", "closed"), [(1, ["a", "b"]), (2, None)])
def test_suites_with_failures_are_closed_in_a_large_page(
    monkeypatch: pytest.MonkeyPatch, most: int, closed: list[str] | None
) -> None:
    monkeypatch.setattr(command, "MOST_OPEN", most)
    statistics = {"a": {"failed": 1}, "b": {"broken": 2, "passed": 1}, "c": {"passed": 4}}
    groups = {name: {"statistic": one} for name, one in statistics.items()}
    tree = base64.b64encode(json.dumps({"leavesById": {"x": {}, "y": {}}, "groupsById": groups}).encode()).decode()
    script = command._closing(f'<script>d("widgets/tree.json","{tree}")</script>')

    found = re.fullmatch(r'<script>localStorage.setItem\("collapsedTrees", (.*)\)</script>', script)
    assert (json.loads(json.loads(found[1])) if found else None) == closed


@pytest.mark.usefixtures("no_allure")
@pytest.mark.parametrize(
    ("version", "more", "said"),
    [
        ("3.18.0", "echo no such thing; exit 3", "*allure generate failed: no such thing"),
        ("nothing", "", "*allure --version says 'nothing', and no version"),
        ("3.18.0", 'rm "{made}"/*/report/index.html', "*allure wrote no index.html"),
    ],
)
def test_a_command_that_fails_is_said_in_one_line(
    project: pytest.Pytester,
    faulty: FaultyServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    version: str,
    more: str,
    said: str,
) -> None:
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    stand_in(tmp_path, version, more=more.format(made=temporary))
    result = run(project, "--model", "faulty", "--eval-report", "report", "test_answers.py")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stdout.fnmatch_lines([f"cannot write {project.path}/report/allure-results: {said}"])


@pytest.mark.usefixtures("no_allure")
def test_a_second_report_holds_its_own_run_alone(
    project: pytest.Pytester, faulty: FaultyServer, tmp_path: Path
) -> None:
    stand_in(tmp_path, "3.18.0")
    for _ in range(2):
        run(project, "--model", "faulty", "--eval-report", "report", "test_answers.py")

    assert len(list((project.path / "report" / "allure-results").glob("*-result.json"))) == 11


@pytest.mark.node
@pytest.mark.usefixtures("allure")
def test_a_real_run_of_tiny_makes_a_report_with_trends(project: pytest.Pytester) -> None:
    for _ in range(2):
        result = run_alone(
            project, "--model", "tiny", "--eval-limit", "20", "-k", "arithmetic", "--eval-report", "report"
        )
        result.stdout.fnmatch_lines(["report in */report/index.html: all 20 samples are in this report"])

    history = [json.loads(line) for line in (project.path / "report" / "history.jsonl").read_text().splitlines()]
    assert [len(each["testResults"]) for each in history] == [21, 21]
    assert history[0]["testResults"].keys() == history[1]["testResults"].keys()
    page = (project.path / "report" / "index.html").read_text()
    assert 'src="http' not in page


@pytest.mark.node
@pytest.mark.browser
@pytest.mark.usefixtures("allure")
def test_a_large_report_begins_with_its_suites_closed(
    project: pytest.Pytester, faulty: FaultyServer, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    faulty.fault = every_mistake
    for module in (command, report):
        monkeypatch.setattr(module, "MOST_OPEN", 4)
    run(project, "--model", "faulty", "--eval-report", "report", "test_answers.py")
    page = open_page(project.path / "report" / "index.html")

    titles = page.get_by_test_id("tree-section-title")
    titles.get_by_text("faulty", exact=True).wait_for()
    assert page.get_by_test_id("tree-leaf").count() == 0
    for suite in ("faulty", "answers", "easy 5–6"):
        titles.get_by_text(suite, exact=True).click()
    page.get_by_text("easy-00005").first.click()
    page.get_by_text("wrong answer: expected '42', got '41'").first.wait_for()
    assert page.get_by_test_id("tree-leaf").count() <= 2


@pytest.mark.node
@pytest.mark.browser
@pytest.mark.usefixtures("allure")
def test_a_reader_finds_overview_category_and_sample(
    project: pytest.Pytester, faulty: FaultyServer, open_page: Open
) -> None:
    faulty.fault = every_mistake
    for _ in range(2):
        run(project, "--model", "faulty", "--eval-report", "report", "--alluredir", "results", "test_answers.py")
    file = project.path / "report" / "index.html"
    page = open_page(file)

    page.get_by_text("0.500 [0.215, 0.785] of 8 samples, 2 errors").wait_for()
    page.get_by_text("all 10 samples are in this report").first.wait_for()
    page.get_by_text("Global Attachments").first.click()
    page.get_by_text("Latency", exact=True).click()
    page.locator("img[alt$='.svg']").wait_for()
    page.get_by_text("overview", exact=True).click()
    page.frame_locator("iframe[title='HTML attachment']").get_by_text("Scores by tag").wait_for()
    page.goto(file.as_uri())
    page.get_by_text("Categories").first.click()
    for name in ("Wrong answer", "No answer found", "Cut off", "Refused", "Filtered", "Request error"):
        page.get_by_text(name, exact=True).first.wait_for()
    page.goto(file.as_uri())
    _look_at_the_hostile_answer(page)


def _look_at_the_hostile_answer(page: "Page") -> None:
    page.get_by_text("easy-00005").first.click()
    page.get_by_text("wrong answer: expected '42', got '41'").first.wait_for()
    assert page.get_by_text("Retries").first.locator("..").inner_text().split()[-1] == "1"
    page.get_by_text("conversation").first.click()
    shown = page.frame_locator("iframe[title='HTML attachment']")
    shown.get_by_text("<script>document.title='owned'</script>[x](javascript:alert(1))").wait_for()
    shown.get_by_text("Let me think.").wait_for()
    assert page.title() != "owned"
    assert shown.locator("script, a").count() == 0
