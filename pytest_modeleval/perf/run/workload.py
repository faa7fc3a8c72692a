"""What is sent to a model under load: its endpoint, its prompts and its requests."""

import json
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from pytest_modeleval.models.credentials import Mask, headers_of, key_of
from pytest_modeleval.models.endpoints import FIELDS, PATHS
from pytest_modeleval.models.hub import place_of_tokenizer
from pytest_modeleval.models.spec import ModelSpec
from pytest_modeleval.options.options import unknown
from pytest_modeleval.perf.client.record import LoadRequest
from pytest_modeleval.perf.client.target import Target, reach
from pytest_modeleval.perf.options.options import RANDOM, PerfOptions
from pytest_modeleval.perf.prompts.agents import Filled
from pytest_modeleval.perf.prompts.bodies import LIMITS, OURS, Bodies, limit_of
from pytest_modeleval.perf.prompts.counting import by_server, by_tokenizer, counted_by, ids_by
from pytest_modeleval.perf.prompts.drawn import Drawn
from pytest_modeleval.perf.prompts.files import Listed, read_prompts
from pytest_modeleval.perf.prompts.images import Images
from pytest_modeleval.perf.prompts.lengths import read_lengths
from pytest_modeleval.perf.prompts.limits import Limits, Within
from pytest_modeleval.perf.prompts.named import NAMED, open_named
from pytest_modeleval.perf.prompts.prompt import Prompt, Source
from pytest_modeleval.perf.prompts.trace import Trace, read_trace
from pytest_modeleval.perf.prompts.words import Count, Writer, taught
from pytest_modeleval.sample import Json

if TYPE_CHECKING:
    from pytest_modeleval.datasets import Place

# Seconds that an answer of one token may take before the load.
_PATIENCE = 60.0
_INPUT, _OUTPUT = "512", "128"


