"""Recorded answers out of files, for scoring what another system produced."""

from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from pytest_modeleval.models.recorded import LAYOUTS, NoLayout, Recorded, files_of, prompt_key, rows_of
from pytest_modeleval.models.spec import ModelSpec
from pytest_modeleval.names import ItemName
from pytest_modeleval.requests import Chat, LogLikelihood, Message, Request
from pytest_modeleval.sample import Completion, LogLikelihoods, SampleError, StopRun, last_question, text_of

# How many wrong lines are told.
_TOLD = 20
# Shorter texts tell no sample from another.
_TELLING = 12


class ReplayModel:
    """Answers by sample or by prompt; the layouts are those of `models.recorded`.

    A row of another program's that names no prompt of ours is taken where its question stands in the prompt, ending
    with a line, and where its row number, if it has one, is the sample's; of two such rows neither.
    """

    answers: frozenset[type[Request]] = frozenset({Chat, LogLikelihood})
    concurrency = None

    def __init__(self, spec: ModelSpec) -> None:
        self._path = Path(spec.model)
        self.rows: list[Recorded] = []
        self._known: dict[tuple[str, int], Recorded] = {}
        self._begins: dict[str, list[tuple[str, Recorded]]] = {}
        self._numbered: dict[int, list[Recorded]] = {}
        wrong: list[str] = []
        for path in files_of(self._path):
            wrong += self._read(path)
        if wrong:
            more = [f"… and {len(wrong) - _TOLD:,} lines more"] if len(wrong) > _TOLD else []
            raise pytest.UsageError("\n".join([*wrong[:_TOLD], *more]))
        if not self.rows:
            raise pytest.UsageError(f"{self._path} has no recorded answers: replay reads {LAYOUTS}")
        prompts = ({line.strip() for line in row.prompt.splitlines()} for row in self.rows if row.prompt)
        lines = Counter(line for each in prompts for line in each)
        # Of several rows: instructions and examples.
        self._shared = {line for line, times in lines.items() if times > 1}

    def _read(self, path: Path) -> Iterator[str]:
        """What is wrong with the rows of a file, the others of which are taken."""
        try:
            for row in rows_of(path):
                error = str(row) if isinstance(row, pytest.UsageError) else self._add(row)
                if error:
                    yield error
        except NoLayout:
            # A folder of results has other files beside.
            if not self._path.is_dir():
                raise pytest.UsageError(f"{path} is none of what replay reads: {LAYOUTS}") from None
        except (OSError, ValueError) as error:
            raise pytest.UsageError(f"cannot read {path}: {error}") from None

    def _add(self, row: Recorded) -> str:
        """Take a row; what is wrong where another answers the same, and otherwise."""
        names = [(row.id, row.repeat)] if row.id else []
        names += [(prompt_key(row.messages), row.repeat)] if row.messages else []
        for name in names:
            if (other := self._known.setdefault(name, row)) is not row:
                if not (row.texts or row.prompt):
                    return f"{row.where} answers what an earlier line answers, {other.where}"
                if other.index != row.index:
                    # Two rows of a dataset that ask the same.
                    continue
                # One for each filter, or a prediction and its review; or those of two models.
                same = other.answer.text == row.answer.text
                return (
                    "" if same else f"{row.where} answers what {other.where} answers, and otherwise: name one of both"
                )
        for other in self._numbered.get(row.index, ()) if row.weights and row.index is not None else ():
            if [each[:2] for each in other.weights] == [each[:2] for each in row.weights]:
                # As above.
                same = other.weights == row.weights
                return "" if same else f"{row.where} weighs what {other.where} weighs, and otherwise: name one of both"
        self.rows.append(row)
        for text in dict.fromkeys(text.strip() for text in row.texts):
            if len(text) >= _TELLING:
                self._begins.setdefault(text[:_TELLING], []).append((text, row))
        if row.prompt and row.index is not None:
            self._numbered.setdefault(row.index, []).append(row)
        return ""

    async def check(self, kind: type[Request]) -> None:
        """Nothing to prove: the files were read."""

    async def close(self) -> None:
        """Nothing to let go of."""

    async def answer(self, request: Request) -> Completion:
        """The recorded answer to this sample, or to these messages."""
        row = self.find(request.sample_id, request.messages, request.repeat, request.numbered)
        if row is None:
            asked = text_of(request.messages[-1])[:80]
            raise SampleError(f"{self._path} has no answer to {request.sample_id}: {asked!r}")
        if row.error:
            raise SampleError(f"{row.where} has an error in place of an answer to {request.sample_id}: {row.error}")
        return self._weighed(row, request)

    def find(self, sample: str, messages: Sequence[Message], repeat: int, numbered: str = "") -> Recorded | None:
        """The row that answers a sample, by its id, its prompt, or its question; None where none does, or several.

        ``numbered`` is what the sample is called by its row, where it has an id: as it was when that was not its name.
        """
        names = [(name, number) for name in (sample, numbered) for number in (0, repeat) if name]
        for key in (*names, (prompt_key(messages), repeat)):
            if key in self._known:
                return self._known[key]
        name = ItemName.parse(numbered or sample)
        found = {id(row): row for row in self._alike(last_question(messages), name.sample.row if name else None)}
        fitting = [row for row in found.values() if row.weights or row.repeat == repeat]
        return fitting[0] if len(fitting) == 1 else None

    def _alike(self, asked: str, number: int | None) -> Iterator[Recorded]:
        """The rows whose question this prompt asks."""
        for at in range(len(asked) if self._begins else 0):
            for text, row in self._begins.get(asked[at : at + _TELLING], ()):
                ends = asked[at + len(text) :].lstrip(" ")[:1] in ("", "\n", "\r")
                if asked.startswith(text, at) and ends and row.index in (None, number):
                    yield row
        for row in self._numbered.get(-1 if number is None else number, ()):
            if row.weights:
                if _ends_alike(asked, row.prompt):
                    yield row
                continue
            theirs = self._telling(row.prompt)
            if any(one.endswith(two) or two.endswith(one) for one in self._telling(asked) for two in theirs):
                yield row

    def _telling(self, prompt: str) -> list[str]:
        """The lines of a prompt that can tell whose it is; ``Question: …`` may stand before the question."""
        lines = (line.strip() for line in prompt.splitlines())
        return [line for line in lines if len(line) >= _TELLING and line not in self._shared]

    def _weighed(self, row: Recorded, request: Request) -> Completion:
        """The row's answer, to a request for log-likelihoods those of its own pairs."""
        if not isinstance(request, LogLikelihood):
            if row.weights:
                raise StopRun(f"{row.where} has no text: judge its options with --eval-set run.choices=loglikelihood")
            return row.answer
        if row.weights:
            found = [
                [
                    logprob
                    for context, continuation, logprob in row.weights
                    if _ends_alike(whole, context + continuation)
                ]
                for whole in map("".join, request.pairs)
            ]
            if any(len(logprobs) != 1 for logprobs in found):
                raise SampleError(f"{row.where} weighs other options than {request.sample_id} has")
            return LogLikelihoods(choice_logprobs=[logprob for (logprob,) in found])
        if not isinstance(row.answer, LogLikelihoods):
            raise StopRun(
                f"{self._path} answers {request.sample_id} without choice_logprobs; score its texts with "
                "--eval-set run.choices=generate"
            )
        return row.answer


def _ends_alike(one: str, two: str) -> bool:
    """Whether one of two texts stands at the end of the other, which has its examples before it; spaces are alike."""
    shorter, longer = sorted((" ".join(one.split()), " ".join(two.split())), key=len)
    return len(shorter) >= _TELLING and f" {longer}".endswith(f" {shorter}")
