"""Conversations with tools, as the page, Allure and `modeleval show` have them."""

import importlib.util
import json
import re
from collections.abc import Callable
from contextlib import closing
from http.server import BaseHTTPRequestHandler
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from pytest_modeleval.history.past import Past
from pytest_modeleval.reports import transcript
from pytest_modeleval.sample import Completion
from pytest_modeleval.store.rows import Exchange, ScoreRow, StoredSample
from tests.conftest import FaultyServer, answer, modeleval, run
from tests.reports.allure.conftest import attached
from tests.reports.conftest import Data, Open, wait_until
from tests.reports.test_page_hostile import HOSTILE

AGENT = """
import json
from pytest_modeleval import Sample, Score, answer_message, benchmark, generated, result_message

def tool(name):
    return {"type": "function", "function": {"name": name, "description": f"what {name} does",
        "parameters": {"type": "object", "properties": {"a": {"type": "integer"}}}}}

TOOLS = [tool("add"), tool("read")]

@benchmark(generated(lambda subset, index: {"q": "What is 2 + 3?"}, {"main": 1}),
    lambda row: Sample([{"role": "system", "content": "Use tools."}, {"role": "user", "content": row["q"]}], "5"))
async def test_agent(sample, model):
    said = list(sample.messages)
    for turn in range(300):
        answer = await model.complete(said, tools=TOOLS)
        said.append(answer_message(answer))
        if not answer.calls:
            break
        said += [result_message(call, RESULTS.get(call.name, "5")) for call in answer.calls]
    assert Score(float("5" in answer.text), "5" in answer.text, answer.text, "5")
"""
RESULTS = 'RESULTS = {"read": "Error: no such file", "ad": "error: there is no tool ad"}\n'
Call = tuple[str, str]


