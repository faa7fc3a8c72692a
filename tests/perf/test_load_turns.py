"""Loads of conversations, whose turns go one after another."""

import json
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from pytest_modeleval.perf.client.record import LoadRequest, Plan
from pytest_modeleval.perf.server.behaviour import Behaviour
from pytest_modeleval.perf.server.process import BenchServer
from pytest_modeleval.perf.verdict.validity import decide

from .conftest import QUICK
from .loads import errors, load


def turns(conversation: str, number: int) -> list[LoadRequest]:
    def asked(turn: int) -> Any:
        def make(answers: Sequence[str]) -> bytes:
            assert len(answers) == turn
            said = [{"role": "assistant", "content": answer} for answer in answers]
            return json.dumps({"messages": said, "stream": True, "user": f"{conversation}{turn}"}).encode()

        return make

    return [LoadRequest(asked(turn), conversation=conversation, quoted=True) for turn in range(number)]


@pytest.mark.parametrize("plan", [Plan(parallel=3, number=9), Plan(rate=200, number=9)], ids=["closed", "open"])
def test_turns_of_a_conversation_go_one_after_another_and_quote_the_answers(bench: BenchServer, plan: Plan) -> None:
    mixed = [turn for three in zip(turns("a", 3), turns("b", 3), turns("c", 3), strict=True) for turn in three]
    for order in (mixed, [*turns("a", 3), *turns("b", 3), *turns("c", 3)]):
        bench.behave(QUICK)
        seen = load(bench, plan, order)

        assert errors(seen) == {"": 9}
        for name in "abc":
            own = sorted((one for one in seen.records if one.conversation == name), key=lambda one: one.sent)
            assert [record.turn for record in own] == [0, 1, 2]
            assert all(before.ended <= after.sent for before, after in pairwise(own))
            # The answers are quoted, so each prompt is longer.
            assert [own[0].input_tokens or 0] < [own[1].input_tokens or 0] < [own[2].input_tokens or 0]


def test_a_tools_time_is_waited_and_leaves_its_stream_busy(bench: BenchServer) -> None:
    bench.behave(QUICK)
    pauses = (0.0, 0.2, 0.1)
    asked = [
        replace(turn, pause=pause)
        for name in map(str, range(12))
        for turn, pause in zip(turns(name, 3), pauses, strict=True)
    ]
    seen = load(bench, Plan(parallel=2, number=36), asked)

    assert errors(seen) == {"": 36}
    for name in map(str, range(12)):
        own = sorted((one for one in seen.records if one.conversation == name), key=lambda one: one.sent)
        waited = [after.scheduled - before.ended for before, after in pairwise(own)]
        # It begins when the answer has been read, which is later than it came, and is never shorter.
        assert [pause <= wait + 1e-6 for pause, wait in zip(pauses[1:], waited, strict=True)] == [True, True]
    # Most of the time a conversation waits for its tools, and no other takes its place.
    assert seen.client.parallel < seen.client.paused
    assert "on their way on average" not in str(decide(seen))


@pytest.mark.parametrize(
    ("behaviour", "error"),
    [(replace(QUICK, error_every=2), "http 500"), (replace(QUICK, cut_every=2), "cut")],
    ids=["http 500", "cut"],
)
def test_a_failed_turn_ends_its_conversation(bench: BenchServer, behaviour: Behaviour, error: str) -> None:
    bench.behave(behaviour)
    seen = load(bench, Plan(parallel=1, number=9), [*turns("a", 3), *turns("b", 1)])

    assert [(record.conversation, record.error) for record in seen.records] == [("a", ""), ("a", error), ("b", "")]
    assert seen.dropped == 1
