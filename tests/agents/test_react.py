"""Conversations with tools in runs: what is asked and told, how they end, and what they come to."""

import json
import sqlite3
from contextlib import closing
from typing import Any

import pytest

from pytest_modeleval.history.past import Past
from tests.agents.conftest import in_turn, scripted, told
from tests.conftest import FaultyServer, run, send

HEAD = """
import time
from pytest_modeleval import (
    AgentLimits, Completion, Model, OverLimit, Sample, SampleError, Score, SyncModel, benchmark, generated, react,
    react_sync, tool,
)
from pytest_modeleval.scorers.numbers import same_number

ROWS = generated(lambda subset, index: {"n": index}, {"main": 2})

@tool
def add(a: int, b: int) -> int:
    '''Add two numbers.'''
    return a + b

@tool
def fail(why: str) -> str:
    raise KeyError(why)

"""
BODY = f"""{HEAD}
@benchmark(ROWS, lambda row: Sample(f"{{row['n']}} + 42?", str(row["n"] + 42)))
async def test_sums(sample: Sample, model: Model) -> None:
    talk = await react(sample, model, [add, fail], LIMITS)
    CHECK
    assert same_number(talk.answer, sample.target)
"""


def put(project: pytest.Pytester, options: str = "", check: str = "", body: str = BODY) -> None:
    project.makepyfile(test_sums=body.replace(", LIMITS", f", {options}" * bool(options)).replace("CHECK", check))


def summing(messages: Any) -> Any:
    """A model that calls the tool once, and says what that said."""
    first = next(each["content"] for each in messages if each["role"] == "user")
    results = [each["content"] for each in messages if each["role"] == "tool"]
    return results[-1] if results else [("add", json.dumps({"a": int(first.split()[0]), "b": 42}))]


def mistakes(project: pytest.Pytester) -> list[str | None]:
    with closing(sqlite3.connect(project.path / ".modeleval/store.sqlite")) as store:
        return [each for (each,) in store.execute("select mistake from scores where metric = 'main' order by item")]


def test_a_model_calls_and_is_told_and_answers(project: pytest.Pytester, faulty: FaultyServer) -> None:
    put(
        project,
        check="assert (talk.turns, talk.ended, talk.tokens, len(talk.called)) == (2, 'answered', 20, 1)\n"
        "    assert [each['role'] for each in talk.messages] == ['user', 'assistant', 'tool', 'assistant']",
    )
    scripted(faulty, summing)

    run(project, "--model", "faulty", "test_sums.py").assert_outcomes(passed=2)

    asked = next(body for body in faulty.asked if body["messages"][0]["content"] == "1 + 42?" and told(body))
    assert [each["function"]["name"] for each in asked["tools"]] == ["add", "fail"]
    assert told(asked) == ["43"]
    assert asked["messages"][1]["tool_calls"][0]["id"] == asked["messages"][2]["tool_call_id"] == "c0"
    with closing(Past(project.path / ".modeleval")) as past:
        (one, _) = past.samples(past.runs()[0].id)
    assert [[each["role"] for each in exchange.asked] for exchange in one.exchanges] == [
        ["user"],
        ["assistant", "tool"],
    ]


@pytest.mark.parametrize("body", ["async", "sync"])
def test_a_body_that_is_not_async_has_the_same(project: pytest.Pytester, faulty: FaultyServer, body: str) -> None:
    text = BODY
    if body == "sync":
        text = BODY.replace("async def", "def").replace("await react(", "react_sync(").replace(": Model", ": SyncModel")
    put(project, body=text)
    scripted(faulty, summing)

    first = run(project, "--model", "faulty", "test_sums.py")
    again = run(project, "--model", "faulty", "test_sums.py")

    first.assert_outcomes(passed=2)
    again.stdout.fnmatch_lines(["answers: 0 new, 4 stored, *"])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (BODY.replace("await react(", "react_sync("), "*in an async test it is await react(…)*"),
        (
            BODY.replace("async def", "def").replace("await react(", "react(").replace("talk.answer", "talk"),
            "*in a test that is not async it is react_sync(…), without await*",
        ),
        (BODY.replace("[add, fail]", "[add, add]"), "*two tools are called 'add': give one another, @tool(name=…)"),
        (BODY.replace("LIMITS", "limits=AgentLimits(turns=0)"), "*AgentLimits: turns takes more than 0, not 0"),
        (BODY.replace("[add, fail]", "add"), "*react takes a list of tools: [[]add[]]"),
        (
            BODY.replace("@tool\ndef add", "@tool(seconds=0)\ndef add"),
            "*add cannot be a tool: seconds takes more*, not 0",
        ),
        (
            BODY.replace("@tool\ndef add", "@tool(output=-1)\ndef add"),
            "*add cannot be a tool: output takes more*, not -1",
        ),
        (BODY.replace("LIMITS", "max_turns=3"), "*max_turns is no setting of a model: react(…, limits=AgentLimits(*"),
        (BODY.replace("LIMITS", "limit=AgentLimits(turns=1)"), "*limit is no setting of the model, and AgentLimits *"),
        (
            BODY.replace("a: int, b: int", "a, b: int"),
            "*add cannot be a tool: its parameter 'a' has no type: write a: str",
        ),
    ],
    ids=["sync", "async", "two", "limits", "one", "seconds", "output", "turns", "limit", "untyped"],
)
def test_slips_are_told_in_a_line_before_anything_is_asked(
    project: pytest.Pytester, faulty: FaultyServer, text: str, said: str
) -> None:
    put(project, body=text)

    result = run(project, "--model", "faulty", "test_sums.py")

    assert result.ret != 0
    assert not faulty.asked
    pytest.LineMatcher([*result.outlines, *result.errlines]).fnmatch_lines([said])


