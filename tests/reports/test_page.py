"""The page for a browser: what is written, and what a reader who clicks through it sees."""

import base64
import importlib.util
import json
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from contextlib import closing
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_modeleval.asking import Answer
from pytest_modeleval.reports.page import COLUMNS, SEARCHED, Entry, _blocks, _escaped
from pytest_modeleval.results import Record
from pytest_modeleval.sample import Completion, Sample, Score
from pytest_modeleval.store import Store
from pytest_modeleval.turns import Turn
from pytest_modeleval.verdicts import sample_row, score_rows
from tests.conftest import ANSWERS, FaultyServer, alias, answer, run, run_alone, send
from tests.reports.allure.conftest import attached
from tests.reports.conftest import Open

if TYPE_CHECKING:
    from playwright.sync_api import Page

# Answers by the beginning of a question; ERROR is a failure of the server.
Say = Callable[[Mapping[str, str]], None]
ERROR = "<error>"
PIXEL = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


@pytest.fixture
def say(project: pytest.Pytester, faulty: FaultyServer) -> Say:
    """Makes the model answer 42 but for some questions; the model `other` always answers 40."""
    faulty.models.append("other")
    alias(project, "other", base_url=faulty.url, model="other", timeout=60)

    def say(answers: Mapping[str, str]) -> None:
        def fault(handler: Any, body: Mapping[str, Any]) -> None:
            asked = str(body["messages"][-1]["content"])
            if body["model"] == "other":
                answer("40")(handler, dict(body))
                return
            text = next((text for start, text in answers.items() if asked.startswith(start)), "42")
            if text == ERROR:
                send(handler, 500, {"error": {"message": "the server is tired"}})
            else:
                answer(text)(handler, dict(body))

        faulty.fault = fault

    return say


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


