"""A page on which people label answers: blind, in one file, which asks nothing of a network."""

import hashlib
import string
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pytest_modeleval.atomic import write_whole
from pytest_modeleval.judging.labels import PAIR, Choices
from pytest_modeleval.reports.embedded import element, embedded, parts
from pytest_modeleval.reports.page import PAGE
from pytest_modeleval.reports.svg import variables

# The keys of two answers' labels, A for the one shown first, and what these are called once more where the other is.
_PAIR_KEYS = {"first": ("A", "A is better"), "tie": ("T", "neither"), "second": ("B", "B is better")}
_SWAPPED = {"first": "second", "second": "first"}


@dataclass(frozen=True)
class ToLabel:
    """One answer, or two, and what it answers.

    ``about`` stands for it (`judging.labels.key_of`), ``name`` is the metric or criterion, ``asked`` what the judge was
    told. Two are shown in a random order, in the other than they are in where ``swapped``.
    """

    about: str
    sample: str
    name: str
    question: str
    reference: str
    texts: Sequence[str]
    asked: str = ""

    @property
    def swapped(self) -> bool:
        """By the answer's own hash: whoever labels knows of no order, and a page made again has the same."""
        return len(self.texts) > 1 and hashlib.sha256(f"order {self.about}".encode()).digest()[0] % 2 == 1


def write_labelling(path: Path, drawn: Sequence[ToLabel], choices: Choices, *, about: Mapping[str, Any]) -> None:
    """Write the page; raises `OSError` where that cannot be.

    ``about`` has the ``benchmark``, the ``run``, the ``seed`` of the draw and ``of`` how many they were drawn.
    """
    keys = _PAIR_KEYS if choices.labels == PAIR else _keys(choices.labels)
    data = {
        "id": hashlib.sha256("".join(each.about for each in drawn).encode()).hexdigest()[:16],
        "title": f"{about['benchmark']}: {len(drawn):,} answers to label",
        "facts": f"of {about['of']:,} in run {about['run'][:8]}, drawn with seed {about['seed']}",
        "file": f"{path.stem}.jsonl",
        **about,
        "choices": [{"key": key, "label": label, "shown": shown} for label, (key, shown) in keys.items()],
        "swapped": _SWAPPED,
        "ends": choices.ends,
        "entries": [{**asdict(each), "swapped": each.swapped} for each in drawn],
    }
    style = variables() + _file("page.css") + _file("labels.css")
    head, tail = parts(_file("labels.html"), style, _file("elements.js") + _file("labels.js"))
    page = "".join([head, element('id="labels"', [embedded(data)]), tail])
    # A lone surrogate becomes the escape that JSON has for it.
    write_whole(path, page.encode("utf-8", "backslashreplace").decode())


def _file(name: str) -> str:
    return (PAGE / name).read_text("utf-8")


def _keys(labels: Mapping[str, float]) -> Mapping[str, tuple[str, str]]:
    """A key for each label: its first letter where no other has that, else its number."""
    firsts = [label[:1].upper() for label in labels]
    found = {}
    for number, (label, first) in enumerate(zip(labels, firsts, strict=True), start=1):
        own = first if firsts.count(first) == 1 and first in string.ascii_uppercase and first else str(number)
        found[label] = own, label
    return found
