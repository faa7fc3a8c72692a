"""A collection's table out of labelled records."""

import math
from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_modeleval.record import Labels, Record
from pytest_modeleval.results.levels import LevelRow, Levels
from pytest_modeleval.statistics.aggregates import Aggregate, clipped_mean
from pytest_modeleval.statistics.scale import Scale


def record(benchmark: str, subset: str, index: int, value: float | None, labels: Labels, **more: object) -> Record:
    scores = () if value is None else (("main", value, 1.0), *more.pop("others", ()))  # type: ignore[misc]
    outcome = "error" if value is None else "right" if value else "wrong"
    return Record("m", benchmark, subset, "", index, 0, outcome, scores, labels=labels, **more)  # type: ignore[arg-type]


def rows(records: Iterable[Record]) -> dict[tuple[str, tuple[str, ...], str], LevelRow]:
    levels = Levels()
    for one in records:
        levels.add(one)
    return {(row.level, row.name, row.metric): row for row in levels.rows()}


MATH = Labels("math", ("en", "hard"), ("mix", "Reasoning"), 0.1)
EXAM = Labels("exam", ("en",), ("mix", "Knowledge"), 0.02)
# Two datasets that both call their subset "default": math 1, 1, 0, 0; exam 1 of 10.
RECORDS = [
    *(record("gsm8k", "default", i, float(i < 2), MATH) for i in range(4)),
    *(record("arc", "default", i, float(i < 1), EXAM) for i in range(10)),
    record("arc", "default", 10, None, EXAM),
]


def test_micro_macro_and_weighted_means() -> None:
    whole = rows(RECORDS)["all", (), "main"]

    assert (whole.samples, whole.errors) == (14, 1)
    assert whole.micro == pytest.approx(3 / 14)
    # Two subsets called "default" of two datasets are two: (1/2 + 1/10) / 2.
    assert whole.macro == pytest.approx(0.3)
    # 0.1 · 2 + 0.02 · 1 over 0.1 · 4 + 0.02 · 10.
    assert whole.weighted == pytest.approx(0.22 / 0.6)
    # Wilson's interval of 3 in 14.
    assert (whole.low, whole.high) == pytest.approx((0.0757, 0.4759), abs=1e-4)
    # √(0.25/3 + 0.09/9) / 2.
    assert whole.macro_error == pytest.approx(math.sqrt(0.25 / 3 + 0.09 / 9) / 2)


def test_every_level_has_its_groups() -> None:
    found = {key: (row.samples, row.micro) for key, row in rows(RECORDS).items()}

    assert found == {
        ("all", (), "main"): (14, pytest.approx(3 / 14)),
        ("category", ("mix",), "main"): (14, pytest.approx(3 / 14)),
        ("category", ("mix", "Reasoning"), "main"): (4, 0.5),
        ("category", ("mix", "Knowledge"), "main"): (10, 0.1),
        ("task_type", ("math",), "main"): (4, 0.5),
        ("task_type", ("exam",), "main"): (10, 0.1),
        ("tag", ("en",), "main"): (14, pytest.approx(3 / 14)),
        ("tag", ("hard",), "main"): (4, 0.5),
        ("dataset", ("gsm8k",), "main"): (4, 0.5),
        ("dataset", ("arc",), "main"): (10, 0.1),
        ("subset", ("gsm8k", "default"), "main"): (4, 0.5),
        ("subset", ("arc", "default"), "main"): (10, 0.1),
    }


def test_every_metric_of_a_dataset_is_there() -> None:
    others = [(("strict", 0.5, 2.0), ("loose", 1.0, 3.0)), (("strict", 1.0, 1.0), ("loose", 0.0, 1.0))]
    harmonic = {"f": ("strict", "loose")}
    found = rows(record("ifeval", "default", i, 1.0, MATH, others=o, harmonic=harmonic) for i, o in enumerate(others))

    of_dataset = {metric: row for (level, _, metric), row in found.items() if level == "dataset"}
    assert list(of_dataset) == ["main", "f", "loose", "strict"]
    assert of_dataset["strict"].micro == pytest.approx(2 / 3)
    assert of_dataset["loose"].micro == pytest.approx(3 / 4)
    assert of_dataset["f"].micro == of_dataset["f"].macro == pytest.approx(12 / 17)
    assert of_dataset["f"].weighted is None
    assert {metric for level, _, metric in found if level != "dataset"} == {"main"}


