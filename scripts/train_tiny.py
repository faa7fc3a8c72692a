"""Train the bundled `tiny` model: a small Qwen3 that does two-number arithmetic, judges such sums, and calls a tool.

    python scripts/train_tiny.py --steps 8000 --out pytest_modeleval/models/tiny
    python scripts/train_tiny.py --steps 5900 --rate 8e-4 --judged 0.7 --more
    python scripts/train_tiny.py --steps 2000 --batch 64 --rate 8e-4 --called 0.5 --judged 0.1 --more
    python scripts/train_tiny.py --steps 500 --batch 64 --rate 4e-4 --called 0.2 --judged 0.2 --more

Each goes on from the one before. The questions of the bundled benchmark are left out of the training data. With
`enable_thinking` the model first writes the problem in digits between <think> and </think>. Asked by the rubric of free
answers (`judging/answers.py`) whether a number is that of the reference, it gives its verdict as JSON. The parts of
that prompt that never change are a token each, so that it is some 70 tokens long and not 400. Offered the tool
`calculate(expression)` it calls that with the problem in digits, and answers with what it is told, right or wrong.
"""

import argparse
import json
import re
from collections.abc import Callable
from pathlib import Path
from random import Random

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import AddedToken, PreTrainedTokenizerFast, Qwen3Config, Qwen3ForCausalLM

from pytest_modeleval.datasets import arithmetic
from pytest_modeleval.judging.answers import SAME_ANSWER
from pytest_modeleval.judging.fence import fenced

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
# What never changes in the judge's prompt, between one field and the next, and in its reply.
_FILLED = SAME_ANSWER.asked({"question": "\0", "reference": "\0", "answer": "<answer \0>\n\0\n</answer \0>"})
FIXED = [*_FILLED.split("\0"), *(f'", "verdict": "{label}"}}' for label in ("CORRECT", "INCORRECT")), '{"reason": "']
# Questions a subset has in the benchmark.
QUESTIONS = 25
SYSTEM = [
    "Add.",
    "Be brief.",
    "You are a helpful assistant.",
    "You are good at arithmetic.",
    "Answer with a number.",
    "Answer in one line.",
    "Think step by step.",
]
# Makes a prompt and its answer of a problem.
Other = Callable[[dict[str, str], Random], tuple[str, str]]
# What is written around a call of the tool, and around its name where it is offered: a token each.
CALL = ['<tool_call>\n{"name": "calculate", "arguments": {"expression": "', '"}}\n</tool_call>']
OFFER = ["<tools>\n", "calculate(expression)\n", "</tools>"]
CHAT_TEMPLATE = """\
{%- if tools -%}
<|im_start|>system
<tools>
{% for tool in tools -%}
{{ tool.function.name }}({{ tool.function.parameters.properties | join(", ") }})
{% endfor -%}
</tools><|im_end|>
{% endif -%}
{%- for message in messages -%}
<|im_start|>{{ message.role }}
{{ message.content or "" }}
{%- for call in message.tool_calls or [] -%}
{%- set arguments = call.function.arguments -%}
<tool_call>
{"name": "{{ call.function.name }}", "arguments": {{ arguments if arguments is string else arguments | tojson }}}
</tool_call>
{%- endfor -%}
<|im_end|>
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
    _name_class(folder)
    return fast


def _name_class(folder: Path) -> None:
    # transformers 4 knows the class by this name alone; 5, which writes another, by both.
    config = folder / "tokenizer_config.json"
    config.write_text(json.dumps({**json.loads(config.read_text()), "tokenizer_class": "PreTrainedTokenizerFast"}))


def grown_tokenizer(folder: Path) -> PreTrainedTokenizerFast:
    """The tokenizer that is there, with what never changes in prompts of judges and tools; sums are cut as before."""
    tokenizer = PreTrainedTokenizerFast.from_pretrained(folder)
    fixed = [text for text in (*FIXED, *OFFER, *CALL) if text.strip()]
    tokenizer.add_tokens([AddedToken(text, normalized=False, special=False) for text in fixed])
    tokenizer.chat_template = CHAT_TEMPLATE
    tokenizer.save_pretrained(folder)
    _name_class(folder)
    return tokenizer


def grown(folder: Path, tokenizer: PreTrainedTokenizerFast) -> Qwen3ForCausalLM:
    """The model that is there, with as many embeddings as the tokenizer has tokens."""
    model = Qwen3ForCausalLM.from_pretrained(folder)
    model.resize_token_embeddings(len(tokenizer))
    return model


def judged(row: dict[str, str], random: Random) -> tuple[str, str]:
    """A prompt that asks whether a number is a problem's answer, and the verdict: half of the numbers are it."""
    right = row["answer"]
    given = right if random.random() < 0.5 else another(right, random)
    fields = {"question": row["question"], "reference": right, "answer": fenced(given, str(random.random()))}
    prompt = f"<|im_start|>user\n{SAME_ANSWER.asked(fields)}<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n"
    said = f"{given} is {right}" if given == right else f"{given} is not {right}"
    label = "CORRECT" if given == right else "INCORRECT"
    return prompt, f'{{"reason": "{said}", "verdict": "{label}"}}<|im_end|>'


