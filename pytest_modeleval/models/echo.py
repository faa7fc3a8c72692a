"""Log-likelihoods out of a completions endpoint that echoes its prompts with their log-probabilities."""

from collections.abc import Mapping, Sequence
from itertools import takewhile
from typing import Any

from pytest_modeleval.models.replies import Broken, count_of, usage_of
from pytest_modeleval.sample import Json, SampleError

_ECHOED = ("tokens", "token_logprobs")


def prompts_of(pairs: Sequence[tuple[str, str]]) -> list[str]:
    """What is asked for the pairs: each context alone and with its continuation, no text twice."""
    return list(dict.fromkeys(text for context, continuation in pairs for text in (context, context + continuation)))


def body_of(model: str, pairs: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """The body of a request for the pairs' log-likelihoods."""
    # One token, as in the lm-evaluation-harness: some servers refuse 0, some take it for "no limit".
    asked = {"prompt": prompts_of(pairs), "echo": True, "logprobs": 1, "max_tokens": 1, "temperature": 0}
    return {"model": model, **asked}


def log_likelihoods(answer: Json, pairs: Sequence[tuple[str, str]]) -> list[float]:
    """The log-likelihood of each pair's continuation; `LookupError` names what the answer to the prompts lacks.

    Raises `Broken` for an answer of another shape.

    A continuation begins with the first token in which its prompt differs from its context's: `text_offset` cannot
    tell, because some servers count the text of a BOS token in it, and parts of a character as whole ones.
    """
    prompts = prompts_of(pairs)
    choices = _in_order(answer.get("choices") or [])
    if len(choices) != len(prompts):
        raise LookupError(f"{len(choices)} choices for {len(prompts)} prompts")
    tokens, logprobs = zip(*map(_echoed, choices), strict=True)
    generated = _generated(sum(map(len, tokens)), _asked(answer), len(prompts))
    ends = [len(echoed) - generated for echoed in tokens]
    by_prompt = {
        prompt: (echoed[:end], values[:end])
        for prompt, echoed, values, end in zip(prompts, tokens, logprobs, ends, strict=True)
    }
    sums = []
    for context, continuation in pairs:
        echoed, values = by_prompt[context + continuation]
        shared = takewhile(lambda two: two[0] == two[1], zip(by_prompt[context][0], echoed, strict=False))
        weighed = values[len(list(shared)) :]
        if not weighed or None in weighed:
            raise SampleError(f"the server has no log-probability of {continuation!r}")
        sums.append(float(sum(weighed)))
    return sums


def _in_order(choices: Any) -> list[Json]:
    try:
        return sorted(choices, key=lambda choice: int(choice.get("index") or 0))
    except (TypeError, ValueError, AttributeError):
        raise Broken("choices that are no list of objects, each with its index") from None


def _echoed(choice: Json) -> tuple[list[str], list[float | None]]:
    """The tokens of a choice and their log-probabilities."""
    logprobs = choice.get("logprobs")
    tokens, values = (logprobs.get(name) if isinstance(logprobs, Mapping) else None for name in _ECHOED)
    if not isinstance(tokens, list) or not isinstance(values, list) or not tokens or len(tokens) != len(values):
        raise LookupError("no logprobs with tokens and token_logprobs")
    if not all(value is None or type(value) in (int, float) for value in values):
        raise Broken("token_logprobs that are no numbers")
    return tokens, values


def _asked(answer: Json) -> int | None:
    """How many tokens the prompts have, as the server counts them; None where it does not tell."""
    told, count = usage_of(answer).get("prompt_tokens"), count_of(usage_of(answer), "prompt_tokens")
    if count is None and told is not None:
        raise Broken(f"prompt_tokens that are no count: {str(told)[:40]}")
    return count


def _generated(echoed: int, asked: int | None, prompts: int) -> int:
    """How many tokens each choice has behind its prompt: one was asked for, and some servers leave it out."""
    if asked is None:
        raise LookupError("no usage with prompt_tokens")
    if echoed - asked not in (0, prompts):
        raise LookupError(f"log-probabilities of {echoed} tokens for {asked} of the prompts")
    return (echoed - asked) // prompts
