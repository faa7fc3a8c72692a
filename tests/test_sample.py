"""The shared words."""

import json
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy
import pytest

from pytest_modeleval.models.thinking import opens_thought, split_thinking
from pytest_modeleval.sample import Completion, Message, Sample, Score, recorded_scores
from tests.conftest import ANSWERS, FaultyServer, run


@pytest.mark.parametrize(
    ("text", "thinking", "answer"),
    [
        ("42", "", "42"),
        ("<think>six times seven</think>\n\n42", "six times seven", "42"),
        ("six times seven</think>42", "six times seven", "42"),
        ("<think>\n\n</think>\n\n42", "", "42"),
        ("<think>never ended", "never ended", ""),
        ("<think>a</think> <think>b</think>42", "a</think> <think>b", "42"),
        ("<think>x</think>\n\n    indented code", "x", "    indented code"),
        ("", "", ""),
        ("a</think>", "a", ""),
        ("<thinking>a</thinking>42", "a", "42"),
        ("<seed:think>a</seed:think>42", "a", "42"),
        ("[THINK]a[/THINK]42", "a", "42"),
        ("[THINK]never ended", "never ended", ""),
        ("<|begin_of_thought|>a<|end_of_thought|>42", "a", "42"),
        ("<|START_THINKING|>a<|END_THINKING|>42", "a", "42"),
        ("◁think▷a◁/think▷42", "a", "42"),
        ("<|channel|>analysis<|message|>a<|end|><|start|>assistant<|channel|>final<|message|>42", "a", "42"),
        ("<|channel|>analysis<|message|>a<|channel|>final<|message|>42", "a", "42"),
        ("<|channel|>final<|message|>42", "", "42"),
        ("<|channel|>analysis<|message|>never ended", "never ended", ""),
    ],
)
def test_thinking_is_kept_apart(text: str, thinking: str, answer: str) -> None:
    assert split_thinking(text) == (thinking, answer)


@pytest.mark.parametrize(
    ("prompt", "opened"),
    [
        ("<|assistant|>\n<think>\n", True),
        ("<|im_start|>assistant\n<think>", True),
        ("[THINK]", True),
        ("<|start|>assistant<|channel|>analysis<|message|>", True),
        ("<think>\n\n</think>\n\n", False),
        ("what does <think> mean?", False),
        ("", False),
    ],
)
def test_a_prompt_may_open_the_thought(prompt: str, opened: bool) -> None:
    assert opens_thought(prompt) == opened


@pytest.mark.parametrize(
    ("text", "thinking", "answer"),
    [("cut off", "cut off", ""), ("a</think>42", "a", "42"), ("<think>a</think>42", "a", "42"), ("", "", "")],
)
def test_what_follows_an_opened_thought_is_thought(text: str, thinking: str, answer: str) -> None:
    assert split_thinking(text, opened=True) == (thinking, answer)


def test_a_prompt_is_a_user_message_or_messages() -> None:
    parts = [{"type": "text", "text": "what is it?"}, {"type": "image_url", "image_url": {"url": "x"}}]
    turns: list[Message] = [{"role": "user", "content": parts}, {"role": "assistant", "content": "hm"}]

    assert Sample("hi", "").messages == [{"role": "user", "content": "hi"}]
    assert Sample(turns, "").messages == turns
    assert Sample(turns, "").asked == "what is it?"


def test_a_score_reads_as_its_verdict() -> None:
    assert Score(1.0, True, "1", "1")
    assert not Score(0.9, False, "1", "1")
    assert repr(Score(0.0, False, "41", "42", why="close")) == "expected '42', got '41' (close)"


@pytest.mark.parametrize("value", [-0.1, 1.1, float("nan"), float("inf"), None, "1", "x", [1.0], 1j, Decimal(1)])
def test_a_score_lies_between_0_and_1(value: Any) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        Score(value, True, "", "")


@pytest.mark.parametrize("weight", [0, -1, float("nan"), float("inf"), 1e31, None, "1"])
def test_a_weight_is_positive(weight: Any) -> None:
    with pytest.raises(ValueError, match="a positive number"):
        Score(1.0, True, "", "", weight=weight)


