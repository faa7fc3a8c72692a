"""Answers and prompts as the store keeps them, and as far as they can be read again."""

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from pytest_modeleval.inputs import from_json
from pytest_modeleval.sample import Completion, Json


def parts_of(completion: Completion) -> dict[str, Any]:
    """An answer's parts by their names."""
    # `asdict` copies deeply, at 0.1 ms an answer.
    return {name: getattr(completion, name) for name in Completion.__slots__}


def completion_in(text: object) -> Completion | None:
    """The answer of a row of the store; None for what is none, in a file that was edited or is damaged.

    Parts that this version does not know are passed over: another wrote them.
    """
    try:
        row = from_json(str(text))
        found = Completion(**{name: value for name, value in row.items() if name in Completion.__slots__})
    except (ValueError, TypeError, AttributeError):
        return None
    return found if _is_sound(found) else None


def _is_sound(found: Completion) -> bool:
    """Whether an answer's parts are what they should be; its counts of tokens it sees to itself."""
    if not _are((found.tool_calls, found.choice_logprobs), list, tuple):
        return False
    texts = (found.text, found.thinking, found.finish_reason, found.fingerprint)
    times = (found.latency, *([] if found.first_token is None else [found.first_token]))
    numbers = (*times, *found.choice_logprobs)
    is_sound = _are(texts, str) and _are(found.tool_calls, dict) and _are(numbers, int, float)
    # A log-likelihood may be -∞.
    return is_sound and all(map(math.isfinite, times)) and not any(map(math.isnan, numbers))


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
