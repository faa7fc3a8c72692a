"""A blessed run as a text file: one line a sample, pins above them, made to be read in a review."""

import hashlib
import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from pytest_modeleval.atomic import write_whole
from pytest_modeleval.gate.ledger import Outcome, kept
from pytest_modeleval.inputs import from_json, read_text
from pytest_modeleval.names import NO_IDS, Ids, SampleName, by_number
from pytest_modeleval.options.options import unknown
from pytest_modeleval.statistics.scale import PLAIN, Scale

SCHEMA = "pytest-modeleval/baseline/2"
# In which a sample's subset stood as the dataset spells it, and a collection's line like a row.
_OLD = "pytest-modeleval/baseline/1"
# What must be the same for two runs to be comparable; the other pins are notes for people.
MATTERS = ("data", "prompt", "sampling", "scorer", "filters", "roles", "parameters", "settings")
# Those that are a table, as JSON.
_WITH_KEYS = ("sampling", "roles", "settings")
# How a scorer's pin begins that is made of the code that it reaches. Version 0.1 made it of whole files: it changed
# with what did not matter, and not with all that did.
REACHED = "code:"


@dataclass(frozen=True)
class Part:
    """One benchmark in a baseline.

    ``discordance`` is the share of samples that two runs of the model disagreed on; ``unscored`` names those that were
    asked and have no score: errors, and what the test skipped.
    """

    pins: Mapping[str, str]
    samples: Mapping[str, Outcome]
    discordance: float | None = None
    unscored: Collection[str] = ()
    scale: Scale = PLAIN


@dataclass(frozen=True)
class Baseline:
    """A model's blessed outcomes by benchmark. ``run`` is the run's id, empty where the file does not say it."""

    model: str
    parts: Mapping[str, Part]
    run: str = ""


def write_baseline(path: Path, baseline: Baseline) -> None:
    """Write the file aside and rename it, so that it is whole or as before.

    A benchmark's last line is the hash of its samples, which a merge that mixed two files does not fit.
    """
    lines = ["{", f' "schema": {json.dumps(SCHEMA)},', f' "model": {json.dumps(baseline.model)},']
    lines += [f' "run": {json.dumps(baseline.run)},'] if baseline.run else []
    lines += [' "benchmarks": {']
    for number, (name, part) in enumerate(sorted(baseline.parts.items())):
        lines += [f"  {json.dumps(name)}: {{", f'   "pins": {json.dumps(dict(part.pins), sort_keys=True)},']
        lines += [f'   "scale": {json.dumps(part.scale.kept)},'] if part.scale != PLAIN else []
        lines += [f'   "discordance": {json.dumps(part.discordance)},']
        lines += [f'   "unscored": {json.dumps(sorted(part.unscored))},'] if part.unscored else []
        lines += ['   "samples": {']
        rows = [f"    {json.dumps(sample)}: {_written(outcome)}" for sample, outcome in part.samples.items()]
        lines += [",\n".join(rows), "   },", f'   "sha256": "{_digest(part.samples)}"']
        lines.append("  }," if number < len(baseline.parts) - 1 else "  }")
    lines += [" }", "}", ""]
    write_whole(path, "\n".join(lines))


def _written(outcome: Outcome) -> str:
    # Of 100,000 samples `json.dumps` would take most of the time: it makes an encoder for each list.
    return f"[{json.dumps(outcome.content)}, {outcome.score!r}, {outcome.repeats}, {outcome.variance!r}]"


def read_baseline(path: Path, *, lines: bool = False, ids: Ids = NO_IDS) -> Baseline:
    """The baseline in a file; `pytest.UsageError` says what is wrong with one that is not whole.

    ``lines`` says that it is compared with a published collection's, which version 0.1 did not write down; ``ids`` are
    what samples are called now that it may call by their numbers.
    """
    content = _content(path)
    try:
        parts = {name: _part(path, name, part) for name, part in content["benchmarks"].items()}
        model = content["model"]
    except (KeyError, TypeError, AttributeError) as error:
        raise pytest.UsageError(
            f"{path} lacks a part of a baseline ({error}): restore it, or bless a new run"
        ) from None
    except _NoValue as error:
        raise pytest.UsageError(f"{path}: {error}: restore the file, or bless a new run") from None
    if content["schema"] == _OLD:
        parts = {name: _renamed(part, lines=lines) for name, part in parts.items()}
    parts = {name: _with_ids(part, ids[name]) if name in ids else part for name, part in parts.items()}
    if not isinstance(model, str):
        raise pytest.UsageError(f"{path}: its model is {model!r}, and no text: restore the file, or bless a new run")
    return Baseline(model, parts, str(content.get("run", "")))


