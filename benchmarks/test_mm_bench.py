"""MMBench: what a picture shows, right with its options in every order (Liu et al. 2023, arXiv:2307.06281)."""

from collections.abc import Mapping, Sequence
from typing import Any

from pytest_modeleval import Completion, Model, Row, Sample, SampleError, Score, benchmark, hub
from pytest_modeleval.items.prompts import MULTIPLE_CHOICE, lettered
from pytest_modeleval.sample import Message
from pytest_modeleval.scorers.choices import chosen_letter, same_choice

MM_BENCH = hub(
    modelscope="lmms-lab/MMBench", huggingface="lmms-lab/MMBench", config=["en", "cn"], split="dev", column="index"
)


def is_original(index: str, _settings: Mapping[str, Any]) -> bool:
    """Whether a row is a question, and not one of its rotations, whose number is larger by millions."""
    return int(float(index)) < 1_000_000


def to_sample(row: Row) -> Sample:
    options = [row[letter] for letter in "ABCD" if row.get(letter) and row[letter] != "nan"]
    hint = "" if row["hint"] in (None, "nan") else row["hint"]
    question = "\n\n".join(filter(None, (hint, row["question"])))
    return Sample({**row, "question": question}, row["answer"], options, pictures=[row["image"]])


def asked_with(messages: Sequence[Message], options: Sequence[str], others: Sequence[str]) -> list[Message]:
    """The messages with other options in the place of those that the last one has."""
    *before, last = messages
    block, found = lettered(options), False
    parts = []
    for part in last["content"]:
        text = str(part.get("text", ""))
        found = found or block in text
        parts.append({**part, "text": text.replace(block, lettered(others))} if text else part)
    if not found:
        raise SampleError("the options cannot be rotated: the prompt template has no {options}")
    return [*before, {**last, "content": parts}]


@benchmark(MM_BENCH, to_sample, prompt=MULTIPLE_CHOICE, among=is_original, tags=["vision", "en", "zh"])
async def test_mm_bench(sample: Sample, completion: Completion, model: Model) -> None:
    options, wanted = sample.options, sample.target
    # One order alone, as others report it.
    first = same_choice(completion, wanted, options, name="vanilla")
    got, by = chosen_letter(str(completion), options), 0
    # After a wrong answer no further order is asked: the question is wrong by then.
    while got == wanted and (by := by + 1) < len(options):
        others = [*options[by:], *options[:by]]
        wanted = "ABCD"[("ABCD".index(sample.target) - by) % len(options)]
        got = chosen_letter(str(await model.complete(asked_with(sample.messages, options, others))), others)
    why = f"with its options in order {by + 1} of {len(options)}" if first and got != wanted else first.why
    assert Score(float(got == wanted), got == wanted, got or "", wanted, why, found=got is not None)
