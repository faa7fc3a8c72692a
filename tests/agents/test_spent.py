"""What conversations take: in a plan, in a budget, in the live line, and of the store."""

import re
import sqlite3
import threading
import time
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from pytest_modeleval.options.options import FLAGS
from pytest_modeleval.reports.terminal import LiveLine
from pytest_modeleval.results.results import Results
from tests.agents.conftest import in_turn, scripted
from tests.agents.test_resumed import POSTS, WORLD, posted, posting, synchronous
from tests.conftest import FaultyServer, alias, run

PRICE = {"input": 100.0, "output": 1000.0}
LIMITED = POSTS.replace("[post])", "[post], limits=AgentLimits(turns=5))").replace(
    "import Model,", "import AgentLimits, Model,"
)
ASK = ("--model", "priced", "test_posts.py")


@pytest.fixture
def priced(project: pytest.Pytester, faulty: FaultyServer) -> FaultyServer:
    alias(project, "priced", base_url=faulty.url, model="faulty", generation={"max_tokens": 50}, price=PRICE)
    scripted(faulty, posting)
    return faulty


def put(project: pytest.Pytester, samples: int, text: str = LIMITED) -> None:
    project.makepyfile(test_posts=text.replace("SAMPLES", str(samples)).replace("PAUSE", "0"))


@pytest.mark.parametrize("text", [LIMITED, synchronous(LIMITED)], ids=["async", "sync"])
def test_a_plan_counts_as_many_turns_as_there_may_be(project: pytest.Pytester, priced: FaultyServer, text: str) -> None:
    put(project, 4, text)

    plan = run(project, *ASK, "--eval-plan")
    fewer = run(project, *ASK, "--eval-plan", "--eval-set", "run.turn_limit=2")

    assert (plan.ret, priced.asked, posted(project)) == (0, [], [])
    plan.stdout.re_match_lines(
        [
            r" +items +stored +requests +prompt tokens +completion tokens +dollars",
            "priced, posts",
            r" +4 +0 +at most 20 +\? +at most 1,000 +\?",
        ]
    )
    fewer.stdout.re_match_lines([r" +4 +0 +at most 8 +\? +at most 400 +\?"])


@pytest.mark.parametrize("text", [LIMITED, synchronous(LIMITED)], ids=["async", "sync"])
def test_a_plan_knows_what_is_stored_and_calls_nothing(
    project: pytest.Pytester, priced: FaultyServer, text: str
) -> None:
    put(project, 4, text)
    run(project, *ASK, "--eval-limit", "3")
    with sqlite3.connect(project.path / ".modeleval/store.sqlite") as store:
        store.execute(
            "delete from completions where key in (select key from completions order by created desc limit 1)"
        )
    priced.asked.clear()
    before = posted(project)

    plan = run(project, *ASK, "--eval-plan")

    # Two are whole, one lacks its third turn at the least, one has not begun; an item took 21 and 9 tokens.
    plan.stdout.re_match_lines([r" +4 +2 +at most 8 +about 42 +about 18 +\$0\.0222"])
    assert (priced.asked, posted(project)) == ([], before)


def test_a_plan_of_a_session_runs_nothing(project: pytest.Pytester, priced: FaultyServer) -> None:
    project.makepyfile(test_walks=WORLD)

    plan = run(project, "--model", "priced", "test_walks.py", "--eval-plan")

    plan.stdout.re_match_lines([r" +1 +0 +at most 30 +\? +at most 1,500 +\?"])


def test_a_budget_ends_a_conversation_between_two_turns(project: pytest.Pytester, priced: FaultyServer) -> None:
    put(project, 1)
    scripted(priced, posting, usage={"prompt_tokens": 500, "completion_tokens": 3})

    # A request may take some 900.
    spent = run(project, *ASK, "--eval-budget", "1300 tokens")
    assert (spent.ret, len(priced.asked), posted(project)) == (8, 1, ["0.0"])
    again = run(project, *ASK)

    again.assert_outcomes(passed=1)
    assert len(priced.asked) == 3
    assert posted(project) == ["0.0", "0.1"]


WAITS = """
import asyncio
import time
from pytest_modeleval import Model, Sample, benchmark, generated, react, tool

ROWS = generated(lambda subset, index: {"n": index}, {"main": 30})
waiting = 0

@tool
DEF wait(n: int) -> str:
    global waiting
    waiting += 1
    # It ends when all are in it: here nobody would ever get on who counts tools as requests.
    while waiting < 30:
        SLEEP
    return "so"

@benchmark(ROWS, lambda row: Sample(f"say {row['n']}", "42"))
async def test_waits(sample: Sample, model: Model) -> None:
    talk = await react(sample, model, [wait])
    assert talk.answer.text == "42"
"""


