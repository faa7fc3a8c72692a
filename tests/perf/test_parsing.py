"""Token arithmetic: what servers send, and the record it must become."""

import json
from itertools import accumulate
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_modeleval.perf.client.answers import streamed, whole
from pytest_modeleval.perf.client.exchange import Exchange
from pytest_modeleval.perf.client.parsing import record_of
from pytest_modeleval.perf.client.record import LoadRequest, Observation
from tests.models.test_reading import HEARTBEATS

MS = 1_000_000
STREAM = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"


def event(**content: Any) -> bytes:
    return b"data: " + json.dumps({"id": "x", **content}).encode() + b"\n\n"


def said(text: str, *, finish: str | None = None, name: str = "content", **more: Any) -> bytes:
    return event(choices=[{"index": 0, "delta": {name: text}, "finish_reason": finish}], **more)


def usage(output: int, **more: Any) -> dict[str, Any]:
    return {"prompt_tokens": 7, "completion_tokens": output, "total_tokens": 7 + output, **more}


ROLE = event(choices=[{"index": 0, "delta": {"role": "assistant", "content": ""}, "finish_reason": None}])
STOP = event(choices=[{"index": 0, "delta": {}, "finish_reason": "stop"}])
DONE = b"data: [DONE]\n\n"


def framed(content: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(content), content)


def exchange_of(
    reads: list[tuple[float, bytes]], *, late: float = 0, request: LoadRequest | None = None, ended: bool = True
) -> Exchange:
    """An exchange sent at 1 s whose reads came so many milliseconds later, each ``late`` ms after it might have."""
    exchange = Exchange(request or LoadRequest(b"{}"), 1000 * MS)
    exchange.sent = 1000 * MS
    for at, data in reads:
        read = int((1000 + at) * MS)
        exchange.reads.append((data, read, 0, read - int(late * MS), b""))
        if exchange.framing.may_end(data):
            exchange.framing.ended(exchange.join())
    if not ended:
        exchange.error, exchange.detail, exchange.ended = "cut", "gone", exchange.last_seen
    return exchange


def record(*chunks: tuple[float, bytes], tokens_of: Any = None, **options: Any) -> Observation:
    """The record of a chunked stream; a read for each of these."""
    reads = [(at, framed(content)) for at, content in chunks]
    reads[0] = (reads[0][0], STREAM + reads[0][1])
    reads[-1] = (reads[-1][0], reads[-1][1] + b"0\r\n\r\n")
    return record_of(exchange_of(reads, **options), 0, tokens_of).record


def ms(times: Any) -> list[float]:
    return [round(1000 * (time - 1), 6) for time in times]


def test_one_token_a_chunk() -> None:
    seen = record(
        (100, said("a")), (110, said("b")), (120, said("c")), (121, STOP + event(choices=[], usage=usage(3)) + DONE)
    )

    assert ms(seen.chunks) == [100, 110, 120]
    assert ms([seen.first, seen.first_answer, seen.last, seen.ended]) == [100, 100, 120, 121]
    assert (seen.output_tokens, seen.input_tokens, seen.counted_by, seen.first_tokens) == (3, 7, "usage", 1)
    assert (seen.finish, seen.status, seen.error) == ("stop", 200, "")
    assert list(seen.clumps) == [1, 1, 1]


def test_a_role_or_an_empty_text_is_no_token() -> None:
    seen = record((5, ROLE), (6, said("")), (100, said("a")), (110, said("b", finish="length")), (110, DONE))

    assert ms(seen.chunks) == [100, 110]


def test_reasoning_comes_first_and_the_answer_has_its_own_first() -> None:
    for name in ("reasoning_content", "reasoning"):
        seen = record((50, said("h", name=name)), (60, said("m", name=name)), (100, said("a")), (110, STOP))

        assert ms([seen.first, seen.first_answer, seen.last]) == [50, 100, 100]


def test_reasoning_without_an_answer_has_no_first_answer() -> None:
    seen = record((50, said("h", name="reasoning_content")), (60, STOP))

    assert seen.first_answer is None
    assert ms([seen.first]) == [50]


def test_a_call_of_a_tool_is_content() -> None:
    call = {"index": 0, "delta": {"tool_calls": [{"index": 0, "function": {"arguments": "{"}}]}, "finish_reason": None}

    assert ms(record((50, event(choices=[call])), (60, STOP)).chunks) == [50]


