"""The shared words."""

import pytest

from pytest_modeleval.sample import Completion, Message, Sample, Score, recorded_scores, split_thinking


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
    ],
)
def test_thinking_is_kept_apart(text: str, thinking: str, answer: str) -> None:
    assert split_thinking(text) == (thinking, answer)


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


@pytest.mark.parametrize("value", [-0.1, 1.1, float("nan")])
def test_a_score_lies_between_0_and_1(value: float) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        Score(value, True, "", "")


def test_a_score_is_recorded_only_while_a_sample_runs() -> None:
    kept: list[Score] = []
    token = recorded_scores.set(kept)
    Score(1.0, True, "", "")
    recorded_scores.reset(token)
    Score(1.0, True, "", "")

    assert len(kept) == 1


def test_a_completion_reads_as_its_answer() -> None:
    assert str(Completion("42", thinking="hm")) == "42"
