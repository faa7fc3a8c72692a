"""The bodies of requests, for each kind of endpoint."""

import json
import random
from typing import Any

import pytest

from pytest_modeleval.perf.prompts.bodies import Bodies
from pytest_modeleval.perf.prompts.counting import by_tokenizer, ids_by
from pytest_modeleval.perf.prompts.lengths import read_lengths
from pytest_modeleval.perf.prompts.limits import Limits, text_of
from pytest_modeleval.perf.prompts.prompt import Prompt
from tests.perf.prompting import MODELS, bodies, sent


def test_other_endpoints_have_their_own_bodies() -> None:
    prompt = Prompt(["a"], [{"role": "system", "content": "s"}], documents=["x", "y"])

    assert bodies([prompt], endpoint="completions", stream=False) == [{"model": "m", "prompt": "s\n\na"}]
    assert bodies([prompt], endpoint="embeddings") == [{"model": "m", "input": "s\n\na"}]
    assert bodies([prompt], endpoint="rerank") == [{"model": "m", "query": "s\n\na", "documents": ["x", "y"]}]
    assert bodies([Prompt([t]) for t in "abcd"], endpoint="embeddings", batch=2) == [
        {"model": "m", "input": ["a", "b"]},
        {"model": "m", "input": ["c", "d"]},
    ]
    # A trace has an end.
    assert bodies([Prompt([t], prompt.before) for t in "abc"], endpoint="embeddings", batch=2) == [
        {"model": "m", "input": ["s\n\na", "s\n\nb"]},
        {"model": "m", "input": ["s\n\nc"]},
    ]
    with pytest.raises(pytest.UsageError, match="is sent as it stands: leave --perf-batch out"):
        bodies([Prompt(body={"input": "a"})] * 2, endpoint="embeddings", batch=2)
    with pytest.raises(
        pytest.UsageError, match="images and other parts of a message need --perf-endpoint chat or responses"
    ):
        bodies([Prompt([[{"type": "image_url"}]])], endpoint="completions")
    with pytest.raises(pytest.UsageError, match="conversations need --perf-endpoint chat or responses"):
        bodies([Prompt(["a", "b"])], endpoint="completions")


def test_only_of_the_first_turn_the_length_is_known() -> None:
    requests = Bodies("m").requests([Prompt(["a", "b", "c"], input_tokens=7)], random.Random(1))

    assert [request.input_tokens for request in requests] == [7, None, None]


def test_the_responses_endpoint_has_input_items_and_a_limit_of_its_own() -> None:
    image = {"type": "image_url", "image_url": {"url": "data:x"}}
    prompt = Prompt([[image, {"type": "text", "text": "a"}], "b"], [{"role": "system", "content": "s"}])
    made = Bodies("m", "responses", output=read_lengths("", "5"), generation={"max_tokens": 9, "top_p": 1})
    first, later = made.requests([prompt], random.Random(1))

    asked = {"role": "user", "content": [{"type": "input_image", "image_url": "data:x", "detail": "auto"}, {"type": "input_text", "text": "a"}]}  # fmt: skip
    common = {"model": "m", "store": False, "top_p": 1, "max_output_tokens": 5, "stream": True, "instructions": "s"}
    assert json.loads(sent(first)) == {**common, "input": [asked]}
    assert json.loads(sent(later, "A.")) == {
        **common,
        "input": [asked, {"role": "assistant", "content": "A."}, {"role": "user", "content": "b"}],
    }
    assert bodies([Prompt(["a"])], endpoint="responses", stream=False, generation={"max_completion_tokens": 9}) == [
        {
            "model": "m",
            "store": False,
            "stream": False,
            "max_output_tokens": 9,
            "input": [{"role": "user", "content": "a"}],
        }
    ]


def test_generation_settings_are_sent_as_elsewhere() -> None:
    (body,) = bodies(
        [Prompt(["a"])], generation={"temperature": 0, "max_tokens": 9, "extra_body": {"ignore_eos": True}}
    )
    (drawn,) = bodies([Prompt(["a"])], generation={"max_tokens": 9}, output=read_lengths("", "5"))

    assert (body["temperature"], body["ignore_eos"], body["max_tokens"], drawn["max_tokens"]) == (0, True, 9, 5)


