"""Options chosen by log-likelihood: a run as its user sees it."""

import json
import sqlite3
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest

from tests.conftest import FaultyServer, answer, run, run_alone, send
from tests.test_faults import error

# Of two questions the first one's right option is long and the second's is short; the third has no options.
QUIZ = """
from pytest_modeleval import Completion, Sample, benchmark, generated
from pytest_modeleval.scorers.choices import same_choice

ROWS = [
    ("Who wrote it?", "B", ["Ann", "Bartholomew the younger"]),
    ("Who read it?", "A", ["Ann", "Bartholomew the younger"]),
    ("What is 6 * 7?", "42", []),
]

def to_sample(row):
    question, target, options = row["row"]
    return Sample({"question": question}, target, options)

@benchmark(generated(lambda subset, index: {"row": ROWS[index]}, {"main": 3}), to_sample, prompt="{question}")
def test_quiz(sample: Sample, completion: Completion) -> None:
    if sample.options:
        assert same_choice(completion, sample.target, sample.options)
    else:
        assert completion.text == sample.target
"""

# Ann is likelier as a whole, Bartholomew for each of his characters.
LOGPROBS = {" Ann": -6.0, " Bartholomew the younger": -9.0}


def echo(handler: BaseHTTPRequestHandler, body: dict[str, Any]) -> None:
    """A completions endpoint with one token a context and one a continuation; a chat is answered 42."""
    if handler.path == "/v1/chat/completions":
        answer("42")(handler, body)
        return
    choices, asked = [], 0
    for index, prompt in enumerate(body["prompt"]):
        context, ends, continuation = prompt.partition("Answer:")
        tokens = [context + ends, continuation] if continuation else [context + ends]
        logprobs = [None, LOGPROBS[continuation]] if continuation else [None]
        asked += len(tokens)
        choices.append({"index": index, "logprobs": {"tokens": tokens, "token_logprobs": logprobs}})
    send(handler, 200, {"choices": choices, "usage": {"prompt_tokens": asked}})


@pytest.fixture
def quiz(faulty: FaultyServer, project: pytest.Pytester) -> pytest.Pytester:
    faulty.fault = echo
    project.makepyfile(test_quiz=QUIZ)
    return project


def weigh(quiz: pytest.Pytester, *flags: str, model: str = "faulty") -> pytest.RunResult:
    return run(quiz, "--model", model, "--eval-set", "run.choices=loglikelihood", "test_quiz.py", *flags)


def test_acc_is_the_score_and_acc_norm_a_further_one(quiz: pytest.Pytester, faulty: FaultyServer) -> None:
    result = weigh(quiz, "-k", "quiz and not 00002")

    result.assert_outcomes(passed=1, failed=1, deselected=1)
    result.stdout.re_match_lines([r"faulty +quiz +main +2 +0 +0\.500", r".*acc_norm +2 +0 +0\.500"])
    result.stdout.fnmatch_lines(
        ["test_quiz[[]main-00000[]]  asked 'Who wrote it?'", "    expected 'B' '*', got 'A' '*'"]
    )
    # Both samples are asked at once.
    asked = [body["prompt"][1:] for body in faulty.asked]
    assert [f"Question: Who wrote it?\nAnswer:{text}" for text in LOGPROBS] in asked


def test_acc_and_acc_norm_choose_each_by_its_own_measure(quiz: pytest.Pytester) -> None:
    result = weigh(quiz, "-k", "00000")

    result.stdout.re_match_lines([r"faulty +quiz +main +1 +0 +0\.000", r".*acc_norm +1 +0 +1\.000"])


def test_a_sample_without_options_is_asked_by_generation(quiz: pytest.Pytester, faulty: FaultyServer) -> None:
    weigh(quiz, "-k", "00002").assert_outcomes(passed=1, deselected=2)

    assert faulty.asked[0]["messages"] == [{"role": "user", "content": "What is 6 * 7?"}]


def test_answers_are_kept_apart_from_those_by_generation(quiz: pytest.Pytester, faulty: FaultyServer) -> None:
    weigh(quiz)
    asked = len(faulty.asked)
    weigh(quiz, "--eval-generation", "temperature=0.5", "-k", "not 00002").assert_outcomes(
        passed=1, failed=1, deselected=1
    )

    assert (asked, len(faulty.asked)) == (3, 3), "generation settings do not change a log-likelihood"
    run(quiz, "--model", "faulty", "test_quiz.py").assert_outcomes(passed=1, failed=2)
    assert len(faulty.asked) == 5


