"""Early stopping of a whole run: which samples go in which order, and when a benchmark's gate is decided."""

from collections.abc import Iterable, Mapping, Sequence
from math import isfinite

import pytest

from pytest_modeleval.gate.baseline import Part
from pytest_modeleval.gate.ledger import kept
from pytest_modeleval.gate.stopping import Decision, Stopper, seeded_order
from pytest_modeleval.names import benchmark_of, definition_of
from pytest_modeleval.options.options import Options
from pytest_modeleval.record import Record
from pytest_modeleval.statistics.scale import PLAIN


def refuse_options(options: Options) -> None:
    """`pytest.UsageError` for what an early stop cannot go with."""
    for wrong, why in (
        (options.baseline is None, "compares with a run: give --eval-baseline FILE"),
        (options.repeats > 1, "weighs one answer a sample: leave --eval-repeats out"),
        (bool(options.min_score), "may leave samples out, which a least score needs: leave --eval-min-score out"),
        (
            options.save_baseline is not None,
            "may leave samples out, which a baseline needs: leave --eval-save-baseline out",
        ),
    ):
        if wrong:
            raise pytest.UsageError(f"--eval-stop-early {why}")


class EarlyStop:
    """The stoppers of a run's benchmarks, by the node ids of their items. Holds for one model, as a baseline does."""

    def __init__(self, margin: float, seed: int, parts: Mapping[str, Part]) -> None:
        self._margin = margin
        self._seed = seed
        self._parts = parts
        self._stoppers: dict[str, Stopper] = {}
        self._names: dict[str, str] = {}
        for name, part in parts.items():
            if not isfinite(part.scale.width):
                raise pytest.UsageError(
                    f"{name}: --eval-stop-early weighs scores between two ends, and these are {part.scale}: "
                    "leave it out"
                )
            if any(outcome.repeats > 1 for outcome in part.samples.values()):
                raise pytest.UsageError(
                    f"{name}: --eval-stop-early weighs one answer a sample, and the baseline has the mean of several: "
                    "bless a run without --eval-repeats (aa of [gate] may stay)"
                )

    def arrange(self, items: list[pytest.Item]) -> None:
        """Put each benchmark's items, among themselves, into the order in which they count."""
        places: dict[str, list[int]] = {}
        for number, item in enumerate(items):
            if benchmark_of(test := definition_of(item.nodeid)) in self._parts:
                places.setdefault(test, []).append(number)
        for test, numbers in places.items():
            own = [items[number] for number in numbers]
            rank = {key: place for place, key in enumerate(self._order(test, (item.nodeid for item in own)))}
            for number, item in zip(numbers, sorted(own, key=lambda item: rank[item.nodeid]), strict=True):
                items[number] = item

    def begin(self, nodeids: Iterable[str]) -> None:
        """Expect these items; called again, it changes nothing."""
        if self._stoppers:
            return
        by_test: dict[str, list[str]] = {}
        for nodeid in nodeids:
            if benchmark_of(test := definition_of(nodeid)) in self._parts:
                by_test.setdefault(test, []).append(nodeid)
        self._stoppers = {
            test: Stopper(self._order(test, own), self._margin, benchmarks=len(by_test))
            for test, own in by_test.items()
        }

    def add(self, nodeid: str, record: Record) -> str | None:
        """Note an item's record; where that decides, the claim."""
        stopper = self._stoppers.get(definition_of(nodeid))
        if stopper is None:
            return None
        now = next((value for metric, value, _ in record.scores if metric == "main"), None)
        part = self._parts[record.benchmark]
        before = part.samples.get(record.name)
        # Another kind of score is refused at the end, and decides nothing before.
        difference = None
        if now is not None and before is not None and record.scales.get("main", PLAIN) == part.scale:
            difference = part.scale.sign * (kept(now) - before.score) / part.scale.width
        self._names[nodeid] = record.name
        return stopper.now.claim if stopper.add(nodeid, difference) else None

    def outcome(self, benchmark: str) -> tuple[Decision, Sequence[str]]:
        """The benchmark's decision, or how things stand, and the names of the samples that it rests on."""
        (stopper,) = (each for test, each in self._stoppers.items() if benchmark_of(test) == benchmark)
        return stopper.now, [self._names[nodeid] for nodeid in stopper.counted]

    def _order(self, test: str, nodeids: Iterable[str]) -> list[str]:
        return seeded_order(nodeids, f"{self._seed} {benchmark_of(test)}")
