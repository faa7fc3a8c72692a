"""The page for a browser: one sample, opened."""

import base64
import json
import re

import pytest

from pytest_modeleval.sample import Completion, Sample, Score
from tests.conftest import run_alone
from tests.reports.allure.conftest import attached
from tests.reports.conftest import PIXEL, Data, Open, Stored, cells, right, wait_until, wrong

SEVERAL = """
from pytest_modeleval import Sample, Score, benchmark, generated

ROWS = generated(lambda subset, index: {"q": f"What is {index + 2} + 3?", "a": str(index + 5)}, {"add": 2})

@benchmark(ROWS, lambda row: Sample(row["q"], row["a"]))
async def test_sure(sample, model):
    talk = list(sample.messages)
    first = await model.complete(talk)
    talk += [{"role": "assistant", "content": first.text}, {"role": "user", "content": "Compute 7 + 8."}]
    second = await model.complete(talk)
    last = await model.complete("How much is 9 * 9?")
    right = (first.text, last.text) == (sample.target, "81")
    assert Score(float(right), right, second.text, "the second answer")
"""


@pytest.mark.browser
def test_a_failing_sample_is_seen_whole_by_keyboard_alone(stored: Stored, open_page: Open) -> None:
    prompt = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "What is 6 * 7?"}]
    completion = Completion(
        "It is 41.",
        "Six times seven…",
        "length",
        prompt_tokens=1234,
        completion_tokens=56,
        first_token=0.25,
        latency=0.5,
    )
    score = Score(0.0, False, "41", "42", "one too few")
    page = open_page(stored([(Sample("first", "42"), *right()), (Sample(prompt, "forty-two"), completion, score)]))

    page.keyboard.press("/")
    page.keyboard.type("times seven")
    assert cells(page, "sample") == []
    page.locator("#text").fill("6 * 7")
    page.locator("#text").press("Tab")
    page.locator("#table").focus()
    page.keyboard.press("Enter")

    assert page.locator("#sample-name").inner_text() == "quiz[main-00001]"
    page.get_by_text("1 message before it: system").click()
    seen = page.locator("#sample-body").inner_text()
    for text in (
        "Be brief.",
        "What is 6 * 7?",
        "Six times seven…",
        "It is 41.",
        "one too few",
        "forty-two",
    ):
        assert text in seen
    assert "1,234 tokens asked, 56 answered · 0.50 s · first token after 0.25 s · finish reason: length\n" in seen
    page.keyboard.press("Escape")
    assert not page.locator("dialog").is_visible()
    assert page.evaluate("document.activeElement.id") == "table"


@pytest.mark.browser
def test_every_request_for_a_sample_is_shown_in_order(pytester: pytest.Pytester, open_page: Open) -> None:
    pytest.importorskip("allure_pytest")
    pytester.makepyfile(test_sure=SEVERAL)
    flags = ("--eval-write", "page.html", "--alluredir", "results", "--eval-set", "run.allure=all")
    for _ in range(2):
        # The second time all answers are stored ones.
        run_alone(pytester, "--model", "tiny", "test_sure.py", "--clean-alluredir", *flags).assert_outcomes(passed=2)

    data = Data(pytester.path / "page.html")
    middle = data.rows[0]["got"]
    turns = data.details[0]["talk"]["turns"]
    assert [[each["content"] for each in turn["said"]] for turn in turns] == [
        *(["What is 2 + 3?", "5"], ["Compute 7 + 8.", middle], ["How much is 9 * 9?", "81"])
    ]
    assert [turn["begins"] for turn in turns] == ["", "", "request 3"]
    page = open_page(pytester.path / "page.html")
    page.get_by_role("button", name="Samples").click()
    page.locator("#row-0").click()
    shown = page.locator("#sample-body")
    assert shown.locator("h3").all_text_contents() == ["Question", "Answer", "Verdict", "Conversation"]
    assert shown.locator("pre.answer").all_inner_texts() == ["81", "5", middle, "81"]
    assert shown.locator(".begins").all_inner_texts() == ["request 3"]
    found = [json.loads(path.read_text()) for path in (pytester.path / "results").glob("*-result.json")]
    (one,) = [each for each in found if each["fullName"].endswith("[add-00000]")]
    talk = re.findall("<pre[^>]*>(.*?)</pre>", attached(pytester.path / "results", one, "conversation"))
    assert talk == ["What is 2 + 3?", "5", "Compute 7 + 8.", middle, "How much is 9 * 9?", "81"]


