"""Bodies as a user writes them who checks types strictly."""

from pytest_modeleval import (
    AgentLimits,
    Completion,
    Conversation,
    Model,
    Row,
    Sample,
    SyncModel,
    benchmark,
    generated,
    react,
    react_sync,
    tool,
)

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


@tool
def add(a: int, b: int = 0) -> int:
    """Add two numbers."""
    return a + b


@tool(seconds=5, replays=True)
async def look(name: str) -> str:
    """Look something up."""
    return name


@benchmark(ROWS, to_sample)
async def test_agent(sample: Sample, model: Model) -> None:
    talk: Conversation = await react(sample, model, [add, look], limits=AgentLimits(turns=3), temperature=1.0)
    assert talk.answer.text == sample.target
    assert [each.call.name for each in talk.called] == []


@benchmark(ROWS, to_sample)
def test_sync_agent(sample: Sample, model: SyncModel) -> None:
    assert react_sync(sample, model, [add], submit=False).answer.text == sample.target
