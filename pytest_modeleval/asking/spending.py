"""A run's budget while it is spent: reserved in the run store before a request is sent, settled after the answer."""

import asyncio
import json
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from math import ceil
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from pytest_modeleval.models import Model, Unavailable
from pytest_modeleval.models.spec import ModelSpec
from pytest_modeleval.options.budget import Budget
from pytest_modeleval.requests import Chat, Embed, LogLikelihood, Paint, Request, Rerank
from pytest_modeleval.sample import Completion, NotAsked, SampleError, StopRun

# Seconds after the deadline in which requests in flight may still be answered.
GRACE = 30.0
# Seconds between two looks at whether other processes' reservations were settled lower.
_PAUSE = 0.05
# Tokens that a chat template may add to the messages: role marks, and a default system prompt of a few hundred.
TEMPLATE = 512
# Dollars are counted in whole 10⁻¹², so that no sum of them is off: a price of $0.15 a million is 150,000 a token.
_PICO = 10**12
_SCHEMA = """
create table if not exists spending (
    run text not null, owner text not null, tokens integer not null, picodollars integer not null,
    in_flight integer not null, ran_out text, primary key (run, owner)
) without rowid
"""


class Cost(NamedTuple):
    """What a request costs, or may cost at most."""

    tokens: int
    picodollars: int


NOTHING = Cost(0, 0)


@dataclass(frozen=True)
class Spent:
    """What a run has spent of what; ``dollars`` is None without prices, ``ran_out`` names the cap that was met."""

    budget: Budget
    tokens: int
    dollars: float | None
    seconds: float
    ran_out: str | None


def refuse_unbounded(models: Iterable[ModelSpec], budget: Budget) -> None:
    """`pytest.UsageError` for a model whose requests could cost any amount, or an unknown one."""
    if budget.tokens is None and budget.dollars is None:
        return
    for spec in models:
        if spec.way.is_recorded:
            continue
        if budget.dollars is not None and not spec.price:
            raise pytest.UsageError(
                f"--eval-budget caps money, and the price of {spec.name!r} is not known: give its alias "
                "price = { input = 0.15, output = 0.60 }, in dollars per million tokens"
            )
        if most_completion_tokens(spec, spec.generation) is None:
            raise pytest.UsageError(
                f"--eval-budget caps tokens or money, and an answer of {spec.name!r} may be of any length: set "
                "max_tokens in its alias, generation = { max_tokens = 2048 }, or for the models under evaluation, and "
                "none in a role, with --eval-generation max_tokens=2048"
            )


def most_completion_tokens(spec: ModelSpec, generation: Mapping[str, Any]) -> int | None:
    """The most tokens that an answer may have by the generation settings; None when they do not say."""
    settings = dict(generation)
    extra = settings.get("extra_body")
    settings |= extra if isinstance(extra, dict) else {}
    found = [settings[key] for key in ("max_tokens", "max_completion_tokens") if settings.get(key) is not None]
    for value in found:
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            raise pytest.UsageError(f"max_tokens of {spec.name!r} is a whole number of at least 1, not {value!r}")
    return max(found, default=None)


def cost(spec: ModelSpec, prompt_tokens: int, completion_tokens: int) -> Cost:
    """The cost of so many tokens; no money where the model has no price."""
    dollars = 0
    if spec.price:
        # Dollars per million tokens are 10⁶ of 10⁻¹² dollars a token.
        dollars = prompt_tokens * _pico(spec.price["input"]) + completion_tokens * _pico(spec.price["output"])
    return Cost(prompt_tokens + completion_tokens, dollars)


def dollars(spec: ModelSpec, prompt_tokens: int, completion_tokens: int) -> float:
    """The money for so many tokens; 0 where the model has no price."""
    return cost(spec, prompt_tokens, completion_tokens).picodollars / _PICO


def _pico(per_million: float) -> int:
    return ceil(round(per_million * 1e6, 3))


