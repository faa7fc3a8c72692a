"""Scores that are no shares: other ranges, lower is better, measured; and samples' axes. From Score to every output."""

import csv
import json
import math
import re
import sqlite3
import xml.etree.ElementTree as ET
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import closing
from typing import Any

import pytest

from pytest_modeleval.reports.samples import export
from pytest_modeleval.sample import Sample, SampleError, Score
from pytest_modeleval.statistics.means import estimate
from pytest_modeleval.statistics.scale import PLAIN, Scale
from tests.conftest import FaultyServer, alias, answer, modeleval, run, run_alone, send
from tests.reports.conftest import Data

# A model that answers with a number: how many errors of ten a text has, a length without an end, and an answer to 42.
KINDS = """
import math
from pytest_modeleval import Completion, Sample, Score, benchmark, generated

ROWS = generated(lambda subset, index: {"n": index}, {"short": 4, "long": 4})

def to_sample(row):
    return Sample(f"row {row['n']}", "42", axes={"length": row["n"] * 1000, "kind": "even" if row["n"] % 2 == 0 else "odd"})

@benchmark(ROWS, to_sample)
def test_errors(sample: Sample, completion: Completion) -> None:
    value = float(completion.text)
    assert Score(value, True, completion.text, range=(0, 10), better="lower", measured=True)

@benchmark(ROWS, to_sample)
def test_length(sample: Sample, completion: Completion) -> None:
    assert Score(float(completion.text), True, range=(0, math.inf), measured=True)

@benchmark(ROWS, to_sample)
def test_rated(sample: Sample, completion: Completion) -> None:
    assert Score(float(completion.text), float(completion.text) >= 2, range=(1, 5))
"""


@pytest.fixture
def kinds(project: pytest.Pytester, faulty: FaultyServer) -> pytest.Pytester:
    project.makepyfile(test_kinds=KINDS)
    faulty.fault = answer("3")
    return project


@pytest.mark.parametrize(
    ("scale", "said"),
    [
        (PLAIN, "0 to 1"),
        (Scale(1, 5), "1 to 5"),
        (Scale(0, math.inf, "lower"), "at least 0, lower is better"),
        (Scale(-math.inf, 0, measured=True), "at most 0, measured"),
        (Scale(-math.inf, math.inf, "lower", measured=True), "any number, lower is better, measured"),
    ],
)
def test_a_scale_says_what_it_is_and_is_read_again(scale: Scale, said: str) -> None:
    assert str(scale) == said
    assert Scale.of(json.loads(json.dumps(scale.kept))) == scale


@pytest.mark.parametrize("kept", [[0, 1, "up", False], [1, 0, "higher", False], [0, 1], 3, [0, "x", "higher", True]])
def test_what_is_no_scale_is_refused(kept: object) -> None:
    with pytest.raises(ValueError, match=r".*"):
        Scale.of(kept)


def made(value: Any, **more: Any) -> Score:
    return Score(value, True, **more)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"value": 2}, "a score's value lies between 0 and 1, not 2: 'main' of made"),
        (
            {"value": 11, "range": (0, 10), "name": "wer"},
            "a score's value lies in its range, 0 to 10, not 11: 'wer' of made",
        ),
        ({"value": math.inf, "range": (0, math.inf)}, "a score's value lies in its range, at least 0, not inf"),
        ({"value": 10**400, "range": (0, math.inf)}, "a score's value lies in its range, at least 0, not 1000"),
        ({"value": 1e101, "range": (0, math.inf)}, r"at least 0, not 1e\+101: 'main' of made; none is beyond 1e\+100"),
        ({"value": -(10**200), "range": (-math.inf, math.inf)}, r"none is beyond 1e\+100"),
        ({"value": "3", "range": (0, 9)}, "a score's value lies in its range, 0 to 9, not '3'"),
        ({"value": math.nan, "range": (0, 10)}, "a score's value lies in its range, 0 to 10, not nan"),
        ({"value": 0, "range": (1, 0)}, "a score's range is two numbers, the lower first, such as"),
        ({"value": 0, "range": 1}, "a score's range is two numbers, the lower first, such as"),
        ({"value": 0, "better": "less"}, "a score's better is 'higher' or 'lower', not 'less'"),
    ],
)
def test_a_score_out_of_its_range_names_scorer_and_value(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said.replace("(", r"\(")):
        made(**settings)


