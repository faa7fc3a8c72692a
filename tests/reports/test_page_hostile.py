"""The page for a browser: what a hostile model or server wrote is text."""

import pytest

from pytest_modeleval.sample import Completion, Sample, Score
from tests.conftest import run
from tests.reports.conftest import Open, Say, Stored

HOSTILE = (
    "</script><script>window.hacked = 1</script><!-- <img src=x onerror='window.hacked = 2'> "
    "<a href='javascript:window.hacked=3'>here</a> \x1b[31mred\x1b[0m nul:\0 lone:\ud800 rtl:\u202e &lt;b&gt; ]]> ${1} %s"
)


@pytest.mark.browser
def test_a_hostile_answer_is_shown_as_text(stored: Stored, open_page: Open) -> None:
    completion = Completion(HOSTILE, HOSTILE, finish_reason=HOSTILE, tool_calls=[{"function": {"name": HOSTILE}}])
    sample = Sample([{"role": HOSTILE, "content": HOSTILE}, {"role": "user", "content": HOSTILE}], HOSTILE)
    path = stored([(sample, completion, Score(0.0, False, HOSTILE, HOSTILE, HOSTILE))])
    page = open_page(path, timezone_id="UTC")

    page.get_by_role("button", name="Samples").click()
    page.locator("#row-0").click()

    seen = page.locator("#sample-body").inner_text()
    assert seen.count("</script><script>window.hacked = 1</script><!-- <img src=x onerror=") >= 6
    assert "␛[31mred" in seen
    assert "nul:␀" in seen
    assert "&lt;b&gt; ]]> ${1} %s" in seen
    assert page.evaluate("window.hacked") is None
    assert page.locator("#sample-body a, #sample-body img, #sample-body script").count() == 0
    # The three that are the page's own data, and its script.
    assert page.locator("script").count() == 3
    assert "hacked" in page.locator("#table").inner_text()


@pytest.mark.browser
def test_a_server_s_hostile_answer_is_shown_as_text(project: pytest.Pytester, say: Say, open_page: Open) -> None:
    say({"easy 1": HOSTILE})
    run(project, "--model", "faulty", "test_answers.py", "--eval-write", "page.html")
    page = open_page(project.path / "page.html")

    page.get_by_role("button", name="Samples").click()
    page.get_by_label("Outcome").select_option("wrong")
    page.locator("#row-0").click()

    assert "<script>window.hacked = 1</script>" in page.locator("#sample-body .answer").inner_text()
    assert page.evaluate("window.hacked") is None
