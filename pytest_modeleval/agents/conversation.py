"""A model at work with tools: what was said and called, why it ended, and what it may take."""

from dataclasses import asdict, dataclass, field

import pytest

from pytest_modeleval.calls import Called
from pytest_modeleval.sample import Completion, Message

# Why a conversation ended (`Conversation.ended`); a limit ends it by `OverLimit`.
ANSWERED, SUBMITTED, NOT_SUBMITTED = "answered", "submitted", "not submitted"
TURN_LIMIT, TOKEN_LIMIT, TIME_LIMIT = "turn limit", "token limit", "time limit"


@dataclass(frozen=True)
class AgentLimits:
    """What a conversation may take: ``turns`` (answers of the model), ``tokens`` and ``seconds``.

    Tokens are those of all its prompts and answers, as the server counts them. Seconds are what the answers took, and
    the tools: not the wait for a free slot, so that they are the same in a resumed run.
    """

    turns: int = 30
    tokens: int | None = None
    seconds: float | None = None

    def __post_init__(self) -> None:
        for name, limit in asdict(self).items():
            if limit is not None and not limit > 0:
                raise pytest.UsageError(f"AgentLimits: {name} takes more than 0, not {limit!r}")


LIMITS = AgentLimits()


@dataclass
class Conversation:
    """A model at work: all ``messages``, what it ``called`` and what that came to, and how it ended.

    ``answer`` is the last completion, with what was submitted as its text. Tokens and seconds are as in `AgentLimits`.
    ``ended`` is ``answered`` (by a completion without a call), ``submitted``, ``not submitted``, or the limit.
    """

    messages: list[Message]
    called: list[Called] = field(default_factory=list)
    answer: Completion = field(default_factory=lambda: Completion(""))
    turns: int = 0
    tokens: int = 0
    seconds: float = 0.0
    ended: str = ""

    def __str__(self) -> str:
        """What is scored: that of the answer."""
        return str(self.answer)


class OverLimit(AssertionError):
    """A conversation came to one of its limits, so its sample is wrong: ``mistake`` names it.

    Whoever judges by the state that is left catches it, and looks at the ``conversation``.
    """

    def __init__(self, conversation: Conversation, mistake: str, said: str) -> None:
        super().__init__(f"{mistake}: {said}")
        self.conversation, self.mistake = conversation, mistake