def test_events_that_came_together_have_one_time_and_are_a_clump() -> None:
    together = said("a") + said("b") + said("c") + said("d")
    seen = record((100, together), (140, together), (140, STOP + event(choices=[], usage=usage(8))))

    assert ms(seen.chunks) == [100] * 4 + [140] * 4
    assert (list(seen.clumps), seen.first_tokens) == ([4, 4], 4)
    assert tpot(seen) == 10


def tpot(seen: Observation) -> float:
    assert seen.first is not None
    assert seen.last is not None
    assert seen.output_tokens
    return round((seen.last - seen.first) / (seen.output_tokens - seen.first_tokens) * 1000, 6)


def test_several_tokens_a_chunk_do_not_shorten_the_time_of_a_token() -> None:
    chunks = [(100 + 40 * index, said("four of them")) for index in range(32)]
    seen = record(*chunks, (1350, STOP + event(choices=[], usage=usage(128))))

    assert (seen.first_tokens, tpot(seen)) == (4, 10)


def test_several_tokens_in_the_first_chunk_alone() -> None:
    chunks = [(100, said("a b c d ")), *((110 + 10 * index, said("e ")) for index in range(4))]
    seen = record(*chunks, (150, STOP + event(choices=[], usage=usage(8))))

    assert (seen.first_tokens, tpot(seen)) == (4, 10)


def test_tokens_of_each_chunk_where_the_server_says() -> None:
    chunks = [(100, said("a", usage=usage(3))), (130, said("b", usage=usage(4))), (140, said("cd", usage=usage(6)))]
    seen = record(*chunks, (140, STOP + event(choices=[], usage=usage(6))))

    assert (list(seen.sizes), seen.first_tokens, seen.output_tokens) == ([3, 1, 2], 3, 6)


@pytest.mark.parametrize("cut", [1, 20, 60, -1, -3])
def test_an_event_cut_in_two_packets_arrives_with_its_end(cut: int) -> None:
    first, second = framed(said("a")), framed(said("b", finish="stop"))
    exchange = exchange_of(
        [(90, STREAM), (100, first), (110, second[:cut]), (115, second[cut:] + framed(DONE) + b"0\r\n\r\n")]
    )

    seen = record_of(exchange, 0).record
    # With all but the line's end, it came with the first packet.
    assert ms(seen.chunks) == [100, 110 if cut in (-1, -3) else 115]


def test_many_events_in_one_http_chunk_and_one_event_in_many() -> None:
    content = said("a") + said("b") + STOP
    pieces = b"".join(framed(content[at : at + 7]) for at in range(0, len(content), 7))
    exchange = exchange_of([(100, STREAM + pieces + b"0\r\n\r\n")])

    assert ms(record_of(exchange, 0).record.chunks) == [100, 100]


@pytest.mark.parametrize("newline", [b"\r\n", b"\r"], ids=["crlf", "cr"])
def test_lines_may_end_otherwise(newline: bytes) -> None:
    content = (b": ping\n\nevent: x\nid: 3\n" + said("a") + said("b") + STOP + DONE).replace(b"\n", newline)
    seen = record((100, content))

    assert (len(seen.chunks), seen.error, seen.finish) == (2, "", "stop")


def test_a_stream_may_begin_with_an_empty_line() -> None:
    seen = record((100, b"\n" + said("a") + said("b") + STOP + DONE))

    assert (len(seen.chunks), seen.error, seen.finish) == (2, "", "stop")


def test_pings_comments_and_data_over_two_lines() -> None:
    two_lines = said("b").replace(b', "choices"', b',\ndata: "choices"')
    seen = record(
        (50, b": ping\n\n"), (100, b":\n\nretry: 10\n" + said("a")), (110, two_lines), (111, b"data:[DONE]\n\n")
    )

    assert ms(seen.chunks) == [100, 110]
    assert seen.error == ""


@pytest.mark.parametrize("between", [b": note\n", b"id: 3\n", b"event: message\n", b"retry: 10\n"])
def test_the_lines_of_an_events_data_are_joined_whatever_stands_between(between: bytes) -> None:
    apart = said("a").replace(b', "choices"', b",\n" + between + b'data: "choices"')

    assert (len(record((100, apart + said("b") + STOP)).chunks), record((100, apart + STOP)).error) == (2, "")


