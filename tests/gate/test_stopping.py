"""Early stopping, pair by pair: the order counts, not the arrival."""

import random
import re
from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_modeleval.gate.baseline import Part
from pytest_modeleval.gate.early import EarlyStop
from pytest_modeleval.gate.ledger import Outcome
from pytest_modeleval.gate.stopping import Decision, Stopper, seeded_order
from pytest_modeleval.gate.verdict import Result
from pytest_modeleval.names import benchmark_of, definition_of
from pytest_modeleval.record import ERROR, RIGHT, UNSCORED, WRONG, Record

NAMES = [f"{number:04}" for number in range(1000)]


def fed(arrivals: list[str], differences: Mapping[str, float | None], benchmarks: int = 1) -> Stopper:
    stopper = Stopper(NAMES, 0.02, benchmarks)
    for name in arrivals:
        stopper.add(name, differences[name])
    return stopper


def drawn(seed: int, drop: float, discordance: float) -> dict[str, float | None]:
    """Differences with so much of each; one in a hundred is an error."""
    random_ = random.Random(seed)

    def one() -> float | None:
        u = random_.random()
        half = discordance / 2
        found = -1.0 if u < half + drop / 2 else 1.0 if u < 2 * half else 0.0
        return None if random_.random() < 0.01 else found

    return {name: one() for name in NAMES}


@pytest.mark.parametrize(
    ("seed", "drop", "discordance", "result"),
    [(1, 0.08, 0.1, Result.FAILED), (1, 0.0, 0.03, Result.PASSED), (6, 0.02, 0.1, None)],
    ids=["worse", "unchanged", "at the margin"],
)
def test_a_decision_is_the_same_in_whatever_order_answers_come(
    seed: int, drop: float, discordance: float, result: Result | None
) -> None:
    differences = drawn(seed, drop, discordance)
    first = fed(NAMES, differences)
    random_ = random.Random(0)

    for _ in range(5):
        arrivals = random_.sample(NAMES, len(NAMES))
        again = fed(arrivals, differences)
        assert (again.decision, again.counted) == (first.decision, first.counted)

    assert (first.decision and first.decision.result) is result
    assert first.now.seen < 900 if result else first.now.seen == 1000


def test_nothing_is_decided_past_a_sample_that_is_not_known_yet() -> None:
    stopper = Stopper(NAMES, 0.02)
    for name in NAMES[1:]:
        assert not stopper.add(name, -1.0)

    assert stopper.now.seen == 0
    assert stopper.add(NAMES[0], None)
    # Six regressions and none fixed speak 18.1 : 1, seven 31.9 : 1; the first sample was an error.
    assert stopper.counted == NAMES[1:8]
    assert stopper.decision is not None
    assert stopper.decision.p_value == pytest.approx(1 / 31.875)
    assert replace(stopper.decision, p_value=0.0) == Decision(Result.FAILED, 8, 1000, 0.0, 0.02)


def test_a_decision_is_made_once() -> None:
    stopper = fed(NAMES[:8], dict.fromkeys(NAMES, -1.0))
    before = stopper.decision

    assert before is not None
    assert not stopper.add(NAMES[8], 1.0)
    assert stopper.now is before


def test_several_benchmarks_share_the_chance_of_a_false_alarm() -> None:
    regressions = dict.fromkeys(NAMES, -1.0)
    alone, among_five = fed(NAMES, regressions), fed(NAMES, regressions, benchmarks=5)

    assert alone.decision is not None
    assert among_five.decision is not None
    assert alone.decision.seen < among_five.decision.seen
    assert among_five.decision.p_value <= 0.05


@pytest.mark.parametrize("difference", [-0.25, 0.25])
def test_partial_scores_count_by_their_sign_against_and_by_their_size_for(difference: float) -> None:
    stopper = fed(NAMES, dict.fromkeys(NAMES, difference))

    # As many as whole regressions take, but more than fixes of whole samples do.
    assert stopper.now.result is (Result.FAILED if difference < 0 else Result.PASSED)
    assert (
        stopper.now.seen == 7 if difference < 0 else stopper.now.seen > fed(NAMES, dict.fromkeys(NAMES, 1.0)).now.seen
    )