@pytest.mark.parametrize(
    ("made", "recorded", "limits"),
    [
        ({"generation": {"max_completion_tokens": 9}}, None, {"max_completion_tokens": 5}),
        ({"generation": {"extra_body": {"max_completion_tokens": 9}}}, None, {"max_completion_tokens": 5}),
        ({"under": {"max_completion_tokens": 9}}, None, {"max_completion_tokens": 5}),
        ({"under": {"max_tokens": 9}, "generation": {"max_completion_tokens": 9}}, None, {"max_completion_tokens": 5}),
        ({"generation": {"max_completion_tokens": 9}}, {"max_tokens": 7}, {"max_completion_tokens": 7}),
        ({}, {"max_completion_tokens": 7}, {"max_completion_tokens": 7}),
        ({}, {"max_tokens": None}, {"max_tokens": 5}),
        ({"generation": {"max_tokens": 9}}, None, {"max_tokens": 5}),
        ({"generation": {"max_completion_tokens": 9}, "endpoint": "completions"}, None, {"max_tokens": 5}),
        ({"under": {"max_tokens": 9}, "endpoint": "responses"}, None, {"max_output_tokens": 5}),
    ],
    ids=["alias", "extra", "body", "both", "trace", "its own", "null", "older", "completions", "responses"],
)
def test_the_greatest_length_has_one_name(made: Any, recorded: Any, limits: dict[str, int]) -> None:
    (prompt,) = [Prompt(["a"]) if recorded is None else Prompt(body={"messages": [], **recorded})]
    (request,) = Bodies("m", **made, output=read_lengths("", "5")).requests([prompt], random.Random(1))

    body = json.loads(sent(request))
    assert {name: value for name, value in body.items() if "max" in name} == limits
    assert [request.max_tokens] == list(limits.values())


@pytest.mark.parametrize(
    "made", [{"generation": {"n": 2}}, {"generation": {"extra_body": {"n": 2}}}, {"under": {"n": 2}}]
)
def test_several_answers_to_one_request_are_refused(made: Any) -> None:
    with pytest.raises(pytest.UsageError, match="one answer of each request, and n is 2: leave it out"):
        bodies([Prompt(["a"])], **made)
    with pytest.raises(pytest.UsageError, match="n is 'x'"):
        bodies([Prompt(body={"messages": [], "n": "x"})])
    assert bodies([Prompt(["a"])], generation={"n": 1})[0]["n"] == 1


def test_a_body_is_laid_under_every_request() -> None:
    under = {"top_k": 5, "temperature": 1, "messages": [], "stream": False, "stream_options": {}, "model": "x"}
    (body,) = bodies([Prompt(["a"])], generation={"temperature": 0}, under=under)
    (embedded,) = bodies([Prompt(["a"])], endpoint="embeddings", under={"dimensions": 8, "input": "x"})

    assert body == {
        "top_k": 5,
        "temperature": 0,
        "messages": [{"role": "user", "content": "a"}],
        "model": "m",
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    assert embedded == {"dimensions": 8, "input": "a", "model": "m"}


def test_prompts_are_sent_as_their_ids() -> None:
    name = str(MODELS / "tiny")
    count = by_tokenizer(name, "completions")
    (body,) = bodies([Prompt(["Who are you?"])], endpoint="completions", stream=False, ids_of=ids_by(name))

    assert body.keys() == {"model", "prompt"}
    assert len(body["prompt"]) == count("Who are you?")
    assert all(type(each) is int for each in body["prompt"])
    assert body["prompt"] != bodies([Prompt(["Who am I?"])], endpoint="completions", ids_of=ids_by(name))[0]["prompt"]


@pytest.mark.parametrize(
    ("prompt", "text"),
    [
        (Prompt(["a", "b"], [{"role": "system", "content": "s"}]), "s\na"),
        (Prompt([[{"type": "image_url", "image_url": {"url": "x"}}, {"type": "text", "text": "a"}]]), "a"),
        (Prompt(body={"messages": [{"role": "user", "content": [{"type": "text", "text": "a"}]}], "user": "u"}), "a"),
        (Prompt(body={"prompt": "a"}), "a"),
        (Prompt(body={"input": ["a", "b"]}), "a\nb"),
        (Prompt(body={"prompt": [1, 2]}), ""),
    ],
    ids=["system", "image", "messages", "prompt", "texts", "ids"],
)
def test_a_prompts_length_is_that_of_its_first_requests_text(prompt: Prompt, text: str) -> None:
    limits = Limits(1, len(text) or 1)

    assert text_of(prompt) == text
    assert limits.take(prompt) is bool(text)
    assert (limits.seen, limits.left_out) == (1, int(not text))
