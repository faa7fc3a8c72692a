"""Who counts a prompt's tokens: a tokenizer on this machine, or the server by its own usage."""

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from pytest_modeleval.foreign import reason
from pytest_modeleval.inputs import from_json
from pytest_modeleval.models.hub import not_fetched
from pytest_modeleval.models.replies import count_of
from pytest_modeleval.models.responses import inner
from pytest_modeleval.perf.client.framing import Malformed
from pytest_modeleval.perf.client.single import OnlyHttp2, ask
from pytest_modeleval.perf.client.target import Target
from pytest_modeleval.perf.prompts.words import Count


def by_tokenizer(name: str, endpoint: str) -> Count:
    """Counts by a tokenizer of a hub or a local folder, with its chat template for a chat endpoint."""
    tokenizer = _tokenizer(name)
    if endpoint not in ("chat", "responses") or not tokenizer.chat_template:
        ids_of = ids_by(name)
        return lambda text: len(ids_of(text))

    def count(text: str) -> int:
        messages = [{"role": "user", "content": text}]
        whole = tokenizer.apply_chat_template(messages, add_generation_prompt=True, tokenize=False)
        # The template has the special tokens that the tokenizer would add itself.
        return len(tokenizer(whole, add_special_tokens=False)["input_ids"])

    return count


def ids_by(name: str) -> Callable[[str], list[int]]:
    """A prompt's tokens, with the special ones that the tokenizer adds to it."""
    tokenizer = _tokenizer(name)
    return lambda text: list(tokenizer(text)["input_ids"])


def by_server(target: Target, body: Mapping[str, Any], *, patience: float = 60.0) -> Count:
    """Counts by the ``usage.prompt_tokens`` of one-token answers, each waited for as long as there is patience.

    ``body`` has a place for the prompt: ``messages`` for a chat endpoint, else a text.
    """
    (field,) = (name for name, value in body.items() if value is None)

    def count(text: str) -> int:
        prompt: object = [{"role": "user", "content": text}] if field == "messages" else text
        why = "it tells no usage.prompt_tokens"
        try:
            reply = ask(target, json.dumps({**body, field: prompt}).encode(), patience)
            if reply.status >= 300:
                why = f"it answers {reply.status} '{target.shown(reply.elsewhere or reply.content)}'"
            elif tokens := _told(from_json(reply.content)):
                return tokens
        except OnlyHttp2:
            why = "it speaks HTTP/2 only"
        except (OSError, ValueError, Malformed) as error:
            why = target.shown(str(error))
        raise pytest.UsageError(
            f"cannot ask {target.url} how many tokens a prompt has ({why}); give --perf-tokenizer NAME for prompts of "
            "an exact length"
        )

    return count


def _told(answer: Any) -> int | None:
    usage = inner(answer, "usage") if isinstance(answer, dict) else {}
    return count_of(usage, "input_tokens", "prompt_tokens")


def counted_by(name: str) -> Count:
    """Counts the tokens of an answer, by a tokenizer of a hub or a local folder."""
    tokenizer = _tokenizer(name)
    return lambda text: len(tokenizer(text, add_special_tokens=False)["input_ids"])


def _tokenizer(name: str) -> Any:
    try:
        from transformers import AutoTokenizer
    except ImportError:
        raise pytest.UsageError(
            "--perf-tokenizer needs transformers (pip install 'pytest-modeleval[local]'); without the flag the server "
            "itself is asked how long a prompt is"
        ) from None
    try:
        tokenizer = AutoTokenizer.from_pretrained(name)
    except (OSError, ValueError, KeyError) as error:
        if why := not_fetched(name, error):
            raise pytest.UsageError(f"--perf-tokenizer: {why}") from None
        raise pytest.UsageError(
            f"--perf-tokenizer: there is no tokenizer {name!r} to be had ({reason(error)}); give a folder or a "
            "hub's id, or leave the flag out: the server itself is asked then"
        ) from None
    return tokenizer
