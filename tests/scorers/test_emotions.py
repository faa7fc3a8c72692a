"""EQ-Bench's score, version 2."""

import json
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.test_eq_bench import to_sample
from pytest_modeleval import NotScored, Row, SampleError
from pytest_modeleval.gate.gate import Exit
from pytest_modeleval.scorers.emotions import emotion_ratings, emotion_score, scaled_difference
from tests.conftest import FaultyServer, answer, run
from tests.test_benchmarks import RECORDED, write_rows

REFERENCE = {"Glad": 7.0, "Sad": 0.0, "Angry": 0.0, "Calm": 4.0}


@pytest.mark.parametrize(
    ("difference", "counts"),
    [(0, 0), (1, 0.172880), (2, 0.540623), (3, 1.504589), (4, 3.25), (5, 4.995411), (6, 6), (10, 10)],
)
def test_a_difference_counts_as_in_the_official_script(difference: float, counts: float) -> None:
    assert scaled_difference(difference) == pytest.approx(counts, abs=1e-6)


# 10 times what `calculate_score_fullscale` gives for these.
@pytest.mark.parametrize(
    ("ratings", "value"),
    [
        ((7, 0, 0, 4), 100),
        ((7, 1, 2, 7), 83.41533),
        ((7, 1, 2, 1), 83.41533),
        ((17, 10, 10, 14), -199.08),
    ],
)
def test_the_official_scores(ratings: tuple[int, ...], value: float) -> None:
    said = "\n".join(f"{name}: {n}" for name, n in zip(REFERENCE, ratings, strict=True))

    score = emotion_score(said, REFERENCE)

    assert score.value == pytest.approx(value, abs=1e-4)
    assert score.measured


@pytest.mark.parametrize(
    "text",
    [
        "glad: 7, sad: 0, ANGRY: 0, calm: 4",
        "**Glad**: 7\n**Sad**: 0\n- **Angry:** 0\n### Calm: 4",
        "Glad: 1\nSad: 1\nAngry: 1\nCalm: 1\n\nI look again.\n\nGlad: 7\nSad: 0\nAngry: 0\nCalm: 4",
        "Glad: 7\nSad: 0\nAngry: 0\nCalm: 4<|im_end|>\nNote: 5",
    ],
)
def test_these_are_read(text: str) -> None:
    assert emotion_ratings(text) == {name.lower(): n for name, n in REFERENCE.items()}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "I cannot rate feelings.",
        "Glad: 7\nSad: 0\nAngry: 0",
        "Glad: 7\nSad: 0\nAngry: 0\nHappy: 4",
        "Glad: 7\nSad: 0\nAngry: 0\nCalm: 4\nAll: 11",
        "Glad: seven\nSad: 0\nAngry: 0\nCalm: 4",
        "Glad: " + "9" * 400 + "\nSad: 0\nAngry: 0\nCalm: 4",
    ],
)
def test_what_rates_other_than_the_four_has_no_score(text: str) -> None:
    with pytest.raises(NotScored, match=r"^the answer does not rate Glad, Sad, Angry, Calm alone$"):
        emotion_score(text, REFERENCE)


@given(st.text(st.characters(exclude_categories=()), max_size=200))
def test_any_text_is_read(text: str) -> None:
    assert all(0 <= rating < 1e9 for rating in emotion_ratings(text).values())


def test_the_mean_is_over_readable_answers(pytester: pytest.Pytester) -> None:
    """Of the recorded answers 100, -53.9 and -200.7 by hand; two are unreadable: wrong, and in no mean."""
    write_rows(pytester, "eq_bench")
    answers = RECORDED["eq_bench"].right | RECORDED["eq_bench"].wrong
    lines = [json.dumps({"id": f"eq_bench[{item}]", "text": text}) for item, text in answers.items()]
    (pytester.path / "answers.jsonl").write_text("\n".join(lines))

    result = run(pytester, "--model", "replay:answers.jsonl", "--eval-data", "data", "-k", "eq_bench")

    result.assert_outcomes(passed=3, failed=2)
    second = 100 - 7.477 * (1.504589 + 0.172880 + 10 + 6)
    third = 100 - 7.477 * (7 + 10 + 10 + 6)
    mean = (100 + second + third) / 3
    result.stdout.fnmatch_lines(
        ["*expected 'glad 7, sad 0, angry 0, calm 4', got 'glad 7, sad 0, angry 0'", "*83.33 %*"]
    )
    result.stdout.re_match_lines([rf".*eq_bench +main measured +3 +0 +{mean:.3f}", r".*readable +5 +0 +0\.600"])


def test_the_official_references_score_100(real_data: Path) -> None:
    rows = [json.loads(line) for line in (real_data / "eq_bench/validation.jsonl").read_text("utf-8").splitlines()]

    samples = [to_sample(Row(row, "row")) for row in rows]

    assert [emotion_score(sample.target, sample.metadata["emotions"]).value for sample in samples] == [100] * 171
    assert not [
        sample for sample in samples if "evised score" in str(sample.prompt) or "First pass" in str(sample.prompt)
    ]
    assert {str(sample.prompt).count("<score>") for sample in samples} == {4}


def test_a_reference_that_is_no_dict_is_an_error_of_its_row() -> None:
    row = Row({"prompt": "?", "reference_answer_fullscale": "__import__('os')"}, "row 3")

    with pytest.raises(SampleError, match=r"^row 3: reference_answer_fullscale is no four emotions: \"__import__"):
        to_sample(row)


def test_for_a_gate_an_unreadable_answer_is_an_error(project: pytest.Pytester, faulty: FaultyServer) -> None:
    """So a model does not become better by being read less often."""
    write_rows(project, "eq_bench")
    asked = ("--model", "faulty", "--eval-data", "data", "-k", "eq_bench")
    faulty.fault = answer("Glad: 5\nSad: 0\nAngry: 0\nCalm: 4")
    run(project, *asked, "--eval-save-baseline", "baseline.json")

    def half(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        is_read = "won 1 " not in (asked := body["messages"][-1]["content"]) and "won 3 " not in asked
        answer("Glad: 7\nSad: 0\nAngry: 0\nCalm: 4" if is_read else "Glad: 7")(handler, body)

    faulty.fault = half

    result = run(project, *asked, "--eval-baseline", "baseline.json")

    assert result.ret == Exit.TOO_MANY_ERRORS
    assert result.parseoutcomes() == {"passed": 3, "wrong": 2, "failed": 1}