@given(st.lists(st.sampled_from([-1.0, 0.0, 1.0, None, 0.5]), max_size=60), st.randoms(use_true_random=False))
def test_what_is_counted_is_a_beginning_of_the_order(differences: list[float | None], random_: random.Random) -> None:
    order = [str(number) for number in range(len(differences))]
    known = dict(zip(order, differences, strict=True))
    stopper = Stopper(order, 0.1)
    for name in random_.sample(order, len(order)):
        stopper.add(name, known[name])

    scored = [name for name in order[: stopper.now.seen] if known[name] is not None]
    assert stopper.counted == scored
    assert stopper.decision is not None or stopper.now.seen == len(order)


def test_the_order_is_the_seeds_and_the_samples_own() -> None:
    order = seeded_order(NAMES, "0 gsm8k")

    assert sorted(order) == NAMES != order
    assert seeded_order(reversed(NAMES), "0 gsm8k") == order
    assert seeded_order(NAMES, "1 gsm8k") != order != seeded_order(NAMES, "0 arc")


@pytest.mark.parametrize(
    ("decision", "claim"),
    [
        (
            Decision(Result.FAILED, 268, 1319, 0.0123, 0.02),
            "decided after 268 of 1,319 samples: worse (sequential McNemar test, p 0.012)",
        ),
        (
            Decision(Result.PASSED, 524, 1319, 0.0471, 0.02),
            "decided after 524 of 1,319 samples: all of them would show less than 2 pp lost "
            "(betting without replacement, p 0.047)",
        ),
        (
            Decision(Result.INCONCLUSIVE, 1319, 1319, 0.3, 0.015),
            "not decided after 1,319 of 1,319 samples: neither worse nor less than 1.5 pp lost (sequential tests)",
        ),
    ],
    ids=["worse", "within", "neither"],
)
def test_which_claim_was_made_is_said(decision: Decision, claim: str) -> None:
    assert decision.claim == claim


def item(benchmark: str, number: int) -> str:
    return f"tests/test_all.py::test_{benchmark}[main-{number:05}]"


def record(number: int, outcome: str, benchmark: str = "b") -> Record:
    scores = [("main", float(outcome == RIGHT), 1.0)] if outcome in (RIGHT, WRONG) else []
    return Record("m", benchmark, "main", "", number, 0, outcome, scores)


def test_a_run_is_decided_benchmark_by_benchmark() -> None:
    samples = {f"main-{number:05}": Outcome("h", 1.0, 1, 0.0) for number in range(100)}
    early = EarlyStop(0.02, 0, {"b": Part({}, samples), "c": Part({}, samples), "unused": Part({}, samples)})
    early.begin([item(name, number) for name in "bc" for number in range(100)] + ["x.py::test_plain[1]", "x.py::y"])
    asked = random.Random(0).sample(range(100), 100)

    claims = [early.add(item("b", n), record(n, ERROR if n < 2 else UNSCORED if n < 4 else WRONG)) for n in asked]
    for number in asked:
        early.add(item("c", number), record(number, RIGHT, "c"))
    early.add("x.py::test_plain[1]", record(0, WRONG))

    (claim,) = filter(None, claims)
    assert re.fullmatch(r"decided after \d+ of 100 samples: worse \(sequential McNemar test, p 0\.0\d+\)", claim)
    decision, counted = early.outcome("b")
    assert (decision.result, len(counted)) == (Result.FAILED, 8)
    assert not {f"main-{number:05}" for number in range(4)} & set(counted)
    assert early.outcome("c")[0].result is Result.PASSED


def test_the_same_scores_are_no_differences() -> None:
    """A baseline keeps nine digits of them."""
    before = {f"main-{number:05}": Outcome("h", 0.666666667, 1, 0.0) for number in range(9)}
    early = EarlyStop(0.02, 0, {"b": Part({}, before)})
    early.begin([item("b", number) for number in range(9)])

    for number in range(9):
        early.add(item("b", number), replace(record(number, RIGHT), scores=[("main", 2 / 3, 1.0)]))

    assert early.outcome("b")[0] == Decision(Result.INCONCLUSIVE, 9, 9, 1.0, 0.02)


def test_a_node_id_tells_its_test_and_benchmark() -> None:
    assert definition_of("a/test_x.py::TestA::test_gsm8k[main-00001]@group") == "a/test_x.py::TestA::test_gsm8k"
    assert benchmark_of("a/test_x.py::TestA::test_gsm8k") == "gsm8k"
    assert benchmark_of(definition_of("test_x.py::test_plain")) == "plain"