def bounds(spec: ModelSpec, request: Request) -> tuple[int, int]:
    """The most prompt and completion tokens of a request: no token is shorter than a byte of UTF-8."""
    match request:
        case Chat():
            most = most_completion_tokens(spec, request.generation)
            if most is None:
                raise SampleError("a request without max_tokens cannot be held to --eval-budget")
            return prompt_bytes(request) + TEMPLATE, most
        case LogLikelihood(pairs=pairs):
            # Each context is echoed alone and with its continuation, with one token after it, by `models.echo`.
            texts = [text for context, continuation in pairs for text in (context, context + continuation)]
            return sum(_bytes(text) + 1 for text in texts), len(texts)
        case Embed(texts=texts):
            return sum(_bytes(text) + TEMPLATE for text in texts), 0
        case Rerank(query=query, documents=documents):
            # The query is read anew with every document.
            return sum(_bytes(query) + _bytes(document) + TEMPLATE for document in documents), 0
        case Paint():
            raise StopRun("nobody can tell what a picture may cost: --eval-budget TIME alone holds image generation")


def prompt_bytes(request: Request) -> int:
    """The length of what is asked, with a chat's tools."""
    tools = request.tools if isinstance(request, Chat) else ()
    return _bytes(json.dumps([request.messages, tools], ensure_ascii=False))


def _bytes(text: str) -> int:
    return len(text.encode("utf-8", "surrogatepass"))


class Purse:
    """One process's hand in the run's budget. Lives on the engine's loop; `spent` may be asked from elsewhere."""

    def __init__(self, path: Path, run: str, owner: str, budget: Budget) -> None:
        self._run, self._owner, self._budget = run, owner, budget
        self._over: str | None = None
        self._first_come = asyncio.Lock()
        self._settled = asyncio.Event()
        self._one_thread = threading.Lock()
        self._connection = sqlite3.connect(path, timeout=60, isolation_level=None, check_same_thread=False)
        self._connection.execute("pragma synchronous = normal")
        with self._transaction() as execute:
            execute(_SCHEMA)
            execute("insert or ignore into spending values (?, ?, 0, 0, 0, null)", (run, owner))
            (self._started,) = execute("select started from runs where id = ?", (run,)).fetchone()

    @property
    def caps_cost(self) -> bool:
        """Whether anything but time has a cap."""
        return self._budget.tokens is not None or self._budget.dollars is not None

    @property
    def seconds_left(self) -> float | None:
        """Seconds until requests in flight are given up; None without a cap on time."""
        cap = self._budget.seconds
        return None if cap is None else max(0.0, self._started + cap + GRACE - time.time())

    async def reserve(self, bound: Cost) -> None:
        """Set the most that a request may cost aside; `NotAsked` when it can fit no more.

        Waits, in the order of asking, while a request of any process is in flight, as it may cost less than its bound.
        """
        async with self._first_come:
            while not self._fits(bound):
                self._settled.clear()
                with suppress(TimeoutError):
                    await asyncio.wait_for(self._settled.wait(), _PAUSE)

    def settle(self, bound: Cost, used: Cost | None) -> None:
        """Replace a reservation by what was used; it stays where that is not known."""
        used = bound if used is None else used
        self._settled.set()
        with self._transaction() as execute:
            execute(
                "update spending set tokens = tokens + ?, picodollars = picodollars + ?, in_flight = in_flight - 1 "
                "where run = ? and owner = ?",
                (used.tokens - bound.tokens, used.picodollars - bound.picodollars, self._run, self._owner),
            )

    def abandon(self, owner: str) -> None:
        """Wait no more for what a process that is gone had in flight; its reservations stay."""
        with self._transaction() as execute:
            execute("update spending set in_flight = 0 where run = ? and owner = ?", (self._run, owner))

    def spent(self, *, priced: bool) -> Spent:
        """What all processes have spent until now; reservations that were not settled count as spent."""
        with self._transaction() as execute:
            tokens, dollars, ran_out = execute(
                "select sum(tokens), sum(picodollars), max(ran_out) from spending where run = ?", (self._run,)
            ).fetchone()
        seconds = time.time() - self._started
        return Spent(self._budget, tokens, dollars / _PICO if priced else None, seconds, ran_out)

    def run_out_of_time(self) -> NotAsked:
        """Note that the time is over; what to raise for a sample that it leaves unasked."""
        return self._run_out("seconds", f"the {self._budget.seconds:g} s are over")

    def close(self) -> None:
        """Let go of the store; nobody waits for what this process had in flight."""
        self.abandon(self._owner)
        self._connection.close()

    def _fits(self, bound: Cost) -> bool:
        """Reserve if there is room; `NotAsked` when there is none and none can come."""
        if self._over is not None:
            raise NotAsked(self._over)
        if self._budget.seconds is not None and time.time() >= self._started + self._budget.seconds:
            raise self.run_out_of_time()
        with self._transaction() as execute:
            tokens, dollars, in_flight = execute(
                "select sum(tokens), sum(picodollars), sum(in_flight) from spending where run = ?", (self._run,)
            ).fetchone()
            short = self._short(Cost(tokens, dollars), bound)
            if short is None:
                execute(
                    "update spending set tokens = tokens + ?, picodollars = picodollars + ?, "
                    "in_flight = in_flight + 1 where run = ? and owner = ?",
                    (*bound, self._run, self._owner),
                )
        if short is not None and not in_flight:
            raise self._run_out(*short)
        return short is None

    def _short(self, spent: Cost, bound: Cost) -> tuple[str, str] | None:
        """The cap that the request would break, and how; None when it fits."""
        tokens, dollars = self._budget.tokens, self._budget.dollars
        if tokens is not None and spent.tokens + bound.tokens > tokens:
            return "tokens", f"{spent.tokens:,} of {tokens:,} tokens, and a request may take {bound.tokens:,}"
        if dollars is not None and spent.picodollars + bound.picodollars > round(dollars * _PICO):
            one, other = spent.picodollars / _PICO, bound.picodollars / _PICO
            return "dollars", f"${one:.6g} of ${dollars:g}, and a request may take ${other:.6g}"
        return None

    def _run_out(self, what: str, why: str) -> NotAsked:
        self._over = f"budget spent: {why}"
        with self._transaction() as execute:
            execute("update spending set ran_out = ? where run = ? and owner = ?", (what, self._run, self._owner))
        return NotAsked(self._over)

    @contextmanager
    def _transaction(self) -> Iterator[Callable[..., sqlite3.Cursor]]:
        try:
            with self._one_thread, self._connection as connection:
                connection.execute("begin immediate")
                yield connection.execute
        except sqlite3.Error as error:
            raise StopRun(f"cannot keep account of --eval-budget in the run store: {error}") from None