@pytest.mark.parametrize("value", [True, 1, Fraction(1), numpy.float32(1), numpy.int64(1)])
def test_whatever_a_score_is_made_of_it_is_a_float(value: Any) -> None:
    score = Score(value, True, "", "", weight=value)

    assert (repr(score.value), repr(score.weight)) == ("1.0", "1.0")


def test_what_a_score_says_is_text_and_plain_values() -> None:
    said: Any = {"got": 5, "expected": None, "why": numpy.float64(0.5)}
    scale: Any = {"range": numpy.array([0, 10]), "measured": numpy.bool_(True)}

    score = Score(5, True, **said, **scale)

    assert (score.got, score.expected, score.why) == ("5", "", "0.5")
    assert json.dumps(score.scale.kept) == '[0.0, 10.0, "higher", true]'
    assert str(score.scale) == "0 to 10, measured"


@pytest.mark.parametrize("name", ["", None, 5])
def test_a_scores_name_is_a_text(name: Any) -> None:
    with pytest.raises(ValueError, match=r"a score's name is a text, not .*: of test_a_scores_name_is_a_text"):
        Score(1.0, True, name=name)


def test_numbers_as_what_was_got_and_expected_end_no_run(project: pytest.Pytester, faulty: FaultyServer) -> None:
    made = "Score(0.0, False, got=5, expected=None)"
    scorer = ANSWERS.replace("same_number(completion, sample.target)", made)
    project.makepyfile(test_answers=scorer.replace("import Completion", "import Score, Completion"))

    result = run(project, "--model", "faulty", "test_answers.py")

    result.assert_outcomes(failed=10)
    result.stdout.fnmatch_lines(["*expected '', got '5'"])


@pytest.mark.parametrize("value", ["float('nan')", "float('inf')", "None", "'1'", "-1e9"])
def test_what_is_no_score_is_an_error_of_its_sample(project: pytest.Pytester, faulty: FaultyServer, value: str) -> None:
    made = f"Score({value} if 'easy 0' in sample.prompt else 1.0, True, '', '')"
    scorer = ANSWERS.replace("same_number(completion, sample.target)", made)
    project.makepyfile(test_answers=scorer.replace("import Completion", "import Score, Completion"))

    result = run(project, "--model", "faulty", "--eval-write", "o.json", "test_answers.py")

    result.assert_outcomes(passed=9, errors=1)
    result.stdout.fnmatch_lines(["*a score's value lies between 0 and 1, not *"])
    (row, *_) = json.loads((project.path / "o.json").read_text())["rows"]
    assert (row["samples"], row["errors"], row["score"]) == (9, 1, 1.0)


def test_a_score_is_recorded_only_while_a_sample_runs() -> None:
    kept: list[Score] = []
    token = recorded_scores.set(kept)
    Score(1.0, True, "", "")
    recorded_scores.reset(token)
    Score(1.0, True, "", "")

    assert len(kept) == 1


def test_a_completion_reads_as_its_answer() -> None:
    assert str(Completion("42", thinking="hm")) == "42"


@pytest.mark.parametrize("target", [[1, 2], 7, None, ["x" * 100]])
def test_a_target_that_is_no_text_is_an_error_of_its_sample(pytester: pytest.Pytester, target: Any) -> None:
    pytester.makepyfile(
        test_sorted=f"""
        from pytest_modeleval import Completion, Sample, benchmark, generated

        ROWS = generated(lambda subset, index: {{"n": index}}, {{"main": 2}})

        def to_sample(row):
            return Sample("sort", {target!r} if row["n"] else "[1, 2]")

        @benchmark(ROWS, to_sample)
        def test_sorted(sample: Sample, completion: Completion) -> None:
            assert completion.text == sample.target
        """
    )
    lines = [{"id": f"sorted[main-0000{number}]", "text": "[1, 2]"} for number in (0, 1)]
    (pytester.path / "a.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))

    result = run(pytester, "--model", "replay:a.jsonl", "test_sorted.py")

    result.assert_outcomes(passed=1, errors=1)
    kind = type(target).__name__
    result.stdout.fnmatch_lines([f"*main-00001]*a sample's target is a text, not the {kind} *metadata*"])