class Data(HTMLParser):
    """The JSON on a page, as a browser's parser finds it."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.found: dict[str, list[Any]] = {}
        self.tags: list[str] = []
        self._kind = ""
        self.feed(path.read_text("utf-8"))

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        given = dict(attributes)
        self._kind = (given.get("id") or given.get("class") or "") if given.get("type") == "application/json" else ""

    def handle_data(self, data: str) -> None:
        if self._kind:
            self.found.setdefault(self._kind, []).append(json.loads(data))

    def handle_endtag(self, tag: str) -> None:
        self._kind = ""

    @property
    def screen(self) -> dict[str, Any]:
        (screen,) = self.found["screen"]
        return dict(screen)

    @property
    def rows(self) -> list[dict[str, Any]]:
        return [dict(zip(COLUMNS, row, strict=True)) for block in self.found.get("rows", []) for row in block]

    @property
    def details(self) -> list[dict[str, Any]]:
        return [detail for block in self.found.get("details", []) for detail in block]


def cells(page: "Page", kind: str) -> list[str]:
    return [text.strip() for text in page.locator(f"#table tbody td.{kind}").all_inner_texts()]


# What is written


def test_every_sample_is_on_the_page_with_all_that_is_known_of_it(project: pytest.Pytester, say: Say) -> None:
    say({"easy 1": "It is 41.", "hard 0": ERROR})

    run(project, "--model", "faulty", "test_answers.py", "--eval-html", "out/page.html")

    data = Data(project.path / "out" / "page.html")
    assert [row["outcome"] for row in data.rows] == ["right", "wrong", *["right"] * 4, "error", *["right"] * 3]
    (wrong,) = [row for row in data.rows if row["outcome"] == "wrong"]
    assert (wrong["sample"], wrong["subset"], wrong["got"], wrong["expected"]) == ("easy-00001", "easy", "41", "42")
    assert (wrong["answer"], wrong["prompt_tokens"], wrong["completion_tokens"]) == ("It is 41.", 7, 3)
    detail = data.details[1]
    assert detail["prompt"] == [{"role": "user", "content": "easy 1: what is 6 * 7?"}]
    assert (detail["target"], detail["finish_reason"], detail["reused"]) == ("42", "stop", False)
    (error,) = [row for row in data.rows if row["outcome"] == "error"]
    assert (error["score"], error["got"]) == (None, None)
    assert "the server is tired" in error["why"]


def test_the_first_screen_is_what_the_terminal_says(project: pytest.Pytester, say: Say) -> None:
    say({"easy 1": "41"})
    run(project, "--model", "faulty", "test_answers.py", "--eval-save-baseline", "b.json")
    say({"easy 1": "41", "easy 2": "40", "hard 3": "40"})

    flags = ("--eval-cache", "off", "--eval-baseline", "b.json", "--eval-margin", "50pp", "--eval-html", "page.html")
    result = run(project, "--model", "faulty", "test_answers.py", *flags)

    screen = Data(project.path / "page.html").screen
    (scores,) = screen["scores"]
    lines = [(row["part"], row["samples"], row["score"]) for row in scores["rows"]]
    assert lines == [("", 10, 0.7), ("easy", 6, 4 / 6), ("hard", 4, 0.75)]
    assert [(row["part"], row["samples"]) for row in scores["tags"]] == [("math", 10)]
    (gate,) = screen["gate"]
    result.stdout.fnmatch_lines([f"{gate['name']}  {gate['result']} *"])
    assert gate["why"] in result.stdout.str()
    assert screen["exit_status"] == result.ret
    samples = [(each["sample"], each["before"], each["after"]) for each in screen["regressed"]]
    assert samples == [("easy-00002", 1.0, 0.0), ("hard-00003", 1.0, 0.0)]


def test_several_models_are_compared_on_the_samples_of_both(project: pytest.Pytester, say: Say) -> None:
    say({"easy 1": "41"})

    run(project, "--model", "faulty", "--model", "other", "test_answers.py", "--eval-html", "page.html")

    (found,) = Data(project.path / "page.html").screen["comparisons"]
    assert (found["models"], found["samples"]) == (["faulty", "other"], 10)
    assert (found["first_better"], found["second_better"]) == (9, 0)
    assert found["change"] == pytest.approx(-0.9, abs=0.2)
    assert found["low"] < found["change"] < found["high"] < 0


def test_answers_that_were_not_kept_are_null(project: pytest.Pytester, say: Say) -> None:
    say({})

    run(project, "--model", "faulty", "test_answers.py", "--eval-cache", "off", "--eval-html", "page.html")

    data = Data(project.path / "page.html")
    assert {(row["answer"], row["got"]) for row in data.rows} == {(None, "42")}


def test_samples_that_went_down_with_their_worker_are_counted_as_lacking(
    project: pytest.Pytester, faulty: FaultyServer
) -> None:
    faulty.fault = answer("42")
    crash = "    if 'hard 1' in sample.asked: __import__('os')._exit(1)\n    assert"
    project.makepyfile(test_answers=ANSWERS.replace("    assert", crash))

    result = run(project, "--model", "faulty", "test_answers.py", "-n", "1", "--eval-html", "page.html")

    rows = Data(project.path / "page.html").rows
    assert [row["sample"] for row in rows if row["outcome"] == "error"] == ["hard-00001"]
    assert len(rows) < 10
    said = f"{project.path}/page.html lacks {10 - len(rows)} samples: their worker crashed before it had stored their"
    result.stdout.fnmatch_lines([f"{said} scores"])


def test_a_page_that_cannot_be_written_fails_in_one_line(project: pytest.Pytester, say: Say) -> None:
    say({})
    (project.path / "file").write_text("")

    result = run(project, "--model", "faulty", "test_answers.py", "--eval-html", "file/page.html")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stdout.fnmatch_lines(["cannot write *file/page.html: *"])


def test_a_page_of_two_runs_that_cannot_be_written_fails_in_one_line(project: pytest.Pytester, say: Say) -> None:
    say({})
    for _ in range(2):
        run(project, "--model", "faulty", "test_answers.py")
    (project.path / "file").write_text("")

    result = run(project, "--eval-diff", "last~1", "last", "--eval-html", "file/page.html")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: cannot write *file/page.html: *"])


def test_two_earlier_runs_are_on_one_page_where_it_is_asked_for(project: pytest.Pytester, say: Say) -> None:
    project.makeini("[pytest]\neval_html = of-a-run.html")
    for answers in ({"easy 1": "41"}, {"hard 2": "44", "hard 3": ERROR}):
        say(answers)
        run(project, "--model", "faulty", "test_answers.py", "--eval-cache", "off")
    (project.path / "of-a-run.html").unlink()

    assert run(project, "--eval-diff", "last~1", "last").ret == 0
    assert not (project.path / "of-a-run.html").exists()
    result = run(project, "--eval-diff", "last~1", "last", "--eval-html", "page.html")

    assert result.ret == 0
    data = Data(project.path / "page.html")
    assert [row["run"] for row in data.rows] == [0] * 10 + [1] * 10
    assert [scores["rows"][0]["score"] for scores in data.screen["scores"]] == [0.9, 8 / 9]
    assert [(each["sample"], each["flaky"]) for each in data.screen["regressed"]] == [("hard-00002", False)]
    assert data.screen["exit_status"] is None


JSONS = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters()),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)
NASTY = st.sampled_from(["</script>", "<!--", "<script>", "]]>", "\u2028", "\0", "\x1b[31m", "&lt;"])


@given(JSONS | st.lists(NASTY))
def test_no_text_ends_the_element_it_stands_in(value: object) -> None:
    text = _escaped(value)

    assert "<" not in text
    assert json.loads(text) == value


@given(st.text(st.characters(codec=None)))
def test_a_lone_surrogate_is_written_as_the_escape_that_json_has_for_it(text: str) -> None:
    written = _escaped(text).encode("utf-8", "backslashreplace")

    assert json.loads(written.decode()) == text


def test_numbers_that_json_has_no_word_for_are_texts() -> None:
    assert json.loads(_escaped([float("-inf"), float("nan"), 1.5])) == ["-Infinity", "NaN", 1.5]


def test_blocks_are_bounded_and_made_as_they_are_asked_for() -> None:
    made = []

    def entries() -> Any:
        for number in range(1000):
            made.append(number)
            yield Entry("[]", "x" * 2**15)

    first = next(_blocks(entries()))

    assert len(first) == len(made) == 8
    assert [len(block) for block in _blocks(entries())] == [8] * 125


def test_nothing_of_the_page_is_imported_before_it_is_asked_for() -> None:
    code = "import sys, pytest_modeleval.evaluation; print([name for name in sys.modules if 'page' in name or 'first_' in name])"

    assert subprocess.check_output([sys.executable, "-c", code], text=True) == "[]\n"


# What a reader sees

browser = pytest.mark.browser


@pytest.fixture
def stored(project: pytest.Pytester) -> Callable[..., Path]:
    """Writes runs of made-up samples into the store, and the page of the last one or of two."""

    def stored(*runs: list[tuple[Sample, Completion | None, Score | None]]) -> Path:
        for number, samples in enumerate(runs):
            _store_run(project.path / ".modeleval", f"{number}{'ab' * 15}", samples)
        path = project.path / "page.html"
        _page_of(project.path / ".modeleval", [f"{number}{'ab' * 15}" for number in range(len(runs))][-2:], path)
        return path

    return stored


def _store_run(folder: Path, run_id: str, samples: list[tuple[Sample, Completion | None, Score | None]]) -> None:
    with closing(Store(folder)) as store:
        store.begin_run(run_id, {})
        for number, (sample, completion, score) in enumerate(samples):
            outcome = "error" if score is None else "right" if score.passed else "wrong"
            scores = [("main", score.value, 1.0)] if score is not None else []
            tokens = (completion.prompt_tokens or 0, completion.completion_tokens or 0) if completion else (0, 0)
            spent = {"prompt_tokens": tokens[0], "completion_tokens": tokens[1], "latency": 0.5, "asked": 1.0}
            first = completion.first_token if completion else None
            record = Record("m", "quiz", "main", "", number, 0, outcome, scores, first_token=first, **spent)  # type: ignore[arg-type]
            key = f"{int(run_id[0])}{number:063x}"
            if completion:
                store.save_completion(key, "m", completion)
            row = sample_row(sample, "quiz")
            store.save_sample(row)
            turn = Turn(sample, [Answer(completion, key)] if completion else [], [score] if score is not None else [])
            node = f"test_quiz.py::test_quiz[main-{number:05}]"
            store.save_scores(score_rows(run_id, node, record, turn, row[0], "no answer" if score is None else ""))


def _page_of(folder: Path, runs: list[str], path: Path) -> None:
    from pytest_modeleval.history.difference import difference
    from pytest_modeleval.history.past import Past
    from pytest_modeleval.reports.first_screen import FirstScreen, Scores, of_difference
    from pytest_modeleval.reports.page import write_page

    with closing(Past(folder)) as past:
        found = [past.run(run_id) for run_id in runs]
        if len(found) == 2:
            screen = of_difference(past, difference(past, (found[0], found[1]), margin=0.01))
        else:
            screen = FirstScreen([Scores(found[0], [])])
    write_page(path, folder, screen)


def right(text: str = "42", got: str = "42") -> tuple[Completion, Score]:
    return Completion(text), Score(1.0, True, got, "42")


def wrong(text: str = "41", got: str = "41", why: str = "") -> tuple[Completion, Score]:
    return Completion(text), Score(0.0, False, got, "42", why)


@browser
def test_the_overview_leads_from_what_regressed_to_the_sample(
    project: pytest.Pytester, say: Say, open_page: Open
) -> None:
    say({"easy 1": "41"})
    run(project, "--model", "faulty", "test_answers.py", "--eval-save-baseline", "b.json")
    say({"easy 1": "41", "hard 3": "So it is 40."})
    flags = ("--eval-cache", "off", "--eval-baseline", "b.json", "--eval-margin", "50pp", "--eval-html", "page.html")
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


@browser
def test_a_run_without_samples_has_a_page_that_says_so(project: pytest.Pytester, say: Say, open_page: Open) -> None:
    say({})
    project.makepyfile(test_plain="def test_it(): pass")
    run(project, "--model", "faulty", "test_plain.py", "--eval-html", "page.html")

    page = open_page(project.path / "page.html")

    assert page.title() == "No samples"
    assert "Nothing was scored." in page.locator("#overview").inner_text()
    page.get_by_role("button", name="Samples").click()
    page.locator("#table").press("Enter")
    assert page.locator("#count").inner_text() == "0 of 0 samples"


@browser
def test_a_real_model_s_run_is_clicked_through(pytester: pytest.Pytester, open_page: Open) -> None:
    run_alone(pytester, "--model", "tiny", "-k", "multiply", "--eval-repeats", "2", "--eval-html", "page.html")
    page = open_page(pytester.path / "page.html")

    page.get_by_role("button", name="Samples").click()
    assert "150 of 150 samples" in page.locator("#count").inner_text()
    page.get_by_label("Outcome").select_option("wrong")
    names = cells(page, "sample")
    assert names[1] == f"{names[0]} #2"
    page.locator("#row-1").click()

    assert page.locator("#sample-name").inner_text() == f"arithmetic[{names[0]}] #2"
    got, expected = page.locator("#sample-body dd").all_inner_texts()[:2]
    assert int(got) != int(expected)
    assert page.locator("pre.answer").inner_text() == got
    assert re.search(r"\d+ tokens asked, \d+ answered · \d+\.\d\d s", page.locator(".facts").last.inner_text())


@browser
def test_a_number_of_what_went_wrong_leads_to_its_samples(project: pytest.Pytester, say: Say, open_page: Open) -> None:
    say(
        {
            "easy 1": "41",
            "easy 2": "I do not know.",
            "hard 0": ERROR,
            "hard 1": "I'm sorry, but I can't help with that.",
        }
    )
    run(project, "--model", "faulty", "test_answers.py", "--eval-html", "page.html")
    page = open_page(project.path / "page.html")

    kinds = page.locator("section", has_text="What went wrong").locator("tbody tr").all_inner_texts()
    assert kinds == ["no answer found\t1", "refused\t1", "request error\t1", "wrong answer\t1"]
    page.locator("tr", has_text="refused").get_by_role("button").click()
    assert cells(page, "sample") == ["hard-00001"]
    assert cells(page, "outcome") == ["✗ refused"]
    page.get_by_label("What went wrong").select_option("request error")
    assert cells(page, "outcome") == ["! request error"]


@browser
def test_plots_are_pictures_of_their_own(project: pytest.Pytester, say: Say, open_page: Open) -> None:
    pytest.importorskip("matplotlib")
    say({"easy 1": "41"})
    run(project, "--model", "faulty", "test_answers.py", "--eval-html", "page.html")
    page = open_page(project.path / "page.html")

    page.wait_for_function("[...document.querySelectorAll('figure img')].every((image) => image.naturalWidth > 0)")
    shown = page.locator("figcaption").all_inner_texts()
    assert {"Scores", "Score by subset", "Latency"} <= set(shown)
    assert page.locator("#overview svg").count() == 0


@browser
def test_without_matplotlib_the_page_says_why_there_are_no_plots(
    project: pytest.Pytester, say: Say, open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    say({"easy 1": "41"})
    found = importlib.util.find_spec
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None if name == "matplotlib" else found(name))
    for _ in range(2):
        run(project, "--model", "faulty", "test_answers.py", "--eval-cache", "off", "--eval-html", "run.html")
    run(project, "--eval-diff", "last~1", "last", "--eval-html", "two.html")

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

    run(project, "--eval-diff", "last~1", "last", "--eval-html", "page.html")

    screen = Data(project.path / "page.html").screen
    plots = {plot["title"]: base64.b64decode(plot["svg"]).decode() for plot in screen["plots"]}
    for scores in screen["scores"]:
        assert f"{scores['run']['id'][:8]} faulty" in plots["Scores"]


@browser
def test_samples_are_filtered_by_outcome_subset_and_text(project: pytest.Pytester, say: Say, open_page: Open) -> None:
    say({"easy 1": "41", "easy 2": "I guess 40", "hard 0": ERROR})
    run(project, "--model", "faulty", "test_answers.py", "--eval-html", "page.html")
    page = open_page(project.path / "page.html")
    page.get_by_role("button", name="Samples").click()

    def shown() -> list[str]:
        return cells(page, "sample")

    assert len(shown()) == 10
    page.get_by_label("Outcome").select_option("wrong")
    assert shown() == ["easy-00001", "easy-00002"]
    assert page.locator("#count").inner_text() == "2 of 10 samples"
    page.get_by_label("Outcome").select_option("error")
    assert shown() == ["hard-00000"]
    page.get_by_role("button", name="Show all").click()
    assert len(shown()) == 10
    page.get_by_label("Subset").select_option("hard")
    assert shown() == [f"hard-0000{n}" for n in range(4)]
    page.get_by_label("Subset").select_option("")
    # In any case, in the answer, the error and the question.
    for text, found in {
        "GUESS": ["easy-00002"],
        "tired": ["hard-00000"],
        "hard 3:": ["hard-00003"],
        "nothing": [],
    }.items():
        page.get_by_label("Search").fill(text)
        assert shown() == found


@browser
def test_a_failing_sample_is_seen_whole_by_keyboard_alone(stored: Callable[..., Path], open_page: Open) -> None:
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
    seen = page.locator("#sample-body").inner_text()
    for text in (
        "system\n",
        "Be brief.",
        "user\n",
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


@browser
def test_every_request_for_a_sample_is_shown_in_order(pytester: pytest.Pytester, open_page: Open) -> None:
    pytest.importorskip("allure_pytest")
    pytester.makepyfile(test_sure=SEVERAL)
    flags = ("--eval-html", "page.html", "--alluredir", "results", "--eval-allure", "all")
    for _ in range(2):
        # The second time all answers are stored ones.
        run(pytester, "--model", "tiny", "test_sure.py", "--clean-alluredir", *flags).assert_outcomes(passed=2)

    data = Data(pytester.path / "page.html")
    middle = data.rows[0]["got"]
    first, second, third = data.details[0]["exchanges"]
    assert [each["content"] for each in first["asked"]] == ["What is 2 + 3?"]
    assert (first["text"], first["repeated"], second["repeated"], third["repeated"]) == ("5", 0, 1, 0)
    assert [each["content"] for each in second["asked"]] == ["5", "Compute 7 + 8."]
    assert (second["text"], third["text"]) == (middle, "81")
    page = open_page(pytester.path / "page.html")
    page.get_by_role("button", name="Samples").click()
    page.locator("#row-0").click()
    shown = page.locator("#sample-body")
    assert shown.locator("h4").all_text_contents()[1:] == [
        f"{what} {n}" for n in (1, 2, 3) for what in ("Request", "Answer")
    ]
    assert shown.locator("pre.answer").all_inner_texts() == ["5", middle, "81"]
    assert "After the 1 messages before:" in shown.inner_text()
    found = [json.loads(path.read_text()) for path in (pytester.path / "results").glob("*-result.json")]
    (one,) = [each for each in found if each["fullName"].endswith("[add-00000]")]
    talk = re.findall("<pre[^>]*>(.*?)</pre>", attached(pytester.path / "results", one, "conversation"))
    assert talk == ["What is 2 + 3?", "5", "5", "Compute 7 + 8.", middle, "How much is 9 * 9?", "81"]


@browser
def test_arrow_keys_move_and_j_and_k_turn_the_pages(stored: Callable[..., Path], open_page: Open) -> None:
    page = open_page(stored([(Sample(f"question {n}", "42"), *right()) for n in range(3000)]))
    page.get_by_role("button", name="Samples").click()
    table = page.locator("#table")

    table.focus()
    table.press("ArrowDown")
    table.press("Enter")
    page.keyboard.press("j")
    assert page.locator("#sample-name").inner_text() == "quiz[main-00002]"
    page.keyboard.press("k")
    page.keyboard.press("k")
    page.keyboard.press("k")
    assert page.locator("#sample-name").inner_text() == "quiz[main-00000]"
    page.keyboard.press("Escape")
    table.press("End")
    assert cells(page, "sample")[-1] == "main-02999"
    assert page.locator("tr.cursor").inner_text().split("\t")[1] == "main-02999"
    assert page.locator("tr.cursor").bounding_box()["y"] < page.viewport_size["height"]  # type: ignore[index]


@browser
def test_of_many_samples_only_those_in_sight_are_in_the_document(stored: Callable[..., Path], open_page: Open) -> None:
    page = open_page(stored([(Sample(f"question {n}", "42"), *right()) for n in range(15_000)]))
    page.get_by_role("button", name="Samples").click()

    assert page.locator("#table tbody tr").count() < 80
    page.evaluate("window.scrollTo(0, document.documentElement.scrollHeight / 2)")
    page.wait_for_function("document.querySelector('#table tbody tr:nth-child(2)').id > 'row-1'")
    names = cells(page, "sample")
    assert any("main-075" in name for name in names)
    assert len(names) < 80
    assert page.locator("#table").get_attribute("aria-rowcount") == "15001"


@browser
def test_a_column_s_title_sorts_by_it_and_again_the_other_way(stored: Callable[..., Path], open_page: Open) -> None:
    samples = [(Sample("a", "42"), *right()), (Sample("b", "42"), None, None), (Sample("c", "42"), *wrong())]
    page = open_page(stored(samples))
    page.get_by_role("button", name="Samples").click()

    def by(title: str) -> list[str]:
        page.locator("#table thead").get_by_role("button", name=title).click()
        return [name[-1] for name in cells(page, "sample")]

    # What has no score comes last, whichever way.
    assert by("score") == ["2", "0", "1"]
    assert page.locator("#table thead th[aria-sort=ascending]").inner_text() == "score ▲"
    assert by("score") == ["0", "2", "1"]
    assert by("question") == ["0", "1", "2"]
    assert by("question") == ["2", "1", "0"]


@browser
def test_two_runs_stand_side_by_side_differences_first(stored: Callable[..., Path], open_page: Open) -> None:
    asked = [Sample(f"question {n}", "42") for n in range(6)]
    before = [right(), right(), wrong(), wrong("41", "41"), (None, None), right()]
    after = [right(), wrong("It is 43.", "43"), right(), wrong("44", "44"), right(), right()]
    page = open_page(stored(*([(a, *b) for a, b in zip(asked, side, strict=True)] for side in (before, after))))

    overview = page.locator("#overview").inner_text()
    assert "Regressed (1)" in overview
    assert "0ababab" in overview
    page.get_by_role("button", name="Samples").click()
    changes = ["regressed", "fixed", "in error", "other answer", "same", "same"]
    assert cells(page, "outcome") == changes
    assert [name[-1] for name in cells(page, "sample")] == ["1", "2", "4", "3", "0", "5"]
    page.get_by_label("Change").select_option("regressed")
    page.locator("#row-0").click()
    sides = page.locator("#sample-body article").all_inner_texts()
    assert len(sides) == 2
    assert "0abababa m" in sides[0]
    assert "It is 43." in sides[1]
    # The prompt is the same for both: it is there once.
    assert page.locator("#sample-body").inner_text().count("question 1") == 1


@browser
def test_of_many_that_regressed_the_first_are_seen_and_the_rest_unfolds(
    stored: Callable[..., Path], open_page: Open
) -> None:
    asked = [Sample(f"question {n}", "42") for n in range(30)]
    page = open_page(stored([(a, *right()) for a in asked], [(a, *wrong()) for a in asked]))

    assert "Regressed (30)" in page.locator("#overview").inner_text()
    assert not page.get_by_role("button", name="quiz[main-00029]").is_visible()
    page.get_by_text("20 more").click()
    page.get_by_role("button", name="quiz[main-00029]").click()
    assert page.locator("#sample-body article").count() == 2
    assert page.locator("#sample-name").inner_text() == "quiz[main-00029]"


@browser
def test_two_models_of_a_run_stand_side_by_side(project: pytest.Pytester, say: Say, open_page: Open) -> None:
    say({"easy 1": "41"})
    run(project, "--model", "faulty", "--model", "other", "test_answers.py", "--eval-html", "page.html")
    page = open_page(project.path / "page.html")

    assert "Models compared" in page.locator("#overview").inner_text()
    page.get_by_role("button", name="side by side").click()

    assert page.get_by_label("Compare").input_value() == "0,1"
    assert page.locator("#count").inner_text() == "10 of 10 samples"
    kinds = cells(page, "outcome")
    assert kinds == sorted(kinds, key=["regressed", "fixed", "in error", "other answer", "same"].index)
    assert kinds.count("regressed") == 9
    page.get_by_label("Compare").select_option("")
    assert page.locator("#count").inner_text() == "20 of 20 samples"
    page.get_by_label("Model").select_option("other")
    assert page.locator("#count").inner_text() == "10 of 20 samples"


HOSTILE = (
    "</script><script>window.hacked = 1</script><!-- <img src=x onerror='window.hacked = 2'> "
    "<a href='javascript:window.hacked=3'>here</a> \x1b[31mred\x1b[0m nul:\0 lone:\ud800 rtl:\u202e &lt;b&gt; ]]> ${1} %s"
)


@browser
def test_a_hostile_answer_is_shown_as_text(stored: Callable[..., Path], open_page: Open) -> None:
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


@browser
def test_a_server_s_hostile_answer_is_shown_as_text(project: pytest.Pytester, say: Say, open_page: Open) -> None:
    say({"easy 1": HOSTILE})
    run(project, "--model", "faulty", "test_answers.py", "--eval-html", "page.html")
    page = open_page(project.path / "page.html")

    page.get_by_role("button", name="Samples").click()
    page.get_by_label("Outcome").select_option("wrong")
    page.locator("#row-0").click()

    assert "<script>window.hacked = 1</script>" in page.locator("#sample-body .answer").inner_text()
    assert page.evaluate("window.hacked") is None


@browser
def test_five_megabytes_are_shown_a_part_at_a_time(stored: Callable[..., Path], open_page: Open) -> None:
    text = "lorem ipsum " * 420_000 + "the end"
    page = open_page(stored([(Sample("q", "42"), *wrong(text, text))]))

    page.get_by_role("button", name="Samples").click()
    page.locator("#row-0").click()

    shown = page.locator("pre.answer")
    assert len(shown.inner_text()) == 50_000
    page.get_by_role("button", name=f"Show all {len(text):,} characters").last.click()
    assert page.evaluate("document.querySelector('pre.answer').textContent.length") == len(text)
    assert page.evaluate("document.querySelector('pre.answer').textContent.endsWith('the end')")


@browser
def test_a_text_is_searched_as_far_as_the_table_has_it(stored: Callable[..., Path], open_page: Open) -> None:
    text = "x" * (SEARCHED - 6) + "needle" + "behind"
    page = open_page(stored([(Sample("q", "42"), *wrong(text))]))
    page.get_by_role("button", name="Samples").click()

    page.get_by_label("Search").fill("needle")
    assert len(cells(page, "sample")) == 1
    page.get_by_label("Search").fill("behind")
    assert cells(page, "sample") == []


@browser
def test_an_image_in_the_prompt_is_shown_and_no_other_is_fetched(stored: Callable[..., Path], open_page: Open) -> None:
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

    page.wait_for_function("[...document.querySelectorAll('.message img')].every((image) => image.naturalWidth > 0)")
    assert page.evaluate("[...document.querySelectorAll('.message img')].map((image) => image.naturalWidth)") == [1, 9]
    assert page.locator(".message pre").all_inner_texts() == ["Look.", *urls[2:]]
    assert page.evaluate("window.hacked") is None


@browser
def test_a_link_opens_its_sample(stored: Callable[..., Path], open_page: Open) -> None:
    path = stored([(Sample(f"question {n}", "42"), *right()) for n in range(5)])
    page = open_page(path)
    page.get_by_role("button", name="Samples").click()
    page.locator("#row-3").click()
    link = re.sub("^[^#]*", "", page.url)

    again = open_page(path, link)

    assert again.locator("#sample-name").inner_text() == "quiz[main-00003]"
    again.keyboard.press("Escape")
    again.wait_for_function("location.hash === ''")


@browser
@pytest.mark.parametrize("width", [360, 800, 1600])
def test_nothing_is_wider_than_the_window(stored: Callable[..., Path], open_page: Open, width: int) -> None:
    long = "a-very-long-word-without-a-break-" * 20
    side = [
        (Sample(f"{long} {n}", long), Completion(long, long), Score(0.0, False, long, long, long)) for n in range(30)
    ]
    page = open_page(stored(side, side), viewport={"width": width, "height": 700})

    def too_wide() -> int:
        return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))

    assert too_wide() == 0
    page.get_by_role("button", name="Samples").click()
    assert too_wide() == 0
    page.get_by_label("Compare").select_option("")
    assert too_wide() == 0
    page.locator("#row-0").click()
    body = "document.getElementById('sample-body')"
    assert page.evaluate(f"{body}.scrollWidth - {body}.clientWidth") == 0


@browser
def test_dark_and_light_are_the_reader_s_choice_and_texts_stand_out_in_both(
    stored: Callable[..., Path], open_page: Open
) -> None:
    path = stored([(Sample("q", "42"), *wrong())])

    grounds = {}
    for scheme in ("light", "dark"):
        page = open_page(path, color_scheme=scheme)
        page.get_by_role("button", name="Samples").click()
        ground = _luminance(page.evaluate("getComputedStyle(document.body).backgroundColor"))
        for element in ("body", "#count", "#table td.outcome .badge", "#to-overview"):
            ink = _luminance(page.evaluate(f"getComputedStyle(document.querySelector('{element}')).color"))
            # WCAG 2.1, 1.4.3: at least 4.5 to 1.
            assert (max(ink, ground) + 0.05) / (min(ink, ground) + 0.05) >= 4.5, (scheme, element)
        grounds[scheme] = ground

    assert grounds["light"] > 0.9 > 0.1 > grounds["dark"]


def _luminance(colour: str) -> float:
    """WCAG's relative luminance of a colour as a browser gives it."""
    linear = [
        ((c / 255 + 0.055) / 1.055) ** 2.4 if c > 10 else c / 255 / 12.92
        for c in map(int, re.findall(r"\d+", colour)[:3])
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@browser
def test_on_paper_there_are_the_rows_and_no_controls(stored: Callable[..., Path], open_page: Open) -> None:
    page = open_page(stored([(Sample(f"question {n}", "42"), *right()) for n in range(600)]))
    page.get_by_role("button", name="Samples").click()

    page.emulate_media(media="print")
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")

    assert len(cells(page, "sample")) == 500
    assert page.locator("#rest").inner_text() == "… and 100 more samples"
    assert not page.locator("#filters").is_visible()
    page.emulate_media(media="screen")
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    assert len(cells(page, "sample")) < 80
