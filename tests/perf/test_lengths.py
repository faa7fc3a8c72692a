"""Lengths, and random words that add up to them by a tokenizer or by the server."""

import random
import statistics
from collections import Counter
from collections.abc import Mapping
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_modeleval.perf.client.target import reach
from pytest_modeleval.perf.prompts.counting import by_server, by_tokenizer
from pytest_modeleval.perf.prompts.drawn import Drawn
from pytest_modeleval.perf.prompts.lengths import read_lengths
from pytest_modeleval.perf.prompts.words import WORDS, Writer, learn, taught
from tests.conftest import FaultyServer, send
from tests.perf.prompting import MODELS, Counter_


@pytest.mark.parametrize(
    ("text", "low", "high", "middle"),
    [
        ("512", 512, 512, 512),
        ("256-1024", 256, 1024, 640),
        ("normal(512,100)", 1, 1200, 512),
        ("lognormal(512, 0.5)", 1, 20_000, 512),
    ],
)
def test_lengths_are_drawn_as_asked(text: str, low: int, high: int, middle: float) -> None:
    draw = random.Random(1)
    lengths = read_lengths("--perf-input", text)
    drawn = [lengths.draw(draw) for _ in range(4000)]

    assert low <= min(drawn) <= max(drawn) <= high
    assert statistics.median(drawn) == pytest.approx(middle, rel=0.05)


@pytest.mark.parametrize(
    "text", ["", "0", "-5", "1.5", "9-3", "normal(0,1)", "normal(5)", "uniform(1,2)", "1" * 99, "nan"]
)
def test_lengths_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(pytest.UsageError, match=r"--perf-input takes tokens: 512, a range 256-1024"):
        read_lengths("--perf-input", text)


@given(st.text(max_size=40))
def test_any_text_is_a_length_or_refused(text: str) -> None:
    try:
        assert read_lengths("--perf-input", text).draw(random.Random(1)) >= 1
    except pytest.UsageError as error:
        assert "\n" not in str(error) or "\n" in text  # noqa: PT017


SINGLE = pytest.param(lambda word: 1, 2, id="every word a token")
LETTERS = pytest.param(lambda word: len(word) + 1, 51, id="every letter a token")
MIXED = pytest.param(lambda word: 1 if len(word) < 4 else 2, 51, id="long words two tokens")


@pytest.mark.parametrize(("cost", "questions"), [SINGLE, LETTERS, MIXED])
@pytest.mark.parametrize("tokens", [64, 65, 100, 1000])
def test_texts_have_the_exact_number_of_tokens(cost: Any, questions: int, tokens: int) -> None:
    count = Counter_(cost)
    writer = Writer(learn(count))
    assert count.asked <= questions

    for seed in range(20):
        assert count(writer.write(tokens, random.Random(seed))) == tokens


def test_texts_of_different_draws_differ_at_once() -> None:
    writer = Writer(learn(Counter_(lambda word: 1)))
    texts = [writer.write(64, random.Random(seed)) for seed in range(200)]

    assert len({tuple(text.split()[:10]) for text in texts}) == 200


def test_a_prefix_is_shared_and_counts() -> None:
    count = Counter_(lambda word: 1)
    drawn = Drawn(Writer(learn(count)), read_lengths("", "80"), prefix=30)
    first, second = (str(prompt.turns[0]).split() for prompt in islice(drawn.prompts(random.Random(4)), 2))

    assert first[:31] == second[:31]
    assert first[31:40] != second[31:40]
    assert count(" ".join(first)) == count(" ".join(second)) == 80


def test_a_tokenizer_that_joins_words_is_asked_until_it_is_exact() -> None:
    # Two equal neighbours are one token, which no word's own cost tells.
    def count(text: str) -> int:
        words = text.split()
        return 5 + len(words) - sum(a == b for a, b in pairwise(words))

    writer = Writer(learn(count), check=count)

    assert all(count(writer.write(900, random.Random(seed))) == 900 for seed in range(10))


def test_the_turns_of_random_conversations_are_drawn() -> None:
    writer = Writer(learn(Counter_(lambda word: 1)))
    drawn = Drawn(writer, read_lengths("", "80"), turns=read_lengths("", "2-5"))
    turns = Counter(len(prompt.turns) for prompt in islice(drawn.prompts(random.Random(1)), 400))

    assert sorted(turns) == [2, 3, 4, 5]
    assert min(turns.values()) > 60


def test_a_prompt_that_has_no_room_is_refused() -> None:
    writer = Writer(learn(Counter_(lambda word: 1, template=20)))

    with pytest.raises(pytest.UsageError, match=r"a prompt of 12 tokens has no room for words: .* alone take 21"):
        writer.write(12, random.Random(1))


def test_a_server_that_always_says_the_same_is_refused() -> None:
    with pytest.raises(pytest.UsageError, match="does not grow with the prompt"):
        learn(lambda text: 7)


