"""The highest load that keeps an objective, and the knee of the throughput, with few loads tried."""

import enum
import math
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import pytest

from pytest_modeleval.perf.verdict.slo import Slo, parse

_NUMBER = r"\d+(?:\.\d+)?"
_FIND = re.compile(
    rf"(?:max (parallel|rate)|knee of (parallel|rate))(?: from ({_NUMBER}))?(?: to ({_NUMBER}))?(?: where (.+))?",
    re.DOTALL,
)
# Two loads this close are one: what a load keeps varies as much from run to run.
RESOLUTION = 0.1
# A doubled load that brings less than this share more of throughput has found the server saturated.
_GROWTH = 0.05
_MOST = {"parallel": 4096.0, "rate": 65536.0}


class Kept(enum.Enum):
    """What trying a load said."""

    YES = "kept"
    NO = "not kept"
    UNDECIDED = "undecided"
    INVALID = "invalid"


@dataclass(frozen=True)
class Find:
    """What is searched: the highest load that keeps the objectives, or (without any) the knee."""

    load: Literal["parallel", "rate"]
    low: float
    high: float
    slo: Slo | None
    text: str

    def between(self, low: float, high: float) -> float | None:
        """A load to try between two; None where they are as close as it matters."""
        if high <= low * (1 + RESOLUTION):
            return None
        middle = math.sqrt(low * high)
        if self.load == "rate":
            return float(f"{middle:.3g}")
        whole = round(middle)
        return whole if low < whole < high else None


@dataclass(frozen=True)
class Found:
    """The answer of a search."""

    # The highest load that kept the objectives with none below it that did not; None where none did.
    kept: float | None
    # The lowest load that did not, or could not be measured; None where the search ended before.
    broken: float | None
    # Why the highest is not known better: "" where both ends are.
    why: str
    tried: Sequence[tuple[float, Kept]]

    @property
    def best(self) -> float | None:
        """The load that was searched."""
        return self.kept


def read_find(flag: str, text: str) -> Find:
    """What a text asks to find; `pytest.UsageError` where it is nothing that can be found."""
    match = _FIND.fullmatch(" ".join(text.split())) if len(text) < 2000 else None
    if match is None or bool(match[1]) != bool(match[5]):
        raise pytest.UsageError(
            f'{flag} takes "max parallel where p99_ttft<=500ms", "max rate from 1 to 64 where …", "knee of parallel" '
            f'or "knee of rate", not {text!r}'
        )
    load: Literal["parallel", "rate"] = "parallel" if "parallel" in (match[1], match[2]) else "rate"
    low, high = float(match[3] or 1), float(match[4] or _MOST[load])
    if not 0 < low < high:
        raise pytest.UsageError(f"{flag}: from {low:g} to {high:g} is no range of loads")
    if load == "parallel" and (low % 1 or high % 1):
        raise pytest.UsageError(f"{flag}: parallel is a whole number, from {low:g} to {high:g} is not")
    return Find(load, low, high, parse(flag, match[5]) if match[5] else None, text)


def highest(find: Find, attempt: Callable[[float], Kept]) -> Found:
    """Double the load until it does not keep the objectives, then halve what is between (in the logarithm)."""
    tried: list[tuple[float, Kept]] = []
    kept = broken = None
    load: float | None = find.low
    while load is not None:
        said = attempt(load)
        tried.append((load, said))
        if said is Kept.YES:
            kept = load
        else:
            broken = load
        if broken is None:
            load = min(2 * load, find.high) if load < find.high else None
        else:
            load = None if kept is None else find.between(kept, broken)
    return Found(kept, broken, _why(find, kept, broken, tried), tried)


def _why(find: Find, kept: float | None, broken: float | None, tried: Sequence[tuple[float, Kept]]) -> str:
    if broken is None:
        return f"not one load up to {find.high:g} broke it: search further (… to N where …)"
    last = dict(tried)[broken]
    if last is Kept.INVALID:
        return f"at {broken:g} the measurement itself is invalid"
    if last is Kept.UNDECIDED:
        return f"at {broken:g} it stays undecided"
    return "" if kept is not None else f"not even {broken:g} keeps it"


@dataclass(frozen=True)
class Knee:
    """Where more load begins to bring waiting instead of throughput."""

    # The load with the highest power: throughput / latency (Kleinrock 1979).
    load: float | None
    # The load with the highest throughput.
    saturated: float | None
    why: str

    @property
    def best(self) -> float | None:
        """The load that was searched."""
        return self.load


def knee(find: Find, attempt: Callable[[float], tuple[float, float] | None]) -> Knee:
    """Double the load until the throughput hardly grows, then look closer around the knee.

    ``attempt`` gives throughput and mean latency of a load, or None where the measurement is invalid.
    """
    seen: dict[float, tuple[float, float]] = {}
    why, load, before = "", find.low, 0.0
    while True:
        found = attempt(load)
        if found is None:
            why = f"at {load:g} the measurement itself is invalid"
            break
        seen[load] = found
        if found[0] < before * (1 + _GROWTH):
            break
        if load >= find.high:
            why = f"the throughput still grows at {load:g}: search further (… to N)"
            break
        before, load = found[0], min(2 * load, find.high)
    if not seen:
        return Knee(None, None, why)
    for _ in range(2):
        best = _best(seen)
        loads = sorted(seen)
        place = loads.index(best)
        around = [(best, above) for above in loads[place + 1 : place + 2]] + [
            (below, best) for below in loads[max(0, place - 1) : place]
        ]
        for low, high in around:
            middle = find.between(low, high)
            if middle is not None and (found := attempt(middle)) is not None:
                seen[middle] = found
    return Knee(_best(seen), max(seen, key=lambda load: seen[load][0]), why)


def _best(seen: dict[float, tuple[float, float]]) -> float:
    return max(seen, key=lambda load: seen[load][0] / seen[load][1] if seen[load][1] else 0.0)
