"""A stored run's answers, asked once more: ``run:ID``."""

import json
import sqlite3
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pytest_modeleval.models.spec import ModelSpec
from pytest_modeleval.names import ItemName
from pytest_modeleval.requests import Chat, Embed, LogLikelihood, Message, Paint, Request, Rerank
from pytest_modeleval.sample import Completion, SampleError
from pytest_modeleval.store.blobs import storable
from pytest_modeleval.store.kept import completion_in
from pytest_modeleval.store.messages import read, read_prompt
from pytest_modeleval.store.rows import HIDDEN, UNDER_EVALUATION
from pytest_modeleval.store.schema import connect
from pytest_modeleval.store.store import DATED, Kept

# A sample within its benchmark, and its repeat.
_Key = tuple[str, str, int]


class RunModel:
    """Gives each sample the answer that it got in the run, to the same messages, and none that another got.

    ``spec.model`` is ``ID#NAME``, the whole id and the model's name there; ``spec.args["store"]`` is the store's path.
    A model in a role gives what the one in the same role gave in that run.
    """

    answers: frozenset[type[Request]] = frozenset({Chat, LogLikelihood, Embed, Rerank, Paint})
    concurrency = None

    def __init__(self, spec: ModelSpec) -> None:
        self._run, _, self._model = spec.model.partition("#")
        role, named, _ = spec.name.partition("=run:")
        self._by = f"{role}=" if named else UNDER_EVALUATION
        self._connection = connect(Path(spec.args["store"]))
        self._items: dict[_Key, tuple[str, str, str | None]] = dict(self._scored())

    async def check(self, kind: type[Request]) -> None:
        """Nothing to prove: the run is there."""

    async def close(self) -> None:
        """Close the store."""
        self._connection.close()

    async def answer(self, request: Request) -> Completion:
        """The answer of that run."""
        return (await self.kept(request)).completion

    async def kept(self, request: Request) -> Kept:
        """The answer of that run, as it is kept; `SampleError` where it has none to these messages of this sample."""
        there = f"run {self._run[:8]}"
        names = filter(None, map(ItemName.parse, (request.sample_id, request.numbered)))
        keys = [(name.benchmark, str(name.sample), request.repeat) for name in names]
        found = next((self._items[key] for key in keys if key in self._items), None)
        if found is None:
            raise SampleError(f"{there} has no answer of {self._model} to {request.sample_id}")
        item, sample, completion = found
        if sample.startswith(HIDDEN):
            raise SampleError(f"{there} kept no answer to {request.sample_id}: its questions are protected")
        given = list(self._given(item, sample, completion))
        if not given:
            raise SampleError(f"{there} had no answer to {request.sample_id} either: an error, or not asked")
        alike = [key for messages, key in given if _text(messages) == _text(request.messages)]
        if len(alike) <= request.asked_before:
            raise SampleError(f"{there} asked something else of {request.sample_id}, so that it has no answer to this")
        key = alike[request.asked_before]
        rows = self._rows(f"select completion, created from completions where {DATED} and key = ?", (key,))
        if not rows:
            raise SampleError(
                f"{there} kept no answer to {request.sample_id}: a run with --eval-cache off or read keeps none"
            )
        if (answer := completion_in(rows[0][0])) is None:
            raise SampleError(f"{there}: the answer to {request.sample_id} cannot be read in the store")
        return Kept(answer, rows[0][1], key)

    def _scored(self) -> Iterator[tuple[_Key, tuple[str, str, str | None]]]:
        """The run's items by what they are called whatever the number of models: id, sample's hash, answer's key."""
        rows = self._rows(
            "select item, benchmark, subset, repeat, sample, completion from scores "
            "where run = ? and model = ? and metric = (select min(metric) from scores s where s.run = scores.run "
            "and s.item = scores.item)",
            (self._run, self._model),
        )
        for item, benchmark, subset, repeat, sample, completion in rows:
            if name := ItemName.parse(item, [self._model], subset):
                yield (benchmark, str(name.sample), repeat), (item, sample, completion)

    def _given(self, item: str, sample: str, completion: str | None) -> Iterator[tuple[Sequence[Message], str]]:
        """What was asked for an item of who is asked now, in order, and the keys of the answers."""
        rows = self._rows(
            "select asked, completion, by from answers where run = ? and item = ? order by number", (self._run, item)
        )
        for asked, key, by in rows:
            if by == self._by or (self._by != UNDER_EVALUATION and by.startswith(self._by)):
                yield read(self._connection, asked)[0], key
        if not rows and completion and self._by == UNDER_EVALUATION:
            for before, prompt in self._rows("select before, prompt from samples where hash = ?", (sample,)):
                yield read_prompt(self._connection, before, prompt), completion

    def _rows(self, statement: str, parameters: Sequence[Any]) -> list[Any]:
        try:
            return self._connection.execute(statement, parameters).fetchall()
        except sqlite3.Error as error:
            raise SampleError(f"the store cannot be read: {error}") from None


def _text(messages: Sequence[Message]) -> str:
    """The messages as the store keeps them."""
    return storable(json.dumps(list(messages), ensure_ascii=False, sort_keys=True))