def saying(*turns: tuple[str, list[Call]]) -> Callable[[BaseHTTPRequestHandler, dict[str, Any]], None]:
    """A model that says this, turn by turn; its thought is "hm"."""
    numbers = count()

    def fault(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        text, calls = turns[sum(message["role"] == "assistant" for message in body["messages"])]
        made = [
            {"id": f"id{next(numbers)}", "type": "function", "function": {"name": name, "arguments": arguments}}
            for name, arguments in calls
        ]
        answer(text, reasoning_content="hm", tool_calls=made)(handler, body)

    return fault


@pytest.fixture
def agent(project: pytest.Pytester) -> pytest.Pytester:
    project.makepyfile(test_agent=RESULTS + AGENT)
    return project


FOUR: tuple[tuple[str, list[Call]], ...] = (
    ("I add.", [("add", '{"a": 2}'), ("ad", "{}"), ("add", '{"a": ')]),
    ("", [("read", json.dumps({"a": "a long name " * 20}))]),
    ("It is 6.", []),
)


def test_a_call_stands_with_its_arguments_its_result_and_what_was_wrong(
    agent: pytest.Pytester, faulty: FaultyServer
) -> None:
    faulty.fault = saying(*FOUR)
    run(agent, "--model", "faulty", "test_agent.py")

    shown = modeleval("show", "agent[main-00000]").outlines

    long = ["   {", f'    "a": "{"a long name " * 20}"', "   }"]
    assert shown[1:-2] == [
        *("-- tools (2): add, read", "-- system", "   Use tools.", "-- user", "   What is 2 + 3?"),
        *("-- thinking", "   hm", "-- answer", "   I add."),
        *("-- call of add", '   {"a": 2}', "-- result", "   5"),
        *(
            "-- call of ad",
            "   {}",
            "   ! no tool of that name was offered",
            "-- result",
            "   error: there is no tool ad",
        ),
        *(
            "-- call of add",
            '   {"a": ',
            "   ! its arguments cannot be read: Expecting value: line 1 column 6 (char 5)",
        ),
        *("-- result", "   5"),
        *("-- thinking", "   hm", "-- call of read", *long, "   ! the tool failed"),
        *("-- result", "   Error: no such file", "-- thinking", "   hm", "-- answer", "   It is 6."),
    ]
    tools = modeleval("show", "agent[main-00000]", "--all").outlines
    assert tools[2:5] == ["-- tool add", "   what add does", "   {"]


def test_the_middle_of_what_is_long_is_left_out_and_what_went_wrong_in_it_is_not(
    agent: pytest.Pytester, faulty: FaultyServer
) -> None:
    turns = [(f"turn {n}", [("add", "{}" if n != 9 else "[1]")]) for n in range(20)]
    faulty.fault = saying(*turns, ("line\n" * 300 + "x" * 9000, []))
    run(agent, "--model", "faulty", "test_agent.py")

    shown = modeleval("show", "agent[main-00000]").outlines
    whole = modeleval("show", "agent[main-00000]", "--all").outlines

    said = [line for line in shown if line.startswith("   turn")]
    assert said == [f"   turn {n}" for n in (0, 1, 15, 16, 17, 18, 19)]
    (place,) = [n for n, line in enumerate(shown) if "messages and answers between" in line]
    assert shown[place : place + 2] == [
        "(13 messages and answers between, with 13 calls, 1 of which went wrong: modeleval show SAMPLE --all has them)",
        "   ! add: its arguments cannot be read: no JSON object but a list",
    ]
    assert "   (… 6,251 characters between: modeleval show SAMPLE --all has them)" in shown
    assert [line for line in whole if line.startswith("   turn")] == [f"   turn {n}" for n in range(20)]
    assert not any("--all has them" in line for line in whole)


def test_a_conversation_of_200_turns_takes_no_more_than_its_messages(
    agent: pytest.Pytester, faulty: FaultyServer
) -> None:
    sizes = []
    for turns in (100, 200):
        faulty.fault = saying(*[(f"turn {n} " + "word " * 100, [("add", "{}")]) for n in range(turns)], ("5", []))
        run(agent, "--model", "faulty", "test_agent.py", "--eval-write", "page.html")
        (detail,) = Data(agent.path / "page.html").details
        sizes.append((len(json.dumps(detail["talk"])), _kept(agent.path / ".modeleval")))
        (agent.path / ".modeleval/store.sqlite").unlink()

    assert [each / 2.2 < one for one, each in zip(*sizes, strict=True)] == [True, True], sizes
    assert len(json.dumps(detail["talk"])) < 200 * 1000


def _kept(folder: Path) -> int:
    """The characters of messages, tools and requests that the newest run has in the store."""
    with closing(Past(folder)) as past:
        (sample,) = past.samples(past.runs()[-1].id)
    return sum(len(json.dumps(list(each.asked))) for each in sample.exchanges)


@pytest.mark.browser
@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_shows_it_folds_it_and_leads_to_what_went_wrong(
    agent: pytest.Pytester, faulty: FaultyServer, open_page: Open, width: int, scheme: str
) -> None:
    turns = [(f"turn {n}", [("add", "{}" if n != 9 else "[1]")]) for n in range(20)]
    faulty.fault = saying(*turns, ("It is 5.", []))
    run(agent, "--model", "faulty", "test_agent.py", "--eval-write", "page.html")
    page = open_page(agent.path / "page.html", viewport={"width": width, "height": 800}, color_scheme=scheme)

    page.get_by_role("button", name="Samples").click()
    page.locator("#row-0").click()

    body = page.locator("#sample-body")
    assert "2 tools are offered" in body.inner_text()
    assert "turn 9" not in body.inner_text()
    page.get_by_text("13 messages and answers between, with 13 calls, 1 of which went wrong").wait_for()
    page.get_by_role("button", name="add: its arguments cannot be read: no JSON object but a list").click()
    wait_until(page, "document.activeElement.textContent.includes('turn 9')")
    assert page.locator(".call.wrong .fault").all_inner_texts() == [
        "✗ its arguments cannot be read: no JSON object but a list"
    ]
    call = page.locator(".call").first
    assert call.inner_text().split("\n")[0] == "call of add"
    assert call.locator(".result pre").inner_text() == "5"
    assert page.evaluate("document.getElementById('sample-body').scrollWidth <= document.body.clientWidth")
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


@pytest.mark.browser
@pytest.mark.parametrize("width", [390, 1280])
def test_hostile_calls_and_results_are_text_on_the_page_and_in_a_terminal(
    project: pytest.Pytester, faulty: FaultyServer, open_page: Open, width: int
) -> None:
    hostile = HOSTILE.replace("\ud800", "")
    body = AGENT.replace('tool("read")', f"tool({hostile!r})").replace(
        "if not answer.calls:\n            break", "pass"
    )
    project.makepyfile(test_agent=f"RESULTS = {{{hostile!r}: {hostile!r}}}\n" + body.replace("range(300)", "range(2)"))
    made = {"id": hostile, "type": hostile, "function": {"name": hostile, "arguments": hostile}}
    faulty.fault = answer(hostile, tool_calls=[made, {**made, "id": 7}])
    run(project, "--model", "faulty", "test_agent.py", "--eval-write", "page.html")
    page = open_page(project.path / "page.html", viewport={"width": width, "height": 800})

    page.get_by_role("button", name="Samples").click()
    page.locator("#row-0").click()

    assert page.locator(".call").count() >= 4
    assert "<script>window.hacked = 1</script>" in page.locator(".call .role").first.inner_text()
    assert "<script>window.hacked = 1</script>" in page.locator(".result pre").first.inner_text()
    assert page.evaluate("window.hacked") is None
    assert page.locator("#sample-body a, #sample-body img, #sample-body script").count() == 0
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    shown = "\n".join(modeleval("show", "agent[main-00000]", "--all").outlines)
    assert r"\x1b[31mred" in shown
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f\u202e]", shown)


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_in_it(agent: pytest.Pytester, faulty: FaultyServer, open_page: Open, scheme: str) -> None:
    found = importlib.util.find_spec("axe_playwright_python")
    if found is None or found.origin is None:
        pytest.skip("no axe: pip install axe-playwright-python")
    turns = [(f"turn {n}", [("add", "{}" if n % 3 else "[1]")]) for n in range(20)]
    faulty.fault = saying(*turns, ("It is 5.", []))
    run(agent, "--model", "faulty", "test_agent.py", "--eval-write", "page.html")
    page = open_page(agent.path / "page.html", color_scheme=scheme)
    page.get_by_role("button", name="Samples").click()
    page.locator("#row-0").click()
    page.evaluate("document.querySelectorAll('#sample-body details').forEach((each) => (each.open = true))")

    page.evaluate(Path(found.origin).with_name("axe.min.js").read_text())

    results = page.evaluate("axe.run().then(({violations}) => violations.map(({id, help}) => `${id}: ${help}`))")
    assert results == []


