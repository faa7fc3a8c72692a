"""A baseline's file, and what is refused of it."""

import hashlib
import json
import os
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pytest_modeleval.gate.baseline import (
    Baseline,
    Part,
    read_baseline,
    refuse_other_content,
    refuse_other_names,
    refuse_other_pins,
    write_baseline,
)
from pytest_modeleval.gate.ledger import Outcome

DATA = {"main/test": "abc", "main/train": "def"}
PINS = {"data": json.dumps(DATA), "revision": "v1", "prompt": "def", "model": "m"}
SAMPLES = {"main-00000": Outcome("h0", 1.0, 1, 0.0), "main-00001": Outcome("h1", 0.5, 2, 0.5)}
BASELINE = Baseline("m", {"gsm8k": Part(PINS, SAMPLES, 0.03), "arc": Part({}, {"x-00000": Outcome("a", 0.0, 1, 0.0)})})


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "deep" / "b.json"
    write_baseline(path, BASELINE)
    return path


def test_what_was_written_is_read(file: Path) -> None:
    assert read_baseline(file) == BASELINE


def test_a_sample_is_a_line_and_the_same_run_the_same_file(file: Path) -> None:
    first = file.read_text()
    write_baseline(file, read_baseline(file))

    assert file.read_text() == first
    assert '    "main-00001": ["h1", 0.5, 2, 0.5]' in first.splitlines()
    assert [path.name for path in file.parent.iterdir()] == ["b.json"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda text: text[:-40], "is cut off or no JSON"),
        (
            lambda text: text.replace("baseline/2", "baseline/3"),
            r"newer version \(pytest-modeleval/baseline/3\): upgrade",
        ),
        (lambda text: "[]", "is no baseline"),
        (lambda text: text.replace('"h1", 0.5', '"h1", 1.0'), "the samples of gsm8k were changed by hand or mixed"),
        (lambda text: text.replace('"h1"', "<<<<<<< HEAD"), "cut off or no JSON"),
        (lambda text: "<<<<<<< HEAD\n" + text, "holds the marks of a merge conflict"),
        (lambda text: text.replace('"pins"', '"pin"'), r"lacks a part of a baseline \('pins'\)"),
        (lambda text: "\xff", "cut off or no JSON"),
    ],
)
def test_a_file_that_is_not_whole_is_refused(file: Path, change, message: str) -> None:  # type: ignore[no-untyped-def]
    file.write_text(change(file.read_text()))

    with pytest.raises(pytest.UsageError, match=message):
        read_baseline(file)


@pytest.mark.parametrize(
    ("lines", "names"), [(False, ["a_b-00007", "x-00012"]), (True, ["a_b-line-00007", "x-line-00012"])]
)
def test_a_file_of_version_0_1_calls_its_samples_as_today(tmp_path: Path, lines: bool, names: list[str]) -> None:
    outcome = Outcome("h", 1.0, 1, 0.0)
    old = tmp_path / "old.json"
    write_baseline(old, Baseline("m", {"b": Part({}, {"a b-00007": outcome, "x-00012": outcome})}))
    old.write_text(old.read_text().replace("baseline/2", "baseline/1"))

    assert read_baseline(old, lines=lines).parts["b"].samples == dict.fromkeys(names, outcome)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(pytest.UsageError, match=r"there is no baseline .*nowhere\.json yet"):
        read_baseline(tmp_path / "nowhere.json")


def test_a_write_that_ends_early_leaves_the_old_file(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = file.read_text()
    monkeypatch.setattr(Path, "replace", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))

    with pytest.raises(KeyboardInterrupt):
        write_baseline(file, Baseline("m", {}))

    assert file.read_text() == before


def test_of_two_who_write_at_once_one_is_whole(tmp_path: Path) -> None:
    path, start = tmp_path / "b.json", threading.Barrier(4)
    many = [
        Baseline(f"m{n}", {"gsm8k": Part(PINS, {f"main-{i:05}": Outcome(f"h{n}", 1.0, 1, 0.0) for i in range(2000)})})
        for n in range(4)
    ]

    def write(baseline: Baseline) -> None:
        start.wait()
        for _ in range(5):
            write_baseline(path, baseline)

    threads = [threading.Thread(target=write, args=(each,)) for each in many]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert read_baseline(path) in many
    assert [each.name for each in tmp_path.iterdir()] == ["b.json"]


