"""What a server's reply means in a load: what counts as an answer, what as its tokens, and what as failed."""

import json
from typing import Any

import pytest

from pytest_modeleval.perf.client.answers import streamed
from pytest_modeleval.perf.client.parsing import record_of
from tests.perf.test_parsing import (
    DONE,
    MS,
    ROLE,
    STOP,
    STREAM,
    event,
    exchange_of,
    framed,
    ms,
    record,
    reply,
    said,
    usage,
)


def choice(**more: Any) -> dict[str, Any]:
    return {"index": 0, "delta": {}, "finish_reason": None, **more}


def words(count: str) -> int:
    return len(count.split())


@pytest.mark.parametrize(
    ("content", "why"),
    [
        *((said("a") + event(choices=[choice(finish_reason=reason)]) + DONE, reason) for reason in ("abort", "error")),
        (said("a") + event(choices=[choice(finish_reason="error", error={"code": 502, "message": "gone"})]), "gone"),
        (said("a") + event(choices=[choice(error={"message": "gone"})]) + STOP, "gone"),
        (said("a") + b'data: {"object": "error", "message": "engine died", "code": 500}\n\n' + DONE, "engine died"),
        (b'data: {"object": "error", "message": "engine died", "code": 500}\n\n' + DONE, "engine died"),
        (said("a") + b'data: {"detail": "engine died"}\n\n' + DONE, "engine died"),
        (said("a") + b'data: {"code": 1301, "message": "engine died"}\n\n' + DONE, "engine died"),
        (said("a") + event(error="engine died"), "engine died"),
        (said("a") + b'data: {"choices": ["a"]}\n\n' + STOP, "choices"),
        (said("a") + b'data: {"choices": {"0": {}}}\n\n' + STOP, "choices"),
        (said("a") + event(choices=[choice(delta="b")]) + STOP, "message"),
        (said("a") + event(choices=[choice(delta={"content": 7})]) + STOP, "content"),
        (said("a") + b'data: {"choices": [{"delta": {"content": "\xff"}}]}\n\n' + STOP, "not JSON"),
        (said("a") + said("b") + said("c").replace(b'"c"', b'"\xff"') + STOP, "not JSON"),
        (said("a") + said("b") + said("c").replace(b'"c"', b'"\xe4\xbd"') + said("\xa0") + STOP, "not JSON"),
        (said("a") + b"data: " + b"[" * 100_000 + b"\n\n" + STOP, "not JSON"),
    ],
    ids=[
        *("abort", "error", "choice's error", "error and a reason", "object error", "object error alone", "detail"),
        *(
            "code and message",
            "text",
            "texts",
            "dict",
            "delta",
            "number",
            "UTF-8",
            "UTF-8 later",
            "half a letter",
            "deep",
        ),
    ],
)
def test_what_a_stream_calls_failed_is_failed_with_the_servers_words(content: bytes, why: str) -> None:
    read = record_of(exchange_of([(100, STREAM + framed(content) + b"0\r\n\r\n")]), 0)

    assert read.record.error in ("server", "protocol")
    assert why in read.detail
    assert "\n" not in read.detail


@pytest.mark.parametrize(
    "body",
    [
        {"object": "error", "message": "overloaded", "code": 500},
        {"error": {"message": "overloaded"}},
        {"detail": "overloaded"},
        {"detail": [{"msg": "overloaded"}]},
        {"code": 1305, "message": "overloaded"},
        {"choices": [{"message": {"content": "a"}, "finish_reason": "error", "error": {"message": "overloaded"}}]},
        {"object": "response", "status": "failed", "error": {"message": "overloaded"}, "output": []},
    ],
)
def test_a_whole_answer_that_is_an_error_is_one_with_the_servers_words(body: object) -> None:
    content = json.dumps(body).encode()
    response = b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(content)
    read = record_of(exchange_of([(3, response + content)]), 0)

    assert read.record.error in ("server", "protocol")
    assert "overloaded" in read.detail


@pytest.mark.parametrize(
    "content",
    [ROLE + DONE, ROLE, DONE, event(choices=[choice(delta=None)]) + DONE, event(choices=[], usage=usage(0)) + DONE],
    ids=["role", "role alone", "end alone", "null", "usage"],
)
def test_a_stream_without_a_token_or_a_reason_is_failed(content: bytes) -> None:
    assert record((100, content)).error == "cut"


@pytest.mark.parametrize("body", [{"choices": []}, {"choices": [{}]}, {"choices": None}, {"id": "x"}])
def test_a_whole_answer_without_a_token_or_a_reason_is_failed(body: object) -> None:
    assert reply(body).error == "cut"


