"""Recorded answers out of files, for scoring what another system produced."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from pytest_modeleval.calls import answer_message
from pytest_modeleval.models.recorded import (
    LAYOUTS,
    TELLING,
    NoLayout,
    Recorded,
    files_of,
    prompt_key,
    rows_of,
    stands_in,
)
from pytest_modeleval.models.spec import ModelSpec
from pytest_modeleval.names import ItemName
from pytest_modeleval.requests import Chat, LogLikelihood, Message, Request
from pytest_modeleval.sample import Completion, LogLikelihoods, SampleError, StopRun, last_question, text_of

# How many wrong lines are told.
_TOLD = 20
# An option and its letter, as prompts of several programs have them.
_OPTION = re.compile(r"^[ \t]*\(?([A-Z])[).．、][ \t]*(\S.*)$", re.MULTILINE)


class ReplayModel:
    """Answers by sample or by prompt; the layouts are those of `models.recorded`.

    A row of another program's that names no prompt of ours is taken where its question stands in the prompt, ending
    with a line, where its row number, if it has one, is the sample's, and where the options of both have the same
    letters; of two such rows neither.
    """

    answers: frozenset[type[Request]] = frozenset({Chat, LogLikelihood})
    concurrency = None

    def __init__(self, spec: ModelSpec) -> None:
        self._path = Path(spec.model)
        self.rows: list[Recorded] = []
        self._known: dict[tuple[str, int], list[Recorded]] = {}
        self._begins: dict[str, list[Recorded]] = {}
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
        for other in (other for name in names for other in self._known.get(name, ())):
            if not (row.texts or row.prompt):
                return f"{row.where} answers what an earlier line answers, {other.where}"
            if (other.index, other.theirs) != (row.index, row.theirs):
                # Two rows of a dataset that ask the same.
                continue
            # One for each filter, or a prediction and its review; or those of two models.
            same = other.answer.text == row.answer.text
            return "" if same else f"{row.where} answers what {other.where} answers, and otherwise: name one of both"
        for other in self._numbered.get(row.index, ()) if row.weights and row.index is not None else ():
            if [each[:2] for each in other.weights] == [each[:2] for each in row.weights]:
                # As above.
                same = other.weights == row.weights
                return "" if same else f"{row.where} weighs what {other.where} weighs, and otherwise: name one of both"
        self.rows.append(row)
        for name in names:
            self._known.setdefault(name, []).append(row)
        if longest := max(row.texts, key=len, default=""):
            self._begins.setdefault(longest[:TELLING], []).append(row)
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
            asked, turn = text_of(request.messages[-1])[:80], request.messages[-1]["role"]
            result = (
                f" after the result {asked!r}: give its line the messages so far" if turn == "tool" else f": {asked!r}"
            )
            raise SampleError(f"{self._path} has no answer to {request.sample_id}{result}")
        if row.error:
            raise SampleError(f"{row.where} has an error in place of an answer to {request.sample_id}: {row.error}")
        return self._weighed(row, request)

    def find(self, sample: str, messages: Sequence[Message], repeat: int, numbered: str = "") -> Recorded | None:
        """The row that answers a sample, by its id, its prompt, or its question; None where none does, or several.

        ``numbered`` is what the sample is called by its row, where it has an id: as it was when that was not its name.
        """
        names = [(name, number) for name in (sample, numbered) for number in (0, repeat) if name]
        for key in names:
            # An answer by its id is the first in a conversation, which would not end if it called the same again.
            if key in self._known and not _called_before(self._known[key][0].answer, messages):
                return self._known[key][0]
        name = ItemName.parse(numbered or sample)
        number = name.sample.row if name else None
        asking = self._known.get((prompt_key(messages), repeat), [])
        if not asking:
            alike = {id(row): row for row in self._alike(last_question(messages), number)}
            fitting = [
                row
                for row in alike.values()
                if row.weights or (row.repeat == repeat and _has_options_of(row, last_question(messages)))
            ]
        else:
            fitting = asking if len(asking) == 1 else [row for row in asking if row.index == number]
        return fitting[0] if len(fitting) == 1 else None

    def _alike(self, asked: str, number: int | None) -> Iterator[Recorded]:
        """The rows whose question this prompt asks."""
        begun = (row for at in range(len(asked)) for row in self._begins.get(asked[at : at + TELLING], ()))
        for row in begun if self._begins else ():
            if row.index in (None, number) and all(stands_in(asked, text) for text in row.texts):
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
        return [line for line in lines if len(line) >= TELLING and line not in self._shared]

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


def _called_before(answer: Completion, messages: Sequence[Message]) -> bool:
    """Whether what an answer calls was called in this conversation already."""
    calls = answer_message(answer).get("tool_calls")
    return bool(calls) and any(each.get("tool_calls") == calls for each in messages)


def _has_options_of(row: Recorded, asked: str) -> bool:
    """Whether a row's options have the letters of those that are asked: of shuffled ones a letter is another's."""
    theirs, ours = _options(row.prompt or last_question(row.messages)), _options(asked)
    return all(theirs[letter] == ours[letter] for letter in theirs.keys() & ours.keys())


def _options(prompt: str) -> dict[str, str]:
    """The last options of a prompt by their letters, of which there are A and B at least."""
    found: dict[str, str] = {}
    options: dict[str, str] = {}
    for letter, text in _OPTION.findall(prompt):
        if letter == "A":
            options = {}
        if letter == chr(ord("A") + len(options)):
            options[letter] = " ".join(text.split())
        found = options if len(options) > 1 else found
    return found


def _ends_alike(one: str, two: str) -> bool:
    """Whether one of two texts stands at the end of the other, which has its examples before it; spaces are alike."""
    shorter, longer = sorted((" ".join(one.split()), " ".join(two.split())), key=len)
    return len(shorter) >= TELLING and f" {longer}".endswith(f" {shorter}")
