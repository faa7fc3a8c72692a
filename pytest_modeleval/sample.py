"""The words everything else shares: sample, completion, score and the errors of one sample."""

import base64
import re
import sys
from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from math import isfinite
from numbers import Real
from string import ascii_uppercase
from typing import Any, Protocol

from pytest_modeleval.calls import ToolCall, calls_of
from pytest_modeleval.foreign import whole_json, with_whole_pairs
from pytest_modeleval.requests import Json as Json
from pytest_modeleval.requests import Message as Message
from pytest_modeleval.requests import NotChat
from pytest_modeleval.statistics.scale import BETTER, LARGEST, PLAIN, Scale


class SampleError(Exception):
    """This sample has no verdict: no answer, or data that cannot be read. Never a wrong answer."""


class Filtered(SampleError):
    """A content filter of the server's kept the answer back."""


class Refused(SampleError):
    """The server refuses this request, and would again: the prompt is too long, or it lacks what is asked for."""


class JudgeError(SampleError):
    """A scorer that asks a judge got no verdict on this sample's answer."""


class NotAsked(SampleError):
    """This sample is left out, with the reason: it is unscored and no error."""


class NotScored(AssertionError):
    """The model's answer has no value by the benchmark's rule: it is wrong, and in no mean of "main"."""


class Crashed(SampleError):
    """A benchmark's own code raised something else while it ran ahead: the cause, which is shown as in any test."""

    @classmethod
    def of(cls, cause: BaseException) -> "Crashed":
        """The error for a sample whose benchmark raised this."""
        crashed = cls(f"{type(cause).__name__}: {cause}")
        crashed.__cause__ = cause
        return crashed


class StopRun(Exception):
    """Nothing more can be asked in this run (bad key, unknown model, full disk); one line says why."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One question of a benchmark: what is asked and what a right answer is.

    ``prompt`` is a text (one user message), a sequence of OpenAI-style chat messages, the fields that fill the
    benchmark's prompt template, or a request of another kind, such as ``Embed(texts)``. ``options`` are those of a
    multiple-choice question, whose ``target`` is a letter, or all the right ones. ``system`` is its own system prompt.
    ``solution`` is what a solved example shows (default: the target, after ``ANSWER:`` where there are options).
    ``further`` texts are weighed with the options where those are chosen by log-likelihood. ``axes`` is where the
    sample stands among others, ``{"length": 4000, "depth": 25}``: what reports show and group by. ``question`` is what
    they show as asked, without what all samples are told (default: what fills the benchmark's template, or the last
    message). ``pictures`` stand where the text says ``<image 1>``, and those that it does not name before it: the bytes
    of each, ``{"bytes": …}`` as parquet has it, base64, or a ``data:`` address. ``metadata`` is whatever else the test
    wants to know, such as the list that a program is to give. Raises `SampleError` where the target is no text or no
    option's letter, and for axes that are no names with texts or numbers.
    """

    prompt: str | Sequence[Message] | Json | NotChat
    target: str
    options: Sequence[str] = ()
    system: str | None = None
    solution: str = ""
    tools: Sequence[Json] = ()
    metadata: Json = field(default_factory=dict)
    further: Sequence[str] = ()
    axes: Mapping[str, str | int | float] = field(default_factory=dict)
    question: str = ""
    pictures: Sequence[Any] = ()

    def __post_init__(self) -> None:
        if not isinstance(self.target, str):
            raise SampleError(
                f"a sample's target is a text, not {_briefly(self.target)}: give str(…) of it, and the value itself as "
                "metadata, Sample(…, metadata={'value': …})"
            )
        if self.axes:
            _refuse_other_axes(self.axes)
        letters = ascii_uppercase[: len(self.options)]
        if self.options and not (self.target and set(self.target) <= set(letters)):
            raise SampleError(f"the target {self.target!r} is no letter of {letters[0]} to {letters[-1]}")

    @property
    def messages(self) -> list[Message]:
        """The prompt as chat messages."""
        if isinstance(self.prompt, str):
            return [{"role": "user", "content": self.prompt}]
        if isinstance(self.prompt, Mapping):
            raise SampleError(f"these fields need a prompt template, @benchmark(…, prompt=…): {', '.join(self.prompt)}")
        return list(self.prompt.messages if isinstance(self.prompt, NotChat) else self.prompt)

    @property
    def shown_solution(self) -> str:
        """What the sample says as a solved example."""
        return self.solution or (f"ANSWER: {self.target}" if self.options else self.target)

    @property
    def asked(self) -> str:
        """The sample's own question, or the text of the last user message, for people to read."""
        return self.question or last_question(self.messages)


