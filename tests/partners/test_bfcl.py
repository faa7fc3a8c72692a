"""BFCL's own checkers run here, over the data of the wheel: what tool-call benchmarks are laid beside."""

import json
import signal
from pathlib import Path
from typing import Any

import pytest

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
