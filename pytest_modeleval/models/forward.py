"""Log-likelihoods out of a causal language model's forward pass."""

import inspect
from collections.abc import Sequence
from typing import Any

import torch

from pytest_modeleval.sample import SampleError, StopRun


def encoded(tokenizer: Any, context: str, continuation: str) -> tuple[list[int], int]:
    """The tokens of both texts as one, and the place of the first one that holds any of the continuation."""
    if not tokenizer.is_fast:
        raise StopRun(
            f"{type(tokenizer).__name__} does not tell which text a token stands for, as log-likelihoods need it: "
            "ask with --eval-set run.choices=generate"
        )
    whole = tokenizer(context + continuation, return_offsets_mapping=True)
    # A special token stands for no text: its end is 0.
    places = [place for place, (_, end) in enumerate(whole["offset_mapping"]) if end > len(context)]
    if not places or not places[0]:
        raise SampleError(f"the tokenizer makes no token of its own of {continuation!r} after {context!r}")
    return list(whole["input_ids"][: places[-1] + 1]), places[0]


def log_likelihoods(model: Any, rows: Sequence[tuple[Sequence[int], int]]) -> list[float]:
    """The sum of each row's log-probabilities from its start on, by one batch of rows (tokens, start).

    Rows that differ in their last token only, such as the letters A to D after one question, are computed once.
    """
    places: dict[tuple[int, ...], int] = {}
    for tokens, _ in rows:
        places.setdefault(tuple(tokens[:-1]), len(places))
    first = min(start for _, start in rows) - 1
    logits = _logits(model, list(places), first)
    sums = []
    for tokens, start in rows:
        # The logits at a token are those of the next one.
        predicted = logits[places[tuple(tokens[:-1])], start - 1 - first : len(tokens) - 1 - first]
        scored = torch.tensor(tokens[start:], device=predicted.device)
        sums.append(predicted.float().log_softmax(-1).gather(1, scored[:, None]).sum())
    return [float(value) for value in torch.stack(sums).tolist()]


def _logits(model: Any, inputs: Sequence[Sequence[int]], first: int) -> Any:
    """The logits of each input at its tokens from number ``first`` on.

    Padding stands on the right, where no token of a causal model sees it.
    """
    width = max(len(one) for one in inputs)
    ids = torch.tensor([[*one, *[0] * (width - len(one))] for one in inputs], device=model.device)
    mask = torch.tensor([[1] * len(one) + [0] * (width - len(one)) for one in inputs], device=model.device)
    # Those before would be most of the memory: one float a word of the vocabulary for each token.
    kept = {"logits_to_keep": width - first} if "logits_to_keep" in inspect.signature(model.forward).parameters else {}
    with torch.inference_mode():
        logits = model(input_ids=ids, attention_mask=mask, use_cache=False, **kept).logits
    return logits if kept else logits[:, first:]
