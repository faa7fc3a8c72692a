"""Every shipped benchmark on two made-up rows, a right and a wrong answer, and on the real data where it lies."""

import json
import re
from pathlib import Path

import pytest

from pytest_modeleval.models.spec import TINY
from tests.conftest import alias, run, run_alone

# name: (file of the rows, examples' file or None, row, right answer, wrong answer, what the last message says)
CHOICES = {"text": ["ice", "steam", "fog", "snow"], "label": ["1", "2", "3", "4"]}
SUM = {"question": "Add 1 and 1.", "subject": "abstract_algebra", "choices": ["1", "2", "3", "4"], "answer": 1}
CASES = {
    "gsm8k": (
        "main/test.jsonl",
        "main/train.jsonl",
        {
            "question": "Ann has 2,000 nuts and eats 1 dozen. How many are left?",
            "answer": "2000-12=<<1988>>\n#### 1,988",
        },
        "She has 2,000 - 12 = 1,988.\n#### 1988",
        "#### 1",
        "Ann has 2,000 nuts*#### and the number alone.",
    ),
    "arc": (
        "ARC-Easy/test.jsonl",
        None,
        {"id": "x", "question": "What is boiling water?", "choices": CHOICES, "answerKey": "2"},
        "It is steam.\nANSWER: B",
        "ANSWER: A",
        "What is boiling water?*A. ice*B. steam*C. fog*D. snow*",
    ),
    "mmlu": (
        "abstract_algebra/test.jsonl",
        "abstract_algebra/dev.jsonl",
        SUM,
        "ANSWER: B",
        "ANSWER: C",
        "A question about abstract algebra*Add 1 and 1.*A. 1*B. 2*",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_right_and_a_wrong_answer(pytester: pytest.Pytester, name: str) -> None:
    rows, examples, row, right, wrong, _ = CASES[name]
    data = pytester.path / "data" / name
    for file, count in ((rows, 2), (examples, 5)):
        if file:
            (data / file).parent.mkdir(parents=True, exist_ok=True)
            (data / file).write_text(f"{json.dumps(row)}\n" * count)
    subset = rows.partition("/")[0]
    answers = [{"id": f"{name}[{subset}-{i:05}]", "text": text} for i, text in enumerate((right, wrong))]
    (pytester.path / "answers.jsonl").write_text("\n".join(map(json.dumps, answers)))

    result = run(pytester, "--model", "replay:answers.jsonl", "--eval-data", "data", "-k", f"{name} and {subset}")

    result.assert_outcomes(passed=1, failed=1, deselected=result.parseoutcomes().get("deselected", 0))


@pytest.mark.parametrize(
    ("name", "samples", "first_target", "messages"),
    [("gsm8k", 1319, "18", 9), ("arc", 2368 + 1168, None, 1), ("mmlu", 14042, "B", 11)],
)
def test_the_real_data_is_whole(
    real_data: Path, pytester: pytest.Pytester, name: str, samples: int, first_target: str | None, messages: int
) -> None:
    """The sizes are those of the papers' test sets; arc lacks the 16 rows that its copy left out."""
    pytester.makeconftest(
        """
        import json, sys
        from pytest_modeleval.collect import selected

        def pytest_collection_finish(session):
            refs = [selected(item) for item in session.items]
            samples = [ref.source.sample(ref.subset, ref.row) for ref in refs]
            first = samples[0]
            print("FOUND", len(samples), first.target, len(first.messages))
        """
    )

    result = run(pytester, "--model", "tiny", "--eval-data", str(real_data), "-k", f"test_{name}", "--co", "-qq", "-s")

    found = re.search(r"FOUND (\d+) (\S+) (\d+)", result.stdout.str())
    assert found
    assert (int(found[1]), int(found[3])) == (samples, messages)
    assert first_target in (None, found[2])


@pytest.mark.parametrize("name", ["gsm8k", "arc", "mmlu"])
def test_targets_of_the_real_data_are_scored_right(real_data: Path, pytester: pytest.Pytester, name: str) -> None:
    """An answer that is the reference itself passes, on a seeded draw of the real rows."""
    pytester.makeconftest(
        """
        from pytest_modeleval import Completion

        class Reference:
            concurrency = 8
            async def check(self): pass
            async def close(self): pass
            async def complete(self, request):
                return Completion(TARGETS[request.sample_id])

        TARGETS = {}

        def pytest_modeleval_open_model(spec):
            return Reference()

        def pytest_collection_finish(session):
            from pytest_modeleval.collect import selected
            for item in session.items:
                ref = selected(item)
                TARGETS[item.name.removeprefix("test_")] = ref.source.sample(ref.subset, ref.row).target
        """
    )
    alias(pytester, "reference", api="reference", model="x")

    result = run(
        pytester, "--model", "reference", "--eval-data", str(real_data), "-k", f"test_{name}", "--eval-limit", "200"
    )

    assert result.parseoutcomes()["passed"] == 200
    assert "failed" not in result.parseoutcomes()


def test_mmlu_is_reported_in_the_papers_groups(pytester: pytest.Pytester) -> None:
    from benchmarks.test_mmlu import MMLU

    groups = list(MMLU.subsets.values())

    assert {group: groups.count(group) for group in groups} == {
        "STEM": 18, "Humanities": 13, "Social Science": 12, "Other": 14,
    }  # fmt: skip


def test_the_bundled_model_passes_the_easy_and_fails_the_hard(pytester: pytest.Pytester) -> None:
    result = run_alone(pytester, "--model", "tiny")

    outcomes = result.parseoutcomes()
    assert outcomes["skipped"] == 3
    assert outcomes["passed"] + outcomes["failed"] == 225
    scores = {part: float(score) for part, score in re.findall(r"tiny +(\w+) +\d+ +0 +([\d.]+)", result.stdout.str())}
    assert scores["add"] > 0.8
    assert 0.2 < scores["multiply"] < 0.6
    assert 0.6 < scores["arithmetic"] < 0.9


def test_the_bundled_model_is_small() -> None:
    weights = (TINY / "model.safetensors").stat().st_size

    assert weights <= 3_000_000
    assert weights / 4 < 1_000_000


def test_arithmetic_is_not_in_the_training_data() -> None:
    """The script leaves the benchmark's questions out by their very text; so they must not repeat by chance."""
    from benchmarks.test_arithmetic import ARITHMETIC

    subsets = {s: {ARITHMETIC.row(s, i)["question"] for i in range(ARITHMETIC.count(s))} for s in ARITHMETIC.subsets}

    assert len(set().union(*subsets.values())) > 190
