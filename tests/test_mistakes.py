"""What went wrong with a sample: by table, and as a run keeps it."""

import json
import sqlite3
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_modeleval.results.failures import Mistake, mistake_of, refuses
from pytest_modeleval.sample import Completion, Filtered, JudgeError, SampleError, Score
from pytest_modeleval.scorers.amounts import same_amount
from pytest_modeleval.scorers.choices import same_choice
from pytest_modeleval.scorers.maths import same_expression
from pytest_modeleval.scorers.numbers import same_number
from pytest_modeleval.scorers.several import same_choices
from pytest_modeleval.scorers.texts import same_text
from tests.conftest import FaultyServer, answer, run, send

WRONG = Score(0.0, False, "41", "42")


@pytest.mark.parametrize(
    ("outcome", "error", "completion", "score", "expected"),
    [
        pytest.param("right", None, Completion("42"), None, None, id="right"),
        pytest.param("right", None, Completion("42", finish_reason="length"), None, None, id="right-though-cut-off"),
        pytest.param("unscored", None, None, None, None, id="unscored"),
        pytest.param("wrong", None, Completion("41"), WRONG, "wrong answer", id="wrong"),
        pytest.param("wrong", None, Completion("41"), None, "wrong answer", id="a-plain-assert"),
        pytest.param("wrong", None, Completion("41", finish_reason="length"), WRONG, "cut off", id="cut-off"),
        pytest.param("wrong", None, Completion("", finish_reason="max_tokens"), None, "cut off", id="all-thinking"),
        pytest.param("wrong", None, Completion("No.", finish_reason="refusal"), WRONG, "refused", id="refusal-field"),
        pytest.param("wrong", None, Completion("I can't help with that."), WRONG, "refused", id="refusal-text"),
        pytest.param("wrong", None, Completion(" \n"), WRONG, "no answer found", id="blank"),
        pytest.param("wrong", None, Completion("", tool_calls=({},)), WRONG, "wrong answer", id="a-tool-call"),
        pytest.param("wrong", None, Completion("x"), Score(0.0, False, mistake="time-out"), "time-out", id="a-program"),
        pytest.param("wrong", None, Completion("x"), Score(0.0, False, mistake="rude"), "wrong answer", id="own-name"),
        pytest.param("error", SampleError("no answer after 3"), None, None, "request error", id="request"),
        pytest.param("error", Filtered("cut"), None, None, "filtered", id="filtered"),
        pytest.param("error", JudgeError("no verdict"), None, None, "judge error", id="judge"),
        pytest.param("error", KeyError("x"), Completion("42"), None, "judge error", id="scorer-failed"),
    ],
)
def test_each_has_its_name(
    outcome: str, error: Exception | None, completion: Completion | None, score: Score | None, expected: str | None
) -> None:
    assert mistake_of(outcome, error, completion, score) == expected


@pytest.mark.parametrize(
    "score",
    [
        pytest.param(same_number("none at all", "42"), id="number"),
        pytest.param(same_amount("none at all", "42"), id="amount"),
        pytest.param(same_choice("none of them", "A", ["x", "y"]), id="choice"),
        pytest.param(same_choices("none of them", "AB", ["x", "y"]), id="choices"),
        pytest.param(same_text("", ["42"]), id="text"),
        pytest.param(same_expression(r"it is \boxed{4", "42"), id="expression"),
    ],
)
def test_scorers_tell_that_they_found_nothing(score: Score) -> None:
    assert mistake_of("wrong", None, Completion("x"), score) == Mistake.NO_ANSWER


@pytest.mark.parametrize(
    "text",
    [
        "I'm sorry, but I can't assist with that request.",
        "I’m sorry, I cannot help you.",
        "  I cannot provide that.",
        "Sorry, I won't answer this.",
        "As an AI language model, I cannot provide medical advice.",
        "I apologize, but I am unable to comply.",
        "抱歉,我无法回答这个问题。",
    ],
)
def test_a_refusal_is_known_by_its_beginning(text: str) -> None:
    assert refuses(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "I'm sorry, I miscounted: it is 5.",
        "I can help with that. The answer is B.",
        "The doctor said: I cannot help.",
        "I cannot be sure, but B.",
        "As an AI is a machine, the answer is A.",
        "抱歉,答案是B。",
    ],
)
def test_an_apology_alone_is_no_refusal(text: str) -> None:
    assert not refuses(text)


@given(st.text(st.characters(), max_size=400), st.sampled_from(["right", "wrong", "error", "unscored"]))
def test_any_text_has_one_verdict(text: str, outcome: str) -> None:
    first, second = (mistake_of(outcome, None, Completion(text), None) for _ in range(2))

    assert first == second
    assert (first is None) == (outcome in ("right", "unscored"))


def test_allure_knows_what_weighs_more_than_a_wrong_answer() -> None:
    from pytest_modeleval.reports.allure.sample import SEVERITY

    assert {*SEVERITY} < {*Mistake}
    assert Mistake.WRONG not in SEVERITY


def test_a_refusal_is_looked_for_in_bounded_time() -> None:
    assert not refuses("as an ai " * 1_000_000)
    assert not refuses("抱歉,我" + "能" * 1_000_000)


def test_a_run_keeps_what_went_wrong(project: pytest.Pytester, faulty: FaultyServer) -> None:
    def fault(handler: Any, body: dict[str, Any]) -> None:
        asked = body["messages"][-1]["content"]
        choice = {"message": {"role": "assistant", "content": "41"}, "finish_reason": "stop"}
        if "easy 0" in asked:
            choice["finish_reason"] = "content_filter"
        elif "easy 1" in asked:
            choice["finish_reason"] = "length"
        elif "easy 2" in asked:
            choice["message"] = {"role": "assistant", "content": None, "refusal": "I'd rather not."}
        elif "easy 3" in asked:
            choice["message"] = {"role": "assistant", "content": "Who knows?"}
        elif "easy 4" in asked:
            return send(handler, 400, {"error": {"message": "blocked", "code": "content_filter"}})
        elif "easy 5" in asked:
            return send(handler, 500, {"error": {"message": "broken"}})
        elif "hard 0" in asked:
            return answer("42")(handler, body)
        return send(handler, 200, {"choices": [choice], "usage": {}})

    faulty.fault = fault
    run(project, "--model", "faulty", "test_answers.py")

    with sqlite3.connect(project.path / ".modeleval" / "store.sqlite") as store:
        kept = dict(store.execute("select item, mistake from scores").fetchall())
    store.close()
    names = {item.rpartition("[")[2].removesuffix("]"): mistake for item, mistake in kept.items()}
    assert names == {
        "easy-00000": "filtered",
        "easy-00001": "cut off",
        "easy-00002": "refused",
        "easy-00003": "no answer found",
        "easy-00004": "filtered",
        "easy-00005": "request error",
        "hard-00000": None,
        "hard-00001": "wrong answer",
        "hard-00002": "wrong answer",
        "hard-00003": "wrong answer",
    }, json.dumps(names)