def test_a_pin_that_differs_is_named_and_may_be_waived() -> None:
    part = BASELINE.parts["gsm8k"]

    refuse_other_pins("gsm8k", part, {**PINS, "model": "other"}, [])
    with pytest.raises(
        pytest.UsageError,
        match=r"gsm8k: the baseline's prompt was def, this run's is new: .* --eval-set gate.waive=prompt",
    ):
        refuse_other_pins("gsm8k", part, {**PINS, "prompt": "new"}, ["data"])
    refuse_other_pins("gsm8k", part, {**PINS, "prompt": "new"}, ["prompt"])


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"main/test": "abc"}, None),
        (DATA | {"other/test": "fff"}, None),
        (
            DATA | {"main/test": "xyz"},
            r"data was main/test abc \(revision v1\), this run's is main/test xyz \(revision v2\)",
        ),
        ({}, None),
        ({"other/test": "abc"}, "data was main/test, main/train, this run's is other/test"),
        ("abc", "data was {.*}, this run's is abc"),
    ],
    ids=["a split less", "a split more", "another content", "no data opened", "other splits", "by hand"],
)
def test_data_is_compared_split_by_split(data: object, message: str | None) -> None:
    pins = {**PINS, "data": data if isinstance(data, str) else json.dumps(data), "revision": "v2"}

    if message is None:
        refuse_other_pins("gsm8k", BASELINE.parts["gsm8k"], pins, [])
    else:
        with pytest.raises(pytest.UsageError, match=message):
            refuse_other_pins("gsm8k", BASELINE.parts["gsm8k"], pins, [])
        refuse_other_pins("gsm8k", BASELINE.parts["gsm8k"], pins, ["data"])


def test_a_run_that_opens_data_may_follow_one_that_opened_none() -> None:
    none = Part({**PINS, "data": "{}"}, SAMPLES)

    refuse_other_pins("gsm8k", none, PINS, [])


def test_a_pin_that_does_not_exist_cannot_be_waived() -> None:
    with pytest.raises(pytest.UsageError, match=r"unknown pin in waive of \[gate\]: 'prompts'; did you mean 'prompt'"):
        refuse_other_pins("gsm8k", BASELINE.parts["gsm8k"], PINS, ["prompts"])


def test_other_samples_are_refused() -> None:
    part = BASELINE.parts["gsm8k"]
    fewer = {"main-00000": SAMPLES["main-00000"]}
    more = {**SAMPLES, "main-00002": SAMPLES["main-00000"]}
    changed = {**SAMPLES, "main-00001": Outcome("new", 0.5, 2, 0.5)}

    refuse_other_names("gsm8k", part, SAMPLES, whole=True)
    refuse_other_names("gsm8k", part, fewer, whole=False)
    with pytest.raises(pytest.UsageError, match="gsm8k: 1 samples are in the baseline only, such as main-00001"):
        refuse_other_names("gsm8k", part, fewer, whole=True)
    with pytest.raises(pytest.UsageError, match="gsm8k: 1 samples are not in the baseline, such as main-00002"):
        refuse_other_names("gsm8k", part, more, whole=False)
    refuse_other_names("gsm8k", replace(part, unscored=["main-00002"]), more, whole=True)
    refuse_other_content("gsm8k", part, more)
    with pytest.raises(pytest.UsageError, match="sample main-00001 asks something else than in the baseline"):
        refuse_other_content("gsm8k", part, changed)


def test_the_file_is_json(file: Path) -> None:
    assert json.loads(file.read_text())["schema"] == "pytest-modeleval/baseline/2"


def resealed(file: Path, change: Callable[[dict[str, Any]], object]) -> None:
    """Change the benchmark gsm8k in the file, and make its checksum that of what it holds now."""
    content = json.loads(file.read_text())
    part = content["benchmarks"]["gsm8k"]
    change(part)
    part["sha256"] = hashlib.sha256(json.dumps(part["samples"], sort_keys=True).encode()).hexdigest()
    file.write_text(json.dumps(content))


