"""The endpoints of OpenAI-compatible servers: their paths, and what is asked and answered where that is no text."""

import base64
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from pytest_modeleval.datasets.media import data_url
from pytest_modeleval.models.replies import Broken, count_of, usage_of
from pytest_modeleval.requests import Embed, Json, Paint, Rerank
from pytest_modeleval.sample import Completion, Embeddings, Pictures, Ranking

PATHS = {
    "chat": "/chat/completions",
    "responses": "/responses",
    "completions": "/completions",
    "embeddings": "/embeddings",
    "rerank": "/rerank",
    "images": "/images/generations",
}
# Where the body of each has what is asked.
FIELDS = {
    "chat": "messages",
    "responses": "input",
    "completions": "prompt",
    "embeddings": "input",
    "rerank": "query",
    "images": "prompt",
}
# Where the replies of those without choices have what is answered; beside it a message is no error.
ANSWERED = ("output", "data", "results", "embeddings")
# Rerankers' lists and scores: Cohere's, Jina's, vLLM's and llama.cpp's, and Voyage's.
_LISTS, _SCORES = ("data", "results"), ("relevance_score", "score")

NotText = Embed | Rerank | Paint


def asked(endpoint: str, what: object, documents: Sequence[str] = ()) -> dict[str, Any]:
    """What is asked, as the body of a request to the endpoint has it."""
    return {FIELDS[endpoint]: what, **({"documents": list(documents)} if endpoint == "rerank" else {})}


def sent(model: str, request: NotText) -> tuple[str, dict[str, Any]]:
    """The path and the body of a request."""
    match request:
        case Embed():
            endpoint, body = "embeddings", asked("embeddings", list(request.texts))
        case Rerank():
            endpoint, body = "rerank", asked("rerank", request.query, request.documents)
        case Paint():
            endpoint, body = "images", asked("images", request.prompt)
    return PATHS[endpoint], {"model": model, **body, **request.parameters}


def answer_of(request: NotText, body: Json, latency: float) -> Completion:
    """The answer that a whole reply is; raises `Broken` for what is none."""
    usage = usage_of(body)
    prompt_tokens = count_of(usage, "prompt_tokens", "input_tokens")
    # Of what has no answer in tokens, some servers tell the sum alone.
    tokens = count_of(usage, "total_tokens") if prompt_tokens is None else prompt_tokens
    match request:
        case Embed():
            vectors = [_vector(entry) for entry in _in_order(body, len(request.texts))]
            if len(set(map(len, vectors))) > 1:
                raise Broken("embeddings of several lengths")
            return Embeddings(vectors=vectors, prompt_tokens=tokens, latency=latency)
        case Rerank():
            scores = [_score(entry) for entry in _in_order(body, len(request.documents))]
            return Ranking(scores=scores, prompt_tokens=tokens, latency=latency)
        case Paint():
            images = [_image(entry) for entry in _entries(body)]
            made = count_of(usage, "completion_tokens", "output_tokens")
            return Pictures(images=images, prompt_tokens=prompt_tokens, completion_tokens=made, latency=latency)


def _entries(body: Json) -> list[Json]:
    entries = next((body[name] for name in _LISTS if body.get(name)), None)
    if not isinstance(entries, list) or not all(isinstance(entry, Mapping) for entry in entries):
        raise Broken("no list of answers in data or results")
    return entries


def _in_order(body: Json, number: int) -> list[Json]:
    """An entry for each thing that was asked for, in its order; servers may tell them in another."""
    entries = _entries(body)
    places = [entry.get("index", place) for place, entry in enumerate(entries)]
    by_place = {place: entry for place, entry in zip(places, entries, strict=True) if isinstance(place, int)}
    if len(entries) != number or by_place.keys() != set(range(number)):
        raise Broken(f"{len(entries)} answers that are not one to each of {number} texts")
    return [by_place[place] for place in range(number)]


def _vector(entry: Json) -> list[float]:
    vector = entry.get("embedding")
    if not isinstance(vector, list) or not vector:
        raise Broken("an embedding that is no list of numbers")
    return [_number(value, "an embedding") for value in vector]


def _score(entry: Json) -> float:
    return _number(next((entry[name] for name in _SCORES if name in entry), None), "a relevance_score")


def _number(value: object, what: str) -> float:
    # NaN is not less than anything, and a whole number may be greater than any float.
    if isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= sys.float_info.max:
        return float(value)
    raise Broken(f"{what} with what is no number: {str(value)[:40]}")


def _image(entry: Json) -> str:
    """The picture as a URL: of the file that the server keeps, or one that holds it."""
    url, content = entry.get("url"), entry.get("b64_json")
    if isinstance(url, str) and url:
        return url
    if not isinstance(content, str) or not content:
        raise Broken("a picture without b64_json or url")
    try:
        return data_url(base64.b64decode(content, validate=True))
    except ValueError:
        raise Broken("a picture whose b64_json is no base64") from None
