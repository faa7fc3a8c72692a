"""From records to the table and its JSON."""

import json
from pathlib import Path

import jsonschema
import pytest

import pytest_modeleval.reports
from pytest_modeleval.record import Labels, Record
from pytest_modeleval.results.counts import Counts
from pytest_modeleval.results.levels import Levels
from pytest_modeleval.results.results import Results
from tests.conftest import FaultyServer, run


def record(**fields: object) -> Record:
    base = {"model": "m", "benchmark": "b", "subset": "s", "group": "", "index": 0, "repeat": 0, "outcome": "right"}
    scores = (("main", 1.0, 1.0),) if fields.get("outcome", "right") == "right" else ()
    return Record(**{**base, "scores": scores, **fields})  # type: ignore[arg-type]


def table(*records: Record) -> list[tuple[str, str, int, int, float | None]]:
    results = Results()
    for one in records:
        results.add(one)
    return [(row.part, row.metric, row.samples, row.errors, row.score) for row in results.rows()]


def test_errors_are_counted_and_never_scored() -> None:
    rows = table(
        record(), record(index=1, outcome="error"), record(index=2, outcome="wrong", scores=(("main", 0.0, 1.0),))
    )

    assert rows == [("", "main", 2, 1, 0.5)]


def test_subsets_are_listed_and_groups_instead_where_there_are_some() -> None:
    by_subset = table(record(subset="x"), record(subset="y", outcome="wrong", scores=(("main", 0.0, 1.0),)))
    by_group = table(record(subset="x", group="g"), record(subset="y", group="g"), record(subset="z", group="h"))

    assert [row[0] for row in by_subset] == ["", "x", "y"]
    assert [(row[0], row[2]) for row in by_group] == [("", 3), ("g", 2), ("h", 1)]


def test_rows_stand_in_the_order_of_the_items_whichever_came_back_first() -> None:
    results, levels = Results(), Levels()
    for place, (benchmark, subset, length) in reversed(list(enumerate([("b", "y", 1), ("b", "x", 9), ("a", "x", 2)]))):
        came = record(
            benchmark=benchmark,
            subset=subset,
            axes={"length": length},
            tags=(benchmark,),
            labels=Labels("", (), (), 1.0),
        )
        results.add(came, place)
        levels.add(came, place)

    assert [(row.benchmark, row.part) for row in results.rows()] == [("b", ""), ("b", "y"), ("b", "x"), ("a", "")]
    assert [row.part for row in results.subset_rows()] == ["y", "x"]
    assert [row.value for row in results.axis_rows()] == [1, 9, 2]
    assert [row.part for row in results.tag_rows()] == ["b", "a"]
    assert [row.name for row in levels.rows() if row.level == "subset"] == [("b", "y"), ("b", "x"), ("a", "x")]


def test_the_whole_is_the_mean_over_samples_not_over_subsets() -> None:
    wrong = {"outcome": "wrong", "scores": (("main", 0.0, 1.0),)}
    rows = table(record(subset="x", index=0), *(record(subset="y", index=i, **wrong) for i in range(3)))

    assert rows[0][4] == 0.25


def test_counts_of_processes_are_added_up() -> None:
    whole = Counts(1, 2, 3, 4) + Counts(10, 20, 30, 40)

    assert (whole.errors, whole.unscored, whole.prompt_tokens, whole.completion_tokens) == (11, 22, 33, 44)


def test_the_interval_has_both_of_its_ends() -> None:
    """Wilson's for 8 of 10."""
    results = Results()
    for index in range(10):
        right = index < 8
        scores = (("main", float(right), 1.0),)
        results.add(record(index=index, outcome="right" if right else "wrong", scores=scores, tags=("maths",)))
    (row,), (tag,) = results.rows(), results.tag_rows()

    assert (row.low, row.high) == pytest.approx((0.4902, 0.9433), abs=1e-4)
    assert (tag.low, tag.high) == (row.low, row.high)


def test_repeats_of_a_sample_are_one_cluster() -> None:
    results = Results()
    for index in range(4):
        for repeat in range(5):
            results.add(record(index=index, repeat=repeat, scores=(("main", float(index < 2), 1.0),)))
    (row,) = results.rows()

    assert (row.samples, row.score) == (20, 0.5)
    assert row.standard_error == pytest.approx((1 / 3 / 4) ** 0.5)


def test_a_vote_counts_what_its_answers_score_does() -> None:
    """Right at a weight of 1, and open, voted for by two of three, at ½: 1/1.5; of two samples one passes each time."""
    results = Results()
    unsure = {"outcome": "wrong", "scores": (("main", 0.0, 0.5),)}
    for repeat in range(3):
        results.add(record(repeat=repeat, answer="z"))
        results.add(record(index=1, repeat=repeat, answer="-", **unsure))

    found = {row.metric: row.score for row in results.rows()}

    assert [found["vote@3"], found["main"]] == pytest.approx([1 / 1.5, 1 / 1.5])
    assert (found["pass@3"], found["pass^3"]) == (0.5, 0.5)


