"""What a reply says, in the shapes that servers give it."""

import json
import time
from typing import Any

import pytest

from pytest_modeleval.models.replies import (
    Broken,
    Said,
    add_said,
    count_of,
    error_text,
    failure_in,
    finish_of,
    first_choice,
    message_of,
    parsed,
    thinking_tokens_of,
    usage_of,
)
from pytest_modeleval.models.streamed import whole_calls

THOUGHT = {"type": "thinking", "thinking": [{"type": "text", "text": "hm 7"}]}


def text(said: str) -> dict[str, str]:
    return {"type": "text", "text": said}


@pytest.mark.parametrize(
    ("message", "answer", "thinking"),
    [
        ({"content": "42"}, "42", ""),
        ({"content": None}, "", ""),
        ({}, "", ""),
        ({"content": [text("4"), text("2")]}, "42", ""),
        ({"content": ["4", text("2")]}, "42", ""),
        ({"content": [THOUGHT, text("42")]}, "42", "hm 7"),
        ({"content": [{"type": "reasoning", "text": "hm"}, text("42")]}, "42", "hm"),
        ({"content": [{"type": "reasoning", "summary": [text("hm")]}, text("42")]}, "42", "hm"),
        ({"content": [{"type": "image_url", "image_url": {"url": "x"}}, text("42")]}, "42", ""),
        ({"content": [{"type": "output_text", "text": "42"}, {"type": "redacted_thinking", "data": "x"}]}, "42", ""),
        ({"content": "42", "reasoning_content": "hm"}, "42", "hm"),
        ({"content": "42", "reasoning": "hm", "reasoning_content": "hm"}, "42", "hm"),
        ({"content": "42", "thinking": [text("hm")]}, "42", "hm"),
    ],
)
def test_text_parts_are_the_answer_and_thoughts_the_thinking(message: Any, answer: str, thinking: str) -> None:
    said = Said()

    assert add_said(said, message) == bool(answer or thinking)
    assert ("".join(said.text), "".join(said.thinking)) == (answer, thinking)


@pytest.mark.parametrize(
    "message",
    [
        "42",
        ["42"],
        7,
        {"content": 42},
        {"content": True},
        {"content": [7]},
        {"content": [{"type": "text", "text": 7}]},
        {"tool_calls": {"id": "1"}},
        {"tool_calls": ["f"]},
        {"tool_calls": [{"function": {"arguments": json.loads("[" * 60 + "]" * 60)}}]},
    ],
    ids=lambda message: json.dumps(message)[:40],
)
def test_a_message_of_another_shape_is_broken(message: object) -> None:
    with pytest.raises(Broken):
        add_said(Said(), message)


def test_parts_in_parts_in_parts_have_an_end() -> None:
    nested: Any = text("deep")
    for _ in range(5000):
        nested = [nested]

    with pytest.raises(Broken, match="nested too deeply"):
        add_said(Said(), {"content": nested})


@pytest.mark.parametrize(
    "content",
    [b"", b"<html>", b"\xff\xfe{}", b'{"a": "\xff"}', b"[" * 200_000, b"[1]", b"null", b'{"a": 1', b'"text"'],
    ids=lambda content: repr(content[:12]),
)
def test_what_is_no_json_object_is_broken(content: bytes) -> None:
    with pytest.raises(Broken, match="JSON"):
        parsed(content)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"error": {"message": "overloaded", "code": 503}}, "overloaded"),
        ({"error": "overloaded"}, "overloaded"),
        ({"error": {"message": "gone"}, "choices": [{"message": {"content": "half"}}]}, "gone"),
        ({"object": "error", "message": "The model is overloaded", "code": 50001}, "The model is overloaded"),
        ({"detail": "Internal Server Error"}, "Internal Server Error"),
        ({"code": "Throttling.RateQuota", "message": "limit exceeded", "request_id": "r"}, "limit exceeded"),
        ({"base_resp": {"status_code": 1002, "status_msg": "busy"}, "choices": None}, "busy"),
        ({"error_code": 17, "error_msg": "daily limit"}, "daily limit"),
        ({"choices": [{}], "error": None}, ""),
        ({"choices": [{}], "base_resp": {"status_code": 0, "status_msg": "success"}}, ""),
        ({"choices": [{}], "message": "ok", "code": 200}, ""),
        ({"code": 0, "message": "success", "choices": []}, ""),
        ({}, ""),
    ],
)
def test_an_error_under_200_is_told_in_the_servers_words(body: dict[str, Any], words: str) -> None:
    assert failure_in(body) == words


def test_a_choice_speaks_by_message_delta_or_text() -> None:
    assert message_of({"message": {"content": "42"}}) == {"content": "42"}
    assert message_of({"delta": {"content": "42"}}) == {"content": "42"}
    assert message_of({"delta": None, "text": "42"}) == {"content": "42"}


