"""A sample out of a published collection's line."""

import base64
import io
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from pytest_modeleval import Row, Sample, SampleError
from pytest_modeleval.collection.lines import labels_of, sample_of
from pytest_modeleval.record import Labels


def drawn(kind: str) -> bytes:
    written = io.BytesIO()
    Image.new("L", (1, 1)).save(written, kind)
    return written.getvalue()


def from_record(row: Row) -> Sample:
    return Sample(row, target=row["answer"], options=row["options"], metadata={"rules": row["rules"]})


def sample(prompt: object) -> Sample:
    return sample_of(Row({"prompt": prompt}, "row 3 of x.jsonl"), from_record)


# 1 x 1, grey.
JPEG = base64.b64encode(drawn("JPEG")).decode()
ASKED = [{"id": "629578bd", "role": "user", "content": "Which?"}]
RECORD = {"answer": "B", "options": ["x", "y"], "rules": ["no commas"]}


def test_messages_target_and_choices_are_the_lines_own() -> None:
    made = sample({"input": ASKED, "choices": ["x", "y", "z"], "target": "C", "id": 3, "group_id": 3, "metadata": {}})

    assert made.messages == [{"role": "user", "content": "Which?"}]
    assert (made.target, made.options) == ("C", ["x", "y", "z"])


