"""Requests that are no chat, as a benchmark makes them, and models that do not answer them."""

import sqlite3
import sys
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from pytest_modeleval.asking.fitting import ANSWERS, fits
from pytest_modeleval.requests import Chat, Embed, LogLikelihood, Paint, Request, Rerank
from pytest_modeleval.sample import Completion, Embeddings, LogLikelihoods, Pictures, Ranking
from pytest_modeleval.store.kept import completion_in, written
from tests.conftest import FaultyServer, alias, run, run_alone, send

# Vectors whose first number is the text's length, scores that are the documents' lengths, and a picture.
CONVERSING = """
from pytest_modeleval import Sample, benchmark, generated

@benchmark(generated(lambda subset, index: {"n": index}, {"main": 1}), lambda row: Sample("?", "x"))
async def test_kinds(sample, model):
    embedded = await model.embed(["a", "abc"], dimensions=2)
    assert [vector[0] for vector in embedded.vectors] == [1, 3]
    assert (await model.embed(["a", "abc"], dimensions=2)).vectors == embedded.vectors
    assert (await model.rerank("which is longer?", ["a", "abc", "ab"])).ranked == [1, 2, 0]
    one, other = [await model.paint("a house", size="64x64") for _ in range(2)]
    assert one.images != other.images
"""

ORDINARY = """
def test_kinds(model):
    assert model.embed(["abc"]).vectors[0][0] == 3
    assert model.rerank("which is longer?", ["a", "abc", "ab"]).ranked == [1, 2, 0]
    assert len(model.paint("a house").images) == 1
"""

GIVEN = """
from pytest_modeleval import Embed, Embeddings, Sample, benchmark, generated

@benchmark(
    generated(lambda subset, index: {"n": index}, {"main": 2}),
    lambda row: Sample(Embed(["a" * (row["n"] + 1)]), str(row["n"] + 1)),
)
def test_given(sample: Sample, completion: Embeddings) -> None:
    assert completion.vectors[0][0] == int(sample.target)
"""


