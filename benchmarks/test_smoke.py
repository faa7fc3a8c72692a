"""Smoke: what tells a healthy server from one with a broken template; asked only by its name, `--eval smoke`."""

import asyncio

from pytest_modeleval import Model, Row, Sample, benchmark, generated
from pytest_modeleval.datasets import smoke
from pytest_modeleval.sample import Refused
from pytest_modeleval.scorers.smoke import healthy, refused

SMOKE = generated(smoke.row, sizes=smoke.SIZES)


def to_sample(row: Row) -> Sample:
    return Sample(row["messages"], target=row["expected"], tools=row["tools"], metadata=row)


@benchmark(SMOKE, to_sample, probe=True)
async def test_smoke(sample: Sample, model: Model) -> None:
    asked = sample.metadata
    requests = [
        model.complete(sample.messages, tools=sample.tools, **asked["generation"]) for _ in range(asked["times"])
    ]
    try:
        score = healthy(asked, await asyncio.gather(*requests))
    except Refused as refusal:
        score = refused(asked, refusal)
    assert score
