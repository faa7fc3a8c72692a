"""MT-Bench: conversations of two turns that a judge rates from 1 to 10 (Zheng et al. 2023, arXiv:2306.05685)."""

import asyncio

from pytest_modeleval import Judge, Judging, Model, Rating, Row, Rubric, Sample, SampleError, Score, benchmark, hub
from pytest_modeleval.datasets.hub import Beside

# The authors' own copy, `llm_judge/data/mt_bench` of lm-sys/FastChat, has GPT-4's answers as references, by which the
# published ratings were made; the hubs' has the authors' notes.
MT_BENCH = hub(
    modelscope="HuggingFaceH4/mt_bench_prompts",
    huggingface="HuggingFaceH4/mt_bench_prompts",
    split="train",
    by="category",
    subsets=["writing", "roleplay", "reasoning", "math", "coding", "extraction", "stem", "humanities"],
    in_copies={"train": "question"},
    beside=Beside("answered", on="question_id", config="default", split="reference_answer", optional=True),
)
TEMPERATURES = {"writing": 0.7, "roleplay": 0.7, "stem": 0.1, "humanities": 0.1}
# What is judged beside a reference answer (`NEED_REF_CATS` of FastChat `llm_judge/common.py`).
WITH_REFERENCE = ("reasoning", "math", "coding")

RATE = Rubric(
    """\
Rate how well an assistant has answered a user, from 1 (useless) to 10 (could not be better).

Look at whether the answer is correct, does all that was asked and helps the user, at its depth and detail, and at its \
originality where that is called for. Where a reference answer is given, compare the answer with it first and name \
what is wrong: an answer that comes to another result is a bad one. Where there are two turns, rate the answer in the \
second, in the light of what was said before. Length is no merit.

Say in a few sentences what is good and what is not. Then end with the rating in double brackets, like this: [[5]].

What the user asked:
{question}

Reference answer:
{reference}

What the assistant answered:
{answer}""",
    Rating(1, 10, mark=r"\[\[(\d+(?:\.\d+)?)\]\]"),
    instead_of="MT-Bench's prompts for single answers",
)


def to_sample(row: Row) -> Sample:
    turns, category = row.get("prompt") or row["turns"], row["category"]
    if not (isinstance(turns, list) and len(turns) == 2 and all(isinstance(turn, str) for turn in turns)):
        raise SampleError(f"{row.where}: the turns are no two texts: {turns!r:.200}")
    references = row["answered"]["choices"][0]["turns"] if "answered" in row else row.get("reference") or ["", ""]
    if category not in WITH_REFERENCE:
        references = ["", ""]
    generation = {"temperature": TEMPERATURES.get(category, 0)}
    told = {"turns": turns[1:], "references": references, "generation": generation}
    return Sample(turns[0], target="\n\n".join(filter(None, references)), metadata=told)


def both(one: str, other: str) -> str:
    return f"[Turn 1]\n{one}\n\n[Turn 2]\n{other}"


@benchmark(MT_BENCH, to_sample, judging=Judging(calls=2), tags=["chat", "en"])
async def test_mt_bench(sample: Sample, model: Model, judge: Judge) -> None:
    (second_turn,), references = sample.metadata["turns"], sample.metadata["references"]
    generation = sample.metadata["generation"]
    first = await model.complete(sample.messages, **generation)
    said = [*sample.messages, {"role": "assistant", "content": first.text}, {"role": "user", "content": second_turn}]
    second = await model.complete(said, **generation)
    turns = [
        (sample.asked, str(first), references[0]),
        (both(sample.asked, second_turn), both(str(first), str(second)), both(*references) if any(references) else ""),
    ]
    one, two = await asyncio.gather(
        *(
            judge.grade(RATE, answer, name=f"turn_{number}", question=question, reference=reference or "none is given")
            for number, (question, answer, reference) in enumerate(turns, 1)
        )
    )
    assert Score((one.value + two.value) / 2, True, f"{one.value:g}, {two.value:g}", range=(1, 10), measured=True)