@pytest.mark.parametrize("scored", ["talk", "talk.answer", "model.complete('1 + 1?')"])
def test_work_that_nobody_waited_for_is_an_error_whatever_is_scored(
    project: pytest.Pytester, faulty: FaultyServer, scored: str
) -> None:
    put(project, body=BODY.replace("await ", "").replace("talk.answer", scored))
    scripted(faulty, summing)

    result = run(project, "--model", "faulty", "test_sums.py")

    result.assert_outcomes(errors=2)
    result.stdout.fnmatch_lines(["*_sums[[]main-00000[]]  react(…) was asked for and never awaited: write `await`*"])
    assert not faulty.asked


def test_the_first_sample_says_it_of_the_model_alone(project: pytest.Pytester, faulty: FaultyServer) -> None:
    body = BODY.replace("    talk = await react(sample, model, [add, fail], LIMITS)\n", "")
    put(project, body=body.replace("talk.answer", "model.complete('1 + 1?')"))

    result = run(project, "--model", "faulty", "test_sums.py")

    result.assert_outcomes(errors=2)
    result.stdout.fnmatch_lines(["*_sums[[]main-00000[]]  complete(…) was asked for and never awaited: *"])


def test_a_conversation_that_is_scored_is_its_answer(project: pytest.Pytester, faulty: FaultyServer) -> None:
    put(project, body=BODY.replace("talk.answer", "talk"))
    scripted(faulty, summing)

    run(project, "--model", "faulty", "test_sums.py").assert_outcomes(passed=2)


def test_what_is_wrong_with_a_call_is_told_and_the_model_goes_on(
    project: pytest.Pytester, faulty: FaultyServer
) -> None:
    put(project, check="assert [each.mistake for each in talk.called] == ['unknown tool', 'bad arguments', '']")
    scripted(faulty, in_turn([("sub", "{}"), ("add", '{"a": 1')], [("add", '{"a": 1, "b": 41}')], "42"))

    run(project, "--model", "faulty", "test_sums.py", "-k", "00000").assert_outcomes(passed=1)

    unknown, malformed, right = told(faulty.asked[-1])
    assert unknown == "error: there is no tool 'sub'; there is add, fail"
    assert malformed.startswith("error: the arguments of add are no JSON object: ")
    assert right == "42"


def test_no_call_that_a_model_writes_ends_its_conversation_or_the_report(
    project: pytest.Pytester, faulty: FaultyServer
) -> None:
    put(project, check="assert [each.mistake for each in talk.called] == ['', 'bad arguments', 'unknown tool']")
    # A server gives the second as an object with a NaN in it, by which SQLite could not read the stored answer.
    nan: Any = {"a": float("nan"), "b": 1}
    scripted(faulty, in_turn([("fail", '{"why": "\\ud800"}'), ("add", nan), ("x" * 9000, "{}")], "42"))

    result = run(project, "--model", "faulty", "test_sums.py", "-k", "00000", "--eval-write", "report.html")

    result.assert_outcomes(passed=1)
    assert (project.path / "report.html").exists()
    raised, unfit, unknown = told(faulty.asked[-1])
    assert raised == "error: KeyError: '\ufffd'"
    assert unfit == "error: the arguments of add do not fit: a: 'NaN' is no integer"
    assert unknown == f"error: there is no tool '{'x' * 64}…'; there is add, fail"