def test_an_aggregate_of_a_dataset_is_there_and_stands_in_place_of_a_mean() -> None:
    wide = dict.fromkeys(("main", "loose"), Scale(-math.inf, 1.0))
    kept = {"main": Aggregate(clipped_mean).kept, "top": Aggregate(clipped_mean, ("loose",)).kept}
    found = rows(
        record("health", "default", i, value, MATH, others=[("loose", value, 1.0)], aggregates=kept, scales=wide)
        for i, value in enumerate((-0.5, 0.1))
    )

    of_dataset = {metric: row.micro for (level, _, metric), row in found.items() if level == "dataset"}
    assert of_dataset == {"main": 0.0, "top": 0.0, "loose": pytest.approx(-0.2)}


def test_repeats_of_a_sample_are_one_cluster() -> None:
    def repeated(index: int, repeat: int) -> Record:
        scores = (("main", float(index == 0), 1.0),)
        return Record("m", "b", "s", "", index, repeat, "right", scores, answer="x", labels=MATH)

    found = rows(repeated(index, repeat) for index in range(2) for repeat in range(4))

    whole = found["all", (), "main"]
    assert (whole.samples, whole.micro) == (8, 0.5)
    assert whole.standard_error == pytest.approx(0.5)
    assert found["dataset", ("b",), "pass@4"].samples == 2


def test_a_dataset_of_errors_alone_is_shown_without_a_score() -> None:
    found = rows([record("b", "s", 0, None, MATH)])

    row = found["dataset", ("b",), "main"]
    assert (row.samples, row.errors, row.micro, row.macro, row.weighted) == (0, 1, None, None, None)


def test_a_datasets_scores_are_what_they_are_where_its_first_subset_is_errors_alone() -> None:
    seconds = {"main": Scale(0.0, math.inf, "lower", measured=True)}
    measured = [record("b", "second", i, 100.0 + i, MATH, scales=seconds) for i in range(3)]
    row = rows([record("b", "first", 0, None, MATH), *measured])["dataset", ("b",), "main"]

    assert (row.range, row.label, row.micro) == ((0.0, None), "main ↓ measured", 101.0)
    assert row.high is not None
    assert row.high > 101


def test_categories_stand_as_a_tree_whatever_came_first() -> None:
    paths = [("c", "x"), ("c", "y"), ("c", "x", "z")]
    found = rows(record("b", "s", i, 1.0, Labels("", (), path, 1.0)) for i, path in enumerate(paths))

    assert [name for level, name, _ in found if level == "category"] == [
        ("c",),
        ("c", "x"),
        ("c", "x", "z"),
        ("c", "y"),
    ]


def test_a_record_without_labels_is_no_collections() -> None:
    assert rows([Record("m", "b", "s", "", 0, 0, "right", (("main", 1.0, 1.0),))]) == {}


@given(
    st.lists(
        st.tuples(st.sampled_from("abc"), st.sampled_from("st"), st.sampled_from([0.1, 0.5, 2.0]), st.booleans()),
        min_size=1,
    )
)
def test_means_are_what_their_definitions_say(samples: list[tuple[str, str, float, bool]]) -> None:
    found = rows(
        record(benchmark, subset, index, float(right), Labels("", (), (), weight))
        for index, (benchmark, subset, weight, right) in enumerate(samples)
    )["all", (), "main"]

    by_subset: dict[tuple[str, str], list[bool]] = {}
    for benchmark, subset, _, right in samples:
        by_subset.setdefault((benchmark, subset), []).append(right)
    assert found.micro == pytest.approx(sum(right for *_, right in samples) / len(samples))
    assert found.macro == pytest.approx(sum(sum(s) / len(s) for s in by_subset.values()) / len(by_subset))
    total = sum(weight for _, _, weight, _ in samples)
    assert found.weighted == pytest.approx(sum(weight * right for _, _, weight, right in samples) / total)


def test_labels_cross_as_json_and_ordinary_records_carry_none() -> None:
    labelled = record("b", "s", 0, 1.0, MATH)
    name, value = labelled.to_property()

    back = Record.of([(name, value)])
    assert back is not None
    assert back.labels == MATH
    assert "labels" not in Record("m", "b", "s", "", 0, 0, "right").to_property()[1]
