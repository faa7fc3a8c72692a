"""SWE-bench beside `swebench`: patches in answers, the file of predictions, and its report."""

import itertools
import json
from pathlib import Path

import pytest

from pytest_modeleval.sample import Completion
from pytest_modeleval.scorers.swe_bench import patch_of, resolved
from tests.conftest import modeleval, run_alone
from tests.scorers.test_swe_bench import DATASET, PATCH

utils = pytest.importorskip(
    "swebench.inference.make_datasets.utils", reason="swebench is not installed: tox -e partners"
)
harness = pytest.importorskip("swebench.harness.utils")
reporting = pytest.importorskip("swebench.harness.reporting")

PIECES = (
    "Here it is:\n",
    f"```diff\n{PATCH}```\n",
    f"```patch\n{PATCH}```",
    f"```\n{PATCH}```\n",
    "```python\nx = 1\n```\n",
    "```c++\nint x;\n```\n",
    f"<patch>\n{PATCH}</patch>",
    "<diff>x</diff>",
    "<think>a < b</think>",
    "<a><diff>inner</diff></a>",
    "<patch>never closed",
    "```diff\nnever closed",
    "</s>rest",
)


def test_patches_are_found_as_by_extract_diff(capsys: pytest.CaptureFixture[str]) -> None:
    answers = ["".join(pieces) for n in range(4) for pieces in itertools.permutations(PIECES, n)]
    differing = [
        answer
        for answer in answers
        # Without a word in it there is none: the harness counts it as empty after it has stripped it.
        if patch_of(answer) != (found if (found := utils.extract_diff(answer)).strip() else "")
    ]
    with capsys.disabled():
        print(f"\nSWE-bench, extract_diff: {len(answers)} answers, differ {len(differing)}")
    assert differing == []


def test_predictions_are_read_and_reports_taken_in(pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch) -> None:
    name, ids = "swe_bench_verified", [f"a__b-{number}" for number in range(4)]
    rows = [{"instance_id": one, "repo": "a/b", "base_commit": "c0", "problem_statement": "bug"} for one in ids]
    folder = pytester.path / "data" / name / "default"
    folder.mkdir(parents=True)
    (folder / "test.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    texts = [f"```diff\n{PATCH}```", f"<patch>{PATCH}</patch>", "```diff\nno patch\n```", ""]
    recorded = [json.dumps({"id": f"{name}[default-{n:05}]", "text": text}) for n, text in enumerate(texts)]
    (pytester.path / "answers.jsonl").write_text("\n".join(recorded))
    run_alone(pytester, "--model", "replay:answers.jsonl", "--eval-data", "data", "--eval", name)
    monkeypatch.chdir(pytester.path)
    assert modeleval("patches", "last").ret == 0

    read = harness.get_predictions_from_file("predictions.jsonl", DATASET, "test")
    predictions = {prediction["instance_id"]: prediction for prediction in read}

    assert [predictions[one]["model_patch"] for one in ids] == [PATCH, PATCH, "no patch\n", ""]
    # What the harness's containers leave behind for each that they ran: right, wrong, and a patch that did not apply.
    for one, is_resolved in zip(ids[:2], (True, False), strict=True):
        model = predictions[one]["model_name_or_path"].replace("/", "__")
        path = reporting.RUN_EVALUATION_LOG_DIR / "first" / model / one / reporting.LOG_REPORT
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps({one: {"resolved": is_resolved}}))
    report = Path(reporting.make_run_report(predictions, rows, "first"))
    scores = [resolved(Completion(text), one, report.resolve(), DATASET) for one, text in zip(ids, texts, strict=True)]
    assert [(score.passed, score.found) for score in scores] == [
        (True, True), (False, True), (False, True), (False, False),
    ]  # fmt: skip
    assert scores[2].why.startswith("the harness could not run it")
