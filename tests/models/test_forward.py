"""Log-likelihoods by the bundled model: in this process, and behind a completions endpoint."""

import asyncio
from collections.abc import Iterator, Sequence
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from tokenizers.processors import TemplateProcessing

from pytest_modeleval.models import forward
from pytest_modeleval.models.openai import OpenAIModel
from pytest_modeleval.models.spec import TINY, ModelSpec
from pytest_modeleval.models.transformers import TransformersModel
from pytest_modeleval.requests import Chat, LogLikelihood
from pytest_modeleval.sample import Completion, SampleError, StopRun
from tests.conftest import FaultyServer, send

Pairs = Sequence[tuple[str, str]]

LONG = "Nine and then some more: " * 12 + "What is 3 + 4?"
# Unlike lengths of both parts, one letter after one context, more than ASCII, and two contexts for one continuation.
PAIRS = [
    ("What is 3 + 4?", " 7"),
    ("What is 3 + 4?", " It is forty-two, says the book."),
    (LONG, " 7"),
    (LONG, " seven"),
    ("Pick a letter.\nAnswer:", " A"),
    ("Pick a letter.\nAnswer:", " B"),
    ("Où est le café\u00a0? 北京", " à côté 🙂 the café"),
    ("The cup is wide, so the cup", " does not fit."),
    ("The cup is wide, so the box", " does not fit."),
]


def opened(folder: Path = TINY, **args: Any) -> TransformersModel:
    return TransformersModel(ModelSpec("tiny", "transformers", str(folder), args={"dtype": "float32", **args}))


def weigh(model: TransformersModel | OpenAIModel, *many: Pairs) -> list[Completion]:
    async def all_at_once() -> list[Completion]:
        try:
            return await asyncio.gather(*(model.answer(LogLikelihood([], pairs)) for pairs in many))
        finally:
            await model.close()

    return asyncio.run(all_at_once())


class ByHand:
    """The bundled model's log-probabilities of a text's tokens, one text at a time."""

    def __init__(self, folder: Path) -> None:
        self.tokenizer: Any = transformers.AutoTokenizer.from_pretrained(folder)
        model: Any = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
        self.model = model.eval()

    def logprobs(self, text: str) -> tuple[list[int], list[float]]:
        """The text's tokens, and the log-probability of each but the first."""
        ids = self.tokenizer(text).input_ids
        with torch.no_grad():
            logits = self.model(torch.tensor([ids])).logits[0].double()
        every = logits - logits.logsumexp(-1, keepdim=True)
        return ids, [float(every[place, token]) for place, token in enumerate(ids[1:])]

    def sum(self, context: str, continuation: str) -> float:
        before = len(self.tokenizer(context).input_ids)
        return sum(self.logprobs(context + continuation)[1][before - 1 :])


@pytest.fixture(scope="module")
def by_hand() -> ByHand:
    return ByHand(TINY)


