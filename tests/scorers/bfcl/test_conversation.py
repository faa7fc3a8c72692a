"""Conversations over several turns, with a class made up here in a real session."""

import asyncio
import importlib.util
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any

import pytest

from pytest_modeleval.sample import SampleError
from pytest_modeleval.sandbox.process import ProcessSandbox
from pytest_modeleval.sandbox.program import Limits, Program
from pytest_modeleval.scorers.bfcl.answers import wrong_answer
from pytest_modeleval.scorers.bfcl.checker import VALUE, Wrong
from pytest_modeleval.scorers.bfcl.conversation import (
    BROKEN,
    CODE,
    NO_CALLS,
    RESULTS,
    STATE,
    Conversation,
    Memory,
    OverStep,
)
from pytest_modeleval.scorers.bfcl.rows import Row

Made = tuple[str, dict[str, Any]]
SHELF = """
class Shelf:
    def __init__(self):
        self.books, self._seen = [], 0
    def _load_scenario(self, scenario, long_context=False):
        self.books = scenario["books"]
        if long_context:
            self.books += ["long"] * 3
    def add(self, title):
        self.books.append(title)
        return {"added": title}
    def look(self):
        self._seen += 1
        return self.books
    def count(self):
        return len(self.books)
    def wait(self):
        while True:
            pass
"""
ROW = Row(
    "multi_turn_base_0",
    "multi_turn_base",
    [[], [], []],
    [],
    gold=[["add(title='B')", "count()"], [], ["add('C')"]],
    classes=["Shelf"],
    config={"Shelf": {"books": ["A"]}},
)


@pytest.fixture(scope="module")
def sandbox() -> Iterator[ProcessSandbox]:
    opened = ProcessSandbox(cores=1)
    yield opened
    asyncio.run(opened.close())


def play(sandbox: ProcessSandbox, act: Callable[[Conversation], Awaitable[Any]], row: Row = ROW) -> Any:
    async def played() -> Any:
        session = await sandbox.session(Program(CODE + SHELF, limits=Limits(seconds=2)))
        try:
            conversation = Conversation(session, row, module_of=lambda name: "__main__")
            await conversation.begin()
            return await act(conversation)
        finally:
            await session.close()

    return asyncio.run(played())


def turns(*steps: list[list[Made]]) -> Callable[[Conversation], Awaitable[Wrong | None]]:
    async def act(conversation: Conversation) -> Wrong | None:
        for each in steps:
            for calls in each:
                await conversation.results(calls)
            if wrong := await conversation.turn_over():
                return wrong
        return None

    return act


ADD_B: Made = ("add", {"title": "B"})
ADD_C: Made = ("add", {"title": "C"})
COUNT: Made = ("count", {})
NOTHING: Made = ("nothing", {})
LOOK: Made = ("look", {})


@pytest.mark.parametrize(
    ("steps", "wrong"),
    [
        ([[[ADD_B, COUNT]], [], [[ADD_C]]], None),
        ([[[ADD_B], [COUNT]], [], [[ADD_C]]], None),
        ([[[LOOK], [NOTHING], [ADD_B], [COUNT], []], [[LOOK]], [[ADD_C]]], None),
        ([[[ADD_B, COUNT]], [[ADD_C]], [[LOOK]]], None),
        ([[]], Wrong(NO_CALLS, "turn 1: nothing was called")),
        ([[[]]], Wrong(NO_CALLS, "turn 1: nothing was called")),
        ([[[ADD_B, COUNT]], [], []], Wrong(NO_CALLS, "turn 3: nothing was called")),
        ([[[ADD_C, COUNT]]], Wrong(STATE, "turn 1: Shelf.books is ['A', 'C'], not ['A', 'B']")),
        ([[[ADD_B]]], Wrong(RESULTS, "turn 1: no call gave 2")),
        (
            [[[ADD_B, COUNT]], [[ADD_B]], [[ADD_C]]],
            Wrong(STATE, "turn 3: Shelf.books is ['A', 'B', 'B', 'C'], not ['A', 'B', 'C']"),
        ),
    ],
)
def test_after_each_turn_the_state_and_the_results_are_the_golds(
    sandbox: ProcessSandbox, steps: list[list[list[Made]]], wrong: Wrong | None
) -> None:
    """What is needless does no harm but by its state."""
    assert play(sandbox, turns(*steps)) == wrong