def _content(path: Path) -> Any:
    """What the file holds, of a schema that is known."""
    try:
        text = read_text(path)
    except FileNotFoundError:
        raise pytest.UsageError(f"there is no baseline {path} yet: bless a run (--eval-save-baseline)") from None
    except OSError as error:
        raise pytest.UsageError(f"cannot read the baseline {path}: {error.strerror}") from None
    except UnicodeDecodeError as error:
        raise pytest.UsageError(f"cannot read the baseline {path}: {error}") from None
    if re.search(r"^(<{7}|={7}|>{7})", text, re.MULTILINE):
        raise pytest.UsageError(
            f"{path} holds the marks of a merge conflict: take one side whole, or bless a new run "
            "(--eval-save-baseline)"
        )
    try:
        content = from_json(text)
    except ValueError as error:
        raise pytest.UsageError(f"{path} is cut off or no JSON ({error}): restore it, or bless a new run") from None
    schema = content.get("schema") if isinstance(content, dict) else None
    if schema not in (SCHEMA, _OLD):
        newer = isinstance(schema, str) and schema.startswith("pytest-modeleval/baseline/")
        what = f"was written by a newer version ({schema}): upgrade pytest-modeleval" if newer else "is no baseline"
        raise pytest.UsageError(f"{path} {what}")
    return content


class _NoValue(Exception):
    """Something in a baseline that no run writes there."""


def _outcome(name: str, sample: str, values: object, scale: Scale) -> Outcome:
    """A sample's line; a score lies in its range, and two of 0 to 1 have a variance of at most ½."""
    if not isinstance(values, list) or len(values) != len(Outcome._fields):
        raise _NoValue(f"{name}: sample {sample} is {_short(values)}, and not {', '.join(Outcome._fields)}")
    found = Outcome(*values)
    most = 0.5 * scale.width**2 if _is_whole(found.repeats) and found.repeats > 1 else 0
    for what, value, is_right, expected in (
        ("content", found.content, isinstance(found.content, str), "a hash"),
        ("score", found.score, _is_number(found.score, *scale.ends), f"a number from {scale.said_range}"),
        ("repeats", found.repeats, _is_whole(found.repeats) and found.repeats >= 1, "a whole number of at least 1"),
        ("variance", found.variance, _is_number(found.variance, 0, most), f"a number from 0 to {most:g}"),
    ):
        if not is_right:
            raise _NoValue(f"{name}: the {what} of sample {sample} is {_short(value)}, and not {expected}")
    if SampleName.parse(sample) is None:
        raise _NoValue(f"{name}: {_short(sample)} is no sample's name, such as main-00042")
    # A model asked twice once left all digits.
    return found._replace(score=kept(found.score))


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: object, least: float, most: float) -> bool:
    """Whether it is a finite number from ``least`` to ``most``."""
    return isinstance(value, int | float) and not isinstance(value, bool) and Scale(least, most).holds(value)


def _short(value: object) -> str:
    text = json.dumps(value, ensure_ascii=True)
    return text if len(text) <= 60 else f"{text[:60]} …"


def _part(path: Path, name: str, part: Mapping[str, Any]) -> Part:
    try:
        scale = Scale.of(part.get("scale"))
    except ValueError:
        raise _NoValue(f"{name}: the scale is {_short(part['scale'])}, and not low, high, better, measured") from None
    samples = {sample: _outcome(name, sample, outcome, scale) for sample, outcome in part["samples"].items()}
    for pin, value in part["pins"].items():
        if not isinstance(value, str):
            raise _NoValue(f"{name}: the pin {pin} is {_short(value)}, and not a text")
    if not (part["discordance"] is None or _is_number(part["discordance"], 0, 1)):
        raise _NoValue(f"{name}: the discordance is {_short(part['discordance'])}, and not a number from 0 to 1")
    unscored = part.get("unscored", [])
    if not (isinstance(unscored, list) and all(isinstance(sample, str) for sample in unscored)):
        raise _NoValue(f"{name}: the unscored are {_short(unscored)}, and not a list of samples' names")
    if _digest(part["samples"]) != part["sha256"]:
        raise pytest.UsageError(
            f"{path}: the samples of {name} were changed by hand or mixed by a merge (their sha256 does not fit): "
            "take one side whole, or bless a new run"
        )
    return Part(part["pins"], samples, part["discordance"], tuple(unscored), scale)


def _renamed(part: Part, *, lines: bool) -> Part:
    """The part with its samples called as today."""
    samples = {}
    for name, outcome in part.samples.items():
        subset, _, index = name.rpartition("-")
        samples[str(SampleName(subset, int(index), lines))] = outcome
    return replace(part, samples=samples)


