"""The generation settings that a model is asked with, checked before anything is asked."""

import json
import re
from collections.abc import Mapping
from dataclasses import fields
from typing import TYPE_CHECKING, Any

import pytest

from pytest_modeleval.options.options import closest, unknown
from pytest_modeleval.options.tables import merged

if TYPE_CHECKING:
    from pytest_modeleval.models.spec import ModelSpec

# Settings of chat completions by kind, as in OpenAI's API reference, vLLM's sampling parameters and llama.cpp's server.
# A server may know more, which is sent: only what looks like a slip of the keyboard is refused.
NUMBERS = frozenset(
    {
        *("temperature", "top_p", "top_k", "min_p", "typical_p", "seed", "n", "best_of"),
        *("max_tokens", "max_completion_tokens", "min_tokens", "thinking_budget"),
        *("presence_penalty", "frequency_penalty", "repetition_penalty", "repeat_penalty", "length_penalty"),
        *("top_logprobs", "prompt_logprobs", "truncate_prompt_tokens", "priority"),
    }
)
_SWITCHES = frozenset(
    {
        *("ignore_eos", "skip_special_tokens", "spaces_between_special_tokens", "add_special_tokens"),
        *("include_stop_str_in_output", "add_generation_prompt", "continue_final_message", "use_beam_search"),
        *("parallel_tool_calls", "enable_thinking", "include_reasoning", "separate_reasoning"),
    }
)
_TABLES = frozenset(
    {
        *("extra_body", "logit_bias", "response_format", "chat_template_kwargs", "mm_processor_kwargs"),
        *("structured_outputs", "vllm_xargs"),
    }
)
_OTHERS = frozenset(
    {
        *("stop", "stop_token_ids", "bad_words", "allowed_token_ids", "logprobs", "logits_processors"),
        *("guided_json", "guided_regex", "guided_choice", "guided_grammar", "guided_decoding_backend", "json_schema"),
        *("tools", "tool_choice", "reasoning", "reasoning_effort", "thinking", "verbosity", "service_tier"),
        *("reasoning_format", "chat_template", "chat_template_args", "documents", "modalities", "metadata"),
        *("user", "store", "cache_salt", "grammar", "regex"),
    }
)
# Two names of the most tokens that an answer may have.
LIMITS = frozenset({"max_tokens", "max_completion_tokens"})
SETTINGS = NUMBERS | _SWITCHES | _TABLES | _OTHERS
# What other tools call some of these: a server would not know it, and answer by its own default.
_ELSEWHERE = {
    **dict.fromkeys(("max_new_tokens", "max_gen_toks", "max_length", "max_output_tokens"), "max_tokens"),
    **dict.fromkeys(("stop_seqs", "stop_sequences", "stop_strings", "until"), "stop"),
    "do_sample": "temperature, whose 0 is greedy",
}
# The least that a model in this process makes something of.
_LEAST = {"max_tokens": 1, "temperature": 0}
# What is no setting: what is asked, whom, and what stands beside `generation` in an alias.
_ASKED = {"messages", "prompt", "model", "stream", "stream_options"}


def laid_over(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """Settings over those of a lower layer, which says nothing of how many tokens where the upper one does.

    That is ``max_completion_tokens`` where either calls it so: servers that know the one name refuse the other.
    """
    said = LIMITS & above.keys()
    extra = below.get("extra_body")
    inner = extra if isinstance(extra, Mapping) else {}
    if len(said) == 1 and any("max_completion_tokens" in layer for layer in (above, below, inner)):
        above = {("max_completion_tokens" if key in said else key): value for key, value in above.items()}
        below = {key: value for key, value in below.items() if key not in LIMITS}
        if LIMITS & inner.keys():
            below["extra_body"] = {key: value for key, value in inner.items() if key not in LIMITS}
    return merged(below, above)


def check_generation(spec: "ModelSpec") -> None:
    """`pytest.UsageError` for a setting that is misspelt, of another kind, or none of an answer's."""
    where = f"generation of model {spec.name!r}"
    extra = spec.generation.get("extra_body")
    every = (*spec.generation.items(), *(extra.items() if isinstance(extra, Mapping) else ()))
    for key, _ in every:
        if key in _ASKED:
            is_beside = key in (each.name for each in fields(spec))
            beside = f"; {key} = … stands beside generation in its alias" if is_beside else ""
            raise pytest.UsageError(f"{where}: {key} is no setting of its answers{beside}")
    try:
        json.dumps(spec.generation, allow_nan=False)
    except (ValueError, TypeError) as error:
        # TOML also has infinite numbers, NaN and dates.
        raise pytest.UsageError(f"{where}: it is sent as JSON: {error}") from None
    for key, value in every:
        if (here := _ELSEWHERE.get(key)) and key in spec.generation and not spec.way.is_own:
            raise pytest.UsageError(f"{where}: {key} is called {here} here")
        if kind := _kind_missed(key, value):
            several = isinstance(value, str) and re.search(r",\s*\w+\s*=", value)
            apart = "; say each setting by an --eval-generation of its own" if several else ""
            raise pytest.UsageError(f"{where}: {key} is {kind}, not {value!r}{apart}")
        # A server may take -1 for what has no end.
        if spec.way.is_local and key in _LEAST and (value is None or value < _LEAST[key]):
            raise pytest.UsageError(f"{where}: {key} is at least {_LEAST[key]}, not {value!r}")
    # What looks like a slip and is none, as some server has it, may stand in `extra_body`.
    for key in spec.generation.keys() - SETTINGS:
        if meant := closest(key.replace("-", "_"), SETTINGS, cutoff=0.85):
            raise unknown(f"generation setting of model {spec.name!r}:", key, SETTINGS, meant=meant)


def _kind_missed(key: str, value: object) -> str | None:
    """What a setting's value should be and is not."""
    if key in NUMBERS and (isinstance(value, bool) or not isinstance(value, int | float | None)):
        return "a number"
    if key in _SWITCHES and not isinstance(value, bool | None):
        return "true or false"
    if key == "stop" and not (isinstance(value, str | None) or _are_texts(value)):
        return "a text or a list of texts"
    if key in _TABLES and not isinstance(value, Mapping) and (key == "extra_body" or value is not None):
        return "a table"
    return None


def _are_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(text, str) for text in value)
