"""The generation settings that a model is asked with, checked before anything is asked."""

import json
from collections.abc import Mapping
from dataclasses import fields
from typing import TYPE_CHECKING

import pytest

from pytest_modeleval.options.options import closest, unknown

if TYPE_CHECKING:
    from pytest_modeleval.models.spec import ModelSpec

# The settings of chat completions that are numbers, and others, as in OpenAI's API reference and vLLM's sampling
# parameters. A server may know more: only what looks like a slip of the keyboard is refused.
_NUMBERS = {
    *("temperature", "top_p", "top_k", "min_p", "max_tokens", "max_completion_tokens", "min_tokens", "seed", "n"),
    *("presence_penalty", "frequency_penalty", "repetition_penalty", "length_penalty", "top_logprobs"),
}
_SETTINGS = {"stop", "logprobs", "logit_bias", "response_format", "reasoning_effort", "extra_body", "tool_choice"}
# What other tools call some of these: a server would not know it, and answer by its own default.
_ELSEWHERE = {
    **dict.fromkeys(("max_new_tokens", "max_gen_toks", "max_length"), "max_tokens"),
    **dict.fromkeys(("stop_seqs", "stop_sequences", "stop_strings", "until"), "stop"),
    "do_sample": "temperature, whose 0 is greedy",
}
# The least that a model in this process makes something of.
_LEAST = {"max_tokens": 1, "temperature": 0}
# What is no setting: what is asked, whom, and what stands beside `generation` in an alias.
_ASKED = {"messages", "prompt", "model", "stream", "stream_options"}


def is_setting(key: str) -> bool:
    """Whether a word is known as a generation setting."""
    return key in _NUMBERS | _SETTINGS


def check_generation(spec: "ModelSpec") -> None:
    """`pytest.UsageError` for a setting that is misspelt, of another kind, or none of an answer's."""
    where = f"generation of model {spec.name!r}"
    extra = spec.generation.get("extra_body")
    for key in (*spec.generation, *(extra if isinstance(extra, Mapping) else ())):
        if key in _ASKED:
            is_beside = key in (each.name for each in fields(spec))
            beside = f"; {key} = … stands beside generation in its alias" if is_beside else ""
            raise pytest.UsageError(f"{where}: {key} is no setting of its answers{beside}")
    try:
        json.dumps(spec.generation, allow_nan=False)
    except (ValueError, TypeError) as error:
        # TOML also has infinite numbers, NaN and dates.
        raise pytest.UsageError(f"{where}: it is sent as JSON: {error}") from None
    for key, value in spec.generation.items():
        if (here := _ELSEWHERE.get(key)) and not spec.way.is_own:
            raise pytest.UsageError(f"{where}: {key} is called {here} here")
        if kind := _kind_missed(key, value):
            raise pytest.UsageError(f"{where}: {key} is {kind}, not {value!r}")
        # A server may take -1 for what has no end.
        if spec.way.is_local and key in _LEAST and (value is None or value < _LEAST[key]):
            raise pytest.UsageError(f"{where}: {key} is at least {_LEAST[key]}, not {value!r}")
        if not is_setting(key) and closest(key, _NUMBERS | _SETTINGS, cutoff=0.85):
            raise unknown(f"generation setting of model {spec.name!r}:", key, _NUMBERS | _SETTINGS)


def _kind_missed(key: str, value: object) -> str | None:
    """What a setting's value should be and is not."""
    if key in _NUMBERS and (isinstance(value, bool) or not isinstance(value, int | float | None)):
        return "a number"
    if key == "stop" and not (isinstance(value, str | None) or _are_texts(value)):
        return "a text or a list of texts"
    if key == "extra_body" and not isinstance(value, Mapping):
        return "a table"
    return None


def _are_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(text, str) for text in value)