@pytest.mark.browser
def test_five_megabytes_are_shown_a_part_at_a_time(stored: Stored, open_page: Open) -> None:
    text = "lorem ipsum " * 420_000 + "the end"
    page = open_page(stored([(Sample("q", "42"), *wrong(text, text))]))

    page.get_by_role("button", name="Samples").click()
    page.locator("#row-0").click()

    shown = page.locator("pre.answer")
    assert len(shown.inner_text()) == 50_000
    page.get_by_role("button", name=f"Show all {len(text):,} characters").first.click()
    assert page.evaluate("document.querySelector('pre.answer').textContent.length") == len(text)
    assert page.evaluate("document.querySelector('pre.answer').textContent.endsWith('the end')")


@pytest.mark.browser
def test_an_image_in_the_prompt_is_shown_and_no_other_is_fetched(stored: Stored, open_page: Open) -> None:
    svg = (
        "data:image/svg+xml;base64,"
        + base64.b64encode(
            b"<svg xmlns='http://www.w3.org/2000/svg' width='9' height='9'><script>window.hacked=1</script></svg>"
        ).decode()
    )
    urls = [PIXEL, svg, "http://127.0.0.1:9/cat.png", "javascript:window.hacked=1", "data:text/html,<script>1</script>"]
    parts = [{"type": "image_url", "image_url": {"url": url}} for url in urls]
    page = open_page(
        stored([(Sample([{"role": "user", "content": [{"type": "text", "text": "Look."}, *parts]}], "42"), *wrong())])
    )

    page.get_by_role("button", name="Samples").click()
    page.locator("#row-0").click()

    wait_until(page, "[...document.querySelectorAll('.message img')].every((image) => image.naturalWidth > 0)")
    assert page.evaluate("[...document.querySelectorAll('.message img')].map((image) => image.naturalWidth)") == [1, 9]
    assert page.locator(".message pre").all_inner_texts() == ["Look.", *urls[2:]]
    assert page.evaluate("window.hacked") is None


@pytest.mark.browser
def test_a_link_opens_its_sample(stored: Stored, open_page: Open) -> None:
    path = stored([(Sample(f"question {n}", "42"), *right()) for n in range(5)])
    page = open_page(path)
    page.get_by_role("button", name="Samples").click()
    page.locator("#row-3").click()
    link = page.get_by_role("link", name="Link").get_attribute("href")

    again = open_page(path, link)

    assert again.locator("#sample-name").inner_text() == "quiz[main-00003]"
    again.keyboard.press("Escape")
    wait_until(again, "location.hash === '#view=samples'")


@pytest.mark.browser
def test_question_and_answer_come_first_and_examples_are_folded(stored: Stored, open_page: Open) -> None:
    shots = [{"role": role, "content": f"shot {n}"} for n in range(4) for role in ("user", "assistant")]
    system = {"role": "system", "content": "Be brief."}
    asked = [system, *shots, {"role": "user", "content": "What is 6 * 7?"}]
    page = open_page(stored([(Sample(asked, "42"), Completion("It is 41.", "a thought"), wrong()[1])]), "#view=samples")

    page.locator("#row-0").click()

    body = page.locator("#sample-body")
    seen = body.inner_text()
    places = [seen.index(text) for text in ("What is 6 * 7?", "It is 41.", "Extracted answer", "a thought")]
    assert places == sorted(places)
    assert "shot" not in seen
    body.get_by_text("9 messages before it: system, user, assistant").press("Enter")
    assert body.locator(".before pre").all_inner_texts() == ["Be brief.", *(shot["content"] for shot in shots)]