class Metered:
    """A model whose every request is paid out of a purse."""

    def __init__(self, model: Model, spec: ModelSpec, purse: Purse) -> None:
        self._model, self._spec, self._purse = model, spec, purse

    @property
    def answers(self) -> frozenset[type[Request]]:
        """The model's own."""
        return self._model.answers

    @property
    def concurrency(self) -> int | None:
        """The model's own."""
        return self._model.concurrency

    @property
    def said(self) -> Mapping[str, Any] | None:
        """What the model's server says of itself."""
        return getattr(self._model, "said", {})

    async def describe(self) -> Mapping[str, Any] | None:
        """The same by now, which costs nothing."""
        describe = getattr(self._model, "describe", None)
        return await describe() if describe else None

    async def check(self, kind: type[Request]) -> None:
        """The model's own check, which may ask for one token."""
        bound = cost(self._spec, TEMPLATE, 1)
        await self._purse.reserve(bound)
        try:
            await self._model.check(kind)
        finally:
            self._purse.settle(bound, None if getattr(self._model, "probed", False) else NOTHING)

    async def answer(self, request: Request) -> Completion:
        """The answer; `NotAsked` when the budget is spent, or the time was over before it came."""
        prompt, completion = bounds(self._spec, request) if self._purse.caps_cost else (0, 0)
        bound = cost(self._spec, prompt, completion)
        await self._purse.reserve(bound)
        used: Cost | None = None
        try:
            async with asyncio.timeout(self._purse.seconds_left) as patience:
                answer = await self._model.answer(request)
            used = cost(
                self._spec,
                prompt if answer.prompt_tokens is None else answer.prompt_tokens,
                completion if answer.completion_tokens is None else answer.completion_tokens,
            )
            return answer
        except Unavailable as error:
            # A rate limit is no answer. What a time-out or a broken stream has cost nobody knows.
            used = NOTHING if error.rate_limited else None
            raise
        except TimeoutError:
            if patience.expired():
                raise self._purse.run_out_of_time() from None
            raise
        finally:
            self._purse.settle(bound, used)

    async def close(self) -> None:
        """Close the model."""
        await self._model.close()