def test_allure_has_it_too(agent: pytest.Pytester, faulty: FaultyServer) -> None:
    pytest.importorskip("allure_pytest")
    hostile = HOSTILE.replace("\ud800", "")
    turns = [(f"turn {n}", [("add", "{}")]) for n in range(20)]
    faulty.fault = saying(("<b>", [(hostile, hostile)]), *turns, ("5" * 5000, []))
    run(agent, "--model", "faulty", "test_agent.py", "--alluredir", "results", "--eval-set", "run.allure=all")
    found = [json.loads(path.read_text()) for path in (agent.path / "results").glob("*-result.json")]
    (one,) = [each for each in found if each["name"].startswith("main-00000")]

    page = attached(agent.path / "results", one, "conversation")

    assert "<h2>what went wrong with its calls (1)</h2><ul><li>&lt;/script&gt;" in page
    assert '<p class="fault">no tool of that name was offered</p>' in page
    assert "<summary>tools that are offered (2)</summary><pre>add: what add does" in page
    assert "<summary>14 messages and answers between, with 14 calls</summary>" in page
    assert "<summary>5555555555" in page
    assert page.count("<details>") == page.count("</details>") == 3
    assert "<script" not in page
    assert "<b>" not in page
    assert '<h2>call of add</h2><pre class="call">{}</pre>\n<h2>result</h2>\n<pre class="result">5</pre>' in page


@pytest.mark.browser
@pytest.mark.parametrize("width", [390, 1280])
def test_what_is_hostile_is_text_in_what_allure_shows(
    agent: pytest.Pytester, faulty: FaultyServer, open_page: Open, width: int
) -> None:
    pytest.importorskip("allure_pytest")
    hostile = HOSTILE.replace("\ud800", "") + "long" * 500
    faulty.fault = saying((hostile, [(hostile, hostile)]), (hostile, []))
    run(agent, "--model", "faulty", "test_agent.py", "--alluredir", "results", "--eval-set", "run.allure=all")
    (path,) = [each for each in (agent.path / "results").glob("*.html") if "call of" in each.read_text()]

    # Allure's viewer has it in a frame of its own.
    page = open_page(path, viewport={"width": width, "height": 800})

    assert page.evaluate("window.hacked") is None
    assert page.locator("script, a, img").count() == 0
    assert "<script>window.hacked = 1</script>" in page.locator("pre.call").inner_text()
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


# What is asked of several


def user(text: str) -> dict[str, str]:
    return {"role": "user", "content": text}


