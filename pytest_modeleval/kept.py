"""Answers and prompts as the store keeps them, and as far as they can be read again."""

import json
from collections.abc import Mapping
from types import NoneType
from typing import Any

from pytest_modeleval.inputs import from_json
from pytest_modeleval.sample import Completion, Json

# What the parts of an answer are; counts of tokens are seen to by the answer itself.
_KINDS: Mapping[str, type | tuple[type, ...]] = {
    **dict.fromkeys(("text", "thinking", "finish_reason", "fingerprint"), str),
    **dict.fromkeys(("tool_calls", "choice_logprobs"), list),
    "latency": (int, float),
    "first_token": (int, float, NoneType),
}


def parts_of(completion: Completion) -> dict[str, Any]:
    """An answer's parts by their names."""
    # `asdict` copies deeply, at 0.1 ms an answer.
    return {name: getattr(completion, name) for name in Completion.__slots__}


def completion_in(text: str) -> Completion | None:
    """The answer of a row of the store; None where it holds none that can be read.

    Parts that this version does not know are passed over: another wrote them.
    """
    try:
        row = from_json(text)
    except ValueError:
        return None
    if not isinstance(row, Mapping) or not isinstance(row.get("text"), str):
        return None
    if not all(isinstance(row[name], kind) for name, kind in _KINDS.items() if name in row):
        return None
    return Completion(**{name: value for name, value in row.items() if name in Completion.__slots__})


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