NO_SCORE = "and not a number from 0 to 1"
NO_COUNT = "and not a whole number of at least 1"


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        (1, float("nan"), f"the score of sample main-00001 is NaN, {NO_SCORE}"),
        (1, None, f"the score of sample main-00001 is null, {NO_SCORE}"),
        (1, -1e9, rf"the score of sample main-00001 is -1000000000\.0, {NO_SCORE}"),
        (1, 1.0000001, rf"the score of sample main-00001 is 1\.0000001, {NO_SCORE}"),
        (1, float("inf"), f"the score of sample main-00001 is Infinity, {NO_SCORE}"),
        (1, -float("inf"), f"the score of sample main-00001 is -Infinity, {NO_SCORE}"),
        (1, 10**400, f"the score of sample main-00001 is 10+ …, {NO_SCORE}"),
        (1, "1.0", f'the score of sample main-00001 is "1.0", {NO_SCORE}'),
        (1, True, f"the score of sample main-00001 is true, {NO_SCORE}"),
        (1, [1.0], rf"the score of sample main-00001 is \[1\.0\], {NO_SCORE}"),
        (2, 0, f"the repeats of sample main-00001 is 0, {NO_COUNT}"),
        (2, -1, f"the repeats of sample main-00001 is -1, {NO_COUNT}"),
        (2, 1.5, rf"the repeats of sample main-00001 is 1\.5, {NO_COUNT}"),
        (2, True, f"the repeats of sample main-00001 is true, {NO_COUNT}"),
        (2, "2", f'the repeats of sample main-00001 is "2", {NO_COUNT}'),
        (3, float("nan"), r"the variance of sample main-00001 is NaN, and not a number from 0 to 0\.5"),
        (3, -0.1, r"the variance of sample main-00001 is -0\.1, and not a number from 0 to 0\.5"),
        (3, None, r"the variance of sample main-00001 is null, and not a number from 0 to 0\.5"),
        (0, 5, "the content of sample main-00001 is 5, and not a hash"),
        (0, None, "the content of sample main-00001 is null, and not a hash"),
    ],
)
def test_what_is_no_value_is_refused_whatever_the_checksum(file: Path, place: int, value: object, message: str) -> None:
    resealed(file, lambda part: part["samples"]["main-00001"].__setitem__(place, value))

    with pytest.raises(pytest.UsageError, match=rf"b\.json: gsm8k: {message}: restore the file, or bless a new run"):
        read_baseline(file)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"pins": {"data": ["x"]}}, r'the pin data is \["x"\], and not a text'),
        ({"pins": {"prompt": None}}, "the pin prompt is null, and not a text"),
        ({"pins": ["data"]}, "lacks a part of a baseline"),
        ({"discordance": float("nan")}, "the discordance is NaN, and not a number from 0 to 1"),
        ({"discordance": "0.1"}, 'the discordance is "0.1", and not a number from 0 to 1'),
        ({"discordance": True}, "the discordance is true, and not a number from 0 to 1"),
        ({"samples": {"main-00000": ["h", 1.0]}}, r'sample main-00000 is \["h", 1\.0\], and not content, score, .*'),
        ({"samples": {"main-00000": "h"}}, 'sample main-00000 is "h", and not content, score, .*'),
        (
            {"samples": {"main-00000": ["h", 1.0, 1, 0.5]}},
            r"the variance of sample main-00000 is 0\.5, and not .* 0 to 0",
        ),
        ({"samples": {"x": ["h", 1.0, 1, 0.0]}}, '"x" is no sample\'s name, such as main-00042'),
        ({"samples": [["h", 1.0, 1, 0.0]]}, "lacks a part of a baseline"),
        ({"samples": None}, "lacks a part of a baseline"),
    ],
)
def test_what_no_run_writes_is_refused(file: Path, change: dict[str, Any], message: str) -> None:
    resealed(file, lambda part: part.update(change))

    with pytest.raises(pytest.UsageError, match=message) as refused:
        read_baseline(file)

    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[" * 200_000, "is cut off or no JSON"),
        ('{"schema": "pytest-modeleval/baseline/1", "model": 5, "benchmarks": {}}', "its model is 5, and no text"),
        ('{"schema": "pytest-modeleval/baseline/1", "model": "m", "benchmarks": []}', "lacks a part of a baseline"),
        (
            '{"schema": "pytest-modeleval/baseline/1", "model": "m", "benchmarks": {"a": 5}}',
            "lacks a part of a baseline",
        ),
    ],
    ids=["brackets", "model", "list", "number"],
)
def test_a_file_of_another_shape_is_refused(file: Path, text: str, message: str) -> None:
    file.write_text(text)

    with pytest.raises(pytest.UsageError, match=message):
        read_baseline(file)


def test_a_named_pipe_is_no_baseline(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")

    with pytest.raises(pytest.UsageError, match=r"pipe is a pipe, no file"):
        read_baseline(tmp_path / "pipe")
