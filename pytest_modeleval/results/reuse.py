"""How many answers a run was given, how many it took from the store, and how old those are."""

import time
from dataclasses import dataclass

_MINUTE, _HOUR, _DAY = 60, 3600, 86400


@dataclass(frozen=True, slots=True)
class Reuse:
    """``new`` answers were given in the run, ``stored`` ones kept before it began.

    ``oldest`` is when the oldest stored one was kept, in seconds since the epoch; None where there is none.
    """

    new: int = 0
    stored: int = 0
    oldest: float | None = None

    def __add__(self, other: "Reuse") -> "Reuse":
        times = [each for each in (self.oldest, other.oldest) if each is not None]
        return Reuse(self.new + other.new, self.stored + other.stored, min(times, default=None))

    def said(self, now: float) -> str:
        """``219 new, 1,100 stored, the oldest 9 days old``; empty where there was no answer."""
        if self.oldest is None:
            return f"{self.new:,} new, none stored" if self.new else ""
        return f"{self.new:,} new, {self.stored:,} stored, the oldest {age(self.oldest, now)} old"

    @property
    def properties(self) -> list[tuple[str, object]]:
        """The same as JUnit XML has it, the time by ISO 8601."""
        told: list[tuple[str, object]] = [("new_answers", str(self.new)), ("stored_answers", str(self.stored))]
        if self.oldest is not None:
            told.append(("oldest_answer", time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self.oldest))))
        return told


def age(moment: float, now: float) -> str:
    """How long before ``now`` a moment is, in the largest unit of which at least two have passed.

    All that is said of a run counts to its beginning, so that no two of its reports differ.
    """
    seconds = max(0.0, now - moment)
    for unit, name in ((_DAY, "days"), (_HOUR, "h"), (_MINUTE, "min")):
        if seconds >= 2 * unit:
            return f"{seconds // unit:.0f} {name}"
    return f"{seconds:.0f} s"


def local_time(moment: float) -> str:
    """A moment in local time, to the minute."""
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(moment))
