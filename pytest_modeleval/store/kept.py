"""Answers and prompts as the store keeps them, and as far as they can be read again."""

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from pytest_modeleval.inputs import from_json
from pytest_modeleval.sample import Completion, Embeddings, Json, LogLikelihoods, Pictures, Ranking

# A row says by its own field of what kind the answer is; version 0.1 wrote all for chats too, empty.
_KINDS = {"choice_logprobs": LogLikelihoods, "vectors": Embeddings, "scores": Ranking, "images": Pictures}


def parts_of(completion: Completion) -> dict[str, Any]:
    """An answer's parts by their names."""
    # `asdict` copies deeply, at 0.1 ms an answer.
    return {name: getattr(completion, name) for name in completion.__match_args__}


def completion_in(text: object) -> Completion | None:
    """The answer of a row of the store; None for what is none, in a file that was edited or is damaged.

    Parts that this version does not know are passed over: another wrote them.
    """
    try:
        found = completion_of(from_json(str(text)))
        return found if _is_sound(found) else None
    except (ValueError, TypeError, AttributeError, OverflowError):
        return None


def completion_of(row: Json) -> Completion:
    """The answer that these parts make, of the kind that they say."""
    kind: type[Completion] = next((kind for name, kind in _KINDS.items() if row.get(name)), Completion)
    return kind(**{name: value for name, value in row.items() if name in kind.__match_args__})


def _is_sound(found: Completion) -> bool:
    """Whether an answer's parts are what they should be; its counts of tokens it sees to itself."""
    lists = [
        found.tool_calls,
        found.reasoning_items,
        *(getattr(found, name, ()) for name in _KINDS),
        *getattr(found, "vectors", ()),
    ]
    if not _are(lists, list, tuple):
        return False
    texts = (found.text, found.thinking, found.finish_reason, found.fingerprint, *getattr(found, "images", ()))
    times = (found.latency, *([] if found.first_token is None else [found.first_token]))
    is_sound = (
        _are(texts, str)
        and _are((*found.tool_calls, *found.reasoning_items), dict)
        and _are((*times, *found.numbers), int, float)
    )
    # A log-likelihood may be -∞.
    return (
        is_sound
        and type(found.tagged) is bool
        and all(map(math.isfinite, times))
        and not any(map(math.isnan, found.numbers))
    )


def _are(values: Sequence[Any], *kinds: type) -> bool:
    return all(type(value) in kinds for value in values)


def messages_in(text: str | None) -> list[Json]:
    """The messages of a row of the store; none where it holds none that can be read."""
    try:
        found = from_json(text or "[]")
    except ValueError:
        return []
    return found if isinstance(found, list) and all(isinstance(message, Mapping) for message in found) else []


def written(completion: Completion) -> str:
    """The answer as a row of the store."""
    return json.dumps(parts_of(completion))