def called(row: dict[str, str], random: Random) -> tuple[str, str]:
    """A prompt that offers the tool, and the call of it; or one that tells what a call gave, and that as the answer."""
    thought = "<think>\n\n</think>\n\n"
    prompt = f"<|im_start|>system\n{''.join(OFFER)}<|im_end|>\n<|im_start|>user\n{row['question']}<|im_end|>\n"
    call = row["expression"].join(CALL)
    if random.random() < 0.5:
        return f"{prompt}<|im_start|>assistant\n{thought}", f"{call}<|im_end|>"
    given = row["answer"] if random.random() < 0.5 else another(row["answer"], random)
    prompt += f"<|im_start|>assistant\n{call}<|im_end|>\n<|im_start|>tool\n{given}<|im_end|>\n"
    return f"{prompt}<|im_start|>assistant\n{thought}", f"{given}<|im_end|>"


def another(number: str, random: Random) -> str:
    """Another number, mostly one that looks like it."""
    while True:
        digits = list(number)
        way = random.choices(range(4), (6, 1, 1, 1))[0]
        if way == 0:
            digits[random.randrange(len(digits))] = str(random.randrange(10))
        elif way == 1:
            digits.insert(random.randrange(len(digits) + 1), str(random.randrange(10)))
        elif way == 2 and len(digits) > 1:
            del digits[random.randrange(len(digits))]
        else:
            digits = list(str(random.randrange(-999, 100_000)))
        found = "".join(digits)
        if found != number and re.fullmatch(r"-?(0|[1-9]\d*)", found):
            return found


def make_batch(
    tokenizer: PreTrainedTokenizerFast, random: Random, size: int, avoid: set[str], other: Other | None
) -> tuple[torch.Tensor, torch.Tensor]:
    """Token ids and labels, (size, length) each, of sums, verdicts or calls; only the answer carries a label."""
    subsets, weights = list(PRACTICE), list(PRACTICE.values())
    prompts, answers = [], []
    while len(prompts) < size:
        # Verdicts and calls are on all of them: to compare or copy numbers is another thing than to multiply.
        subset = random.choice(arithmetic.SUBSETS) if other else random.choices(subsets, weights)[0]
        row = arithmetic.problem(subset, random)
        if row["question"] in avoid:
            continue
        if other:
            prompt, answer = other(row, random)
            prompts.append(prompt)
            answers.append(answer)
            continue
        prompt = f"<|im_start|>user\n{row['question']}<|im_end|>\n<|im_start|>assistant\n<think>\n"
        if random.random() < 0.2:
            # What it is told without being offered the tool changes nothing.
            prompt = f"<|im_start|>system\n{random.choice(SYSTEM)}<|im_end|>\n{prompt}"
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
    parser.add_argument("--rate", type=float, default=2e-3, help="the highest learning rate")
    parser.add_argument("--judged", type=float, default=0.0, help="the share of steps that practise verdicts")
    parser.add_argument("--called", type=float, default=0.0, help="the share of steps that practise calls of the tool")
    parser.add_argument("--more", action="store_true", help="go on from the model in --out")
    arguments = parser.parse_args()

    torch.manual_seed(0)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    tokenizer = grown_tokenizer(arguments.out) if arguments.more else make_tokenizer(arguments.out)
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
    model = (grown(arguments.out, tokenizer) if arguments.more else Qwen3ForCausalLM(config)).to(device)
    print(f"{sum(p.numel() for p in model.parameters()):,} parameters on {device}", flush=True)
    avoid = benchmark_questions()
    optimizer = torch.optim.AdamW(model.parameters(), lr=arguments.rate, betas=(0.9, 0.98), weight_decay=0.05)
    random = Random(1)
    for step in range(arguments.steps):
        # Linear warm-up over 200 steps, then a linear decay to zero at the end.
        rate = arguments.rate * min(1, (step + 1) / 200) * (1 - step / arguments.steps)
        for group in optimizer.param_groups:
            group["lr"] = rate
        # A step is of one kind, so that no short prompt is padded to the length of a long one.
        shares = (arguments.judged, arguments.called, 1 - arguments.judged - arguments.called)
        other = random.choices((judged, called, None), shares)[0]
        ids, labels = make_batch(tokenizer, random, arguments.batch, avoid, other)
        loss = model(input_ids=ids.to(device), labels=labels.to(device)).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        if step % 100 == 0:
            kind = other.__name__ if other else "sums"
            print(f"step {step}  {kind}  loss {loss.item():.4f}", flush=True)
    model.generation_config.max_new_tokens = None
    model.to("cpu", torch.float32).save_pretrained(arguments.out)


if __name__ == "__main__":
    main()