def test_a_conversation_goes_on_whatever_was_called_behind_its_end(
    project: pytest.Pytester, faulty: FaultyServer
) -> None:
    put(
        project,
        "submit=True",
        "talk = await react([*talk.messages, {'role': 'user', 'content': 'Sure?'}], model, [add, fail])",
    )
    both = [("submit", '{"answer": "41"}'), ("add", '{"a": 1, "b": 1}')]
    scripted(faulty, in_turn(both, "42"))

    run(project, "--model", "faulty", "test_sums.py", "-k", "00000").assert_outcomes(passed=1)

    # A server refuses a call that has no result.
    assert told(faulty.asked[-1]) == ["41", "error: it was not called, as the conversation had ended"]


def test_a_later_turn_without_an_answer_is_an_error_of_the_request(
    project: pytest.Pytester, faulty: FaultyServer
) -> None:
    put(project)
    scripted(faulty, summing)
    answers = faulty.fault
    faulty.fault = lambda handler, body: (
        send(handler, 500, {"error": {"message": "broken"}}) if told(body) else answers(handler, body)
    )

    run(project, "--model", "faulty", "test_sums.py").assert_outcomes(errors=2)

    assert mistakes(project) == ["request error"] * 2


def test_a_wrong_sample_whose_last_call_was_wrong_counts_as_that(
    project: pytest.Pytester, faulty: FaultyServer
) -> None:
    put(project)
    last = {"0 + 42?": [("sub", "{}")], "1 + 42?": [("add", "[]")]}
    scripted(faulty, lambda messages: in_turn(last[messages[0]["content"]], "I do not know it: 7")(messages))

    run(project, "--model", "faulty", "test_sums.py").assert_outcomes(failed=2)

    assert mistakes(project) == ["unknown tool", "bad arguments"]


def test_a_bug_in_a_tool_is_told_to_the_model_and_to_the_author(project: pytest.Pytester, faulty: FaultyServer) -> None:
    put(project)
    project.makeconftest(
        "def pytest_runtest_logreport(report):\n"
        "    import pathlib\n"
        "    if report.when == 'call':\n        pathlib.Path('sections').write_text(repr(report.sections))"
    )
    scripted(faulty, in_turn([("fail", '{"why": "<b>\\u001b[2J"}')], "7"))

    result = run(project, "--model", "faulty", "test_sums.py", "-k", "00000")

    result.assert_outcomes(failed=1)
    assert told(faulty.asked[-1]) == ["error: KeyError: '<b>\\x1b[2J'"]
    result.stdout.fnmatch_lines(["*the tool fail raised KeyError: *"])
    assert "raise KeyError(why)" in (project.path / "sections").read_text()
    assert mistakes(project) == ["wrong answer"]


FOREVER = in_turn([("add", '{"a": 1, "b": 1}')])


@pytest.mark.parametrize(
    ("limit", "setting", "mistake", "asked"),
    [
        ("turns=3", "", "turn limit", 3),
        ("turns=1", "", "turn limit", 1),
        ("tokens=25", "", "token limit", 3),
        # Of a tool that takes 0.4 s.
        ("seconds=1", "", "time limit", 3),
        ("turns=9", "turn_limit=2", "turn limit", 2),
        ("turns=9", "token_limit=15", "token limit", 2),
        ("turns=9", "time_limit=0.01s", "time limit", 1),
    ],
)
def test_a_sample_at_a_limit_is_wrong_and_that_is_named(
    project: pytest.Pytester, faulty: FaultyServer, limit: str, setting: str, mistake: str, asked: int
) -> None:
    text = BODY.replace("return a + b", f"time.sleep({0.4 if mistake == 'time limit' else 0}); return a + b")
    put(project, f"limits=AgentLimits({limit})", body=text)
    scripted(faulty, FOREVER)
    settings = ["--eval-set", f"run.{setting}"] if setting else []

    result = run(project, "--model", "faulty", "test_sums.py", "-k", "00000", "--eval-write", "t.json", *settings)
    again = run(project, "--model", "faulty", "test_sums.py", "-k", "00000", *settings)

    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines([f"*{mistake}: *"])
    result.stdout.no_fnmatch_line("* 1 turns*")
    assert mistakes(project) == [mistake] * 2
    assert len(faulty.asked) == asked
    again.assert_outcomes(failed=1)
    (row,) = json.loads((project.path / "t.json").read_text())["rows"]
    assert (row["errors"], row["score"]) == (0, 0.0)


