"""People's labels of judged answers: a file of JSON lines, and the order in which answers are drawn to be labelled."""

import hashlib
import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import pytest

from pytest_modeleval.foreign import one_line
from pytest_modeleval.inputs import from_json, numbered_lines
from pytest_modeleval.judging.rubric import Gives, Labels, Rating, Rounds
from pytest_modeleval.names import ItemName
from pytest_modeleval.options.options import unknown

# What people say of two answers, in the order of the one that was named first.
PAIR: Mapping[str, float] = {"first": 1.0, "tie": 0.5, "second": 0.0}


class Choices(NamedTuple):
    """What a verdict on an answer could be: labels with their values, or without any a number between two ends.

    What an answer with a label counts for in the score is 1, or as the ``weights`` say.
    """

    labels: Mapping[str, float]
    ends: tuple[float, float] = (0.0, 1.0)
    weights: Mapping[str, float] = MappingProxyType({})

    @property
    def is_pair(self) -> bool:
        """Whether it is on two answers."""
        return self.labels == PAIR

    def value(self, label: str | float) -> float:
        """What a label stands for; `ValueError` for none, in words for people."""
        if not self.labels:
            low, high = self.ends
            if isinstance(label, str) or not low <= label <= high:
                raise ValueError(f"{label!r} is no number from {low:g} to {high:g}")
            return float(label)
        return self.labels[self._known(label)]

    def weight(self, label: str | float) -> float:
        """What an answer with a label counts for; `ValueError` as for its value."""
        return self.weights.get(self._known(label), 1.0) if self.weights else 1.0

    def _known(self, label: str | float) -> str:
        for known in self.labels:
            if str(label).strip().casefold() == known.casefold():
                return known
        raise ValueError(f"{label!r} is none of {', '.join(self.labels)}")


def kept_gives(gives: Gives) -> str:
    """What a rubric's verdict could be, as the store keeps it."""
    if isinstance(gives, Rating | Rounds):
        return json.dumps([gives.lowest, gives.highest] if isinstance(gives, Rating) else [0, 1])
    if not isinstance(gives, Labels):
        return json.dumps(dict(PAIR))
    told = {
        label: [value, gives.weights[label]] if label in gives.weights else value
        for label, value in gives.values.items()
    }
    return json.dumps(told, ensure_ascii=False)


def choices_of(kept: str) -> Choices:
    """The same, read again; `ValueError` where somebody damaged it."""
    found = from_json(kept)
    if isinstance(found, Mapping) and len(found) > 1:
        told = {str(label): each if isinstance(each, list) else [each] for label, each in found.items()}
        if all(_is_numbers(each, 1, 2) for each in told.values()):
            weights = {label: float(each[1]) for label, each in told.items() if len(each) > 1}
            return Choices({label: float(each[0]) for label, each in told.items()}, weights=weights)
    if isinstance(found, list) and _is_numbers(found, 2):
        return Choices({}, (float(found[0]), float(found[1])))
    raise ValueError(f"{kept!r} is no verdict's labels")


def _is_numbers(found: Sequence[object], *lengths: int) -> bool:
    return len(found) in lengths and all(isinstance(each, int | float) for each in found)


def hash_of(texts: Sequence[str]) -> str:
    """What stands for the one or two texts that are judged."""
    return hashlib.sha256("\0".join(texts).encode("utf-8", "surrogatepass")).hexdigest()


def key_of(sample: str, name: str, judged: str) -> str:
    """What stands for a question about an answer, whichever run and judge: sample and texts by their hashes."""
    return hashlib.sha256(f"{sample}\0{name}\0{judged}".encode("utf-8", "surrogatepass")).hexdigest()[:16]


def in_drawn_order(keys: Iterable[str], seed: int) -> list[str]:
    """The keys in an order that is random, and the same for the same seed whatever else is among them."""
    return sorted(set(keys), key=lambda key: hashlib.sha256(f"{seed} {key}".encode()).digest())


def is_random_part(part: Collection[str], whole: Iterable[str], seed: int) -> bool:
    """Whether a part is the beginning of the whole in the drawn order: no choice of anybody's made it."""
    return set(part) == set(in_drawn_order(whole, seed)[: len(set(part))])


@dataclass(frozen=True)
class Label:
    """One line of a file: what a person says of an answer.

    ``about`` stands for the answer (`key_of`); without one it is whatever the ``sample`` was answered in this run, or
    in the ``run``. ``name`` is the metric or criterion, ``policy`` the hash of what the person went by, ``seed`` that
    of the draw. ``verdict`` and ``pin`` are what the judges said of it, and who they were.
    """

    label: str | float
    sample: str = ""
    benchmark: str = ""
    name: str = "main"
    about: str = ""
    run: str = ""
    annotator: str = ""
    policy: str = ""
    seed: int | None = None
    verdict: float | None = None
    pin: str = ""
    where: str = field(default="", compare=False)

    @property
    def written(self) -> dict[str, Any]:
        """The line's fields, those that say nothing left out."""
        told = {each.name: getattr(self, each.name) for each in fields(self) if each.name != "where"}
        left_out = {each.name: each.default for each in fields(self) if each.name != "label"}
        return {name: value for name, value in told.items() if name not in left_out or value != left_out[name]}


