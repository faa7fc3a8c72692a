"""Under which keys answers are stored: those of stores that are there must go on being found."""

from pathlib import Path

import pytest

from pytest_modeleval.asking.recall import Recall, Rules
from pytest_modeleval.models.identity import Identity
from pytest_modeleval.models.spec import ModelSpec
from pytest_modeleval.options.parsers import Cache
from pytest_modeleval.requests import Chat, Embed, LogLikelihood, Request
from pytest_modeleval.sample import Completion, LogLikelihoods
from pytest_modeleval.store.store import Store

QUESTION = [{"role": "user", "content": "What is 6 · 7?"}]
CLOZE = [("Q: 1+1?\nA:", " 2"), ("Q: 1+1?\nA:", " 3")]
TOOL = {"type": "function", "function": {"name": "add"}}
SETTINGS = {"temperature": 0.5, "max_tokens": 16}
# Written down from version 0.1 and the one after it, whose answers are served.
KEYS = {
    ("openai", "plain"): "cf4e13477b3c6d525d3bd0c7ceeb1e04",
    ("openai", "settings"): "8f4e7f78287796eb971d99c34bc5ceeb",
    ("openai", "again"): "b8b54d8c9ecac6acacc7345655fdea7f",
    ("openai", "weighed"): "2a546d9e01337f6c264476fde68de2b2",
    ("replay", "plain"): "5585abc9a0b43628a0d8725c534300aa",
    ("replay", "settings"): "869e86bc5e6ee2fd94dc61b47a93264f",
    ("replay", "again"): "3a481f73cd2ee47330fc957f5283267b",
    ("replay", "weighed"): "f2674051aa2a73a684fa6f6c7d0c8610",
}


def request(kind: str) -> Request:
    if kind == "weighed":
        return LogLikelihood([{"role": "user", "content": "Q: 1+1?\nA:"}], CLOZE, sample_id="x[main-00001]")
    if kind == "embedded":
        return Embed(["a"])
    if kind == "settings":
        return Chat(QUESTION, [TOOL], SETTINGS, repeat=2, sample_id="x[main-00001]")
    return Chat(QUESTION, asked_before=int(kind == "again"))


@pytest.mark.parametrize(("api", "kind"), KEYS)
def test_what_is_asked_has_the_key_that_it_had(tmp_path: Path, api: str, kind: str) -> None:
    store = Store(tmp_path)
    rules = Rules(Cache.WRITE, "run", judged=False, since=0)
    recall = Recall(store, rules, ModelSpec("m", api, "m"), Identity({"api": api}, "m", "here", is_sure=False))

    question = recall.question(request(kind))
    store.close()

    assert question.asked == KEYS[api, kind]


@pytest.mark.parametrize(
    ("kind", "answer"),
    [
        ("weighed", Completion("42")),
        ("weighed", LogLikelihoods(choice_logprobs=[-1.0])),
        ("embedded", Completion("42")),
    ],
    ids=["a text", "too few", "no vectors"],
)
def test_a_stored_answer_of_another_kind_does_not_serve(tmp_path: Path, kind: str, answer: Completion) -> None:
    store = Store(tmp_path)
    rules = Rules(Cache.WRITE, "run", judged=False, since=0)
    recall = Recall(
        store, rules, ModelSpec("m", "openai", "m"), Identity({"api": "openai"}, "m", "here", is_sure=False)
    )
    asking = request(kind)

    recall.keep(recall.question(asking), answer)

    assert recall.kept(recall.question(asking), asking) is None
    store.close()
