"""Train the tests' model that sees: a LLaVA of some 150,000 parameters that says a shape's color and form.

    PYTHONPATH=. python scripts/train_tiny_vision.py --steps 2500 --out tests/vision/tiny

It takes some 6 minutes on one core. It is not in CI: its weights, of 0.6 MB, are committed.
"""

import argparse
import json
from pathlib import Path
from random import Random

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import (
    CLIPImageProcessor,
    CLIPVisionConfig,
    LlamaConfig,
    LlavaConfig,
    LlavaForConditionalGeneration,
    LlavaProcessor,
    PreTrainedTokenizerFast,
)

from tests.vision.shapes import COLORS, QUESTIONS, SHAPES, SIDE, asked

SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<image>"]
PATCH = 14
CHAT_TEMPLATE = """\
{%- for message in messages -%}
<|im_start|>{{ message.role }}
{% if message.content is string -%}
{{ message.content }}
{%- else -%}
{%- for part in message.content -%}
{%- if part.type == "image" -%}
<image>
{%- elif part.type == "text" -%}
{{ part.text }}
{%- endif -%}
{%- endfor -%}
{%- endif -%}
<|im_end|>
{% endfor -%}
{%- if add_generation_prompt -%}
<|im_start|>assistant
{% endif -%}
"""


def make_processor(folder: Path) -> LlavaProcessor:
    """A byte-level BPE to which each question and answer is a few tokens, and pictures as CLIP takes them."""
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=320,
        special_tokens=SPECIAL,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator([*QUESTIONS.values(), *COLORS, *SHAPES, "user\n", "assistant\n"] * 10, trainer)
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        eos_token="<|im_end|>",
        pad_token="<|endoftext|>",
        padding_side="left",
        model_max_length=512,
    )
    processor = LlavaProcessor(
        image_processor=CLIPImageProcessor(size={"shortest_edge": SIDE}, crop_size={"height": SIDE, "width": SIDE}),
        tokenizer=fast,
        patch_size=PATCH,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
        chat_template=CHAT_TEMPLATE,
    )
    processor.save_pretrained(folder)
    # transformers 4 knows the class by this name alone; 5, which writes another, by both. 4 looks for the pictures'
    # settings in a file of their own.
    config = folder / "tokenizer_config.json"
    config.write_text(json.dumps({**json.loads(config.read_text()), "tokenizer_class": "PreTrainedTokenizerFast"}))
    return processor


def make_model(processor: LlavaProcessor) -> LlavaForConditionalGeneration:
    """A model of random weights for the processor's tokens."""
    tokenizer = processor.tokenizer
    text = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=64,
        intermediate_size=128,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=512,
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    vision = CLIPVisionConfig(
        hidden_size=40,
        intermediate_size=80,
        num_hidden_layers=2,
        num_attention_heads=4,
        image_size=SIDE,
        patch_size=PATCH,
    )
    config = LlavaConfig(
        text_config=text,
        vision_config=vision,
        image_token_id=tokenizer.convert_tokens_to_ids("<image>"),
        image_seq_length=(SIDE // PATCH) ** 2,
        vision_feature_layer=-1,
        vision_feature_select_strategy="default",
        tie_word_embeddings=True,
    )
    return LlavaForConditionalGeneration(config)


def make_batch(processor: LlavaProcessor, random: Random, size: int) -> dict[str, torch.Tensor]:
    """Inputs of the model with labels, of which only the answers carry one."""
    samples = [asked(random) for _ in range(size)]
    pictures, questions, answers = zip(*samples, strict=True)
    prompts = [
        processor.apply_chat_template(
            [{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": question}]}],
            add_generation_prompt=True,
        )
        for question in questions
    ]
    texts = [f"{prompt}{answer}<|im_end|>" for prompt, answer in zip(prompts, answers, strict=True)]
    batch = dict(processor(images=list(pictures), text=texts, padding=True, return_tensors="pt"))
    labels = torch.full_like(batch["input_ids"], -100)
    for row, answer in enumerate(answers):
        # Padding is on the left.
        length = len(processor.tokenizer(f"{answer}<|im_end|>").input_ids)
        labels[row, -length:] = batch["input_ids"][row, -length:]
    return {**batch, "labels": labels}


def main() -> None:
    """Train, then write the model in the layout of a hub repository."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path("tests/vision/tiny"))
    parser.add_argument("--steps", type=int, default=2500)
    parser.add_argument("--batch", type=int, default=32)
    parser.add_argument("--rate", type=float, default=1e-3, help="the highest learning rate")
    arguments = parser.parse_args()

    torch.manual_seed(0)
    torch.set_num_threads(1)
    processor = make_processor(arguments.out)
    model = make_model(processor)
    print(f"{sum(p.numel() for p in model.parameters()):,} parameters", flush=True)
    optimizer = torch.optim.AdamW(model.parameters(), lr=arguments.rate, betas=(0.9, 0.98), weight_decay=0.01)
    random = Random(1)
    for step in range(arguments.steps):
        # Linear warm-up over 100 steps, then a linear decay to zero at the end.
        rate = arguments.rate * min(1, (step + 1) / 100) * (1 - step / arguments.steps)
        for group in optimizer.param_groups:
            group["lr"] = rate
        loss = model(**make_batch(processor, random, arguments.batch)).loss
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        optimizer.zero_grad()
        if step % 50 == 0:
            print(f"step {step}  loss {loss.item():.4f}", flush=True)
    model.save_pretrained(arguments.out)


if __name__ == "__main__":
    main()
