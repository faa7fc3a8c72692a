"""What can be asked of a model: a frozen type for each kind of request."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

# JSON as other people send it: the one place where `Any` may live.
Json = Mapping[str, Any]
Message = Json


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """Who asks, and for the how-manieth time: of what ``varies``, each time has an answer of its own.

    ``sample_id`` (``gsm8k[main-00042]``) shapes nothing but a replay, and so does ``numbered``, what a sample that goes
    by its id is called by its row; ``repeat`` is the sample's number among its repeats, and ``asked_before`` says how
    many equal requests it has made before. ``anew``: no other run's answer serves, and this one's none.
    """

    sample_id: str = ""
    numbered: str = ""
    repeat: int = 0
    asked_before: int = 0
    anew: bool = False
    varies: ClassVar[bool] = False
    # What a model that answers it gives, for people.
    gives: ClassVar[str]

    @property
    def _draw(self) -> list[Any]:
        return [self.repeat, *([{"asked_before": self.asked_before}] if self.asked_before else [])]


@dataclass(frozen=True, slots=True)
class Chat(_Asked):
    """Messages to be answered by a text or by calls of the tools, with generation settings.

    ``dialect`` is that of a prompt which offers tools in their place (`models.sent`): calls are read from the text.
    Raises `TypeError` for what is no list of messages, before anything is paid for.
    """

    messages: Sequence[Message]
    tools: Sequence[Json] = ()
    generation: Json = field(default_factory=dict)
    dialect: str = ""
    varies: ClassVar[bool] = True
    gives: ClassVar[str] = "chat"

    def __post_init__(self) -> None:
        if not (isinstance(self.messages, list | tuple) and all(isinstance(each, Mapping) for each in self.messages)):
            raise TypeError(
                f'messages are a list such as [{{"role": "user", "content": "…"}}], not {self.messages!r:.80}'
            )

    @property
    def shape(self) -> list[Any]:
        """All that shapes the answer, as its key in the store has it."""
        dialect = [{"dialect": self.dialect}] if self.dialect else []
        return [self.messages, self.tools, self.generation, *self._draw, *dialect]


@dataclass(frozen=True, slots=True)
class LogLikelihood(_Asked):
    """Pairs of a context and its continuation: how likely is each continuation?

    ``messages`` are the contexts, for people and for what finds an answer by its prompt.
    """

    messages: Sequence[Message]
    pairs: Sequence[tuple[str, str]]
    gives: ClassVar[str] = "log-likelihoods"

    @property
    def shape(self) -> list[Any]:
        """All that shapes the answer: no settings do, and no repeat. The empty places are those of a chat."""
        return [self.messages, (), {}, 0, self.pairs]


@dataclass(frozen=True, slots=True)
class Embed(_Asked):
    """Texts of which a vector each is wanted; ``parameters`` are further fields of the request (``dimensions``).

    Raises `TypeError` for a single text that is in no list.
    """

    texts: Sequence[str]
    parameters: Json = field(default_factory=dict)
    gives: ClassVar[str] = "embeddings"

    def __post_init__(self) -> None:
        _refuse_text("texts", self.texts)

    @property
    def messages(self) -> Sequence[Message]:
        """The texts, for people."""
        return _said(self.texts)

    @property
    def shape(self) -> list[Any]:
        """All that shapes the answer."""
        return ["embed", self.texts, self.parameters]


@dataclass(frozen=True, slots=True)
class Rerank(_Asked):
    """A query and the documents of which each is scored by how well it fits.

    ``parameters`` are further fields of the request. Raises `TypeError` for a single text in place of the documents.
    """

    query: str
    documents: Sequence[str]
    parameters: Json = field(default_factory=dict)
    gives: ClassVar[str] = "reranking"

    def __post_init__(self) -> None:
        _refuse_text("documents", self.documents)

    @property
    def messages(self) -> Sequence[Message]:
        """The query above the documents, for people."""
        return _said([self.query, *self.documents])

    @property
    def shape(self) -> list[Any]:
        """All that shapes the answer."""
        return ["rerank", self.query, self.documents, self.parameters]


@dataclass(frozen=True, slots=True)
class Paint(_Asked):
    """A text to be made into a picture, or several; ``parameters`` are further fields (``size``, ``n``, ``seed``)."""

    prompt: str
    parameters: Json = field(default_factory=dict)
    varies: ClassVar[bool] = True
    gives: ClassVar[str] = "image generation"

    @property
    def messages(self) -> Sequence[Message]:
        """The text, for people."""
        return _said([self.prompt])

    @property
    def shape(self) -> list[Any]:
        """All that shapes the answer."""
        return ["paint", self.prompt, self.parameters, *self._draw]


# What a sample may ask in place of a chat.
NotChat = LogLikelihood | Embed | Rerank | Paint
Request = Chat | NotChat


def _said(texts: Sequence[str]) -> Sequence[Message]:
    return [{"role": "user", "content": "\n\n".join(texts)}]


def _refuse_text(name: str, texts: Sequence[str]) -> None:
    if isinstance(texts, str):
        raise TypeError(f"{name} is a list of texts, not the text {texts[:40]!r}")
