"""Datasets by their declaration: subsets out of configs, splits or a column."""

import json
from pathlib import Path

import pytest

from pytest_modeleval import SampleError, hub
from pytest_modeleval.datasets import Place
from pytest_modeleval.datasets.hub import Beside, Hub, HubRows, Names, NoData


def declared(*, config: Names = "default", split: Names = "test", by: str | None = None, subsets: Names = ()) -> Hub:
    return hub(modelscope="a/b", huggingface=None, config=config, split=split, by=by, subsets=subsets)


def opened(dataset: Hub, folder: Path, *, examples: str | None = None, **files: list[dict[str, object]]) -> HubRows:
    """The dataset over ``NAME.jsonl`` of each file; ``__`` in a name is a folder."""
    for name, rows in files.items():
        path = folder / "data" / f"{name.replace('__', '/')}.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(f"{json.dumps(row)}\n" for row in rows))
    return dataset.open(Place("b", folder / "data", folder / ".modeleval/lock.json"), list(dataset.subsets), examples)


@pytest.mark.parametrize(
    ("dataset", "subsets"),
    [
        (declared(config="main"), {"main": ""}),
        (declared(config=["a", "b"]), {"a": "", "b": ""}),
        (declared(config={"g": ["a"], "h": ["b", "c"]}), {"a": "g", "b": "h", "c": "h"}),
        (declared(split=["gsm8k", "math"]), {"gsm8k": "", "math": ""}),
        (declared(split={"g": ["a"]}), {"a": "g"}),
        (declared(by="level", subsets=["1", "2"]), {"1": "", "2": ""}),
        (declared(by="field", subsets={"Law": ["Law", "Politics"]}), {"Law": "Law", "Politics": "Law"}),
    ],
)
def test_subsets_may_be_one_several_or_grouped(dataset: Hub, subsets: dict[str, str]) -> None:
    assert dict(dataset.subsets) == subsets


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"config": ["a"], "split": ["b"]}, "subsets come from config or split; keep one"),
        ({"split": ["b"], "by": "c", "subsets": ["d"]}, "subsets come from split or by; keep one"),
        ({"by": "c"}, "by= and subsets= belong together"),
        ({"subsets": ["c"]}, "by= and subsets= belong together"),
    ],
)
def test_subsets_come_from_one_thing(arguments: dict[str, Names], said: str) -> None:
    with pytest.raises(pytest.UsageError, match=said):
        declared(**arguments)  # type: ignore[arg-type]


def test_splits_may_be_the_subsets(tmp_path: Path) -> None:
    rows = opened(declared(split=["easy", "hard"]), tmp_path, easy=[{"n": 1}], hard=[{"n": 2}, {"n": 3}])

    assert (rows.count("easy"), rows.count("hard"), rows.row("hard", 1)["n"]) == (1, 2, 3)


LEVELS: list[dict[str, object]] = [{"level": 1, "n": 0}, {"level": 2, "n": 1}, {"level": 1, "n": 2}]


def test_a_split_may_be_regrouped_by_a_column(tmp_path: Path) -> None:
    dataset = declared(by="level", subsets=["1", "2"])
    rows = opened(dataset, tmp_path, examples="dev", test=LEVELS, dev=[{"level": 2, "n": 7}, {"level": 1, "n": 8}])

    assert [rows.count("1"), rows.count("2")] == [2, 1]
    assert [rows.row("1", index)["n"] for index in range(2)] == [0, 2]
    assert [row["n"] for row in rows.examples("1", "dev")] == [8]


def test_a_value_that_is_no_subset_is_refused_also_when_the_lock_knows(tmp_path: Path) -> None:
    opened(declared(by="level", subsets=["1", "2"]), tmp_path, test=LEVELS).count("1")

    with pytest.raises(pytest.UsageError, match="b: 1 rows have level '2', which is no subset of 1, 3"):
        opened(declared(by="level", subsets=["1", "3"]), tmp_path).count("1")


def test_a_subset_without_a_row_is_refused(tmp_path: Path) -> None:
    rows = opened(declared(by="level", subsets=["1", "2", "3"]), tmp_path, test=LEVELS)

    with pytest.raises(pytest.UsageError, match="b: no row has level '3'; there is 1, 2"):
        rows.count("3")


def test_examples_are_the_rows_of_another_split(tmp_path: Path) -> None:
    rows = opened(
        declared(config="main"), tmp_path, examples="train", main__test=[], main__train=[{"n": n} for n in range(25)]
    )

    examples = rows.examples("main", "train")
    assert (len(examples), [row["n"] for row in examples[:3]]) == (25, [0, 1, 2])