def test_results_are_texts_as_a_model_reads_them(sandbox: ProcessSandbox) -> None:
    hostile: list[Made] = [("__import__", {"name": "os"}), ("_load_scenario", {}), ("os.getpid()", {}), ("exec", {})]
    wrong: list[Made] = [("add", {"name": "B"}), ("add", {})]
    calls = [ADD_B, LOOK, *wrong, *hostile]

    async def act(conversation: Conversation) -> list[str]:
        return await conversation.results(calls)

    assert play(sandbox, act) == [
        '{"added": "B"}',
        "['A', 'B']",
        "Error during execution: Shelf.add() got an unexpected keyword argument 'name'",
        "Error during execution: Shelf.add() missing 1 required positional argument: 'title'",
        "Error during execution: name '__import__' is not defined",
        "Error during execution: name '_load_scenario' is not defined",
        "Error during execution: name 'os.getpid()' is not defined",
        "Error during execution: name 'exec' is not defined",
    ]


def test_every_conversation_begins_afresh(sandbox: ProcessSandbox) -> None:
    """The official checker goes on with the state of the repeat before."""
    act = turns([[ADD_B, COUNT]], [], [[ADD_C]])

    assert [play(sandbox, act) for _ in range(3)] == [None] * 3


def test_a_long_context_is_told_to_the_classes(sandbox: ProcessSandbox) -> None:
    row = Row("multi_turn_long_context_0", "multi_turn_long_context", [[]], [], classes=["Shelf"], config=ROW.config)

    async def act(conversation: Conversation) -> list[str]:
        return await conversation.results([COUNT])

    assert play(sandbox, act, row) == ["4"]


def test_a_step_that_does_not_end_is_the_models_fault(sandbox: ProcessSandbox) -> None:
    async def act(conversation: Conversation) -> Wrong:
        with pytest.raises(OverStep) as raised:
            await conversation.results([("wait", {})])
        return raised.value.wrong

    assert play(sandbox, act) == Wrong(BROKEN, "the program took more than its time")


def test_classes_that_cannot_be_made_are_an_error_with_the_command(sandbox: ProcessSandbox) -> None:
    row = Row("r", "multi_turn_base", [[]], [], classes=["Missing"])

    with pytest.raises(SampleError, match=r"r: BFCL's classes cannot be made: .*pip install --no-deps bfcl-eval"):
        play(sandbox, turns(), row)


@pytest.mark.skipif(
    any(importlib.util.find_spec(name) is None for name in ("bfcl_eval", "overrides", "filelock", "rank_bm25")),
    reason="bfcl_eval, overrides, filelock or rank_bm25 is not installed here",
)
@pytest.mark.parametrize(
    ("kind", "first", "then", "seen", "held"),
    [
        (
            "rec_sum",
            ("memory_append", {"text": "Likes tea."}),
            ("memory_append", {"text": " And cats."}),
            ["There is no content in the memory at this point.", "Likes tea."],
            {"memory": "Likes tea. And cats."},
        ),
        (
            "kv",
            ("core_memory_add", {"key": "drink", "value": "tea"}),
            ("archival_memory_add", {"key": "pet", "value": "cat"}),
            ["There is no content in the core memory at this point.", '{\n    "drink": "tea"\n}'],
            {"core_memory": {"drink": "tea"}, "archival_memory": {"pet": "cat"}},
        ),
    ],
)
def test_a_memory_goes_from_one_conversation_to_the_next(
    sandbox: ProcessSandbox, kind: str, first: Made, then: Made, seen: list[str], held: dict[str, Any]
) -> None:
    row = Row("memory_0", f"memory_{kind}", [[]], [], classes=[f"MemoryAPI_{kind}"])

    async def played(before: Mapping[str, Any], call: Made) -> tuple[str, list[str], Mapping[str, Any]]:
        session = await sandbox.session(Program(CODE, limits=Limits(seconds=60)))
        try:
            memory = Memory(session, row)
            shown = await memory.begin(before)
            return shown, await memory.results([call]), await memory.held()
        finally:
            await session.close()

    earlier = asyncio.run(played({}, first))
    later = asyncio.run(played(earlier[2], then))

    assert [earlier[0], later[0]] == seen
    assert all("status" in result for result in earlier[1] + later[1])
    assert later[2] == held


@pytest.mark.parametrize(
    ("answer", "is_right"),
    [
        ("{'answer': '35', 'context': 'told'}", True),
        ("You are thirty-five.", False),
        ("You are thirty five.", True),
        ("THIRTY FIVE", True),
        ("He is 135.", False),
        ("(35)", True),
        ("", False),
    ],
)
def test_an_answer_holds_what_was_to_be_remembered(answer: str, is_right: bool) -> None:
    wrong = wrong_answer(answer, ["35", "thirty five"])

    assert wrong == (None if is_right else Wrong(VALUE, "the answer holds none of 35, thirty five"))
