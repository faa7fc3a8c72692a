"""The page for a browser: its first screen."""

import base64
import re

import pytest

from pytest_modeleval.sample import Sample
from tests.conftest import FaultyServer, answer, modeleval, run
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
    say({"easy 1": "41"})
    run(project, "--model", "faulty", "test_answers.py", "--eval-write", "page.html")
    page = open_page(project.path / "page.html")

    wait_until(page, "[...document.querySelectorAll('figure img')].every((image) => image.naturalWidth > 0)")
    shown = page.evaluate("[...document.querySelectorAll('figure img')].map((image) => image.alt)")
    assert shown == [f"plot: {title}" for title in ("Scores", "Score against length", "Tokens", "Latency")]
    assert page.locator("#overview svg").count() == 0


@pytest.mark.browser
def test_thinking_stands_below_the_scores_and_leaves_the_samples(
    project: pytest.Pytester, faulty: FaultyServer, open_page: Open
) -> None:
    faulty.fault = answer("42", reasoning_content="6 * 7 = 42\n\nBut wait: <b>yes</b>")
    run(project, "--model", "faulty", "test_answers.py", "--eval-write", "page.html")

    page = open_page(project.path / "page.html")

    titles = page.locator("#overview h2").all_inner_texts()
    assert titles.index("Scores") < titles.index("Thinking: answers") < titles.index("Plots")
    assert "10 samples: 10 right" in page.locator("#title").inner_text()
    page.get_by_role("button", name="Samples").click()
    assert page.locator("#count").inner_text() == "10 of 10 samples"


def test_a_model_has_the_same_colour_in_every_plot(project: pytest.Pytester, say: Say) -> None:
    say({"easy 1": "41"})
    models = ("--model", "other", "--model", "faulty")
    run(project, *models, "test_answers.py", "--eval-write", "page.html")

    for plot in Data(project.path / "page.html").screen["plots"]:
        texts = re.findall("<text[^>]*>([^<]*)</text>", base64.b64decode(plot["svg"]).decode())
        assert plot["title"] == "Comparison" or texts[1:3] == ["faulty", "other"]


def test_two_runs_of_a_model_are_two_in_the_plots(project: pytest.Pytester, say: Say) -> None:
    for answers in ({"easy 1": "41"}, {"hard 2": "44"}):
        say(answers)
        run(project, "--model", "faulty", "test_answers.py", "--eval-cache", "off")

    modeleval("diff", "last~1", "last", "--write", "page.html")

    screen = Data(project.path / "page.html").screen
    plots = {plot["title"]: base64.b64decode(plot["svg"]).decode() for plot in screen["plots"]}
    for scores in screen["scores"]:
        assert f"{scores['run']['id'][:8]} faulty" in plots["Scores"]


MANY = """
from pytest_modeleval import Completion, Sample, benchmark, generated

ROWS = generated(lambda subset, index: {"q": f"{subset} {index}"}, {f"subject_{n:02}": 2 for n in range(57)})

@benchmark(ROWS, lambda row: Sample(row["q"], "42"))
def test_many(sample: Sample, completion: Completion) -> None:
    assert completion.text == "42"
"""


@pytest.mark.browser
def test_the_page_opens_with_the_scores_and_their_figure_and_57_subsets_unfold_and_sort(
    project: pytest.Pytester, say: Say, open_page: Open
) -> None:
    say({"subject_30": "41", "subject_31 0": "41"})
    project.makepyfile(test_many=MANY)
    run(project, "--model", "faulty", "test_many.py", "--eval-write", "page.html")

    page = open_page(project.path / "page.html", viewport={"width": 390, "height": 800})

    first = page.locator("#overview > section").first
    assert first.locator("h2").inner_text() == "Scores"
    assert first.locator("figure img").bounding_box()["width"] > 350  # type: ignore[index]
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    folded = first.locator("details", has_text="many by subset (57)")
    assert not folded.get_by_role("cell", name="subject_00").is_visible()
    folded.locator("summary").press("Enter")
    folded.get_by_role("button", name="score").press("Enter")
    assert folded.locator("tbody tr").last.inner_text().split() == [
        "subject_30",
        "0.000",
        "[0.000,",
        "0.658]",
        "2",
        "0",
    ]
    folded.get_by_role("button", name="score").press("Enter")
    assert [row.split()[0] for row in folded.locator("tbody tr").all_inner_texts()][:2] == ["subject_30", "subject_31"]
    assert folded.locator("th[aria-sort=ascending]").inner_text().strip() == "score"


@pytest.mark.browser
def test_a_gate_s_verdict_stands_above_the_scores(project: pytest.Pytester, say: Say, open_page: Open) -> None:
    say({"easy": "41"})
    run(project, "--model", "faulty", "test_answers.py", "--eval-min-score", "answers=0.9", "--eval-write", "page.html")

    page = open_page(project.path / "page.html")

    titles = page.locator("#overview > section > h2").all_inner_texts()
    assert titles[:2] == ["Gate ✗ failed", "Scores"]


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
