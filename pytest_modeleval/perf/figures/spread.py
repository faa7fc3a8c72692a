"""The values of one figure, and what they can be without the client's own lag."""

from collections.abc import Sequence

from pytest_modeleval.perf.figures.distribution import Distribution


class Spread(Distribution):
    """A figure's values as they were seen; ``least`` and ``most`` have each as low and as high as it can really be.

    Each value lies between its own least and most, so each rank of them does: a statistic of the true values lies
    between that of ``least`` and that of ``most``. Intervals go from the one's lower to the other's upper end.
    """

    def __init__(self) -> None:
        super().__init__()
        # The values themselves, until one differs: few figures of few loads have all three.
        self.least: Distribution = self
        self.most: Distribution = self

    def take(self, least: Sequence[float], seen: Sequence[float], most: Sequence[float]) -> None:
        """Count several values with their bounds, in the same order."""
        if self.least is self and least != seen:
            self.least = self.copy()
        if self.most is self and most != seen:
            self.most = self.copy()
        for bound, values in ((self.least, least), (self.most, most)):
            if bound is not self:
                bound.extend(values)
        self.extend(seen)

    def bounds(self, statistic: str, *, beyond: int = 0) -> tuple[float, float]:
        """Between what a statistic ("mean", "min", "max", "p99") lies, whatever the client's own lag made of it."""
        return self.least.statistic(statistic, beyond=beyond), self.most.statistic(statistic, beyond=beyond)

    def interval(
        self, p: float, *, confidence: float = 0.95, beyond: int = 0, independent: int | None = None
    ) -> tuple[float, float]:
        """As `Distribution.interval`, wider by the client's own lag."""
        low, high = (
            Distribution.interval(each, p, confidence=confidence, beyond=beyond, independent=independent)
            for each in (self.least, self.most)
        )
        return low[0], high[1]

    def mean_interval(self, *, confidence: float = 0.95, independent: int | None = None) -> tuple[float, float]:
        """As `Distribution.mean_interval`, wider by the client's own lag."""
        low, high = (
            Distribution.mean_interval(each, confidence=confidence, independent=independent)
            for each in (self.least, self.most)
        )
        return low[0], high[1]
