"""What the tests of pages share: a browser, Allure's command line, a model that answers as told, stored runs."""

import importlib.util
import json
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from html.parser import HTMLParser
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_modeleval.asking.asker import Answer
from pytest_modeleval.asking.trial import Trial
from pytest_modeleval.record import Record
from pytest_modeleval.reports.page import COLUMNS
from pytest_modeleval.results.verdicts import score_rows
from pytest_modeleval.sample import Completion, Sample, Score
from pytest_modeleval.store.messages import sample_rows
from pytest_modeleval.store.store import Question, Store
from tests.conftest import FaultyServer, alias, answer, send

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

# Opens a file, in a window of a size and with the settings of a new Playwright page; no errors, nothing from a network.
Open = Callable[..., "Page"]


@pytest.fixture(scope="module")
def chromium() -> Iterator["Browser"]:
    """The installed Chromium, without a window."""
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        pytest.skip("no browser: apt-get install chromium")
    if importlib.util.find_spec("playwright") is None:
        pytest.skip("no playwright: pip install playwright")
    from playwright.sync_api import sync_playwright

    # No sandbox: root may not have one, and what is opened is made here.
    arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=arguments)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def allure() -> str:
    """Allure's command line."""
    command = shutil.which("allure")
    if command is None:
        pytest.skip("no Allure command line: npm install -g allure")
    return command


def wait_until(page: "Page", expression: str) -> None:
    """Wait until an expression is true on the page; Playwright's own waits by `eval`, which the page forbids."""
    for _ in range(200):
        if page.evaluate(expression):
            return
        page.wait_for_timeout(50)
    pytest.fail(f"it never came true: {expression}")


@pytest.fixture
def open_page(chromium: "Browser") -> Iterator[Open]:
    """Opens a file in a tab; in the end no tab may have said an error, or asked anything of a network."""
    problems: list[str] = []
    tabs: list[Page] = []

    def open_page(path: Path, link: str = "", **settings: object) -> "Page":
        page = chromium.new_page(**settings)  # type: ignore[arg-type]
        tabs.append(page)
        page.on("console", lambda said: problems.append(f"{said.type}: {said.text}"))
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("request", lambda sent: problems.append(sent.url) if not sent.url.startswith(_LOCAL) else None)
        page.goto(path.absolute().as_uri() + link)
        return page

    yield open_page
    for page in tabs:
        page.close()
    assert problems == []


_LOCAL = ("file:", "data:", "blob:")


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


# Writes runs of made-up samples, and their page.
Stored = Callable[..., Path]


@pytest.fixture
def stored(project: pytest.Pytester) -> Stored:
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
            question = Question(f"{number:032x}", "0" * 32, run_id)
            if completion:
                store.save_completion(question, "m", completion)
            row, messages = sample_rows(sample.messages, sample.target, "quiz")
            trial = Trial(
                sample, [Answer(completion, question.key)] if completion else [], [score] if score is not None else []
            )
            node = f"test_quiz.py::test_quiz[main-{number:05}]"
            why = "no answer" if score is None else ""
            store.save([*messages, row, *score_rows(run_id, node, record, trial, row.hash, why)])


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