@pytest.mark.parametrize("beat", HEARTBEATS, ids=repr)
def test_what_only_keeps_a_connection_open_is_no_chunk_and_no_error(beat: bytes) -> None:
    seen = record((100, beat + said("a") + beat + said("b") + beat + STOP + DONE))

    assert (len(seen.chunks), seen.error, seen.finish) == (2, "", "stop")


def test_an_event_called_error_is_one() -> None:
    seen = record((100, said("a") + b'event: error\ndata: {"code": 7}\n\n' + DONE))

    assert seen.error == "server"


def test_usage_missing_counts_by_the_tokenizer_or_by_chunks() -> None:
    chunks = [(100, said("one two")), (110, said(" thr\nee", finish="stop"))]

    assert (record(*chunks).output_tokens, record(*chunks).counted_by) == (2, "chunks")
    seen = record(*chunks, tokens_of=lambda text: len(text.split()))
    assert (seen.output_tokens, seen.counted_by) == (4, "tokenizer")
    told = record(*chunks, request=LoadRequest(b"", input_tokens=5, max_tokens=9))
    assert (told.input_tokens, told.asked_tokens) == (5, 9)


@pytest.mark.parametrize(
    ("details", "cached", "reasoning"),
    [
        ({"prompt_tokens_details": {"cached_tokens": 5}}, 5, None),
        ({"prompt_cache_hit_tokens": 4}, 4, None),
        ({"cached_tokens": 3, "prompt_tokens_details": None}, 3, None),
        ({"completion_tokens_details": {"reasoning_tokens": 2}}, None, 2),
        ({}, None, None),
    ],
    ids=["openai", "deepseek", "moonshot", "reasoning", "untold"],
)
def test_cached_and_reasoning_tokens(details: dict[str, Any], cached: int | None, reasoning: int | None) -> None:
    seen = record((1, said("a", finish="stop")), (2, event(choices=[], usage=usage(1, **details))))

    assert (seen.cached_tokens, seen.reasoning_tokens) == (cached, reasoning)


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (said("a"), "cut"),
        (b"", "cut"),
        (said("a") + DONE, ""),
        (said("a", finish="stop"), ""),
        (said("a") + event(error={"message": "out of memory"}), "server"),
        (said("a") + b"data: {broken\n\n" + STOP, "server"),
        (b"data: hello\n\n", "protocol"),
        (b"data: [1]\n\n", "protocol"),
        (b"data:\n\n" + said("a") + DONE, ""),
    ],
    ids=["no end", "empty", "done", "finish", "error", "broken", "no json", "no object", "no data"],
)
def test_a_stream_that_is_not_right_is_an_error(content: bytes, error: str) -> None:
    assert record((100, content)).error == error


def test_a_cut_stream_keeps_what_came() -> None:
    exchange = exchange_of([(100, STREAM + framed(said("a"))), (110, framed(said("b"))[:9])], ended=False)
    read = record_of(exchange, 0)

    assert ms(read.record.chunks) == [100]
    assert (read.record.error, read.detail, read.record.output_tokens) == ("cut", "gone", 1)


@pytest.mark.parametrize("status", [400, 404, 429, 500, 503])
def test_an_http_error_is_one_with_what_was_said(status: int) -> None:
    response = b'HTTP/1.1 %d X\r\ncontent-length: 16\r\n\r\n{"error": "why"}' % status
    read = record_of(exchange_of([(3, response)]), 0)

    assert (read.record.error, read.record.status, read.detail) == (f"http {status}", status, '{"error": "why"}')
    assert read.record.first is None


def reply(content: object) -> Observation:
    body = json.dumps(content).encode()
    response = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(body)
    return record_of(exchange_of([(3, response), (250, body)]), 0).record


def test_a_response_that_is_not_streamed_has_no_first_token() -> None:
    seen = reply({"choices": [{"message": {"content": "a b"}, "finish_reason": "stop"}], "usage": usage(2)})

    assert (seen.first, seen.last, len(seen.chunks)) == (None, None, 0)
    assert ms([seen.ended]) == [250]
    assert (seen.output_tokens, seen.counted_by, seen.finish, seen.error) == (2, "usage", "stop", "")


