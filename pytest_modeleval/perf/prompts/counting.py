"""Who counts a prompt's tokens: a tokenizer on this machine, or the server by its own usage."""

import json
import ssl
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from pytest_modeleval.perf.prompts.words import Count
from pytest_modeleval.perf.proxy import Proxy


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


def by_server(
    url: str,
    headers: Mapping[str, str],
    body: Mapping[str, Any],
    *,
    tls: ssl.SSLContext | None = None,
    proxy: Proxy | None = None,
    patience: float = 60.0,
) -> Count:
    """Counts by the ``usage.prompt_tokens`` of one-token answers, each waited for as long as there is patience.

    ``body`` has a place for the prompt: ``messages`` for a chat endpoint, else a text.
    """
    (field,) = (name for name, value in body.items() if value is None)
    # The way that the load takes.
    through = urllib.request.ProxyHandler({"http": proxy.url, "https": proxy.url} if proxy else {})
    opener = urllib.request.build_opener(through, urllib.request.HTTPSHandler(context=tls))

    def count(text: str) -> int:
        prompt: object = [{"role": "user", "content": text}] if field == "messages" else text
        content = json.dumps({**body, field: prompt}).encode()
        request = urllib.request.Request(url, content, {**headers, "content-type": "application/json"})
        why = "it tells no usage.prompt_tokens"
        try:
            with opener.open(request, timeout=patience) as response:
                answer = json.load(response)
            usage = answer["usage"]
            tokens = usage["input_tokens" if "input_tokens" in usage else "prompt_tokens"]
            if isinstance(tokens, int) and tokens > 0:
                return tokens
        except urllib.error.HTTPError as error:
            said = " ".join(error.read(2000).decode(errors="replace").split())[:200]
            why = f"it answers {error.code} {said!r}"
        except (OSError, ValueError) as error:
            why = str(error)
        except (KeyError, TypeError):
            pass
        raise pytest.UsageError(
            f"cannot ask {url} how many tokens a prompt has ({why}); give --perf-tokenizer NAME for prompts of an "
            "exact length"
        )

    return count


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
        said = " ".join(str(error).split())[:200]
        raise pytest.UsageError(
            f"--perf-tokenizer: there is no tokenizer {name!r} to be had ({said}); give a folder or a hub's id, or "
            "leave the flag out: the server itself is asked then"
        ) from None
    return tokenizer
