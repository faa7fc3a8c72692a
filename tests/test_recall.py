"""Under which keys answers are stored: those of stores that are there must go on being found."""

import time
from contextlib import closing
from pathlib import Path

import pytest

from pytest_modeleval.asking.recall import Recall, Rules
from pytest_modeleval.models.identity import Identity
from pytest_modeleval.models.spec import ModelSpec
from pytest_modeleval.options.parsers import Cache
from pytest_modeleval.reports.stored import lines
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


@pytest.mark.parametrize("judged", [False, True])
def test_what_is_said_of_many_stored_answers_takes_linear_time(tmp_path: Path, judged: bool) -> None:
    """8,000 questions that two runs asked of two models: each with each would be 256 million."""
    many = [f"{number:032x}" for number in range(8_000)]
    with closing(Store(tmp_path)) as store:
        store.write("insert into models values (?, 'm', ?)", [("a", "here"), ("b", "there")])
        for run, who in (("first", "b"), ("second", "a")):
            store.begin_run(run, {})
            rows = [(f"{asked}{who:0<32}", asked, who, run, time.time()) for asked in many]
            store.write(
                "insert into completions (key, model, completion, asked, who, run, created) values "
                "(?, 'm', '{}', ?, ?, ?, ?)",
                [(*row[:4], row[4] - 3600 * (run == "first")) for row in rows],
            )
        store.write("update runs set resumes = 'first' where id = 'second'", [()])
        began = time.process_time()

        said = lines(store, Rules(Cache.WRITE, "second", judged, 0.0), [ModelSpec("m", "openai", "m")])

        assert time.process_time() - began < 2
    assert judged or said[0].startswith("8,000 of these questions were answered before at there: ")