@pytest.mark.parametrize(
    ("content", "tokens", "error"),
    [
        ({"data": [{"embedding": [0.5]}], "usage": {"prompt_tokens": 4, "total_tokens": 4}}, 4, ""),
        ({"results": [{"index": 0, "relevance_score": 0.5}], "usage": {"total_tokens": 9}}, 9, ""),
        ({"results": [{"index": 0}], "meta": {"tokens": {"input_tokens": 3}}}, 3, ""),
        ({"results": [{"index": 0}], "meta": None}, None, ""),
        ({}, None, "cut"),
        ([], None, "protocol"),
    ],
    ids=["embeddings", "rerank", "cohere", "untold", "empty", "list"],
)
def test_embeddings_and_rerank(content: object, tokens: int | None, error: str) -> None:
    seen = reply(content)

    assert (seen.input_tokens, seen.output_tokens, seen.error) == (tokens, None, error)


def test_completions_are_streamed_as_text() -> None:
    chunks = [
        (1, event(choices=[{"index": 0, "text": "a"}])),
        (2, event(choices=[{"index": 0, "text": "b", "finish_reason": "length"}])),
    ]

    assert (len(record(*chunks).chunks), record(*chunks).finish) == (2, "length")


def typed(kind: str, **content: Any) -> bytes:
    return b"event: " + kind.encode() + b"\ndata: " + json.dumps({"type": kind, **content}).encode() + b"\n\n"


def ended(event: str = "completed", **response: Any) -> bytes:
    told = {"input_tokens": 7, "output_tokens": 3, "input_tokens_details": {"cached_tokens": 2}}
    output = [{"type": "message", "content": [{"type": "output_text", "text": "ab"}]}]
    whole_ = {"object": "response", "status": event, "error": None, "output": output, "usage": told, **response}
    return typed(f"response.{event}", response=whole_)


OPENED = typed("response.created", response={"object": "response", "status": "in_progress", "error": None}) + typed(
    "response.output_item.added", item={"type": "message", "content": []}
)


@pytest.mark.parametrize("reasoning", ["reasoning_text", "reasoning_summary_text", "reasoning"])
def test_events_of_the_responses_endpoint(reasoning: str) -> None:
    details = {"output_tokens_details": {"reasoning_tokens": 1}}
    told = {"input_tokens": 7, "output_tokens": 3, "input_tokens_details": {"cached_tokens": 2}, **details}
    seen = record(
        (5, OPENED),
        (50, typed(f"response.{reasoning}.delta", delta="h")),
        (60, typed(f"response.{reasoning}.done", text="h")),
        (90, typed("response.output_text.delta", delta="") + typed("response.output_text.delta", delta=None)),
        (100, typed("response.output_text.delta", delta="a", logprobs=[])),
        (110, typed("response.output_text.delta", delta="b")),
        (111, typed("response.output_text.done", text="ab") + ended(usage=told)),
    )

    assert ms(seen.chunks) == [50, 100, 110]
    assert ms([seen.first, seen.first_answer, seen.last, seen.ended]) == [50, 100, 110, 111]
    assert (seen.input_tokens, seen.output_tokens, seen.cached_tokens, seen.reasoning_tokens) == (7, 3, 2, 1)
    assert (seen.counted_by, seen.finish, seen.error) == ("usage", "stop", "")


DELTA = typed("response.output_text.delta", delta="a")


@pytest.mark.parametrize(
    ("content", "finish", "error"),
    [
        (DELTA + ended("incomplete", incomplete_details={"reason": "max_output_tokens"}), "length", ""),
        (DELTA + ended("incomplete", incomplete_details={"reason": "content_filter"}), "content_filter", ""),
        (typed("response.function_call_arguments.delta", delta="{") + ended(), "stop", ""),
        (DELTA, "", "cut"),
        (DELTA + ended("failed", error={"code": "server_error"}), "", "server"),
        (DELTA + typed("error", code="server_error", message="out of memory"), "", "server"),
        (typed("error", error={"message": "no such model"}), "", "protocol"),
    ],
    ids=["length", "filter", "tool", "cut", "failed", "error", "error at once"],
)
def test_how_a_response_ends(content: bytes, finish: str, error: str) -> None:
    seen = record((100, OPENED + content))

    assert (seen.finish, seen.error) == (finish, error)