def test_two_conversations_that_take_turns_are_each_stored_once(project: pytest.Pytester, faulty: FaultyServer) -> None:
    body = """
from pytest_modeleval import Sample, benchmark, generated

@benchmark(generated(lambda subset, index: {"q": "x"}, {"main": 1}), lambda row: Sample("begin", "42"))
async def test_two(sample, model):
    one, other = [{"role": "user", "content": "one"}], [{"role": "user", "content": "other"}]
    for turn in range(50):
        for talk in (one, other):
            answer = await model.complete(talk)
            talk += [{"role": "assistant", "content": answer.text}, {"role": "user", "content": f"turn {turn}"}]
"""
    project.makepyfile(test_two=body)
    run(project, "--model", "faulty", "test_two.py").assert_outcomes(passed=1)

    with closing(Past(project.path / ".modeleval")) as past:
        (sample,) = past.samples(past.runs()[0].id)

    assert [len(each.asked) for each in sample.exchanges] == [1, 1] + [2] * 98
    assert [each.after for each in sample.exchanges] == [None, None, *range(98)]
    turns = transcript.of(sample)
    assert turns[0].begins == ""
    assert [turn.begins for turn in turns[1:4]] == [
        *("request 2", "request 3, which goes on from request 1", "request 4, which goes on from request 2")
    ]
    assert [[said.content for said in turn.all] for turn in turns[:4]] == [
        *(["one", "42"], ["other", "42"], ["turn 0", "42"], ["turn 0", "42"])
    ]


def sample_of(*exchanges: Exchange) -> StoredSample:
    row = ScoreRow("r", "i", "main", "m", "b", "main", "", "", 0, "right")
    return StoredSample([row], None, None, None, 0.0, exchanges)


def test_the_same_asked_again_is_said_in_a_word() -> None:
    one = Exchange([user("say")], 0, Completion("a"))

    first, again, judged = transcript.of(
        sample_of(one, one, Exchange([user("good?")], 0, Completion("yes"), "judge=j"))
    )

    assert (first.begins, again.begins, judged.begins) == (*("", "request 2, the same again", "request 3 to judge=j"),)
    assert [said.content for said in again.all] == ["a"]
    assert judged.answer is not None
    assert judged.answer.who == "answer of judge=j"


def test_tools_are_told_again_where_they_are_others() -> None:
    tool = [{"type": "function", "function": {"name": "f"}}]
    exchanges = [
        Exchange([user("a")], 0, Completion("1"), tools=tool),
        Exchange([user("b")], 1, Completion("2"), after=0, tools=tool),
        Exchange([user("c")], 2, Completion("3"), after=1, tools=[*tool, *tool]),
        Exchange([user("d")], 3, Completion("4"), after=2),
    ]

    offered = [turn.offered for turn in transcript.of(sample_of(*exchanges))]

    assert [each if each is None else len(each) for each in offered] == [1, None, 2, 0]


@pytest.mark.parametrize(
    "messages",
    [
        [{"role": "assistant", "content": None, "tool_calls": "no list"}],
        [{"role": "assistant", "content": {"a": 1}, "tool_calls": [7, {"function": None}]}],
        [{"role": "tool", "tool_call_id": "never called", "content": ["text", {"type": "text"}]}],
        [{"content": 7}],
    ],
)
def test_messages_of_any_shape_are_shown(messages: list[dict[str, Any]]) -> None:
    said = transcript.conversation(messages)

    assert len(said) == 1
    assert isinstance(transcript.text_of(said[0].content), str)


@pytest.mark.parametrize(
    ("result", "failed"),
    [
        *(("Error: no", True), ("error", True), ('{"error": "no such file"}', True)),
        *(("Traceback (most recent call last):", True), ("errors: 0", False), ('{"error": null}', False)),
        *(("no error", False), ("", False)),
    ],
)
def test_a_tool_says_that_it_failed(result: str, *, failed: bool) -> None:
    called = Completion("", tool_calls=[{"id": "a", "function": {"name": "f", "arguments": "{}"}}])
    back = {"role": "assistant", "content": "", "tool_calls": called.tool_calls}
    told = {"role": "tool", "tool_call_id": "a", "content": result}

    turns = transcript.of(
        sample_of(Exchange([user("a")], 0, called), Exchange([back, told], 1, Completion("b"), after=0))
    )

    assert [fault for _, fault in transcript.faults(turns)] == (["f: the tool failed"] if failed else [])
    assert [said.who for said in transcript.everything(turns)] == ["user", "answer", "answer"]
