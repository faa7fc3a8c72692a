"""What an answer must have to be one to its request."""

import json
import math
from collections.abc import Mapping

from pytest_modeleval.requests import Chat, Embed, LogLikelihood, Paint, Request, Rerank
from pytest_modeleval.sample import Completion, Embeddings, LogLikelihoods, Pictures, Ranking

ANSWERS: Mapping[type[Request], type[Completion]] = {
    Chat: Completion,
    LogLikelihood: LogLikelihoods,
    Embed: Embeddings,
    Rerank: Ranking,
    Paint: Pictures,
}

# `json.dumps` would make an encoder for every request.
_text = json.JSONEncoder(ensure_ascii=False).encode


def fits(request: Request, answer: Completion) -> bool:
    """Whether an answer, wherever it comes from, is one to the request."""
    return isinstance(answer, ANSWERS[type(request)]) and not lack(request, answer)


def unsendable(request: Request) -> str:
    """What keeps a request with half of a surrogate pair from being sent to whomever; empty where nothing does."""
    try:
        _text(request.shape).encode()
    except UnicodeEncodeError as error:
        return f"what is asked has half of a surrogate pair, {error.object[error.start]!a}, and is no text"
    return ""


def lack(request: Request, answer: Completion) -> str:
    """What an answer of the right type lacks of what was asked for; empty where nothing."""
    match request, answer:
        case LogLikelihood(pairs=pairs), LogLikelihoods(choice_logprobs=logprobs):
            if len(logprobs) != len(pairs) or any(map(math.isnan, logprobs)):
                return f"{len(pairs)} log-likelihoods are needed, the answer has {list(logprobs)}"
        case Embed(texts=texts), Embeddings(vectors=vectors):
            if len(vectors) != len(texts) or not all(map(math.isfinite, answer.numbers)):
                return f"{len(texts)} vectors of numbers are needed, the answer has {len(vectors)}"
        case Rerank(documents=documents), Ranking(scores=scores):
            if len(scores) != len(documents) or not all(map(math.isfinite, scores)):
                return f"{len(documents)} scores are needed, the answer has {list(scores)}"
        case Paint(), Pictures(images=images):
            return "" if images else "the answer has no picture"
    return ""
