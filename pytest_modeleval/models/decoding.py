"""How a request's settings become a local model's, and the tokens that it makes an answer."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
import transformers

from pytest_modeleval.models.local_calls import with_calls
from pytest_modeleval.models.thinking import opens_thought, split_thinking
from pytest_modeleval.options.options import unknown
from pytest_modeleval.sample import Completion, Json, StopRun

# Settings that transformers knows by the name the API uses, and those it calls otherwise.
_SAME = ("temperature", "top_p", "top_k", "min_p", "repetition_penalty")
_OTHER = ("max_tokens", "stop", "seed", "extra_body")
# What ends an answer where no `stop` is set and the model has no chat template, so that it goes on with its own
# questions: the lm-evaluation-harness's stops of gsm8k, gsm8k_cot and minerva_math, each at the beginning of a line.
_RUN_ON = ("\nQuestion:", "\nQ:", "\nProblem:", "\nUser:", "<|im_end|>", "<|eot_id|>", "<|endoftext|>", "</s>")
# Tokens of an answer when nothing says otherwise, as evalscope has it.
_MOST_TOKENS = 2048


def refuse_unknown(generation: Mapping[str, Any]) -> None:
    """`StopRun` for a setting that a local model does not have."""
    for key in generation:
        if key not in (*_SAME, *_OTHER):
            raise StopRun(str(unknown("generation setting for a local model:", key, [*_SAME, *_OTHER])))


def stops_of(generation: Mapping[str, Any], tokenizer: Any) -> list[str]:
    """The texts that end an answer."""
    stop = generation.get("stop", () if tokenizer.chat_template else _RUN_ON) or []
    return [stop] if isinstance(stop, str) else list(stop)


def generation_config(model: Any, tokenizer: Any, generation: Mapping[str, Any], room: int, stop: list[str]) -> Any:
    """The model's own generation settings with the request's over them, for at most ``room`` tokens of answer."""
    settings = {key: generation[key] for key in _SAME if key in generation}
    if "temperature" in settings:
        settings["do_sample"] = settings["temperature"] > 0
        if not settings["do_sample"]:
            # Greedy decoding has no use for these, and transformers warns of them.
            settings |= {"temperature": None, "top_p": None, "top_k": None, "min_p": None}
    if "seed" in generation:
        torch.manual_seed(generation["seed"])
    most = min(int(generation.get("max_tokens", _MOST_TOKENS)), room)
    config = transformers.GenerationConfig.from_dict(
        {
            **model.generation_config.to_dict(),
            **settings,
            "max_length": None,
            "max_new_tokens": max(1, most),
            "pad_token_id": tokenizer.pad_token_id,
            "stop_strings": stop or None,
        }
    )
    if config.eos_token_id is None:
        config.eos_token_id = tokenizer.eos_token_id
    return config


def completion(
    tokenizer: Any,
    prompt: Sequence[int],
    ids: list[int],
    *,
    ends: set[int],
    hidden: set[int],
    stop: list[str],
    tools: Sequence[Json] = (),
) -> Completion:
    """The answer that the tokens after a prompt are, up to an end or a stop, without the ``hidden`` ones.

    Where ``tools`` may be called, with the calls in it.
    """
    end = next((place for place, token in enumerate(ids) if token in ends), None)
    finished = end is not None
    text = tokenizer.decode([token for token in ids[:end] if token not in hidden])
    cut = _before(text, stop)
    text, finished = cut, finished or cut != text
    # A template's opening mark and what follows it are a few tokens.
    thinking, answer = split_thinking(text, opened=opens_thought(tokenizer.decode(prompt[-20:])))
    found = Completion(
        text=answer,
        thinking=thinking,
        finish_reason="stop" if finished else "length",
        prompt_tokens=len(prompt),
        completion_tokens=len(ids) if end is None else end + 1,
    )
    if not tools:
        return found
    return with_calls(tokenizer, prompt, _before(tokenizer.decode(ids[:end]), stop), found, tools)


def _before(text: str, stop: list[str]) -> str:
    """The text up to the first of these."""
    return text[: min((text.find(mark) for mark in stop if mark in text), default=len(text))]
