"""Embeddings, rerankers and image generation behind an endpoint: what is asked, and what its replies say."""

import asyncio
import base64
from collections.abc import Iterator
from typing import Any

import pytest

from pytest_modeleval.models import Unavailable
from pytest_modeleval.models.endpoints import answer_of
from pytest_modeleval.models.openai import OpenAIModel
from pytest_modeleval.models.replies import Broken
from pytest_modeleval.models.spec import ModelSpec
from pytest_modeleval.perf.server.behaviour import Behaviour
from pytest_modeleval.perf.server.process import bench_server
from pytest_modeleval.requests import Embed, Paint, Request, Rerank
from pytest_modeleval.sample import Completion, Embeddings, Filtered, Pictures, Ranking, SampleError, StopRun
from tests.conftest import FaultyServer, send

TEXTS = Embed(["ice", "fire"])
FITTING = Rerank("what is cold?", ["fire", "ice", "snow"])
PICTURE = Paint("a cold house", {"size": "64x64"})
PNG = base64.b64encode(b"\x89PNG\r\n\x1a\n...").decode()


def ask(url: str, request: Request, **settings: Any) -> Completion:
    async def once() -> Completion:
        model = OpenAIModel(ModelSpec("served", "openai", "faulty", base_url=url, **settings))
        try:
            await model.check(type(request))
            return await model.answer(request)
        finally:
            await model.close()

    return asyncio.run(once())


def replied(server: FaultyServer, request: Request, body: object, *, status: int = 200) -> Completion:
    server.fault = lambda handler, _: send(handler, status, body)
    return ask(server.url, request)


@pytest.fixture(scope="module")
def served() -> Iterator[str]:
    """The bench server, in a process of its own."""
    with bench_server(Behaviour(ttft=0, gap=0)) as server:
        yield f"{server.url}/v1"


def test_a_server_embeds_reranks_and_paints(served: str) -> None:
    embedded, ranked, painted = (ask(served, request) for request in (TEXTS, FITTING, PICTURE))

    assert isinstance(embedded, Embeddings)
    assert embedded.vectors == [[0.1] * 8] * 2
    assert isinstance(ranked, Ranking)
    assert ranked.scores == [0.5] * 3
    assert isinstance(painted, Pictures)
    assert painted.contents[0].startswith(b"\x89PNG")
    assert all(answer.prompt_tokens is not None and answer.latency > 0 for answer in (embedded, ranked, painted))


