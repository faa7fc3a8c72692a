"""Many values of one figure: percentiles with linear interpolation, their intervals, bounded memory."""

import math
from array import array
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator
from operator import mul
from statistics import NormalDist

# So many values are kept as they are (16 MB); more are counted in buckets.
EXACT = 2_000_000
_AT_ONCE = 100_000
# Buckets of a power of two: each is at most 1/1024 of its value wide.
_BUCKETS = 1024


class Distribution:
    """Values of one figure; sums and order are made when they are first looked at."""

    def __init__(self, values: "array[float] | list[float] | tuple[float, ...]" = (), *, exact: int = EXACT) -> None:
        self._values = array("d", values)
        self._exact = exact
        # Of what is counted in buckets.
        self._buckets: Counter[int] = Counter()
        self._edges: tuple[list[int], array[int]] | None = None
        self._n = 0
        self._total = self._squares = 0.0
        self._low, self._high = math.inf, -math.inf
        self._is_settled = False

    def add(self, value: float) -> None:
        """Count a value."""
        self.extend((value,))

    def extend(self, values: Iterable[float]) -> None:
        """Count several values."""
        self._values.extend(values)
        self._is_settled = False
        if len(self._values) > self._exact or (self._buckets and len(self._values) > _AT_ONCE):
            self._fold()

    def _fold(self) -> None:
        """Count the values in buckets, and forget them."""
        values, self._values = self._values, array("d")
        self._take(values)
        self._buckets.update(map(_bucket, values))
        self._edges = None

    def _take(self, values: "array[float]") -> None:
        self._n += len(values)
        self._total += math.fsum(values)
        self._squares += math.fsum(map(mul, values, values))
        self._low = min(self._low, min(values, default=math.inf))
        self._high = max(self._high, max(values, default=-math.inf))

    def _settle(self) -> None:
        if self._is_settled:
            return
        if self._buckets:
            self._fold()
        else:
            self._n, self._total, self._squares, self._low, self._high = 0, 0.0, 0.0, math.inf, -math.inf
            self._values = array("d", sorted(self._values))
            self._take(self._values)
        self._is_settled = True

    def __len__(self) -> int:
        self._settle()
        return self._n

    def __bool__(self) -> bool:
        return bool(self._values or self._buckets)

    @property
    def mean(self) -> float:
        """The arithmetic mean."""
        self._settle()
        return self._total / self._n

    @property
    def min(self) -> float:
        """The smallest value."""
        self._settle()
        return self._low

    @property
    def max(self) -> float:
        """The largest value."""
        self._settle()
        return self._high

    def copy(self) -> "Distribution":
        """Another one with the same values."""
        other = Distribution(self._values, exact=self._exact)
        other._buckets = Counter(self._buckets)
        other._n, other._total, other._squares = self._n, self._total, self._squares
        other._low, other._high = self._low, self._high
        return other

    def statistic(self, name: str, *, beyond: int = 0) -> float:
        """The "mean", "min", "max", or a percentile such as "p99.9"; ``beyond`` as in `percentile`."""
        if name in ("mean", "min", "max"):
            return float(getattr(self, name))
        return self.percentile(float(name[1:]), beyond=beyond)

    def ranked(self, rank: int) -> float:
        """The value that is ``rank``-th from below, counted from 0."""
        self._settle()
        if rank in (0, self._n - 1):
            return self._high if rank else self._low
        if not self._buckets:
            return self._values[rank]
        return min(max(self._of_bucket(rank), self._low), self._high)

    def percentile(self, p: float, *, beyond: int = 0) -> float:
        """The ``p``-th percentile, interpolated linearly between the two nearest ranks (numpy's default; R's type 7).

        ``beyond`` more values are counted as infinite: those of requests that never came to their end.
        """
        place = (len(self) + beyond - 1) * p / 100
        below = math.floor(place)
        low = self._or_infinite(below)
        if place == below or low == math.inf:
            return low
        return low + (self._or_infinite(below + 1) - low) * (place - below)

    def interval(
        self, p: float, *, confidence: float = 0.95, beyond: int = 0, independent: int | None = None
    ) -> tuple[float, float]:
        """Order-statistic interval of the ``p``-th percentile; infinite where too few values lie beyond it.

        Ranks l and u with P(X_(l) <= percentile < X_(u)) >= confidence by the binomial distribution of the number of
        values below it (David and Nagaraja, Order Statistics, 7.1): no assumption on the values' distribution. Where
        only some of the values are ``independent``, such as one gap of each request, it is as wide as for these.
        """
        n = len(self) + beyond
        units = min(independent or n, n)
        low, high = ranks(units, p / 100, confidence=confidence)
        scale = (n - 1) / max(units - 1, 1)
        # Of a handful of values the bound's rank may lie beyond the interpolated percentile.
        here = self.percentile(p, beyond=beyond)
        return (
            -math.inf if low is None else min(self._or_infinite(math.floor(low * scale)), here),
            math.inf if high is None else max(self._or_infinite(math.ceil(high * scale)), here),
        )

    def mean_interval(self, *, confidence: float = 0.95, independent: int | None = None) -> tuple[float, float]:
        """The mean's interval by the central limit theorem; infinite for fewer than 30 ``independent`` values."""
        units = min(independent or len(self), len(self))
        if units < 30:
            return -math.inf, math.inf
        spread = math.sqrt(max(0.0, self._squares / self._n - self.mean**2) * units / (units - 1))
        half = NormalDist().inv_cdf((1 + confidence) / 2) * spread / math.sqrt(units)
        return self.mean - half, self.mean + half

    def _or_infinite(self, rank: int) -> float:
        return self.ranked(rank) if rank < len(self) else math.inf

    def _of_bucket(self, rank: int) -> float:
        if self._edges is None:
            keys, total, edges = sorted(self._buckets), 0, array("q")
            for key in keys:
                total += self._buckets[key]
                edges.append(total)
            self._edges = keys, edges
        keys, edges = self._edges
        return _middle(keys[bisect_right(edges, rank)])


