"""What one server may know and nobody else: a model's key and headers, and how they are kept out of texts."""

import hashlib
import os
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from pytest_modeleval.models.proxies import proxy_secrets
from pytest_modeleval.models.spec import ModelSpec
from pytest_modeleval.sample import Completion

_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|([A-Z_][A-Z0-9_]*))")
# RFC 9110, section 5.6.2: a token.
_HEADER = re.compile(r"[\w!#$%&'*+.^`|~-]+", re.ASCII)
# A header whose name ends in one of these says who asks, and not who answers: it is a secret, and a changed one reuses
# answers.
_WHO_ASKS = {
    *("authorization", "auth", "key", "apikey", "token", "secret", "password", "cookie", "signature", "credential"),
}
_KEY = re.compile(r"\bsk-[\w*-]{4,}")
# A value behind a name that says that it is one.
_NAMED = re.compile(
    rf"((?:^|[\s?&{{,;'\"_-])(?:{'|'.join(sorted(_WHO_ASKS))})['\"]?\s*[:=]\s*['\"]?(?:bearer |basic )?)[^\s&'\"}},]+",
    re.IGNORECASE,
)
# Shorter ones are masked in lines about errors, and not in answers, where they are words and numbers.
_SHORTEST, _SHORTEST_IN_ANSWERS = 4, 8
# The parts of an answer that a server writes.
_SAID = ("text", "thinking", "finish_reason", "fingerprint", "images")
_LISTS = ("tool_calls", "reasoning_items")


def key_of(spec: ModelSpec) -> str:
    """The key in the environment; "none" where the model needs none, as the openai client insists on one."""
    if spec.api_key_env is None:
        return "none"
    key = os.environ.get(spec.api_key_env, "").strip()
    if not key:
        raise pytest.UsageError(f"model {spec.name!r}: the environment variable {spec.api_key_env} has no key")
    if not key.isascii() or not key.isprintable() or " " in key:
        raise pytest.UsageError(
            f"model {spec.name!r}: the key in the environment variable {spec.api_key_env} is not one word of ASCII: "
            "there is a line feed, a space or another such character within it"
        )
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

    headers = {name: _VARIABLE.sub(value, said) for name, said in spec.headers.items()}
    for name, sent in headers.items():
        if not _HEADER.fullmatch(name):
            raise pytest.UsageError(f"model {spec.name!r}: {name!r} is no name of a header")
        if not sent.isascii() or not sent.isprintable():
            raise pytest.UsageError(
                f"model {spec.name!r}: the header {name} is no line of ASCII, which alone can be sent"
            )
    return headers


# What a 401 is about.
KEY_REFUSED = "the key was refused"
NO_KEY = "no key was sent (set OPENAI_API_KEY for an address, or api_key_env in [models.NAME])"


def is_secret(header: str) -> bool:
    """Whether a header's name says that it proves who asks."""
    return re.split("[-_]", header.lower())[-1] in _WHO_ASKS


def counted(value: str) -> str:
    """A header's value as it counts for who answers: as it stands, or hashed where the environment has a part in it."""
    filled = _VARIABLE.sub(lambda found: os.environ.get(found[1] or found[2], ""), value)
    return value if filled == value else hashlib.sha256(filled.encode()).hexdigest()


def masked(text: str) -> str:
    """A text that somebody typed without what is a secret, or looks like one."""
    known = [value for name, value in os.environ.items() if is_secret(name)]
    for secret in _words(known, _SHORTEST_IN_ANSWERS):
        text = text.replace(secret, "***")
    text = re.sub(r"://[^/@\s'\"]+@", "://***@", _KEY.sub("***", text))
    return _NAMED.sub(r"\1***", text)


class Mask:
    """Takes a model's secrets out of what comes back from its server."""

    def __init__(self, spec: ModelSpec) -> None:
        headers = headers_of(spec)
        key = [key_of(spec)] if spec.api_key_env else []
        secret = [headers[name] for name, said in spec.headers.items() if _VARIABLE.search(said) or is_secret(name)]
        self._hidden = _words([*key, *headers.values(), *proxy_secrets()], _SHORTEST)
        self._secret = _words([*key, *secret, *proxy_secrets()], _SHORTEST_IN_ANSWERS)

    def hide(self, text: str) -> str:
        """A line about an error, without the key, headers' values, proxies' passwords and what looks like a key."""
        return _KEY.sub("***", _without(text, self._hidden))

    def cover(self, completion: Completion) -> Completion:
        """An answer without the key and the secret headers' values, which a model or a server may repeat."""
        if not self._secret:
            return completion
        said = {name: getattr(completion, name) for name in _SAID if hasattr(completion, name)}
        said |= {name: tuple(getattr(completion, name)) for name in _LISTS}
        covered = {
            name: self.cover_json(list(value)) if name in _LISTS else self.cover_json(value)
            for name, value in said.items()
        }
        covered |= {name: tuple(covered[name]) for name in _LISTS}
        return replace(completion, **covered) if covered != said else completion

    def cover_json(self, value: Any) -> Any:
        """JSON without the same in its texts."""
        if isinstance(value, str):
            return _without(value, self._secret)
        if isinstance(value, Mapping):
            return {self.cover_json(name): self.cover_json(inner) for name, inner in value.items()}
        return [self.cover_json(inner) for inner in value] if isinstance(value, list) else value


def _words(values: list[str], shortest: int) -> list[str]:
    """The values and their words, as ``Bearer abc`` is repeated without the first; the longest first."""
    words = {word for value in values for word in (value, *value.split()) if len(word) >= shortest}
    return sorted(words - {"Bearer", "Basic"}, key=len, reverse=True)


def _without(text: str, secrets: list[str]) -> str:
    for secret in secrets:
        text = text.replace(secret, "***")
    return text
