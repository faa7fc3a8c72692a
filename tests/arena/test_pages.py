"""Battles and votes in a real browser; hostile answers stay texts."""

import importlib.util
import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.arena.conftest import ASKED, Ring, document
from tests.conftest import modeleval, run
from tests.reports.conftest import Open, chromium, open_page, wait_until

if TYPE_CHECKING:
    from playwright.sync_api import Page

__all__ = ["chromium", "open_page"]
HOSTILE = "<img src=x onerror=alert(1)></script><script>document.title='owned'</script> \x1b[31m\u202e {{7*7}}"


@pytest.fixture
def fought(project: pytest.Pytester, ring: Ring) -> Path:
    """A run whose blue model tries to be markup; its page, table, summary and Allure results."""
    ring.says = lambda model, question: HOSTILE if model == "blue" else f"a tale by {model}"
    asked = [each for path in ("out.html", "out.json", "out.md", "out.csv") for each in ("--eval-write", path)]
    run(project, *ASKED, "test_tales.py", *asked, "--alluredir", "allure").assert_outcomes(passed=18)
    return project.path


def texts(page: "Page", selector: str) -> list[str]:
    found: list[str] = page.evaluate(
        "selector => [...document.querySelectorAll(selector)].map((each) => each.textContent)", selector
    )
    return found


@pytest.mark.browser
def test_the_page_has_the_leaderboard_and_battles_side_by_side(fought: Path, open_page: Open) -> None:
    page = open_page(fought / "out.html")

    assert texts(page, "h1") == ["Arena of red, green, blue"]
    titles = texts(page, "h2")
    assert "Leaderboard" in titles
    assert "Win rates of the row's model against the column's" in titles
    plots = page.evaluate(
        "[...document.querySelectorAll('figure img')].map((each) => [each.alt, each.naturalWidth > 0])"
    )
    assert ["plot: Leaderboard", True] in plots
    assert ["plot: Win rates", True] in plots
    page.click("#to-samples")
    page.fill("#text", "short-00001")
    wait_until(page, "document.querySelectorAll('#table tbody tr[aria-rowindex], #table tbody tr').length >= 3")
    page.keyboard.press("Enter")
    page.evaluate("openRow(rows.find((row) => row.model === 'red-vs-blue' && row.sample === 'short-00001'))")
    wait_until(page, "document.querySelector('#sample[open]') !== null")
    assert texts(page, ".beside .side") == ["red", "blue"]
    red, blue = texts(page, ".beside .answer")
    assert red == "a tale by red"
    assert blue.startswith("<img src=x onerror=alert(1)></script><script>")
    assert page.title() != "owned"
    # Both verdicts and requests to the judge stand below.
    assert "Verdicts of judges" in texts(page, "#sample h3")
    assert texts(page, "#sample dt") == ["Better", "Why"]
    assert len(texts(page, ".requests .exchange")) == 2


def test_all_other_reports_show_an_arena(fought: Path) -> None:
    told = json.loads((fought / "out.json").read_text())
    assert (told["rows"], len(told["arena"]["leaderboard"])) == ([], 3)
    summary = (fought / "out.md").read_text()
    assert summary.startswith("## Arena of red, green, blue\n\n### Leaderboard\n\n| model | rating |")
    assert "<img" not in summary
    rows = (fought / "out.csv").read_text().splitlines()
    assert len(rows) == 19
    results = [json.loads(path.read_text()) for path in (fought / "allure").glob("*-result.json")]
    assert len(results) == 19
    kinds = {each["type"] for result in results for each in result["attachments"]}
    assert "image/svg+xml" in kinds
    pages = "".join(path.read_text() for path in (fought / "allure").glob("*.html"))
    assert '<div class="beside">' in pages
    assert "<tr><th>better</th><td>" in pages
    assert "<img src=x" not in pages
    assert "<script>document" not in pages


@pytest.mark.browser
def test_people_vote_by_keys_and_save_a_file(fought: Path, open_page: Open, project: pytest.Pytester) -> None:
    assert modeleval("votes", "last", "--write", "votes.html").ret == 0
    page = open_page(fought / "votes.html")

    def on_screen() -> str:
        return texts(page, "#progress")[0]

    assert on_screen() == "Pair 1 of 18, 0 voted."
    assert len(texts(page, "pre.answer")) == 2
    page.fill("#voter", "Ann B")
    page.evaluate("document.activeElement.blur()")
    for key in ("a", "B", "t", "Backspace", "a"):
        page.keyboard.press(key)
    assert on_screen() == "Pair 4 of 18, 3 voted."
    # Held too long: the second one is a repetition of the browser's.
    page.keyboard.press("Backspace")
    for _ in range(2):
        page.keyboard.down("a")
    page.keyboard.up("a")
    assert on_screen() == "Pair 4 of 18, 3 voted."
    assert page.title() == "Which answer is better?"
    with page.expect_download() as download:
        page.click("#save")
    download.value.save_as(fought / "v.jsonl")
    lines = [json.loads(line) for line in (fought / "v.jsonl").read_text().splitlines()]
    assert [(line["vote"], line["voter"]) for line in lines] == [("A", "Ann B"), ("B", "Ann B"), ("A", "Ann B")]

    for _ in range(15):
        page.click("#t")
    assert on_screen() == "18 of 18 voted: save the votes."
    with page.expect_download() as download:
        page.click("#save")
    download.value.save_as(fought / "v.jsonl")
    result = run(project, *ASKED, "--model", "judge=votes:v.jsonl", "test_tales.py", "--eval-write", "out.json")
    result.assert_outcomes(passed=18)
    agreed: list[dict[str, Any]] = document(project)["agreements"]
    assert [each["battles"] for each in agreed] == [18]


@pytest.mark.browser
def test_the_voting_page_fits_a_phone_and_axe_finds_nothing(fought: Path, open_page: Open) -> None:
    modeleval("votes", "last", "--write", "votes.html")
    page = open_page(fought / "votes.html", viewport={"width": 390, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    found = importlib.util.find_spec("axe_playwright_python")
    if found is None or found.origin is None:
        pytest.skip("no axe: pip install axe-playwright-python")

    page.evaluate(Path(found.origin).with_name("axe.min.js").read_text())

    said = page.evaluate("axe.run().then(({ violations }) => violations.map(({ id, impact }) => [id, impact]))")
    assert said == []