def last_question(messages: Sequence[Message]) -> str:
    """The text of the last user message; empty where there is none."""
    return next((text_of(message) for message in reversed(messages) if message.get("role") == "user"), "")


def _briefly(value: object) -> str:
    written = repr(value)
    return f"the {type(value).__name__} {written if len(written) <= 40 else f'{written[:39]}…'}"


def _refuse_other_axes(axes: Any) -> None:
    """`SampleError` unless they are names with texts or finite numbers."""
    if not isinstance(axes, Mapping):
        raise SampleError(f'a sample\'s axes are names with values, such as {{"length": 4000}}, not {axes!r}')
    for name, value in axes.items():
        is_number = isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)
        # SQLite's JSON ends a name at a NUL.
        is_name = isinstance(name, str) and name and "\0" not in name
        if not (is_name and (is_number or isinstance(value, str))):
            raise SampleError(f"a sample's axis is a name with a text or a number, not {name!r}: {value!r}")


def label_in(label: object, allowed: range) -> int:
    """A row's label as a number; `SampleError` for one beyond what is allowed.

    Hubs mark a row without a label by -1 or an empty text; as an index -1 would be the last option.
    """
    written = str(label).strip()
    if not re.fullmatch(r"-?\d{1,9}(?:\.0)?", written, re.ASCII) or int(float(written)) not in allowed:
        raise SampleError(f"the label {label!r} is no number of {allowed[0]} to {allowed[-1]}")
    return int(float(written))


def text_of(message: Message) -> str:
    """The text in a message whose content is a string or a list of content parts."""
    content = message.get("content") or ""
    if isinstance(content, str):
        return content
    return "\n".join(str(part["text"]) for part in content if part.get("type") == "text")