def test_the_largest_scores_can_be_reckoned_with() -> None:
    values, weights = [1e100, -1e100, 0.0] * 10_000, [1e30, 1e30, 1.0] * 10_000
    found = estimate(values, weights, ends=(-math.inf, math.inf))

    assert found is not None
    assert math.isfinite(found.low)
    assert found.mean == 0


def test_what_is_only_measured_cannot_fail() -> None:
    with pytest.raises(ValueError, match="only measured has no pass mark: 'main' of test_what_is_only_measured"):
        Score(0.5, False, measured=True)


@pytest.mark.parametrize(
    ("axes", "said"),
    [
        ({"length": True}, "not 'length': True"),
        ({"length": [1]}, r"not 'length': \[1\]"),
        ({"length": math.nan}, "not 'length': nan"),
        ({1: "x"}, "not 1: 'x'"),
        ({"": 1}, "not '': 1"),
        ({"a\0b": 1}, r"not 'a\\x00b': 1"),
        (["length"], r"are names with values, such as \{\"length\": 4000\}, not \['length'\]"),
    ],
)
def test_axes_are_names_with_texts_or_numbers(axes: Any, said: str) -> None:
    with pytest.raises(SampleError, match=f"^a sample's ax[ei]s .*{said}$"):
        Sample("a", "b", axes=axes)


def written(folder: pytest.Pytester, *flags: str) -> dict[str, dict[str, Any]]:
    """The rows of --eval-write by benchmark."""
    run(folder, "--model", "faulty", "--eval-write", "out.json", *flags, "test_kinds.py")
    rows = json.loads((folder.path / "out.json").read_text())["rows"]
    return {row["benchmark"]: row for row in rows if not row["part"]}


def test_the_table_knows_what_its_scores_are(kinds: pytest.Pytester) -> None:
    result = run(kinds, "--model", "faulty", "test_kinds.py")

    result.assert_outcomes(passed=24)
    lines = [line.split() for line in result.outlines]
    assert ["faulty", "errors", "main", "↓", "measured", "8", "0", "3.000"] in [line[:8] for line in lines]
    assert ["faulty", "length", "main", "measured", "8", "0", "3.000", "[3.000,", "3.000]"] in [
        line[:9] for line in lines
    ]
    assert ["faulty", "rated", "main", "8", "0", "3.000"] in [line[:6] for line in lines]
    assert "wrong" not in result.stdout.str()


def test_the_json_table_has_range_direction_axes_and_an_interval_within_the_range(kinds: pytest.Pytester) -> None:
    found = written(kinds)

    errors = found["errors"]
    assert (errors["range"], errors["better"], errors["measured"]) == ([0.0, 10.0], "lower", True)
    assert found["length"]["range"] == [0.0, None]
    assert (found["rated"]["measured"], found["rated"]["better"]) == (False, "higher")
    assert errors["axes"] == ["length", "kind"]
    assert 0 < errors["low"] < 3 < errors["high"] < 10


ODD = """
import math
from pytest_modeleval import Completion, Sample, Score, benchmark, generated

@benchmark(generated(lambda subset, index: {"n": index}, {"main": 1}), lambda row: Sample("a", "b"))
def test_odd(sample: Sample, completion: Completion) -> None:
    assert Score(3.0, True, range=(0, math.inf), measured=True)
    Score(1.0, True, name="a|b\\x1b\\ud800")
"""


def test_a_summary_has_what_has_no_interval_and_any_name(project: pytest.Pytester, faulty: FaultyServer) -> None:
    """Of one value in a range without an end nothing is known but this end."""
    project.makepyfile(test_odd=ODD)
    faulty.fault = answer("3")
    files = ("--eval-write", "run.md", "--eval-write", "run.json")
    run(project, "--model", "faulty", "test_odd.py", *files).assert_outcomes(passed=1)

    lines = (project.path / "run.md").read_text("utf-8").splitlines()
    assert "| faulty | odd | main measured | 1 | 0 | 3.000 | - |" in lines
    assert "| faulty | odd | a&#124;b&#92;x1b&#92;ud800 | 1 | 0 | 1.000 | [0.207, 1.000] |" in lines


