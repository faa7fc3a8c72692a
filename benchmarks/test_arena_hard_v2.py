"""Arena-Hard v2.0: hard requests and creative writing beside a baseline's answers, as a judge sees them."""

from pytest_modeleval import Completion, Judge, Judging, Row, Rubric, Sample, benchmark, hub
from pytest_modeleval.datasets.hub import Beside
from pytest_modeleval.judging.battles import pooled

from .test_arena_hard import COMPARE, MARKS, OFFICIAL

BASELINES = {
    "hard_prompt": "model_answer/o3-mini-2025-01-31",
    "creative_writing": "model_answer/gemini-2.0-flash-001",
}
ARENA_HARD_V2 = hub(
    modelscope="lmarena-ai/arena-hard-auto",
    huggingface="lmarena-ai/arena-hard-auto",
    config="arena-hard-v2.0",
    split="question",
    by="category",
    subsets=list(BASELINES),
    beside=Beside("baseline", on="uid", config="arena-hard-v2.0", split=BASELINES),
)

# For creative writing the judge is not to write an answer of its own first.
COMPARE_CREATIVE = Rubric(
    """\
Two assistants, A and B, have answered the same request for a piece of writing. Find out whose answer serves the user \
better.

Compare both answers: name what is wrong or weak in each, and what it lacks. Weigh whether an answer does what was \
asked, and how original and well written it is. Where the request can be understood in several ways, an answer that \
asks back may be better than one that guesses.

"""
    + MARKS,
    OFFICIAL,
    instead_of="Arena-Hard's judge prompt for creative writing",
)
RUBRICS = {"hard_prompt": COMPARE, "creative_writing": COMPARE_CREATIVE}


def to_sample(row: Row) -> Sample:
    answer = row["baseline"]["messages"][-1]["content"]["answer"]
    return Sample(
        row["prompt"], target=answer, metadata={"category": row["category"]}, axes={"subcategory": row["subcategory"]}
    )


@benchmark(ARENA_HARD_V2, to_sample, judging=Judging(pairs=True), tags=["chat", "battles", "en"])
async def test_arena_hard_v2(sample: Sample, completion: Completion, judge: Judge) -> None:
    rubric = RUBRICS[sample.metadata["category"]]
    assert pooled(await judge.compare(rubric, completion, sample.target, question=sample.asked), strong=3)
