"""Load tests as a page for a browser and as a report by Allure: what a reader who clicks through them sees."""

from collections.abc import Iterator

import pytest

from pytest_modeleval.perf.server.process import bench_server
from tests.conftest import alias, run_alone
from tests.reports.conftest import Open, wait_until

FEW = ["--perf-number", "16", "--perf-input", "40", "--perf-output", "8", "--perf-extend", "0"]
MINE = """
import pytest

@pytest.mark.perf(parallel=[1, 2])
def test_load(load): assert load.figures.sent
"""
# On whatever machine: only what the server does makes these loads invalid.
CONFTEST = """
from functools import partial
from pytest_modeleval.perf.run import session
from pytest_modeleval.perf.verdict.validity import Bounds, decide

anything = Bounds(own=9, parallel=0, rate=9)
session.decide = partial(decide, bounds=anything)
"""


@pytest.fixture
def served(pytester: pytest.Pytester) -> Iterator[pytest.Pytester]:
    """A project whose alias ``bench`` is the bench server."""
    pytester.makeini("[pytest]")
    pytester.makeconftest(CONFTEST)
    with bench_server() as server:
        alias(pytester, "bench", base_url=f"{server.url}/v1", model="bench")
        yield pytester


@pytest.mark.browser
def test_load_tests_have_a_page_of_their_own(served: pytest.Pytester, open_page: Open) -> None:
    slo = ("--perf-slo", "p50_ttft<=60s", "--eval-write", "page.html")
    result = run_alone(served, "--model", "bench", "--perf-parallel", "1,2", *FEW, *slo)

    page = open_page(served.path / "page.html")

    overview = page.locator("#overview").inner_text()
    assert page.title() == "Load test of bench"
    assert f"exit status {int(result.ret)}" in page.locator("#title").inner_text()
    for shown in ("Gate", "Loads", "parallel=1", "parallel=2", "TTFT p50", "p50_ttft"):
        assert shown in overview
    assert not page.get_by_role("button", name="Samples").is_visible()
    wait_until(page, "[...document.querySelectorAll('figure img')].every((image) => image.naturalWidth > 0)")
    shown = page.evaluate("[...document.querySelectorAll('figure img')].map((image) => image.alt)")
    assert shown == [f"plot: {title}" for title in ("throughput", "requests", "ttft", "tpot", "latency")]
    # On a phone the set-up is read without scrolling: it has words, which wrap.
    page.set_viewport_size({"width": 390, "height": 800})
    words = "[...document.querySelectorAll('.scroll')].find((each) => each.innerText.startsWith('set-up'))"
    assert page.evaluate(f"{words}.scrollWidth <= {words}.clientWidth")


@pytest.mark.node
@pytest.mark.browser
@pytest.mark.usefixtures("allure")
@pytest.mark.parametrize("asked", [["--perf-parallel", "1,2"], ["test_mine.py"]], ids=["flag", "mark"])
def test_a_report_by_allure_has_loads_and_plots(served: pytest.Pytester, open_page: Open, asked: list[str]) -> None:
    pytest.importorskip("allure_pytest")
    served.makepyfile(test_mine=MINE)
    for _ in range(2):
        # The second report holds its own loads alone.
        files = ("--eval-report", "report", "--eval-write", "page.html")
        result = run_alone(served, "--model", "bench", *asked, *FEW, *files)

    result.stdout.fnmatch_lines([f"report in {served.path}/report/index.html"])
    assert "Load test of bench" in (served.path / "page.html").read_text()
    assert len(list((served.path / "report" / "allure-results").glob("*-result.json"))) == 3
    page = open_page(served.path / "report" / "index.html")
    # A suite without failures is closed.
    page.get_by_text("test_load" if asked[0].startswith("-") else "test_mine").first.click()
    page.get_by_text("test_load[parallel=2]").wait_for()
    page.get_by_text("Global Attachments").first.click()
    page.get_by_text("throughput", exact=True).click()
    page.locator("img[alt$='.svg']").wait_for()
    page.get_by_text("overview", exact=True).click()
    shown = page.frame_locator("iframe[title='HTML attachment']")
    shown.get_by_role("cell", name="parallel=2", exact=True).first.wait_for()
    shown.get_by_text("TTFT p50").wait_for()