def test_repeats_share_a_log_likelihood(quiz: pytest.Pytester, faulty: FaultyServer) -> None:
    weigh(quiz, "-k", "00001", "--eval-repeats", "3", "--eval-concurrency", "1").assert_outcomes(passed=3, deselected=6)

    assert len(faulty.asked) == 1


def test_the_config_may_say_it_for_one_benchmark(quiz: pytest.Pytester, faulty: FaultyServer) -> None:
    with (quiz.path / "modeleval.toml").open("a") as file:
        file.write("[benchmarks.quiz]\nchoices = 'loglikelihood'\n")

    run(quiz, "--model", "faulty", "test_quiz.py").assert_outcomes(passed=2, failed=1)
    assert sum("prompt" in body for body in faulty.asked) == 2


def test_the_store_tells_what_was_asked(quiz: pytest.Pytester) -> None:
    weigh(quiz, "-k", "00000")

    with sqlite3.connect(quiz.path / ".modeleval/store.sqlite") as store:
        ((prompt,),) = store.execute("select prompt from samples")
        ((completion,),) = store.execute("select completion from completions")
        scores = store.execute("select metric, value, got from scores order by metric").fetchall()
    store.close()
    assert json.loads(prompt)[0]["content"] == "Question: Who wrote it?\nAnswer:"
    assert json.loads(completion)["choice_logprobs"] == [-6.0, -9.0]
    assert scores == [("acc_norm", 1.0, "B"), ("main", 0.0, "A")]


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (error(404, "gone"), "there is no model 'faulty', or no completions API at this URL: 404 gone; *"),
        (error(400, "echo is not supported"), "the request was refused: 400 echo is not supported; *"),
        (answer("B"), "answers with 1 choices for 3 prompts; *"),
    ],
    ids=["404", "400", "no-logprobs"],
)
def test_a_server_without_echo_ends_the_run_with_what_it_lacks(
    quiz: pytest.Pytester, faulty: FaultyServer, fault: Any, said: str
) -> None:
    faulty.fault = fault

    result = weigh(quiz, "-k", "00000")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    needs = "choices = loglikelihood needs a server whose /completions echoes prompts with logprobs"
    result.stderr.fnmatch_lines([f"ERROR: faulty at {faulty.url}/*{said.removesuffix('*')}{needs}"])


def test_a_refused_key_is_no_lack(quiz: pytest.Pytester, faulty: FaultyServer) -> None:
    faulty.fault = error(401, "bad key")

    weigh(quiz, "-k", "00000").stderr.fnmatch_lines(
        [f"ERROR: faulty at {faulty.url}/: no key was sent (*): 401 bad key"]
    )


def test_a_prompt_too_long_for_the_server_is_that_samples_error(quiz: pytest.Pytester, faulty: FaultyServer) -> None:
    faulty.fault = error(400, "This model's maximum context length is 8 tokens")

    result = weigh(quiz, "-k", "00000")

    result.assert_outcomes(errors=1, deselected=2)
    result.stdout.fnmatch_lines(["*the prompt is too long for the model: 400: This model's maximum*"])


def test_a_model_of_ones_own_without_log_likelihoods_ends_the_run(quiz: pytest.Pytester) -> None:
    quiz.makeconftest(
        """
        from pytest_modeleval import Chat, Completion

        class Talker:
            answers = {Chat}
            concurrency = 1
            async def check(self, kind): pass
            async def close(self): pass
            async def answer(self, request): return Completion("ANSWER: A")

        def pytest_modeleval_open_model(spec):
            return Talker()
        """
    )
    with (quiz.path / "modeleval.toml").open("a") as file:
        file.write("[models.talker]\napi = 'talker'\nmodel = 'x'\n")

    result = weigh(quiz, model="talker")

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines(
        [
            "ERROR: talker answers chat, and quiz[[]main-00000] asks for log-likelihoods: ask it with --eval-set run.choices=generate"
        ]
    )