def kinds(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
    """The three endpoints; every picture is another one."""
    if handler.path.endswith("/embeddings"):
        entries = [{"index": n, "embedding": [len(text), 0]} for n, text in enumerate(body["input"])]
    elif handler.path.endswith("/rerank"):
        entries = [{"index": n, "relevance_score": len(text)} for n, text in enumerate(body["documents"])]
    else:
        entries = [{"url": f"https://pictures/{handler.connection.getpeername()[1]}-{id(body)}-{len(asked)}"}]
    asked.append(handler.path)
    send(handler, 200, {"data": entries, "usage": {"prompt_tokens": 3, "total_tokens": 3}})


asked: list[str] = []


@pytest.fixture
def suite(faulty: FaultyServer, project: pytest.Pytester) -> pytest.Pytester:
    asked.clear()
    faulty.fault = kinds
    project.makepyfile(test_kinds=CONVERSING, test_given=GIVEN)
    return project


def test_a_body_embeds_reranks_and_paints_and_the_store_serves_it_again(
    suite: pytest.Pytester, faulty: FaultyServer
) -> None:
    run(suite, "--model", "faulty", "test_kinds.py").assert_outcomes(passed=1)
    # Of what varies each is another draw; what does not is asked once.
    paths = ["/v1/embeddings", "/v1/rerank", "/v1/images/generations", "/v1/images/generations"]
    assert faulty.paths == paths

    again = run(suite, "--model", "faulty", "test_kinds.py")

    again.assert_outcomes(passed=1)
    assert faulty.paths == paths
    again.stdout.re_match_lines([r"faulty +kinds +1 +0 +1\.000"])


def test_an_ordinary_test_asks_for_other_kinds_too(suite: pytest.Pytester) -> None:
    suite.makepyfile(test_ordinary=ORDINARY)

    run(suite, "--model", "faulty", "test_ordinary.py").assert_outcomes(passed=1)


def test_a_sample_may_ask_for_another_kind_than_a_chat(suite: pytest.Pytester, faulty: FaultyServer) -> None:
    run(suite, "--model", "faulty", "test_given.py").assert_outcomes(passed=2)

    assert sorted(body["input"] for body in faulty.asked) == [["a"], ["aa"]]
    with sqlite3.connect(suite.path / ".modeleval/store.sqlite") as store:
        prompts = sorted(prompt for (prompt,) in store.execute("select prompt from samples"))
    assert prompts == [f'[{{"role": "user", "content": "{text}"}}]' for text in ("a", "aa")]


def test_repeats_share_an_embedding(suite: pytest.Pytester, faulty: FaultyServer) -> None:
    flags = ("--eval-repeats", "3", "--eval-concurrency", "1")
    run(suite, "--model", "faulty", *flags, "test_given.py").assert_outcomes(passed=6)

    assert len(faulty.asked) == 2


@pytest.mark.parametrize(("name", "kind"), [("test_kinds", "embeddings"), ("test_given", "embeddings")])
def test_a_model_in_this_process_refuses_them_in_one_sentence(suite: pytest.Pytester, name: str, kind: str) -> None:
    result = run_alone(suite, "--model", "tiny", f"{name}.py")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    (line,) = [line for line in result.errlines if line]
    assert line.startswith("ERROR: tiny answers chat and log-likelihoods, and ")
    assert line.endswith(f"asks for {kind}")


MINE = """
from pytest_modeleval import Chat, Completion, Embed, Embeddings

class Mine:
    {answers}
    concurrency = 1
    async def check(self, kind): pass
    async def close(self): pass
    async def {method}(self, request): return {answer}

def pytest_modeleval_open_model(spec):
    return Mine() if spec.api == "mine" else None
"""


@pytest.mark.parametrize(
    ("mine", "error"),
    [
        (
            {"answers": "", "method": "complete", "answer": "Completion('42')"},
            "ERROR: model 'mine': Mine, which pytest_modeleval_open_model gave, has no answers, answer; docs/models.md *",
        ),
        (
            {"answers": "answers = {Embed}", "method": "answer", "answer": "Completion('42')"},
            "ERROR: mine says that it answers embeddings, and gave a Completion in place of Embeddings",
        ),
        (
            {"answers": "answers = {Chat}", "method": "answer", "answer": "Completion('42')"},
            "ERROR: mine answers chat, and given[[]main-0000?] asks for embeddings",
        ),
    ],
    ids=["of the interface before", "answers otherwise", "does not answer it"],
)
def test_what_a_model_of_ones_own_lacks_is_said_once(suite: pytest.Pytester, mine: dict[str, str], error: str) -> None:
    alias(suite, "mine", api="mine", model="x")
    suite.makeconftest(MINE.format(**mine))

    result = run(suite, "--model", "mine", "test_given.py")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([error])
    assert len([line for line in result.errlines if line]) == 1


def test_a_model_of_ones_own_may_embed(suite: pytest.Pytester) -> None:
    alias(suite, "mine", api="mine", model="x")
    answer = "Embeddings(vectors=[[len(text)] for text in request.texts])"
    suite.makeconftest(MINE.format(answers="answers = {Embed}", method="answer", answer=answer))

    run(suite, "--model", "mine", "test_given.py").assert_outcomes(passed=2)


def test_answers_of_a_model_of_ones_own_serve_until_its_code_changes(
    project: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Of the same size and second, Python would take the compiled one of before.
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    alias(project, "mine", api="mine", model="x")
    helpers = "THE_ANSWER = {}\n\ndef unrelated():\n    return {}\n"
    mine = {"answers": "answers = {Chat}", "method": "answer", "answer": "Completion(thinking.THE_ANSWER)"}
    project.makeconftest("import thinking\n" + MINE.format(**mine))

    said = []
    for answer, other in (("'41'", 1), ("'41'", 2), ("'42'", 2)):
        project.makepyfile(thinking=helpers.format(answer, other))
        result = run(project, "--model", "mine", "test_answers.py")
        said.append((result.parseoutcomes(), "10 answers are stored" in result.stdout.str()))

    assert said == [({"failed": 10}, False), ({"failed": 10}, True), ({"passed": 10}, False)]


def test_a_version_may_stand_for_a_models_code(project: pytest.Pytester) -> None:
    alias(project, "mine", api="mine", model="x", identity="mine@1")
    mine = {"answers": "answers = {Chat}", "method": "answer"}
    project.makeconftest(MINE.format(**mine, answer="Completion('42')"))
    run(project, "--model", "mine", "test_answers.py").assert_outcomes(passed=10)

    project.makeconftest(MINE.format(**mine, answer="Completion('41')"))

    run(project, "--model", "mine", "test_answers.py").assert_outcomes(passed=10)


def test_what_a_picture_costs_nobody_can_hold_to_a_budget(suite: pytest.Pytester) -> None:
    flags = ("--eval-budget", "100k tokens", "--eval-generation", "max_tokens=8")
    result = run(suite, "--model", "faulty", *flags, "test_kinds.py")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(["ERROR: nobody can tell what a picture may cost: *"])


def test_the_tokens_of_embeddings_are_spent(suite: pytest.Pytester) -> None:
    flags = ("--eval-budget", "100k tokens", "--eval-generation", "max_tokens=8")

    result = run(suite, "--model", "faulty", *flags, "test_given.py")

    result.assert_outcomes(passed=2)
    result.stdout.fnmatch_lines(["budget: 6 of 100,000 tokens, *"])


ANSWERED: list[tuple[Request, Completion]] = [
    (Chat([]), Completion("42", tool_calls=[], reasoning_items=[])),
    (LogLikelihood([], [("a", "b")]), LogLikelihoods(tool_calls=[], reasoning_items=[], choice_logprobs=[-1.5])),
    (Embed(["a"]), Embeddings(tool_calls=[], reasoning_items=[], vectors=[[0.5, -1.0]])),
    (Rerank("q", ["a"]), Ranking(tool_calls=[], reasoning_items=[], scores=[0.25])),
    (Paint("q"), Pictures(tool_calls=[], reasoning_items=[], images=["https://x/1.png"])),
]


@pytest.mark.parametrize(("asking", "answer"), ANSWERED, ids=[type(asking).__name__ for asking, _ in ANSWERED])
def test_an_answer_fits_its_own_kind_of_request_and_comes_back_from_the_store(
    asking: Request, answer: Completion
) -> None:
    assert completion_in(written(answer)) == answer
    # A chat is answered by whatever has a text.
    fitting = [type(each) for each, _ in ANSWERED if fits(each, answer)]
    assert fitting == list(dict.fromkeys([Chat, type(asking)]))


@pytest.mark.parametrize(
    ("request_", "answer"),
    [
        (LogLikelihood([], [("a", "b")]), LogLikelihoods(choice_logprobs=[float("nan")])),
        (LogLikelihood([], [("a", "b")] * 2), LogLikelihoods(choice_logprobs=[-1.0])),
        (Embed(["a", "b"]), Embeddings(vectors=[[1.0]])),
        (Embed(["a"]), Embeddings(vectors=[[float("inf")]])),
        (Rerank("q", ["a", "b"]), Ranking(scores=[1.0])),
        (Paint("q"), Pictures()),
    ],
)
def test_an_answer_that_lacks_something_does_not_fit(request_: Request, answer: Completion) -> None:
    assert not fits(request_, answer)


@pytest.mark.parametrize(
    "row",
    ['{"vectors": [["a"]]}', '{"vectors": ["ab"]}', '{"vectors": 3}', '{"scores": [null]}', '{"images": [1]}'],
)
def test_a_row_of_the_store_that_is_no_such_answer_is_none(row: str) -> None:
    assert completion_in(row) is None


def test_every_kind_has_its_answer() -> None:
    assert set(ANSWERS) == set(Request.__args__)
    assert len({kind.gives for kind in ANSWERS}) == len(ANSWERS)
