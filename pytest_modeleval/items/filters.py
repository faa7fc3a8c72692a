"""What is cut from an answer before it is scored."""

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from pytest_modeleval.options.options import unknown

# Each takes the candidates so far, one text at first, and gives the candidates that are left.
Step = Callable[[Sequence[str]], Sequence[str]]


@dataclass(frozen=True)
class Filter:
    """One step from an answer to what is scored; ``spec`` is how the user wrote it."""

    spec: str
    step: Step


def filtered(text: str, filters: Sequence[Filter]) -> str:
    """The text after the filters, in their order; of several candidates that are left, the first."""
    candidates: Sequence[str] = [text]
    for each in filters:
        candidates = each.step(candidates)
    return candidates[0] if candidates else ""


def read_filter(where: str, spec: str | Mapping[str, Any]) -> Filter:
    """A filter as flags and config write it: ``strip``, ``remove_until=MARK``, ``regex=PATTERN`` or a table.

    A table is ``{regex = …, group = 1, fallback = ""}``. Raises `pytest.UsageError` for anything else.
    """
    if isinstance(spec, str):
        name, equals, value = spec.partition("=")
        settings: dict[str, Any] = {name.strip(): value} if equals else {name.strip(): None}
    else:
        settings = dict(spec)
    name = next(iter(settings), "")
    if name not in ("regex", *_FILTERS):
        raise unknown(f"filter in {where}:", name, ["regex", *_FILTERS])
    value, rest = settings.pop(name), settings
    if (value is None or value is True) != (name in _WITHOUT_VALUE):
        needs = "takes no value" if name in _WITHOUT_VALUE else "needs a value"
        raise pytest.UsageError(f"{where}: filter {name} {needs}: {spec!r}")
    if rest and name != "regex":
        raise unknown(f"key of filter {name} in {where}:", next(iter(rest)), [])
    if name == "regex":
        return Filter(str(spec), _regex(where, str(value), rest))
    return Filter(str(spec), _FILTERS[name](str(value)))


def _regex(where: str, pattern: str, settings: Mapping[str, Any]) -> Step:
    for key in settings:
        if key not in ("group", "fallback"):
            raise unknown(f"key of filter regex in {where}:", key, ["group", "fallback"])
    try:
        compiled = re.compile(pattern, re.DOTALL)
    except re.error as error:
        raise pytest.UsageError(f"{where}: {pattern!r} is no regular expression: {error}") from None
    group = settings.get("group", min(compiled.groups, 1))
    if not isinstance(group, int) or not 0 <= group <= compiled.groups:
        raise pytest.UsageError(f"{where}: {pattern!r} has {compiled.groups} groups, and no group {group!r}")
    fallback = str(settings.get("fallback", ""))

    def matches(candidates: Sequence[str]) -> Sequence[str]:
        found = [match[group] or "" for text in candidates for match in compiled.finditer(text)]
        return found or [fallback]

    return matches


def _after_mark(mark: str) -> Step:
    def remove_until(candidates: Sequence[str]) -> Sequence[str]:
        return [text.partition(mark)[2] if mark in text else text for text in candidates]

    return remove_until


def _majority(candidates: Sequence[str]) -> Sequence[str]:
    # The first seen among equals: Counter keeps the order of insertion.
    return [text for text, _ in Counter(candidates).most_common(1)]


_FILTERS: dict[str, Callable[[str], Step]] = {
    "remove_until": _after_mark,
    "strip": lambda _: lambda texts: [text.strip() for text in texts],
    "take_first": lambda _: lambda texts: texts[:1],
    "take_last": lambda _: lambda texts: texts[-1:],
    "majority": lambda _: _majority,
}
_WITHOUT_VALUE = {"strip", "take_first", "take_last", "majority"}
