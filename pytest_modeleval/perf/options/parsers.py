"""What a --perf-* flag's text stands for; each refuses, in one line that names the option, what it cannot take."""

import json
import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from pytest_modeleval.inputs import from_json
from pytest_modeleval.options import parsers as values
from pytest_modeleval.options.where import Where

if TYPE_CHECKING:
    from pytest_modeleval.perf.prompts.lengths import Lengths
    from pytest_modeleval.perf.verdict.comparing import Limit
    from pytest_modeleval.perf.verdict.slo import Condition

_TIMES = {"ms": 0.001, "s": 1.0, "min": 60.0, "h": 3600.0}


def counts(flag: str, text: str) -> tuple[int, ...]:
    """Whole numbers from 1, between commas."""
    parts = [part.strip() for part in text.split(",")]
    if not all(part.isascii() and part.isdigit() and 0 < int(part) < 10**9 for part in parts if len(part) < 12) or any(
        not 0 < len(part) < 12 for part in parts
    ):
        raise pytest.UsageError(
            f"{flag} takes whole numbers of at least 1 between commas, such as 1,8,32; not {text!r}{_meant(text)}"
        )
    return tuple(map(int, parts))


def _meant(text: str) -> str:
    """The numbers of a text that has several, as they are typed."""
    numbers = [number for number in re.findall(r"\d+(?:\.\d+)?", text[:60]) if float(number)]
    return f"; did you mean {','.join(numbers)}?" if len(numbers) > 1 else ""


def rates(flag: str, text: str) -> tuple[float, ...]:
    """Numbers above 0, between commas."""
    return tuple(above_nought(flag, part, whole=text) for part in text.split(","))


def above_nought(flag: str, text: str, *, whole: str = "") -> float:
    """A finite number above 0."""
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not (number > 0 and math.isfinite(number)):
        several = ", or several between commas" if whole else ""
        raise pytest.UsageError(f"{flag} takes a number above 0{several}; not {whole or text!r}{_meant(whole)}")
    return number


def duration(flag: str, text: str) -> float:
    """Seconds of ``60s``, ``500ms``, ``5min`` or ``1h``."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?)(ms|s|min|h)", text.strip()) if len(text) < 20 else None
    if match is None:
        bare = re.fullmatch(r"(\d+(?:\.\d+)?) ?(m|sec|seconds|minutes)?", text.strip()) if len(text) < 20 else None
        unit = "min" if bare and bare[2] in ("m", "minutes") else "s"
        meant = f"; did you mean {bare[1]}{unit}?" if bare else ""
        raise pytest.UsageError(
            f"{flag} takes a time with its unit, such as 60s, 500ms, 5min or 1h; not {text!r}{meant}"
        )
    return float(match[1]) * _TIMES[match[2]]


def span(flag: str, text: str) -> float:
    """A duration of more than nothing."""
    seconds = duration(flag, text)
    if not seconds:
        raise pytest.UsageError(f"{flag} takes a time of more than 0, such as 60s; not {text!r}")
    return seconds


def warm_up(flag: str, text: str) -> int | float:
    """A number of requests, or with a percent sign a share of the others: a float below 1."""
    match = re.fullmatch(r"(\d{1,9}|\d{1,2}(?:\.\d{1,4})?%)", text.strip())
    if match is None:
        raise pytest.UsageError(f"{flag} takes a number of requests, or a share such as 10%; not {text!r}")
    return float(match[1][:-1]) / 100 if match[1].endswith("%") else int(match[1])


def file(where: Where, text: str) -> Path:
    """A file that is there."""
    path = where.path(text)
    if not path.is_file():
        raise pytest.UsageError(f"{where}: there is no file {text!r}")
    return path


def prompt(where: Where, text: str) -> str:
    """A text that is not empty, or a file's."""
    said = values.text(where, text)
    if not said.strip():
        raise pytest.UsageError(f"{where} takes a text, or file:PATH; it is empty")
    return said


def body(where: Where, text: str) -> str:
    """A JSON object, or a file's."""
    try:
        value = from_json(values.text(where, text))
    except ValueError as error:
        raise pytest.UsageError(f"{where} takes a JSON object, or file:PATH of one: {error}") from None
    if not isinstance(value, dict):
        raise pytest.UsageError(f"{where} takes a JSON object, such as '{{\"top_k\": 20}}', not {text[:60]!r}")
    messages = value.get("messages", [])
    if not isinstance(messages, list) or not all(
        isinstance(each, dict) and {"role", "content"} <= each.keys() for each in messages
    ):
        raise pytest.UsageError(
            f"{where}: its messages, before those of every prompt, are objects with role and content; not "
            f"{str(messages)[:60]}"
        )
    return json.dumps(value)


def lengths(flag: str, text: str) -> "Lengths":
    """Lengths in tokens."""
    from pytest_modeleval.perf.prompts.lengths import read_lengths

    return read_lengths(flag, text)


def turns(flag: str, text: str) -> "Lengths":
    """Turns of a conversation: a number, or a range."""
    from pytest_modeleval.perf.prompts.lengths import read_lengths

    match = re.fullmatch(r"(\d{1,6})(?:-(\d{1,6}))?", text.strip())
    if match is None or not 1 <= int(match[1]) <= int(match[2] or match[1]):
        raise pytest.UsageError(f"{flag} takes a number of turns from 1, or a range such as 2-5; not {text!r}")
    return read_lengths(flag, text)


def size(flag: str, text: str) -> tuple[int, int]:
    """Width and height."""
    from pytest_modeleval.perf.prompts.images import read_size

    return read_size(flag, text)


def image_format(flag: str, text: str) -> tuple[str, str]:
    """File format and colour mode."""
    from pytest_modeleval.perf.prompts.images import read_format

    return read_format(flag, text)


def worsenings(flag: str, texts: Sequence[str]) -> "tuple[Limit, ...]":
    """How much worse than in an earlier run figures may be."""
    from pytest_modeleval.perf.verdict.comparing import parse

    return parse(flag, ", ".join(texts))


def slo(flag: str, texts: Sequence[str]) -> "tuple[Condition, ...]":
    """Objectives, all of which must be kept."""
    from pytest_modeleval.perf.verdict.slo import parse

    return parse(flag, ", ".join(texts)).conditions
