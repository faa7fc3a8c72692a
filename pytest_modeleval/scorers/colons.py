"""Times of day and ratios: both are written with a colon, and neither is a number."""

import re
from fractions import Fraction
from typing import NamedTuple

_TIME = re.compile(r"(\d{1,2}):([0-5]\d)(?::([0-5]\d))?(?:([ap])\.?m\.?)?|(\d{1,2})([ap])\.?m\.?")
_NUMBER = r"\d{1,99}(?:\.\d{1,99})?"
_RATIO = re.compile(rf"{_NUMBER}(?::{_NUMBER})+")
_QUOTIENT = re.compile(rf"({_NUMBER})/({_NUMBER})|\\frac\{{({_NUMBER})\}}\{{({_NUMBER})\}}")


class Time(NamedTuple):
    """A time of day; ``half`` is "a" or "p" where "a.m." or "p.m." was said."""

    hour: int
    minute: int
    second: int
    half: str

    @property
    def of_day(self) -> int:
        """The hour from 0 to 23, of a time with its half."""
        return self.hour % 12 + 12 * (self.half == "p")


def same_with_colons(gold: str, answer: str) -> bool | None:
    """Whether two times or ratios are the same; None where neither side is one.

    H:MM is a time, so 1:15 is not 2:30; 2:00 pm as an hour is 2. Another ratio is equal to a ratio or fraction of the
    same value, 3:2 to 6:4 and 3/2; but 3:1 is not 3.
    """
    gold, answer = ("".join(text.casefold().split()) for text in (gold, answer))
    golds, answers = time_of(gold), time_of(answer)
    if golds and answers:
        return _same_time(golds, answers)
    if time := golds or answers:
        other = answer if golds else gold
        hour = other.isdecimal() and (int(other[:9]), 0, 0) == time[:3]
        return hour or (bool(golds) and _terms(answer) == _terms(gold))
    wanted, got = _terms(gold), _terms(answer)
    if not any(_RATIO.fullmatch(text) for text in (gold, answer)):
        return None
    if not wanted or not got:
        return None if ":" in gold and ":" in answer else False
    return len(wanted) == len(got) and all(a * got[0] == b * wanted[0] for a, b in zip(wanted, got, strict=True))


def time_of(text: str) -> Time | None:
    """The time that a text in lower case without spaces is."""
    match = _TIME.fullmatch(text)
    if not match or int(match[1] or match[5]) > 24:
        return None
    return Time(int(match[1] or match[5]), int(match[2] or 0), int(match[3] or 0), match[4] or match[6] or "")


def _same_time(one: Time, other: Time) -> bool:
    if one[1:3] != other[1:3]:
        return False
    if bool(one.half) == bool(other.half):
        return one.of_day == other.of_day if one.half else one.hour == other.hour
    said, bare = (one, other) if one.half else (other, one)
    # 5:00 p.m. may be written 17:00, or 5:00 where the half is clear.
    return bare.hour in (said.of_day, said.of_day % 12 or 12)


def _terms(text: str) -> list[Fraction]:
    """The terms of a ratio or of a fraction; none of anything else."""
    if _RATIO.fullmatch(text):
        return [Fraction(term) for term in text.split(":")]
    quotient = _QUOTIENT.fullmatch(text)
    return [Fraction(term) for term in quotient.groups() if term] if quotient else []