def test_examples_may_be_a_text_for_each_subset(tmp_path: Path) -> None:
    (tmp_path / "data/dev").mkdir(parents=True)
    (tmp_path / "data/dev/a.txt").write_text("Q: 1 + 1?\nA: So the answer is 2.")
    files: dict[str, list[dict[str, object]]] = {"a__test": [{"n": 1}], "b__test": [], "b__dev": [{"n": 2}]}
    rows = opened(declared(config=["a", "b"]), tmp_path, examples="dev", **files)

    assert list(rows.examples("a", "dev")) == [{"input": "1 + 1?", "target": "2", "solution": "So the answer is 2."}]
    assert list(rows.examples("b", "dev")) == [{"n": 2}]


@pytest.mark.parametrize(("chosen", "error"), [(True, pytest.UsageError), (False, NoData)])
def test_missing_examples_are_said_and_leave_a_benchmark_out_of_a_run_over_everything(
    tmp_path: Path, chosen: bool, error: type[Exception]
) -> None:
    (tmp_path / "test.jsonl").write_text("{}")
    place = Place("b", tmp_path, tmp_path / "lock.json", chosen=chosen)

    with pytest.raises(error, match=r"has no default/dev .*; the solved examples come from there, --eval-shots 0"):
        declared().open(place, ["default"], "dev")


def test_the_same_bytes_in_a_file_of_another_kind_are_read_anew(tmp_path: Path) -> None:
    dataset, place = declared(), Place("b", tmp_path / "data", tmp_path / "lock.json")
    (tmp_path / "data").mkdir()
    (tmp_path / "data/test.csv").write_text("a\tb,c\n1\t2,3\n")
    assert dataset.open(place, ["default"], None).row("default", 0) == {"a\tb": "1\t2", "c": "3"}

    (tmp_path / "data/test.csv").rename(tmp_path / "data/test.tsv")
    assert dataset.open(place, ["default"], None).row("default", 0) == {"a": "1", "b,c": "2,3"}


def with_answers(*, optional: bool = False) -> Hub:
    split = {"hard": "answers/one", "new": "answers/two"}
    beside = Beside("answer", on="uid", config="v2", split=split, optional=optional)
    return hub(
        modelscope="a/b", huggingface=None, config="v2", split="question", by="kind", subsets=["hard", "new"],
        beside=beside,
    )  # fmt: skip


QUESTIONS: list[dict[str, object]] = [
    {"uid": "x", "kind": "new"}, {"uid": "y", "kind": "hard"}, {"uid": "z", "kind": "hard"}
]  # fmt: skip


def test_a_row_gets_the_one_beside_it_by_its_subset(tmp_path: Path) -> None:
    one: list[dict[str, object]] = [{"uid": "z", "said": 1}, {"uid": "y", "said": 2}]
    two: list[dict[str, object]] = [{"uid": "x", "said": 3}, {"uid": "y", "said": 4}]

    rows = opened(with_answers(), tmp_path, v2__question=QUESTIONS, v2__answers__one=one, v2__answers__two=two)

    found = [rows.row(subset, index)["answer"]["said"] for subset, index in (("hard", 0), ("hard", 1), ("new", 0))]
    assert found == [2, 1, 3]
    assert rows.row("new", 0).where.endswith("question.jsonl")


def test_a_row_without_one_beside_it_is_an_error_or_without(tmp_path: Path) -> None:
    one, two = [QUESTIONS[1]], [QUESTIONS[0]]
    rows, without = (
        opened(with_answers(optional=o), tmp_path, v2__question=QUESTIONS, v2__answers__one=one, v2__answers__two=two)
        for o in (False, True)
    )

    with pytest.raises(SampleError, match=r"row 2.*: v2/answers/one has no row whose uid is 'z'$"):
        rows.row("hard", 1)
    assert ["answer" in without.row("hard", index) for index in (0, 1)] == [True, False]


def test_what_is_beside_the_rows_is_needed_unless_it_is_optional(tmp_path: Path) -> None:
    with pytest.raises(pytest.UsageError, match=r"^b: .*data has no v2/answers/one .*; it has v2/question\.jsonl$"):
        opened(with_answers(), tmp_path, v2__question=QUESTIONS)

    assert "answer" not in opened(with_answers(optional=True), tmp_path, v2__question=QUESTIONS).row("new", 0)


def test_a_copy_may_have_other_names(tmp_path: Path) -> None:
    dataset = hub(modelscope="a/b", huggingface=None, split="asked", in_copies={"asked": "question"})

    assert opened(dataset, tmp_path, question=[{"n": 1}]).row("default", 0)["n"] == 1
    with pytest.raises(pytest.UsageError, match="has no default/asked"):
        opened(dataset, tmp_path / "other", answer=[{"n": 1}])
