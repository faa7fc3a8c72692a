"""Bodies as a user writes them who checks types strictly."""

from pytest_modeleval import Completion, Model, Row, Sample, SyncModel, benchmark, generated

ROWS = generated(lambda _, index: {"n": index}, {"main": 2})


def to_sample(row: Row) -> Sample:
    """A question whose answer is 42."""
    return Sample(f"{row['n']} + 42 - {row['n']}?", "42")


@benchmark(ROWS, to_sample)
async def test_async(sample: Sample, completion: Completion, model: Model) -> None:
    again: Completion = await model.complete([*sample.messages, {"role": "user", "content": "sure?"}], temperature=1.0)
    assert again.text == completion.text == sample.target


@benchmark(ROWS, to_sample)
def test_sync(sample: Sample, model: SyncModel) -> None:
    assert model.complete(sample.messages).text == sample.target


def test_ordinary(model: SyncModel) -> None:
    assert model.complete("What is 6 * 7?").text == "42"