def _bucket(value: float) -> int:
    if value <= 0:
        return -(1 << 40)
    mantissa, exponent = math.frexp(value)
    return exponent * _BUCKETS + int((mantissa - 0.5) * 2 * _BUCKETS)


def _middle(bucket: int) -> float:
    if bucket == -(1 << 40):
        return 0.0
    exponent, place = divmod(bucket, _BUCKETS)
    return math.ldexp(0.5 + (place + 0.5) / (2 * _BUCKETS), exponent)


def ranks(n: int, share: float, *, confidence: float = 0.95) -> tuple[int | None, int | None]:
    """The ranks (from 0) between which the ``share``-quantile of ``n`` values lies; None where there is none."""
    tail = (1 - confidence) / 2
    low = high = None
    # P(fewer than k+1 of n values lie below the quantile).
    for k, below in _binomial_cdf(n, share):
        if below <= tail and k < n:
            low = k
        if below >= 1 - tail:
            high = k if k < n else None
            break
    return low, high


def _binomial_cdf(n: int, share: float) -> Iterator[tuple[int, float]]:
    """(k, P(X <= k)) for the k that matter: 12 standard deviations around the mean."""
    if not 0 < share < 1 or n < 1:
        return
    width = 12 * math.sqrt(n * share * (1 - share)) + 12
    start, end = max(0, int(n * share - width)), min(n, int(n * share + width) + 1)
    total = 0.0
    odds = share / (1 - share)
    mass = math.exp(
        math.lgamma(n + 1)
        - math.lgamma(start + 1)
        - math.lgamma(n - start + 1)
        + start * math.log(share)
        + (n - start) * math.log1p(-share)
    )
    for k in range(start, end + 1):
        total += mass
        yield k, total
        mass *= (n - k) / (k + 1) * odds
