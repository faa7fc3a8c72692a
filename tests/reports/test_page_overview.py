"""The page for a browser: its first screen."""

import base64
import importlib.util

import pytest

from pytest_modeleval.sample import Sample
from tests.conftest import modeleval, run
from tests.reports.conftest import Data, Open, Say, Stored, right, wait_until, wrong


@pytest.mark.browser
def test_the_overview_leads_from_what_regressed_to_the_sample(
    project: pytest.Pytester, say: Say, open_page: Open
) -> None:
    say({"easy 1": "41"})
    run(project, "--model", "faulty", "test_answers.py", "--eval-save-baseline", "b.json")
    say({"easy 1": "41", "hard 3": "So it is 40."})
    flags = ("--eval-cache", "off", "--eval-baseline", "b.json", "--eval-margin", "50pp", "--eval-write", "page.html")
    run(project, "--model", "faulty", "test_answers.py", *flags)

    page = open_page(project.path / "page.html")

    assert page.title() == "faulty on answers"
    overview = page.locator("#overview").inner_text()
    for shown in ("Gate", "Scores", "0.800", "[0.490, 0.943]", "easy", "hard", "Regressed (1)"):
        assert shown in overview
    assert "10 samples: 8 right, 2 wrong" in page.locator("#title").inner_text()
    page.get_by_role("button", name="answers[hard-00003]").click()
    assert page.locator("#sample-name").inner_text() == "answers[hard-00003]"
    assert "hard 3: what is 6 * 7?" in page.locator("#sample-body").inner_text()


@pytest.mark.browser
def test_a_run_without_samples_has_a_page_that_says_so(project: pytest.Pytester, say: Say, open_page: Open) -> None:
    say({})
    project.makepyfile(test_plain="def test_it(): pass")
    run(project, "--model", "faulty", "test_plain.py", "--eval-write", "page.html")

    page = open_page(project.path / "page.html")

    assert page.title() == "No samples"
    assert "Nothing was scored." in page.locator("#overview").inner_text()
    page.get_by_role("button", name="Samples").click()
    page.locator("#table").press("Enter")
    assert page.locator("#count").inner_text() == "0 of 0 samples"


@pytest.mark.browser
def test_plots_are_pictures_of_their_own(project: pytest.Pytester, say: Say, open_page: Open) -> None:
    pytest.importorskip("matplotlib")
    say({"easy 1": "41"})
    run(project, "--model", "faulty", "test_answers.py", "--eval-write", "page.html")
    page = open_page(project.path / "page.html")

    wait_until(page, "[...document.querySelectorAll('figure img')].every((image) => image.naturalWidth > 0)")
    shown = page.locator("figcaption").all_inner_texts()
    assert {"Scores", "Score by subset", "Latency"} <= set(shown)
    assert page.locator("#overview svg").count() == 0


@pytest.mark.browser
def test_without_matplotlib_the_page_says_why_there_are_no_plots(
    project: pytest.Pytester, say: Say, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    say({"easy 1": "41"})
    found = importlib.util.find_spec
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == "matplotlib" else found(name))
    for _ in range(2):
        run(project, "--model", "faulty", "test_answers.py", "--eval-cache", "off", "--eval-write", "run.html")
    modeleval("diff", "last~1", "last", "--write", "two.html")

    for name in ("run.html", "two.html"):
        overview = open_page(project.path / name).locator("#overview")
        said = "There are no plots, as matplotlib is not installed: pip install 'pytest-modeleval[report]'"
        assert said in overview.inner_text()
        assert overview.locator("figure").count() == 0


def test_two_runs_of_a_model_are_two_in_the_plots(project: pytest.Pytester, say: Say) -> None:
    pytest.importorskip("matplotlib")
    for answers in ({"easy 1": "41"}, {"hard 2": "44"}):
        say(answers)
        run(project, "--model", "faulty", "test_answers.py", "--eval-cache", "off")

    modeleval("diff", "last~1", "last", "--write", "page.html")

    screen = Data(project.path / "page.html").screen
    plots = {plot["title"]: base64.b64decode(plot["svg"]).decode() for plot in screen["plots"]}
    for scores in screen["scores"]:
        assert f"{scores['run']['id'][:8]} faulty" in plots["Scores"]


@pytest.mark.browser
def test_of_many_that_regressed_the_first_are_seen_and_the_rest_unfolds(stored: Stored, open_page: Open) -> None:
    asked = [Sample(f"question {n}", "42") for n in range(30)]
    page = open_page(stored([(a, *right()) for a in asked], [(a, *wrong()) for a in asked]))

    assert "Regressed (30)" in page.locator("#overview").inner_text()
    assert not page.get_by_role("button", name="quiz[main-00029]").is_visible()
    page.get_by_text("20 more").click()
    page.get_by_role("button", name="quiz[main-00029]").click()
    assert page.locator("#sample-body article").count() == 2
    assert page.locator("#sample-name").inner_text() == "quiz[main-00029]"


MEASURED = """
from pytest_modeleval import Completion, Sample, Score, benchmark, generated

ROWS = generated(lambda subset, index: {"n": index}, {"main": 3})

@benchmark(ROWS, lambda row: Sample(f"row {row['n']}", "42", axes={"length": 1000 * row["n"]}))
def test_errors(sample: Sample, completion: Completion) -> None:
    assert Score(float(completion.text), True, range=(0, 100), better="lower", measured=True)
"""


@pytest.mark.browser
def test_what_is_only_measured_has_no_bar_and_axes_have_a_column(
    project: pytest.Pytester, say: Say, open_page: Open
) -> None:
    say({"row 1": "7"})
    project.makepyfile(test_measured=MEASURED)
    run(project, "--model", "faulty", "--model", "other", "--eval-write", "page.html", "test_measured.py")

    page = open_page(project.path / "page.html", viewport={"width": 1600, "height": 900})

    overview = page.locator("#overview").inner_text()
    assert "main ↓ measured" in overview
    assert "0 … 1" not in overview
    assert page.locator("#overview .bar").count() == 0
    assert "6 samples: 6 measured" in page.locator("#title").inner_text()
    page.get_by_role("button", name="Samples").click()
    assert "axes" in page.locator("#table thead").inner_text().lower()
    page.locator("#text").fill("length 1000")
    wait_until(page, "document.getElementById('count').textContent.startsWith('2 of 6')")
    page.locator("#table").press("Enter")
    assert "score 7.000 (0 to 100, lower is better, measured)" in page.locator("#sample-body").inner_text()
    assert "length 1000" in page.locator("#sample-body").inner_text()
