"""What one server may know and nobody else: a model's key and headers, and how they are kept out of texts."""

import os
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from pytest_modeleval.models.spec import ModelSpec
from pytest_modeleval.sample import Completion

_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|([A-Z_][A-Z0-9_]*))")
# Headers that hold a secret by their name, also where it stands in the config itself.
_SECRET = re.compile("auth|key|token|secret|cookie|passw|credential|session", re.IGNORECASE)
# Shorter ones are masked in lines about errors, and not in answers, where they are words and numbers.
_SHORTEST, _SHORTEST_IN_ANSWERS = 4, 8


def key_of(spec: ModelSpec) -> str:
    """The key in the environment; "none" where the model needs none, as the openai client insists on one."""
    if spec.api_key_env is None:
        return "none"
    key = os.environ.get(spec.api_key_env, "")
    if not key:
        raise pytest.UsageError(f"model {spec.name!r}: the environment variable {spec.api_key_env} has no key")
    return key


def headers_of(spec: ModelSpec) -> dict[str, str]:
    """The headers to send, with the environment's values for ``$NAME`` and ``${NAME}`` in them."""

    def value(found: re.Match[str]) -> str:
        name = found[1] or found[2]
        if not (value := os.environ.get(name, "").strip()):
            raise pytest.UsageError(
                f"model {spec.name!r}: headers name the environment variable {name}, which is empty"
            )
        return value

    return {name: _VARIABLE.sub(value, str(said)) for name, said in spec.headers.items()}


class Mask:
    """Takes a model's secrets out of what comes back from its server."""

    def __init__(self, spec: ModelSpec) -> None:
        headers = headers_of(spec)
        key = [key_of(spec)] if spec.api_key_env else []
        secret = [
            headers[name] for name, said in spec.headers.items() if _VARIABLE.search(said) or _SECRET.search(name)
        ]
        self._hidden = _words([*key, *headers.values()], _SHORTEST)
        self._secret = _words([*key, *secret], _SHORTEST_IN_ANSWERS)

    def hide(self, text: str) -> str:
        """A line about an error, without the key, any header's value, and whatever else looks like a key."""
        return re.sub(r"\bsk-[\w*-]{4,}", "***", _without(text, self._hidden))

    def cover(self, completion: Completion) -> Completion:
        """An answer without the key and the secret headers' values, which a model or a server may repeat."""
        said = {name: getattr(completion, name) for name in ("text", "thinking", "finish_reason", "fingerprint")}
        covered: dict[str, Any] = {name: _without(text, self._secret) for name, text in said.items()}
        covered["tool_calls"] = tuple(_covered(call, self._secret) for call in completion.tool_calls)
        changed = any(covered[name] != getattr(completion, name) for name in covered)
        return replace(completion, **covered) if changed else completion


def _words(values: list[str], shortest: int) -> list[str]:
    """The values and their words, as ``Bearer abc`` is repeated without the first; the longest first."""
    words = {word for value in values for word in (value, *value.split()) if len(word) >= shortest}
    return sorted(words - {"Bearer", "Basic"}, key=len, reverse=True)


def _without(text: str, secrets: list[str]) -> str:
    for secret in secrets:
        text = text.replace(secret, "***")
    return text


def _covered(value: Any, secrets: list[str]) -> Any:
    """JSON without the secrets in its texts."""
    if isinstance(value, str):
        return _without(value, secrets)
    if isinstance(value, Mapping):
        return {name: _covered(inner, secrets) for name, inner in value.items()}
    return [_covered(inner, secrets) for inner in value] if isinstance(value, list) else value
