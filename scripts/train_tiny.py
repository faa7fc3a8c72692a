"""Train the bundled `tiny` model: a small Qwen3 that does two-number arithmetic.

    python scripts/train_tiny.py --steps 8000 --out pytest_modeleval/models/tiny

The questions of the bundled benchmark are left out of the training data. With `enable_thinking` the
model first writes the problem in digits between <think> and </think>.
"""

import argparse
import json
from pathlib import Path
from random import Random

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast, Qwen3Config, Qwen3ForCausalLM

from pytest_modeleval.datasets import arithmetic

SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
MARKERS = ["<think>", "</think>"]
# How often each subset is practised. The products stay hard: one of two digits little practised, one of three never.
PRACTICE = {
    "add-1": 1,
    "subtract-1": 1,
    "multiply-1": 2,
    "add-2": 4,
    "subtract-2": 5,
    "multiply-2": 3,
    "add-3": 5,
    "subtract-3": 4,
}
# Questions a subset has in the benchmark.
QUESTIONS = 25
CHAT_TEMPLATE = """\
{%- for message in messages -%}
<|im_start|>{{ message.role }}
{{ message.content }}<|im_end|>
{% endfor -%}
{%- if add_generation_prompt -%}
<|im_start|>assistant
{% if not (enable_thinking is defined and enable_thinking) -%}
<think>

</think>

{% endif -%}
{%- endif -%}
"""


def benchmark_questions() -> set[str]:
    """Every question that the benchmark can ask, none of which may be trained on."""
    return {arithmetic.row(subset, index)["question"] for subset in arithmetic.SUBSETS for index in range(QUESTIONS)}


def make_tokenizer(folder: Path) -> PreTrainedTokenizerFast:
    """A byte-level BPE of 512 entries whose digits stand alone."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Digits(individual_digits=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    random = Random(0)
    texts = [arithmetic.problem(random.choice(list(PRACTICE)), random)["question"] for _ in range(5000)]
    texts += ["user\n", "assistant\n", "system\n"] * 100
    trainer = trainers.BpeTrainer(
        vocab_size=512,
        special_tokens=SPECIAL + MARKERS,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    # As in Qwen3, the thinking marks are tokens of their own but not "special": decoding keeps them.
    state = json.loads(tokenizer.to_str())
    for token in state["added_tokens"]:
        token["special"] = token["content"] in SPECIAL
    fast = PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer.from_str(json.dumps(state)),
        eos_token="<|im_end|>",
        pad_token="<|endoftext|>",
        padding_side="left",
        model_max_length=512,
    )
    fast.chat_template = CHAT_TEMPLATE
    fast.save_pretrained(folder)
    # transformers 4 knows the class by this name alone; 5, which writes another, by both.
    config = folder / "tokenizer_config.json"
    config.write_text(json.dumps({**json.loads(config.read_text()), "tokenizer_class": "PreTrainedTokenizerFast"}))
    return fast


def make_batch(
    tokenizer: PreTrainedTokenizerFast, random: Random, size: int, avoid: set[str]
) -> tuple[torch.Tensor, torch.Tensor]:
    """Token ids and labels, (size, length) each; only the answer carries a label."""
    subsets, weights = list(PRACTICE), list(PRACTICE.values())
    prompts, answers = [], []
    while len(prompts) < size:
        row = arithmetic.problem(random.choices(subsets, weights)[0], random)
        if row["question"] in avoid:
            continue
        prompt = f"<|im_start|>user\n{row['question']}<|im_end|>\n<|im_start|>assistant\n<think>\n"
        thought = f"{row['expression']}\n</think>\n\n"
        if random.random() < 0.6:
            prompt, thought = prompt + "\n</think>\n\n", ""
        prompts.append(prompt)
        answers.append(f"{thought}{row['answer']}<|im_end|>")
    asked = tokenizer(prompts, add_special_tokens=False).input_ids
    given = tokenizer(answers, add_special_tokens=False).input_ids
    # The opening mark is the model's own to write when it thinks, so it is learnt too.
    opening = tokenizer.convert_tokens_to_ids("<think>")
    length = max(len(a) + len(g) for a, g in zip(asked, given, strict=True))
    ids = torch.full((size, length), tokenizer.pad_token_id)
    labels = torch.full((size, length), -100)
    for row_index, (a, g) in enumerate(zip(asked, given, strict=True)):
        ids[row_index, : len(a) + len(g)] = torch.tensor(a + g)
        start = a.index(opening) if "</think>" in answers[row_index] else len(a)
        labels[row_index, start : len(a) + len(g)] = ids[row_index, start : len(a) + len(g)]
    return ids, labels


def main() -> None:
    """Train, then write the model in the layout of a hub repository."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("pytest_modeleval/models/tiny"))
    parser.add_argument("--steps", type=int, default=8000)
    parser.add_argument("--batch", type=int, default=128)
    arguments = parser.parse_args()

    torch.manual_seed(0)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    tokenizer = make_tokenizer(arguments.out)
    config = Qwen3Config(
        vocab_size=len(tokenizer),
        hidden_size=128,
        intermediate_size=320,
        num_hidden_layers=4,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=32,
        max_position_embeddings=512,
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    model = Qwen3ForCausalLM(config).to(device)
    print(f"{sum(p.numel() for p in model.parameters()):,} parameters on {device}", flush=True)
    avoid = benchmark_questions()
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3, betas=(0.9, 0.98), weight_decay=0.05)
    random = Random(1)
    for step in range(arguments.steps):
        # Linear warm-up over 200 steps, then a linear decay to zero at the end.
        rate = 2e-3 * min(1, (step + 1) / 200) * (1 - step / arguments.steps)
        for group in optimizer.param_groups:
            group["lr"] = rate
        ids, labels = make_batch(tokenizer, random, arguments.batch, avoid)
        loss = model(input_ids=ids.to(device), labels=labels.to(device)).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        if step % 100 == 0:
            print(f"step {step}  loss {loss.item():.4f}", flush=True)
    model.generation_config.max_new_tokens = None
    model.to("cpu", torch.float32).save_pretrained(arguments.out)


if __name__ == "__main__":
    main()
