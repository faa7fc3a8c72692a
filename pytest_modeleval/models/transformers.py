"""Models in this process: a local folder or hub id through `transformers`, asked in batches."""

import asyncio
import inspect
import queue
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest

from pytest_modeleval.foreign import reason
from pytest_modeleval.models.arguments import ASKING, LOADING
from pytest_modeleval.models.batches import pick
from pytest_modeleval.models.hub import is_of_modelscope, not_fetched, place_of
from pytest_modeleval.models.local_calls import choosing
from pytest_modeleval.models.spec import ModelSpec
from pytest_modeleval.models.thinking import marks_thought
from pytest_modeleval.requests import Chat, Json, LogLikelihood, Request
from pytest_modeleval.sample import Completion, LogLikelihoods, Refused, SampleError, StopRun

try:
    import torch
    import transformers

    from pytest_modeleval.models import decoding, forward
    from pytest_modeleval.models.templates import Prompt, Prompts, is_of_pictures, load_prompts
except ImportError:
    raise pytest.UsageError(
        "models in this process need torch and transformers: pip install 'pytest-modeleval[local]'"
    ) from None


@dataclass(frozen=True, eq=False)
class _Waiting:
    """One request in the queue: its prompt and where its answer goes.

    Where there is a ``start``, the answer is the log-likelihood of the tokens from there on, else what follows them.
    """

    prompt: Prompt
    settings: str
    generation: Mapping[str, Any]
    answer: "asyncio.Future[Completion]"
    loop: asyncio.AbstractEventLoop
    start: int = 0
    # The tools that may be called.
    tools: Sequence[Json] = ()

    def resolve(self, result: Completion | Exception) -> None:
        self.loop.call_soon_threadsafe(self._set, result)

    def _set(self, result: Completion | Exception) -> None:
        if self.answer.done():
            return
        if isinstance(result, Exception):
            self.answer.set_exception(result)
        else:
            self.answer.set_result(result)


def load_model(spec: ModelSpec) -> tuple[Any, Prompts]:
    """The model and what makes its prompts; `StopRun` when they are not to be had."""
    given = {key: spec.args[key] for key in LOADING if key in spec.args}
    loading = {"trust_remote_code": False, "dtype": "auto", **_default_device(), **given}
    where: dict[str, Any] = {key: loading[key] for key in ("revision", "trust_remote_code") if key in loading}
    # Nothing it prints while it loads and tokenizes belongs between pytest's lines; its errors are raised.
    transformers.utils.logging.disable_progress_bar()  # type: ignore[no-untyped-call]
    transformers.utils.logging.set_verbosity_error()  # type: ignore[no-untyped-call]
    place = place_of(spec)
    if is_of_modelscope(spec):
        # The copy is of it.
        for settings in (where, loading):
            settings.pop("revision", None)
    try:
        sees = is_of_pictures(place, where)
        prompts = load_prompts(spec.name, place, where, sees=sees)
        kind: Any = transformers.AutoModelForImageTextToText if sees else transformers.AutoModelForCausalLM
        model: Any = kind.from_pretrained(place, **loading)
    except (OSError, ValueError, ImportError, KeyError) as error:
        why = not_fetched(spec.model, error) or f"cannot load {spec.model}: {reason(error, 400)}"
        raise StopRun(why) from None
    return model.eval(), prompts