def test_verbose_says_measured(kinds: pytest.Pytester) -> None:
    result = run(kinds, "--model", "faulty", "-v", "-k", "errors", "test_kinds.py")

    result.stdout.fnmatch_lines(["*::test_errors?short-00000? MEASURED*"])


def test_store_and_exports_have_scales_and_axes(kinds: pytest.Pytester) -> None:
    for ending in ("csv", "jsonl", "parquet"):
        run(kinds, "--model", "faulty", "--eval-write", f"out.{ending}", "-k", "errors", "test_kinds.py")

    with closing(sqlite3.connect(kinds.path / ".modeleval/store.sqlite")) as store:
        assert set(store.execute("select outcome, value, scale from scores")) == {
            ("measured", 3.0, '[0.0, 10.0, "lower", true]')
        }
    lines = [json.loads(line) for line in (kinds.path / "out.jsonl").read_text().splitlines()]
    assert {line["outcome"] for line in lines} == {"measured"}
    assert [(line["axis.length"], line["axis.kind"]) for line in lines[:2]] == [(0, "even"), (1000, "odd")]
    with (kinds.path / "out.csv").open() as file:
        assert [row["axis.length"] for row in csv.DictReader(file)] == ["0", "1000", "2000", "3000"] * 2
    import pyarrow.parquet

    table = pyarrow.parquet.read_table(kinds.path / "out.parquet")
    assert table["axis.length"].to_pylist() == [0.0, 1000.0, 2000.0, 3000.0] * 2
    assert table["axis.kind"].to_pylist()[:2] == ["even", "odd"]


def test_page_junit_and_allure_say_measured_and_show_axes(kinds: pytest.Pytester) -> None:
    outputs = ["--eval-write", "p.html", "--junitxml", "j.xml", "--alluredir", "allure"]

    run(kinds, "--model", "faulty", *outputs, "-k", "errors", "test_kinds.py")

    page = Data(kinds.path / "p.html")
    assert {(row["outcome"], row["mistake"], row["scale"]) for row in page.rows} == {
        ("measured", "", "0 to 10, lower is better, measured")
    }
    assert page.rows[1]["axes"] == "length 1000, kind odd"
    suite = ET.parse(kinds.path / "j.xml").getroot()[0]
    assert (suite.get("failures"), suite.get("errors")) == ("0", "0")
    told = {prop.get("name"): prop.get("value") for prop in suite.findall("testcase")[1].iter("property")}
    assert (told["outcome"], told["score"]) == ("measured", "3")
    assert (told["scale"], told["axis.length"]) == ("0 to 10, lower is better, measured", "1000")
    found = [json.loads(path.read_text()) for path in (kinds.path / "allure").glob("*-result.json")]
    (sample,) = (each for each in found if each["fullName"] == "errors[short-00001]")
    assert (sample["status"], sample["statusDetails"]["message"]) == (
        "passed",
        "measured: 3 (0 to 10, lower is better, measured)",
    )
    assert {"name": "length", "value": "1000"} in sample["parameters"]


def gate(project: pytest.Pytester, name: str, *flags: str) -> pytest.RunResult:
    return run(project, "--model", "faulty", "-k", name, *flags, "test_kinds.py")


Gated = Callable[[str], pytest.RunResult]


@pytest.fixture
def against(kinds: pytest.Pytester, faulty: FaultyServer) -> Callable[[str, str, str], pytest.RunResult]:
    """A gate of a benchmark: what a model that answered the first is judged to be when it answers the second."""

    def gated(name: str, before: str, now: str, *flags: str) -> pytest.RunResult:
        faulty.fault = answer(before)
        gate(kinds, name, "--eval-save-baseline", "b.json")
        faulty.fault = answer(now)
        return gate(kinds, name, "--eval-baseline", "b.json", *flags)

    return gated


