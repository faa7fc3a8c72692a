"""Models in this process, with the bundled one."""

import asyncio
import json
import shutil
import weakref
from pathlib import Path
from typing import Any

import pytest
import torch
import transformers
from packaging.version import Version

from pytest_modeleval.datasets import arithmetic
from pytest_modeleval.models.batches import pick
from pytest_modeleval.models.spec import TINY, ModelSpec
from pytest_modeleval.models.transformers import TransformersModel
from pytest_modeleval.requests import Chat
from pytest_modeleval.sample import Completion, SampleError, StopRun

GREEDY = {"max_tokens": 32, "temperature": 0}


def model(**args: Any) -> TransformersModel:
    return TransformersModel(ModelSpec("tiny", "transformers", str(TINY), args={"dtype": "float32", **args}))


def ask_all(opened: TransformersModel, requests: list[Chat]) -> list[Completion]:
    async def all_at_once() -> list[Completion]:
        try:
            return await asyncio.gather(*(opened.answer(request) for request in requests))
        finally:
            await opened.close()

    return asyncio.run(all_at_once())


def question(text: str, **generation: Any) -> Chat:
    return Chat([{"role": "user", "content": text}], generation={**GREEDY, **generation})


def test_it_answers_and_counts() -> None:
    (completion,) = ask_all(model(), [question("What is 3 + 4?")])

    assert (completion.text, completion.thinking, completion.finish_reason) == ("7", "", "stop")
    assert completion.completion_tokens == 2
    assert completion.prompt_tokens
    assert completion.latency > 0


def test_four_batches_are_asked_at_once() -> None:
    opened = model(batch_size=3)
    ask_all(opened, [])

    assert opened.concurrency == 12


def test_what_a_batch_took_is_free_when_it_is_halved(monkeypatch: pytest.MonkeyPatch) -> None:
    opened, tensors, left = model(batch_size=4), list[weakref.ref[set[int]]](), list[object]()
    generate = opened._generate

    def out_of_memory(batch: Any) -> Any:
        left.extend(tensor() for tensor in tensors)
        if len(batch) == 1:
            return generate(batch)
        tensor = {1}
        tensors.append(weakref.ref(tensor))
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(opened, "_generate", out_of_memory)
    answers = ask_all(opened, [question(f"What is 3 + {number}?") for number in (1, 2, 3, 4)])

    assert [answer.text for answer in answers] == ["4", "5", "6", "7"]
    assert tensors
    assert not any(left)


def test_batches_answer_as_single_questions_do() -> None:
    requests = [question(arithmetic.row(s, i)["question"]) for s in arithmetic.SUBSETS for i in range(4)]

    together = [c.text for c in ask_all(model(batch_size=16), requests)]
    alone = [c.text for c in ask_all(model(batch_size=1), requests)]

    assert together == alone


@pytest.mark.skipif(Version(transformers.__version__) < Version("5.18"), reason="refused before transformers 5.18")
def test_continuous_batching_answers_as_static_batches_do() -> None:
    requests = [question(arithmetic.row("add-1", i)["question"]) for i in range(4)]

    static = ask_all(model(), requests)
    continuous = ask_all(model(batching="continuous"), requests)

    assert [(c.text, c.finish_reason) for c in static] == [(c.text, c.finish_reason) for c in continuous]


def test_template_arguments_come_from_the_alias_or_the_request() -> None:
    extra = {"chat_template_kwargs": {"enable_thinking": True}}

    (by_request,) = ask_all(model(), [question("What is 3 + 4?", extra_body=extra)])
    (by_alias,) = ask_all(model(chat_template_kwargs={"enable_thinking": True}), [question("What is 3 + 4?")])

    assert (by_request.thinking, by_request.text) == (by_alias.thinking, by_alias.text) == ("3 + 4", "7")


# As the bundled model's, but that the answer begins inside of a thought.
WRITTEN, _, _ = (TINY / "chat_template.jinja").read_text().partition("{%- if add_generation_prompt")
OPENS_THOUGHT = WRITTEN + "<|im_start|>assistant\n<think>\n"


@pytest.mark.parametrize(("most", "thinking", "answer"), [(3, "3 +", ""), (40, "3 + 4", "7")], ids=["cut off", "whole"])
def test_a_thought_that_the_template_opened_is_one(most: int, thinking: str, answer: str) -> None:
    (found,) = ask_all(model(chat_template=OPENS_THOUGHT), [question("What is 3 + 4?", max_tokens=most)])

    assert (found.thinking, found.text) == (thinking, answer)


