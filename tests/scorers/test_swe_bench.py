"""SWE-bench: what the official harness reads of a run, and what its report says of each sample."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from pytest_modeleval.sample import Completion, NotAsked, SampleError
from pytest_modeleval.scorers.swe_bench import patch_of, prediction, read_report, resolved
from tests.conftest import run, run_alone

PATCH = "--- a/x.py\n+++ b/x.py\n@@ -1 +1 @@\n-a\n+b\n"
# What `swebench.inference.make_datasets.utils.extract_diff` of swebench 5.0.2 gives for each.
FOUND = {
    f"Here:\n```diff\n{PATCH}```": PATCH,
    f"<patch>\n{PATCH}</patch> and ```diff\nlater\n```": f"\n{PATCH}",
    f"```python\nx = 1\n```\nso\n```patch\n{PATCH}```": PATCH,
    "<think>x</think>```python\ny = 1\n```": "x",
    "```\nplain\n```": "plain\n",
    f"{PATCH}</s>rest": PATCH,
    "I cannot.": "I cannot.",
    "": "",
}
REPORT: dict[str, Any] = {
    "resolved_ids": ["a__b-1"],
    "unresolved_ids": ["a__b-2", "a__b-5"],
    "error_ids": ["a__b-3"],
    "empty_patch_ids": ["a__b-4"],
    "incomplete_ids": ["a__b-6"],
    "infra_failure_ids": ["a__b-5"],
    "failure_reasons": {"a__b-5": "out_of_memory"},
    "schema_version": 2,
}
DATASET = "princeton-nlp/SWE-bench_Verified"


@pytest.fixture
def report(tmp_path: Path) -> Path:
    path = tmp_path / "m.run.json"
    path.write_text(json.dumps(REPORT))
    return path


@pytest.mark.parametrize("answer", FOUND)
def test_the_patch_is_found_as_the_official_package_does(answer: str) -> None:
    assert patch_of(answer) == FOUND[answer]


def test_a_prediction_has_what_the_official_harness_reads() -> None:
    """`swebench.harness.constants`: KEY_INSTANCE_ID, KEY_MODEL, KEY_PREDICTION."""
    told = prediction("a__b-1", "org/m", f"```diff\n{PATCH}```")
    assert told == {"instance_id": "a__b-1", "model_name_or_path": "org/m", "model_patch": PATCH}


@pytest.mark.parametrize(
    ("instance", "answer", "is_right", "why"),
    [
        ("a__b-1", "x", True, ""),
        ("a__b-2", "x", False, "its tests do not pass"),
        ("a__b-3", "x", False, "the harness could not run it: most often the patch does not apply"),
        ("a__b-4", " ", False, "no patch in the answer"),
    ],
)
def test_the_report_decides(report: Path, instance: str, answer: str, is_right: bool, why: str) -> None:
    score = resolved(Completion(answer), instance, report, DATASET)
    assert (score.passed, score.value, score.why, score.found) == (is_right, float(is_right), why, answer != " ")


def test_a_machine_that_failed_is_an_error(report: Path) -> None:
    with pytest.raises(SampleError, match="machine failed on a__b-5: out_of_memory"):
        resolved(Completion("x"), "a__b-5", report, DATASET)


@pytest.mark.parametrize(("instance", "answer"), [("a__b-1", ""), ("a__b-4", "x")])
def test_a_report_of_other_answers_is_an_error(report: Path, instance: str, answer: str) -> None:
    with pytest.raises(SampleError, match=f"is of another answer to {instance}"):
        resolved(Completion(answer), instance, report, DATASET)


@pytest.mark.parametrize("instance", ["a__b-6", "a__b-7"])
def test_an_instance_without_a_verdict_is_unscored(report: Path, instance: str) -> None:
    with pytest.raises(NotAsked, match=f"says nothing of {instance}"):
        resolved(Completion("x"), instance, report, DATASET)


@pytest.mark.parametrize("text", ["{", "[]", '{"resolved_ids": []}', json.dumps({**REPORT, "error_ids": 3})])
def test_what_is_no_report_is_an_error(tmp_path: Path, text: str) -> None:
    path = tmp_path / "bad.json"
    path.write_text(text)
    with pytest.raises(SampleError, match=r"bad\.json is no report of swebench"):
        resolved(Completion("x"), "a__b-1", path, DATASET)


@pytest.mark.parametrize("name", ["swe_bench_verified", "swe_bench_lite"])
def test_answers_go_out_and_verdicts_come_back(pytester: pytest.Pytester, name: str) -> None:
    folder = pytester.path / "data" / name / "default"
    folder.mkdir(parents=True)
    rows = [
        {"instance_id": f"a__b-{n}", "repo": "a/b", "base_commit": "c0", "problem_statement": f"bug {n}"}
        for n in range(1, 5)
    ]
    (folder / "test.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    texts = [f"```diff\n{PATCH}```", "<patch>y</patch>", "```diff\nz\n```", ""]
    answers = [{"id": f"{name}[default-{n:05}]", "text": text} for n, text in enumerate(texts)]
    (pytester.path / "answers.jsonl").write_text("\n".join(map(json.dumps, answers)))
    (pytester.path / "report.json").write_text(json.dumps(REPORT))
    flags = ["--model", "replay:answers.jsonl", "--eval-data", "data", "--eval", name]

    before = run_alone(pytester, *flags, "--eval-write", "out.json", "--eval-write", "out.html")
    said = pytester.run("python", "-m", "pytest_modeleval", "patches", "last").outlines
    told = (pytester.path / "predictions.jsonl").read_text().splitlines()
    after = run(pytester, *flags, "--eval-set", f"{name}.report=report.json")

    assert before.parseoutcomes() == {"skipped": 4}
    line = f"{name}: 4 unscored: *modeleval patches last*--dataset_name *--eval-set {name}.report=FILE"
    before.stdout.fnmatch_lines([line])
    (unscored,) = json.loads((pytester.path / "out.json").read_text())["unscored"]
    assert (unscored["benchmark"], unscored["samples"]) == (name, 4)
    assert f"{name}: 4 unscored: scored by the official harness" in (pytester.path / "out.html").read_text()
    assert said[-1].startswith("written to predictions.jsonl: 4 predictions of run ")
    predicted = [json.loads(line) for line in told]
    assert [told["model_patch"] for told in predicted] == [PATCH, "y", "z\n", ""]
    assert {told["instance_id"] for told in predicted} == {row["instance_id"] for row in rows}
    assert after.parseoutcomes() == {"passed": 1, "failed": 3}
    after.stdout.fnmatch_lines(["*answers: 0 new, 4 stored*"])


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{", "JSONDecodeError *"),
        ("[]", "it is no JSON object"),
        (json.dumps({k: v for k, v in REPORT.items() if k != "incomplete_ids"}), "it has no incomplete_ids"),
        (json.dumps({**REPORT, "error_ids": 3}), "its error_ids are no list"),
        ("\0", "JSONDecodeError *"),
    ],
)
@pytest.mark.parametrize("plan", [[], ["--eval-plan"]])
def test_what_is_no_report_is_told_before_anything_is_asked(
    pytester: pytest.Pytester, text: str, why: str, plan: list[str]
) -> None:
    (pytester.path / "bad.json").write_text(text)
    flags = ["--model", "tiny", "--eval-data", ".", "--eval", "swe_bench_lite", *plan]

    result = run(pytester, *flags, "--eval-set", "swe_bench_lite.report=bad.json")
    folder = run(pytester, *flags, "--eval-set", "swe_bench_lite.report=.")

    ends = "Give the MODEL.RUN_ID.json that run_evaluation wrote"
    line = f"ERROR: --eval-set swe_bench_lite: report: *bad.json is no report of swebench.harness: {why}. {ends}"
    result.stderr.fnmatch_lines([line])
    folder.stderr.fnmatch_lines(["ERROR: --eval-set swe_bench_lite: report takes a file, and /* is a folder"])


def test_a_report_that_was_written_anew_is_read_anew(report: Path) -> None:
    assert "a__b-2" in read_report(report)["unresolved_ids"]
    report.write_text(json.dumps({**REPORT, "unresolved_ids": []}))
    os.utime(report, (1, 1))
    assert read_report(report)["unresolved_ids"] == []


def test_runs_without_such_answers_have_no_predictions(pytester: pytest.Pytester) -> None:
    run_alone(pytester, "--model", "tiny", "--eval", "arithmetic", "--eval-limit", "1")
    result = pytester.run("python", "-m", "pytest_modeleval", "patches", "last")
    assert (result.ret, result.errlines[-1].partition(" has ")[2]) == (2, "no answers to SWE-bench")