def choice(index: object, **more: Any) -> dict[str, Any]:
    return {"index": index, "message": {"content": str(index)}, **more}


def test_the_first_choice_is_that_of_index_0() -> None:
    assert first_choice({"choices": [choice(1), choice(0)]}) == choice(0)
    assert first_choice({"choices": [choice(1), choice("0")]}) == choice("0")
    assert first_choice({"choices": [choice(7)]}) == choice(7)
    assert first_choice({"choices": [choice(1)]}, streamed=True) is None
    assert first_choice({"choices": []}) is None
    assert first_choice({"choices": None}) is None
    assert first_choice({}) is None


@pytest.mark.parametrize("choices", [["42"], {"0": {"message": {}}}, "42", 7, [None]], ids=json.dumps)
def test_choices_of_another_shape_are_broken(choices: object) -> None:
    with pytest.raises(Broken, match="choices are a"):
        first_choice({"choices": choices})


@pytest.mark.parametrize("reason", ["error", "abort", "ABORT", "insufficient_system_resource", "network_error", "load"])
def test_an_answer_that_the_server_gave_up_is_broken(reason: str) -> None:
    with pytest.raises(Broken, match=f"broke off .finish reason '{reason.lower()}'"):
        first_choice({"choices": [choice(0, finish_reason=reason)]})


def test_a_choice_with_an_error_is_broken() -> None:
    with pytest.raises(Broken, match="broke off with an error: provider gone"):
        first_choice({"choices": [choice(0, error={"code": 502, "message": "provider gone"}, finish_reason="stop")]})


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        ("stop", "stop"),
        ("STOP", "stop"),
        ("MAX_TOKENS", "length"),
        ("model_length", "length"),
        ("model_context_window_exceeded", "length"),
        ("SAFETY", "content_filter"),
        ("sensitive", "content_filter"),
        ("tool_calls", "tool_calls"),
        ("function_call", "tool_calls"),
        ("tool_use", "tool_calls"),
        ("TOOL_CALL", "tool_calls"),
        (None, ""),
        (5, ""),
    ],
)
def test_an_end_has_one_name(told: object, reason: str) -> None:
    assert finish_of({"finish_reason": told}) == reason


@pytest.mark.parametrize("told", ["12", {"n": 1}, 10**30, -1, True, 1.5, None, [3]], ids=repr)
def test_what_is_no_count_of_tokens_is_unknown(told: object) -> None:
    assert count_of({"prompt_tokens": told}, "prompt_tokens") is None


@pytest.mark.parametrize("usage", [None, [], [1], "12", 7], ids=repr)
def test_a_usage_of_another_shape_tells_nothing(usage: object) -> None:
    assert count_of(usage_of({"usage": usage}), "prompt_tokens") is None


@pytest.mark.parametrize(
    ("usage", "tokens"),
    [
        ({"completion_tokens_details": {"reasoning_tokens": 12}}, 12),
        ({"output_tokens_details": {"reasoning_tokens": 12}}, 12),
        ({"reasoning_tokens": 12, "completion_tokens_details": None}, 12),
        ({"completion_tokens_details": {"reasoning_tokens": "12"}}, None),
        ({"completion_tokens_details": [12]}, None),
        ({"completion_tokens": 12}, None),
    ],
)
def test_tokens_that_were_thought_are_told_in_several_places(usage: dict[str, Any], tokens: int | None) -> None:
    assert thinking_tokens_of(usage) == tokens


def test_calls_of_a_stream_are_put_together_by_number_or_name() -> None:
    numbered = [
        {"index": 0, "id": "a", "type": "function", "function": {"name": "f", "arguments": '{"x"'}},
        {"index": 1, "id": "b", "function": {"name": "g"}},
        {"index": 0, "function": {"arguments": ": 1}"}},
    ]
    named = [{"id": "a", "function": {"name": "f", "arguments": {"x": 1}}}, {"id": "b", "function": {"name": "g"}}]

    assert [call["function"] for call in whole_calls(numbered)] == [
        {"name": "f", "arguments": '{"x": 1}'},
        {"name": "g", "arguments": ""},
    ]
    assert [call["function"]["arguments"] for call in whole_calls(named)] == ['{"x": 1}', ""]


def delta(name: str | None = None, arguments: object = None, **more: Any) -> dict[str, Any]:
    return {**more, "function": {"name": name, "arguments": arguments}}


# What servers send for f(x=1) and g(), or f(x=2).
F, G = {"name": "f", "arguments": '{"x": 1}'}, {"name": "g", "arguments": "{}"}
AGAIN = {"name": "f", "arguments": '{"x": 2}'}


