"""What a completions endpoint may lack when it is asked for log-probabilities of prompts."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from pytest_modeleval.models.echo import log_likelihoods, prompts_of
from pytest_modeleval.sample import SampleError

PAIRS = [("Q:", " a"), ("Q:", " b c")]


def choice(index: int, tokens: list[str], logprobs: list[float | None]) -> dict[str, Any]:
    return {"index": index, "logprobs": {"tokens": tokens, "token_logprobs": logprobs}}


# The generated " a" after the context is no part of it, although the first option begins so.
GOOD = {
    "choices": [
        choice(0, ["Q", ":", " a"], [None, -1, -9]),
        choice(1, ["Q", ":", " a", "!"], [None, -1, -2, -9]),
        choice(2, ["Q", ":", " b", " c", "!"], [None, -1, -3, -4, -9]),
    ],
    "usage": {"prompt_tokens": 9},
}


def changed(change: Callable[[Any], object]) -> dict[str, Any]:
    """The good answer after a change."""
    answer: dict[str, Any] = json.loads(json.dumps(GOOD))
    change(answer)
    return answer


def test_a_context_is_asked_once() -> None:
    assert prompts_of(PAIRS) == ["Q:", "Q: a", "Q: b c"]


def test_what_the_server_generated_counts_for_nothing() -> None:
    assert log_likelihoods(GOOD, PAIRS) == [-2, -7]


def test_a_token_across_the_boundary_is_weighed() -> None:
    answer = {
        "choices": [
            choice(0, ["The", " ca", "f"], [None, -1, -9]),
            choice(1, ["The", " ca", "fés"], [None, -1, -5]),
        ],
        "usage": {"prompt_tokens": 6},
    }

    assert log_likelihoods(answer, [("The caf", "és")]) == [-5]


@pytest.mark.parametrize(
    ("change", "lack"),
    [
        (lambda answer: answer["choices"].pop(), "2 choices for 3 prompts"),
        (lambda answer: answer.update(choices=None), "0 choices for 3 prompts"),
        (lambda answer: answer["choices"][1].update(logprobs=None), "no logprobs with tokens and token_logprobs"),
        (lambda answer: answer["choices"][1]["logprobs"].pop("tokens"), "no logprobs with tokens and token_logprobs"),
        (lambda answer: answer["choices"][1]["logprobs"]["tokens"].pop(), "no logprobs with tokens and token_logprobs"),
        (lambda answer: answer.pop("usage"), "no usage with prompt_tokens"),
        # llama.cpp's server tells of the generated tokens only (ggml-org/llama.cpp issue 27174).
        (
            lambda answer: [one.update(choice(one["index"], [" a"], [-0.1])) for one in answer["choices"]],
            "log-probabilities of 3 tokens for 9 of the prompts",
        ),
    ],
    ids=["choice", "choices", "logprobs", "tokens", "token", "usage", "generated-only"],
)
def test_what_an_answer_lacks_is_said(change: Callable[[Any], object], lack: str) -> None:
    with pytest.raises(LookupError, match=lack):
        log_likelihoods(changed(change), PAIRS)


def test_a_missing_number_is_that_samples_error() -> None:
    def without(answer: Any) -> None:
        answer["choices"][2]["logprobs"]["token_logprobs"][3] = None

    with pytest.raises(SampleError, match="the server has no log-probability of ' b c'"):
        log_likelihoods(changed(without), PAIRS)
