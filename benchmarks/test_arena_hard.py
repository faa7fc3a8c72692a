"""Arena-Hard v0.1: answers to hard requests beside GPT-4's (gpt-4-0314), as a judge sees them (arXiv:2406.11939)."""

from pytest_modeleval import Completion, Judge, Judging, Preference, Row, Rubric, Sample, benchmark, hub
from pytest_modeleval.judging.battles import pooled

# On Hugging Face the baseline's answers are in no dataset of this version.
ARENA_HARD = hub(modelscope="AI-ModelScope/arena-hard-auto-v0.1", huggingface=None, split="test")

MARKS = """\
Neither an answer's length nor its place is a merit. When you are done, end with one of these marks:

[[A>>B]] if A is much better, [[A>B]] if A is slightly better, [[A=B]] if they are about as good, \
[[B>A]] if B is slightly better, [[B>>A]] if B is much better.

The request:
{question}

The answer of A:
{first}

The answer of B:
{second}"""
OFFICIAL = Preference(mark=r"\[\[([AB<>=]{3,4})\]\]")

COMPARE = Rubric(
    """\
Two assistants, A and B, have answered the same request. Find out whose answer serves the user better.

Answer the request yourself first. Then hold both answers against your own: name what is wrong in each and set it \
right, and say what is missing. Weigh whether an answer does what was asked and whether all that it says belongs to \
it. Where the request can be understood in several ways, an answer that asks back may be better than one that guesses. \
Originality counts where the request wants it.

"""
    + MARKS,
    OFFICIAL,
    instead_of="Arena-Hard's judge prompt",
)


def to_sample(row: Row) -> Sample:
    return Sample(row["question"], target=row["prediction"], metadata={"capability": row.get("capability", "")})


@benchmark(ARENA_HARD, to_sample, judging=Judging(pairs=True), tags=["chat", "battles", "en"])
async def test_arena_hard(sample: Sample, completion: Completion, judge: Judge) -> None:
    assert pooled(await judge.compare(COMPARE, completion, sample.target, question=sample.asked), strong=3)