def test_a_server_whose_words_do_not_add_up_is_refused() -> None:
    # A quarter of the letters, as some make believe.
    with pytest.raises(pytest.UsageError, match=r"usage.prompt_tokens says \d+ for a prompt made of \d+ tokens"):
        taught(lambda text: 20 + len(text) // 4, always=False)

    assert taught(Counter_(lambda word: len(word)), always=False).check is None


def test_lengths_that_no_words_add_up_to_are_refused() -> None:
    writer = Writer(learn(Counter_(lambda word: 4, template=0)))

    with pytest.raises(pytest.UsageError, match="no words of the server's vocabulary add up to"):
        writer.write(66, random.Random(1))


def test_sums_that_only_few_words_make_are_found() -> None:
    # Costs 4 and 7 alone: 17 is no sum of them, 18 and 22 are.
    count = Counter_(lambda word: 7 if word == "the" else 4, template=0)
    writer = Writer(learn(count))

    for more in (18, 22, 29, 1001):
        assert count(writer.write(4 + more, random.Random(more))) == 4 + more
    with pytest.raises(pytest.UsageError, match="add up to 17 more tokens"):
        writer.write(4 + 17, random.Random(1))


def test_the_words_are_many_and_each_stands_once() -> None:
    assert len(WORDS) > 300
    assert [word for word, times in Counter(WORDS).items() if times > 1] == []


@pytest.mark.parametrize("endpoint", ["chat", "completions"])
def test_the_bundled_tokenizer_counts_the_whole_prompt(endpoint: str) -> None:
    count = by_tokenizer(str(MODELS / "tiny"), endpoint)
    writer = Writer(learn(count), check=count)

    assert [count(writer.write(tokens, random.Random(tokens))) for tokens in (80, 81, 500)] == [80, 81, 500]
    assert count("the") > by_tokenizer(str(MODELS / "tiny"), "completions")("the") - (endpoint == "completions")


def test_a_tokenizer_that_cannot_be_had_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(
        pytest.UsageError, match=r"--perf-tokenizer: there is no tokenizer '.*nowhere' to be had"
    ) as caught:
        by_tokenizer(str(tmp_path / "nowhere"), "chat")

    assert "\n" not in str(caught.value)


def counts_words(handler: Any, body: Mapping[str, Any]) -> None:
    text = body["messages"][0]["content"] if "messages" in body else ""
    usage = {"prompt_tokens": 11 + len(text.split()), "completion_tokens": 1}
    send(handler, 200, {"choices": [{"message": {"content": "x"}}], "usage": usage})


def server_count(server: FaultyServer) -> Any:
    return by_server(reach(f"{server.url}/chat/completions"), {"model": "m", "messages": None, "max_tokens": 1})


def test_the_server_itself_counts(faulty_server: FaultyServer) -> None:
    faulty_server.fault = counts_words
    writer = Writer(learn(server_count(faulty_server)))

    # The first one only tries the endpoint.
    assert len(faulty_server.asked) == 3
    assert len(writer.write(300, random.Random(1)).split()) == 300 - 11
    assert (faulty_server.asked[1]["model"], faulty_server.asked[1]["max_tokens"]) == ("m", 1)


@pytest.mark.parametrize(
    ("status", "body", "message"),
    [
        (200, {"choices": []}, r"\(it tells no usage.prompt_tokens\)"),
        (200, {"usage": {"prompt_tokens": "many"}}, r"\(it tells no usage.prompt_tokens\)"),
        (200, [], r"\(it tells no usage.prompt_tokens\)"),
        (500, {"error": "out of order"}, r"\(it answers 500 '.*out of order"),
        (200, {"usage": {"prompt_tokens": -3}}, r"\(it tells no usage.prompt_tokens\)"),
        (200, b"[" * 100_000, r"cannot ask http.* how many tokens a prompt has"),
        (429, {"error": "\x1b[2J"}, r"\(it answers 429 '.*u001b\[2J"),
        (200, b"<html>", r"cannot ask http.* how many tokens a prompt has"),
    ],
    ids=["no usage", "no number", "no object", "an error", "negative", "deep", "control", "no JSON"],
)
def test_a_server_that_cannot_count_is_said(
    faulty_server: FaultyServer, status: int, body: object, message: str
) -> None:
    faulty_server.fault = lambda handler, _: send(handler, status, body)

    with pytest.raises(pytest.UsageError, match=message) as caught:
        server_count(faulty_server)("the")

    assert "give --perf-tokenizer NAME" in str(caught.value)


def test_a_counting_server_is_not_followed_to_another(faulty_server: FaultyServer) -> None:
    other = FaultyServer()
    for status in (301, 302, 303, 307, 308):

        def redirect(handler: Any, body: Mapping[str, Any], status: int = status) -> None:
            send(handler, status if "messages" in body else 400, {}, location=f"{other.url}/chat/completions")

        faulty_server.fault = redirect
        target = reach(f"{faulty_server.url}/chat/completions", headers={"authorization": "Bearer sk-1234567890"})
        with pytest.raises(pytest.UsageError, match=rf"\(it answers {status} '{other.url}/chat"):
            by_server(target, {"messages": None})("the")
    other.close()

    assert other.asked == []
    assert len(faulty_server.asked) == 10
