"""What a request may cost at most, and what it is charged."""

import asyncio
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from pytest_modeleval.asking.spending import (
    NOTHING,
    TEMPLATE,
    Cost,
    Metered,
    Purse,
    bounds,
    cost,
    most_completion_tokens,
)
from pytest_modeleval.models import Unavailable
from pytest_modeleval.models.spec import ModelSpec
from pytest_modeleval.options.budget import Budget
from pytest_modeleval.requests import Chat, LogLikelihood, Request
from pytest_modeleval.sample import Completion, NotAsked, SampleError
from pytest_modeleval.store.store import Store

SPEC = ModelSpec("m", "openai", "m", generation={"max_tokens": 50}, price={"input": 100.0, "output": 1000.0})


def test_most_completion_tokens() -> None:
    assert most_completion_tokens(SPEC, {"max_completion_tokens": 7}) == 7
    assert most_completion_tokens(SPEC, {"max_tokens": 5, "extra_body": {"max_tokens": 9}}) == 9
    assert most_completion_tokens(SPEC, {"max_tokens": None}) is None
    with pytest.raises(SampleError, match="a request without max_tokens cannot be held to --eval-budget"):
        bounds(SPEC, Chat([]))


@pytest.mark.parametrize("text", ["What is 6 * 7?", "中文的问题", "🙂" * 50, "\ud800\0"])
def test_the_bound_is_at_least_a_token_a_byte(text: str) -> None:
    prompt, completion = bounds(SPEC, Chat([{"role": "user", "content": text}], generation={"max_tokens": 3}))

    assert prompt >= len(text.encode("utf-8", "surrogatepass")) + TEMPLATE
    assert completion == 3


def test_the_bound_of_log_likelihoods() -> None:
    pairs = [("Sky is", " blue"), ("Sky is", " ä")]

    # As bytes, with a mark of the beginning each; and one token after each.
    assert bounds(SPEC, LogLikelihood([], pairs)) == (7 + 12 + 7 + 10, 4)


def test_money_is_counted_exactly() -> None:
    cheap = ModelSpec("m", "openai", "m", price={"input": 0.15, "output": 0.6})

    assert cost(cheap, 1_000_000, 1_000_000) == Cost(2_000_000, 750_000_000_000)


class Model:
    """Answers as it is told to."""

    answers: frozenset[type[Request]] = frozenset({Chat})
    concurrency = None

    def __init__(self, said: Completion | Exception) -> None:
        self.said = said

    async def check(self, kind: type[Request]) -> None: ...

    async def close(self) -> None: ...

    async def answer(self, request: Request) -> Completion:
        if isinstance(self.said, Exception):
            raise self.said
        return self.said


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    with closing(Store(tmp_path)) as store:
        store.begin_run("run", {})
        yield store


@pytest.mark.parametrize(
    ("said", "tokens"),
    [
        (Completion("x", prompt_tokens=7, completion_tokens=3), 10),
        (Completion("x", prompt_tokens=7), 57),
        (Completion("x", prompt_tokens=0, completion_tokens=3), 3),
        (Completion("x", prompt_tokens=7, completion_tokens=0), 7),
        (Completion("x"), 566),
        (Completion("x", prompt_tokens=-7, completion_tokens="3"), 566),  # type: ignore[arg-type]
        (Completion("x", prompt_tokens=True, completion_tokens=3), 519),
        (SampleError("filtered"), 566),
        (Unavailable("time-out"), 566),
        (Unavailable("busy", rate_limited=True), 0),
    ],
)
def test_what_a_request_is_charged(store: Store, said: Completion | Exception, tokens: int) -> None:
    """The bound is the 4 bytes of [[], ()] as JSON, the template's 512 and max_tokens 50: see `bounds`."""
    purse = Purse(store.path, "run", "main", Budget(tokens=1000))

    async def go() -> None:
        await Metered(Model(said), SPEC, purse).answer(Chat([], generation=SPEC.generation))

    if isinstance(said, Exception):
        with pytest.raises(type(said)):
            asyncio.run(go())
    else:
        asyncio.run(go())
    bound = sum(bounds(SPEC, Chat([], generation=SPEC.generation)))

    assert purse.spent(priced=True).tokens == tokens + (bound - 566 if tokens in (566, 519) else 0)
    purse.close()
    store.close()


def test_what_was_not_answered_for_a_rate_limit_costs_no_money(store: Store) -> None:
    purse = Purse(store.path, "run", "main", Budget(dollars=1.0))

    with pytest.raises(Unavailable):
        asyncio.run(
            Metered(Model(Unavailable("busy", rate_limited=True)), SPEC, purse).answer(
                Chat([], generation=SPEC.generation)
            )
        )

    assert purse.spent(priced=True).dollars == 0
    purse.close()


def test_a_process_waits_for_another_and_not_for_one_that_is_gone(store: Store) -> None:
    one, other = (Purse(store.path, "run", name, Budget(tokens=100)) for name in ("gw0", "gw1"))

    async def go() -> None:
        await one.reserve(Cost(80, 0))
        waits = asyncio.create_task(other.reserve(Cost(50, 0)))
        await asyncio.sleep(0.2)
        assert not waits.done()
        one.settle(Cost(80, 0), Cost(10, 0))
        await waits
        hangs = asyncio.create_task(one.reserve(Cost(60, 0)))
        await asyncio.sleep(0.2)
        assert not hangs.done()
        one.abandon("gw1")
        with pytest.raises(NotAsked, match="budget spent: 60 of 100 tokens, and a request may take 60"):
            await hangs

    asyncio.run(go())

    told = one.spent(priced=False)
    assert (told.tokens, told.dollars, told.ran_out) == (60, None, "tokens")
    one.settle(Cost(10, 0), NOTHING)
    for purse in (one, other):
        purse.close()
    store.close()