def test_who_judges_by_what_is_left_catches_the_limit(project: pytest.Pytester, faulty: FaultyServer) -> None:
    body = BODY.replace(
        "    talk = await react(sample, model, [add, fail], LIMITS)",
        "    try:\n        await react(sample, model, [add], limits=AgentLimits(turns=2))\n        raise SampleError('it ended')\n"
        "    except OverLimit as over:\n        talk = over.conversation\n"
        "    assert (len(talk.called), talk.ended) == (2, 'turn limit')\n    return",
    )
    put(project, body=body)
    scripted(faulty, FOREVER)

    run(project, "--model", "faulty", "test_sums.py").assert_outcomes(passed=2)


def test_a_limit_of_tokens_needs_a_count(project: pytest.Pytester, faulty: FaultyServer) -> None:
    put(project, "limits=AgentLimits(tokens=100)")
    scripted(faulty, FOREVER, usage={})

    result = run(project, "--model", "faulty", "test_sums.py")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["*a limit of tokens needs a server that counts them, and that of faulty does not: *"])


def test_an_answer_is_submitted(project: pytest.Pytester, faulty: FaultyServer) -> None:
    put(
        project,
        "submit=True",
        check="assert (talk.ended, talk.answer.text, str(talk.answer)) == ('submitted', '42', '42')",
    )
    scripted(
        faulty, in_turn("let me see", [("add", '{"a": 1, "b": 1}'), ("submit", '{"answer": "42"}'), ("fail", "{}")])
    )

    run(project, "--model", "faulty", "test_sums.py", "-k", "00000", "--eval-filter", "strip").assert_outcomes(passed=1)

    nudged = faulty.asked[-1]["messages"]
    assert [each["role"] for each in nudged] == ["user", "assistant", "user"]
    assert "submit" in nudged[-1]["content"]


@pytest.mark.parametrize(("options", "asked"), [("submit=True", 2), ("submit=True, nudge=''", 1)])
def test_who_does_not_submit_is_nudged_once(
    project: pytest.Pytester, faulty: FaultyServer, options: str, asked: int
) -> None:
    put(project, options, check="assert (talk.ended, talk.answer.text) == ('not submitted', '42')")
    scripted(faulty, in_turn("42"))

    run(project, "--model", "faulty", "test_sums.py", "-k", "00000").assert_outcomes(passed=1)

    assert len(faulty.asked) == asked


def test_a_system_prompt_stands_above_that_of_the_run(project: pytest.Pytester, faulty: FaultyServer) -> None:
    put(project, "system='Use tools.', temperature=0.5, tool_choice='auto'")
    scripted(faulty, summing)

    run(project, "--model", "faulty", "test_sums.py", "-k", "00000").assert_outcomes(passed=1)
    run(project, "--model", "faulty", "test_sums.py", "-k", "00000", "--eval-system", "Be brief.").assert_outcomes(
        passed=1
    )

    systems = [body["messages"][0] for body in faulty.asked]
    assert systems[0] == {"role": "system", "content": "Use tools."}
    assert systems[-1] == {"role": "system", "content": "Use tools.\n\nBe brief."}
    assert {(body["temperature"], body["tool_choice"]) for body in faulty.asked} == {(0.5, "auto")}


def test_an_ordinary_test_and_fixtures_of_asyncio(project: pytest.Pytester, faulty: FaultyServer) -> None:
    body = f"""{HEAD}
import pytest

def test_ordinary(model):
    talk = react_sync("1 + 42?", model, [add])
    assert talk.answer.text == "43"

@pytest.mark.asyncio
async def test_on_another_loop(model):
    talk = await react([{{"role": "user", "content": "2 + 42?"}}], model, [add])
    assert talk.answer.text == "44"
"""
    project.makepyfile(test_ordinary=body)
    scripted(faulty, summing)

    quiet = ("-o", "asyncio_default_fixture_loop_scope=function")
    result = run(project, "--model", "faulty", "-p", "asyncio", *quiet, "test_ordinary.py")

    result.assert_outcomes(passed=2)


def test_a_protected_sample_shows_nothing_of_its_tools(project: pytest.Pytester, faulty: FaultyServer) -> None:
    body = BODY.replace('str(row["n"] + 42)))', 'str(row["n"] + 42)), protected=True)')
    project.makeconftest("def pytest_runtest_logreport(report):\n    assert not report.sections")
    put(project, body=body)
    scripted(faulty, in_turn([("fail", '{"why": "a secret"}')], "7"))

    result = run(project, "--model", "faulty", "test_sums.py", "-rf")

    result.assert_outcomes(failed=2)
    assert "secret" not in result.stdout.str()