def test_a_thought_between_special_tokens_is_one(tmp_path: Path) -> None:
    folder = shutil.copytree(TINY, tmp_path / "model")
    tokenizer = json.loads((folder / "tokenizer.json").read_text())
    for token in tokenizer["added_tokens"]:
        token["special"] = True
    (folder / "tokenizer.json").write_text(json.dumps(tokenizer))
    opened = TransformersModel(ModelSpec("m", "transformers", str(folder), args={"dtype": "float32"}))

    extra = {"chat_template_kwargs": {"enable_thinking": True}}
    (found,) = ask_all(opened, [question("What is 3 + 4?", extra_body=extra)])

    assert (found.thinking, found.text) == ("3 + 4", "7")


def test_requests_with_unlike_settings_get_their_own() -> None:
    short, long = ask_all(
        model(), [question("What is 100 + 100?", max_tokens=1), question("What is 100 + 100?", max_tokens=9)]
    )

    assert (short.completion_tokens, short.finish_reason) == (1, "length")
    assert long.finish_reason == "stop"


def test_a_stop_string_ends_the_answer_before_it() -> None:
    (completion,) = ask_all(model(), [question("What is 100 + 100?", stop=["0"])])

    assert (completion.text, completion.finish_reason) == ("2", "stop")


def test_a_seed_makes_a_draw_repeatable() -> None:
    requests = [question("What is 83 * 67?", temperature=3.0, seed=7)]

    assert ask_all(model(), requests)[0].text == ask_all(model(), requests)[0].text


@pytest.mark.filterwarnings("ignore")
def test_the_prompt_has_one_bos(tmp_path: Path) -> None:
    """A tokenizer that adds a BOS of its own, under a template that writes one too."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(TINY)
    tokenizer.bos_token = "<|endoftext|>"
    from tokenizers.processors import TemplateProcessing

    tokenizer.backend_tokenizer.post_processor = TemplateProcessing(
        single="<|endoftext|> $A", special_tokens=[("<|endoftext|>", tokenizer.bos_token_id)]
    )
    tokenizer.chat_template = "{{ bos_token }}" + tokenizer.chat_template
    transformers.AutoModelForCausalLM.from_pretrained(TINY).save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    assert tokenizer("x").input_ids[0] == tokenizer.bos_token_id

    opened = TransformersModel(ModelSpec("bos", "transformers", str(tmp_path)))
    ids = opened.prompt(question("What is 3 + 4?")).tokens
    asyncio.run(opened.close())

    assert ids.count(tokenizer.bos_token_id) == 1
    assert ids[0] == tokenizer.bos_token_id


def test_a_prompt_beyond_the_context_is_that_samples_error() -> None:
    with pytest.raises(SampleError, match=r"too long for the model: \d+ tokens, its context has 512"):
        ask_all(model(), [question("What is 3 + 4? " * 200)])


def test_strange_settings_are_refused() -> None:
    with pytest.raises(
        StopRun, match=r"unknown generation setting for a local model: 'top_kk'; did you mean 'top_k'\?"
    ):
        ask_all(model(), [question("x", top_kk=3)])


def test_continuous_batching_of_an_older_transformers_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(transformers, "ContinuousBatchingConfig", object, raising=False)
    monkeypatch.setattr(transformers, "__version__", "4.56.2")

    with pytest.raises(
        pytest.UsageError, match=r"'continuous' needs transformers 5\.18 or newer, this is 4\.56\.2: pip"
    ):
        model(batching="continuous")


def test_a_folder_without_a_model_stops_the_run(tmp_path: Path) -> None:
    with pytest.raises(StopRun, match=f"cannot load {tmp_path}: "):
        TransformersModel(ModelSpec("none", "transformers", str(tmp_path)))


def test_a_batch_has_the_oldest_one_set_of_settings_and_like_lengths() -> None:
    waiting = [("a", 50), ("b", 50), ("a", 10), ("a", 52), ("a", 48), ("a", 90)]

    assert pick(waiting, 3, lambda one: one) == [("a", 48), ("a", 50), ("a", 52)]


def _base(folder: Path) -> str:
    """The bundled model without its chat template."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(TINY)
    tokenizer.chat_template = None
    transformers.AutoModelForCausalLM.from_pretrained(TINY).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return str(folder)


def test_a_model_without_a_chat_template_stops_where_it_asks_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The bundled model, continuing plain text, writes no "Question:"; so the stop is one that it does write."""
    folder, spec = _base(tmp_path / "base"), {"dtype": "float32"}
    (freely,) = ask_all(TransformersModel(ModelSpec("b", "transformers", folder, args=spec)), [question("1", stop=[])])
    written = freely.text[1:2]
    monkeypatch.setattr("pytest_modeleval.models.decoding._RUN_ON", (written,))

    (base,) = ask_all(TransformersModel(ModelSpec("b", "transformers", folder, args=spec)), [question("1")])
    (chat,) = ask_all(model(), [question("What is 100 + 100?")])

    assert written
    assert (base.text, base.finish_reason) == (freely.text[: freely.text.index(written)], "stop")
    assert chat.text == "200"