@pytest.mark.parametrize(
    ("name", "before", "now", "status", "said"),
    [
        # A metric whose lower is better regresses when it rises.
        ("errors", "1", "9", 1, "change -80.0 pp * of the scores, 0 to 10, lower is better, measured; + is better"),
        ("errors", "9", "1", 0, "change +80.0 pp *"),
        ("rated", "5", "2", 1, "change -75.0 pp * of the scores, 1 to 5; + is better, 8 regressed and 0 fixed*"),
        # Of a range without an end, a change is a share of what the mean was.
        ("length", "4", "2", 1, "change -50.0 pp * of the scores, at least 0, measured; + is better*"),
        ("length", "4", "6", 0, "change +50.0 pp *"),
    ],
)
def test_the_gate_knows_ranges_and_directions(
    against: Callable[..., pytest.RunResult], name: str, before: str, now: str, status: int, said: str
) -> None:
    result = against(name, before, now)

    assert result.ret == status
    result.stdout.fnmatch_lines([f"{name} *{said}*"])


def test_a_baseline_of_another_kind_is_refused(kinds: pytest.Pytester) -> None:
    gate(kinds, "errors", "--eval-save-baseline", "b.json")
    file = kinds.path / "b.json"
    assert '"scale": [0.0, 10.0, "lower", true],' in file.read_text()
    file.write_text(file.read_text().replace('"lower", true', '"higher", false'))

    result = gate(kinds, "errors", "--eval-baseline", "b.json")

    assert result.ret == pytest.ExitCode.USAGE_ERROR or result.ret != 0
    assert (
        "errors: the scores before are 0 to 10, these are 0 to 10, lower is better, measured: they cannot be compared. "
        "Bless a new run"
    ) in result.stdout.str() + result.stderr.str()


@pytest.mark.parametrize("scale", ["[0, 10]", "3", '[0, 1, "lower", true]'])
def test_a_baselines_scale_is_checked(kinds: pytest.Pytester, scale: str) -> None:
    gate(kinds, "errors", "--eval-save-baseline", "b.json")
    file = kinds.path / "b.json"
    file.write_text(file.read_text().replace('[0.0, 10.0, "lower", true]', scale))

    result = gate(kinds, "errors", "--eval-baseline", "b.json")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: *b.json: errors: the s*: restore the file, or bless a new run"])


@pytest.mark.parametrize(("most", "status"), [("9", 0), ("1", 1), ("3.5", 6)])
def test_a_least_score_is_the_most_where_lower_is_better(kinds: pytest.Pytester, most: str, status: int) -> None:
    result = gate(kinds, "errors", "--eval-min-score", f"errors={most}")

    assert result.ret == status
    result.stdout.fnmatch_lines([f"errors * score 3.000 of 8, at most {most} is asked of the one-sided 95% *"])


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("rated=80%", "--eval-min-score rated takes a score such as those of rated, 1 to 5, not 0.8"),
        (
            "answers=80",
            "--eval-min-score answers takes a score such as those of answers, 0 to 1, not 80; did you mean 0.80?",
        ),
        ("answers:easy=-1", "--eval-min-score answers:easy takes a score such as those of answers, 0 to 1, not -1"),
    ],
)
def test_a_least_score_out_of_the_range_is_refused_with_the_first_score(
    kinds: pytest.Pytester, given: str, said: str
) -> None:
    tests = f"test_{'kinds' if 'rated' in given else 'answers'}.py"

    result = run(kinds, "--model", "faulty", "--eval-min-score", given, tests)

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: {said}"])


def test_an_early_stop_weighs_a_range_and_refuses_one_without_an_end(
    kinds: pytest.Pytester, against: Callable[..., pytest.RunResult]
) -> None:
    early = against("errors", "1", "9", "--eval-stop-early")
    refused = against("length", "4", "2", "--eval-stop-early")

    assert early.ret == 1
    early.stdout.fnmatch_lines(["errors *decided after * samples: worse*"])
    assert refused.ret == pytest.ExitCode.USAGE_ERROR
    refused.stderr.fnmatch_lines(["ERROR: length: --eval-stop-early weighs scores between two ends, and these are *"])


def test_what_regressed_and_what_changed_go_by_direction(kinds: pytest.Pytester, faulty: FaultyServer) -> None:
    faulty.fault = answer("1")
    gate(kinds, "errors")
    faulty.fault = answer("9")
    gate(kinds, "errors", "--eval-cache", "off")

    result = modeleval("diff", "last~1", "last")
    again = run(kinds, "--model", "faulty", "--eval-only", "regressed", "--eval-plan", "-k", "errors", "test_kinds.py")

    assert "8 regressed and 0 fixed of 8" in result.stdout.str()
    assert again.ret == 0