def token_count(value: object) -> int | None:
    """What somebody told as a count of tokens; None for what is none: a text, a float, below 0 or beyond 2³¹."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1 << 31 else None


@dataclass(frozen=True, slots=True)
class Completion:
    """A model's answer. Times are in seconds; tokens are the server's or the tokenizer's own count.

    A count that is none (`token_count`) is unknown, wherever it comes from: a server, a file, a store. Halves of
    surrogate pairs (`with_whole_pairs`) are in none of its texts and calls: no judge, and no model in a second turn,
    could be asked. Nor is NaN, which is no JSON.
    ``text`` is the answer alone; what the model thought before it is in ``thinking``. ``fingerprint`` is what the
    server calls itself (OpenAI's `system_fingerprint`). ``tagged`` says that the thought stood in the text, between
    marks such as ``<think>``, and in no field of its own. ``thinking_tokens`` are those of the ``completion_tokens``
    that a server says were thought, also where it keeps the thought to itself. ``reasoning_items`` are its thoughts as
    the server wants them back, where the alias says ``send_thinking = "items"`` or ``"reasoning_details"``. An
    answer of another kind than chat is a type below.
    """

    text: str
    thinking: str = ""
    finish_reason: str = "stop"
    tool_calls: Sequence[Json] = ()
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    first_token: float | None = None
    latency: float = 0.0
    fingerprint: str = ""
    tagged: bool = False
    thinking_tokens: int | None = None
    reasoning_items: Sequence[Json] = ()

    def __post_init__(self) -> None:
        for name in ("prompt_tokens", "completion_tokens", "thinking_tokens"):
            told = getattr(self, name)
            if told is not None and token_count(told) is None:
                object.__setattr__(self, name, None)
        for name in ("text", "thinking"):
            told = getattr(self, name)
            if isinstance(told, str) and (whole := with_whole_pairs(told)) != told:
                object.__setattr__(self, name, whole)
        for name in ("tool_calls", "reasoning_items"):
            if values := getattr(self, name):
                object.__setattr__(self, name, whole_json(values))

    def __str__(self) -> str:
        """What is scored."""
        return self.text

    @property
    def calls(self) -> tuple[ToolCall, ...]:
        """The tools that the answer calls, in its order."""
        return calls_of(self.tool_calls)

    @property
    def numbers(self) -> Sequence[float]:
        """All that the answer says in numbers."""
        return ()


@dataclass(frozen=True, slots=True)
class LogLikelihoods(Completion):
    """How likely each pair's continuation is: the sum of its tokens' natural log-probabilities."""

    text: str = ""
    choice_logprobs: Sequence[float] = ()

    @property
    def numbers(self) -> Sequence[float]:
        return self.choice_logprobs


@dataclass(frozen=True, slots=True)
class Embeddings(Completion):
    """A vector for each text, as the model gives it: not brought to length 1."""

    text: str = ""
    vectors: Sequence[Sequence[float]] = ()

    @property
    def numbers(self) -> Sequence[float]:
        return [number for vector in self.vectors for number in vector]


@dataclass(frozen=True, slots=True)
class Ranking(Completion):
    """A score for each document, in the documents' order; the higher, the better it fits the query."""

    text: str = ""
    scores: Sequence[float] = ()

    @property
    def numbers(self) -> Sequence[float]:
        return self.scores

    @property
    def ranked(self) -> list[int]:
        """The documents' places, the best one's first; of equals the first."""
        return sorted(range(len(self.scores)), key=lambda place: -self.scores[place])


@dataclass(frozen=True, slots=True)
class Pictures(Completion):
    """Pictures, each as the address of a file that was not fetched, or as a ``data:`` URL that holds it."""

    text: str = ""
    images: Sequence[str] = ()

    @property
    def contents(self) -> list[bytes]:
        """The pictures' files; `SampleError` for one that a server keeps."""
        for image in self.images:
            if not image.startswith("data:"):
                raise SampleError(f'{image[:80]} is not fetched: ask with response_format="b64_json"')
        return [base64.b64decode(image.partition(",")[2]) for image in self.images]


@dataclass(frozen=True, slots=True)
class FilteredCompletion(Completion):
    """An answer in a conversation: its ``text`` is as the model gave it, ``scored`` is what filters left of it."""

    scored: str = ""

    def __str__(self) -> str:
        return self.scored


class Model(Protocol):
    """The model under evaluation as an async test is given it, by the argument ``model``."""

    @property
    def name(self) -> str:
        """The alias or name that was given to ``--model``."""

    async def complete(
        self, messages: str | Sequence[Message], *, tools: Sequence[Json] = (), **generation: Any
    ) -> Completion:
        """The model's answer to a prompt or chat messages; ``generation`` goes over the model's own settings.

        The same asked again in one test is answered again. Raises `SampleError` where there is no answer.
        """

    async def embed(self, texts: Sequence[str], **parameters: Any) -> Embeddings:
        """A vector for each text; ``parameters`` are further fields of the request, such as ``dimensions``."""

    async def rerank(self, query: str, documents: Sequence[str], **parameters: Any) -> Ranking:
        """How well each document fits the query."""

    async def paint(self, prompt: str, **parameters: Any) -> Pictures:
        """Pictures of the prompt; ``parameters`` are further fields of the request, such as ``size``."""


class SyncModel(Protocol):
    """The model under evaluation as a test that is not async is given it, by the argument ``model``."""

    @property
    def name(self) -> str:
        """The alias or name that was given to ``--model``."""

    def complete(
        self, messages: str | Sequence[Message], *, tools: Sequence[Json] = (), **generation: Any
    ) -> Completion:
        """As `Model.complete`, and waits for the answer; so do the others."""

    def embed(self, texts: Sequence[str], **parameters: Any) -> Embeddings:
        """As `Model.embed`."""

    def rerank(self, query: str, documents: Sequence[str], **parameters: Any) -> Ranking:
        """As `Model.rerank`."""

    def paint(self, prompt: str, **parameters: Any) -> Pictures:
        """As `Model.paint`."""


# Filled while a sample's test body runs, so that a score made there is recorded.
recorded_scores: ContextVar["list[Score] | None"] = ContextVar("recorded_scores", default=None)


_SHARE = PLAIN.ends
_HEAVIEST = 1e30


@dataclass(frozen=True, slots=True)
class Score:
    """A scorer's verdict; making one while a sample runs records it, and `assert` reads ``passed``.

    ``value`` lies in the ``range``, whose ends may be infinite, and of two the ``better`` is the ``higher`` or the
    ``lower``. One that is only ``measured`` has no pass mark: it is ``passed``, and its sample is neither right nor
    wrong. The score named ``main`` is the sample's own; others are further metrics. A metric's mean over samples is
    weighted by ``weight``, such as the number of instructions that a share of them stands for. ``found`` is False where
    no answer was found in the text, ``mistake`` names another thing that went wrong, such as "time-out"
    (`results.failures.Mistake`). Raises ValueError for a value out of the range.
    """

    value: float
    passed: bool
    got: str = ""
    expected: str = ""
    why: str = ""
    name: str = "main"
    weight: float = 1.0
    found: bool = True
    range: tuple[float, float] = _SHARE
    better: str = "higher"
    measured: bool = False
    mistake: str = ""

    def __post_init__(self) -> None:
        if not (isinstance(self.name, str) and self.name):
            raise ValueError(f"a score's name is a text, not {self.name!r}: of {_scorer()}")
        # Also what compares like a number, such as a bool or NumPy's: what is kept is Python's own.
        if not isinstance(self.weight, Real) or not 0 < self.weight <= _HEAVIEST:
            raise ValueError(f"a score's weight is a positive number up to {_HEAVIEST:g}, not {self.weight!r}")
        scale = self.scale
        if not isinstance(self.value, Real) or not scale.holds(self.value):
            ends = "between 0 and 1" if scale.ends == _SHARE else f"in its range, {scale.said_range}"
            is_beyond = isinstance(self.value, int | float) and abs(self.value) > LARGEST
            beyond = f"; none is beyond {LARGEST:g}" if is_beyond else ""
            raise ValueError(f"a score's value lies {ends}, not {self.value!r}: {self.name!r} of {_scorer()}{beyond}")
        if self.measured and not self.passed:
            raise ValueError(f"a score that is only measured has no pass mark: {self.name!r} of {_scorer()} is passed")
        object.__setattr__(self, "value", float(self.value))
        object.__setattr__(self, "weight", float(self.weight))
        object.__setattr__(self, "range", scale.ends)
        object.__setattr__(self, "measured", scale.measured)
        for name in ("got", "expected", "why"):
            if not isinstance(said := getattr(self, name), str):
                # What a scorer compared may be numbers, or nothing.
                object.__setattr__(self, name, "" if said is None else str(said))
        scores = recorded_scores.get()
        if scores is not None:
            scores.append(self)

    @property
    def scale(self) -> Scale:
        """What its value is; ValueError where that is none."""
        if isinstance(self.range, tuple) and (*self.range, self.better, self.measured) == PLAIN:
            return PLAIN
        if self.better not in BETTER:
            raise ValueError(f"a score's better is 'higher' or 'lower', not {self.better!r}")
        try:
            low, high = map(float, self.range)
        except (TypeError, ValueError):
            low = high = 0.0
        if not low < high:
            raise ValueError(f"a score's range is two numbers, the lower first, such as (0, 1), not {self.range!r}")
        return Scale(low, high, self.better, bool(self.measured))

    def __bool__(self) -> bool:
        return self.passed

    def __repr__(self) -> str:
        why = f" ({self.why})" if self.why else ""
        return f"expected {self.expected!r}, got {self.got!r}{why}"


def _scorer() -> str:
    """The name of the function that makes the score: past this one, `Score.__post_init__` and `Score.__init__`."""
    return sys._getframe(3).f_code.co_name
