"""What an answer calls, read from whatever servers send, and the messages that go on with it."""

import json

import pytest

from pytest_modeleval import Completion, ToolCall, answer_message, result_message


def called(*calls: object) -> Completion:
    return Completion("", tool_calls=calls)  # type: ignore[arg-type]


def weather(arguments: object, **more: object) -> dict[str, object]:
    return {"type": "function", "function": {"name": "weather", "arguments": arguments}, **more}


def test_a_call_has_its_name_arguments_and_id() -> None:
    (call,) = called(weather('{"city": "Oslo"}', id="a1")).calls

    assert call == ToolCall("weather", '{"city": "Oslo"}', "a1")
    assert call.values == {"city": "Oslo"}
    assert str(call) == 'weather({"city": "Oslo"})'


def test_ids_that_are_missing_or_repeated_are_made() -> None:
    calls = called(weather("{}"), weather("{}", id="x"), weather("{}", id="x"), weather("{}", id=7)).calls

    assert [call.id for call in calls] == ["call00000", "x", "call00002", "call00003"]


def test_no_id_is_made_that_an_earlier_call_has() -> None:
    calls = called(weather("{}", id="call00001"), weather("{}"), weather("{}")).calls

    assert [call.id for call in calls] == ["call00001", "call00002", "call00003"]


def test_halves_of_surrogate_pairs_are_in_no_part_of_a_call() -> None:
    escaped, raw, signed = called(
        weather('{"city": "\\uD800 \\ud83d\\ude00"}', id="\ud800"),
        weather({"\ud800": "\ud800"}),
        weather("{}", extra_content={"of": ["\ud800"]}),
    ).calls

    assert escaped.values == {"city": "\ufffd \U0001f600"}
    assert escaped.id == "\ufffd"
    assert raw.values == {"\ufffd": "\ufffd"}
    assert signed.values == {}


def test_numbers_that_are_no_json_are_in_no_part_of_a_call() -> None:
    completion = called(weather({"n": float("nan")}), weather("{}", extra_content={"n": [float("-inf")]}))

    assert completion.calls[0].values == {"n": "NaN"}
    json.dumps(completion.tool_calls, allow_nan=False)


@pytest.mark.parametrize(
    ("arguments", "values"),
    [("", {}), ("  ", {}), (None, {}), ({"city": "Oslo"}, {"city": "Oslo"}), ('{"n": 1.5}', {"n": 1.5})],
)
def test_arguments_of_other_shapes_are_read(arguments: object, values: object) -> None:
    assert called(weather(arguments)).calls[0].values == values


@pytest.mark.parametrize(
    "arguments",
    [
        '{"city": ',
        "[1]",
        "null",
        '"Oslo"',
        '{"n": NaN}',
        '{"n": 1e999}',
        "[" * 100_000,
        '{"n": ' + "[" * 60 + "]" * 60 + "}",
        3,
    ],
)
def test_arguments_that_are_no_object_have_no_values_and_stand_empty_in_the_conversation(arguments: object) -> None:
    completion = called(weather(arguments))

    with pytest.raises(ValueError, match=r"."):
        _ = completion.calls[0].values
    assert answer_message(completion)["tool_calls"][0]["function"]["arguments"] == "{}"


@pytest.mark.parametrize("call", [{}, {"function": None}, {"function": "weather"}, {"function": {"name": 3}}])
def test_a_call_of_no_name_is_one_all_the_same(call: dict[str, object]) -> None:
    assert called(call).calls == (ToolCall("", "{}", "call00000"),)


def test_an_answer_and_a_result_as_messages() -> None:
    completion = Completion("I look.", "hm", tool_calls=[weather({"city": "Åre"}, id="a1")])

    assert answer_message(completion) == {
        "role": "assistant",
        "content": "I look.",
        "reasoning_content": "hm",
        "tool_calls": [
            {"id": "a1", "type": "function", "function": {"name": "weather", "arguments": '{"city": "Åre"}'}}
        ],
    }
    assert result_message(completion.calls[0], "-3 °C") == {"role": "tool", "tool_call_id": "a1", "content": "-3 °C"}
    assert answer_message(Completion("42")) == {"role": "assistant", "content": "42"}


def test_a_signed_call_goes_on_with_its_signature() -> None:
    signature = {"google": {"thought_signature": "sig"}}
    message = answer_message(called(weather("{}", id="a", extra_content=signature), weather("{}", id="b")))

    assert [call.get("extra_content") for call in message["tool_calls"]] == [signature, None]