def test_a_whole_response_object() -> None:
    output = [
        {"type": "reasoning", "summary": [{"type": "summary_text", "text": "so"}]},
        {"type": "message", "content": [{"type": "output_text", "text": "a b"}]},
        {"type": "function_call", "arguments": "{}"},
    ]
    content = {"object": "response", "status": "completed", "error": None, "output": output, "usage": None}
    seen = reply({**content, "usage": {"input_tokens": 7, "output_tokens": 4}})

    assert (seen.input_tokens, seen.output_tokens, seen.finish, seen.error) == (7, 4, "tool_calls", "")
    assert seen.first is None
    answer = whole(json.dumps(content).encode(), text=True)
    assert (answer.thinking, answer.text) == (["so"], ["a b"])


def test_a_clump_is_ours_if_it_may_have_waited_for_us() -> None:
    content = STREAM + framed(said("a") + said("b") + STOP) + b"0\r\n\r\n"

    late = record_of(exchange_of([(100, content)], late=5), 0)
    assert (late.late_clumps, late.late_first) == (1, True)
    read = record_of(exchange_of([(100, content)], late=0.1), 0)
    assert (read.late_clumps, list(read.record.clumps), list(read.lag)) == (0, [2], [MS // 10])


def test_a_late_read_of_what_the_server_always_puts_together_lost_nothing() -> None:
    pair = framed(said("a") + said("b"))
    reads = [
        (100.0, STREAM + pair),
        (110.0, pair),
        (120.0, pair),
        (150.0, pair + pair),
        (150.0, framed(STOP) + b"0\r\n\r\n"),
    ]
    exchange = exchange_of(reads, late=0.1)
    for index in (1, 3):
        data, at, wall, since, stamp = exchange.reads[index]
        exchange.reads[index] = (data, at, wall, since - 5 * MS, stamp)

    read = record_of(exchange, 0)
    assert (read.late_clumps, read.late_first) == (1, False)


TEXT = st.text(st.characters(codec="utf-8"), max_size=8)


@given(
    st.lists(st.tuples(TEXT, st.booleans(), st.booleans()), max_size=12)
    | st.lists(st.tuples(st.sampled_from(["a", "bc", " d", "e", '"', ""]), st.just(False), st.just(True)), max_size=80)
)
def test_the_short_way_says_what_the_long_one_says(chunks: list[tuple[str, bool, bool]]) -> None:
    """Chunks of a known shape are not parsed: whatever their text, it must make no difference."""
    events = []
    for text, thought, plain in chunks:
        choice = {"index": 0, "delta": {"reasoning" if thought else "content": text}, "finish_reason": None}
        events.append(b"data: " + json.dumps({"choices": [choice]}, ensure_ascii=plain).encode() + b"\n\n")
    answer = streamed(b"".join(events) + STOP, text=True)

    said = [(text, thought) for text, thought, _ in chunks if text]
    assert answer.thoughts == [thought for _, thought in said]
    assert "".join(answer.text) == "".join(text for text, is_thought in said if not is_thought)
    assert "".join(answer.thinking) == "".join(text for text, is_thought in said if is_thought)
    ends = accumulate(map(len, events))
    assert answer.places == [end - 2 for end, (text, _, _) in zip(ends, chunks, strict=True) if text]


@given(st.binary(max_size=200), st.sampled_from([b"", b"data: ", b'data: {"choices": [', b'{"choices": [{"delta":']))
def test_any_bytes_are_read_without_an_exception(content: bytes, prefix: bytes) -> None:
    for read in (streamed, whole):
        assert read(prefix + content, text=True) == read(prefix + content, text=True)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "choices",
                    "delta",
                    "content",
                    "usage",
                    "message",
                    "error",
                    "completion_tokens",
                    "text",
                    "meta",
                    "tokens",
                    "finish_reason",
                    "prompt_tokens_details",
                    "type",
                    "response",
                    "object",
                    "status",
                    "output",
                    "delta",
                    "incomplete_details",
                ]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(JSON)
def test_any_json_is_read_without_an_exception(content: object) -> None:
    reply(content)
    record((1, b"data: " + json.dumps(content).encode() + b"\n\n"))
