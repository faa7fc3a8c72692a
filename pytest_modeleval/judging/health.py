"""HealthBench: conversations about health, judged by what doctors want of the answer (arXiv:2505.08775)."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from pytest_modeleval.datasets import Row
from pytest_modeleval.judging.rubric import Judging, Labels, Rubric
from pytest_modeleval.judging.types import Judge
from pytest_modeleval.sample import Completion, Sample, SampleError, Score, text_of
from pytest_modeleval.scorers.points import points_score
from pytest_modeleval.statistics.aggregates import Aggregate, clipped_mean

AXES = ("accuracy", "communication_quality", "completeness", "context_awareness", "instruction_following")
# What is clipped after its mean: the score, and the axes'.
CLIPPED = {name: Aggregate(clipped_mean, (name,)) for name in ("main", *AXES)}

# The criterion stands last, so that what all of a sample's have in common is the beginning, which servers cache.
CRITERION = Rubric(
    """\
You are given a conversation, the reply that an assistant gave to it, and one criterion. Does the reply meet the \
criterion? Look at this one criterion alone, and at the reply alone. Where it names several things, all of them must \
be there; of those that it gives as examples ("such as", "including") one is enough. A criterion may describe \
something bad: "met" then says that the reply does it, and not that the reply is good.

Conversation:
{conversation}

Reply:
{answer}

Criterion: {criterion}""",
    Labels({"met": 1.0, "not met": 0.0}),
    instead_of="HealthBench's grader",
)


def to_sample(row: Row) -> Sample:
    """The row's conversation; `SampleError` for a rubric that is none."""
    items = [_item(item, row.where) for item in row["rubrics"]]
    if not any(points > 0 for _, points, _ in items):
        raise SampleError(f"{row.where}: a rubric without positive points")
    theme = next((tag.partition(":")[2] for tag in row["example_tags"] if tag.startswith("theme:")), "")
    target = "\n".join(f"{points:+g} {criterion}" for criterion, points, _ in items)
    axes = {"theme": theme} if theme else {}
    return Sample(row["prompt"], target, metadata={"items": items}, axes=axes)


def _item(item: Mapping[str, Any], where: str) -> tuple[str, float, Sequence[str]]:
    criterion, points = item.get("criterion"), item.get("points")
    if not isinstance(criterion, str) or not isinstance(points, int | float) or isinstance(points, bool):
        raise SampleError(f"{where}: an item of a rubric has a criterion and points, not {str(item)[:80]!r}")
    axes = [tag.partition(":")[2] for tag in item.get("tags") or () if tag.startswith("axis:")]
    return criterion, float(points), axes


def calls(sample: Sample) -> int:
    """The criteria, each of which is asked for alone."""
    return len(sample.metadata["items"])


JUDGING = Judging(calls=calls)


async def health_score(sample: Sample, completion: Completion, judge: Judge) -> Score:
    """The share of points, judged criterion by criterion; the axes' are further scores.

    An axis has a score where it has positive points in this sample.
    """
    items = sample.metadata["items"]
    conversation = "\n\n".join(f"{each['role']}: {text_of(each)}" for each in sample.messages)
    asked = [
        judge.ask(CRITERION, completion, name=f"criterion {number}", conversation=conversation, criterion=criterion)
        for number, (criterion, *_) in enumerate(items, 1)
    ]
    met = [verdict.value for verdict in await asyncio.gather(*asked)]
    for axis in AXES:
        own = [(points, value) for (_, points, axes), value in zip(items, met, strict=True) if axis in axes]
        if any(points > 0 for points, _ in own):
            points_score(own, name=axis)
    got = ", ".join(f"{points * value:g}" for (_, points, _), value in zip(items, met, strict=True))
    return points_score(
        [(points, value) for (_, points, _), value in zip(items, met, strict=True)], f"points: {got}", sample.target
    )
