"""Bodies that talk to the model more than once: what is asked, what is given, what is stored."""

import hashlib
import json
import sqlite3
import threading
from contextlib import closing
from http.server import BaseHTTPRequestHandler
from itertools import count
from typing import Any

import pytest

from pytest_modeleval.history.past import Past
from tests.conftest import FaultyServer, alias, answer, run, send

BODIES = """
import asyncio
from pytest_modeleval import Sample, benchmark, generated
from pytest_modeleval.scorers.numbers import same_number

ROWS = generated(lambda subset, index: {"n": index}, {"main": 2})

@benchmark(ROWS, lambda row: Sample(f"say {row['n']}", "42"))
async def test_votes(sample, model):
    votes = await asyncio.gather(*(model.complete(sample.prompt) for _ in range(3)))
    assert len({vote.text for vote in votes}) == 3, [vote.text for vote in votes]

@benchmark(ROWS, lambda row: Sample(f"ask {row['n']}", "42"))
async def test_goes_on(sample, model):
    first = await model.complete(sample.prompt)
    said = [*sample.messages, {"role": "assistant", "content": first.text}, {"role": "user", "content": "sure?"}]
    second = await model.complete(said)
    assert same_number(second, sample.target)
    assert (first.text, str(first)) == ("well: 42, not 7", "42")
"""


@pytest.fixture
def talks(project: pytest.Pytester) -> pytest.Pytester:
    project.makepyfile(test_talks=BODIES)
    return project


