"""A recorded trace: when each request came, and what it asked or how long it was."""

import csv
import datetime
import io
import random
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from pytest_modeleval.inputs import lines_of, open_input
from pytest_modeleval.perf.prompts.files import prompt_of, rows
from pytest_modeleval.perf.prompts.prompt import Prompt
from pytest_modeleval.perf.prompts.words import Writer

# Names of the same thing: of Mooncake's and our own files, and of Azure's (ContextTokens, GeneratedTokens).
_TIMES = ("timestamp", "TIMESTAMP", "at")
_INPUTS = ("input_length", "input_tokens", "ContextTokens")
# Of a recorded request's headers, what its client had and not what it asked: keys among them.
_OF_THE_LOAD = (
    *("host", "content-length", "content-type", "content-encoding", "transfer-encoding", "connection", "accept"),
    *("accept-encoding", "user-agent", "authorization", "proxy-authorization", "api-key", "x-api-key", "cookie"),
    *("expect", "te", "upgrade", "keep-alive"),
)
_OUTPUTS = ("output_length", "output_tokens", "completion_tokens", "GeneratedTokens")


@dataclass(frozen=True)
class Trace:
    """Requests at their recorded times, in that order, once; a length without a prompt is filled with words."""

    entries: Sequence[Prompt]
    writer: Callable[[], Writer]

    def prompts(self, draw: random.Random) -> Iterator[Prompt]:
        """As many prompts as were recorded."""
        writer = None
        for entry in self.entries:
            if entry.turns or entry.body:
                yield entry
                continue
            writer = writer or self.writer()
            assert entry.input_tokens is not None
            yield replace(entry, turns=[writer.write(entry.input_tokens, draw)])


def read_trace(path: Path, *, speed: float = 1.0) -> list[Prompt]:
    """The requests of a .jsonl or .csv file, from time 0, ``speed`` times as fast as recorded."""
    found = []
    for where, value in _rows(path):
        if not isinstance(value, Mapping):
            raise pytest.UsageError(f"{where} is no request of a trace: an object with a timestamp")
        found.append(_entry(value, where))
    if not found:
        raise pytest.UsageError(f"{path} has no requests: it is empty")
    found.sort(key=lambda entry: entry.at or 0.0)
    start = found[0].at or 0.0
    return [replace(entry, at=((entry.at or 0.0) - start) / speed) for entry in found]


def _rows(path: Path) -> Iterator[tuple[str, Any]]:
    if path.suffix != ".csv":
        yield from rows(path)
        return
    try:
        with io.TextIOWrapper(open_input(path), encoding="utf-8-sig", newline="") as file:
            for number, row in enumerate(csv.DictReader(lines_of(file, path)), 2):
                yield f"{path}, line {number}", row
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise pytest.UsageError(f"cannot read the trace {path}: {error}") from None


def _entry(value: Mapping[str, Any], where: str) -> Prompt:
    return replace(_asked(value, where), head=_head(value.get("headers"), where))


def _asked(value: Mapping[str, Any], where: str) -> Prompt:
    at = _seconds(_first(value, _TIMES), where, in_milliseconds="input_length" in value)
    output = _whole(_first(value, _OUTPUTS), where)
    if isinstance(value.get("body"), Mapping):
        return Prompt(body=value["body"], max_tokens=output, at=at)
    if "prompt" in value or "messages" in value:
        asked = value.get("prompt", value.get("messages"))
        return replace(prompt_of(asked, where), max_tokens=output, at=at)
    length = _whole(_first(value, _INPUTS), where)
    if length is None:
        raise pytest.UsageError(f"{where} has no body, messages or prompt, and no {', '.join(_INPUTS)} to fill one")
    return Prompt(input_tokens=length, max_tokens=output, at=at)


def _head(headers: object, where: str) -> bytes:
    """The recorded headers, such as a session's that a router goes by; those that a load has of its own are not."""
    lines = []
    for name, value in headers.items() if isinstance(headers, Mapping) else ():
        if str(name).lower() in _OF_THE_LOAD:
            continue
        if not (re.fullmatch(r"[\w-]{1,200}", str(name), re.ASCII) and re.fullmatch(r"[ -~\t]{0,8000}", str(value))):
            raise pytest.UsageError(
                f"{where}: the header {str(name)[:60]!r} cannot be sent: one line of ASCII is wanted"
            )
        lines.append(f"{name}: {value}\r\n")
    return "".join(lines).encode()


def _first(value: Mapping[str, Any], names: Sequence[str]) -> Any:
    return next((value[name] for name in names if value.get(name) not in (None, "")), None)


def _seconds(value: object, where: str, *, in_milliseconds: bool) -> float:
    """A time: seconds, Mooncake's milliseconds, or a date and time."""
    try:
        if isinstance(value, int | float | str):
            seconds = float(value)
            if seconds == seconds and abs(seconds) < 1e13:
                return seconds / 1000 if in_milliseconds else seconds
    except ValueError:
        # fromisoformat takes at most 6 digits of a second; Azure's files have 7.
        date, _, fraction = str(value).partition(".")
        try:
            return datetime.datetime.fromisoformat(f"{date}.{(fraction + '000000')[:6]}").timestamp()
        except ValueError:
            pass
    raise pytest.UsageError(
        f"{where} has no timestamp: seconds or a date and time in {' or '.join(_TIMES)}, not {value!r}"
    )


def _whole(value: object, where: str) -> int | None:
    if value is None:
        return None
    try:
        number = int(float(value)) if isinstance(value, int | float | str) else 0
    except (ValueError, OverflowError):
        number = 0
    if number < 1:
        raise pytest.UsageError(f"{where}: a length is a whole number of at least 1, not {value!r}")
    return number