def test_models_are_compared_by_direction_also_beside_one_without_answers(
    kinds: pytest.Pytester, faulty: FaultyServer
) -> None:
    for name in "abc":
        alias(kinds, name, base_url=faulty.url, model=name, retries=0)

    def fault(handler: Any, body: dict[str, Any]) -> None:
        if body["model"] == "c":
            send(handler, 500, {"error": {"message": "no"}})
        else:
            answer("3" if body["model"] == "a" else "5")(handler, body)

    faulty.fault = fault
    models = (argument for name in "abc" for argument in ("--model", name))

    result = run(kinds, *models, "-k", "errors or rated", "test_kinds.py", "--eval-write", "out.json")

    found = json.loads((kinds.path / "out.json").read_text())
    (errors, rated) = found["model_comparisons"]
    assert {(row["better"], *row["range"]) for row in found["rows"] if row["benchmark"] == "errors"} == {
        ("lower", 0, 10)
    }
    assert (errors["benchmark"], errors["change"], errors["first_better"]) == ("errors", pytest.approx(-0.2), 8)
    assert (rated["benchmark"], rated["change"], rated["second_better"]) == ("rated", pytest.approx(0.5), 8)
    assert errors["low"] <= errors["change"] <= errors["high"]
    result.stdout.re_match_lines([r"errors: b less a -20\.0 pp"])


def test_an_interval_without_ends_is_none_in_json_and_plots(kinds: pytest.Pytester, faulty: FaultyServer) -> None:
    """Of one sample whose range has no end nothing is known."""
    for name in "ab":
        alias(kinds, name, base_url=faulty.url, model=name)
    faulty.fault = lambda handler, body: answer("1" if body["model"] == "a" else "2")(handler, body)
    one = ("-k", "length and short-00000", "test_kinds.py")

    result = run(kinds, "--model", "a", "--model", "b", *one, "--eval-write", "out.json", "--alluredir", "allure")
    run(kinds, "--model", "a", *one)
    run(kinds, "--model", "a", *one)
    modeleval("diff", "last~1", "last", "--write", "diff.json")

    result.stdout.fnmatch_lines(["length: b less a +100.0 pp, 1 better and 0 worse of 1"])
    (pair,) = _strict((kinds.path / "out.json").read_text())["model_comparisons"]
    (part,) = _strict((kinds.path / "diff.json").read_text())["benchmarks"]
    assert (pair["low"], pair["high"], part["low"], part["high"]) == (None, None, None, None)
    plots = [path.read_text() for path in (kinds.path / "allure").glob("*.svg")]
    assert plots
    assert not any(re.search(r"\b(inf|nan)", plot) for plot in plots)


def _strict(text: str) -> Any:
    """What JSON has, without Python's own words for numbers that it has not."""
    return json.loads(text, parse_constant=lambda word: pytest.fail(f"{word} is no JSON"))


def test_the_worst_answer_of_a_regressed_sample_is_shown(kinds: pytest.Pytester, faulty: FaultyServer) -> None:
    faulty.fault = answer("1")
    gate(kinds, "errors", "--eval-save-baseline", "b.json", "--eval-repeats", "2")
    asked = Counter[str]()

    def fault(handler: Any, body: dict[str, Any]) -> None:
        asked[body["messages"][-1]["content"]] += 1
        answer(str(3 + 4 * (asked[body["messages"][-1]["content"]] % 2)))(handler, body)

    faulty.fault = fault

    repeated = ("--eval-repeats", "2", "--eval-concurrency", "1")
    gate(kinds, "errors", "--eval-baseline", "b.json", *repeated, "--eval-write", "page.html")

    regressed = Data(kinds.path / "page.html").screen["regressed"]
    assert [each["got"] for each in regressed] == ["7"] * 8


MIXED = """
from pytest_modeleval import Completion, Sample, Score, benchmark, generated

ROWS = generated(lambda subset, index: {"n": index}, {"main": 4})

@benchmark(ROWS, lambda row: Sample(f"row {row['n']}", "42", metadata=row))
def test_mixed(sample: Sample, completion: Completion) -> None:
    assert sample.metadata["n"] != 2
    assert Score(3.0, True, range=(0, 10), better="lower")
"""


