"""The words everything else shares: sample, request, completion, score and the errors of one sample."""

from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from numbers import Real
from typing import Any

# JSON as other people send it: the one place where `Any` may live.
Json = Mapping[str, Any]
Message = Json


class SampleError(Exception):
    """This sample has no verdict: no answer, or data that cannot be read. Never a wrong answer."""


class Filtered(SampleError):
    """A content filter of the server's kept the answer back."""


class JudgeError(SampleError):
    """A scorer that asks a judge got no verdict on this sample's answer."""


class NotAsked(SampleError):
    """This sample is left out, with the reason: it is unscored and no error."""


class StopRun(Exception):
    """Nothing more can be asked in this run (bad key, unknown model, full disk); one line says why."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One question of a benchmark: what is asked and what a right answer is.

    ``prompt`` is a text (one user message), a sequence of OpenAI-style chat messages, or the fields that fill the
    benchmark's prompt template. ``options`` are those of a multiple-choice question, whose ``target`` is a letter,
    or all the right ones. ``system`` is its own system prompt. ``solution`` is what a solved example shows (default:
    the target, after ``ANSWER:`` where there are options).
    ``further`` texts are weighed with the options where those are chosen by log-likelihood; ``pairs`` is then what is
    asked: a context and its continuation for each option and further text.
    """

    prompt: str | Sequence[Message] | Json
    target: str
    options: Sequence[str] = ()
    system: str | None = None
    solution: str = ""
    tools: Sequence[Json] = ()
    metadata: Json = field(default_factory=dict)
    further: Sequence[str] = ()
    pairs: Sequence[tuple[str, str]] = ()

    @property
    def messages(self) -> list[Message]:
        """The prompt as chat messages."""
        if isinstance(self.prompt, str):
            return [{"role": "user", "content": self.prompt}]
        if isinstance(self.prompt, Mapping):
            raise SampleError(f"these fields need a prompt template, @benchmark(…, prompt=…): {', '.join(self.prompt)}")
        return list(self.prompt)

    @property
    def shown_solution(self) -> str:
        """What the sample says as a solved example."""
        return self.solution or (f"ANSWER: {self.target}" if self.options else self.target)

    @property
    def asked(self) -> str:
        """The text of the last user message, for people to read."""
        for message in reversed(self.messages):
            if message.get("role") == "user":
                return text_of(message)
        return ""


def text_of(message: Message) -> str:
    """The text in a message whose content is a string or a list of content parts."""
    content = message.get("content") or ""
    if isinstance(content, str):
        return content
    return "\n".join(str(part["text"]) for part in content if part.get("type") == "text")


@dataclass(frozen=True, slots=True)
class Request:
    """Everything that shapes one answer: messages, tools, generation settings and the repeat's number.

    Where there are ``pairs`` of a context and its continuation, the answer is the log-likelihood of each continuation.
    ``sample_id`` (``gsm8k[main-00042]``) says who asks; it shapes nothing but a replay.
    """

    messages: Sequence[Message]
    tools: Sequence[Json] = ()
    generation: Json = field(default_factory=dict)
    repeat: int = 0
    sample_id: str = ""
    pairs: Sequence[tuple[str, str]] = ()


@dataclass(frozen=True, slots=True)
class Completion:
    """A model's answer. Times are in seconds; tokens are the server's or the tokenizer's own count.

    ``text`` is the answer alone; what the model thought before it is in ``thinking``. ``choice_logprobs`` has the
    log-likelihood of each pair's continuation: the sum of its tokens' natural log-probabilities.
    """

    text: str
    thinking: str = ""
    finish_reason: str = "stop"
    tool_calls: Sequence[Json] = ()
    prompt_tokens: int | None = None
    completion_tokens: int | None = None
    first_token: float | None = None
    latency: float = 0.0
    choice_logprobs: Sequence[float] = ()

    def __str__(self) -> str:
        return self.text


def split_thinking(text: str) -> tuple[str, str]:
    """(thinking, answer) of a text with ``<think>…</think>``, also when the prompt held the opening mark.

    A thought that was cut off before ``</think>`` leaves an empty answer.
    """
    before, closed, after = text.rpartition("</think>")
    opened, _, thought = before.partition("<think>") if closed else text.partition("<think>")
    if closed:
        return (thought if "<think>" in before else opened).strip(), after.strip("\n")
    if "<think>" in text:
        return thought.strip(), opened.strip("\n")
    return "", text


# Filled while a sample's test body runs, so that a score made there is recorded.
recorded_scores: ContextVar["list[Score] | None"] = ContextVar("recorded_scores", default=None)


@dataclass(frozen=True, slots=True)
class Score:
    """A scorer's verdict; making one while a sample runs records it, and `assert` reads ``passed``.

    ``value`` is 0..1. The score named ``main`` is the sample's own; others are further metrics. A metric's mean over
    samples is weighted by ``weight``, such as the number of instructions that a share of them stands for. ``found``
    is False where no answer was found in the text.
    """

    value: float
    passed: bool
    got: str
    expected: str
    why: str = ""
    name: str = "main"
    weight: float = 1.0
    found: bool = True

    def __post_init__(self) -> None:
        # Also what compares like a number, such as a bool or NumPy's: what is kept is Python's own.
        if not isinstance(self.value, Real) or not 0 <= self.value <= 1:
            raise ValueError(f"a score's value lies between 0 and 1, not {self.value!r}")
        if not isinstance(self.weight, Real) or not 0 < self.weight < float("inf"):
            raise ValueError(f"a score's weight is a positive number, not {self.weight!r}")
        object.__setattr__(self, "value", float(self.value))
        object.__setattr__(self, "weight", float(self.weight))
        scores = recorded_scores.get()
        if scores is not None:
            scores.append(self)

    def __bool__(self) -> bool:
        return self.passed

    def __repr__(self) -> str:
        why = f" ({self.why})" if self.why else ""
        return f"expected {self.expected!r}, got {self.got!r}{why}"