@pytest.fixture(scope="module")
def with_bos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bundled model with a tokenizer that puts a BOS before every text and an end mark behind it."""
    folder = tmp_path_factory.mktemp("bos")
    tokenizer = transformers.AutoTokenizer.from_pretrained(TINY)
    tokenizer.bos_token = "<|endoftext|>"
    marks = [("<|endoftext|>", tokenizer.bos_token_id)]
    tokenizer.backend_tokenizer.post_processor = TemplateProcessing(
        single="<|endoftext|> $A <|endoftext|>", special_tokens=marks
    )
    transformers.AutoModelForCausalLM.from_pretrained(TINY).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def test_a_log_likelihood_is_the_sum_computed_by_hand(by_hand: ByHand) -> None:
    (completion,) = weigh(opened(), PAIRS)

    assert completion.numbers == pytest.approx([by_hand.sum(*pair) for pair in PAIRS], rel=1e-5)
    assert max(completion.numbers) < 0
    assert completion.prompt_tokens == sum(len(by_hand.tokenizer("".join(pair)).input_ids) for pair in PAIRS)
    assert completion.latency > 0


def test_a_batch_weighs_as_single_rows_do() -> None:
    (together,) = weigh(opened(batch_size=16), PAIRS)
    alone = [weigh(opened(batch_size=1), [pair])[0].numbers[0] for pair in PAIRS]
    mixed = [one.numbers[0] for one in weigh(opened(batch_size=3), *([pair] for pair in PAIRS))]

    assert together.numbers == pytest.approx(alone, rel=1e-5)
    assert mixed == pytest.approx(alone, rel=1e-5)


def test_generation_and_log_likelihoods_wait_in_one_queue() -> None:
    model = opened()
    question = Chat([{"role": "user", "content": "What is 3 + 4?"}], generation={"max_tokens": 8, "temperature": 0})

    async def both() -> list[Completion]:
        try:
            return list(await asyncio.gather(model.answer(question), model.answer(LogLikelihood([], PAIRS[:2]))))
        finally:
            await model.close()

    written, weighed = asyncio.run(both())

    assert (written.text, len(weighed.numbers)) == ("7", 2)


def test_letters_after_one_context_are_one_row(monkeypatch: pytest.MonkeyPatch) -> None:
    inputs: list[int] = []
    plain = forward._logits

    def counted(model: Any, rows: Sequence[Sequence[int]], first: int) -> Any:
        inputs.append(len(rows))
        return plain(model, rows, first)

    monkeypatch.setattr(forward, "_logits", counted)

    weigh(opened(), [("Pick a letter.\nAnswer:", f" {letter}") for letter in "ABCD"])

    assert inputs == [1]


def test_a_model_that_cannot_leave_logits_out_weighs_the_same(by_hand: ByHand) -> None:
    class Whole:
        device = by_hand.model.device

        def forward(self, input_ids: Any, attention_mask: Any, use_cache: bool) -> Any:
            return by_hand.model(input_ids=input_ids, attention_mask=attention_mask, use_cache=use_cache)

        __call__ = forward

    rows = [forward.encoded(by_hand.tokenizer, *pair) for pair in PAIRS]

    assert forward.log_likelihoods(Whole(), rows) == pytest.approx(
        forward.log_likelihoods(by_hand.model, rows), rel=1e-5
    )


def test_there_is_one_bos_and_no_end_mark(with_bos: Path, by_hand: ByHand) -> None:
    tokenizer = transformers.AutoTokenizer.from_pretrained(with_bos)
    plain, start = forward.encoded(by_hand.tokenizer, *PAIRS[1])

    assert forward.encoded(tokenizer, *PAIRS[1]) == ([tokenizer.bos_token_id, *plain], start + 1)


class Whole:
    """A tokenizer of given tokens, as the texts that they stand for."""

    is_fast = True

    def __init__(self, *tokens: str) -> None:
        ends = [len("".join(tokens[: place + 1])) for place in range(len(tokens))]
        self._encoded = {
            "input_ids": list(range(len(tokens))),
            "offset_mapping": [(end - len(token), end) for token, end in zip(tokens, ends, strict=True)],
        }

    def __call__(self, text: str, **_: bool) -> dict[str, Any]:
        return self._encoded


def test_a_token_across_the_boundary_is_weighed() -> None:
    assert forward.encoded(Whole("The", " ca", "fé", "s."), "The caf", "és.") == ([0, 1, 2, 3], 2)


def test_a_continuation_without_a_token_of_its_own_is_that_samples_error() -> None:
    with pytest.raises(SampleError, match="the tokenizer makes no token of its own of 'b' after 'a'"):
        forward.encoded(Whole("ab"), "a", "b")


def test_a_tokenizer_that_tells_no_offsets_stops_the_run() -> None:
    class Slow:
        is_fast = False

    with pytest.raises(
        StopRun, match=r"Slow does not tell which text a token stands for, .* --eval-set run.choices=generate"
    ):
        forward.encoded(Slow(), "a", "b")


def test_a_pair_beyond_the_context_is_that_samples_error(by_hand: ByHand) -> None:
    length = len(by_hand.tokenizer("a").input_ids)
    assert length == 1
    text = "a\n" * 255
    assert len(by_hand.tokenizer(text + "a\n").input_ids) == 512

    weigh(opened(), [(text + "a", "\n")])
    with pytest.raises(SampleError, match="too long for the model: 513 tokens, its context has 512"):
        weigh(opened(), [("a", "\n"), (text + "a", "\na")])


class EchoServer(FaultyServer):
    """A completions endpoint that computes the log-probabilities of its prompts with the bundled model."""

    def __init__(self, model: ByHand, *, shows_generated: bool) -> None:
        super().__init__()
        self.fault = self.echo
        self._model = model
        self._shows_generated = shows_generated

    def echo(self, handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
        assert handler.path == "/v1/completions"
        assert (body["echo"], body["logprobs"], body["max_tokens"]) == (True, 1, 1)
        choices, prompt_tokens = [], 0
        for index, prompt in enumerate(body["prompt"]):
            ids, logprobs = self._model.logprobs(prompt)
            prompt_tokens += len(ids)
            tokens = [self._model.tokenizer.decode([token]) for token in ids]
            values: list[float | None] = [None, *logprobs]
            if self._shows_generated:
                tokens, values = [*tokens, " 7"], [*values, -0.5]
            shown = {"tokens": tokens, "token_logprobs": values, "text_offset": [0] * len(tokens)}
            choices.append({"index": index, "text": prompt, "logprobs": shown, "finish_reason": "length"})
        usage = {"prompt_tokens": prompt_tokens, "completion_tokens": len(choices)}
        # Choices may come in any order.
        send(handler, 200, {"choices": choices[::-1], "usage": usage})


@pytest.fixture(params=[True, False], ids=["generated", "bare"])
def echo_server(request: pytest.FixtureRequest, by_hand: ByHand) -> Iterator[EchoServer]:
    server = EchoServer(by_hand, shows_generated=request.param)
    yield server
    server.close()


def served(url: str) -> OpenAIModel:
    return OpenAIModel(ModelSpec("served", "openai", "faulty", base_url=url))


def test_an_endpoint_gives_what_the_model_gives_here(echo_server: EchoServer) -> None:
    (there,), (here,) = weigh(served(echo_server.url), PAIRS), weigh(opened(), PAIRS)

    assert there.numbers == pytest.approx(here.numbers, rel=1e-5)
    contexts = {context for context, _ in PAIRS}
    assert len(echo_server.asked[0]["prompt"]) == len(PAIRS) + len(contexts)
    assert there.prompt_tokens
    assert there.latency > 0


def test_an_endpoint_whose_tokens_begin_with_a_bos_gives_the_same(with_bos: Path) -> None:
    """Its text is no part of the prompt, so that offsets into the text would mislead."""
    model = ByHand(with_bos)
    model.tokenizer.backend_tokenizer.post_processor = TemplateProcessing(
        single="<|endoftext|> $A", special_tokens=[("<|endoftext|>", model.tokenizer.bos_token_id)]
    )
    server = EchoServer(model, shows_generated=True)
    try:
        (there,) = weigh(served(server.url), PAIRS)
    finally:
        server.close()

    (here,) = weigh(opened(with_bos), PAIRS)
    assert there.numbers == pytest.approx(here.numbers, rel=1e-5)