def recorded(quiz: pytest.Pytester, line: str) -> pytest.RunResult:
    (quiz.path / "answers.jsonl").write_text(line)
    return weigh(quiz, "-k", "00000", model="replay:answers.jsonl")


def test_recorded_log_likelihoods_are_scored(quiz: pytest.Pytester) -> None:
    recorded(quiz, '{"id": "quiz[main-00000]", "choice_logprobs": [-3, -2.5]}').assert_outcomes(passed=1, deselected=2)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (
            '{"id": "quiz[main-00000]", "text": "ANSWER: B"}',
            "answers.jsonl answers quiz[[]main-00000] without choice_logprobs; score its texts with --eval-set run.choices=generate",
        ),
        (
            '{"id": "quiz[main-00000]", "choice_logprobs": ["-1", -2]}',
            "answers.jsonl:1: choice_logprobs is a list of numbers, not [[]'-1', -2]",
        ),
    ],
    ids=["text", "type"],
)
def test_a_recording_without_log_likelihoods_ends_the_run(quiz: pytest.Pytester, line: str, said: str) -> None:
    result = recorded(quiz, line)

    assert result.ret == pytest.ExitCode.USAGE_ERROR
    result.stderr.fnmatch_lines([f"ERROR: {said}"])


@pytest.mark.parametrize("logprobs", ["[-1]", "[-1, -2, -3]", "[-1, NaN]"])
def test_log_likelihoods_that_do_not_fit_are_that_samples_error(quiz: pytest.Pytester, logprobs: str) -> None:
    result = recorded(quiz, f'{{"id": "quiz[main-00000]", "choice_logprobs": {logprobs}}}')

    result.assert_outcomes(errors=1, deselected=2)
    result.stdout.fnmatch_lines(["*2 log-likelihoods are needed, the answer has [[]-1*"])


def test_one_option_is_that_samples_error(quiz: pytest.Pytester) -> None:
    quiz.makepyfile(
        test_quiz=QUIZ.replace('("Who read it?", "A", ["Ann", "Bartholomew the younger"])', '("Who?", "A", ["Ann"])')
    )

    result = weigh(quiz, "-k", "00001")

    result.assert_outcomes(errors=1, deselected=2)
    result.stdout.fnmatch_lines(["*log-likelihoods choose among 2 to 26 options, this sample has 1"])


def test_another_way_to_choose_is_refused(quiz: pytest.Pytester) -> None:
    flag = run(quiz, "--model", "faulty", "--eval-set", "run.choices=x", "test_quiz.py")
    with (quiz.path / "modeleval.toml").open("a") as file:
        file.write("[benchmarks.quiz]\nchoices = 'x'\n")
    config = run(quiz, "--model", "faulty", "test_quiz.py")

    flag.stderr.fnmatch_lines(["ERROR: --eval-set run.choices takes one of generate, loglikelihood, not 'x'"])
    config.stderr.fnmatch_lines(["ERROR: *benchmark 'quiz': choices is one of generate, loglikelihood, not 'x'"])


def test_an_async_body_asks_as_it_always_does(quiz: pytest.Pytester, faulty: FaultyServer) -> None:
    quiz.makepyfile(
        test_quiz=QUIZ.partition("@benchmark")[0]
        + """
@benchmark(generated(lambda subset, index: {"row": ROWS[index]}, {"main": 1}), to_sample, prompt="{question}")
async def test_quiz(sample, model):
    assert (await model.complete(sample.messages)).text == "42"
"""
    )

    weigh(quiz).assert_outcomes(passed=1)
    assert faulty.asked[0]["messages"] == [{"role": "user", "content": "Who wrote it?"}]


def test_the_bundled_model_weighs_and_its_answers_are_kept(quiz: pytest.Pytester) -> None:
    flags = ["--model", "tiny", "--eval-set", "run.choices=loglikelihood", "test_quiz.py", "-k", "not 00002"]
    first = run_alone(quiz, *flags)
    again = run_alone(quiz, *flags, "--eval-cache", "only")

    for result in (first, again):
        outcomes = result.parseoutcomes()
        assert outcomes["passed"] + outcomes["failed"] == 2
        result.stdout.re_match_lines([r"tiny +quiz +main +2 +0 ", r".*acc_norm +2 +0 "])