@pytest.mark.parametrize(
    ("request_", "path", "body"),
    [
        (Embed(["ice", "fire"], {"dimensions": 2}), "embeddings", {"input": ["ice", "fire"], "dimensions": 2}),
        (FITTING, "rerank", {"query": "what is cold?", "documents": ["fire", "ice", "snow"]}),
        (PICTURE, "images/generations", {"prompt": "a cold house", "size": "64x64"}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_sent_is_what_was_asked_and_no_more(
    faulty_server: FaultyServer, request_: Request, path: str, body: dict[str, Any]
) -> None:
    with pytest.raises(Unavailable):
        replied(faulty_server, request_, {})

    assert faulty_server.paths == [f"/v1/{path}"]
    assert faulty_server.asked == [{"model": "faulty", **body}]


VECTORS = [{"index": 1, "embedding": [0, 1]}, {"index": 0, "embedding": [1.5, -0.5]}]
# Cohere and Jina call them results, Voyage data; Jina's and vLLM's lists are in the order of the scores.
SCORES = [
    {"index": 1, "relevance_score": 0.9, "document": {"text": "ice"}},
    {"index": 2, "relevance_score": 1},
    {"index": 0, "relevance_score": -4.5},
]


@pytest.mark.parametrize(
    ("request_", "body", "numbers", "tokens"),
    [
        (TEXTS, {"data": VECTORS, "usage": {"prompt_tokens": 4, "total_tokens": 4}}, [1.5, -0.5, 0, 1], 4),
        (TEXTS, {"data": VECTORS, "usage": {"total_tokens": 5}}, [1.5, -0.5, 0, 1], 5),
        (TEXTS, {"data": VECTORS, "usage": {"prompt_tokens": "many"}}, [1.5, -0.5, 0, 1], None),
        (TEXTS, {"data": VECTORS, "message": "ok"}, [1.5, -0.5, 0, 1], None),
        (TEXTS, {"data": [{"embedding": [1]}, {"embedding": [2]}]}, [1, 2], None),
        (FITTING, {"results": SCORES, "usage": {"total_tokens": 38}}, [-4.5, 0.9, 1], 38),
        (FITTING, {"results": SCORES, "meta": {"tokens": {"input_tokens": 9}}}, [-4.5, 0.9, 1], 9),
        (FITTING, {"object": "list", "data": SCORES}, [-4.5, 0.9, 1], None),
        (FITTING, {"results": [{"index": n, "score": n} for n in range(3)]}, [0, 1, 2], None),
    ],
)
def test_numbers_come_in_the_order_of_what_was_asked(
    faulty_server: FaultyServer, request_: Request, body: object, numbers: list[float], tokens: int | None
) -> None:
    answer = replied(faulty_server, request_, body)

    assert (answer.numbers, answer.prompt_tokens, answer.completion_tokens) == (numbers, tokens, None)


def test_documents_are_ranked_by_their_scores() -> None:
    assert Ranking(scores=[0.1, 0.9, 0.9, -1]).ranked == [1, 2, 0, 3]


@pytest.mark.parametrize(
    ("entry", "image"),
    [
        ({"b64_json": PNG, "revised_prompt": "an icy house"}, f"data:image/png;base64,{PNG}"),
        ({"url": "https://files.example/1.png", "b64_json": None}, "https://files.example/1.png"),
    ],
    ids=["whole", "kept by the server"],
)
def test_pictures_are_held_or_named(faulty_server: FaultyServer, entry: object, image: str) -> None:
    body = {"created": 1, "data": [entry], "usage": {"input_tokens": 5, "output_tokens": 300, "total_tokens": 305}}

    answer = replied(faulty_server, PICTURE, body)

    assert isinstance(answer, Pictures)
    assert answer.images == [image]
    assert (answer.prompt_tokens, answer.completion_tokens) == (5, 300)


def test_a_picture_that_a_server_keeps_is_not_fetched() -> None:
    with pytest.raises(SampleError, match="is not fetched: ask with response_format"):
        Pictures(images=["https://x/1.png"]).contents  # noqa: B018


@pytest.mark.parametrize(
    ("request_", "body", "why"),
    [
        (TEXTS, {"data": VECTORS[:1]}, "1 answers that are not one to each of 2 texts"),
        (TEXTS, {"data": [VECTORS[0], VECTORS[0]]}, "2 answers that are not one to each of 2 texts"),
        (TEXTS, {"data": [{"index": [], "embedding": [1]}, VECTORS[0]]}, "2 answers that are not one"),
        (TEXTS, {"data": {"embedding": [1]}}, "no list of answers in data or results"),
        (TEXTS, {"data": ["AACAPw=="] * 2}, "no list of answers in data or results"),
        (TEXTS, {}, "no list of answers in data or results"),
        (TEXTS, {"data": [{"embedding": "AACAPw=="}] * 2}, "an embedding that is no list of numbers"),
        (TEXTS, {"data": [{"embedding": [True]}] * 2}, "an embedding with what is no number: True"),
        (TEXTS, {"data": [{"embedding": [10**400]}] * 2}, "an embedding with what is no number: 1000"),
        (TEXTS, {"data": [{"embedding": [1]}, {"embedding": [1, 2]}]}, "embeddings of several lengths"),
        (FITTING, {"results": SCORES[:2]}, "2 answers that are not one to each of 3 texts"),
        (FITTING, {"results": [{"index": n} for n in range(3)]}, "a relevance_score with what is no number: None"),
        (PICTURE, {"data": [{"b64_json": "%"}]}, "a picture whose b64_json is no base64"),
        (PICTURE, {"data": [{}]}, "a picture without b64_json or url"),
        (PICTURE, {"data": []}, "no list of answers in data or results"),
    ],
)
def test_another_shape_is_no_answer(request_: Embed | Rerank | Paint, body: dict[str, Any], why: str) -> None:
    with pytest.raises(Broken, match=why):
        answer_of(request_, body, 0.0)


@pytest.mark.parametrize(
    ("status", "body", "kind", "words"),
    [
        (200, {"error": {"message": "overloaded"}}, Unavailable, "the server answered 200 with an error: overloaded"),
        (200, {"data": [{}, {}]}, Unavailable, "an embedding that is no list of numbers"),
        (429, {"error": {"message": "slow down"}}, Unavailable, "429: slow down"),
        (503, {"error": {"message": "loading"}}, Unavailable, "503: loading"),
        (400, {"message": "input is too long: maximum context length is 512"}, SampleError, "too long for the model"),
        (400, {"error": {"code": "content_policy_violation"}}, Filtered, "content filter"),
        (400, {"error": {"message": "bad text"}}, SampleError, "the server refused this prompt: 400: bad text"),
        (401, {"error": {"message": "who?"}}, StopRun, "no key was sent .*: 401 who"),
        (404, {"detail": "Not Found"}, StopRun, "there is no model 'faulty', or no embeddings API at this URL"),
    ],
)
def test_errors_are_read_by_the_rules_for_a_chat(
    faulty_server: FaultyServer, status: int, body: object, kind: type[Exception], words: str
) -> None:
    with pytest.raises(kind, match=words):
        replied(faulty_server, TEXTS, body, status=status)


def test_a_key_that_a_server_puts_into_a_pictures_address_is_masked(
    faulty_server: FaultyServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_KEY", "secret-0123456789")
    faulty_server.fault = lambda handler, _: send(
        handler, 200, {"data": [{"url": "https://x/1.png?key=secret-0123456789"}]}
    )

    answer = ask(faulty_server.url, PICTURE, api_key_env="MY_KEY")

    assert isinstance(answer, Pictures)
    assert answer.images == ["https://x/1.png?key=***"]


def test_a_model_that_is_not_listed_and_does_not_chat_is_not_asked_to(faulty_server: FaultyServer) -> None:
    faulty_server.models = []

    replied(faulty_server, TEXTS, {"data": VECTORS})

    assert faulty_server.paths == ["/v1/embeddings"]


@pytest.mark.parametrize("wrong", [lambda: Embed("ice"), lambda: Rerank("cold?", "ice")])
def test_one_text_is_no_list_of_texts(wrong: Any) -> None:
    with pytest.raises(TypeError, match="is a list of texts, not the text 'ice'"):
        wrong()
