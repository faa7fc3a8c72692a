"""Drivelology: what seeming nonsense says between its lines, told in full (Wang et al. 2025, arXiv:2509.03867)."""

import asyncio
from collections.abc import Mapping

from pytest_modeleval import Completion, Judge, Judging, Rating, Row, Rubric, Sample, Score, benchmark, hub
from pytest_modeleval.items.declare import Rule
from pytest_modeleval.scorers.similarity import bert_score

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


def rating_alone(score: Score, *_: object) -> Score:
    return score


def with_bert_score(score: Score, completion: Completion, reference: str) -> Score:
    bert_score(completion, reference)
    return score


# The paper's other figure needs a library and the weights of a model.
RULES: Mapping[str, Rule] = {"rating": rating_alone, "bert_score": with_bert_score}


@benchmark(DRIVEL_WRITING, to_sample, prompt=PROMPT, tags=["language", "en"], judging=Judging(), rules=RULES)
async def test_drivel_writing(sample: Sample, completion: Completion, judge: Judge, rule: Rule) -> None:
    score = await judge.grade(MATCH, completion, question=sample.asked, reference=sample.target)
    # In a thread, as a model computes it.
    assert await asyncio.to_thread(rule, score, completion, sample.target)