class TransformersModel:
    """A causal language model, which may see, whose waiting requests become batches of like length, in a thread."""

    answers: frozenset[type[Request]] = frozenset({Chat, LogLikelihood})

    def __init__(self, spec: ModelSpec) -> None:
        self._spec = spec
        own = {key: spec.args.get(key, default) for key, default in ASKING.items()}
        self._template_arguments: Mapping[str, Any] = own["chat_template_kwargs"]
        self._batch_size: int = own["batch_size"]
        self._continuous = own["batching"] == "continuous"
        if self._continuous and not _knows_pages():
            raise pytest.UsageError(
                f"batching = 'continuous' needs transformers 5.18 or newer, this is {transformers.__version__}: "
                "pip install -U transformers, or leave it at 'static'"
            )
        self._model, self._prompts = load_model(spec)
        self._tokenizer = self._prompts.tokenizer
        self._context: int = getattr(self._model.config.get_text_config(), "max_position_embeddings", 1 << 31)
        # Special tokens that are no text; those around a thought or a call have to be seen.
        added = self._tokenizer.added_tokens_decoder
        self._hidden = {one for one in self._tokenizer.all_special_ids if one not in added} | {
            one for one, token in added.items() if token.special and not _is_mark(token.content)
        }
        if own["chat_template"]:
            self._tokenizer.chat_template = own["chat_template"]
        self._waiting: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._serve, name="modeleval-batches", daemon=True)
        self._thread.start()

    @property
    def concurrency(self) -> int:
        """Four batches: enough to sort by length."""
        return 4 * self._batch_size

    async def check(self, kind: type[Request]) -> None:
        """Nothing to prove: it is loaded."""

    async def close(self) -> None:
        """End the thread; a batch that runs is waited for."""
        self._waiting.put(None)
        await asyncio.to_thread(self._thread.join)

    async def answer(self, request: Request) -> Completion:
        """The answer, from a batch with others that wait."""
        if isinstance(request, LogLikelihood):
            return await self._weigh(request.pairs)
        assert isinstance(request, Chat)
        request = choosing(request, self._tokenizer, self._spec.name)
        generation = dict(request.generation)
        decoding.refuse_unknown(generation)
        # Pictures are prepared in a thread, beside what the model computes.
        prompt = await asyncio.to_thread(self.prompt, request) if self._prompts.processor else self.prompt(request)
        self._refuse_too_long(len(prompt.tokens), room=1)
        started = time.perf_counter()
        # Pictures are in no batch with texts alone: not every processor takes both together.
        settings = repr((bool(prompt.pictures), sorted(generation.items())))
        completion = await self._queued(prompt, settings, generation, tools=request.tools)
        return replace(completion, latency=time.perf_counter() - started)

    async def _weigh(self, pairs: Sequence[tuple[str, str]]) -> LogLikelihoods:
        """The log-likelihood of each pair's continuation; each pair is a row of a batch."""
        rows = [forward.encoded(self._tokenizer, *pair) for pair in pairs]
        self._refuse_too_long(max(len(tokens) for tokens, _ in rows), room=0)
        started = time.perf_counter()
        weighed = await asyncio.gather(
            *(self._queued(Prompt(tokens), "loglikelihood", {}, start) for tokens, start in rows)
        )
        return LogLikelihoods(
            prompt_tokens=sum(len(tokens) for tokens, _ in rows),
            latency=time.perf_counter() - started,
            choice_logprobs=[one.numbers[0] for one in weighed],
        )

    def _queued(
        self,
        prompt: Prompt,
        settings: str,
        generation: Mapping[str, Any],
        start: int = 0,
        tools: Sequence[Json] = (),
    ) -> "asyncio.Future[Completion]":
        loop = asyncio.get_running_loop()
        waiting = _Waiting(prompt, settings, generation, loop.create_future(), loop, start, tools)
        self._waiting.put(waiting)
        return waiting.answer

    def _refuse_too_long(self, length: int, *, room: int) -> None:
        if length > self._context - room:
            raise Refused(f"the prompt is too long for the model: {length} tokens, its context has {self._context}")

    def prompt(self, request: Chat) -> Prompt:
        """The prompt, with its token ids."""
        prompt = self._prompts.prompt(request, self._template_arguments)
        if prompt.pictures and self._continuous:
            raise StopRun(f"{self._spec.name}: batching = 'continuous' takes no pictures: leave it at 'static'")
        return prompt

    def _serve(self) -> None:
        """Answer what waits, batch after batch, until `close`."""
        waiting: list[_Waiting] = []
        while True:
            arrived = self._waiting.get() if not waiting else None
            open_ = arrived is not None or bool(waiting)
            if arrived is not None:
                waiting.append(arrived)
                # The engine sends many at once: let those that follow join the first batch.
                time.sleep(0.01)
            while not self._waiting.empty():
                if (arrived := self._waiting.get()) is None:
                    open_ = False
                else:
                    waiting.append(arrived)
            if not open_:
                return
            batch = pick(waiting, self._batch_size, lambda one: (one.settings, len(one.prompt.tokens)))
            waiting = [one for one in waiting if one not in batch and not one.answer.cancelled()]
            batch = [one for one in batch if not one.answer.cancelled()]
            if batch:
                self._answer(batch)

    def _answer(self, batch: list[_Waiting]) -> None:
        answers: Sequence[Completion | Exception]
        try:
            answers = self._log_likelihoods(batch) if batch[0].start else self._generate(batch)
        except torch.OutOfMemoryError as error:
            answers = [SampleError(f"out of memory: {str(error).splitlines()[0]}")] if len(batch) == 1 else []
        except Exception as error:  # noqa: BLE001 - whatever the model's code raises, somebody awaits it
            answers = [SampleError(f"the model failed: {type(error).__name__}: {error}") for _ in batch]
        if answers:
            for one, answer in zip(batch, answers, strict=True):
                one.resolve(answer)
            return
        # Now that the error is gone, and with it what its frames held of the GPU's memory.
        torch.cuda.empty_cache()
        self._batch_size = len(batch) // 2
        self._answer(batch[: self._batch_size])
        self._answer(batch[self._batch_size :])

    def _log_likelihoods(self, batch: list[_Waiting]) -> Sequence[Completion]:
        sums = forward.log_likelihoods(self._model, [(one.prompt.tokens, one.start) for one in batch])
        return [LogLikelihoods(choice_logprobs=[value]) for value in sums]

    def _generate(self, batch: list[_Waiting]) -> Sequence[Completion]:
        generation = batch[0].generation
        stop = decoding.stops_of(generation, self._tokenizer)
        room = self._context - max(len(one.prompt.tokens) for one in batch)
        config = decoding.generation_config(self._model, self._tokenizer, generation, room, stop)
        answers = (self._continuously if self._continuous else self._together)(batch, config)
        ends = set(config.eos_token_id if isinstance(config.eos_token_id, list) else [config.eos_token_id])
        return [
            decoding.completion(
                self._tokenizer, one.prompt.tokens, ids, ends=ends, hidden=self._hidden, stop=stop, tools=one.tools
            )
            for one, ids in zip(batch, answers, strict=True)
        ]

    def _together(self, batch: list[_Waiting], config: Any) -> list[list[int]]:
        """The answers' tokens from one static batch."""
        padded = self._prompts.padded([one.prompt for one in batch], self._model)
        with torch.inference_mode():
            output = self._model.generate(
                **padded, generation_config=config, tokenizer=self._tokenizer if config.stop_strings else None
            )
        return [row.tolist() for row in output[:, padded["input_ids"].shape[1] :]]

    def _continuously(self, batch: list[_Waiting], config: Any) -> list[list[int]]:
        """The answers' tokens from transformers' continuous batching."""
        answers = self._model.generate_batch(
            [list(one.prompt.tokens) for one in batch],
            generation_config=config,
            continuous_batching_config=self._cache_for(batch, config.max_new_tokens),
            progress_bar=False,
        )
        failed = next((answer.error for answer in answers.values() if answer.error), None)
        if failed or len(answers) < len(batch):
            raise RuntimeError(f"continuous batching failed: {failed or 'an answer is missing'}")
        # Its answers are keyed by request, "req_0" onwards in the order of asking.
        in_order = sorted(answers.values(), key=lambda answer: int(answer.request_id.rpartition("_")[2]))
        return [list(answer.generated_tokens) for answer in in_order]

    def _cache_for(self, batch: list[_Waiting], most: int) -> Any:
        """Room for this batch's tokens; None on a GPU, whose free memory is transformers' own choice.

        On a CPU that choice is 0.6 of all the memory that the machine has: 14 GB of 24 for a model of 3 MB.
        """
        if self._model.device.type != "cpu":
            return None
        page = 256
        pages = sum(-(-(len(one.prompt.tokens) + most) // page) for one in batch)
        return transformers.ContinuousBatchingConfig(
            page_size=page, num_blocks=pages, max_batch_tokens=min(pages * page, 8192)
        )


def _knows_pages() -> bool:
    """Whether this transformers has continuous batching as it is used here, which began with 5.18."""
    config = getattr(transformers, "ContinuousBatchingConfig", None)
    return config is not None and "page_size" in inspect.signature(config).parameters


def _is_mark(token: str) -> bool:
    return marks_thought(token) or "tool_call" in token


def _default_device() -> dict[str, Any]:
    return {"device_map": "auto"} if torch.cuda.is_available() else {}
