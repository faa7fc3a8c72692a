"""Recorded answers out of a jsonl file, for scoring what another system produced."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from pytest_modeleval.inputs import from_json, numbered_lines
from pytest_modeleval.models.spec import ModelSpec
from pytest_modeleval.models.thinking import split_thinking
from pytest_modeleval.requests import Chat, LogLikelihood, Message, Request
from pytest_modeleval.sample import Completion, LogLikelihoods, SampleError, StopRun, text_of
from pytest_modeleval.store.kept import completion_of

# Further fields are whoever's that wrote the file.
_ANSWER_FIELDS = set(LogLikelihoods.__match_args__)
# How many wrong lines are told.
_TOLD = 20


class ReplayModel:
    """Answers by sample or by prompt.

    Each line is an object with the answer in ``text`` and with ``id`` (``gsm8k[main-00042]``, as pytest shows it), or
    ``prompt``, or ``messages``; ``repeat`` (0-based) and any field of `Completion` are optional. An answer by
    log-likelihood has ``choice_logprobs`` and needs no ``text``.
    """

    answers: frozenset[type[Request]] = frozenset({Chat, LogLikelihood})
    concurrency = None

    def __init__(self, spec: ModelSpec) -> None:
        self._path = Path(spec.model)
        self._answers: dict[tuple[str, int], Completion] = {}
        wrong: list[str] = []
        try:
            for number, line in numbered_lines(self._path):
                try:
                    self._add(line, f"{self._path}:{number}")
                except pytest.UsageError as error:
                    wrong.append(str(error))
        except (OSError, ValueError) as error:
            raise pytest.UsageError(f"cannot read {self._path}: {error}") from None
        if wrong:
            more = [f"… and {len(wrong) - _TOLD:,} lines more"] if len(wrong) > _TOLD else []
            raise pytest.UsageError("\n".join([*wrong[:_TOLD], *more]))

    async def check(self, kind: type[Request]) -> None:
        """Nothing to prove: the file was read."""

    async def close(self) -> None:
        """Nothing to let go of."""

    async def answer(self, request: Request) -> Completion:
        """The recorded answer to this sample, or to these messages."""
        for key in ((request.sample_id, 0), (_prompt_key(request.messages), request.repeat)):
            if key in self._answers:
                return self._weighed(self._answers[key], request)
        raise SampleError(f"{self._path} has no answer to {request.sample_id}: {text_of(request.messages[-1])[:80]!r}")

    def _weighed(self, answer: Completion, request: Request) -> Completion:
        if isinstance(request, LogLikelihood) and not isinstance(answer, LogLikelihoods):
            raise StopRun(
                f"{self._path} answers {request.sample_id} without choice_logprobs; score its texts with "
                "--eval-set run.choices=generate"
            )
        return answer

    def _add(self, line: str, where: str) -> None:
        try:
            record: Any = from_json(line)
        except ValueError as error:
            raise pytest.UsageError(f"{where} is not JSON: {error}") from None
        record = {"text": "", **record} if isinstance(record, Mapping) and "choice_logprobs" in record else record
        if not isinstance(record, Mapping) or not isinstance(record.get("text"), str):
            raise pytest.UsageError(f'{where} needs the answer as a string in "text"')
        logprobs = record.get("choice_logprobs", [])
        if not isinstance(logprobs, list) or not all(type(logprob) in (int, float) for logprob in logprobs):
            raise pytest.UsageError(f"{where}: choice_logprobs is a list of numbers, not {logprobs!r}")
        if "id" in record:
            key = str(record["id"]), 0
        elif messages := record.get("messages") or record.get("prompt"):
            if isinstance(messages, str):
                messages = [{"role": "user", "content": messages}]
            key = _prompt_key(messages), int(record.get("repeat", 0))
        else:
            raise pytest.UsageError(f'{where} needs "id", "prompt" or "messages" to tell what it answers')
        if key in self._answers:
            raise pytest.UsageError(f"{where} answers what an earlier line answers")
        answer = {name: value for name, value in record.items() if name in _ANSWER_FIELDS}
        if "thinking" not in answer:
            answer["thinking"], answer["text"] = split_thinking(answer["text"])
        self._answers[key] = completion_of(answer)


def _prompt_key(messages: Sequence[Message]) -> str:
    kept = [[message.get("role"), message.get("content")] for message in messages]
    return json.dumps(kept, sort_keys=True, ensure_ascii=False)
