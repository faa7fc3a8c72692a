"""A response's bytes read to a completion: streams of every spelling, whole answers, and what is neither."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest

from pytest_modeleval.models.reading import completion
from pytest_modeleval.models.replies import Broken
from pytest_modeleval.sample import Completion, Filtered, SampleError

USAGE = {"prompt_tokens": 5, "completion_tokens": 3, "total_tokens": 8}


def read(*pieces: bytes) -> Completion:
    async def body() -> AsyncIterator[bytes]:
        for piece in pieces:
            yield piece

    return asyncio.run(completion(b"", body(), 0.0))


def chunk(delta: Any = None, finish: str | None = None, **more: Any) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": delta or {}, "finish_reason": finish}], **more}


def _with_message(event: dict[str, Any], text: str) -> dict[str, Any]:
    (choice,) = event["choices"]
    return {**event, "choices": [{**choice, "message": {"role": "assistant", "content": text}}]}


def stream(*events: Any, end: bytes = b"\n\n", before: bytes = b"data: ", done: bool = True) -> bytes:
    datas = [event if isinstance(event, bytes) else json.dumps(event).encode() for event in events]
    return b"".join(before + data + end for data in [*datas, *([b"[DONE]"] if done else [])])


def whole(message: Any, finish: Any = "stop", **more: Any) -> bytes:
    return json.dumps({"choices": [{"index": 0, "message": message, "finish_reason": finish}], **more}).encode()


HALVES = (chunk({"role": "assistant", "content": ""}), chunk({"content": "4"}), chunk({"content": "2"}))
STOP = chunk({}, "stop")


@pytest.mark.parametrize(
    "body",
    [
        stream(*HALVES, STOP),
        stream(*HALVES, STOP, end=b"\r\n\r\n"),
        stream(*HALVES, STOP, end=b"\r\r"),
        stream(*HALVES, STOP, before=b"data:"),
        stream(*HALVES, STOP, before=b"event: message\nid: 1\nretry: 5\ndata: "),
        b"\xef\xbb\xbf" + stream(*HALVES, STOP),
        b": OPENROUTER PROCESSING\n\n: keep-alive\n\n" + stream(*HALVES, STOP),
        b"\n\n\n" + stream(*HALVES, STOP),
        b"data:\n\n" + stream(*HALVES, STOP),
        stream(*HALVES, STOP, done=False),
        stream(*HALVES),
        stream(*HALVES) + stream(chunk({"content": "7"})),
        stream(*HALVES, STOP)[:-1],
        stream(*HALVES, chunk({}, "null"), STOP),
        # Perplexity, and others at the end alone, say in a message what the deltas said before.
        stream(*(_with_message(each, "42") for each in (*HALVES, STOP))),
        stream(*HALVES, chunk({}, ""), STOP, {"choices": [], "usage": USAGE}),
        stream({"choices": [], "prompt_filter_results": []}, {"choices": None}, *HALVES, STOP),
        stream({"choices": [{"index": 0, "delta": None}]}, *HALVES, chunk({"content": None}, "stop")),
        stream(chunk({"content": [{"type": "text", "text": "4"}, {"type": "text", "text": "2"}]}), STOP),
        b"data: " + json.dumps(HALVES[1], indent=1).replace("\n", "\ndata: ").encode() + b"\n\n" + stream(HALVES[2]),
        b"data: " + json.dumps(HALVES[1]).replace(", ", ",\n: x\nid: 3\ndata: ").encode() + b"\n\n" + stream(HALVES[2]),
        whole({"role": "assistant", "content": "42"}),
        b" \n\n" + whole({"content": "42"}),
        whole({"content": [{"type": "text", "text": "42"}]}),
        whole({"content": "42"}, None),
    ],
    ids=[
        *("usual", "CR LF", "CR", "no space", "other fields", "BOM", "comments", "empty lines", "empty data"),
        *(
            "no DONE",
            "no reason",
            "after DONE",
            "no last line end",
            "null",
            "message too",
            "empty reason",
            "no choices",
            "no delta",
            "parts",
        ),
        *("lines of data", "lines between", "whole", "spaces", "whole parts", "whole without a reason"),
    ],
)
def test_every_spelling_is_read(body: bytes) -> None:
    assert read(body).text == "42"
    assert read(*(bytes([byte]) for byte in body)).text == "42"


HEARTBEATS = [
    *(b": ping\n\n", b":\n\n", b"data:\n\n", b"data: \n\n", b"event: ping\n\n", b"event: ping\ndata: \n\n"),
    *(b"event: ping\ndata: 2026-11-29 20:00\n\n", b'event: ping\ndata: {"type": "ping"}\n\n', b"data: [PING]\n\n"),
    *(b"event: heartbeat\ndata: null\n\n", b'event: keep-alive\ndata: {"message": "still here"}\n\n'),
]


@pytest.mark.parametrize("beat", HEARTBEATS, ids=repr)
def test_what_only_keeps_a_connection_open_is_no_broken_answer(beat: bytes) -> None:
    assert read(beat + stream(HALVES[0], HALVES[1], done=False) + beat + stream(*HALVES[2:], STOP)).text == "42"


def test_a_letter_in_pieces_is_put_together() -> None:
    body = stream(json.dumps(chunk({"content": "€😀\u2028\u0085"}), ensure_ascii=False).encode(), STOP)

    assert read(*(bytes([byte]) for byte in body)).text == "€😀\u2028\u0085"


@pytest.mark.parametrize(
    ("body", "finish"),
    [
        (whole({"content": ""}, "length"), "length"),
        (whole({"content": None}, "length"), "length"),
        (whole({"content": None}, "MAX_TOKENS"), "length"),
        (whole({"content": ""}), "stop"),
        (whole({"content": None}), "stop"),
        (whole(None), "stop"),
        (whole({}), "stop"),
        (stream(chunk({}, "length")), "length"),
        (stream(chunk({"content": ""}), STOP), "stop"),
    ],
)
def test_an_answer_that_ended_is_an_answer_however_empty(body: bytes, finish: str) -> None:
    answer = read(body)

    assert (answer.text, answer.finish_reason) == ("", finish)


@pytest.mark.parametrize(
    "body",
    [
        whole({"content": "The sum"}, "abort"),
        whole({"content": "The sum"}, "error"),
        json.dumps({"choices": [{"error": {"message": "gone"}, "message": {"content": "The"}}]}).encode(),
        whole({"content": ""}, base_resp={"status_code": 1027, "status_msg": "output new_sensitive"}),
        stream(HALVES[1], chunk({}, "null"), done=False),
        stream(HALVES[1], chunk({}, "error")),
        stream(HALVES[1], {"error": {"message": "overloaded", "code": 502}}),
        stream(HALVES[1], {"object": "error", "message": "engine dead", "code": 500}),
        stream(HALVES[1], done=False) + b'event: error\ndata: {"message": "boom"}\n\n',
        b'{"object": "error", "message": "overloaded"}',
        b'{"detail": "Internal Server Error"}',
        b'{"code": "Throttling.RateQuota", "message": "limit"}',
        b'{"error": {"message": "overloaded"}}',
        stream(HALVES[0], HALVES[1], done=False),
        stream(),
        stream(HALVES[0]),
        stream(chunk({"role": "assistant"}), {"choices": [], "usage": USAGE}),
        b"",
        b"data: ",
        b"{}",
        whole({"content": None}, None),
    ],
    ids=[
        *(
            "abort",
            "error",
            "choice error",
            "MiniMax",
            "cut before a reason",
            "streamed error",
            "error event",
            "error object",
            "named event",
        ),
        *("object error", "detail", "code and message", "error under 200", "cut", "DONE alone", "role alone"),
        *("usage alone", "nothing", "no data", "no choices", "no reason and no text"),
    ],
)
def test_what_failed_or_never_came_is_broken(body: bytes) -> None:
    with pytest.raises(Broken):
        read(body)


@pytest.mark.parametrize(
    "body",
    [
        b"<html>It works!</html>",
        b"data: {\xff}\n\n",
        stream(b'{"choices": [', STOP),
        stream(b"[" * 200_000),
        b"[" * 200_000,
        b"\xff\xfe" + whole({"content": "42"}),
        whole({"content": "\ud800"})[:-5],
        json.dumps({"choices": ["42"]}).encode(),
        json.dumps({"choices": {"0": {"message": {"content": "42"}}}}).encode(),
        json.dumps({"choices": "42"}).encode(),
        whole(["42"]),
        whole("42"),
        whole({"content": 42}),
        whole({"content": "42", "tool_calls": {"id": 1}}),
        whole({"content": "42", "reasoning_content": 7}),
        stream({"choices": ["42"]}),
        stream({"choices": [{"index": 0, "delta": "42"}]}),
        stream(chunk({"tool_calls": {"index": 0}})),
        stream(chunk({"tool_calls": [{"index": 0, "function": "f"}]}), STOP),
        stream(b"7", b"null", b'"text"'),
    ],
)
def test_a_malformed_answer_is_broken_and_nothing_else(body: bytes) -> None:
    with pytest.raises(Broken) as broken:
        read(body)

    assert len(str(broken.value)) < 2200


@pytest.mark.parametrize("usage", [None, [], "12", {"prompt_tokens": "12", "completion_tokens": {"n": 3}}, 7])
@pytest.mark.parametrize("streamed", [True, False])
def test_an_answer_is_kept_whatever_is_said_of_usage(usage: object, streamed: bool) -> None:
    body = stream(*HALVES, chunk({}, "stop", usage=usage)) if streamed else whole({"content": "42"}, usage=usage)

    answer = read(body)

    assert (answer.text, answer.prompt_tokens, answer.completion_tokens) == ("42", None, None)


def test_a_fingerprint_is_kept_up_to_200_characters() -> None:
    assert read(whole({"content": "42"}, system_fingerprint="f" * 300)).fingerprint == "f" * 200


def test_usage_may_come_early() -> None:
    answer = read(stream(chunk({"content": "42"}, usage=USAGE), chunk({}, "stop", usage=None)))

    assert (answer.prompt_tokens, answer.completion_tokens) == (5, 3)


def test_the_choice_of_index_0_is_the_answer_of_several() -> None:
    def said(index: int, text: str, finish: str | None = None) -> dict[str, Any]:
        return {"choices": [{"index": index, "delta": {"content": text}, "finish_reason": finish}]}

    both = {"choices": [{"index": 1, "message": {"content": "99"}}, {"index": 0, "message": {"content": "42"}}]}

    assert read(stream(said(1, "9"), said(0, "4"), said(1, "9", "error"), said(0, "2", "stop"))).text == "42"
    assert read(json.dumps(both).encode()).text == "42"


def test_thoughts_are_kept_apart_in_a_stream_and_as_a_whole() -> None:
    thought = {"type": "thinking", "thinking": [{"type": "text", "text": "hm 7"}]}
    text = {"type": "text", "text": "42"}

    for answer in (
        read(stream(chunk({"content": [thought]}), chunk({"content": [text]}), STOP)),
        read(whole({"content": [thought, text]})),
        read(stream(chunk({"reasoning": "hm "}), chunk({"reasoning": "7"}), chunk({"content": "42"}), STOP)),
        read(stream(chunk({"content": "<think>hm 7"}), chunk({"content": "</think>\n\n42"}), STOP)),
    ):
        assert (answer.thinking, answer.text) == ("hm 7", "42")


def test_a_refusal_in_a_stream_is_one() -> None:
    answer = read(stream(chunk({"refusal": "I can"}), chunk({"refusal": "not."}), STOP))

    assert (answer.text, answer.finish_reason) == ("I cannot.", "refusal")


@pytest.mark.parametrize("reason", ["content_filter", "SAFETY", "sensitive", "content_filter: PROHIBITED_CONTENT"])
def test_an_answer_that_a_filter_cut_is_filtered(reason: str) -> None:
    with pytest.raises(Filtered):
        read(whole({"content": "The"}, reason))
    with pytest.raises(Filtered):
        read(stream(HALVES[1], chunk({}, reason)))


def test_no_choice_is_an_error_of_the_sample() -> None:
    with pytest.raises(SampleError, match="without a choice"):
        read(b'{"choices": []}')


def test_an_event_without_end_is_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pytest_modeleval.models.reading.MOST_BYTES", 1 << 20)
    pieces: Sequence[bytes] = [b"data: ", *[b"x" * (1 << 16)] * 20]

    with pytest.raises(Broken, match="an event is longer than 1 MiB"):
        read(*pieces)


@pytest.mark.parametrize("byte", [b" ", b"\n", b"\r"], ids=["spaces", "line feeds", "carriage returns"])
def test_a_body_that_says_nothing_is_read_in_linear_time(byte: bytes) -> None:
    pieces = [b"data: {}" + byte, *[byte * (1 << 20)] * 2] if byte == b"\r" else [byte * (1 << 20)] * 100
    started = time.process_time()

    with pytest.raises(Broken):
        read(*pieces)
    assert time.process_time() - started < 10
