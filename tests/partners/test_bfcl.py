"""BFCL's own checkers run here, over the data of the wheel: what tool-call benchmarks are laid beside."""

import asyncio
import json
import signal
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest

from pytest_modeleval.sandbox.process import ProcessSandbox
from pytest_modeleval.sandbox.program import Program
from pytest_modeleval.scorers.bfcl.calls import Call
from pytest_modeleval.scorers.bfcl.checker import Expected, Wrong, wrong_calls
from pytest_modeleval.scorers.bfcl.conversation import CODE, IMPORTS, Conversation
from pytest_modeleval.scorers.bfcl.figures import LIVE, MULTI_TURN, SEVERAL, SIMPLE
from pytest_modeleval.scorers.bfcl.modes import written
from pytest_modeleval.scorers.bfcl.rows import Row, rows_in
from tests.scorers.bfcl.gold import call_of, named

# A library that it imports takes these over.
HANDLERS = [(which, signal.getsignal(which)) for which in (signal.SIGINT, signal.SIGTERM)]
checker = pytest.importorskip(
    "bfcl_eval.eval_checker.ast_eval.ast_checker", reason="bfcl-eval is not installed: tox -e partners"
)
turns = pytest.importorskip("bfcl_eval.eval_checker.multi_turn_eval.multi_turn_checker")
enums = pytest.importorskip("bfcl_eval.constants.enums")
for which, handler in HANDLERS:
    signal.signal(which, handler)
DATA = Path(checker.__file__).parents[2] / "data"
# A name of its table without rules of its own.
MODEL = "gorilla-openfunctions-v2"


def pairs(category: str) -> list[tuple[dict[str, Any], list[dict[str, Any]]]]:
    """The rows of a category, and what is right of each."""
    read = [
        [json.loads(line) for line in (DATA / folder / f"BFCL_v4_{category}.json").read_text().splitlines()]
        for folder in ("", "possible_answer")
    ]
    gold = {row["id"]: row["ground_truth"] for row in read[1]}
    return [(row, gold[row["id"]]) for row in read[0]]


def verdict(row: dict[str, Any], calls: list[dict[str, Any]], gold: list[dict[str, Any]], category: str) -> bool:
    found = checker.ast_checker(row["function"], calls, gold, enums.Language.PYTHON, category, MODEL)
    return bool(found["valid"])


@pytest.mark.parametrize("category", ["simple_python", "multiple", "parallel", "parallel_multiple", "live_simple"])
def test_the_official_ast_checker_tells_right_from_wrong(category: str, capsys: pytest.CaptureFixture[str]) -> None:
    counted = {"right": 0, "wrong": 0}
    for row, gold in pairs(category):
        calls = [
            {name: {key: values[0] for key, values in arguments.items() if values and values[0] != ""}}
            for call in gold
            for name, arguments in call.items()
        ]
        counted["right"] += verdict(row, calls, gold, category)
        counted["wrong"] += not verdict(row, [*calls, *calls], gold, category)
        assert not verdict(row, [{f"{name}_": value} for call in calls for name, value in call.items()], gold, category)
    with capsys.disabled():
        print(f"\nBFCL {category}: of {len(pairs(category))} gold calls right {counted['right']}")
    assert counted["wrong"] == len(pairs(category))
    # What is right of some is not what its own schema wants.
    assert counted["right"] > 0.9 * len(pairs(category))


def test_the_official_turns_checker_passes_its_gold() -> None:
    for row, gold in pairs("multi_turn_base")[:20]:
        found = turns.multi_turn_checker([[turn] for turn in gold], gold, row, "multi_turn_base", "gold")
        assert found["valid"], row["id"]


# What is done to calls, which are never empty.
BROKEN: list[Callable[[list[Call]], list[Call]]] = [
    lambda calls: [],
    lambda calls: [*calls, calls[0]],
    lambda calls: calls[::-1],
    lambda calls: [(f"{name}_", given) for name, given in calls],
    lambda calls: [(name, {}) for name, _ in calls],
    lambda calls: [(name, {**given, "tea": 1}) for name, given in calls],
    lambda calls: [(name, dict(list(given.items())[1:])) for name, given in calls],
    lambda calls: [(name, dict.fromkeys(given, "tea")) for name, given in calls],
    lambda calls: [(name, dict.fromkeys(given, 1)) for name, given in calls],
    lambda calls: [
        (name, {key: value.upper() if isinstance(value, str) else value for key, value in given.items()})
        for name, given in calls
    ],
]


@pytest.mark.parametrize("category", [*SIMPLE["v4"], *SEVERAL, *LIVE])
def test_our_verdicts_on_calls_are_the_official_ones(category: str) -> None:
    """Of every tenth row the gold, and the gold broken in ten ways."""
    language = {"simple_java": enums.Language.JAVA, "simple_javascript": enums.Language.JAVASCRIPT}.get(
        category, enums.Language.PYTHON
    )
    compared = 0
    for row in list(rows_in(DATA, category))[::10]:
        calls = [call_of(gold, row) for gold in row.gold]
        for change in (lambda calls: calls, *BROKEN):
            changed = change(calls)
            given = [{name: arguments} for name, arguments in changed]
            official = checker.ast_checker([*row.functions], given, deepcopy([*row.gold]), language, category, MODEL)[
                "valid"
            ]
            expected = Expected(row.functions, row.gold, row.language)
            ours = wrong_calls(changed, expected, any_order="parallel" in category) is None
            assert ours == official, (row.id, changed)
            compared += 1
    assert compared >= 11


@pytest.mark.parametrize("category", MULTI_TURN)
def test_our_verdicts_on_conversations_are_the_official_ones(category: str) -> None:
    """Of every fortieth row the gold, and the gold with turns left out, calls altered, turned round and added."""
    variants = [
        (row, at, [change([named(text, row) for text in gold]) if gold else [] for gold in row.gold])
        for row in list(rows_in(DATA, category))[::40]
        for at, change in enumerate((lambda calls: calls, *BROKEN[:5]))
    ]
    ours = asyncio.run(judged(variants))
    for (row, at, turns_of), verdict in zip(variants, ours, strict=True):
        official = turns.multi_turn_checker(
            [[[written(call) for call in calls]] if calls else [] for calls in turns_of],
            [*row.gold],
            {"initial_config": row.config, "involved_classes": row.classes, "id": row.id},
            category,
            f"variant{at}",
        )["valid"]
        assert (verdict is None) == official, (row.id, at, verdict)


async def judged(variants: list[tuple[Row, int, list[list[Call]]]]) -> list[Wrong | None]:
    sandbox = ProcessSandbox()
    try:
        return [await played(sandbox, row, turns_of) for row, _, turns_of in variants]
    finally:
        await sandbox.close()


async def played(sandbox: ProcessSandbox, row: Row, turns_of: list[list[Call]]) -> Wrong | None:
    session = await sandbox.session(Program(CODE, imports=IMPORTS))
    try:
        conversation = Conversation(session, row)
        await conversation.begin()
        for calls in turns_of:
            if calls:
                await conversation.results(calls)
            if wrong := await conversation.turn_over():
                return wrong
        return None
    finally:
        await session.close()
