"""Request bodies for each kind of endpoint, out of prompts."""

import json
import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from typing import Any

import pytest

from pytest_modeleval.models import responses_asked
from pytest_modeleval.models.endpoints import asked
from pytest_modeleval.perf.client.record import LoadRequest
from pytest_modeleval.perf.prompts.lengths import Lengths
from pytest_modeleval.perf.prompts.prompt import Content, Prompt
from pytest_modeleval.sample import Json

# What flags and the model's alias alone decide.
OURS = ("model", "stream", "stream_options")
# What an answer's greatest length is called, by one endpoint or another.
LIMITS = ("max_tokens", "max_completion_tokens", "max_output_tokens")


def limit_of(endpoint: str, *layers: Mapping[str, Any]) -> str:
    """What the greatest length is called in a body of these layers.

    A chat's is ``max_completion_tokens`` where one of them calls it that: servers that know the one refuse the other.
    """
    if endpoint == "responses":
        return "max_output_tokens"
    is_newer = endpoint == "chat" and any("max_completion_tokens" in layer for layer in layers)
    return "max_completion_tokens" if is_newer else "max_tokens"


def layered(endpoint: str, *layers: Mapping[str, Any]) -> dict[str, Any]:
    """A body of layers, each over those before it, with the last one's greatest length by its one name.

    `pytest.UsageError` where several answers are asked for at once, whose tokens nobody could tell apart.
    """
    body = {name: value for layer in layers for name, value in layer.items() if name not in LIMITS}
    if body.get("n") not in (None, 1):
        raise pytest.UsageError(f"a load measures one answer of each request, and n is {body['n']!r}: leave it out")
    limits = [layer[name] for layer in layers for name in LIMITS if layer.get(name) is not None]
    return body | ({limit_of(endpoint, *layers): limits[-1]} if limits else {})


@dataclass(frozen=True)
class Bodies:
    """What every request of a load has beside its prompt."""

    model: str
    endpoint: str = "chat"
    stream: bool = True
    output: Lengths | None = None
    # The model's generation settings, as its requests have them.
    generation: Mapping[str, Any] = ()  # type: ignore[assignment]
    # Texts of one request for embeddings.
    batch: int = 1
    # What a text is sent as, where not as itself: its tokens' ids.
    ids_of: Callable[[str], list[int]] | None = None
    # Laid under every body.
    under: Mapping[str, Any] = field(default_factory=dict)

    def requests(self, prompts: Iterable[Prompt], draw: random.Random) -> Iterator[LoadRequest]:
        """A request for every turn of every prompt."""
        source = iter(prompts)
        for number, prompt in enumerate(source):
            if self.endpoint == "embeddings" and self.batch > 1:
                # The last of a trace may be fewer.
                texts = [_whole(each) for each in (prompt, *islice(source, self.batch - 1))]
                yield LoadRequest(_encoded(self._body(None) | asked(self.endpoint, texts)), at=prompt.at)
                continue
            yield from self._of(prompt, f"c{number}" if len(prompt.turns) > 1 else "", draw)

    def _of(self, prompt: Prompt, conversation: str, draw: random.Random) -> Iterator[LoadRequest]:
        longest = prompt.max_tokens or (self.output.draw(draw) if self.output else None)
        body = self._body(longest)
        if prompt.body is not None:
            # What the user wrote down is sent, over what every request has.
            whole = layered(self.endpoint, body, {k: v for k, v in prompt.body.items() if k not in OURS})
            longest = whole.get(limit_of(self.endpoint, whole))
            yield LoadRequest(_encoded(whole), prompt.input_tokens, longest, at=prompt.at, head=prompt.head)
            return
        if len(prompt.turns) > 1 and self.endpoint not in ("chat", "responses"):
            raise pytest.UsageError(f"conversations need --perf-endpoint chat or responses, not {self.endpoint}")
        for turn, content in enumerate(prompt.turns):
            if prompt.limits:
                longest = prompt.limits[turn]
                body = self._body(longest)
            made: bytes | Callable[[Sequence[str]], bytes]
            if turn:
                made = partial(self._later, body, prompt, turn)
            elif self.endpoint in ("chat", "responses"):
                made = _encoded(body | self._talk([*prompt.before, _user(content)]))
            else:
                made = _encoded(body | self._asked(prompt))
            known = prompt.input_tokens if turn == 0 else None
            pause = prompt.pauses[turn] if prompt.pauses else 0.0
            at = prompt.at if turn == 0 else None
            quoted = turn + 1 < len(prompt.turns)
            yield LoadRequest(made, known, longest, conversation, at, pause, prompt.head, quoted)

    def _later(self, body: Mapping[str, Any], prompt: Prompt, turn: int, answers: Sequence[str]) -> bytes:
        """The body of a later turn: what the model really said stands between what the user says."""
        messages = [*prompt.before, _user(prompt.turns[0])]
        for answer, content in zip(answers, prompt.turns[1 : turn + 1], strict=False):
            messages += [{"role": "assistant", "content": answer}, _user(content)]
        return _encoded({**body, **self._talk(messages)})

    def _talk(self, messages: list[Json]) -> dict[str, Any]:
        return {"messages": messages} if self.endpoint == "chat" else responses_asked.talk(messages)

    def _asked(self, prompt: Prompt) -> dict[str, Any]:
        text = _whole(prompt)
        return asked(self.endpoint, self.ids_of(text) if self.ids_of else text, prompt.documents)

    @property
    def given(self) -> list[Mapping[str, Any]]:
        """What every body has of the user's, in layers; the model's ``extra_body`` is the last."""
        generation = dict(self.generation)
        extra = generation.pop("extra_body", {})
        if self.endpoint == "responses":
            generation = responses_asked.settings({"store": False, **generation})
        return [{name: value for name, value in self.under.items() if name not in OURS}, generation, extra]

    def _body(self, longest: int | None) -> dict[str, Any]:
        under, generation, extra = self.given
        if self.endpoint in ("embeddings", "rerank"):
            return {**under, "model": self.model}
        body = layered(self.endpoint, under, {"model": self.model}, generation, extra)
        if longest is not None:
            body[limit_of(self.endpoint, body)] = longest
        if self.endpoint == "responses":
            # `transformers serve` streams where nobody says otherwise.
            body["stream"] = self.stream
        elif self.stream:
            body |= {"stream": True, "stream_options": {"include_usage": True}}
        return body


def _user(content: Content) -> Json:
    return {"role": "user", "content": content}


def _whole(prompt: Prompt) -> str:
    """All that a prompt asks, as one text."""
    if prompt.body is not None:
        raise pytest.UsageError("a body of --perf-dataset or --perf-trace is sent as it stands: leave --perf-batch out")
    return "\n\n".join([*(_text(message["content"]) for message in prompt.before), _text(prompt.turns[0])])


def _text(content: Any) -> str:
    if isinstance(content, str):
        return content
    texts = [part.get("text") for part in content if isinstance(part, Mapping)]
    if not texts or None in texts:
        raise pytest.UsageError("images and other parts of a message need --perf-endpoint chat or responses")
    return "\n".join(map(str, texts))


def _encoded(body: Mapping[str, Any]) -> bytes:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
