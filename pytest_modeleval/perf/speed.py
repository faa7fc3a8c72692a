"""How fast a model in this process reads a prompt and writes, and what memory it takes, by the prompt's length."""

import time
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

from pytest_modeleval.models.spec import ModelSpec

# Tokens written after each prompt, unless --perf-output says otherwise.
TOKENS = 128
_STATUS, _CLEAR = Path("/proc/self/status"), Path("/proc/self/clear_refs")


@dataclass(frozen=True)
class Speed:
    """One prompt length's; tokens a second, seconds, bytes."""

    model: str
    prompt: int
    tokens: int
    # Tokens of the prompt a second until the first token, and tokens written a second from then on.
    prefill: float
    decode: float
    first: float
    # Peak memory while it ran: of the GPU where there is one, else of this process.
    memory: int
    device: str


def measure_speed(spec: ModelSpec, prompt: int, tokens: int = TOKENS) -> Speed:
    """Read a random prompt of so many tokens and write so many, greedily; skips what the context cannot hold."""
    model, context = _opened(_Key(spec))
    if prompt + tokens > context:
        pytest.skip(f"{prompt:,} tokens of prompt and {tokens:,} of answer are longer than the context of {context:,}")
    # The first time a shape is met libraries are loaded and kernels are chosen.
    _run(model, min(prompt, 32), 2)
    _forget_peak(model)
    first, whole = _run(model, prompt, tokens)
    return Speed(
        spec.name,
        prompt,
        tokens,
        prefill=prompt / first,
        decode=(tokens - 1) / (whole - first),
        first=first,
        memory=_peak(model),
        device=str(model.device),
    )


def refuse_served(spec: ModelSpec) -> None:
    """`pytest.UsageError` for a model that is not in this process."""
    if not spec.way.is_local:
        raise pytest.UsageError(
            f"--perf-speed measures a model in this process, and {spec.name!r} is behind {spec.base_url or spec.api}: "
            "name a local folder or hub id, or load its server with --perf-parallel"
        )


class _Key:
    """A spec as a key: its mappings cannot be hashed."""

    def __init__(self, spec: ModelSpec) -> None:
        self.spec = spec

    def __hash__(self) -> int:
        return hash(self.spec.name)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Key) and other.spec == self.spec


@lru_cache(maxsize=1)
def _opened(key: _Key) -> tuple[Any, int]:
    from pytest_modeleval.models.transformers import load_model

    model, _ = load_model(key.spec)
    return model, getattr(model.config.get_text_config(), "max_position_embeddings", 1 << 31)


def _run(model: Any, prompt: int, tokens: int) -> tuple[float, float]:
    """Seconds until the first token, and until the last."""
    import torch

    generator = torch.Generator().manual_seed(prompt)
    ids = torch.randint(0, model.config.get_text_config().vocab_size, (1, prompt), generator=generator).to(model.device)
    with torch.inference_mode():
        _finish(model)
        start = time.perf_counter()
        # Only the last place's logits: those of a long prompt would take more memory than the model.
        out = model(ids, use_cache=True, logits_to_keep=1)
        token = out.logits[:, -1:].argmax(-1)
        _finish(model)
        first = time.perf_counter() - start
        for _ in range(tokens - 1):
            out = model(token, past_key_values=out.past_key_values, use_cache=True, logits_to_keep=1)
            token = out.logits.argmax(-1)
        _finish(model)
    return first, time.perf_counter() - start


def _finish(model: Any) -> None:
    """Wait for what a GPU was asked to do."""
    import torch

    if model.device.type == "cuda":
        torch.cuda.synchronize(model.device)


def _forget_peak(model: Any) -> None:
    import torch

    if model.device.type == "cuda":
        torch.cuda.reset_peak_memory_stats(model.device)
    elif _CLEAR.exists():
        # proc(5): 5 resets the peak resident set size.
        _CLEAR.write_text("5")


def _peak(model: Any) -> int:
    import torch

    if model.device.type == "cuda":
        return int(torch.cuda.max_memory_allocated(model.device))
    if _STATUS.exists():
        peak = next(line for line in _STATUS.read_text().splitlines() if line.startswith("VmHWM"))
        return int(peak.split()[1]) * 1024
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
