"""What a run may spend: tokens, dollars and time."""

import re
from dataclasses import dataclass

import pytest

_NUMBER = r"([0-9]{1,9}(?:\.[0-9]{1,9})?)"
_TOKENS = re.compile(rf"{_NUMBER}\s*([kM]?)\s*tokens?")
_DOLLARS = re.compile(rf"\$\s*{_NUMBER}([kM]?)")
_TIME = re.compile(rf"(?:{_NUMBER}\s*h)?\s*(?:{_NUMBER}\s*min)?\s*(?:{_NUMBER}\s*s)?")
_TIMES = {"": 1, "k": 1_000, "M": 1_000_000}


@dataclass(frozen=True)
class Budget:
    """The most that all processes of a run may spend together; None has no cap."""

    tokens: int | None = None
    dollars: float | None = None
    seconds: float | None = None


def read_budget(flag: str, text: str) -> Budget:
    """The budget in a text such as ``2M tokens, $5, 30min``; `pytest.UsageError` names the part that is wrong."""
    caps: dict[str, float] = {}
    for part in (part.strip() for part in text.split(",")):
        kind, value = _part(part)
        if value <= 0:
            lost = "; a shell takes $5 out of double quotes: write '$5'" if re.fullmatch(r"[0-9.]*", part) else ""
            raise pytest.UsageError(
                f"{flag} takes parts above 0 such as 2M tokens, $5 or 30min (also k, h and s), not {part!r}{lost}"
            )
        if kind in caps:
            raise pytest.UsageError(f"{flag} caps {kind} twice, the second time by {part!r}")
        caps[kind] = value
    tokens = caps.get("tokens")
    return Budget(None if tokens is None else int(tokens), caps.get("dollars"), caps.get("seconds"))


def read_seconds(where: str, text: str) -> float:
    """The seconds in a text such as ``24h`` or ``1h 30min``; `pytest.UsageError` for another text."""
    kind, seconds = _part(text.strip())
    if kind != "seconds":
        raise pytest.UsageError(f"{where} is a time such as 24h, 30min or 90s, not {text!r}")
    return seconds


def _part(part: str) -> tuple[str, float]:
    if found := _TOKENS.fullmatch(part):
        return "tokens", int(float(found[1]) * _TIMES[found[2]])
    if found := _DOLLARS.fullmatch(part):
        return "dollars", float(found[1]) * _TIMES[found[2]]
    if found := _TIME.fullmatch(part):
        hours, minutes, seconds = (float(number or 0) for number in found.groups())
        return "seconds", hours * 3600 + minutes * 60 + seconds
    return "", 0.0