@pytest.mark.parametrize(
    ("define", "sleep"),
    [("async def", "await asyncio.sleep(0.01)"), ("def", "time.sleep(0.01)")],
    ids=["async", "sync"],
)
def test_a_tools_wait_holds_no_request_back(
    project: pytest.Pytester, faulty: FaultyServer, define: str, sleep: str
) -> None:
    project.makepyfile(test_waits=WAITS.replace("DEF", define).replace("SLEEP", sleep))
    scripted(faulty, in_turn([("wait", '{"n": 1}')], "42"))
    answers, under_way, most = faulty.fault, threading.Semaphore(100), []

    def watched(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        with under_way:
            most.append(100 - under_way._value)
            answers(handler, body)

    faulty.fault = watched

    run(project, "--model", "faulty", "--eval-concurrency", "2", "test_waits.py").assert_outcomes(passed=30)

    assert max(most) <= 2


def test_the_live_line_says_at_which_turn_conversations_are() -> None:
    live = LiveLine(Results(), lambda: 3, [], talks=lambda: (4, 10))

    assert live.text(1.0).startswith("0/0 · 3 in flight · 4 conversations at turn 2 · ")
    assert "conversation" not in LiveLine(Results(), lambda: 3, []).text(1.0)


def test_turns_under_way_are_counted(project: pytest.Pytester, faulty: FaultyServer) -> None:
    project.makeconftest(
        """
from pathlib import Path
from pytest_modeleval.asking.engine import Engine
seen, real = set(), Engine.result
def pytest_sessionstart(session):
    active = session.config.pluginmanager.get_plugin("modeleval-active")
    def result(self, key, tick):
        return real(self, key, lambda: (seen.add(active.evaluation.in_turn.talks), tick()))
    Engine.result = result
def pytest_sessionfinish():
    Engine.result = real
    Path("seen").write_text(repr(sorted(seen)))
"""
    )
    project.makepyfile(test_posts=POSTS.replace("SAMPLES", "1").replace("PAUSE", "0.4"))
    scripted(faulty, posting)

    run(project, "--model", "faulty", "test_posts.py").assert_outcomes(passed=1)

    assert {(1, 1), (1, 2)} <= set(eval((project.path / "seen").read_text()))


def test_a_long_conversation_is_stored_once(project: pytest.Pytester, faulty: FaultyServer) -> None:
    """Of 120 turns no message is kept twice, and each of its requests is there whole."""
    text = POSTS.replace("[post])", "[post], limits=AgentLimits(turns=200))").replace(
        "import Model", "import AgentLimits, Model"
    )
    project.makepyfile(test_posts=text.replace("SAMPLES", "1").replace("PAUSE", "0"))
    turns = [[("post", f'{{"text": "turn {turn} {"x" * 100}"}}')] for turn in range(120)]
    scripted(faulty, in_turn(*turns, "done"))
    began = time.perf_counter()

    run(project, "--model", "faulty", "test_posts.py").assert_outcomes(passed=1)

    assert time.perf_counter() - began < 60
    with sqlite3.connect(project.path / ".modeleval/store.sqlite") as store:
        kept = [messages for (messages,) in store.execute("select messages from messages")]
    assert len(kept) == 121
    for turn in range(120):
        assert len(re.findall(rf"posted turn {turn} x", "".join(kept))) == 1
    assert sum(map(len, kept)) < 120 * 600


def test_limits_are_keys_and_no_flags() -> None:
    assert {flag.key for flag in FLAGS if flag.settings_only} >= {"turn_limit", "token_limit", "time_limit"}


def test_a_gate_compares_no_runs_of_other_limits(project: pytest.Pytester, priced: FaultyServer) -> None:
    put(project, 4)
    run(project, *ASK, "--eval-save-baseline", "b.json").assert_outcomes(passed=4)
    asked = len(priced.asked)

    other = run(project, *ASK, "--eval-baseline", "b.json", "--eval-set", "run.turn_limit=4")

    assert (other.ret, len(priced.asked)) == (pytest.ExitCode.USAGE_ERROR, asked)
    other.stderr.fnmatch_lines(["*posts*roles*"])