def test_repeats_add_pass_at_k_and_the_vote() -> None:
    """Two samples asked three times: right once of three with the others agreeing on a wrong answer; right always."""
    results = Results()
    wrong = {"outcome": "wrong", "scores": (("main", 0.0, 1.0),)}
    results.add(record(repeat=2, answer="x", **wrong))
    results.add(record(repeat=0, answer="y"))
    results.add(record(repeat=1, answer="x", **wrong))
    for repeat in range(3):
        results.add(record(index=1, repeat=repeat, answer="z"))

    scores = {row.metric: row.score for row in results.rows()}
    assert scores == pytest.approx(
        {
            "main": 2 / 3,
            "pass@2": (2 / 3 + 1) / 2,
            "pass@3": 1.0,
            "pass^2": 0.5,
            "pass^3": 0.5,
            "vote@2": 1.0,
            "vote@3": 0.5,
        }
    )


def test_a_repeat_in_error_takes_its_sample_out_of_the_largest_k() -> None:
    results = Results()
    results.add(record(answer="x"))
    results.add(record(repeat=1, outcome="error"))
    for repeat in range(2):
        results.add(record(index=1, repeat=repeat, answer="x"))

    assert {row.metric: row.samples for row in results.rows()} == {
        "main": 3, "pass@2": 1, "pass^2": 1, "vote@2": 1,
    }  # fmt: skip


def test_a_harmonic_metric_is_made_of_means_and_not_of_samples() -> None:
    results = Results()
    harmonic = {"harmonic": {"f1": ("error_acc", "correct_acc")}}
    for index, (metric, value) in enumerate([("error_acc", 0.0), ("error_acc", 1.0), ("correct_acc", 1.0)]):
        results.add(record(index=index, scores=(("main", value, 1.0), (metric, value, 1.0)), **harmonic))

    rows = {row.metric: (row.samples, row.score) for row in results.rows()}
    assert rows == {"main": (3, 2 / 3), "correct_acc": (1, 1.0), "error_acc": (2, 0.5), "f1": (3, 2 / 3)}


def test_a_tag_s_line_is_over_all_samples_of_the_benchmarks_with_it() -> None:
    results = Results()
    # The same subset and row of two benchmarks are two samples.
    results.add(record(benchmark="a", tags=("maths", "short")))
    results.add(record(benchmark="a", index=1, outcome="error", scores=()))
    results.add(record(benchmark="b", outcome="wrong", scores=(("main", 0.0, 1.0),), tags=("maths",)))

    rows = {row.part: (row.samples, row.errors, row.score) for row in results.tag_rows()}
    assert rows == {"maths": (2, 1, 0.5), "short": (1, 1, 1.0)}


def test_a_record_survives_the_way_to_the_controller() -> None:
    sent = record(scores=(("main", 0.5, 1.0), ("f1", 0.25, 2.0)), first_token=0.1, asked=1.0, answered=2.0)

    assert Record.of([("other", 1), sent.to_property()]) == Record(
        **{
            **{name: getattr(sent, name) for name in Record.__slots__},
            "scores": [["main", 0.5, 1.0], ["f1", 0.25, 2.0]],
        }
    )


def test_the_json_follows_its_schema(project: pytest.Pytester, faulty: FaultyServer) -> None:
    schema = json.loads((Path(pytest_modeleval.reports.__file__).parent / "results.schema.json").read_text())

    run(project, "--model", "faulty", "--eval-write", "deep/out.json", "test_answers.py")
    document = json.loads((project.path / "deep/out.json").read_text())

    jsonschema.validate(document, schema)
    assert document["schema"] == "pytest-modeleval/results/1"
    whole, easy, hard = document["rows"]
    assert (whole["model"], whole["benchmark"], whole["part"], whole["samples"], whole["score"]) == (
        "faulty", "answers", "", 10, 1.0,
    )  # fmt: skip
    assert (easy["part"], hard["part"]) == ("easy", "hard")
    assert (whole["prompt_tokens"], whole["completion_tokens"]) == (70, 30)


def test_what_cannot_be_written_at_the_end_takes_no_other_file_with_it(
    project: pytest.Pytester, faulty: FaultyServer
) -> None:
    project.makeconftest("from pathlib import Path\ndef pytest_collection_finish(): Path('gone').touch()")
    gone = ["--eval-write", "gone/out.json", "--eval-write", "gone/out.csv"]

    result = run(project, "--model", "faulty", *gone, "--eval-write=s.md", "--eval-write=p.html", "test_answers.py")

    result.assert_outcomes(passed=10)
    assert result.ret == pytest.ExitCode.USAGE_ERROR
    said = ["cannot write */gone/out.json: *", "cannot write */gone/out.csv: *"]
    result.stdout.fnmatch_lines(["*= scores =*", "faulty*", *said, "*= 10 passed in *"])
    assert "answers" in (project.path / "s.md").read_text()
    assert "answers" in (project.path / "p.html").read_text()