@pytest.mark.parametrize(
    ("prompt", "messages"),
    [
        ({"input": "Which?"}, [{"role": "user", "content": "Which?"}]),
        (
            {"data": ["Which?"], "system_prompt": "Be brief.", "multi_choices": ["A", "B"]},
            [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Which?"}],
        ),
        (
            {"input": [{"role": "user", "content": [{"type": "image", "image": JPEG}, {"type": "text", "text": "?"}]}]},
            [
                {
                    "role": "user",
                    "content": [
                        {"type": "image_url", "image_url": {"url": f"data:image/jpeg;base64,{JPEG}"}},
                        {"type": "text", "text": "?"},
                    ],
                }
            ],
        ),
        (
            {"input": [{"role": "user", "content": [{"type": "audio", "audio": "data:audio/mp3;base64,QQ", "format": "mp3"}]}]},
            [{"role": "user", "content": [{"type": "input_audio", "input_audio": {"data": "QQ", "format": "mp3"}}]}],
        ),
        (
            {
                "input": [
                    {"role": "user", "content": "Weather?"},
                    {"role": "assistant", "content": "", "tool_calls": [{"id": "c1", "function": "get", "arguments": {"at": "Köln"}}]},
                    {"role": "assistant", "tool_calls": [{"id": "c2", "function": {"name": "get", "arguments": "{}"}}]},
                    {"role": "tool", "content": "rain", "tool_call_id": "c1"},
                ]
            },
            [
                {"role": "user", "content": "Weather?"},
                {
                    "role": "assistant",
                    "content": "",
                    "tool_calls": [{"id": "c1", "type": "function", "function": {"name": "get", "arguments": '{"at": "Köln"}'}}],
                },
                {
                    "role": "assistant",
                    "content": None,
                    "tool_calls": [{"id": "c2", "type": "function", "function": {"name": "get", "arguments": "{}"}}],
                },
                {"role": "tool", "content": "rain", "tool_call_id": "c1"},
            ],
        ),
    ],
    ids=["text", "older", "image", "audio", "tools"],
)  # fmt: skip
def test_what_is_asked(prompt: Mapping[str, Any], messages: list[Any]) -> None:
    assert sample({"target": "A", **prompt}).messages == messages


@pytest.mark.parametrize("key", ["metadata", "raw_input"])
def test_a_record_tells_what_the_line_does_not(key: str) -> None:
    made = sample({"input": ASKED, "target": "", key: RECORD})

    assert made.messages == [{"role": "user", "content": "Which?"}]
    assert (made.target, made.options, made.metadata["rules"]) == ("B", ["x", "y"], ["no commas"])


def test_a_prompt_that_is_the_record_is_asked_as_the_benchmark_asks() -> None:
    made = sample(RECORD)

    assert (made.prompt, made.target) == (RECORD, "B")


def test_tools_are_functions() -> None:
    tool = {"name": "add", "description": "adds", "parameters": {"type": "object"}}

    made = sample({"input": ASKED, "target": "A", "tools": [tool, {"type": "function", "function": tool}]})

    assert made.tools == [{"type": "function", "function": tool}] * 2


def test_a_tool_without_a_name_is_refused() -> None:
    with pytest.raises(SampleError, match=r"a tool has a name, which \{'description': 'adds'\} has not"):
        sample({"input": ASKED, "target": "A", "tools": [{"description": "adds"}]})


@pytest.mark.parametrize(
    ("prompt", "said"),
    [
        ("Which?", "row 3 of x.jsonl: prompt is an object, not 'Which?'"),
        ({"question": "Which?"}, "row 3 of x.jsonl has no field 'answer'; its fields are: question"),
        ({"input": ASKED, "metadata": {"date": 1}}, "row 3 of x.jsonl has no target, and no record instead: the metadata of row 3 of x.jsonl has no field 'answer'; its fields are: date"),
        ({"input": ASKED, "target": ["A", "B"]}, "row 3 of x.jsonl has 2 targets; a sample has one"),
        ({"input": 3, "target": "A"}, "row 3 of x.jsonl: input is a text or a list, not 3"),
        ({"input": ASKED, "target": {}, "metadata": RECORD}, "row 3 of x.jsonl: target is a text, number or list, not {}"),
        ({"input": ASKED, "target": "A", "choices": {"A": 1}}, "row 3 of x.jsonl: choices is a list, not {'A': 1}"),
        (
            {"input": [{"role": "assistant", "tool_calls": [{"id": "c1"}]}], "target": "A"},
            "row 3 of x.jsonl: a tool call has a function with arguments, which {'id': 'c1'} has not",
        ),
        ({"input": [{"role": "user"}], "target": "A"}, "row 3 of x.jsonl: a message has a role and a content, which "),
        ({"input": [{"role": "user", "content": [{"type": "image", "image": "https://x.org/a.png"}]}], "target": "A"}, "row 3 of x.jsonl: an image is at https://x.org/a.png, which is not fetched"),
        ({"input": [{"role": "user", "content": [{"type": "image", "image": "AAAA"}]}], "target": "A"}, "row 3 of x.jsonl: an image is no picture that can be read"),
        ({"input": [{"role": "user", "content": [{"type": "video"}]}], "target": "A"}, "row 3 of x.jsonl: a message's part is a text, an image or an audio, not {'type': 'video'}"),
    ],
    ids=["no object", "no fields", "no target", "targets", "input", "target", "choices", "tool call", "no content", "fetched", "broken", "video"],
)  # fmt: skip
def test_a_line_without_what_is_needed_is_that_samples_error(prompt: object, said: str) -> None:
    with pytest.raises(SampleError) as raised:
        sample(prompt)

    assert str(raised.value).startswith(said)


def test_metadata_that_a_body_asks_for_and_the_line_lacks_is_named() -> None:
    made = sample({"input": ASKED, "target": "A", "metadata": {"date": 1}})

    with pytest.raises(
        SampleError, match=r"the metadata of row 3 of x.jsonl has no field 'rules'; its fields are: date"
    ):
        made.metadata["rules"]


def test_labels() -> None:
    line = {"task_type": "math", "tags": ["en"], "categories": ["Q", "Math"], "weight": 0.25}

    assert labels_of(Row(line, "")) == Labels("math", ("en",), ("Q", "Math"), 0.25)
    assert labels_of(Row({}, "")) == Labels("", (), (), 1.0)


@pytest.mark.parametrize("weight", [-1, "1", True, float("inf")])
def test_a_wrong_weight(weight: object) -> None:
    with pytest.raises(SampleError, match=r"row 3 of x.jsonl: weight is a number of at least 0, not "):
        labels_of(Row({"weight": weight}, "row 3 of x.jsonl"))


KEYS = [
    "input",
    "data",
    "target",
    "choices",
    "metadata",
    "raw_input",
    "tools",
    "role",
    "content",
    "type",
    "text",
    "image",
]
SCALARS = st.sampled_from([None, True, 0, 1.5, "", "A", "text", "image"])
FLAT = st.dictionaries(st.sampled_from(KEYS), SCALARS, max_size=3)
VALUES = (
    SCALARS
    | FLAT
    | st.lists(
        SCALARS | FLAT | st.fixed_dictionaries({"role": SCALARS, "content": SCALARS | st.lists(FLAT, max_size=2)}),
        max_size=2,
    )
)


@given(st.dictionaries(st.sampled_from(KEYS), VALUES, max_size=4))
def test_whatever_a_line_holds_is_a_sample_or_that_samples_error(prompt: dict[str, Any]) -> None:
    try:
        made = sample({"data": "Which?", **prompt})
    except SampleError:
        return
    assert isinstance(made.target, str)
    assert {frozenset(message) for message in made.messages} == {frozenset({"role", "content"})}
    assert all(isinstance(option, str) for option in made.options)
