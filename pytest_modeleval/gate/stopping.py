"""When to stop asking: one benchmark's pairs, fed to two tests in an order that was fixed before anything was known."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from random import Random

from pytest_modeleval.gate.verdict import Result
from pytest_modeleval.statistics.sequential import Within, Worse


def seeded_order(keys: Iterable[str], seed: str) -> list[str]:
    """The keys in an order that only they and the seed decide.

    The tests hold for pairs in an order fixed beforehand: neither as the answers come (short ones are easy ones), nor
    as the dataset lists them.
    """
    order = sorted(keys)
    Random(f"{seed} order").shuffle(order)
    return order


@dataclass(frozen=True)
class Decision:
    """What was decided after so many samples of the ``total``; ``p_value`` holds at any time."""

    result: Result
    seen: int
    total: int
    p_value: float
    margin: float

    @property
    def claim(self) -> str:
        """Which claim was made, by which test."""
        points, p_value = f"{self.margin * 100:g} pp", f"p {self.p_value:.2g}"
        after = f"decided after {self.seen:,} of {self.total:,} samples"
        if self.result is Result.FAILED:
            return f"{after}: worse (sequential McNemar test, {p_value})"
        if self.result is Result.PASSED:
            return f"{after}: all of them would show less than {points} lost (betting without replacement, {p_value})"
        return f"not {after}: neither worse nor less than {points} lost (sequential tests)"


@dataclass(slots=True)
class Stopper:
    """Feeds differences, known in any order, to both tests in the given one, and decides once.

    A sample without a difference (an error, or not scored) is passed over, but waited for. ``Within`` keeps the total
    with it in: its claim is about all samples, of which those are some that were not seen.
    """

    order: Sequence[str]
    margin: float
    benchmarks: int = 1
    alpha: float = 0.05
    counted: list[str] = field(default_factory=list)
    decision: Decision | None = None
    _known: dict[str, float | None] = field(default_factory=dict)
    _seen: int = 0
    _worse: Worse = field(default_factory=Worse)
    _within: Within = field(init=False)

    def __post_init__(self) -> None:
        self._within = Within(len(self.order), self.margin)

    def add(self, key: str, difference: float | None) -> bool:
        """Note a sample's score less the baseline's; whether that decided."""
        if self.decision is not None:
            return False
        self._known.setdefault(key, difference)
        while self.decision is None and self._seen < len(self.order) and self.order[self._seen] in self._known:
            self._feed(self.order[self._seen])
        return self.decision is not None

    def _feed(self, key: str) -> None:
        self._seen += 1
        difference = self._known[key]
        if difference is None:
            return
        self.counted.append(key)
        self._worse.add(difference)
        self._within.add(difference)
        now = self.now
        if now.result is not Result.INCONCLUSIVE:
            self.decision = now

    @property
    def now(self) -> Decision:
        """The decision, or how things stand.

        That one of several benchmarks is called worse without being so has chance α in all: each is allowed α over
        their number (Bonferroni), at every look. All of them have to pass, so nothing is gained by more of them there.
        """
        if self.decision is not None:
            return self.decision
        worse, within = min(1.0, self.benchmarks * self._worse.p_value), self._within.p_value
        if worse <= self.alpha:
            result, p_value = Result.FAILED, worse
        elif within <= self.alpha:
            result, p_value = Result.PASSED, within
        else:
            result, p_value = Result.INCONCLUSIVE, worse
        return Decision(result, self._seen, len(self.order), p_value, self.margin)