@dataclass
class Workload:
    """The requests of one model and one set of options; the server is asked how long prompts are once."""

    model: ModelSpec
    options: PerfOptions
    place: "Callable[[str], Place]"
    _writer: list[Writer] = field(default_factory=list)
    _limits: list[Limits] = field(default_factory=list)
    _target: list[Target] = field(default_factory=list)

    @property
    def url(self) -> str:
        """Where requests go."""
        if not self.model.way.is_served:
            raise pytest.UsageError(
                f"a load test needs a server, and {self.model.name!r} has none: name an alias with base_url, or a "
                "local model, which is served for the time of the run"
            )
        return self.model.endpoint.rstrip("/") + PATHS[self.endpoint]

    @property
    def endpoint(self) -> str:
        """What is asked: what was said, else what the model's chats go to."""
        return self.options.endpoint or self.model.way.chats_at

    @property
    def is_cold(self) -> bool:
        """Whether no prompt should be in a cache of the server."""
        options = self.options
        is_fresh = self._is_drawn and not options.prefix and not self._shared and options.most_turns == 1
        return is_fresh and not options.cached and self.endpoint != "rerank"

    @property
    def _is_drawn(self) -> bool:
        """Whether prompts are of random words."""
        return self.options.dataset in RANDOM and not self.options.trace and self.options.prompt is None

    @property
    def prompts(self) -> str:
        """What is sent, in words."""
        options = self.options
        if options.trace:
            asked = f"the trace {options.trace.name}"
        elif options.prompt is not None:
            asked = "one text"
        elif self._is_drawn:
            asked = f"{options.dataset}, {(options.input or read_lengths('--perf-input', _INPUT)).text} tokens"
            asked += f", {options.prefix} of them shared" if options.prefix else ""
        else:
            asked = options.dataset if options.dataset in NAMED else f"the file {Path(options.dataset).name}"
        turns = f", {options.turns.text} turns" if options.turns else ""
        most = self._bodies().output
        return f"{self.endpoint}: {asked}{turns}" + (f", answers of at most {most.text} tokens" if most else "")

    def target(self) -> Target:
        """The endpoint, reached once."""
        if not self._target:
            model, hide = self.model, Mask(self.model).hide
            self._target.append(
                reach(self.url, headers=self._headers(), ca=self.options.ca, model=model.model, hide=hide)
            )
        return self._target[0]

    def requests(self, draw: random.Random) -> Iterator[LoadRequest]:
        """Requests without end, or as many as the trace has."""
        prompts: Iterator[Prompt] = self._source().prompts(draw)
        if shared := self._shared:
            # What they add is the user's to know: --perf-input is of what follows them.
            prompts = (replace(each, before=[*shared, *each.before], input_tokens=None) for each in prompts)
        return self._bodies().requests(prompts, draw)

    def tokens_of(self) -> Callable[[str], int] | None:
        """How many tokens an answer has, by the tokenizer, where one was named."""
        return counted_by(self._tokenizer) if self._tokenizer else None

    @cached_property
    def _tokenizer(self) -> str | None:
        """The tokenizer that was named, as transformers finds it."""
        name = self.options.tokenizer
        return place_of_tokenizer(name, self.place(name).hub) if name else None

    def _headers(self) -> dict[str, str]:
        key = {"authorization": f"Bearer {key_of(self.model)}"} if self.model.api_key_env else {}
        return headers_of(self.model) | key

    def _source(self) -> Source:
        options = self.options
        if options.trace:
            return Trace(read_trace(options.trace, speed=options.trace_speed), self.writer)
        if options.prompt is not None:
            return Listed([Prompt([options.prompt] * options.most_turns)])
        name = options.dataset
        if name in RANDOM:
            return self._drawn(with_images=name == "random_vl")
        if name in NAMED:
            named = open_named(name, self.place(name), turns=options.most_turns)
            return self._within(Filled(named, self.writer), named.size)
        if Path(name).is_file():
            listed = read_prompts(Path(name), turns=options.most_turns)
            return self._within(Filled(Listed(listed), self.writer), len(listed))
        raise unknown("--perf-dataset", name, [*RANDOM, *NAMED], "Or give a file that is there.")

    def _within(self, source: Source, size: int) -> Source:
        options = self.options
        if not options.min_input and options.max_input is None:
            return source
        if not self._limits:
            count = by_tokenizer(self._tokenizer, self.endpoint) if self._tokenizer else None
            self._limits.append(Limits(options.min_input, options.max_input, count))
        return Within(source, size, self._limits[0])

    def notes(self) -> list[str]:
        """What a user should know of what was sent."""
        notes = [f"{self.options.dataset}: {limits.said}" for limits in self._limits]
        notes += [f"the load went through {each.proxy}, which is measured too" for each in self._target if each.proxy]
        return notes

    def _drawn(self, *, with_images: bool) -> Drawn:
        options = self.options
        images = None
        if with_images:
            form, mode = options.image_format
            images = Images(*options.image, options.images, format=form, mode=mode)
        documents = options.documents if self.endpoint == "rerank" else 0
        lengths = options.input or read_lengths("--perf-input", _INPUT)
        return Drawn(self.writer(), lengths, options.prefix, options.turns, images, documents)

    def writer(self) -> Writer:
        """Who writes prompts of an exact length."""
        if not self._writer:
            self._writer.append(taught(self._counts(), always=self.options.tokenizer is not None))
        return self._writer[0]

    def _counts(self) -> Count:
        options = self.options
        if self._tokenizer:
            return by_tokenizer(self._tokenizer, self.endpoint)
        if self.endpoint == "rerank":
            raise pytest.UsageError("--perf-endpoint rerank needs --perf-tokenizer NAME for prompts of a length")
        # OpenAI's responses are of at least 16 tokens.
        least = 16 if self.endpoint == "responses" else 1
        limit = limit_of(self.endpoint, *self._bodies().given)
        asked = {} if self.endpoint == "embeddings" else {limit: least}
        # Tools and the template's arguments make a prompt longer.
        under = {k: v for k, v in self._under.items() if v is not None and k not in (*OURS, *LIMITS)}
        body = {**under, "model": self.model.model, FIELDS[self.endpoint]: None, **asked}
        patience = min(options.timeout, options.limit, _PATIENCE)
        return by_server(self.target(), body, patience=patience)

    def _bodies(self) -> Bodies:
        options = self.options
        bodies = Bodies(
            self.model.model,
            self.endpoint,
            stream=not options.no_stream,
            output=options.output,
            generation=self.model.generation,
            batch=options.batch,
            under=self._under,
            ids_of=ids_by(self._tokenizer) if options.token_ids and self._tokenizer else None,
        )
        has_limit = options.output or any(name in layer for layer in bodies.given for name in LIMITS)
        if has_limit or not self._is_drawn:
            return bodies
        return replace(bodies, output=read_lengths("--perf-output", _OUTPUT))

    @property
    def _under(self) -> dict[str, Any]:
        return {name: value for name, value in json.loads(self.options.body or "{}").items() if name != "messages"}

    @property
    def _shared(self) -> Sequence[Json]:
        """The messages that all prompts begin with."""
        return list(json.loads(self.options.body or "{}").get("messages", ()))


def generator(*parts: object) -> random.Random:
    """A generator of its own for each run, load and part."""
    return random.Random("/".join(map(str, parts)))
