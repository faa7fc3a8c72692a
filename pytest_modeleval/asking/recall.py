"""Which stored answers of a model may serve a run, and under what its new ones are stored."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from pytest_modeleval.asking.fitting import fits
from pytest_modeleval.models.identity import Identity
from pytest_modeleval.models.spec import ModelSpec
from pytest_modeleval.options.parsers import Cache
from pytest_modeleval.requests import Request
from pytest_modeleval.sample import Completion, SampleError
from pytest_modeleval.store.addresses import digested
from pytest_modeleval.store.store import Kept, Question, Store, keys_of


@dataclass(frozen=True)
class Rules:
    """What stored answers may serve a run.

    One that is ``judged`` takes its own alone, and those of the interrupted run that it takes up, kept after ``since``
    in seconds since the epoch.
    """

    cache: Cache
    run: str
    judged: bool
    since: float


class Recall:
    """The stored answers of one model, as far as the rules let them serve."""

    def __init__(self, store: Store, rules: Rules, spec: ModelSpec, who: Identity) -> None:
        self.store, self.rules, self.who = store, rules, who
        self._spec, self._hash_of_who = spec, who.hash
        # The questions with half of a surrogate pair, which nobody can be sent.
        self._halved: set[str] = set()
        store.write("insert or ignore into models values (?, ?, ?)", [(self._hash_of_who, who.model, who.place)])

    def question(self, request: Request) -> Question:
        """What a new answer to the request is stored under: all that shapes it, and who gives it."""
        # Recorded answers differ by sample where the prompts of two are the same.
        recorded = [request.sample_id] if self._spec.way.is_recorded else []
        # An answer that no other run is to be served is stored as one to a question of this run alone.
        alone = [self.rules.run] if request.anew else []
        text = _text([*request.shape, *recorded, *alone])
        question = Question(_hash(text)[:32], self._hash_of_who, self.rules.run)
        # Told here, as a long conversation would have to be written once more for it.
        if not _is_whole(text):
            self._halved.add(question.asked)
        return question

    def is_halved(self, question: Question) -> bool:
        """Whether something that is asked is no text, as it has half of a surrogate pair."""
        return question.asked in self._halved

    def kept(self, question: Question, request: Request) -> Kept | None:
        """The stored answer that serves; None where the model is to be asked."""
        if not self.rules.cache.reads:
            return None
        kept = self.store.answer(question.asked, question.who, question.run if self.rules.judged else None)
        if kept is None and self.rules.cache is Cache.ANY and not self._spec.way.is_recorded:
            key = self._elsewhere(question) or _hash(self._first_identity + _text(request.shape))
            kept = self.store.completion(key)
        return kept if kept and fits(request, kept.completion) else None

    def interrupted(self, question: Question) -> Kept | None:
        """The answer of the interrupted run that this one takes up; None where there is none."""
        if not (self.rules.judged and self.rules.cache.reads):
            return None
        runs = taken_up(self.store, question.run, question.who)
        found = (self.store.answer(question.asked, question.who, run) for run in runs)
        kept = next(filter(None, found), None)
        return kept if kept and kept.created >= self.rules.since else None

    def keep(self, question: Question, completion: Completion) -> str:
        """Store a new answer, if new ones are stored; the key that it has."""
        if self.rules.cache.writes:
            return self.store.save_completion(question, self._spec.name, completion)
        return question.key

    def no_answer(self, question: Question) -> SampleError:
        """What to raise where only stored answers are wanted and none serves."""
        elsewhere = (
            "; one of another address is stored, which --eval-cache any uses" if self._elsewhere(question) else ""
        )
        return SampleError(f"no stored answer, and --eval-cache only asks for no new one{elsewhere}")

    def _elsewhere(self, question: Question) -> str | None:
        """The key of the newest answer of a model of the same name, wherever it is."""
        rows = self.store.rows(
            "select key from completions join models using (who) where key between ? and ? and models.model = ? "
            "order by created desc limit 1",
            (*keys_of(question.asked), self.who.model),
        )
        return str(rows[0][0]) if rows and self.who.model else None

    @cached_property
    def _first_identity(self) -> str:
        """How a store of version 0.1 knew the model: by its name, a local one by its files' names, sizes and times."""
        identity: dict[str, Any] = {"api": self._spec.api, "model": self._spec.model, "args": dict(self._spec.args)}
        if self._spec.way.is_local and (path := Path(self._spec.model)).exists():
            files = sorted(each for each in path.rglob("*") if each.is_file())
            stamps = [(each.name, each.stat().st_size, each.stat().st_mtime_ns) for each in files]
            identity["files"] = hashlib.sha256(repr(stamps).encode()).hexdigest()
        return json.dumps(identity, sort_keys=True)


def taken_up(store: Store, run: str, who: str = "") -> list[str]:
    """The interrupted run that a run takes up, and what that one took up in turn, newest first.

    Up to the first that found another model there than ``who`` it was before.
    """
    rows = store.rows(
        "with recursive chain(id, resumes, number) as ("
        "select id, resumes, 0 from runs where id = ?1 union all "
        "select runs.id, runs.resumes, number + 1 from chain join runs on runs.id = chain.resumes "
        "where not exists (select 1 from refusals where run = chain.id and who = ?2)) "
        "select id from chain where number > 0 order by number",
        (run, who),
    )
    return [each for (each,) in rows]


# `json.dumps` would make an encoder for every question.
_json = json.JSONEncoder(sort_keys=True, ensure_ascii=False).encode


def _text(shape: Sequence[Any]) -> str:
    return _json(digested(shape))


def _is_whole(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
