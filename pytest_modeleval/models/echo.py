"""Log-likelihoods out of a completions endpoint that echoes its prompts with their log-probabilities."""

from collections.abc import Sequence
from itertools import takewhile

from pytest_modeleval.sample import Json, SampleError


def prompts_of(pairs: Sequence[tuple[str, str]]) -> list[str]:
    """What is asked for the pairs: each context alone and with its continuation, no text twice."""
    return list(dict.fromkeys(text for context, continuation in pairs for text in (context, context + continuation)))


def log_likelihoods(answer: Json, pairs: Sequence[tuple[str, str]]) -> list[float]:
    """The log-likelihood of each pair's continuation; `LookupError` names what the answer to the prompts lacks.

    A continuation begins with the first token in which its prompt differs from its context's: `text_offset` cannot
    tell, because some servers count the text of a BOS token in it, and parts of a character as whole ones.
    """
    prompts = prompts_of(pairs)
    choices = sorted(answer.get("choices") or [], key=lambda choice: int(choice.get("index") or 0))
    if len(choices) != len(prompts):
        raise LookupError(f"{len(choices)} choices for {len(prompts)} prompts")
    tokens, logprobs = zip(*map(_echoed, choices), strict=True)
    generated = _generated(sum(map(len, tokens)), (answer.get("usage") or {}).get("prompt_tokens"), len(prompts))
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


def _echoed(choice: Json) -> tuple[list[str], list[float | None]]:
    """The tokens of a choice and their log-probabilities."""
    logprobs = choice.get("logprobs") or {}
    tokens, values = logprobs.get("tokens"), logprobs.get("token_logprobs")
    if not tokens or not values or len(tokens) != len(values):
        raise LookupError("no logprobs with tokens and token_logprobs")
    return tokens, values


def _generated(echoed: int, asked: int | None, prompts: int) -> int:
    """How many tokens each choice has behind its prompt: one was asked for, and some servers leave it out."""
    if asked is None:
        raise LookupError("no usage with prompt_tokens")
    if echoed - asked not in (0, prompts):
        raise LookupError(f"log-probabilities of {echoed} tokens for {asked} of the prompts")
    return (echoed - asked) // prompts