@dataclass(frozen=True)
class LabelsFile:
    """A file of labels, by the answers that they are of; ``policies`` are texts by their hashes."""

    path: Path
    labels: Sequence[Label]
    policies: Mapping[str, str]
    _about: Mapping[str, Sequence[Label]] = field(init=False, repr=False, compare=False)
    _named: Mapping[tuple[str, str], Sequence[Label]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        about: dict[str, list[Label]] = {}
        named: dict[tuple[str, str], list[Label]] = {}
        for each in self.labels:
            if each.about:
                about.setdefault(each.about, []).append(each)
            else:
                named.setdefault((each.sample, each.name), []).append(each)
        object.__setattr__(self, "_about", about)
        object.__setattr__(self, "_named", named)

    def of(self, about: str, run: str, benchmark: str, sample: str, name: str) -> Sequence[Label]:
        """The labels of an answer, those that name none where nothing says that another's is meant."""
        named = [
            each
            for each in self._named.get((sample, name), ())
            if each.benchmark in ("", benchmark) and (not each.run or run.startswith(each.run))
        ]
        return [*self._about.get(about, ()), *named]

    @property
    def elsewhere(self) -> Mapping[str, Sequence[Label]]:
        """The labels that say what judges made of their answers, by those."""
        return {
            about: own for about, labels in self._about.items() if (own := [e for e in labels if e.verdict is not None])
        }


def read_labels(path: Path) -> LabelsFile:
    """The labels in a file; `pytest.UsageError` says in a line what is wrong with it.

    A line with a policy's text is that of the labels behind it.
    """
    labels: list[Label] = []
    policies: dict[str, str] = {}
    said: dict[tuple[str, ...], Label] = {}
    policy = ""
    try:
        for number, line in numbered_lines(path):
            row = _row(f"{path}:{number}", line)
            if "policy_text" in row:
                policy = policy_hash(row["policy_text"]) if row["policy_text"] else ""
                policies |= {policy: row["policy_text"]} if policy else {}
                continue
            label = _label(f"{path}:{number}", {"policy": policy, **row})
            key = (label.about or label.benchmark, label.sample, label.name, label.run, label.annotator)
            if (other := said.setdefault(key, label)).label != label.label:
                raise pytest.UsageError(
                    f"{label.where}: {label.annotator or 'nobody by name'} says {_short(label.label)} of "
                    f"{label.sample or label.about}, and {_short(other.label)} in {other.where}: leave one of them out"
                )
            labels += [label] if other is label else []
    except (OSError, UnicodeDecodeError) as error:
        raise pytest.UsageError(f"cannot read the labels {path}: {one_line(str(error))}") from None
    if not labels:
        raise pytest.UsageError(f"{path} has no labels: `modeleval labels` makes a page to label a run's answers")
    return LabelsFile(path, labels, policies)


def policy_hash(text: str) -> str:
    """What stands for a text by which people label."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def written(labels: Iterable[Label], policies: Mapping[str, str]) -> Iterator[str]:
    """The lines of a file of labels, each of which says by its hash what it goes by."""
    for text in [*policies.values(), *([""] if policies else [])]:
        yield json.dumps({"policy_text": text}, ensure_ascii=False)
    for label in labels:
        yield json.dumps(label.written, ensure_ascii=False)


_TEXTS = ("sample", "benchmark", "name", "about", "run", "annotator", "policy", "pin")
_FIELDS = {each.name for each in fields(Label)} - {"where"}


def _row(where: str, line: str) -> dict[str, Any]:
    try:
        row = from_json(line)
    except ValueError as error:
        raise pytest.UsageError(f"{where} is not JSON: {error}") from None
    if not isinstance(row, dict):
        raise pytest.UsageError(f'{where} is no label, such as {{"sample": "main-00042", "label": "CORRECT"}}')
    if isinstance(row.get("policy_text"), str) and len(row) == 1:
        return row
    for name in row:
        if name not in _FIELDS:
            raise unknown(f"field in {where}:", name, _FIELDS)
    return row


def _label(where: str, row: Mapping[str, Any]) -> Label:
    for name in _TEXTS:
        if not isinstance(row.get(name, ""), str):
            raise pytest.UsageError(f"{where}: {name} is a text, not {_short(row[name])}")
    label = row.get("label")
    if isinstance(label, bool) or not isinstance(label, str | int | float) or label == "":
        raise pytest.UsageError(f"{where}: label is a text or a number, not {_short(label)}")
    for name, kinds in (("seed", (int,)), ("verdict", (int, float))):
        if not (row.get(name) is None or (isinstance(row[name], kinds) and not isinstance(row[name], bool))):
            raise pytest.UsageError(f"{where}: {name} is a number, not {_short(row[name])}")
    if not (row.get("sample") or row.get("about")):
        raise pytest.UsageError(f'{where} says of no sample: "sample" is its name, such as main-00042')
    found = Label(**{**row, "where": where})
    item = ItemName.parse(found.sample) if found.sample.endswith("]") else None
    if item is None:
        return found
    return Label(**{**row, "where": where, "sample": str(item.sample), "benchmark": found.benchmark or item.benchmark})


def _short(value: object) -> str:
    return one_line(json.dumps(value, ensure_ascii=False), 60)
