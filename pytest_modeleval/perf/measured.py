"""What one load measured: its figures by name, and what they say of the objectives."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from pytest_modeleval.gate.verdict import Result
from pytest_modeleval.perf.client.record import Load
from pytest_modeleval.perf.figures.definitions import COUNTS, RATES, SHARES
from pytest_modeleval.perf.figures.figures import Figures, figures
from pytest_modeleval.perf.points import Point
from pytest_modeleval.perf.verdict.slo import Slo, named
from pytest_modeleval.perf.verdict.verdicts import Verdict, overall, verdicts_of


@dataclass(frozen=True)
class Measured:
    """One load point's result; ``load["p99_ttft"]`` is a figure by the name that ``--perf-slo`` has for it."""

    name: str
    model: str
    point: Point
    # The load, and what it was extended by while its limits were undecided.
    loads: Sequence[Load]
    slo: Slo = field(default_factory=Slo)
    # One-sided confidence of every bound: that of all looks together is 95 %.
    confidence: float = 0.95
    # Why the measurement itself cannot be trusted.
    invalid: Sequence[str] = ()
    # The share of its requests that may fail.
    most_errors: float = 0.0
    # The client's own error at this load, in seconds by figure, where it was calibrated.
    floor: Mapping[str, float] = field(default_factory=dict)
    # Where it was sent, and what.
    server: str = ""
    prompts: str = ""
    # A search tried it: what is judged is the search.
    is_tried: bool = False

    @cached_property
    def figures(self) -> Figures:
        """All figures."""
        return figures(self.loads, self.slo.is_good if self.slo.limits else None)

    @cached_property
    def verdicts(self) -> list[Verdict]:
        """What the figures say of each objective."""
        return verdicts_of(self.slo, self.figures, confidence=self.confidence)

    @property
    def result(self) -> Result:
        """What they say of all of them."""
        return overall(self.verdicts)

    def word(self, result: Result) -> str:
        """What is to be said of a result of this load's: nothing holds of a measurement that is invalid."""
        return "invalid" if self.invalid else result.value

    def __getitem__(self, name: str) -> float:
        """A figure in seconds, tokens, or as a share: "p99_ttft", "mean_tpot", "success", "output_rate", …

        `KeyError` where no request had it; `pytest.UsageError` for a name that no figure has.
        """
        found = self.figures
        if name in COUNTS:
            count = getattr(found, name)
            if count is None:
                raise KeyError(f"nothing tells {name!r} of this load")
            return float(count)
        statistic, figure = named("a load's figures", name)
        if figure in RATES:
            return found.rate(figure)
        if figure in SHARES:
            share = found.share(figure)
            if share is None:
                raise KeyError(f"nothing tells {name!r} of this load")
            return share
        if not statistic:
            raise KeyError(f"{name!r} needs a statistic, such as p99_{name}")
        if figure not in found.spreads:
            raise KeyError(f"no request of this load has the figure {figure!r}")
        spread = found.spreads[figure]
        return spread.statistic(statistic)

    @property
    def errors(self) -> dict[str, str]:
        """The first message of each class of failed requests."""
        return {name: text for load in self.loads for name, text in load.records.details.items()}