def _with_ids(part: Part, ids: Mapping[str, Mapping[int, str]]) -> Part:
    """The part with what it calls by its number called by its id, but where something of that id is in it."""
    there = part.samples.keys() | set(part.unscored)
    today = {number: name for number, name in by_number(ids).items() if name not in there}
    samples = {today.get(name, name): outcome for name, outcome in part.samples.items()}
    return replace(part, samples=samples, unscored=tuple(today.get(name, name) for name in part.unscored))


def _digest(samples: Mapping[str, Sequence[object]]) -> str:
    return hashlib.sha256(json.dumps(samples, sort_keys=True).encode()).hexdigest()


def refuse_other_pins(name: str, part: Part, pins: Mapping[str, str], waived: Sequence[str]) -> None:
    """`pytest.UsageError` for the first pin that matters, differs and was not waived."""
    for pin in waived:
        if pin not in MATTERS:
            raise unknown("pin in waive of [gate]:", pin, MATTERS)
    for pin in MATTERS:
        was, now = part.pins.get(pin), pins.get(pin)
        if pin == "data":
            was, now = _first_other_split(part.pins, pins)
        if was == now or pin in waived:
            continue
        if pin == "scorer" and not str(was).startswith(REACHED):
            raise pytest.UsageError(
                f"{name}: the baseline was made by a version before, which pinned a scorer's files and not what it "
                "reaches: nobody can tell whether it is the same. Bless a new run, or waive it with "
                "--eval-set gate.waive=scorer"
            )
        raise pytest.UsageError(
            f"{name}: the baseline's {_told(pin, was, now)}: they cannot be compared. Bless a new "
            f"run, or waive it with --eval-set gate.waive={pin}"
        )


def _told(pin: str, was: str | None, now: str | None) -> str:
    """What a pin was and is; of one that has keys, each key that differs: ``sandbox was process, this run's is …``."""
    try:
        before, after = (json.loads(value) if value else {} for value in (was, now))
    except ValueError:
        before = after = None
    if pin not in _WITH_KEYS or not (isinstance(before, dict) and isinstance(after, dict)):
        return f"{pin} was {was or 'none'}, this run's is {now or 'none'}"
    differ = [key for key in sorted({*before, *after}) if before.get(key) != after.get(key)]
    return "; its ".join(
        f"{key} was {_value(before.get(key))}, this run's is {_value(after.get(key))}" for key in differ
    )


def _value(value: Any) -> str:
    if isinstance(value, list):
        # A file: its name and size.
        return ", ".join(map(str, value))
    return "none" if value is None else value if isinstance(value, str) else json.dumps(value)


def _first_other_split(before: Mapping[str, str], after: Mapping[str, str]) -> tuple[str, str]:
    """What both runs say of the first split whose files differ; a split that only one of them opened says nothing."""
    try:
        was, now = (json.loads(pins["data"]) for pins in (before, after))
    except (KeyError, ValueError):
        return before.get("data", "nothing"), after.get("data", "nothing")
    common = sorted(was.keys() & now.keys())
    if not common and was and now:
        return ", ".join(was), ", ".join(now)
    said = (
        [f"{split} {hashes[split]} (revision {pins.get('revision')})" for hashes, pins in ((was, before), (now, after))]
        for split in common
        if was[split] != now[split]
    )
    one, two = next(said, ("", ""))
    return one, two


def refuse_other_scale(name: str, before: Scale, after: Scale) -> None:
    """`pytest.UsageError` where the scores of two runs are not the same kind of number."""
    if before != after:
        raise pytest.UsageError(
            f"{name}: the scores before are {before}, these are {after}: they cannot be compared. Bless a new run"
        )


def refuse_other_names(name: str, part: Part, samples: Collection[str], *, whole: bool) -> None:
    """`pytest.UsageError` when the two runs do not ask the same samples; with ``whole`` false some may be missing."""
    extra = set(samples) - part.samples.keys() - set(part.unscored)
    missing = part.samples.keys() - set(samples) if whole else set()
    if extra or missing:
        count, one = (len(extra), min(extra)) if extra else (len(missing), min(missing))
        what = "not in the baseline" if extra else "in the baseline only"
        how = " and --eval-seed, as it was blessed with" if extra else ", by which a run may ask fewer"
        raise pytest.UsageError(
            f"{name}: {count} samples are {what}, such as {one}: ask the same (--eval-limit or "
            f"--eval-limit-per-subset{how}), or bless a new run"
        )


def refuse_other_content(name: str, part: Part, samples: Mapping[str, Outcome]) -> None:
    """`pytest.UsageError` for a sample that asks or expects something else than it did."""
    for sample, outcome in samples.items():
        if sample in part.samples and outcome.content != part.samples[sample].content:
            raise pytest.UsageError(
                f"{name}: sample {sample} asks something else than in the baseline: the data or the prompt changed"
            )
