"""Drivelology: what seeming nonsense says between its lines, told in full (Wang et al. 2025, arXiv:2509.03867)."""

from pytest_modeleval import Completion, Judge, Judging, Rating, Row, Rubric, Sample, benchmark, hub

DRIVEL_WRITING = hub(
    modelscope="extraordinarylab/drivel-hub",
    huggingface="extraordinarylab/drivel-hub",
    config="narrative-writing-english",
    split="test",
)

PROMPT = """\
{text}

What does this text mean to say between its lines? Explain it in English, in full."""

MATCH = Rubric(
    """\
Somebody explained what a text means to say between its lines. Compare the explanation with the reference alone: is \
it about the same, is it right, does it go as deep, and is it as detailed? Its length and style do not count. Rate \
how well the two match by a whole number: 5 they match throughout, 4 well, with little that is missing or added, 3 \
in part, 2 hardly, 1 not at all.

Text: {question}

Reference: {reference}

Explanation:
{answer}""",
    Rating(1, 5),
    instead_of="Drivelology's grader",
)


def to_sample(row: Row) -> Sample:
    return Sample({"text": row["text"]}, target=row["narrative"])


@benchmark(DRIVEL_WRITING, to_sample, prompt=PROMPT, tags=["language", "en"], judging=Judging())
async def test_drivel_writing(sample: Sample, completion: Completion, judge: Judge) -> None:
    assert await judge.grade(MATCH, completion, question=sample.asked, reference=sample.target)
