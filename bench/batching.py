"""Ways to batch a local model, side by side: one at a time, static batches, transformers' continuous batching.

    python bench/batching.py                      # the bundled model on its benchmark
    python bench/batching.py --random 512         # a random Qwen3 of 0.6B parameters, answers of very unlike length

Prints each way's time as a ratio to one-at-a-time (tiny) or to static batches of 64 (random).
"""

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import torch
import transformers

TINY = Path(__file__).parents[1] / "pytest_modeleval/models/tiny"


def tiny() -> tuple[Any, list[list[int]], Any]:
    """The bundled model, its benchmark's prompts as tokens, and greedy settings."""
    from pytest_modeleval.datasets import arithmetic

    tokenizer = transformers.AutoTokenizer.from_pretrained(TINY)
    questions = [arithmetic.row(s, i)["question"] for s in arithmetic.SUBSETS for i in range(25)]
    prompts = [
        tokenizer.apply_chat_template(
            [{"role": "user", "content": question}], add_generation_prompt=True, return_dict=False
        )
        for question in questions
    ]
    model = transformers.AutoModelForCausalLM.from_pretrained(TINY, dtype=torch.float32)
    settings = transformers.GenerationConfig(
        max_new_tokens=32,
        do_sample=False,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    return model.eval(), prompts, settings


def random_model(requests: int) -> tuple[Any, list[list[int]], Any]:
    """Qwen3-0.6B's shape with random weights; about 1 token in 200 ends an answer, so lengths differ widely."""
    config = transformers.Qwen3Config(
        vocab_size=151936, hidden_size=1024, intermediate_size=3072, num_hidden_layers=28,
        num_attention_heads=16, num_key_value_heads=8, head_dim=128, tie_word_embeddings=True,
    )  # fmt: skip
    torch.manual_seed(0)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    model = transformers.AutoModelForCausalLM.from_config(config, dtype=torch.bfloat16).to(device)
    random = Random(0)
    prompts = [[random.randrange(1000, 150000) for _ in range(random.randint(50, 600))] for _ in range(requests)]
    settings = transformers.GenerationConfig(
        max_new_tokens=512, do_sample=True, top_k=0, eos_token_id=list(range(0, 151936, 200)), pad_token_id=1
    )
    return model.eval(), prompts, settings


def static(model: Any, prompts: list[list[int]], settings: Any, size: int) -> int:
    """Tokens answered by batches of one size, sorted by length."""
    prompts = sorted(prompts, key=len)
    ends, tokens = settings.eos_token_id, 0
    ends = set(ends if isinstance(ends, list) else [ends])
    for start in range(0, len(prompts), size):
        batch = prompts[start : start + size]
        longest = max(map(len, batch))
        ids = torch.tensor([[settings.pad_token_id] * (longest - len(p)) + p for p in batch])
        mask = torch.tensor([[0] * (longest - len(p)) + [1] * len(p) for p in batch])
        with torch.inference_mode():
            output = model.generate(
                input_ids=ids.to(model.device),
                attention_mask=mask.to(model.device),
                generation_config=settings,
            )
        for row in output[:, longest:].tolist():
            tokens += next((i + 1 for i, token in enumerate(row) if token in ends), len(row))
    return tokens


def continuous(model: Any, prompts: list[list[int]], settings: Any) -> int:
    """Tokens answered by `generate_batch`."""
    answers = model.generate_batch(prompts, generation_config=settings, progress_bar=False)
    return sum(len(answer.generated_tokens) for answer in answers.values())


def main() -> None:
    """Time every way twice and print the better time."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--random", type=int, metavar="REQUESTS")
    arguments = parser.parse_args()
    model, prompts, settings = random_model(arguments.random) if arguments.random else tiny()
    sizes = (64, 128, 256) if arguments.random else (1, 8, 32, 64, 128)
    ways: dict[str, Callable[[], int]] = {
        f"static, batches of {size}": lambda size=size: static(model, prompts, settings, size) for size in sizes
    }
    ways["continuous"] = lambda: continuous(model, prompts, settings)
    base = None
    print(f"{len(prompts)} requests on {model.device}, transformers {transformers.__version__}")
    for name, way in ways.items():
        best, tokens = float("inf"), 0
        try:
            for _ in range(2):
                started = time.perf_counter()
                tokens = way()
                best = min(best, time.perf_counter() - started)
        except Exception as error:  # noqa: BLE001 - a way that fails here is a result too
            print(f"{name:24} failed: {type(error).__name__}: {error}")
            continue
        base = base or best
        print(f"{name:24} {best:8.2f} s  {tokens / best:9,.0f} tokens/s  {base / best:6.2f}x")


if __name__ == "__main__":
    main()