@pytest.mark.parametrize(
    ("deltas", "calls"),
    [
        pytest.param(
            [delta("f", F["arguments"], index=0, id="a"), delta("g", {}, index=0, id="b")], [F, G], id="all are 0"
        ),
        pytest.param(
            [delta("f", '{"x"', index=0), delta(None, ": 1}", index=0), delta("g", "{}", index=0)],
            [F, G],
            id="all are 0, without ids",
        ),
        pytest.param(
            [delta("f", F["arguments"], index=0), delta("f", AGAIN["arguments"], index=0)],
            [F, AGAIN],
            id="the same tool twice, without ids",
        ),
        pytest.param(
            [delta("f", {"x": 1}, id="a"), delta("f", {"x": 2}, id="a"), delta("g", {}, id="a")],
            [F, AGAIN, G],
            id="one id for all",
        ),
        pytest.param([delta("f", {"x": 1}), delta("g", {})], [F, G], id="neither numbers nor ids"),
        pytest.param(
            [
                delta("f", "", index=0, id="a"),
                delta(None, '{"x"', index=0, id="b"),
                delta(None, ": 1}", index=0, id="c"),
            ],
            [F],
            id="an id for each piece",
        ),
        pytest.param(
            [delta("f", '{"x"', index=0, id="a"), delta("f", ": 1}", index=0, id="a"), delta("f", "", index=0, id="a")],
            [F],
            id="the name in each piece",
        ),
        pytest.param(
            [delta("f", '{"x"', index=0, id="a"), delta("f", ": ", index=0), delta("f", "1}", index=0)],
            [F],
            id="the name in each piece, without ids",
        ),
        pytest.param(
            [delta("f", '{"x"', index=0, id="a"), delta(None, ": ", index=1), delta("", "1}", index=2)],
            [F],
            id="a number for each piece",
        ),
        pytest.param(
            [delta("f", '{"x"', id="a"), delta(None, ": 1}", id="a"), delta("g", "{}", id="b")], [F, G], id="ids"
        ),
        pytest.param([delta("f", '{"x"', id="a"), delta(None, ": 1}", id="")], [F], id="an id once"),
        pytest.param(
            [delta("f", '{"x": ', index=1, id="b"), delta("g", "{}", index=0, id="a"), delta(None, "1}", index=1)],
            [F, G],
            id="in turns",
        ),
        pytest.param([delta("f", '{"x": 1', index=0)], [{"name": "f", "arguments": '{"x": 1'}], id="cut off"),
    ],
)
def test_calls_of_a_stream_are_as_many_as_the_model_made(deltas: list[dict[str, Any]], calls: list[Any]) -> None:
    assert [call["function"] for call in whole_calls(deltas)] == calls


def test_pieces_that_name_their_function_again_end_with_their_object() -> None:
    # A quote and a bracket that a backslash, or a text, takes their meaning from; a backslash may end its piece.
    pieces = ['{"a": "}{', "\\", '"}', '"', ', "b": {}', "}"]

    calls = whole_calls([delta("f", piece, index=0) for piece in [*pieces, *pieces]])

    assert [call["function"]["arguments"] for call in calls] == ["".join(pieces)] * 2


@pytest.mark.parametrize("name", [None, "f"])
def test_a_stream_of_pieces_takes_time_by_their_number(name: str | None) -> None:
    def seconds(count: int) -> float:
        pieces = [delta("f", '{"a": "', index=0), *[delta(name, "}{" * 8, index=0)] * count]
        started = time.process_time()
        whole_calls(pieces)
        return time.process_time() - started

    # Of eight times the pieces: 64 times the time before.
    assert min(seconds(16_000) for _ in range(3)) < 24 * min(seconds(2_000) for _ in range(3))


def test_a_call_of_a_stream_keeps_its_first_id_and_what_else_its_server_says() -> None:
    signed = delta("f", "{}", index=0, id="a", type="function", extra_content={"google": {"thought_signature": "sig"}})

    (call,) = whole_calls([signed, delta(None, "", index=0, id="b", type=None)])

    assert call == {name: value for name, value in signed.items() if name != "index"}


def test_the_one_call_of_older_servers_is_a_call() -> None:
    said = Said()

    assert add_said(said, {"content": None, "function_call": F})
    assert said.calls == [{"type": "function", "function": F}]


def test_an_error_of_any_shape_is_one_short_line() -> None:
    assert error_text([{"error": {"message": "a\n  b"}}]) == "a b"
    assert error_text({"detail": [{"loc": ["body"], "msg": "no"}]}) == '[{"loc": ["body"], "msg": "no"}]'
    assert len(error_text({"message": "x" * 5000})) == 2000
    assert error_text(None) == error_text("") == error_text({}) == ""