@pytest.mark.parametrize("workers", [(), ("-n2",)], ids=["one process", "two workers"])
def test_scores_of_two_kinds_in_one_metric_end_the_run(
    project: pytest.Pytester, faulty: FaultyServer, workers: Sequence[str]
) -> None:
    # Each of two workers sees one kind alone.
    project.makepyfile(test_mixed=MIXED.replace('"main": 4', '"main": 2').replace("!= 2", "!= 1"))

    result = (run_alone if workers else run)(project, "--model", "faulty", *workers, "test_mixed.py")

    assert result.ret != 0
    said = result.stdout.str() + result.stderr.str()
    assert re.search(
        r"ERROR: mixed: the score 'main' of main-0000\d is .*, and that of another sample .*: make a Score of one kind "
        "in every sample, before anything is asserted",
        said,
    )
    assert "INTERNALERROR" not in said


HOSTILE = """
from pytest_modeleval import Completion, Sample, Score, benchmark, generated

AXES = {"=cmd|' /C calc'!A1": "</script><b>", "text": "\\ud800 \\x1b[31m", "\\x1b[2J\\ud800": 2, "mixed": 1}
ROWS = generated(lambda subset, index: {"n": index}, {"main": 2})

@benchmark(ROWS, lambda row: Sample(f"row {row['n']}", "42", axes=AXES | ({"mixed": "one"} if row["n"] else {})))
def test_hostile(sample: Sample, completion: Completion) -> None:
    assert completion.text

@benchmark(ROWS, lambda row: Sample(f"row {row['n']}", "42", axes={"secret": "of the question"}), protected=True)
def test_hidden(sample: Sample, completion: Completion) -> None:
    assert completion.text
"""


def test_axes_are_shown_and_never_obeyed_and_hidden_where_the_question_is(
    project: pytest.Pytester, faulty: FaultyServer
) -> None:
    project.makepyfile(test_hostile=HOSTILE)
    outputs = ["--eval-write", "p.html", "--junitxml", "j.xml", "--alluredir", "allure"]

    for ending in ("csv", "jsonl", "parquet"):
        result = run(project, "--model", "faulty", *outputs, "--eval-write", f"o.{ending}", "test_hostile.py")
        assert result.ret == 0, result.stdout.str()

    page = (project.path / "p.html").read_text()
    assert "</script><b>" not in page
    assert "\x1b[" not in (project.path / "j.xml").read_text()
    ET.parse(project.path / "j.xml")
    lines = [json.loads(line) for line in (project.path / "o.jsonl").read_text().splitlines()]
    assert [line["axis.mixed"] for line in lines if line["benchmark"] == "hostile"] == ["1", "one"]
    everything = [path for path in project.path.rglob("*") if path.is_file() and path.suffix not in (".py", ".pyc")]
    assert [path for path in everything if b"of the question" in path.read_bytes()] == []


def test_workers_tell_scales_and_axes_as_one_process_does(kinds: pytest.Pytester) -> None:
    alone = written(kinds)
    together = written(kinds, "-n", "2")

    told = ("range", "better", "measured", "axes", "samples", "score", "low", "high")
    assert {name: [row[key] for key in told] for name, row in together.items()} == {
        name: [row[key] for key in told] for name, row in alone.items()
    }


@pytest.mark.parametrize("kept", ["no JSON", "[1]", "3", '{"length": [1]}'])
def test_what_is_damaged_in_the_store_is_passed_over(kinds: pytest.Pytester, kept: str) -> None:
    run(kinds, "--model", "faulty", "-k", "errors", "test_kinds.py")
    with closing(sqlite3.connect(kinds.path / ".modeleval/store.sqlite")) as store:
        store.execute("update scores set axes = ?, scale = ?", (kept, kept))
        store.commit()
        ((run_id,),) = store.execute("select id from runs").fetchall()

    for ending in ("jsonl", "parquet"):
        assert export(kinds.path / f"out.{ending}", kinds.path / ".modeleval", run_id) == 8
    result = modeleval("diff", "last", "last", "--write", "diff.html")

    assert "INTERNALERROR" not in result.stdout.str() + result.stderr.str()
    assert len(Data(kinds.path / "diff.html").rows) == 16