@pytest.mark.parametrize(
    ("content", "finish", "tokens"),
    [
        (said("a") + DONE, "", 1),
        (ROLE + STOP, "stop", None),
        (event(choices=[choice(delta=None)]) + STOP, "stop", None),
        (said("", finish="length") + event(choices=[], usage=usage(0)), "length", 0),
        (said("a") + event(choices=[choice(delta=None, finish_reason="stop")]), "stop", 1),
        (said("a", finish="max_tokens"), "length", 1),
        (said("a", finish="x" * 30 + "\x1b" + "y" * 99), "x" * 30 + r"\x1b" + "y" * 9, 1),
    ],
    ids=["done", "nothing said", "null", "empty", "null at the end", "another name", "any text"],
)
def test_an_ended_answer_is_one_however_empty(content: bytes, finish: str, tokens: int | None) -> None:
    seen = record((100, content))

    assert (seen.error, seen.finish, seen.output_tokens) == ("", finish, tokens)


def test_a_whole_answer_to_a_stream_is_read() -> None:
    seen = reply({"choices": [{"message": {"content": "a b"}, "finish_reason": "stop"}], "usage": usage(2)})

    assert (seen.error, seen.output_tokens, seen.first) == ("", 2, None)


THOUGHT = [{"type": "thinking", "thinking": [{"type": "text", "text": "let me see"}]}]
TEXT = [{"type": "text", "text": "the answer"}]


def test_parts_of_a_content_are_text_or_thoughts_and_all_are_tokens() -> None:
    parts = [event(choices=[choice(delta={"content": content})]) for content in (THOUGHT, TEXT, [])]
    seen = record((100, parts[0]), (110, parts[1]), (120, parts[2]), (121, STOP), tokens_of=words)

    assert ms(seen.chunks) == [100, 110]
    assert ms([seen.first, seen.first_answer]) == [100, 110]
    assert (seen.output_tokens, seen.counted_by) == (5, "tokenizer")
    answer = streamed(b"".join(parts) + STOP, text=True)
    assert (answer.text, answer.thinking) == (["the answer"], ["let me see"])


def test_a_thought_said_by_two_names_is_said_once() -> None:
    twice = event(choices=[choice(delta={"reasoning": "let me", "reasoning_content": "let me"})])
    seen = record((100, twice), (110, twice), (120, said("see")), (121, STOP), tokens_of=words)

    assert seen.output_tokens == words("let melet me") + words("see")


def test_of_several_choices_the_first_is_the_answer() -> None:
    other = event(choices=[choice(index=1, delta={"content": "b c d"})])
    ends = event(choices=[choice(index=1, finish_reason="error")])
    both = event(choices=[choice(index=1, delta={"content": "x y"}), choice(delta={"content": "z"})])
    seen = record((90, other), (100, said("a")), (110, other), (120, both), (121, ends + STOP), tokens_of=words)

    assert (ms(seen.chunks), seen.output_tokens, seen.error) == ([100, 120], 1, "")
    two = [{"index": i, "message": {"content": "a " * (3 - i)}, "finish_reason": "stop"} for i in (1, 0)]
    assert reply({"choices": two}).error == ""


@pytest.mark.parametrize(
    "told",
    [
        *(None, {}, [], "12", {"completion_tokens": None}, {"completion_tokens": "3"}, {"completion_tokens": {"a": 1}}),
        *({"completion_tokens": count} for count in (-1, 10**30, 1.5, True, 0)),
    ],
    ids=str,
)
def test_usage_that_is_no_count_is_unknown(told: object) -> None:
    prompt = {"prompt_tokens": told["completion_tokens"]} if isinstance(told, dict) and told else {}
    content = {**told, **prompt} if isinstance(told, dict) else told
    seen = record(
        (100, said("a b")), (110, said(" c")), (111, STOP + event(choices=[], usage=content)), tokens_of=words
    )

    assert (seen.error, seen.output_tokens, seen.counted_by) == ("", 3, "tokenizer")
    assert seen.input_tokens in (None, 0)


def test_usage_told_before_the_end_does_not_count_what_comes_after() -> None:
    early = event(choices=[], usage=usage(1))
    late = record((90, early), (100, said("a")), (110, said("b")), (120, said("c", finish="stop")))
    between = record((100, said("a")), (110, said("b")), (111, event(choices=[], usage=usage(2))), (112, STOP + DONE))

    assert (late.input_tokens, late.output_tokens, late.counted_by) == (7, 3, "chunks")
    assert (between.output_tokens, between.counted_by) == (2, "usage")


def test_an_event_that_ends_one_byte_into_an_http_chunk_arrives_with_it() -> None:
    first = said("a")
    # The last byte of its line is the first one of the next HTTP chunk.
    head, tail = first[:-3], first[-3:]
    exchange = exchange_of(
        [(100, STREAM + framed(head)), (130, framed(tail + said("b"))), (140, framed(STOP) + b"0\r\n\r\n")]
    )

    assert ms(record_of(exchange, 0).record.chunks) == [130, 130]
    assert MS == 1_000_000


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_a_redirect_is_an_error_that_says_where_it_would_have_led(status: int) -> None:
    response = b"HTTP/1.1 %d X\r\nlocation: http://other.example/v1\r\ncontent-length: 0\r\n\r\n" % status
    read = record_of(exchange_of([(3, response)]), 0)

    assert (read.record.error, read.detail) == (
        f"http {status}",
        "it sends on to http://other.example/v1, which no load follows",
    )