def test_the_same_asked_again_is_answered_again_and_both_are_kept(talks: pytest.Pytester, faulty: FaultyServer) -> None:
    numbers = count()

    def numbered(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        answer(f"answer {next(numbers)}")(handler, body)

    faulty.fault = numbered

    first = run(talks, "--model", "faulty", "-k", "votes", "test_talks.py")
    again = run(talks, "--model", "faulty", "-k", "votes", "test_talks.py")

    first.assert_outcomes(passed=2, deselected=0)
    again.assert_outcomes(passed=2, deselected=0)
    assert len(faulty.asked) == 6
    again.stdout.fnmatch_lines(["answers: 0 new, 6 stored, *"])


def test_a_body_says_how_many_tokens_by_the_aliass_own_name(project: pytest.Pytester, faulty: FaultyServer) -> None:
    alias(project, "newer", base_url=faulty.url, model="faulty", generation={"max_completion_tokens": 9})
    project.makepyfile(test_talks=BODIES.replace("complete(sample.prompt)", "complete(sample.prompt, max_tokens=5)"))
    faulty.fault = answer("42")

    run(project, "--model", "newer", "-k", "votes", "test_talks.py")

    assert {body["max_completion_tokens"] for body in faulty.asked} == {5}
    assert not any("max_tokens" in body for body in faulty.asked)


def test_a_body_may_go_on_with_one_list(project: pytest.Pytester, faulty: FaultyServer) -> None:
    body = """
from pytest_modeleval import Sample, benchmark, generated

@benchmark(generated(lambda subset, index: {"n": index}, {"main": 1}), lambda row: Sample("say", "42"))
async def test_grows(sample, model):
    said = list(sample.messages)
    for turn in range(3):
        said.append({"role": "assistant", "content": (await model.complete(said)).text})
        said.append({"role": "user", "content": f"sure? {turn}"})
    assert (await model.complete(said)).text == "42"
"""
    project.makepyfile(test_grows=body)
    faulty.fault = answer("42")

    run(project, "--model", "faulty", "test_grows.py").assert_outcomes(passed=1)
    again = run(project, "--model", "faulty", "test_grows.py")

    assert [len(body["messages"]) for body in faulty.asked] == [1, 3, 5, 7]
    again.stdout.fnmatch_lines(["answers: 0 new, 4 stored, *"])
    with closing(sqlite3.connect(project.path / ".modeleval/store.sqlite")) as store:
        # The key of a question that was asked for the first time.
        asked = [key for (key,) in store.execute("select asked from completions")]
    assert asked_key([{"role": "user", "content": "say"}]) in asked
    assert (
        asked_key(
            [
                {"role": "user", "content": "say"},
                {"role": "assistant", "content": "42"},
                {"role": "user", "content": "sure? 0"},
            ]
        )
        in asked
    )


def asked_key(messages: list[dict[str, str]]) -> str:
    parts = json.dumps([messages, [], {}, 0], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(parts.encode()).hexdigest()[:32]


def test_a_filter_changes_what_is_scored_and_not_what_goes_back(talks: pytest.Pytester, faulty: FaultyServer) -> None:
    faulty.fault = answer("well: 42, not 7")

    result = run(talks, "--model", "faulty", "-k", "goes_on", "--eval-filter", r"regex=well: (\d+)", "test_talks.py")

    result.assert_outcomes(passed=2, deselected=0)
    sent_back = [body["messages"][1]["content"] for body in faulty.asked if len(body["messages"]) == 3]
    assert sent_back == ["well: 42, not 7"] * 2, json.dumps(faulty.asked)


WAITS = """
import asyncio
from pytest_modeleval import Sample, benchmark, generated

ROWS = generated(lambda subset, index: {"n": index}, {"main": 30})
waiting = 0

@benchmark(ROWS, lambda row: Sample(f"say {row['n']}", "42"))
async def test_waits(sample, model):
    global waiting
    await model.complete(sample.prompt)
    waiting += 1
    # A tool that answers when all have asked: here nobody would ever get on who counts conversations as requests.
    while waiting < 30:
        await asyncio.sleep(0.01)
    assert (await model.complete([*sample.messages, {"role": "user", "content": "so?"}])).text == "42"
"""


def test_who_waits_for_a_tool_holds_no_request_back(project: pytest.Pytester, faulty: FaultyServer) -> None:
    project.makepyfile(test_waits=WAITS)
    under_way, most = threading.Semaphore(100), []

    def watched(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        with under_way:
            most.append(100 - under_way._value)
            answer("42")(handler, body)

    faulty.fault = watched

    result = run(project, "--model", "faulty", "--eval-concurrency", "2", "test_waits.py")

    result.assert_outcomes(passed=30)
    assert max(most) <= 2


WITH_FIXTURES = """
import asyncio
import pytest
from pytest_modeleval import Sample, benchmark, generated

ROWS = generated(lambda subset, index: {"n": index}, {"main": 12})
waiting, made = 0, []

@pytest.fixture(scope="SCOPE")
def tools():
    made.append("tools")
    yield {"made": len(made)}
    made.append("gone")

@benchmark(ROWS, lambda row: Sample(f"say {row['n']}", "42"))
async def test_first(sample, model):
    assert (await model.complete(sample.prompt)).text == "42"

@benchmark(ROWS, lambda row: Sample(f"use {row['n']}", "42"))
async def test_tools(sample, tools, model):
    global waiting
    waiting += 1
    assert made[-1] == "tools"
    # From the second sample on, all are under way together.
    while waiting > 1 and waiting < WANTED:
        await asyncio.sleep(0.01)
    assert (await model.complete(sample.prompt)).text == "42"

def test_after():
    assert made == EXPECTED
"""


@pytest.mark.parametrize(
    ("scope", "wanted", "made"),
    [
        ("session", 12, ["tools"]),
        ("module", 12, ["tools"]),
        ("function", 1, ["tools", "gone"] * 12),
    ],
)
def test_fixtures_that_outlive_an_item_do_not_make_samples_wait_for_each_other(
    project: pytest.Pytester, faulty: FaultyServer, scope: str, wanted: int, made: list[str]
) -> None:
    text = WITH_FIXTURES.replace("SCOPE", scope).replace("WANTED", str(wanted)).replace("EXPECTED", repr(made))
    project.makepyfile(test_tools=text)

    result = run(project, "--model", "faulty", "test_tools.py")

    result.assert_outcomes(passed=25)


GROWING = """
from pytest_modeleval import Sample, benchmark, generated

ROWS = generated(lambda subset, index: {"n": index}, {"main": 1})

@benchmark(ROWS, lambda row: Sample("begin", "42"))
async def test_talk(sample, model):
    talk = []
    for turn in range(3):
        talk.append({"role": "user", "content": f"turn {turn}"})
        said = await model.complete(GIVEN)
        talk.append({"role": "assistant", "content": said.text})
    talk[0]["content"] = "forgotten"
"""


@pytest.mark.parametrize(
    ("end", "outcome", "said"),
    [
        ("raise SampleError('no second')", {"errors": 1}, "*no second*"),
        ("raise ValueError('a slip')", {"errors": 1}, "*ValueError: a slip*"),
        ("await model.complete('refuse')", {"errors": 1}, "*the server refused this prompt: 400: not this*"),
        ("raise NotAsked('enough')", {"skipped": 1}, "*enough*"),
    ],
    ids=["error", "crash", "refused", "left out"],
)
def test_answers_before_an_error_are_counted_as_they_were_paid(
    project: pytest.Pytester, faulty: FaultyServer, end: str, outcome: dict[str, int], said: str
) -> None:
    body = f"""
from pytest_modeleval import Sample, benchmark, generated
from pytest_modeleval.sample import NotAsked, SampleError

@benchmark(generated(lambda subset, index: {{"n": index}}, {{"main": 1}}), lambda row: Sample("say", "42"))
async def test_breaks(sample, model):
    await model.complete(sample.prompt)
    {end}
"""
    project.makepyfile(test_breaks=body)

    def fault(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        if "refuse" in str(body):
            send(handler, 400, {"error": {"message": "not this"}})
        else:
            answer("42")(handler, body)

    faulty.fault = fault

    result = run(project, "--model", "faulty", "test_breaks.py", "-rsE", "--eval-write", "run.json")

    result.assert_outcomes(**outcome)
    result.stdout.fnmatch_lines([said, "answers: 1 new, none stored"])
    (row,) = json.loads((project.path / "run.json").read_text())["rows"]
    assert (row["prompt_tokens"], row["completion_tokens"]) == (7, 3)


def test_a_list_that_grows_asks_what_it_was_each_time(project: pytest.Pytester, faulty: FaultyServer) -> None:
    project.makepyfile(test_talk=GROWING.replace("GIVEN", "talk"))
    run(project, "--model", "faulty", "test_talk.py").assert_outcomes(passed=1)
    with closing(Past(project.path / ".modeleval")) as past:
        (sample,) = past.samples(past.runs()[0].id)
    project.makepyfile(test_talk=GROWING.replace("GIVEN", "[dict(message) for message in talk]"))

    again = run(project, "--model", "faulty", "test_talk.py")

    assert [[each["content"] for each in one.asked] for one in sample.exchanges] == [
        ["turn 0"],
        ["42", "turn 1"],
        ["42", "turn 2"],
    ]
    again.stdout.fnmatch_lines(["answers: 0 new, 3 stored, *"])
